// Promises: ECMAScript's state machine over a native object.
//
// Slot 0 of a promise is its value or reason; the reactions that wait for it have three slots each after that. A reaction is data, not a
// closure: "call these handlers and settle that promise", "adopt into that promise", "resume this coroutine", "call this C++ function".
//
//      kind              slot a        slot b        slot c
//      kThen             onFulfilled   onRejected    derived promise, or undefined
//      kThenCapability   onFulfilled   onRejected    {promise, resolve, reject} of a subclass
//      kAdopt            target promise
//      kCoroutine        thread        result promise
//      kAsyncGenerator   generator
//      kNative           (none)
//
// Invariants: (1) a promise leaves kPending once; (2) reactions exist only while pending; (3) jobs run in the order in which they were
// queued.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_PROMISE_CORE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_PROMISE_CORE_H_

#include <vector>

#include "runtime/js/language/state.h"

namespace edge::js::language {

extern const NativeType kPromiseType;

constexpr uint32_t kSlotsPerReaction = 3;

struct Promise {
  PromiseState state = PromiseState::kPending;
  bool handled = false;
  bool reported = false;       // to the unhandled_rejection hook
  bool resolver_used = false;  // of the resolving functions its constructor made
  uint32_t reaction_count = 0;
  Reaction first;              // reaction 0
  std::vector<Reaction> more;  // reactions 1...
};

// [ ... ] -> [ ... promise ].
Promise* PushPromise(duk_context* ctx);

// [ ... value ] -> [ ... ]. Settles a pending promise; Resolve adopts promises and thenables.
void Resolve(duk_context* ctx, duk_idx_t promise);
void Fulfill(duk_context* ctx, duk_idx_t promise);
void Reject(duk_context* ctx, duk_idx_t promise);

// A rejection of it is not reported from now on.
void MarkHandled(duk_context* ctx, duk_idx_t promise);

// [ ... a b c ] -> [ ... ]. Adds the reaction to a pending promise, or queues its job. Marks the promise handled.
void AddReaction(duk_context* ctx, duk_idx_t promise, const Reaction& reaction);

// [ ... value ] -> [ ... promise ]. PromiseResolve(%Promise%, value): the value itself when it is an intrinsic promise. Never throws
// JavaScript errors: a throwing `constructor` or `then` getter becomes a rejected promise.
void CoerceToPromise(duk_context* ctx);

// [ ... ] -> [ ... resolve reject ]. A fresh pair of resolving functions for the promise.
void PushResolvingFunctions(duk_context* ctx, duk_idx_t promise);

// [ ... x y argument ] -> [ ... ]. Queues a job (microtask.cc).
void EnqueueJob(duk_context* ctx, const Reaction& job);

// [ ... thread yielded ] -> [ ... ]. What follows a step of an async function: settles `promise` or awaits the yielded value
// (coroutine.cc).
void AfterCoroutineStep(duk_context* ctx, duk_idx_t promise);

// True when the promise was made by %Promise% itself, so that its constructor and species need no look-up.
bool HasIntrinsicPrototype(duk_context* ctx, duk_idx_t promise);

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_PROMISE_CORE_H_
