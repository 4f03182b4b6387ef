// Calls that other workers make: an instance of an entrypoint as the receiver, in an invocation of its own.
#include <utility>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/service_entry.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

void WorkerIsolate::BeginCall(Invocation& invocation, const std::shared_ptr<CallEvent>& call) {
  const uint64_t number = next_invocation_++;
  awaited_calls_[number] = {call, invocation.id};
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        invocation.started = true;
        js::PushLibraryFunction(ctx, "makeReceiver");
        PushExports(ctx);
        PushExecutionContext(ctx, invocation.id, invocation.entry);
        js::PushUtf8(ctx, invocation.entry->entrypoint);
        if (duk_pcall(ctx, 3) != DUK_EXEC_SUCCESS) {  // [ [receiver, rules] | error ]
          if (js::IsTerminated(ctx)) duk_throw(ctx);
          ReportThrown(ctx);
          SettleCall(ctx, number, js::PromiseState::kRejected);
          duk_pop(ctx);
          return;
        }
        duk_get_prop_index(ctx, -1, 1);
        const auto rules = static_cast<rpc::Receiver>(duk_get_int(ctx, -1));
        duk_get_prop_index(ctx, -2, 0);
        call->BeginOn(ctx, rules);  // [ pair rules receiver promise ]
        js::OnPromiseSettled(ctx, -1, OnCallSettled, AsData(number));
        duk_pop_n(ctx, 4);
      },
      failure);
  if (entered == Entered::kOk || !invocation.started) {
    if (!invocation.started) awaited_calls_.erase(number);
    return;
  }
  if (entered == Entered::kFailed) ReportUncaught(failure);
  awaited_calls_.erase(number);
  call->Fail(entered == Entered::kFailed ? StatusOfService(failure) : ConnectionLost());
}

absl::Status WorkerIsolate::WhyStuck(const Invocation& invocation) const {
  if (isolate_->condemned() != js::Limit::kNone) return StatusOfService(FailureOf(js::JsError{.limit = isolate_->condemned()}));
  if (invocation.outcome == Outcome::kExceededCpu || invocation.outcome == Outcome::kExceededMemory) {
    return StatusOfService(invocation.failure);
  }
  return absl::OkStatus();
}

absl::Status WorkerIsolate::StatusOfService(const Failure& failure) {
  return web::RemoteErrorStatus({.message = failure.message, .remote = true});
}

void WorkerIsolate::SettleCall(duk_context* ctx, uint64_t number, js::PromiseState state) {
  const auto found = awaited_calls_.find(number);
  if (found == awaited_calls_.end()) return;
  const std::shared_ptr<CallEvent> call = std::move(found->second.call);
  Invocation* const invocation = Find(found->second.invocation);
  awaited_calls_.erase(found);
  absl::StatusOr<rpc::Message> answer = absl::InternalError("no answer");
  call->TakeAnswer(ctx, state, answer);
  call->Reply(std::move(answer));
  if (invocation != nullptr) invocation->progress.Set();
}

void WorkerIsolate::OnCallSettled(duk_context* ctx, void* data, js::PromiseState state) { Self(ctx).SettleCall(ctx, AsId(data), state); }

// Calls of what a request to the worker has given away go on as part of that request, as long as that lives. Each has a task that enters;
// whichever enters first carries out the call that came first.
void WorkerIsolate::CallInInvocation(Invocation& invocation, std::shared_ptr<CallEvent> call) {
  const uint64_t number = next_invocation_++;
  awaited_calls_[number] = {std::move(call), invocation.id};
  invocation.calls_in.push_back(number);
  SpawnTask(invocation, {.label = "call.in", .finish = [this, &invocation](duk_context* ctx) {
                           if (invocation.calls_in.empty()) return;
                           const uint64_t first = invocation.calls_in.front();
                           invocation.calls_in.pop_front();
                           const auto found = awaited_calls_.find(first);
                           if (found == awaited_calls_.end()) return;
                           found->second.call->BeginExported(ctx);
                           js::OnPromiseSettled(ctx, -1, OnCallSettled, AsData(first));
                           duk_pop(ctx);
                         }});
}

void WorkerIsolate::FailCallsInto(const Invocation& invocation) {
  for (auto it = awaited_calls_.begin(); it != awaited_calls_.end();) {
    if (it->second.invocation == invocation.id) {
      it->second.call->Fail(ConnectionLost());
      it = awaited_calls_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace edge::worker
