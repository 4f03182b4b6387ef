#include "runtime/worker/object_directory.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/object_alarms.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/object_sockets.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

ObjectDirectory::ObjectDirectory(const WorkerServices& services, Worker& worker, const WorkerCode& code)
    : services_(services),
      worker_(worker),
      code_(code),
      sweep_sooner_(services.scheduler),
      databases_(code.limits.object_databases_max),
      alarms_(std::make_unique<ObjectAlarms>(*this)),
      sockets_(std::make_unique<ObjectSockets>(*this)),
      fibers_(services.scheduler),
      helpers_(services.scheduler) {}

ObjectDirectory::~ObjectDirectory() { EDGE_CHECK(entries_.empty() && ending_ == 0) << "objects are alive"; }

const ObjectClass* ObjectDirectory::FindClass(std::string_view name) const {
  for (const ObjectClass& object_class : code_.object_classes) {
    if (object_class.name == name) return &object_class;
  }
  return nullptr;
}

const ObjectClass* ObjectDirectory::ClassOfSpace(std::string_view space) const {
  for (const ObjectClass& object_class : code_.object_classes) {
    if (object_class.space == space) return &object_class;
  }
  return nullptr;
}

bool ObjectDirectory::Spawn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> f) {
  return helpers_.SpawnKeyed(key, services_.scheduler.CurrentDomain(), label, std::move(f)).ok();
}

bool ObjectDirectory::SpawnOwn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> f) {
  return fibers_.SpawnKeyed(key, services_.scheduler.CurrentDomain(), label, std::move(f)).ok();
}

void ObjectDirectory::Start() {
  if (store_ != nullptr) alarms_->Start();
}

void ObjectDirectory::OnAlarmsChanged() { alarms_->OnChanged(); }

std::shared_ptr<Breakage> ObjectDirectory::Deliver(const ObjectClass& object_class, const storage::ObjectKey& id, std::string_view name,
                                                   std::shared_ptr<ObjectEvent> event) {
  if (closing_) {
    event->Fail(ConnectionLost());
    return std::make_shared<Breakage>();
  }
  auto found = entries_.find(id);
  // The platform may evict an object between any two events.
  if (found != entries_.end() && found->second.live != nullptr && found->second.live->idle()) {
    LiveObject& live = *found->second.live;
    const bool evicted =
        services_.adversary.Consider("object.evict", event->key, {Mischief::kEvict}).kind == Mischief::kEvict ||
        (live.at_rest() && services_.adversary.Consider("object.hibernate", event->key, {Mischief::kEvict}).kind == Mischief::kEvict);
    if (evicted) {
      live.Retire();
      found = entries_.end();
    }
  }
  // ... and a database may be closed between any two turns.
  if (found != entries_.end() && found->second.live != nullptr && found->second.live->may_close_database() &&
      services_.adversary.Consider("object.close_database", event->key, {Mischief::kEvict}).kind == Mischief::kEvict) {
    databases_.Close(*found->second.live);
  }
  if (found == entries_.end()) {
    found = entries_.try_emplace(id).first;
    found->second.object_class = &object_class;
    found->second.name = name;
  }
  Entry& entry = found->second;
  const std::shared_ptr<Breakage> breakage = entry.breakage;
  if (entry.live != nullptr) {
    entry.live->Deliver(std::move(event));
    return breakage;
  }
  entry.waiting.push_back(event);
  if (entry.waiting.size() > 1) {
    // Bounded as the line of a live one.
    if (entry.waiting.size() > code_.limits.object_events_max) {
      entry.waiting.pop_back();
      if (!std::exchange(entry.overload_reported, true)) {
        services_.log.Write(Severity::kWarning, code_.name,
                            StrCat(object_class.name, " ", id.id, ": overloaded while it starts, events are refused"));
      }
      event->Fail(WithObjectId(Overloaded("Too many requests queued."), id.id));
    }
    return breakage;
  }
  const uint64_t key = CombineHash(event->key, StableHash("object"));
  if (!SpawnOwn(key, "object.start", [this, id, key] { MakeLive(id, key); })) {
    entries_.erase(found);
    event->Fail(ConnectionLost());
  }
  return breakage;
}

void ObjectDirectory::MakeLive(const storage::ObjectKey& id, uint64_t key) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  ++activations_;
  ++live_;
  entry.live = std::make_unique<LiveObject>(*this, *entry.object_class, id, entry.name, key, entry.breakage);
  LiveObject& live = *entry.live;
  for (std::shared_ptr<ObjectEvent>& event : std::exchange(entry.waiting, {})) live.Deliver(std::move(event));
  live.Activate();
}

