// Requests of the outside in an isolate: from the handler's call to the end of the last waitUntil task.
#include "runtime/worker/worker_isolate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/str_cat.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/service_entry.h"

namespace edge::worker {
namespace {

// [ ... exports request context ] -> [ ... answer ]. Calls the handler; throws what it throws.
void DispatchFetch(duk_context* ctx) {
  duk_get_prop_literal(ctx, -3, "default");
  if (duk_is_object(ctx, -1) && !duk_is_function(ctx, -1)) {
    duk_get_prop_literal(ctx, -1, "fetch");
    if (duk_is_function(ctx, -1)) {  // [ exports request context handler fetch ]
      duk_replace(ctx, -5);
      duk_insert(ctx, -3);
      PushEnvironment(ctx);
      duk_insert(ctx, -2);  // [ fetch handler request env context ]
      return duk_call_method(ctx, 3);
    }
    duk_pop(ctx);
  }
  duk_pop(ctx);
  js::PushLibraryFunction(ctx, "dispatchFetch");
  duk_insert(ctx, -4);
  duk_call(ctx, 3);
}

}  // namespace

void WorkerIsolate::Fetch(Invocation& invocation, web::IncomingHead* head, std::shared_ptr<web::BodySource> body,
                          absl::FunctionRef<void()> before_wait) {
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        invocation.started = true;
        ++fetches_;
        if (invocation.entry != nullptr) js::PushLibraryFunction(ctx, "dispatchEntrypoint");
        PushExports(ctx);
        web::PushIncomingRequest(ctx, head, std::move(body));
        if (code_.request_signal == RequestSignal::kFires) KeepRequestSignal(ctx, invocation);
        PushExecutionContext(ctx, invocation.id, invocation.entry);
        if (invocation.entry == nullptr) {
          DispatchFetch(ctx);
        } else {
          js::PushUtf8(ctx, invocation.entry->entrypoint);
          duk_call(ctx, 4);
        }
        js::ToPromise(ctx);
        js::OnPromiseSettled(ctx, -1, OnHandlerSettled, AsData(invocation.id));
        duk_pop(ctx);
      },
      failure);
  if (entered != Entered::kOk && invocation.outcome == Outcome::kPending) {
    invocation.outcome = failure.outcome;
    invocation.failure = std::move(failure);
    return;
  }
  if (invocation.outcome != Outcome::kPending) return;

  before_wait();
  while (invocation.outcome == Outcome::kPending) {
    if (invocation.client_gone) {
      invocation.outcome = Outcome::kCanceled;
      invocation.failure = {Outcome::kCanceled, "The client disconnected.", ""};
      return;
    }
    if (isolate_->condemned() != js::Limit::kNone) {
      invocation.failure = FailureOf(js::JsError{.limit = isolate_->condemned()});
      invocation.outcome = invocation.failure.outcome;
      return;
    }
    if (!AnythingPending()) {
      invocation.outcome = Outcome::kHung;
      invocation.failure = {Outcome::kHung,
                            "The Workers runtime canceled this request because it detected that your Worker's code had hung and would "
                            "never generate a response. "
                            "Refer to: https://developers.cloudflare.com/workers/observability/errors/",
                            ""};
      return;
    }
    if (const absl::Status waited = AwaitProgress(invocation); !waited.ok()) {
      invocation.outcome = Outcome::kCanceled;
      invocation.failure = {Outcome::kCanceled, std::string(waited.message()), ""};
      return;
    }
  }
}

void WorkerIsolate::OnHandlerSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* invocation = self.Find(AsId(data));
  if (invocation == nullptr || invocation->outcome != Outcome::kPending) return;
  invocation->progress.Set();
  if (state == js::PromiseState::kRejected) {
    const js::JsError error = js::DescribeError(ctx, -1);
    invocation->outcome = Outcome::kException;
    invocation->failure = FailureOf(error);
    if (invocation->entry != nullptr) invocation->thrown = web::RemoteErrorStatus(web::DescribeRemoteError(ctx, -1));
    return;
  }
  if (const char* const problem = self.TakeAnswer(ctx, *invocation); problem != nullptr) {
    invocation->outcome = Outcome::kException;
    invocation->failure = {Outcome::kException, StrCat("TypeError: ", problem), ""};
    if (invocation->entry != nullptr) {
      invocation->thrown = web::RemoteErrorStatus({.name = "TypeError", .message = problem, .remote = true});
    }
    return;
  }
  invocation->outcome = Outcome::kOk;
}

