#include "runtime/worker/queue_event.h"

#include <algorithm>
#include <utility>

#include "runtime/base/str_cat.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/worker.h"

namespace edge::worker {
namespace {

std::vector<std::string> IdsOf(const QueueEvent& event) {
  std::vector<std::string> ids;
  for (const storage::QueuedMessage& message : event.messages) ids.push_back(message.id);
  return ids;
}

}  // namespace

void RunQueueBatch(Worker& worker, const QueueEvent& event, absl::FunctionRef<void(QueueResult result)> done) {
  Scheduler& scheduler = worker.services().scheduler;
  const Instant deadline = scheduler.clock().Now() + event.wall;
  const bool waits = worker.code().queue_wait_until == QueueWaitUntil::kAwaited;
  for (;;) {
    BatchVerdicts verdicts(IdsOf(event));
    const auto tell = [&](Outcome outcome, Failure failure) {
      QueueResult result = {.outcome = outcome, .failure = std::move(failure)};
      result.verdicts = verdicts.Final(outcome == Outcome::kOk ? BatchVerdicts::Ended::kWell : BatchVerdicts::Ended::kBadly);
      done(std::move(result));
    };
    absl::StatusOr<WorkerIsolate*> acquired = worker.Acquire();
    if (!acquired.ok()) {
      const bool ended = IsCrashedOrCancelled(acquired.status());
      const Outcome outcome = ended ? Outcome::kCanceled : Outcome::kException;
      tell(outcome, {outcome, StrCat("an isolate could not start: ", FromAbsl(acquired.status().message())), ""});
      return;
    }
    WorkerIsolate& isolate = **acquired;
    Invocation& invocation = isolate.NewInvocation(nullptr, event.key);
    invocation.batch = &verdicts;
    isolate.DeliverBatch(invocation, event, deadline);
    // Another event took the isolate down while this one waited for it: nothing of it has run.
    const bool again = !invocation.started && isolate.condemned() && invocation.outcome != Outcome::kCanceled;
    if (!again && !waits) {
      invocation.batch = nullptr;
      tell(invocation.outcome, invocation.failure);
    }
    const Duration left = std::max(Duration::Zero(), deadline - scheduler.clock().Now());
    isolate.Finish(invocation, again ? Duration::Zero() : waits ? left : worker.GraceOf(invocation));
    invocation.batch = nullptr;
    if (!again) {
      Failure failure = std::move(invocation.failure);
      Outcome outcome = invocation.outcome;
      if (outcome == Outcome::kOk && waits && invocation.wait_until_pending > 0) {
        outcome = Outcome::kCanceled;
        failure = {outcome, "what it gave to waitUntil() did not end", ""};
      } else if (outcome == Outcome::kOk && !invocation.wait_until_failure.message.empty()) {
        outcome = Outcome::kException;
        failure = std::move(invocation.wait_until_failure);
      }
      if (ExecutionObserver* const observer = worker.services().observer; observer != nullptr) {
        observer->OnOutcome(invocation.key, outcome, failure.message);
      }
      if (waits) tell(outcome, std::move(failure));
    }
    isolate.DeleteInvocation(invocation);
    worker.Release(&isolate);
    if (!again) return;
  }
}

}  // namespace edge::worker
