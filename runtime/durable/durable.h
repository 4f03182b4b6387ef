// The JavaScript side of Durable Objects: `ctx` (DurableObjectState), `ctx.storage` with its SQL and key-value API, DurableObjectId.
//
//   InstallDurable(ctx, finder)      once per isolate, after InstallWeb
//   PushState(ctx, number, options)  `ctx` of one live instance, for its constructor
//
// What these objects do goes to ObjectHooks, which the finder knows by the instance's number; an instance that is gone is not found, and
// whatever of it JavaScript still holds throws. Stub and namespace bindings are runtime/rpc's and runtime/worker's. Contract: contract
// sheet 3.1 and 3.3 to 3.7; this folder's README.md says what differs.
#ifndef EDGE_RUNTIME_DURABLE_DURABLE_H_
#define EDGE_RUNTIME_DURABLE_DURABLE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "duktape.h"
#include "runtime/durable/object_hooks.h"
#include "runtime/durable/object_storage.h"

namespace edge::durable {

// Defines the classes in a heap whose web platform is installed. `finder` is borrowed and outlives the heap, or its time with this owner.
// Inside Isolate::Run. Throws a JavaScript error for want of memory.
void InstallDurable(duk_context* ctx, ObjectHooksFinder& finder);
// The finder of an isolate that was rewound (Isolate::Rewind), instead of InstallDurable. Runs no JavaScript.
void RebindDurable(duk_context* ctx, ObjectHooksFinder& finder);

struct StateOptions {
  // As the class was deployed: `new_classes` (no SQL, smaller values) or `new_sqlite_classes`.
  enum class Backend : uint8_t { kKeyValue, kSqlite } backend = Backend::kSqlite;
  // The compatibility flag delete_all_deletes_alarm.
  ObjectStorage::DeleteAlarm delete_all = ObjectStorage::DeleteAlarm::kNo;
};

// [ ... ] -> [ ... ctx ]. REQUIRES: the finder knows `number`.
void PushState(duk_context* ctx, ObjectNumber number, const StateOptions& options);
// [ ... props ] -> [ ... ]. What `ctx.props` of the state at `state` is; an empty object before.
void SetStateProps(duk_context* ctx, duk_idx_t state);

// For packages that add methods to `ctx` (acceptWebSocket ...): they put native functions on the prototype, in place of those here that
// only say what is not supported, and ask for the instance's number. [ ... ] -> [ ... prototype ]
void PushStatePrototype(duk_context* ctx);
// Of the state at `index`; none: it is something else.
std::optional<ObjectNumber> GetStateNumber(duk_context* ctx, duk_idx_t index);
// Of `this` of the running native function. Throws TypeError "Illegal invocation".
ObjectNumber RequireThisState(duk_context* ctx);

// --- DurableObjectId: immutable, with toString, equals, name, jurisdiction ---
struct ObjectIdentity {
  std::string hex;           // 64 digits
  std::string name;          // empty: not made from a name
  std::string jurisdiction;  // empty: none
};
// [ ... ] -> [ ... id ]
void PushObjectId(duk_context* ctx, ObjectIdentity&& identity);
// Of the id at `index`; null: it is something else. Valid while the object lives.
const ObjectIdentity* GetObjectId(duk_context* ctx, duk_idx_t index);

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_DURABLE_H_
