#include "runtime/js/language/promise_core.h"

#include "edge_engine.h"
#include "runtime/base/check.h"
#include "runtime/js/own_property.h"

namespace edge::js::language {
namespace {

void ReleasePromise(void* pointer) { delete static_cast<Promise*>(pointer); }

struct ResolverRecord {
  bool used = false;
};
void ReleaseResolverRecord(void* pointer) { delete static_cast<ResolverRecord*>(pointer); }

// Slot 0: the promise. Shared by a pair of resolving functions that is not the first of its promise.
const NativeType kResolverRecordType = {"PromiseResolver", ReleaseResolverRecord, 1, KeepCopy<ResolverRecord>};

Promise* PromiseAt(duk_context* ctx, duk_idx_t index) { return static_cast<Promise*>(RequireNative(ctx, index, kPromiseType)); }

void PushReactionJob(duk_context* ctx, duk_idx_t promise, uint32_t number, const Reaction& reaction) {
  const uint32_t base = 1 + number * kSlotsPerReaction;
  const bool fulfilled = reaction.state == PromiseState::kFulfilled;
  switch (reaction.kind) {
    case JobKind::kThen:
    case JobKind::kThenCapability:
      PushSlot(ctx, promise, fulfilled ? base : base + 1);
      PushSlot(ctx, promise, base + 2);
      break;
    default:
      PushSlot(ctx, promise, base);
      PushSlot(ctx, promise, base + 1);
      break;
  }
  PushSlot(ctx, promise, 0);
  EnqueueJob(ctx, reaction);
}

// [ ... value ] -> [ ... ].
void Settle(duk_context* ctx, duk_idx_t index, PromiseState status) {
  index = duk_normalize_index(ctx, index);
  Promise* promise = PromiseAt(ctx, index);
  EDGE_CHECK(promise->state == PromiseState::kPending);
  promise->state = status;
  SetSlot(ctx, index, 0);
  const uint32_t count = promise->reaction_count;
  if (count == 0) return;
  promise->reaction_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    Reaction reaction = i == 0 ? promise->first : promise->more[i - 1];
    reaction.state = status;
    PushReactionJob(ctx, index, i, reaction);
  }
  if (count > 1) {
    std::vector<Reaction>().swap(promise->more);
    ResizeSlots(ctx, index, 1 + kSlotsPerReaction);
  }
  for (uint32_t slot = 1; slot <= kSlotsPerReaction; ++slot) {
    duk_push_undefined(ctx);
    SetSlot(ctx, index, slot);
  }
}

void NoteRejection(duk_context* ctx, duk_idx_t index) {
  State& state = StateOf(ctx);
  Push(ctx, state.rejected_holder);
  if (state.rejected_count == state.rejected_capacity) {
    state.rejected_capacity = state.rejected_capacity == 0 ? 8 : state.rejected_capacity * 2;
    ResizeSlots(ctx, -1, state.rejected_capacity);
  }
  duk_dup(ctx, index);
  SetSlot(ctx, -2, state.rejected_count++);
  duk_pop(ctx);
}

void NoteHandled(duk_context* ctx, duk_idx_t index, Promise* promise) {
  if (promise->handled) return;
  promise->handled = true;
  if (!promise->reported) return;
  State& state = StateOf(ctx);
  if (state.hooks.rejection_handled == nullptr) return;
  duk_dup(ctx, index);
  PushSlot(ctx, -1, 0);
  state.hooks.rejection_handled(ctx, state.hooks.data);
  duk_pop_2(ctx);
}

// [ ... object ] -> [ ... object then ] or [ ... object error ].
duk_ret_t GetThen(duk_context* ctx, void* udata) {
  Push(ctx, static_cast<State*>(udata)->roots.then);
  duk_get_prop(ctx, -2);
  return 1;
}

duk_ret_t GetConstructor(duk_context* ctx, void* udata) {
  Push(ctx, static_cast<State*>(udata)->roots.constructor);
  duk_get_prop(ctx, -2);
  return 1;
}

enum ResolverMagic { kMagicResolve = 0, kMagicReject = 1 };

duk_ret_t CallResolver(duk_context* ctx) {
  duk_push_current_function(ctx);
  Push(ctx, StateOf(ctx).roots.hidden_resolver);
  duk_get_prop(ctx, -2);
  bool* used;
  if (auto* own = static_cast<Promise*>(GetNative(ctx, -1, kPromiseType))) {
    used = &own->resolver_used;
  } else {
    used = &static_cast<ResolverRecord*>(RequireNative(ctx, -1, kResolverRecordType))->used;
    PushSlot(ctx, -1, 0);
  }
  if (*used) return 0;
  *used = true;
  duk_dup(ctx, 0);
  if (duk_get_current_magic(ctx) == kMagicReject) {
    Reject(ctx, -2);
  } else {
    Resolve(ctx, -2);
  }
  return 0;
}

void PushResolver(duk_context* ctx, duk_idx_t record, ResolverMagic magic) {
  record = duk_normalize_index(ctx, record);
  duk_push_c_function(ctx, CallResolver, 1);
  duk_set_magic(ctx, -1, magic);
  Push(ctx, StateOf(ctx).roots.hidden_resolver);
  duk_dup(ctx, record);
  duk_put_prop(ctx, -3);
}

duk_ret_t Construct(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Promise constructor cannot be invoked without 'new'");
  if (!duk_is_callable(ctx, 0)) ThrowError(ctx, "TypeError", "Promise resolver is not a function");
  duk_set_top(ctx, 1);
  auto* promise = new Promise;
  PushNative(ctx, kPromiseType, promise);
  duk_dup(ctx, 0);
  PushResolver(ctx, 1, kMagicResolve);
  PushResolver(ctx, 1, kMagicReject);
  if (duk_pcall(ctx, 2) != DUK_EXEC_SUCCESS && !promise->resolver_used) {
    promise->resolver_used = true;
    Reject(ctx, 1);
    return 1;
  }
  duk_pop(ctx);
  return 1;
}

duk_ret_t PrototypeThen(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_push_this(ctx);
  if (!IsNative(ctx, 2, kPromiseType)) ThrowError(ctx, "TypeError", "Promise.prototype.then called on incompatible receiver");
  Reaction reaction;
  if (HasIntrinsicPrototype(ctx, 2)) {
    PushPromise(ctx);
  } else {
    Push(ctx, StateOf(ctx).roots.species_capability);
    duk_dup(ctx, 2);
    duk_call(ctx, 1);
    if (duk_is_undefined(ctx, 3)) {
      duk_pop(ctx);
      PushPromise(ctx);
    } else {
      reaction.kind = JobKind::kThenCapability;
    }
  }
  // [ onFulfilled onRejected this derived ]
  for (duk_idx_t i = 0; i < 2; ++i) {
    if (duk_is_callable(ctx, i)) {
      duk_dup(ctx, i);
    } else {
      duk_push_undefined(ctx);
    }
  }
  duk_dup(ctx, 3);
  AddReaction(ctx, 2, reaction);
  if (reaction.kind == JobKind::kThenCapability) duk_get_prop_string(ctx, 3, "promise");
  return 1;
}

duk_ret_t PrototypeCatch(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_this(ctx);
  Push(ctx, StateOf(ctx).roots.then);
  duk_get_prop(ctx, 1);
  duk_dup(ctx, 1);
  duk_push_undefined(ctx);
  duk_dup(ctx, 0);
  duk_call_method(ctx, 2);
  return 1;
}

// ---- Natives of runtime/js/lib/promise.js --------------------------------------------------------------------------------------------

// () -> a pending intrinsic promise.
duk_ret_t NativePending(duk_context* ctx) {
  PushPromise(ctx);
  return 1;
}

// (promise, value)
duk_ret_t NativeResolve(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (PromiseAt(ctx, 0)->state == PromiseState::kPending) Resolve(ctx, 0);
  return 0;
}

duk_ret_t NativeReject(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (PromiseAt(ctx, 0)->state == PromiseState::kPending) Reject(ctx, 0);
  return 0;
}

// (value) -> is it a native promise.
duk_ret_t NativeIsPromise(duk_context* ctx) {
  duk_push_boolean(ctx, IsNative(ctx, 0, kPromiseType) ? 1 : 0);
  return 1;
}

// edge.resolve(value) -> a NEW promise resolved with it.
duk_ret_t EdgeResolve(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushPromise(ctx);
  duk_dup(ctx, 0);
  Resolve(ctx, 1);
  return 1;
}

duk_ret_t EdgeReject(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushPromise(ctx);
  duk_dup(ctx, 0);
  Reject(ctx, 1);
  return 1;
}

// (value) -> PromiseResolve(%Promise%, value), with errors as rejections.
duk_ret_t NativeCoerce(duk_context* ctx) {
  duk_set_top(ctx, 1);
  CoerceToPromise(ctx);
  return 1;
}

// (promise): a rejection of it is nobody's business.
duk_ret_t NativeMarkHandled(duk_context* ctx) {
  MarkHandled(ctx, 0);
  return 0;
}

// (generator, value): resume the async generator with the outcome of awaiting the value.
duk_ret_t NativeAwaitInGenerator(duk_context* ctx) {
  duk_set_top(ctx, 2);
  CoerceToPromise(ctx);
  // [ generator promise ]
  duk_dup(ctx, 0);
  duk_push_undefined(ctx);
  duk_push_undefined(ctx);
  AddReaction(ctx, 1, {.kind = JobKind::kAsyncGenerator});
  return 0;
}

constexpr Method kMethods[] = {
    {"then", PrototypeThen, 2},
    {"catch", PrototypeCatch, 1},
};

constexpr LibraryNative kNatives[] = {
    {"pending", NativePending, 0},        {"resolvePromise", NativeResolve, 2},  {"rejectPromise", NativeReject, 2},
    {"isPromise", NativeIsPromise, 1},    {"resolve", EdgeResolve, 1},           {"reject", EdgeReject, 1},
    {"coerceToPromise", NativeCoerce, 1}, {"markHandled", NativeMarkHandled, 1}, {"awaitInGenerator", NativeAwaitInGenerator, 2},
};

}  // namespace

