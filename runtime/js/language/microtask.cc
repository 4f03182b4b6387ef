// The job ring and the loop that drains it.
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise_core.h"

namespace edge::js::language {
namespace {

constexpr size_t kFirstCapacity = 64;

// Slots of job `position`: x, y, argument.
uint32_t SlotBase(size_t position) { return static_cast<uint32_t>(position * kSlotsPerReaction); }

void Grow(duk_context* ctx, MicrotaskRing& ring) {
  const size_t old_capacity = ring.jobs.size();
  const size_t capacity = old_capacity == 0 ? kFirstCapacity : old_capacity * 2;
  // The holder is on top of the stack.
  ResizeSlots(ctx, -1, SlotBase(capacity));
  ring.jobs.resize(capacity);
  // Jobs that had wrapped around to the front move behind the old end.
  for (size_t i = 0; i < ring.head; ++i) {
    ring.jobs[old_capacity + i] = ring.jobs[i];
    for (uint32_t k = 0; k < kSlotsPerReaction; ++k) {
      TakeSlot(ctx, -1, SlotBase(i) + k);
      SetSlot(ctx, -2, SlotBase(old_capacity + i) + k);
    }
  }
}

void ReportUncaught(duk_context* ctx, State& state) {
  if (state.hooks.uncaught_error != nullptr) state.hooks.uncaught_error(ctx, state.hooks.data);
}

// [ ... derived handler_result ] -> [ ... ]. Settles what `then` returned.
void SettleDerived(duk_context* ctx, JobKind kind, PromiseState how) {
  if (kind == JobKind::kThen) {
    if (how == PromiseState::kFulfilled) {
      Resolve(ctx, -2);
    } else {
      Reject(ctx, -2);
    }
    duk_pop(ctx);
    return;
  }
  duk_get_prop_string(ctx, -2, how == PromiseState::kFulfilled ? "resolve" : "reject");
  duk_insert(ctx, -2);
  duk_call(ctx, 1);
  duk_pop_2(ctx);
}

// [ ... handler derived argument ] -> [ ... ].
void RunThen(duk_context* ctx, const Reaction& job) {
  PromiseState how = job.state;
  duk_insert(ctx, -3);
  // [ ... argument handler derived ] with the call on top of them.
  if (duk_is_undefined(ctx, -2)) {
    duk_dup(ctx, -3);
  } else {
    duk_dup(ctx, -2);
    duk_dup(ctx, -4);
    how = duk_pcall(ctx, 1) == DUK_EXEC_SUCCESS ? PromiseState::kFulfilled : PromiseState::kRejected;
  }
  // [ ... argument handler derived result ]
  SettleDerived(ctx, job.kind, how);
  duk_pop_2(ctx);
}

// [ ... target undefined argument ] -> [ ... ].
void RunAdopt(duk_context* ctx, const Reaction& job) {
  duk_remove(ctx, -2);
  if (job.state == PromiseState::kFulfilled) {
    Resolve(ctx, -2);
  } else {
    Reject(ctx, -2);
  }
  duk_pop(ctx);
}

// [ ... thread promise argument ] -> [ ... ].
void RunCoroutine(duk_context* ctx, State& state, const Reaction& job) {
  Push(ctx, job.state == PromiseState::kFulfilled ? state.roots.step : state.roots.step_throw);
  duk_dup(ctx, -4);
  duk_pull(ctx, -3);
  // [ ... thread promise step thread argument ]
  if (duk_pcall(ctx, 2) != DUK_EXEC_SUCCESS) {
    Reject(ctx, -2);
    duk_pop_2(ctx);
    return;
  }
  // [ ... thread promise yielded ]
  duk_pull(ctx, -3);
  duk_insert(ctx, -2);
  AfterCoroutineStep(ctx, -3);
  duk_pop(ctx);
}

// [ ... generator undefined argument ] -> [ ... ].
void RunAsyncGenerator(duk_context* ctx, State& state, const Reaction& job) {
  duk_remove(ctx, -2);
  Push(ctx, state.roots.async_generator_step);
  duk_insert(ctx, -3);
  duk_push_boolean(ctx, job.state == PromiseState::kRejected ? 1 : 0);
  duk_call(ctx, 3);
  duk_pop(ctx);
}

// [ ... then promise thenable ] -> [ ... ].
void RunThenable(duk_context* ctx, State& state) {
  if (IsNative(ctx, -1, kPromiseType) && HasIntrinsicPrototype(ctx, -1) && duk_get_heapptr(ctx, -3) == state.roots.then_function) {
    // What then.call(thenable, resolve, reject) does, without the two functions.
    duk_dup(ctx, -2);
    duk_push_undefined(ctx);
    duk_push_undefined(ctx);
    AddReaction(ctx, -4, {.kind = JobKind::kAdopt});
    duk_pop_3(ctx);
    return;
  }
  const duk_idx_t then = duk_get_top(ctx) - 3;
  duk_dup(ctx, then);
  duk_dup(ctx, then + 2);
  PushResolvingFunctions(ctx, then + 1);
  duk_dup_top(ctx);
  duk_insert(ctx, then);
  // [ reject then promise thenable | then thenable resolve reject ]
  if (duk_pcall_method(ctx, 2) != DUK_EXEC_SUCCESS) {
    duk_dup(ctx, then);
    duk_insert(ctx, -2);
    duk_call(ctx, 1);
  }
  duk_set_top(ctx, then);
}

// [ ... x y argument ] -> [ ... ].
void RunJob(duk_context* ctx, State& state, const Reaction& job) {
  switch (job.kind) {
    case JobKind::kThen:
    case JobKind::kThenCapability:
      RunThen(ctx, job);
      return;
    case JobKind::kAdopt:
      RunAdopt(ctx, job);
      return;
    case JobKind::kCoroutine:
      RunCoroutine(ctx, state, job);
      return;
    case JobKind::kAsyncGenerator:
      RunAsyncGenerator(ctx, state, job);
      return;
    case JobKind::kNative:
      job.callback(ctx, job.data, job.state);
      break;
    case JobKind::kThenable:
      RunThenable(ctx, state);
      return;
    case JobKind::kCallback:
      duk_dup(ctx, -3);
      duk_call(ctx, 0);
      duk_pop(ctx);
      break;
  }
  duk_pop_3(ctx);
}

// Runs until the ring is empty; an error of a job leaves it (and goes on in the next call).
duk_ret_t Drain(duk_context* ctx, void* udata) {
  State& state = *static_cast<State*>(udata);
  MicrotaskRing& ring = state.ring;
  Push(ctx, ring.holder);
  const duk_idx_t holder = duk_get_top_index(ctx);
  while (ring.count > 0 && !IsTerminated(ctx)) {
    const uint32_t base = SlotBase(ring.head);
    const Reaction job = ring.jobs[ring.head];
    ring.head = (ring.head + 1) & (ring.jobs.size() - 1);
    --ring.count;
    for (uint32_t k = 0; k < kSlotsPerReaction; ++k) TakeSlot(ctx, holder, base + k);
    RunJob(ctx, state, job);
  }
  return 0;
}

duk_ret_t ReportRejections(duk_context* ctx, void* udata) {
  State& state = *static_cast<State*>(udata);
  Push(ctx, state.rejected_holder);
  for (uint32_t i = 0; i < state.rejected_count; ++i) {
    TakeSlot(ctx, -1, i);
    auto* promise = static_cast<Promise*>(GetNative(ctx, -1, kPromiseType));
    if (promise != nullptr && !promise->handled) {
      promise->reported = true;
      PushSlot(ctx, -1, 0);
      if (state.hooks.unhandled_rejection != nullptr) state.hooks.unhandled_rejection(ctx, state.hooks.data);
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
  state.rejected_count = 0;
  return 0;
}

}  // namespace

void EnqueueJob(duk_context* ctx, const Reaction& job) {
  MicrotaskRing& ring = StateOf(ctx).ring;
  Push(ctx, ring.holder);
  if (ring.count == ring.jobs.size()) Grow(ctx, ring);
  const size_t position = (ring.head + ring.count) & (ring.jobs.size() - 1);
  const uint32_t base = SlotBase(position);
  duk_insert(ctx, -4);
  SetSlot(ctx, -4, base + 2);
  SetSlot(ctx, -3, base + 1);
  SetSlot(ctx, -2, base);
  duk_pop(ctx);
  ring.jobs[position] = job;
  ++ring.count;
}

}  // namespace edge::js::language

namespace edge::js {

using language::State;
using language::StateOf;

bool HasMicrotasks(duk_context* ctx) { return StateOf(ctx).ring.count > 0; }

void EnqueueMicrotask(duk_context* ctx) {
  duk_push_undefined(ctx);
  duk_push_undefined(ctx);
  language::EnqueueJob(ctx, {.kind = language::JobKind::kCallback});
}

void SetErrorHooks(duk_context* ctx, const ErrorHooks& hooks) { StateOf(ctx).hooks = hooks; }

void RunMicrotasks(duk_context* ctx) {
  State& state = StateOf(ctx);
  if (state.draining) return;
  state.draining = true;
  while (state.ring.count > 0 && !IsTerminated(ctx)) {
    if (duk_safe_call(ctx, language::Drain, &state, 0, 1) != DUK_EXEC_SUCCESS) language::ReportUncaught(ctx, state);
    duk_pop(ctx);
  }
  state.draining = false;
  if (IsTerminated(ctx)) return;
  if (state.rejected_count > 0) {
    duk_safe_call(ctx, language::ReportRejections, &state, 0, 1);
    duk_pop(ctx);
  }
  if (state.kept_alive_count > 0) language::ReleaseKeptAlive(ctx);
}

}  // namespace edge::js
