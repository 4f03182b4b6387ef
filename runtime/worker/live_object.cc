#include "runtime/worker/live_object.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/object_alarms.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/object_sockets.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/worker.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

LiveObject::LiveObject(ObjectDirectory& directory, const ObjectClass& object_class, storage::ObjectKey id, std::string name, uint64_t key,
                       std::shared_ptr<Breakage> breakage)
    : directory_(directory),
      class_(object_class),
      limits_(directory.code().limits),
      id_(std::move(id)),
      name_(std::move(name)),
      key_(key),
      scheduler_(directory.services().scheduler),
      adversary_(directory.services().adversary),
      observer_(directory.services().objects),
      gate_(scheduler_),
      outbox_(scheduler_, *this),
      constructor_ticket_(gate_.Take(gate::kNoSection)),
      cpu_{limits_.InstructionsOf(limits_.cpu)},
      breakage_(std::move(breakage)),
      last_active_(scheduler_.clock().Now()),
      fibers_(scheduler_) {}

LiveObject::~LiveObject() { EDGE_CHECK(ended_ && owned_ == nullptr && isolate_ == nullptr) << id_.ToString() << " dropped while it runs"; }

// --- the beginning ---

void LiveObject::Activate() {
  const absl::Status spawned = fibers_.SpawnKeyed(CombineHash(key_, 0), scheduler_.CurrentDomain(), "object.activate", [this] {
    if (const absl::Status activated = TryActivate(); !activated.ok()) Break(activated, Stubs::kUsable);
  });
  if (!spawned.ok()) Break(ConnectionLost(), Stubs::kUsable);
}

absl::Status LiveObject::TryActivate() {
  storage::ObjectStore* const store = directory_.store();
  if (store == nullptr) return absl::UnimplementedError("Durable Objects are not available: this node keeps no state.");
  absl::StatusOr<std::unique_ptr<storage::OwnedObject>> owned = store->Activate(id_);
  if (!owned.ok()) {
    if (!ended_)
      directory_.Report(Severity::kError, *this, StrCat("its storage could not be opened: ", std::string(owned.status().message())));
    return absl::IsDataLoss(owned.status()) ? StorageDamaged(id_.id) : StartFailed();
  }
  owned_ = *std::move(owned);
  storage_ = std::make_unique<durable::ObjectStorage>(*owned_);
  found_ = {owned_->txid(), owned_->IsDurable(owned_->committed()) ? 0 : owned_->committed()};
  if (ended_) {
    if (observer_ != nullptr) observer_->OnEnded(id_, epoch());
    return *broken_;
  }
  absl::StatusOr<WorkerIsolate*> isolate = directory_.worker().AcquireForObject(key_);
  if (!isolate.ok()) {
    if (!ended_)
      directory_.Report(Severity::kError, *this, StrCat("no isolate could be started: ", std::string(isolate.status().message())));
    return StartFailed();
  }
  isolate_ = *isolate;
  number_ = isolate_->AddObject(*this);
  if (ended_) return *broken_;
  return Construct(std::move(constructor_ticket_));
}

absl::Status LiveObject::Construct(std::unique_ptr<gate::InputGate::Ticket> ticket) {
  EDGE_RETURN_IF_ERROR(gate_.Wait(*ticket));
  Invocation& invocation = isolate_->NewInvocation(this, CombineHash(key_, 1));
  invocations_.push_back(&invocation);
  absl::Status thrown;
  Failure failure;
  const WorkerIsolate::Entered entered = isolate_->EnterObject(
      invocation, {.ticket = std::move(ticket)},
      [&](duk_context* ctx) { thrown = isolate_->ConstructObject(ctx, *this, has_alarm_handler_); }, failure);
  invocation.over = true;
  if (!thrown.ok()) return thrown;
  if (entered != WorkerIsolate::Entered::kOk) return broken_.has_value() ? *broken_ : StatusOf(failure);
  constructed_ = true;
  return absl::OkStatus();
}

// --- events ---