const NativeType kPromiseType = {"Promise", ReleasePromise, 1 + kSlotsPerReaction, KeepCopy<Promise>};

Promise* PushPromise(duk_context* ctx) {
  auto* promise = new Promise;
  // What PushNative does outside of a constructor, without looking the class up.
  edge_native_push(ctx, reinterpret_cast<const edge_native_type*>(&kPromiseType), promise, StateOf(ctx).roots.promise_prototype);
  return promise;
}

void MarkHandled(duk_context* ctx, duk_idx_t index) { NoteHandled(ctx, index, PromiseAt(ctx, index)); }

bool HasIntrinsicPrototype(duk_context* ctx, duk_idx_t promise) {
  duk_get_prototype(ctx, promise);
  const bool intrinsic = duk_get_heapptr(ctx, -1) == StateOf(ctx).roots.promise_prototype;
  duk_pop(ctx);
  return intrinsic;
}

void Fulfill(duk_context* ctx, duk_idx_t promise) { Settle(ctx, promise, PromiseState::kFulfilled); }

void Reject(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  Promise* promise = PromiseAt(ctx, index);
  if (!promise->handled) NoteRejection(ctx, index);
  Settle(ctx, index, PromiseState::kRejected);
}

void Resolve(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, -1)) return Fulfill(ctx, index);
  index = duk_normalize_index(ctx, index);
  if (duk_get_heapptr(ctx, -1) == duk_get_heapptr(ctx, index)) {
    duk_pop(ctx);
    duk_push_error_object(ctx, DUK_ERR_TYPE_ERROR, "Chaining cycle detected for promise");
    return Reject(ctx, index);
  }
  if (SurelyLacks(ctx, -1, StateOf(ctx).roots.then)) return Fulfill(ctx, index);
  duk_dup_top(ctx);
  const duk_int_t result = duk_safe_call(ctx, GetThen, &StateOf(ctx), 1, 1);
  // [ ... value then ]
  if (result != DUK_EXEC_SUCCESS) {
    duk_remove(ctx, -2);
    return Reject(ctx, index);
  }
  if (!duk_is_callable(ctx, -1)) {
    duk_pop(ctx);
    return Fulfill(ctx, index);
  }
  duk_insert(ctx, -2);
  duk_dup(ctx, index);
  duk_insert(ctx, -2);
  EnqueueJob(ctx, {.kind = JobKind::kThenable});  // [ ... then promise value ]
}

