// Events that are no requests and no objects', in an isolate: scheduled runs, batches of queues.
#include <utility>

#include "runtime/base/str_cat.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/worker/batch_verdicts.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/queue_binding.h"
#include "runtime/worker/queue_event.h"
#include "runtime/worker/scheduled.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

void WorkerIsolate::Schedule(Invocation& invocation, const ScheduledEvent& event, Instant deadline) {
  RunPlain(
      invocation,
      [&](duk_context* ctx) {
        ++scheduled_;
        js::PushLibraryFunction(ctx, "dispatchScheduled");
        PushExports(ctx);
        js::PushUtf8(ctx, event.cron);
        duk_push_number(ctx, static_cast<double>(event.scheduled.ToUnixMilliseconds()));
        PushExecutionContext(ctx, invocation.id, nullptr);
        duk_push_number(ctx, static_cast<double>(invocation.id));
        duk_call(ctx, 5);
      },
      deadline);
}

void WorkerIsolate::DeliverBatch(Invocation& invocation, const QueueEvent& event, Instant deadline) {
  RunPlain(
      invocation,
      [&](duk_context* ctx) {
        ++batches_;
        js::PushLibraryFunction(ctx, "dispatchQueue");
        PushExports(ctx);
        PushMessageBatch(ctx, event, invocation.id);
        PushExecutionContext(ctx, invocation.id, nullptr);
        duk_call(ctx, 3);
      },
      deadline);
}

void WorkerIsolate::Judge(uint64_t id, Judgement what, size_t index, std::optional<Duration> delay) {
  Invocation* const invocation = Find(id);
  if (invocation == nullptr || invocation->batch == nullptr || index >= invocation->batch->size()) return;
  BatchVerdicts& batch = *invocation->batch;
  const std::string warning = what == Judgement::kAck      ? batch.Ack(index)
                              : what == Judgement::kRetry  ? batch.Retry(index, delay)
                              : what == Judgement::kAckAll ? batch.AckAll()
                                                           : batch.RetryAll(delay);
  if (!warning.empty()) log_.Write(Severity::kWarning, code_.name, warning);
}

void WorkerIsolate::RunPlain(Invocation& invocation, absl::FunctionRef<void(duk_context*)> call, Instant deadline) {
  const Instant began = scheduler_.clock().Now();
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        invocation.started = true;
        call(ctx);
        js::ToPromise(ctx);
        js::OnPromiseSettled(ctx, -1, OnPlainHandlerSettled, AsData(invocation.id));
        duk_pop(ctx);
      },
      failure);
  if (entered != Entered::kOk && invocation.outcome == Outcome::kPending) {
    invocation.outcome = failure.outcome;
    invocation.failure = std::move(failure);
    return;
  }
  while (invocation.outcome == Outcome::kPending) {
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
    if (const absl::Status waited = AwaitProgress(invocation, deadline); !waited.ok()) {
      invocation.outcome = Outcome::kCanceled;
      const bool too_long = absl::IsDeadlineExceeded(waited);
      invocation.failure = {Outcome::kCanceled,
                            too_long ? StrCat("it ran longer than ", (deadline - began).ToSeconds(), " s and was cancelled")
                                     : std::string(FromAbsl(waited.message())),
                            ""};
      return;
    }
  }
}

void WorkerIsolate::OnPlainHandlerSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* const invocation = self.Find(AsId(data));
  if (invocation == nullptr || invocation->outcome != Outcome::kPending) return;
  invocation->progress.Set();
  if (state != js::PromiseState::kRejected) {
    invocation->outcome = Outcome::kOk;
    return;
  }
  invocation->outcome = Outcome::kException;
  invocation->failure = FailureOf(js::DescribeError(ctx, -1));
}

void WorkerIsolate::NoRetry(uint64_t id) {
  if (Invocation* const invocation = Find(id); invocation != nullptr) invocation->no_retry = true;
}

}  // namespace edge::worker
