#include "runtime/worker/service_event.h"

#include <utility>

#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/worker.h"

namespace edge::worker {

ServiceEvent::ServiceEvent(Worker& worker, std::shared_ptr<const ServiceEntry> entry, uint64_t key, uint32_t depth)
    : worker_(worker), entry_(std::move(entry)), key_(key), depth_(depth), begun_(worker.services().scheduler) {}

void ServiceEvent::Start(Departure departure) {
  departure_ = std::move(departure);
  if (worker_.SpawnService(CombineHash(key_, StableHash("service")), kind(), [self = shared_from_this()] { self->Run(); })) return;
  Refuse(ConnectionLost());
  SetBegun();
}

void ServiceEvent::SetBegun() {
  if (begun_.is_set()) return;
  begun_.Set();
  ExecutionObserver* const observer = worker_.services().observer;
  if (observer != nullptr && invocation_ != nullptr && invocation_->started) observer->OnCallBegan(departure_.line, departure_.number);
}

void ServiceEvent::Run() {
  Scheduler& scheduler = worker_.services().scheduler;
  if (const std::shared_ptr<ServiceEvent> before = std::move(departure_.before); before != nullptr && !before->has_begun()) {
    before->begun_.Wait().IgnoreError();
  }
  if (departure_.delay > Duration::Zero()) scheduler.SleepFor(departure_.delay).IgnoreError();
  while (!unwanted()) {
    absl::StatusOr<WorkerIsolate*> acquired = worker_.Acquire();
    if (!acquired.ok()) {
      if (!IsCrashedOrCancelled(acquired.status())) {
        worker_.log().Write(Severity::kError, worker_.code().name,
                            StrCat("an isolate could not start: ", std::string(acquired.status().message())));
      }
      Refuse(ConnectionLost());
      break;
    }
    WorkerIsolate& isolate = **acquired;
    Invocation& invocation = isolate.NewInvocation(nullptr, key_);
    invocation.depth = depth_;
    invocation.entry = entry_.get();
    isolate_ = &isolate;
    invocation_ = &invocation;
    Begin(isolate, invocation);
    // Another event took the isolate down while this one waited for it: nothing of it has run, so it goes to the next one.
    const bool again = !invocation.started && isolate.condemned() && invocation.outcome != Outcome::kCanceled;
    if (!again) RunIn(isolate, invocation);
    isolate_ = nullptr;
    invocation_ = nullptr;
    EndOnce();
    isolate.Finish(invocation, worker_.GraceOf(invocation));
    isolate.DeleteInvocation(invocation);
    worker_.Release(&isolate);
    if (!again) break;
  }
  Refuse(ConnectionLost());
  SetBegun();
  EndOnce();
  worker_.OnServiceEnded();
}

void ServiceEvent::EndOnce() {
  if (!std::exchange(ending_, true)) worker_.OnServiceEnding();
}

void ServiceEvent::RunIn(WorkerIsolate& isolate, Invocation& invocation) {
  SetBegun();
  ConsiderCancel();
  Serve(isolate, invocation);
  if (ExecutionObserver* const observer = worker_.services().observer; observer != nullptr) {
    observer->OnOutcome(invocation.key, invocation.outcome, invocation.failure.message);
  }
}

void ServiceEvent::LoseCaller() {
  if (std::exchange(caller_lost_, true)) return;
  if (invocation_ != nullptr) isolate_->LoseClient(*invocation_);
}

void ServiceEvent::Wake() {
  if (invocation_ != nullptr) invocation_->progress.Set();
}

void ServiceEvent::ConsiderCancel() {
  const MischiefChoice choice = worker_.services().adversary.Consider("worker.cancel", key_, {Mischief::kDelay});
  if (choice.kind != Mischief::kDelay) return;
  worker_.SpawnHelper(CombineHash(key_, StableHash("cancel")), "worker.cancel",
                      [weak = weak_from_this(), &scheduler = worker_.services().scheduler, delay = choice.delay] {
                        if (!scheduler.SleepFor(delay).ok()) return;
                        const std::shared_ptr<ServiceEvent> event = weak.lock();
                        if (event == nullptr) return;
                        event->Refuse(ConnectionLost());
                        event->LoseCaller();
                      });
}

}  // namespace edge::worker
