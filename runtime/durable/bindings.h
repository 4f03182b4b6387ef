// What the files of this folder's JavaScript side share: the native types, the way from `this` to the instance's hooks, errors.
//
// Natives may leave by longjmp at every engine call, so what they collect (keys, values, bindings, a status) sits in a Work, which belongs
// to a native object on the value stack.
#ifndef EDGE_RUNTIME_DURABLE_BINDINGS_H_
#define EDGE_RUNTIME_DURABLE_BINDINGS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "duktape.h"
#include "runtime/durable/durable.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"

namespace edge::durable {

// Per heap.
struct DurableApi {
  ObjectHooksFinder* finder = nullptr;
  uint64_t tickets = 0;                 // of what is kept in the stash until a later turn
  std::map<uint64_t, uint32_t> settle;  // ticket -> promise
};
DurableApi& ApiOf(duk_context* ctx);

// Of DurableObjectState, DurableObjectStorage, SqlStorage, SyncKvStorage: which instance they belong to.
struct Binding {
  ObjectNumber number = 0;
  StateOptions options;
};
// Of DurableObjectTransaction.
struct Transaction {
  Binding binding;
  int depth = 0;
  enum class Phase : uint8_t { kOpen, kRolledBack, kEnded } phase = Phase::kOpen;
};

extern const js::NativeType kStateType;        // slots: id, storage, props
extern const js::NativeType kStorageType;      // slots: sql, kv
extern const js::NativeType kTransactionType;  // no slots
extern const js::NativeType kSqlType;
extern const js::NativeType kSyncKvType;

// What a native collects.
struct Work {
  std::string text;
  std::vector<std::string> keys;
  std::vector<std::pair<std::string, std::string>> pairs;
  std::vector<storage::SqlValue> bindings;
  std::shared_ptr<SqlCursor> cursor;
  ListOptions list;
  absl::Status status;
};
// [ ... ] -> [ ... holder ]
Work& PushWork(duk_context* ctx);
// Throws what the status means; the Work outlives the throw. Does nothing if it is OK.
void ThrowUnlessOk(duk_context* ctx, const Work& work);

// The hooks of a live instance that may still use its storage. Throws otherwise.
ObjectHooks& HooksOf(duk_context* ctx, ObjectNumber number);
// The hooks without asking whether it may use its storage.
ObjectHooks& FindHooks(duk_context* ctx, ObjectNumber number);

// Runs `body` (a native that returns one value, under the frame of the running function) and returns a promise of what it returns or
// throws. For methods that return promises: `return Promised(...)`.
struct AsyncOperation {
  const char* name;
  ObjectHooks::Concurrency concurrency = ObjectHooks::Concurrency::kGateHeld;
  ObjectNumber number = 0;
};
duk_ret_t Promised(duk_context* ctx, duk_ret_t (*body)(duk_context* ctx, AsyncOperation& operation), const char* name);

// Throws TypeError: argument `position` (from 1) is not of that type.
[[noreturn]] void ThrowArgument(duk_context* ctx, const char* method, const char* type, int position, const char* expected);

// A function of the instance's own that a later turn runs. [ ... value ] -> [ ... ]; the ticket is not used again.
uint64_t Keep(duk_context* ctx);
// [ ... ] -> [ ... value | undefined ]
void Take(duk_context* ctx, uint64_t ticket);

// SQLite needs native stack: as much as any statement of a user's may need, or as ours do.
void RequireSqlStack(duk_context* ctx);
void RequireKvStack(duk_context* ctx);
// Charges the time that a statement runs and says whether it may go on.
bool ChargeSql(duk_context* ctx);

// Key-value operations that the asynchronous and the synchronous API share.
// The key at `index`, checked against the backend's limit. Valid while the value stays there.
std::string_view RequireKey(duk_context* ctx, duk_idx_t index, const StateOptions& options);
// Appends {key, serialized value at `value`} to the work's pairs. Throws DataCloneError, RangeError.
void CollectPair(duk_context* ctx, Work& work, std::string_view key, duk_idx_t value, const StateOptions& options);
// The options of list() at `index`. Throws TypeError.
void ReadListOptions(duk_context* ctx, duk_idx_t index, const char* type, const StateOptions& options, ListOptions& out);

// The natives of lib/durable.js.
std::span<const js::LibraryNative> Natives();

// What cursor.raw() and kv.list() return.
enum class IteratorKind : uint8_t { kRaw, kList };
// [ ... ] -> [ ... prototype ]
void PushIteratorPrototype(duk_context* ctx, IteratorKind kind);
void PushRawPrototype(duk_context* ctx);

void DefineState(duk_context* ctx);
void DefineStorage(duk_context* ctx);
void DefineSql(duk_context* ctx);
void DefineSyncKv(duk_context* ctx);

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_BINDINGS_H_
