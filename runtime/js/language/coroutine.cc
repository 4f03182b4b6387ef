// Coroutines: async functions and generators as engine threads.
//
// A thread runs the loop of runtime/js/lib/coroutine.js: wait for a body, run it, yield the completion sentinel, and again; so an idle
// thread goes back to a pool and the next call allocates nothing. Only ES5 code may resume or yield a thread, hence the thin glue; what a
// step means is decided here.
//
// A yielded value is: the completion sentinel {value, kind} with a CompletionKind; or else, in an async body, what it awaits, and in a
// generator, what it yields. While a body waits, its thread sits in the reaction of the awaited promise: there is no closure and no object
// per call besides the promise.
#include "runtime/js/language/promise_core.h"

namespace edge::js::language {
namespace {

// The `kind` of the completion sentinel, as coroutine.js writes it.
enum CompletionKind {
  kReturned = 0,
  kThrew = 1,
  kDelegated = 2,  // generator: `value` is the result object of an inner iterator, to be passed on as it is
};

// Slots of a generator: thread (while started and not finished) and body (until started).
constexpr uint32_t kSlotThread = 0;
constexpr uint32_t kSlotBody = 1;
const NativeType kGeneratorType = {"Generator", nullptr, 2};
// Slot 0: the glue's state object.
const NativeType kAsyncGeneratorType = {"AsyncGenerator", nullptr, 1};
// Thrown into a generator by its return(); slot 0 is the value.
const NativeType kReturnSignalType = {"GeneratorReturn", nullptr, 1};

// [ ... ] -> [ ... thread ].
void TakeThread(duk_context* ctx, State& state) {
  if (state.pool_count == 0) {
    Push(ctx, state.roots.make_thread);
    duk_call(ctx, 0);
    return;
  }
  Push(ctx, state.pool_holder);
  TakeSlot(ctx, -1, --state.pool_count);
  duk_remove(ctx, -2);
}

// [ ... thread ] -> [ ... ].
void ReturnThread(duk_context* ctx, State& state) {
  if (state.pool_count == kThreadPoolMax) return duk_pop(ctx);
  Push(ctx, state.pool_holder);
  duk_insert(ctx, -2);
  SetSlot(ctx, -2, state.pool_count++);
  duk_pop(ctx);
}

// [ ... ] -> [ ... value ]. Reads the sentinel and empties it.
CompletionKind TakeCompletion(duk_context* ctx, State& state) {
  Push(ctx, state.roots.completion);
  Push(ctx, state.roots.value);
  duk_get_prop(ctx, -2);
  Push(ctx, state.roots.kind);
  duk_get_prop(ctx, -3);
  const auto kind = static_cast<CompletionKind>(duk_get_int(ctx, -1));
  duk_pop(ctx);
  if (kind != kReturned) {
    Push(ctx, state.roots.kind);
    duk_push_int(ctx, kReturned);
    duk_put_prop(ctx, -4);
  }
  if (duk_check_type_mask(ctx, -1, DUK_TYPE_MASK_OBJECT | DUK_TYPE_MASK_STRING | DUK_TYPE_MASK_BUFFER)) {
    Push(ctx, state.roots.value);
    duk_push_undefined(ctx);
    duk_put_prop(ctx, -4);
  }
  duk_remove(ctx, -2);
  return kind;
}

bool IsCompletion(duk_context* ctx, duk_idx_t index, const State& state) { return duk_get_heapptr(ctx, index) == state.roots.completion; }

// ---- Natives of coroutine.js ---------------------------------------------------------------------------------------------------------

// () -> thread.
duk_ret_t NativeTakeThread(duk_context* ctx) {
  TakeThread(ctx, StateOf(ctx));
  return 1;
}

// (thread)
duk_ret_t NativeReturnThread(duk_context* ctx) {
  duk_set_top(ctx, 1);
  ReturnThread(ctx, StateOf(ctx));
  return 0;
}

// (thread, yielded) -> promise. After the first step of an async function.
duk_ret_t NativeAfterStart(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushPromise(ctx);
  duk_insert(ctx, 0);
  AfterCoroutineStep(ctx, 0);
  return 1;
}

// (function, name) -> function. A name that is not undefined becomes the function's.
template <void* Roots::*function_prototype, void* Roots::*object_prototype>
duk_ret_t NativeGeneratorFunction(duk_context* ctx) {
  State& state = StateOf(ctx);
  duk_set_top(ctx, 2);
  duk_require_function(ctx, 0);
  if (duk_is_undefined(ctx, 1)) {
    duk_pop(ctx);
  } else {
    duk_push_string(ctx, "name");
    duk_insert(ctx, 1);
    duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_CONFIGURABLE | DUK_DEFPROP_FORCE);
  }
  Push(ctx, state.roots.*function_prototype);
  duk_set_prototype(ctx, 0);
  Push(ctx, state.roots.prototype);
  duk_push_bare_object(ctx);
  Push(ctx, state.roots.*object_prototype);
  duk_set_prototype(ctx, -2);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  return 1;
}

// [ function ... object ] -> the same. Gives the object function.prototype, if there is a function and that is an object.
void AdoptPrototype(duk_context* ctx, State& state) {
  if (!duk_is_object(ctx, 0)) return;
  Push(ctx, state.roots.prototype);
  duk_get_prop(ctx, 0);
  if (duk_is_object(ctx, -1)) {
    duk_set_prototype(ctx, -2);
  } else {
    duk_pop(ctx);
  }
}

// (function, body) -> generator object.
duk_ret_t NativeGenerator(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushNative(ctx, kGeneratorType, nullptr);
  duk_dup(ctx, 1);
  SetSlot(ctx, 2, kSlotBody);
  AdoptPrototype(ctx, StateOf(ctx));
  return 1;
}

// (function, state) -> async generator object.
duk_ret_t NativeAsyncGenerator(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushNative(ctx, kAsyncGeneratorType, nullptr);
  duk_dup(ctx, 1);
  SetSlot(ctx, 2, 0);
  AdoptPrototype(ctx, StateOf(ctx));
  return 1;
}

// (value) -> the state given to asyncGenerator, or undefined when the value is no async generator.
duk_ret_t NativeAsyncGeneratorState(duk_context* ctx) {
  if (!IsNative(ctx, 0, kAsyncGeneratorType)) return 0;
  PushSlot(ctx, 0, 0);
  return 1;
}

void RequireGenerator(duk_context* ctx) {
  if (!IsNative(ctx, 0, kGeneratorType)) ThrowError(ctx, "TypeError", "Generator method called on incompatible receiver");
}

// (generator) -> its thread, or undefined when it is not started or finished.
duk_ret_t NativeGeneratorThread(duk_context* ctx) {
  RequireGenerator(ctx);
  PushSlot(ctx, 0, kSlotThread);
  return 1;
}

// (generator) -> its body, with a thread attached, when it was not started; else undefined.
duk_ret_t NativeGeneratorBegin(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushSlot(ctx, 0, kSlotBody);
  if (duk_is_undefined(ctx, 1)) return 1;
  TakeThread(ctx, StateOf(ctx));
  SetSlot(ctx, 0, kSlotThread);
  duk_push_undefined(ctx);
  SetSlot(ctx, 0, kSlotBody);
  return 1;
}

// (generator). A generator that never started is finished.
duk_ret_t NativeGeneratorDiscard(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_undefined(ctx);
  SetSlot(ctx, 0, kSlotBody);
  return 0;
}

// (generator) -> result object, after its thread yielded the sentinel. Throws what the body threw.
duk_ret_t NativeGeneratorEnd(duk_context* ctx) {
  State& state = StateOf(ctx);
  duk_set_top(ctx, 1);
  const CompletionKind kind = TakeCompletion(ctx, state);
  if (kind == kDelegated) return 1;
  PushSlot(ctx, 0, kSlotThread);
  ReturnThread(ctx, state);
  duk_push_undefined(ctx);
  SetSlot(ctx, 0, kSlotThread);
  if (kind == kThrew) {
    if (!IsNative(ctx, -1, kReturnSignalType)) return duk_throw(ctx);
    PushSlot(ctx, -1, 0);
  }
  PushIteratorResult(ctx, true);
  return 1;
}

// (value) -> a signal to throw into a generator.
duk_ret_t NativeReturnSignal(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushNative(ctx, kReturnSignalType, nullptr);
  duk_dup(ctx, 0);
  SetSlot(ctx, 1, 0);
  return 1;
}

duk_ret_t NativeIsReturn(duk_context* ctx) {
  duk_push_boolean(ctx, IsNative(ctx, 0, kReturnSignalType) ? 1 : 0);
  return 1;
}

duk_ret_t NativeReturnValue(duk_context* ctx) {
  RequireNative(ctx, 0, kReturnSignalType);
  PushSlot(ctx, 0, 0);
  return 1;
}

// (name, object): keeps an object of the glue for C++.
duk_ret_t NativeSetRoot(duk_context* ctx) {
  State& state = StateOf(ctx);
  struct Entry {
    const char* name;
    void* Roots::*root;
  };
  static constexpr Entry kEntries[] = {
      {"completion", &Roots::completion},
      {"step", &Roots::step},
      {"stepThrow", &Roots::step_throw},
      {"makeThread", &Roots::make_thread},
      {"asyncGeneratorStep", &Roots::async_generator_step},
      {"arraySpecies", &Roots::array_species},
      {"speciesCapability", &Roots::species_capability},
      {"generatorFunctionPrototype", &Roots::generator_function_prototype},
      {"generatorPrototype", &Roots::generator_prototype},
      {"asyncGeneratorFunctionPrototype", &Roots::async_generator_function_prototype},
      {"asyncGeneratorPrototype", &Roots::async_generator_prototype},
  };
  duk_set_top(ctx, 2);
  const std::string_view name = duk_require_string(ctx, 0);
  for (const Entry& entry : kEntries) {
    if (name == entry.name) {
      state.roots.*entry.root = KeepRoot(ctx);
      return 0;
    }
  }
  ThrowError(ctx, "Error", "no such root: %s", duk_require_string(ctx, 0));
}

// () -> %GeneratorPrototype% class prototype of the native type, whose methods the glue adds.
duk_ret_t NativeGeneratorClass(duk_context* ctx) {
  PushPrototype(ctx, kGeneratorType);
  return 1;
}
duk_ret_t NativeAsyncGeneratorClass(duk_context* ctx) {
  PushPrototype(ctx, kAsyncGeneratorType);
  return 1;
}

constexpr LibraryNative kNatives[] = {
    {"takeThread", NativeTakeThread, 0},
    {"returnThread", NativeReturnThread, 1},
    {"afterStart", NativeAfterStart, 2},
    {"generatorFunction", NativeGeneratorFunction<&Roots::generator_function_prototype, &Roots::generator_prototype>, 1},
    {"asyncGeneratorFunction", NativeGeneratorFunction<&Roots::async_generator_function_prototype, &Roots::async_generator_prototype>, 1},
    {"generator", NativeGenerator, 2},
    {"asyncGenerator", NativeAsyncGenerator, 2},
    {"asyncGeneratorState", NativeAsyncGeneratorState, 1},
    {"generatorThread", NativeGeneratorThread, 1},
    {"generatorBegin", NativeGeneratorBegin, 1},
    {"generatorDiscard", NativeGeneratorDiscard, 1},
    {"generatorEnd", NativeGeneratorEnd, 1},
    {"returnSignal", NativeReturnSignal, 1},
    {"isReturn", NativeIsReturn, 1},
    {"returnValue", NativeReturnValue, 1},
    {"setRoot", NativeSetRoot, 2},
    {"generatorClass", NativeGeneratorClass, 0},
    {"asyncGeneratorClass", NativeAsyncGeneratorClass, 0},
};

}  // namespace

void AfterCoroutineStep(duk_context* ctx, duk_idx_t promise) {
  State& state = StateOf(ctx);
  promise = duk_normalize_index(ctx, promise);
  if (IsCompletion(ctx, -1, state)) {
    duk_pop(ctx);
    ReturnThread(ctx, state);
    if (TakeCompletion(ctx, state) == kReturned) {
      Resolve(ctx, promise);
    } else {
      Reject(ctx, promise);
    }
    return;
  }
  CoerceToPromise(ctx);
  duk_insert(ctx, -2);
  duk_dup(ctx, promise);
  duk_push_undefined(ctx);
  // [ ... awaited thread promise undefined ]
  AddReaction(ctx, -4, {.kind = JobKind::kCoroutine});
  duk_pop(ctx);
}

void InstallCoroutines(duk_context* ctx) {
  for (const NativeType* type : {&kGeneratorType, &kAsyncGeneratorType, &kReturnSignalType}) {
    DefineClass(ctx, {.type = type, .name = type->name, .construct = nullptr, .members = Class::Members::kEcmaScriptHidden});
    duk_pop(ctx);
  }
}

std::span<const LibraryNative> CoroutineNatives() { return kNatives; }

}  // namespace edge::js::language