void AddReaction(duk_context* ctx, duk_idx_t index, const Reaction& reaction) {
  index = duk_normalize_index(ctx, index);
  Promise* promise = PromiseAt(ctx, index);
  if (promise->state == PromiseState::kPending) {
    promise->handled = true;
    const uint32_t number = promise->reaction_count;
    const uint32_t base = 1 + number * kSlotsPerReaction;
    if (number == 0) {
      promise->first = reaction;
    } else {
      const uint32_t capacity = (SlotCount(ctx, index) - 1) / kSlotsPerReaction;
      if (number >= capacity) ResizeSlots(ctx, index, 1 + kSlotsPerReaction * capacity * 2);
      promise->more.push_back(reaction);
    }
    ++promise->reaction_count;
    SetSlot(ctx, index, base + 2);
    SetSlot(ctx, index, base + 1);
    SetSlot(ctx, index, base);
    return;
  }
  NoteHandled(ctx, index, promise);
  Reaction job = reaction;
  job.state = promise->state;
  // [ ... a b c ] -> [ ... x y argument ]
  if (reaction.kind == JobKind::kThen || reaction.kind == JobKind::kThenCapability) {
    duk_remove(ctx, promise->state == PromiseState::kFulfilled ? -2 : -3);
  } else {
    duk_pop(ctx);
  }
  PushSlot(ctx, index, 0);
  EnqueueJob(ctx, job);
}

