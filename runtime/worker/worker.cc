#include "runtime/worker/worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"

namespace edge::worker {

Worker::Worker(const WorkerServices& services, std::shared_ptr<const WorkerCode> code)
    : services_(services),
      code_(std::move(code)),
      starting_(services.scheduler),
      detached_(services.scheduler),
      service_events_(services.scheduler),
      helpers_(services.scheduler),
      service_ended_(services.scheduler) {
  if (!code_->object_classes.empty()) objects_ = std::make_unique<ObjectDirectory>(services_, *this, *code_);
}

Worker::~Worker() { EDGE_CHECK(slots_.empty()) << "worker " << code_->name << " dropped while it runs"; }

void Worker::UseStore(storage::ObjectStore& store) {
  if (objects_ != nullptr) objects_->UseStore(&store);
}

absl::Status Worker::Start() {
  EDGE_ASSIGN_OR_RETURN(WorkerIsolate* const isolate, Acquire());
  Release(isolate);
  if (objects_ != nullptr) objects_->Start();
  return absl::OkStatus();
}

bool Worker::IsFull(const Slot& slot) const {
  return slot.events >= code_->limits.object_isolate_objects_max ||
         slot.isolate->memory_bytes() >= static_cast<size_t>(code_->limits.object_isolate_fill.bytes());
}

// The first one that has room, so that later ones become empty and can go.
Worker::Slot* Worker::PickForObject() {
  const WorkerLimits& limits = code_->limits;
  Slot* fewest = nullptr;
  Slot* fewest_free = nullptr;
  size_t usable = 0;
  size_t stuck = 0;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->use != Use::kObjects || slot->alone || slot->isolate->condemned()) continue;
    ++usable;
    if (fewest == nullptr || slot->events < fewest->events) fewest = slot.get();
    if (slot->isolate->stuck()) {
      ++stuck;
      continue;
    }
    if (!IsFull(*slot)) return slot.get();
    if (fewest_free == nullptr || slot->events < fewest_free->events) fewest_free = slot.get();
  }
  if (usable < limits.object_isolates_max && stuck < limits.isolates_max) return nullptr;
  return fewest_free != nullptr ? fewest_free : fewest;
}

Worker::Slot* Worker::Pick(Use use) {
  if (use == Use::kObjects) return PickForObject();
  Slot* best = nullptr;
  size_t usable = 0;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->use != use || slot->alone || slot->isolate->condemned()) continue;
    ++usable;
    if (slot->isolate->stuck()) continue;
    if (best == nullptr || slot->events < best->events) best = slot.get();
  }
  if (best != nullptr || usable < code_->limits.isolates_max) return best;
  // All are stuck and no more may be started: the event waits where the fewest wait.
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->use == use && !slot->alone && !slot->isolate->condemned() && (best == nullptr || slot->events < best->events))
      best = slot.get();
  }
  return best;
}

absl::StatusOr<WorkerIsolate*> Worker::Acquire(Use use) {
  Slot* slot = Pick(use);
  // The platform may recycle an isolate between any two events. An object is evicted instead (ObjectDirectory).
  if (slot != nullptr && use == Use::kRequests &&
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
    slot = Pick(use);  // another event may have started one meanwhile
    if (slot == nullptr) {
      absl::StatusOr<Slot*> started = StartOne(use, next_number_++);
      if (!started.ok()) {
        starting_.Unlock();
        return started.status();
      }
      slot = *started;
    }
    starting_.Unlock();
  }
  ++slot->events;
  return slot->isolate.get();
}

absl::StatusOr<Worker::Slot*> Worker::StartOne(Use use, uint64_t number) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<WorkerIsolate> isolate, WorkerIsolate::Start(services_, code_, number, objects_.get(), this));
  slots_.push_back(std::make_unique<Slot>());
  Slot* const slot = slots_.back().get();
  slot->isolate = std::move(isolate);
  slot->use = use;
  entry_points_ = slot->isolate->entry_points();
  return slot;
}

absl::StatusOr<WorkerIsolate*> Worker::AcquireForObject(uint64_t key) {
  const auto alone = std::count_if(slots_.begin(), slots_.end(), [](const std::unique_ptr<Slot>& slot) { return slot->alone; });
  if (static_cast<size_t>(alone) >= code_->limits.isolates_alone_max ||
      services_.adversary.Consider("object.isolate", key, {Mischief::kDuplicate}).kind != Mischief::kDuplicate) {
    return Acquire(Use::kObjects);
  }
  EDGE_RETURN_IF_ERROR(starting_.Lock());
  // Named by its object: how many isolates there were before says nothing about it.
  absl::StatusOr<Slot*> started = StartOne(Use::kObjects, CombineHash(key, StableHash("isolate")));
  starting_.Unlock();
  if (!started.ok()) return started.status();
  Slot& slot = **started;
  slot.alone = true;
  ++slot.events;
  return slot.isolate.get();
}

