#include "runtime/worker/worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::worker {

Worker::Worker(const WorkerServices& services, std::shared_ptr<const WorkerCode> code)
    : services_(services), code_(std::move(code)), starting_(services.scheduler), detached_(services.scheduler) {}

Worker::~Worker() { EDGE_CHECK(slots_.empty()) << "worker " << code_->name << " dropped while it runs"; }

absl::Status Worker::Start() {
  EDGE_ASSIGN_OR_RETURN(WorkerIsolate* const isolate, Acquire());
  Release(isolate);
  return absl::OkStatus();
}

Worker::Slot* Worker::Pick() {
  Slot* best = nullptr;
  size_t usable = 0;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->isolate->condemned()) continue;
    ++usable;
    if (slot->isolate->stuck()) continue;
    if (best == nullptr || slot->events < best->events) best = slot.get();
  }
  if (best != nullptr || usable < code_->limits.isolates_max) return best;
  // All are stuck and no more may be started: the event waits where the fewest wait.
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (!slot->isolate->condemned() && (best == nullptr || slot->events < best->events)) best = slot.get();
  }
  return best;
}

absl::StatusOr<WorkerIsolate*> Worker::Acquire() {
  Slot* slot = Pick();
  // The platform may recycle an isolate between any two events.
  if (slot != nullptr &&
      services_.adversary.Consider("isolate.recycle", services_.scheduler.CurrentKey(), {Mischief::kEvict}).kind == Mischief::kEvict) {
    // Counted as an event for a moment, so that Release drops it at once if nothing runs in it.
    WorkerIsolate* const recycled = slot->isolate.get();
    recycled->Condemn();
    ++slot->events;
    Release(recycled);
    slot = nullptr;
  }
  if (slot == nullptr) {
    EDGE_RETURN_IF_ERROR(starting_.Lock());
    slot = Pick();  // another event may have started one meanwhile
    if (slot == nullptr) {
      absl::StatusOr<std::unique_ptr<WorkerIsolate>> isolate = WorkerIsolate::Start(services_, code_, next_number_++);
      if (!isolate.ok()) {
        starting_.Unlock();
        return isolate.status();
      }
      slots_.push_back(std::make_unique<Slot>());
      slot = slots_.back().get();
      slot->isolate = *std::move(isolate);
      entry_points_ = slot->isolate->entry_points();
    }
    starting_.Unlock();
  }
  ++slot->events;
  return slot->isolate.get();
}

void Worker::Release(WorkerIsolate* isolate) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const std::unique_ptr<Slot>& slot) { return slot->isolate.get() == isolate; });
  EDGE_CHECK(found != slots_.end());
  Slot& slot = **found;
  EDGE_CHECK(slot.events > 0);
  if (--slot.events > 0 || !slot.isolate->condemned()) return;
  const std::unique_ptr<Slot> dropped = std::move(*found);
  slots_.erase(found);
  fetches_ += dropped->isolate->fetches();
  dropped->isolate->Shutdown();
}

std::map<std::string, uint64_t> Worker::entries() const {
  uint64_t fetches = fetches_;
  for (const std::unique_ptr<Slot>& slot : slots_) fetches += slot->isolate->fetches();
  std::map<std::string, uint64_t> entries;
  if (fetches > 0) entries["fetch"] = fetches;
  return entries;
}

void Worker::Detach(absl::AnyInvocable<void()> finish) {
  // Kept here until it runs: without a fiber (the node has crashed, or there are too many) it has to be finished all the same.
  const auto work = std::make_shared<absl::AnyInvocable<void()>>(std::move(finish));
  if (!detached_.Spawn("waitUntil", [work] { (*work)(); }).ok()) (*work)();
}

void Worker::Shutdown() {
  detached_.Wait();
  for (const std::unique_ptr<Slot>& slot : slots_) {
    EDGE_CHECK(slot->events == 0);
    fetches_ += slot->isolate->fetches();
    slot->isolate->Shutdown();
  }
  slots_.clear();
}

}  // namespace edge::worker
