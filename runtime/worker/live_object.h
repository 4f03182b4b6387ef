// LiveObject: one activation of one Durable Object: its storage, its gates, its instance in an isolate, the events that are in it.
//
//   ObjectDirectory::Deliver --> Deliver: a ticket of the input gate, a fiber of its own for the event
//     turn: gate --> isolate's lock --> JavaScript, microtasks --> ObjectStorage::EndTurn (commit) --> lock, gate given back
//           --> the outbox: what the turn has to say leaves when that commit is durable
//
// The constructor is the first event. All events share one input/output context: timers, tasks and fetches belong to the object and outlive
// the event that started them. It ends in one of two ways, once: Evict (it was idle, nothing is lost but memory), or Break (a reset: a
// limit, a failed commit, ctx.abort): everybody who waits gets the reason, nothing that is held leaves, and the next event finds a new
// activation. JavaScript of a broken one may still come to the end of its turn; nothing it does has any effect. Contract: contract sheet 3.
#ifndef EDGE_RUNTIME_WORKER_LIVE_OBJECT_H_
#define EDGE_RUNTIME_WORKER_LIVE_OBJECT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/durable/object_hooks.h"
#include "runtime/durable/object_storage.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/gate/input_gate.h"
#include "runtime/gate/outbox.h"
#include "runtime/js/isolate.h"
#include "runtime/seam/adversary.h"
#include "runtime/worker/invocation.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/object_observer.h"
#include "runtime/worker/open_databases.h"
#include "runtime/worker/worker_code.h"
#include "storage/store/object_store.h"

namespace edge::worker {

class AlarmEvent;
class ObjectDirectory;
class WorkerIsolate;

// Why every stub that has reached an activation is broken from now on; none: it is not.
struct Breakage {
  std::optional<absl::Status> why;
};

class LiveObject final : public durable::ObjectHooks, private gate::Durability {
 public:
  // `directory` and `object_class` are borrowed. `key` is causal. On a fiber of the directory: what the object starts ends with it.
  LiveObject(ObjectDirectory& directory, const ObjectClass& object_class, storage::ObjectKey id, std::string name, uint64_t key,
             std::shared_ptr<Breakage> breakage);
  ~LiveObject() override;  // REQUIRES: End has returned

  // Takes the object's storage and an isolate, and runs the constructor. What goes wrong breaks the object. Once. MAY SUSPEND.
  void Activate();
  // One more event. Does not suspend.
  void Deliver(std::shared_ptr<ObjectEvent> event);
  // Ends it because of `why`. `sticky`: for stubs too. Does nothing if it has ended already. Does not suspend.
  enum class Stubs : uint8_t { kUsable, kBroken };
  void Break(absl::Status why, Stubs stubs = Stubs::kBroken);
  // Its storage is no longer the truth.
  void OnLost(const absl::Status& why);
  // Nothing new comes in; the directory forgets it. REQUIRES: no events.
  void Retire();
  // Waits until nothing of it runs, and gives everything back. REQUIRES: Break or Retire. MAY SUSPEND.
  void End();

  // An effect of the turn that is running: see gate::Outbox. Called outside of the object's turns it counts as a turn of its own.
  void Emit(uint64_t key, gate::Outbox::Effect effect);

  // --- for the isolate ---
  durable::ObjectNumber number() const { return number_; }
  gate::InputGate& gate() { return gate_; }
  gate::Section section() const { return section_; }
  js::CpuBudget& cpu() { return cpu_; }
  void BeginTurn(gate::Section section);
  // Commits. With the isolate's lock held. MAY SUSPEND.
  void EndTurn();
  // After the lock and the gate have been given back.
  void AfterTurn();
  // Exported values keep it.
  void AddExport() { ++exports_; }
  void DropExport() { --exports_; }

  // --- for the directory ---
  const storage::ObjectKey& id() const { return id_; }
  const ObjectClass& object_class() const { return class_; }
  uint64_t key() const { return key_; }
  const WorkerLimits& limits() const { return limits_; }
  uint64_t epoch() const { return owned_ != nullptr ? owned_->epoch() : 0; }
  bool ended() const { return ended_; }
  // May it run JavaScript? Not once it has ended.
  bool refuses() const { return ended_ && !resumes(); }
  const std::optional<absl::Status>& broken() const { return broken_; }
  size_t waiting() const { return waiting_; }
  size_t waiting_bytes() const { return waiting_bytes_; }
  // No event is in it or on its way out, and nobody holds anything that it has given away.
  bool idle() const;
  // ... and nothing would be lost but memory: it may hibernate.
  bool at_rest() const;
  // Of the last event.
  Instant last_active() const { return last_active_; }
  // When the sweeper has to look at it again, if nothing happens.
  Instant evict_at() const;
  WorkerIsolate* isolate() { return isolate_; }
  // Its database is open.
  bool has_database() const { return storage_ != nullptr && storage_->has_database(); }
  // No turn is in the middle, and closing it would not be noticed.
  bool may_close_database() const;
  // REQUIRES: may_close_database.
  void CloseDatabase() { storage_->CloseDatabase(); }
  // Of the last turn.
  // A message of a WebSocket that it has accepted itself: as good a sign of life as an event.
  void OnMessage() { last_active_ = scheduler_.clock().Now(); }
  Instant last_turn() const { return last_turn_; }
  ObjectDirectory& directory() { return directory_; }