void CoerceToPromise(duk_context* ctx) {
  if (IsNative(ctx, -1, kPromiseType)) {
    if (HasIntrinsicPrototype(ctx, -1)) return;
    State& state = StateOf(ctx);
    duk_dup_top(ctx);
    const duk_int_t result = duk_safe_call(ctx, GetConstructor, &state, 1, 1);
    if (result != DUK_EXEC_SUCCESS) {
      duk_remove(ctx, -2);
      PushPromise(ctx);
      duk_insert(ctx, -2);
      return Reject(ctx, -2);
    }
    const bool intrinsic = duk_get_heapptr(ctx, -1) == state.roots.promise_constructor;
    duk_pop(ctx);
    if (intrinsic) return;
  }
  PushPromise(ctx);
  duk_insert(ctx, -2);
  Resolve(ctx, -2);
}

void PushResolvingFunctions(duk_context* ctx, duk_idx_t promise) {
  promise = duk_normalize_index(ctx, promise);
  PushNative(ctx, kResolverRecordType, new ResolverRecord);
  duk_dup(ctx, promise);
  SetSlot(ctx, -2, 0);
  PushResolver(ctx, -1, kMagicResolve);
  PushResolver(ctx, -2, kMagicReject);
  duk_remove(ctx, -3);
}

void InstallPromise(duk_context* ctx) {
  State& state = StateOf(ctx);
  DefineClass(ctx, {.type = &kResolverRecordType, .name = "PromiseResolver", .construct = nullptr});
  duk_pop(ctx);
  DefineClass(ctx, {.type = &kPromiseType,
                    .name = "Promise",
                    .construct = Construct,
                    .construct_length = 1,
                    .methods = kMethods,
                    .members = Class::Members::kEcmaScriptHidden});
  duk_dup_top(ctx);
  state.roots.promise_constructor = KeepRoot(ctx);
  PushPrototype(ctx, kPromiseType);
  duk_get_prop_string(ctx, -1, "then");
  state.roots.then_function = KeepRoot(ctx);
  state.roots.promise_prototype = KeepRoot(ctx);
  duk_push_string(ctx, "Promise");
  duk_insert(ctx, -2);
  duk_push_global_object(ctx);
  duk_insert(ctx, -3);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_pop(ctx);
}

std::span<const LibraryNative> PromiseNatives() { return kNatives; }

}  // namespace edge::js::language