void Worker::Release(WorkerIsolate* isolate) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const std::unique_ptr<Slot>& slot) { return slot->isolate.get() == isolate; });
  EDGE_CHECK(found != slots_.end());
  Slot& slot = **found;
  EDGE_CHECK(slot.events > 0);
  if (--slot.events > 0) return;
  // One isolate of objects stays for the next; more were needed for many.
  const bool spare = slot.use == Use::kObjects && std::any_of(slots_.begin(), slots_.end(), [&](const std::unique_ptr<Slot>& other) {
                       return other.get() != &slot && other->use == Use::kObjects && !other->alone && !other->isolate->condemned();
                     });
  if (!slot.alone && !slot.isolate->condemned() && !spare) return;
  const std::unique_ptr<Slot> dropped = std::move(*found);
  slots_.erase(found);
  fetches_ += dropped->isolate->fetches();
  scheduled_ += dropped->isolate->scheduled();
  batches_ += dropped->isolate->batches();
  dropped->isolate->Shutdown();
}

size_t Worker::heap_bytes() const {
  size_t bytes = 0;
  for (const std::unique_ptr<Slot>& slot : slots_) bytes += slot->isolate->memory_bytes();
  return bytes;
}

std::map<std::string, uint64_t> Worker::entries() const {
  uint64_t fetches = fetches_;
  uint64_t scheduled = scheduled_;
  uint64_t batches = batches_;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    fetches += slot->isolate->fetches();
    scheduled += slot->isolate->scheduled();
    batches += slot->isolate->batches();
  }
  std::map<std::string, uint64_t> entries;
  if (fetches > 0) entries["fetch"] = fetches;
  if (scheduled > 0) entries["scheduled"] = scheduled;
  if (batches > 0) entries["queue"] = batches;
  if (objects_ != nullptr) {
    for (const auto& [name, times] : objects_->entries()) entries["class " + name] = times;
  }
  for (const auto& [what, times] : service_entries_) entries[what] += times;
  return entries;
}

void Worker::Detach(absl::AnyInvocable<void()> finish) {
  // Kept here until it runs: without a fiber (the node has crashed, or there are too many) it has to be finished all the same.
  const auto work = std::make_shared<absl::AnyInvocable<void()>>(std::move(finish));
  if (!detached_.Spawn("waitUntil", [work] { (*work)(); }).ok()) (*work)();
}

void Worker::Shutdown() {
  FinishDetached();
  EndObjects();
  EndIsolates();
}

void Worker::FinishDetached() {
  detached_.Wait();
  while (services_ending_ > 0) {
    service_ended_.Reset();
    // Whoever ends the worker is cancelled, or has crashed: so is what is still to be done.
    if (!service_ended_.Wait().ok()) service_events_.Wait();
  }
}

Duration Worker::GraceOf(const Invocation& invocation) {
  const bool dropped = invocation.wait_until_pending > 0 &&
                       services_.adversary.Consider("wait_until.cancel", invocation.key, {Mischief::kDrop}).kind == Mischief::kDrop;
  return dropped ? Duration::Zero() : code_->limits.wait_until;
}

bool Worker::SpawnService(uint64_t key, std::string_view label, absl::AnyInvocable<void()> run) {
  return service_events_.SpawnKeyed(key, services_.scheduler.CurrentDomain(), label, std::move(run)).ok();
}

bool Worker::SpawnHelper(uint64_t key, std::string_view label, absl::AnyInvocable<void()> run) {
  return helpers_.SpawnKeyed(key, services_.scheduler.CurrentDomain(), label, std::move(run)).ok();
}

void Worker::OnServiceEnded() {
  --services_ending_;
  service_ended_.Set();
}

void Worker::EndObjects() {
  if (objects_ != nullptr) objects_->Shutdown();
}

void Worker::EndIsolates() {
  // What nobody has ended by now is held by something that is gone.
  helpers_.Cancel();
  service_events_.Cancel();
  helpers_.Wait();
  service_events_.Wait();
  for (const std::unique_ptr<Slot>& slot : slots_) {
    EDGE_CHECK(slot->events == 0);
    fetches_ += slot->isolate->fetches();
    scheduled_ += slot->isolate->scheduled();
    batches_ += slot->isolate->batches();
    slot->isolate->Shutdown();
  }
  slots_.clear();
}

}  // namespace edge::worker
