// What the language runtime keeps per heap. Values of the engine live in native objects and in a stash array (so that the collector sees
// them); here are only their addresses, which stay valid because the engine never moves an object.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_STATE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_STATE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "duktape.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"

namespace edge::js::language {

// Interned strings and objects used on hot paths: pushed by address instead of by text.
struct Roots {
  void* then = nullptr;
  void* constructor = nullptr;
  void* value = nullptr;
  void* done = nullptr;
  void* next = nullptr;
  void* length = nullptr;
  void* kind = nullptr;
  void* prototype = nullptr;
  void* hidden_resolver = nullptr;     // hidden key: the promise or resolver record of a resolving function
  void* hidden_weak = nullptr;         // hidden key: the WeakCell of an object used as a weak key
  void* hidden_uncloneable = nullptr;  // hidden key: on prototypes of platform classes, the name structuredClone refuses with
  void* hidden_bigint = nullptr;       // hidden key: the digits of a BigInt
  void* symbol_iterator = nullptr;
  void* promise_constructor = nullptr;
  void* promise_prototype = nullptr;
  void* completion = nullptr;            // the sentinel a coroutine yields when its body has ended: {value, kind}
  void* step = nullptr;                  // glue: (thread, value) -> what the coroutine yields
  void* step_throw = nullptr;            // glue: (thread, error) -> the same
  void* then_function = nullptr;         // %Promise.prototype.then%
  void* make_thread = nullptr;           // glue: () -> a booted coroutine thread
  void* async_generator_step = nullptr;  // glue: (generator, value, failed)
  void* species_capability = nullptr;    // glue: (promise) -> undefined (intrinsic) or {promise, resolve, reject}
  void* generator_function_prototype = nullptr;
  void* generator_prototype = nullptr;
  void* async_generator_function_prototype = nullptr;
  void* async_generator_prototype = nullptr;
  void* array_species = nullptr;  // glue: (array) -> its species constructor, or undefined for a plain array
  void* array_prototype = nullptr;
  void* array_values = nullptr;  // %Array.prototype.values%
  void* array_iterator_next = nullptr;
  void* array_iterator_prototype = nullptr;
  void* iterator_prototype = nullptr;
  void* async_iterator_prototype = nullptr;
  void* date_constructor = nullptr;
  void* date_get_time = nullptr;
  void* edge_object = nullptr;
};

enum class JobKind : uint8_t { kThen, kThenCapability, kAdopt, kCoroutine, kAsyncGenerator, kNative, kThenable, kCallback };

// The part of a reaction (or job) that is not an engine value.
struct Reaction {
  JobKind kind = JobKind::kThen;
  PromiseState state = PromiseState::kPending;  // of a job: how the promise ended
  SettledCallback callback = nullptr;
  void* data = nullptr;
};

// A first-in first-out ring of jobs; each has three engine values in the slots of `holder`.
struct MicrotaskRing {
  void* holder = nullptr;
  std::vector<Reaction> jobs;  // size is a power of two
  size_t head = 0;
  size_t count = 0;
};

// Engine values by number: the slots of `holder`, with free numbers in a list.
struct ValueTable {
  void* holder = nullptr;
  std::vector<uint32_t> generation;  // of each slot; odd while used
  std::vector<uint32_t> free;
  size_t used = 0;
};

struct RegExpState;

// Functions that library files have exposed, found again by the address of the literal that names them.
struct ExposedFunctions {
  struct Entry {
    const char* name = nullptr;
    void* function = nullptr;
  };
  static constexpr size_t kEntries = 64;
  std::array<Entry, kEntries> entries;
  Entry& At(const char* name) { return entries[(reinterpret_cast<uintptr_t>(name) * 0x9e3779b97f4a7c15u) >> 58]; }
};

struct State {
  Roots roots;
  MicrotaskRing ring;
  ValueTable deferred;
  void* pool_holder = nullptr;  // idle coroutine threads
  uint32_t pool_count = 0;
  void* rejected_holder = nullptr;  // promises rejected without a handler since the last report
  uint32_t rejected_count = 0;
  uint32_t rejected_capacity = 0;
  void* kept_alive = nullptr;  // array: targets of WeakRefs touched in this job
  uint32_t kept_alive_count = 0;
  uint32_t next_weak_map_id = 1;
  uint64_t next_private_key = 1;
  std::shared_ptr<RegExpState> regexp;
  bool draining = false;
  ExposedFunctions exposed;
  ErrorHooks hooks;
  uint32_t root_count = 0;
  void* root_array = nullptr;
};

constexpr uint32_t kThreadPoolMax = 256;
// Strings built natively stay below this; the engine's own limit is the memory of the isolate.
constexpr size_t kStringBytesMax = 256u << 20;

// The state of this heap; valid after InstallLanguage began.
State& StateOf(duk_context* ctx);
// Makes it; once per heap.
State& MakeState(duk_context* ctx);

// [ ... value ] -> [ ... ]. Keeps the value alive as long as the heap and returns its address.
void* KeepRoot(duk_context* ctx);

// A native object with value slots and no C++ part.
extern const NativeType kHolderType;
// [ ... ] -> [ ... ]. Makes one that lives as long as the heap.
void* NewHolder(duk_context* ctx, uint32_t slots);

inline void Push(duk_context* ctx, void* root) { duk_push_heapptr(ctx, root); }

// [ ... ] -> [ ... value ], and the slot becomes undefined.
void TakeSlot(duk_context* ctx, duk_idx_t index, uint32_t slot);

// [ ... object ] -> the same. Defines a method that is not enumerable.
void PutHiddenMethod(duk_context* ctx, const Method& method);

// [ ... value ] -> [ ... {value, done} ].
void PushIteratorResult(duk_context* ctx, bool done);

// Each part of the library: its natives for lib files, and what it installs before them.
// Lets go of WeakRef targets kept for the job that touched them (weak.cc).
void ReleaseKeptAlive(duk_context* ctx);

void InstallArray(duk_context* ctx);
void InstallPromise(duk_context* ctx);
void InstallCoroutines(duk_context* ctx);
void InstallMapSet(duk_context* ctx);
void InstallWeak(duk_context* ctx);
void InstallRegExp(duk_context* ctx);
void InstallStructuredClone(duk_context* ctx);

// Maps and Sets for other natives (map_set.cc).
enum class CollectionKind : uint8_t { kNone, kMap, kSet };
CollectionKind CollectionKindOf(duk_context* ctx, duk_idx_t index);
// [ ... ] -> [ ... collection ]. An empty one.
void PushCollection(duk_context* ctx, CollectionKind kind);
// [ ... ] -> [ ... array ]. key, value, key, value ... of a Map, the values of a Set.
void PushCollectionEntries(duk_context* ctx, duk_idx_t index);
// [ ... key value ] -> [ ... ] for a Map, [ ... value ] -> [ ... ] for a Set.
void CollectionPut(duk_context* ctx, duk_idx_t index);

void InstallIterators(duk_context* ctx);

// Charges `units` elementary steps of native work to the CPU budget; may suspend the fiber, or throw the limit's error.
void ChargeWork(duk_context* ctx, size_t units);

std::span<const LibraryNative> ArrayNatives();
std::span<const LibraryNative> TextNatives();
std::span<const LibraryNative> CollationNatives();
std::span<const LibraryNative> RegExpNatives();
std::span<const LibraryNative> CloneNatives();
std::span<const LibraryNative> LoweredHelperNatives();

// A native function: (symbol) -> its description or undefined.
duk_ret_t SymbolDescription(duk_context* ctx);
std::span<const LibraryNative> IteratorNatives();
std::span<const LibraryNative> MapSetNatives();
std::span<const LibraryNative> PromiseNatives();
std::span<const LibraryNative> CoroutineNatives();

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_STATE_H_
