// Promises for native code: make one, settle it later, read its state, react to it.
//
// A host function that starts an operation calls NewPromise, keeps the number and returns the promise to JavaScript; when the operation
// ends, whoever holds the isolate pushes the value, calls SettlePromise and then RunMicrotasks (language.h). The number is not a pointer:
// it may cross a suspension, sit in a queue or outlive the isolate.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_PROMISE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_PROMISE_H_

#include <cstddef>
#include <cstdint>

#include "duktape.h"

namespace edge::js {

enum class PromiseState : uint8_t { kNotAPromise, kPending, kFulfilled, kRejected };

// Of the value at `index`. Subclasses are promises too; other thenables are not.
PromiseState GetPromiseState(duk_context* ctx, duk_idx_t index);

// [ ... ] -> [ ... value ]. The value or the reason; undefined while pending. REQUIRES: a promise.
void PushPromiseResult(duk_context* ctx, duk_idx_t index);

// From now on a rejection of this promise is not reported as unhandled. REQUIRES: a promise.
void MarkPromiseHandled(duk_context* ctx, duk_idx_t index);

// [ ... value ] -> [ ... promise ]. A new promise resolved with the value: fulfilled at once unless the value is a promise or thenable.
void PushResolvedPromise(duk_context* ctx);
// [ ... reason ] -> [ ... promise ].
void PushRejectedPromise(duk_context* ctx);
// [ ... value ] -> [ ... promise ]. Promise.resolve(value): the value itself when it is a promise.
void ToPromise(duk_context* ctx);

// [ ... ] -> [ ... promise ]. A pending promise, kept alive until it is settled or dropped by the returned number (never 0).
uint32_t NewPromise(duk_context* ctx);

enum class Settle : uint8_t { kResolve, kReject };
// [ ... value ] -> [ ... ]. Settles as a resolve or reject function does (kResolve adopts promises and thenables). Does nothing when the
// number is unknown: settled or dropped before, or of another heap. Reactions run at the next RunMicrotasks.
void SettlePromise(duk_context* ctx, uint32_t id, Settle how);
// Forgets the number; the promise stays pending for ever.
void DropPromise(duk_context* ctx, uint32_t id);
// How many are neither settled nor dropped.
size_t PendingPromiseCount(duk_context* ctx);

// Called as a microtask once a promise is settled. Stack: [ ... value_or_reason ], left as it was. What it throws goes to the
// uncaught-error hook.
using SettledCallback = void (*)(duk_context* ctx, void* data, PromiseState state);
// Adds a native reaction and marks the promise handled. When the heap dies first the callback is never called, so `data` owns nothing.
// REQUIRES: a promise.
void OnPromiseSettled(duk_context* ctx, duk_idx_t index, SettledCallback callback, void* data);

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_LANGUAGE_PROMISE_H_