const char* WorkerIsolate::TakeAnswer(duk_context* ctx, Invocation& invocation) {
  const duk_idx_t value = duk_get_top_index(ctx);
  if (!web::IsResponse(ctx, value)) return "Incorrect type for Promise: the Promise did not resolve to 'Response'.";
  if (!web::TakeResponse(ctx, value, invocation.response)) {
    return "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
  }
  if (invocation.response.body == web::OutgoingResponse::Body::kStream) {
    // [ ... stream ]: its reader is kept under the invocation's number until the body is sent.
    web::AcquireReader(ctx);
    duk_push_heap_stash(ctx);
    duk_get_prop_string(ctx, -1, kReadersKey);
    duk_dup(ctx, -3);
    duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(invocation.id));
    duk_set_top(ctx, value + 1);
  }
  return nullptr;
}

void WorkerIsolate::WaitUntil(duk_context* ctx, uint64_t id) {
  Invocation* const invocation = id != 0 ? Find(id) : current_;
  // After the invocation's end there is nobody to wait; the promise goes on as long as somebody else keeps it going.
  if (invocation == nullptr) return;
  ++invocation->wait_until_pending;
  js::OnPromiseSettled(ctx, -1, OnWaitUntilSettled, AsData(invocation->id));
}

void WorkerIsolate::OnWaitUntilSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* const invocation = self.Find(AsId(data));
  if (invocation == nullptr) return;
  --invocation->wait_until_pending;
  invocation->progress.Set();
  if (state != js::PromiseState::kRejected) return;
  if (invocation->wait_until_failure.message.empty()) invocation->wait_until_failure = FailureOf(js::DescribeError(ctx, -1));
  self.ReportException(ctx);
}

// --- streamed bodies ---

Invocation::Chunk WorkerIsolate::ReadChunk(Invocation& invocation, absl::FunctionRef<void()> before_wait) {
  invocation.chunk.clear();
  invocation.chunk_state = Invocation::Chunk::kWaiting;
  Failure failure;
  const Entered entered = EnterFor(
      invocation,
      [&](duk_context* ctx) {
        const duk_idx_t top = duk_get_top(ctx);
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kReadersKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        web::ReadChunk(ctx);
        js::OnPromiseSettled(ctx, -1, OnChunkSettled, AsData(invocation.id));
        duk_set_top(ctx, top);
      },
      failure);
  if (entered != Entered::kOk) {
    if (entered == Entered::kFailed) ReportUncaught(failure);
    return invocation.chunk_state = Invocation::Chunk::kFailed;
  }
  // Before the loop: it may suspend, and the chunk may come meanwhile.
  if (invocation.chunk_state == Invocation::Chunk::kWaiting) before_wait();
  while (invocation.chunk_state == Invocation::Chunk::kWaiting) {
    if (invocation.client_gone) return invocation.chunk_state = Invocation::Chunk::kFailed;
    if (isolate_->condemned() != js::Limit::kNone) return invocation.chunk_state = Invocation::Chunk::kFailed;
    if (invocation.object != nullptr && invocation.object->ended()) return invocation.chunk_state = Invocation::Chunk::kFailed;
    if (invocation.object == nullptr && !AnythingPending()) {
      log_.Write(Severity::kError, code_.name,
                 "The response body's stream hung: nothing that is still running could ever produce its next chunk.");
      return invocation.chunk_state = Invocation::Chunk::kFailed;
    }
    if (!AwaitProgress(invocation).ok()) return invocation.chunk_state = Invocation::Chunk::kFailed;
  }
  return invocation.chunk_state;
}

void WorkerIsolate::OnChunkSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* invocation = self.Find(AsId(data));
  if (invocation == nullptr) return;
  invocation->progress.Set();
  if (state == js::PromiseState::kRejected) {
    const js::JsError error = js::DescribeError(ctx, -1);
    self.ReportUncaught(FailureOf(error));
    invocation->chunk_state = Invocation::Chunk::kFailed;
    return;
  }
  const duk_idx_t top = duk_get_top(ctx);
  duk_get_prop_string(ctx, -1, "done");
  const bool done = duk_to_boolean(ctx, -1);
  duk_get_prop_string(ctx, -2, "value");
  if (!done) invocation->chunk.assign(web::GetBytes(ctx, -1).value_or(std::string_view()));
  invocation->chunk_state = done ? Invocation::Chunk::kEnd : Invocation::Chunk::kReady;
  duk_set_top(ctx, top);
}

void WorkerIsolate::LoseClient(Invocation& invocation) {
  invocation.client_gone = true;
  invocation.progress.Set();
  // What comes in before the waiting fiber's turn must not reach the handler any more. A computation in the middle comes to its end first.
  const bool spares_something = invocation.wait_until_pending > 0 || code_.request_signal == RequestSignal::kFires;
  if (invocation.outcome == Outcome::kPending && !spares_something && current_ != &invocation) CancelWork(invocation);
}