void ObjectDirectory::OnEnded(LiveObject& object) {
  const auto found = entries_.find(object.id());
  EDGE_CHECK(found != entries_.end() && found->second.live.get() == &object);
  std::shared_ptr<LiveObject> ending = std::move(found->second.live);
  entries_.erase(found);
  --live_;
  ++ending_;
  const uint64_t key = CombineHash(object.key(), StableHash("end"));
  const bool spawned = SpawnOwn(key, "object.end", [this, ending] {
    ending->End();
    --ending_;
  });
  if (spawned) return;
  // No fiber can be had: Shutdown sees to it.
  ended_late_.push_back(std::move(ending));
}

void ObjectDirectory::Shutdown() {
  closing_ = true;
  alarms_->Stop();
  sockets_->Shutdown();
  while (!entries_.empty()) {
    const auto first = entries_.begin();
    if (first->second.live != nullptr) {
      first->second.live->Break(ConnectionLost());
      continue;
    }
    const Entry entry = std::move(first->second);
    entries_.erase(first);
    for (const std::shared_ptr<ObjectEvent>& event : entry.waiting) event->Fail(ConnectionLost());
  }
  helpers_.Cancel();
  helpers_.Wait();
  fibers_.Wait();
  for (const std::shared_ptr<LiveObject>& ending : std::exchange(ended_late_, {})) {
    ending->End();
    --ending_;
  }
}

// --- sweeping ---

void ObjectDirectory::OnQuieter(LiveObject& object) {
  if (closing_ || object.ended()) return;
  Instant at = object.evict_at();
  if (object.has_database()) at = std::min(at, object.last_turn() + code_.limits.object_database_idle);
  if (at >= next_sweep_) return;
  next_sweep_ = at;
  if (sweeping_) return sweep_sooner_.Set();
  // Named by who becomes idle first.
  sweeping_ = Spawn(CombineHash(object.key(), StableHash("sweep")), "object.sweep", [this] { Sweep(); });
  if (!sweeping_) next_sweep_ = Instant::Infinite();  // the next one to become idle tries again
}

void ObjectDirectory::Sweep() {
  while (!closing_ && live_ > 0) {
    sweep_sooner_.Reset();
    const absl::Status waited = sweep_sooner_.Wait(next_sweep_);
    if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) break;
    const Instant now = services_.scheduler.clock().Now();
    if (next_sweep_ > now) continue;
    // Not more often than this, however many there are.
    next_sweep_ = Instant::Infinite();
    std::vector<LiveObject*> idle;
    for (const auto& [id, entry] : entries_) {
      if (entry.live == nullptr) continue;
      LiveObject& live = *entry.live;
      if (const Instant unused_at = live.last_turn() + code_.limits.object_database_idle; unused_at > now && live.has_database()) {
        next_sweep_ = std::min(next_sweep_, std::max(unused_at, now + code_.limits.object_sweep_interval));
      }
      if (!live.idle()) {
        next_sweep_ = std::min(next_sweep_, now + code_.limits.object_hibernate_after);
        continue;
      }
      const Instant at = live.evict_at();
      if (at <= now || (live.isolate() != nullptr && live.isolate()->condemned() && live.at_rest())) {
        idle.push_back(&live);
      } else {
        next_sweep_ = std::min(next_sweep_, std::max(at, now + code_.limits.object_sweep_interval));
      }
    }
    for (LiveObject* const live : idle) live->Retire();
    // Of those that stay: each is looked at here at least as often as an idle one is evicted.
    databases_.CloseUnused(now - code_.limits.object_database_idle);
  }
  sweeping_ = false;
  next_sweep_ = Instant::Infinite();
}

// --- counts ---

size_t ObjectDirectory::hibernating() const {
  size_t hibernating = 0;
  for (const storage::ObjectKey& id : sockets_->owners()) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.live == nullptr) ++hibernating;
  }
  return hibernating;
}

size_t ObjectDirectory::web_sockets() const { return sockets_->size(); }

// --- what the store says ---

void ObjectDirectory::OnLost(const storage::ObjectKey& id, uint64_t epoch, const absl::Status& why) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.live == nullptr || found->second.live->epoch() != epoch) return;
  found->second.live->OnLost(why);
}

void ObjectDirectory::Report(Severity severity, const LiveObject& object, std::string_view text) {
  services_.log.Write(severity, code_.name, StrCat(object.object_class().name, " ", object.id().id, ": ", text));
}

}  // namespace edge::worker