void LiveObject::Deliver(std::shared_ptr<ObjectEvent> event) {
  if (broken_.has_value()) return event->Fail(*broken_);
  EDGE_CHECK(!ended_);
  if (events_.size() >= limits_.object_events_max) return Refuse(*event, "Too many requests queued.");
  if (waiting_bytes_ + event->bytes() > static_cast<size_t>(limits_.object_events_bytes_max.bytes())) {
    return Refuse(*event, "Too much data queued.");
  }
  if (events_.size() < limits_.object_events_max / 2) overload_reported_ = false;
  last_active_ = scheduler_.clock().Now();
  ++waiting_;
  waiting_bytes_ += event->bytes();
  events_.push_back(event);
  auto ticket = gate_.Take(gate::kNoSection);
  const absl::Status spawned =
      fibers_.SpawnKeyed(CombineHash(event->key, StableHash("event")), scheduler_.CurrentDomain(), "object.event",
                         [this, event, ticket = std::move(ticket)]() mutable { RunEvent(event, std::move(ticket)); });
  if (spawned.ok()) return;
  --waiting_;
  waiting_bytes_ -= event->bytes();
  std::erase(events_, event);
  event->Fail(ConnectionLost());
}

void LiveObject::Refuse(ObjectEvent& event, std::string_view why) {
  if (!std::exchange(overload_reported_, true))
    directory_.Report(Severity::kWarning, *this, StrCat("overloaded, events are refused: ", why));
  event.Fail(WithObjectId(Overloaded(why), id_.id));
}

void LiveObject::RunEvent(const std::shared_ptr<ObjectEvent>& event, std::unique_ptr<gate::InputGate::Ticket> ticket) {
  // While checkpoints do not keep up with what objects write, events wait here: a commit that finds no room resets its object. If there
  // will be none (the last checkpoint failed), they go on, for those that only read.
  if (storage::ObjectStore* const store = directory_.store(); store != nullptr) store->WaitForRoom().IgnoreError();
  const absl::Status in = gate_.Wait(*ticket, scheduler_.clock().Now() + limits_.object_wait_max);
  --waiting_;
  waiting_bytes_ -= event->bytes();
  if (broken_.has_value()) {
    event->Fail(*broken_);
  } else if (absl::IsDeadlineExceeded(in)) {
    Refuse(*event, "Requests queued for too long.");
  } else if (!in.ok()) {
    event->Fail(ConnectionLost());
  } else if (!event->unwanted()) {
    RunBegun(*event, std::move(ticket));
  }
  ticket = nullptr;
  if (!event->answered) event->Fail(broken_.value_or(ConnectionLost()));
  std::erase(events_, event);
  last_active_ = scheduler_.clock().Now();
  directory_.OnQuieter(*this);
}

void LiveObject::RunBegun(ObjectEvent& event, std::unique_ptr<gate::InputGate::Ticket> ticket) {
  DropSpent(4);
  cpu_.instructions = limits_.InstructionsOf(limits_.cpu);
  ConsiderReset(event);
  Invocation& invocation = isolate_->NewInvocation(this, event.key);
  invocation.depth = event.depth();
  invocations_.push_back(&invocation);
  const Duration longest = event.TimeMax(*this);
  const Instant until = longest.IsInfinite() ? Instant::Infinite() : scheduler_.clock().Now() + longest;
  Failure failure;
  const WorkerIsolate::Entered entered = isolate_->EnterObject(
      invocation, {.ticket = std::move(ticket)},
      [&](duk_context* ctx) {
        if (observer_ != nullptr) observer_->OnEvent(id_, epoch(), event.kind());
        directory_.CountEntry(class_);
        isolate_->BeginEvent(ctx, *this, event, invocation);
      },
      failure);
  if (entered == WorkerIsolate::Entered::kFailed) event.Fail(broken_.value_or(StatusOf(failure)));
  // Who has been answered, because the caller has gone, has nothing to wait for: what goes on is the invocation's.
  while (entered == WorkerIsolate::Entered::kOk && !event.settled && !event.answered && (!ended_ || resumes())) {
    event.changed.Reset();
    const absl::Status waited = event.changed.Wait(until);
    if (absl::IsDeadlineExceeded(waited)) event.TakesTooLong(*this);
    if (!waited.ok()) break;
  }
  if (event.settled && !ended_) event.Finish(*this, invocation);
  while (event.settled && !event.answered && !ended_) {
    event.changed.Reset();
    if (!event.changed.Wait().ok()) break;
  }
  isolate_->ForgetEvent(event);
  invocation.over = true;
}

void LiveObject::ConsiderReset(const ObjectEvent& event) {
  const MischiefChoice choice =
      adversary_.Consider("object.reset", event.key, {Mischief::kDelay, Mischief::kFailBefore, Mischief::kFailAfter});
  if (choice.kind == Mischief::kFailBefore) fate_ = Fate::kBeforeCommit;
  if (choice.kind == Mischief::kFailAfter) fate_ = Fate::kAfterCommit;
  if (choice.kind != Mischief::kDelay) return;
  fibers_
      .SpawnKeyed(CombineHash(event.key, StableHash("reset")), scheduler_.CurrentDomain(), "object.reset",
                  [this, delay = choice.delay] {
                    if (scheduler_.SleepFor(delay).ok()) Break(CodeUpdated());
                  })
      .IgnoreError();
}

