// ObjectHooks: what `ctx` and `ctx.storage` of a Durable Object need from whoever runs it (runtime/worker).
//
// JavaScript knows a live instance by its number, never by pointer: whatever outlives the instance finds nobody there. All of it is called
// while the object's isolate is entered on behalf of the object, so one fiber at a time.
#ifndef EDGE_RUNTIME_DURABLE_OBJECT_HOOKS_H_
#define EDGE_RUNTIME_DURABLE_OBJECT_HOOKS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/base/time.h"
#include "runtime/durable/object_storage.h"

namespace edge::durable {

// Of a live instance; unique in its isolate for ever.
using ObjectNumber = uint64_t;

class ObjectHooks {
 public:
  virtual ~ObjectHooks() = default;

  // `ctx.id`
  virtual std::string_view IdHex() const = 0;
  virtual std::string_view Name() const = 0;  // empty: not made from a name
  // OK, or why the instance may not touch its storage any more (reset, superseded): web::RemoteError inside the status.
  virtual absl::Status Access() const = 0;
  virtual ObjectStorage& Storage() = 0;
  // The class has an alarm() handler.
  virtual bool HasAlarmHandler() const = 0;

  // blockConcurrencyWhile and transaction: a new critical section inside of the current one. kResourceExhausted: nested too deeply.
  virtual absl::StatusOr<uint64_t> OpenSection() = 0;
  // Calls `body` (in the isolate, as an event inside the section, microtasks drained in it) in a later turn, when the section has the gate
  // to itself: sections opened before it within the same one have closed. Once per section, right after OpenSection. The callback cannot
  // run in the turn that opens the section: what it starts after its first await of something that is ready (storage.get) is started in a
  // microtask, and has to belong to the section, while what the code around it starts must not.
  virtual void RunInSection(uint64_t section, absl::AnyInvocable<void(duk_context*)> body) = 0;
  // The section's callback has settled. From here on in this turn what is started belongs to the section around it.
  virtual void CloseSection(uint64_t section) = 0;
  // Calls `timed_out` (in the isolate, as an event inside the section) unless CloseSection came within `time`.
  virtual void LimitSection(uint64_t section, Duration time, absl::AnyInvocable<void(duk_context*)> timed_out) = 0;

  // A storage operation has completed; its promise may be settled at once (false), or, where the contract allows and an adversary wants it,
  // in a later turn: then `settle` is called in that turn, with the input gate held in between unless `allow_concurrency`. What has been
  // written so far may then be committed first.
  enum class Concurrency : uint8_t { kGateHeld, kAllowed };
  virtual bool SettleLater(std::string_view operation, Concurrency concurrency, absl::AnyInvocable<void(duk_context*)>& settle) = 0;
  // Calls `done` in a later turn when everything written so far is durable, or never will be. For storage.sync().
  virtual void WhenDurable(absl::AnyInvocable<void(duk_context*, const absl::Status&)> done) = 0;

  // ctx.abort(reason, {retryAlarm: false}): the alarm handler that is running, if any, is not run again. Called right before Reset.
  virtual void DoNotRetryAlarm() = 0;
  // Ends the instance now: `why` (a web::RemoteError) is what everybody who waits for it gets. JavaScript that is running stops at its next
  // instruction if it is the object's own. What has been committed stays, what has not is gone.
  virtual void Reset(absl::Status why) = 0;
  // ctx.waitUntil: an object lives on as long as it has events; accepted for its errors.  [ ... promise ] -> [ ... promise ]
  virtual void WaitUntil(duk_context* ctx) = 0;
};

// Of one isolate.
class ObjectHooksFinder {
 public:
  virtual ~ObjectHooksFinder() = default;
  // Null: that instance is gone.
  virtual ObjectHooks* FindObject(ObjectNumber number) = 0;
};

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_OBJECT_HOOKS_H_