void WorkerIsolate::CancelWork(Invocation& invocation) {
  invocation.tasks.Cancel();
  for (const std::shared_ptr<InvocationFetch>& fetch : invocation.fetches) fetch->Cancel();
}

void WorkerIsolate::KeepRequestSignal(duk_context* ctx, const Invocation& invocation) {
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kSignalsKey);
  duk_get_prop_string(ctx, -3, "signal");
  duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(invocation.id));
  duk_pop_2(ctx);
}

void WorkerIsolate::AbortRequestSignal(Invocation& invocation) {
  if (code_.request_signal != RequestSignal::kFires) return;
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        js::PushLibraryFunction(ctx, "abortRequest");
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kSignalsKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        if (duk_is_undefined(ctx, -1)) return duk_pop_n(ctx, 4);  // a call has none
        duk_replace(ctx, -3);
        duk_pop(ctx);
        duk_call(ctx, 1);
        duk_pop(ctx);
      },
      failure);
  if (entered == Entered::kFailed) ReportUncaught(failure);
}

void WorkerIsolate::CancelBody(Invocation& invocation, std::string_view reason) {
  Failure failure;
  EnterFor(
      invocation,
      [&](duk_context* ctx) {
        const duk_idx_t top = duk_get_top(ctx);
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kReadersKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        if (duk_is_object(ctx, -1)) {
          js::PushUtf8(ctx, reason);
          duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", duk_get_string(ctx, -1));
          duk_remove(ctx, -2);
          web::CancelReader(ctx);
        }
        duk_set_top(ctx, top);
      },
      failure);
}

// --- the end of an invocation ---

void WorkerIsolate::Finish(Invocation& invocation, Duration grace) {
  if (invocation.client_gone) AbortRequestSignal(invocation);  // whose listeners may call waitUntil
  if (invocation.wait_until_pending > 0) {
    const Instant deadline = scheduler_.clock().Now() + grace;
    while (invocation.wait_until_pending > 0 && isolate_->condemned() == js::Limit::kNone) {
      if (!AnythingPending()) {
        log_.Write(Severity::kWarning, code_.name,
                   "A promise given to waitUntil() can never settle: nothing that it waits for is still running.");
        break;
      }
      const absl::Status waited = AwaitProgress(invocation, deadline);
      if (absl::IsDeadlineExceeded(waited)) {
        log_.Write(Severity::kWarning, code_.name,
                   absl::StrCat("waitUntil() tasks did not complete within the allowed time after the response (", grace.ToSeconds(),
                                " s) and were cancelled."));
      }
      if (!waited.ok()) break;
    }
  }
  // Not in the middle of a computation of its own: to cancel that would cost the isolate, and with it everybody else who is in there.
  const bool locked = current_ == &invocation && lock_.Lock().ok();
  StopWork(invocation);
  if (locked) lock_.Unlock();
  CloseWork(invocation);
}

void WorkerIsolate::StopWork(Invocation& invocation) {
  invocation.finished = true;
  CancelWork(invocation);
  if (invocation.timers_pending > 0) {
    for (auto it = timers_.begin(); it != timers_.end();) {
      if (it->second.invocation == invocation.id) {
        web::ForgetTimer(isolate_->context(), it->second.id);
        timer_of_id_.erase(it->second.id);
        it = timers_.erase(it);
      } else {
        ++it;
      }
    }
    invocation.timers_pending = 0;
  }
}

void WorkerIsolate::CloseWork(Invocation& invocation) {
  invocation.tasks.Wait();
  if (!awaited_calls_.empty()) FailCallsInto(invocation);
  for (const std::shared_ptr<InvocationFetch>& fetch : invocation.fetches) fetch->Close();
  invocation.fetches.clear();
  if (invocation.object == nullptr) rpc::EndContext(isolate_->context(), invocation.id);
  if ((code_.request_signal == RequestSignal::kFires && invocation.object == nullptr) ||
      invocation.chunk_state != Invocation::Chunk::kNone || invocation.response.body == web::OutgoingResponse::Body::kStream) {
    Failure failure;
    Enter(
        kGlobalScope,
        [&](duk_context* ctx) {
          duk_push_heap_stash(ctx);
          for (const char* key : {kReadersKey, kSignalsKey}) {
            duk_get_prop_string(ctx, -1, key);
            duk_del_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
            duk_pop(ctx);
          }
          duk_pop(ctx);
        },
        failure);
  }
}

}  // namespace edge::worker