bool LiveObject::Spent(const Invocation& invocation) {
  return invocation.tasks.size() == 0 && invocation.timers_pending == 0 &&
         std::all_of(invocation.fetches.begin(), invocation.fetches.end(), [](const auto& fetch) { return fetch->over(); });
}

void LiveObject::DropSpent(size_t look_at_most) {
  for (size_t i = 0; i < look_at_most && !invocations_.empty(); ++i) {
    Invocation* const invocation = invocations_.front();
    invocations_.pop_front();
    if (invocation->over && Spent(*invocation)) {
      isolate_->StopWork(*invocation);
      isolate_->CloseWork(*invocation);
      isolate_->DeleteInvocation(*invocation);
    } else {
      invocations_.push_back(invocation);
    }
  }
}

// --- turns ---

bool LiveObject::in_turn() const { return isolate_ != nullptr && isolate_->IsRunning(*this); }

LiveObject::Reveals LiveObject::Now() const {
  return {std::max(found_.txid, confirmed_txid_), std::max(found_.position, storage_ != nullptr ? storage_->confirmed_position() : 0)};
}

gate::Outbox::Effect LiveObject::Watched(gate::Outbox::Effect effect) {
  const bool of_turn = in_turn() && !ended_;
  if (of_turn && reveals_ == nullptr) reveals_ = std::make_shared<Reveals>();
  std::shared_ptr<Reveals> reveals = of_turn ? reveals_ : std::make_shared<Reveals>(Now());
  return [this, reveals = std::move(reveals), effect = std::move(effect)](const absl::Status& status) mutable {
    if (status.ok() && owned_ != nullptr) {
      const bool durable = reveals->position == 0 || owned_->IsDurable(reveals->position);
      observer_->OnReleased(id_, epoch(), reveals->txid,
                            durable ? ObjectObserver::Durability::kDurable : ObjectObserver::Durability::kNotDurable);
    }
    effect(status);
  };
}

void LiveObject::Emit(uint64_t key, gate::Outbox::Effect effect) {
  outbox_.Push(key, observer_ != nullptr ? Watched(std::move(effect)) : std::move(effect));
  if (in_turn() && !ended_) return;
  outbox_.Seal(confirmed());
  outbox_.Flush();
}

void LiveObject::BeginTurn(gate::Section section) {
  section_ = section;
  if (observer_ != nullptr) observer_->OnTurnBegan(id_, epoch(), section);
}

void LiveObject::EndTurn() {
  CommitTurn();
  if (observer_ == nullptr) return;
  if (const std::shared_ptr<Reveals> reveals = std::exchange(reveals_, nullptr)) *reveals = Now();
  observer_->OnTurnEnded(id_, epoch());
}

void LiveObject::CommitTurn() {
  const Fate fate = std::exchange(fate_, Fate::kNone);
  if (fate == Fate::kBeforeCommit) Break(CodeUpdated());
  if (broken_.has_value() && resumes()) return storage_->EndTurn().IgnoreError();
  if (broken_.has_value()) return storage_->Discard();
  if (!storage_->in_savepoint() || !storage_->failure().ok()) {
    const storage::Position confirmed = storage_->confirmed_position();
    const absl::Status committed = storage_->EndTurn();
    if (observer_ != nullptr && storage_->confirmed_position() != confirmed) confirmed_txid_ = owned_->txid();
    if (broken_.has_value()) return;  // while it was being committed
    if (!committed.ok()) {
      if (!IsCrashedOrCancelled(committed)) directory_.Report(Severity::kError, *this, StrCat("reset: ", std::string(committed.message())));
      if (absl::IsDataLoss(committed)) return Break(StorageDamaged(id_.id));
      return Break(absl::IsFailedPrecondition(committed) ? ResetBy(std::string(committed.message())) : StorageFailed());
    }
    if (fate == Fate::kAfterCommit) return Break(CodeUpdated());
  }
  outbox_.Seal(confirmed());
  for (DurableWait& wait : durable_waits_) {
    auto durable = std::make_shared<absl::Status>();
    isolate_->SpawnTask(*wait.invocation,
                        {.label = "storage.sync",
                         .work =
                             [this, durable, position = storage_->last_position()] {
                               *durable = owned_->WaitDurable(position);
                               return true;
                             },
                         .finish = [durable, done = std::move(wait.done)](duk_context* ctx) mutable { done(ctx, *durable); },
                         .way = {.section = section_}});
  }
  durable_waits_.clear();
}