  // The alarm whose handler runs; null: none does.
  void SetRunningAlarm(AlarmEvent* alarm) { running_alarm_ = alarm; }

  // durable::ObjectHooks
  std::string_view IdHex() const override { return id_.id; }
  std::string_view Name() const override { return name_; }
  absl::Status Access() const override;
  durable::ObjectStorage& Storage() override { return *storage_; }
  bool HasAlarmHandler() const override { return has_alarm_handler_; }
  absl::StatusOr<uint64_t> OpenSection() override;
  void RunInSection(uint64_t section, absl::AnyInvocable<void(duk_context*)> body) override;
  void CloseSection(uint64_t section) override;
  void LimitSection(uint64_t section, Duration time, absl::AnyInvocable<void(duk_context*)> timed_out) override;
  bool SettleLater(std::string_view operation, Concurrency concurrency, absl::AnyInvocable<void(duk_context*)>& settle) override;
  void WhenDurable(absl::AnyInvocable<void(duk_context*, const absl::Status&)> done) override;
  void DoNotRetryAlarm() override;
  void Reset(absl::Status why) override { Break(std::move(why)); }
  void WaitUntil(duk_context* ctx) override;

 private:
  friend class WorkerIsolate;
  friend class OpenDatabases;

  absl::Status TryActivate();
  void CommitTurn();
  // What an effect that leaves now may reveal.
  struct Reveals {
    uint64_t txid = 0;
    storage::Position position = 0;
  };
  Reveals Now() const;
  gate::Outbox::Effect Watched(gate::Outbox::Effect effect);
  absl::Status Construct(std::unique_ptr<gate::InputGate::Ticket> ticket);
  void RunEvent(const std::shared_ptr<ObjectEvent>& event, std::unique_ptr<gate::InputGate::Ticket> ticket);
  void RunBegun(ObjectEvent& event, std::unique_ptr<gate::InputGate::Ticket> ticket);
  // Plants::stale_owner_resumes.
  bool resumes() const;
  // Up to where outputs have to wait.
  uint64_t confirmed() const;
  void Refuse(ObjectEvent& event, std::string_view why);
  void ConsiderReset(const ObjectEvent& event);
  // Invocations of events that are over and have left nothing behind.
  void DropSpent(size_t look_at_most);
  static bool Spent(const Invocation& invocation);
  bool in_turn() const;

  // gate::Durability
  bool IsDurable(uint64_t position) const override;
  absl::Status WaitDurable(uint64_t position) override;
  void OnNotDurable(const absl::Status& why) override;

  ObjectDirectory& directory_;
  const ObjectClass& class_;
  const WorkerLimits& limits_;
  const storage::ObjectKey id_;
  const std::string name_;
  const uint64_t key_;
  Scheduler& scheduler_;
  Adversary& adversary_;
  ObjectObserver* const observer_;  // null: nobody

  std::unique_ptr<storage::OwnedObject> owned_;      // null until Activate got it, and after End
  std::unique_ptr<durable::ObjectStorage> storage_;  // with it
  WorkerIsolate* isolate_ = nullptr;                 // acquired; likewise
  durable::ObjectNumber number_ = 0;
  gate::InputGate gate_;
  gate::Outbox outbox_;
  std::unique_ptr<gate::InputGate::Ticket> constructor_ticket_;  // taken before any event's
  gate::Section section_ = gate::kNoSection;                     // of the turn that is running
  js::CpuBudget cpu_;                                            // since the last event came in
  bool has_alarm_handler_ = false;
  AlarmEvent* running_alarm_ = nullptr;
  bool constructed_ = false;

  bool ended_ = false;    // broken or retired
  bool going_on_ = true;  // with Plants::stale_owner_resumes: it has not really ended yet
  std::optional<absl::Status> broken_;
  const std::shared_ptr<Breakage> breakage_;
  enum class Fate : uint8_t { kNone, kBeforeCommit, kAfterCommit } fate_ = Fate::kNone;  // what an adversary wants of this turn

  std::vector<std::shared_ptr<ObjectEvent>> events_;  // in it, begun or not, in the order of coming
  size_t waiting_ = 0;                                // of them, not begun
  size_t waiting_bytes_ = 0;
  bool overload_reported_ = false;
  std::deque<Invocation*> invocations_;  // of events, oldest first; owned by the isolate
  std::map<uint64_t, std::shared_ptr<Event>> limited_sections_;
  struct DurableWait {
    Invocation* invocation;
    absl::AnyInvocable<void(duk_context*, const absl::Status&)> done;
  };
  std::vector<DurableWait> durable_waits_;  // of the turn that is running
  // What the activation began with: commits of earlier ones, which may not be durable yet.
  Reveals found_;
  // For the observer alone.
  uint64_t confirmed_txid_ = 0;       // of its last commit that outputs wait for
  std::shared_ptr<Reveals> reveals_;  // of the effects of the turn that is running
  size_t exports_ = 0;
  Instant last_active_;
  Instant last_turn_;
  OpenDatabases::Place place_;
  TaskGroup fibers_;  // of events
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_LIVE_OBJECT_H_
