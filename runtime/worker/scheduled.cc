#include "runtime/worker/scheduled.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/worker.h"

namespace edge::worker {

ScheduledResult RunScheduled(Worker& worker, const ScheduledEvent& event) {
  Scheduler& scheduler = worker.services().scheduler;
  const Instant deadline = scheduler.clock().Now() + worker.code().limits.scheduled_wall;
  ScheduledResult result;
  for (;;) {
    absl::StatusOr<WorkerIsolate*> acquired = worker.Acquire();
    if (!acquired.ok()) {
      result.outcome = absl::IsCancelled(acquired.status()) || IsCrashed(acquired.status()) ? Outcome::kCanceled : Outcome::kException;
      result.failure = {result.outcome, StrCat("an isolate could not start: ", FromAbsl(acquired.status().message())), ""};
      return result;
    }
    WorkerIsolate& isolate = **acquired;
    Invocation& invocation = isolate.NewInvocation();
    invocation.cpu = {worker.code().limits.InstructionsOf(event.cpu)};
    isolate.Schedule(invocation, event, deadline);
    // Another event took the isolate down while this one waited for it: nothing of it has run.
    const bool again = !invocation.started && isolate.condemned() && invocation.outcome != Outcome::kCanceled;
    if (!again) {
      // What waitUntil was given has the rest of the time.
      isolate.Finish(invocation, std::max(Duration::Zero(), deadline - scheduler.clock().Now()));
      result.outcome = invocation.outcome;
      result.failure = std::move(invocation.failure);
      result.retry = !invocation.no_retry;
      if (result.outcome == Outcome::kOk && !invocation.wait_until_failure.message.empty()) {
        result.outcome = Outcome::kException;
        result.failure = std::move(invocation.wait_until_failure);
      }
      if (ExecutionObserver* const observer = worker.services().observer; observer != nullptr) {
        observer->OnOutcome(invocation.key, result.outcome, result.failure.message);
      }
    } else {
      isolate.Finish(invocation, Duration::Zero());
    }
    isolate.DeleteInvocation(invocation);
    worker.Release(&isolate);
    if (!again) return result;
  }
}

}  // namespace edge::worker