void LiveObject::AfterTurn() {
  last_turn_ = scheduler_.clock().Now();
  if (has_database()) directory_.databases().Touch(*this);
  outbox_.Flush();
  if (!outbox_.empty() || !events_.empty()) return;
  directory_.OnQuieter(*this);
}

// What the activations before this one have committed is part of what it shows.
uint64_t LiveObject::confirmed() const { return storage_ != nullptr ? std::max(found_.position, storage_->confirmed_position()) : 0; }

bool LiveObject::IsDurable(uint64_t position) const {
  if (const Plants* const plants = directory_.services().plants; plants != nullptr && plants->no_output_gate) return true;
  return position == 0 || owned_->IsDurable(position);
}

absl::Status LiveObject::WaitDurable(uint64_t position) { return owned_->WaitDurable(position); }

void LiveObject::OnLost(const absl::Status& why) {
  if (ended_) return;
  directory_.Report(Severity::kError, *this, StrCat("reset: its storage was lost: ", std::string(why.message())));
  Break(StorageFailed());
}

void LiveObject::OnNotDurable(const absl::Status& why) {
  if (!IsCrashedOrCancelled(why))
    directory_.Report(Severity::kError, *this, StrCat("reset: a write did not become durable: ", std::string(why.message())));
  Break(StorageFailed());
}

// --- the end ---

bool LiveObject::resumes() const {
  const Plants* const plants = directory_.services().plants;
  return plants != nullptr && plants->stale_owner_resumes && going_on_;
}

void LiveObject::Break(absl::Status why, Stubs stubs) {
  if (ended_) return;
  ended_ = true;
  if (observer_ != nullptr && owned_ != nullptr) observer_->OnEnded(id_, epoch());
  why = WithObjectId(why, id_.id);
  broken_ = why;
  running_alarm_ = nullptr;
  if (stubs == Stubs::kBroken) breakage_->why = why;
  if (!resumes()) gate_.Break(why);
  outbox_.Break(why);
  // A copy: whoever hears of it may send the next event.
  const std::vector<std::shared_ptr<ObjectEvent>> events = events_;
  for (const std::shared_ptr<ObjectEvent>& event : events) {
    event->Fail(why);
    event->changed.Set();
  }
  for (Invocation* const invocation : invocations_) invocation->progress.Set();
  directory_.sockets().Drop(id_);
  directory_.OnEnded(*this);
}

void LiveObject::Retire() {
  if (ended_) return;
  EDGE_CHECK(events_.empty() && outbox_.empty());
  if (at_rest()) {
    directory_.sockets().Rest(id_);
  } else {
    directory_.sockets().Drop(id_);
  }
  ended_ = true;
  if (observer_ != nullptr) observer_->OnEnded(id_, epoch());
  broken_ = ConnectionLost();  // for what is left of it: timers, tasks
  gate_.Break(*broken_);
  directory_.OnEnded(*this);
}

void LiveObject::End() {
  EDGE_CHECK(ended_);
  // The planted bug: it goes on for a while.
  if (resumes()) scheduler_.SleepFor(Duration::Seconds(10)).IgnoreError();
  going_on_ = false;
  // Not in the middle of its JavaScript: to cancel that would cost the isolate, and with it everybody else who is in there. Whoever comes
  // later is refused.
  if (isolate_ != nullptr) isolate_->WaitForTurnOf(*this);
  for (Invocation* const invocation : invocations_) isolate_->StopWork(*invocation);
  fibers_.Cancel();
  for (const std::shared_ptr<ObjectEvent>& event : events_) event->changed.Set();
  fibers_.Wait();
  for (Invocation* const invocation : invocations_) {
    isolate_->StopWork(*invocation);  // what was made while the others ended
    isolate_->CloseWork(*invocation);
    isolate_->DeleteInvocation(*invocation);
  }
  invocations_.clear();
  durable_waits_.clear();
  constructor_ticket_ = nullptr;
  outbox_.Close();
  if (isolate_ != nullptr) {
    isolate_->RemoveObject(*this);
    directory_.worker().Release(std::exchange(isolate_, nullptr));
  }
  directory_.databases().Forget(*this);
  if (storage_ != nullptr) storage_->Discard();
  storage_ = nullptr;
  owned_ = nullptr;
}

bool LiveObject::idle() const { return constructed_ && !ended_ && events_.empty() && outbox_.empty() && gate_.idle() && exports_ == 0; }

bool LiveObject::may_close_database() const {
  return constructed_ && !ended_ && gate_.idle() && !in_turn() && storage_->may_close_database();
}

bool LiveObject::at_rest() const {
  return idle() && std::all_of(invocations_.begin(), invocations_.end(), [](const Invocation* i) { return Spent(*i); });
}

Instant LiveObject::evict_at() const {
  if (at_rest()) return last_active_ + limits_.object_hibernate_after;
  // Spread, so that objects that came together do not go together.
  const int64_t spread = limits_.object_evict_spread.ToMilliseconds();
  return last_active_ + limits_.object_evict_after +
         Duration::Milliseconds(spread > 0 ? static_cast<int64_t>(MixHash(key_) % static_cast<uint64_t>(spread)) : 0);
}

// --- durable::ObjectHooks ---

absl::Status LiveObject::Access() const {
  if (resumes()) return absl::OkStatus();
  if (broken_.has_value()) return *broken_;
  return owned_->Access();
}

absl::StatusOr<uint64_t> LiveObject::OpenSection() {
  absl::StatusOr<uint64_t> section = gate_.BeginSection(section_);
  if (observer_ != nullptr && section.ok()) observer_->OnSectionOpened(id_, epoch(), *section, section_);
  return section;
}

void LiveObject::RunInSection(uint64_t section, absl::AnyInvocable<void(duk_context*)> body) {
  isolate_->SpawnTask(*isolate_->current_,
                      {.label = "object.section", .finish = std::move(body), .way = {.section = section, .ticket = gate_.Take(section)}});
}

void LiveObject::CloseSection(uint64_t section) {
  if (section_ == section) section_ = gate_.OuterOf(section);
  gate_.EndSection(section);
  if (observer_ != nullptr) observer_->OnSectionClosed(id_, epoch(), section);
  const auto limited = limited_sections_.find(section);
  if (limited == limited_sections_.end()) return;
  limited->second->Set();
  limited_sections_.erase(limited);
}

void LiveObject::LimitSection(uint64_t section, Duration time, absl::AnyInvocable<void(duk_context*)> timed_out) {
  auto closed = std::make_shared<Event>(scheduler_);
  limited_sections_[section] = closed;
  isolate_->SpawnTask(*isolate_->current_,
                      {.label = "object.section_limit",
                       .work = [this, closed, time] { return absl::IsDeadlineExceeded(closed->Wait(scheduler_.clock().Now() + time)); },
                       .finish = std::move(timed_out),
                       .way = {.section = section}});
}

bool LiveObject::SettleLater(std::string_view operation, Concurrency concurrency, absl::AnyInvocable<void(duk_context*)>& settle) {
  if (!in_turn() || ended_) return false;
  Invocation& invocation = *isolate_->current_;
  const uint64_t key = CombineHash(CombineHash(invocation.key, StableHash(operation)), invocation.storage_operations++);
  Duration delay;
  if (const MischiefChoice later = adversary_.Consider("storage.later", key, {Mischief::kDelay}); later.kind == Mischief::kDelay) {
    delay = later.delay;
  } else if (adversary_.Consider("storage.split", key, {Mischief::kDelay}).kind != Mischief::kDelay) {
    return false;
  }
  const Plants* const plants = directory_.services().plants;
  const bool held = concurrency == Concurrency::kGateHeld && (plants == nullptr || !plants->input_gate_hole);
  if (held) gate_.Hold(section_);
  if (observer_ != nullptr && concurrency == Concurrency::kGateHeld) {
    observer_->OnStorageBegan(id_, epoch());
    settle = [this, settle = std::move(settle)](duk_context* ctx) mutable {
      observer_->OnStorageEnded(id_, epoch());
      settle(ctx);
    };
  }
  isolate_->SpawnTask(invocation, {.label = "object.storage",
                                   .work =
                                       [this, delay] {
                                         if (delay > Duration::Zero()) scheduler_.SleepFor(delay).IgnoreError();
                                         return true;
                                       },
                                   .finish = std::move(settle),
                                   .way = {.section = section_, .holds_gate = held}});
  return true;
}

void LiveObject::WhenDurable(absl::AnyInvocable<void(duk_context*, const absl::Status&)> done) {
  durable_waits_.push_back({isolate_->current_, std::move(done)});
}

void LiveObject::DoNotRetryAlarm() {
  if (running_alarm_ != nullptr) running_alarm_->SetRetry(false);
}

void LiveObject::WaitUntil(duk_context* ctx) { isolate_->KeepForErrors(ctx); }

}  // namespace edge::worker
