#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kEventPoint("schedule.event", DecisionKind::kSchedule);
// From so many turns at one instant on, each look at the clock takes a little time: a program that polls must not stop the clock for those
// who could end its wait.
constexpr uint64_t kFreeTurnsAtOneInstant = 10'000;
constexpr Duration kTurnTime = Duration::Milliseconds(1);

}  // namespace

// --- SimClock ---

WallTime SimClock::WallNow() const {
  const WallTime wall = wall_start_ + (now_ - Instant::FromNanoseconds(1'000'000'000));
  if (skews_.empty()) return wall;
  const Domain* const domain = scheduler_->CurrentDomain();
  for (const Skew& skew : skews_) {
    if (skew.domain == domain) return wall + skew.amount;
  }
  return wall;
}

void SimClock::SetSkew(const Domain* domain, Duration skew) {
  ForgetSkew(domain);
  if (skew != Duration::Zero()) skews_.push_back({domain, skew});
}

void SimClock::ForgetSkew(const Domain* domain) {
  std::erase_if(skews_, [domain](const Skew& skew) { return skew.domain == domain; });
}

// --- World ---

World::World(Strategy& strategy, const WorldOptions& options) : limits_(options.limits), clock_(options.wall_start), start_(clock_.Now()) {
  recorder_ = std::make_unique<Recorder>(clock_, options.keep, options.recorder);
  oracle_ = std::make_unique<Oracle>(strategy, *recorder_);
  faults_ = std::make_unique<Faults>(*oracle_, *recorder_, clock_, start_, options.faults);
  order_ = std::make_unique<OracleOrder>(*oracle_);
  Poller& poller = *this;  // a private base: make_unique could not convert
  scheduler_.reset(new Scheduler(clock_, *order_, poller, SchedulerLimits{.pooled_stacks_max = 256}));
  clock_.scheduler_ = scheduler_.get();
  scheduler_->SetTurnObserver(this);
}

World::~World() = default;

absl::Status World::Run(absl::AnyInvocable<void()> body) {
  EDGE_CHECK(failure_.ok()) << "this world has failed: " << failure_;
  EDGE_CHECK_OK(scheduler_->SpawnKeyed(StableHash("world"), nullptr, "world", std::move(body)));
  scheduler_->Run();
  if (failure_.ok()) {
    EDGE_CHECK(scheduler_->live_fibers() == 0);
    events_.clear();
  }
  return failure_;
}

void World::Fail(absl::Status status) {
  if (failure_.ok()) failure_ = std::move(status);
  scheduler_->Stop();
}

void World::Abandon(std::unique_ptr<World> world) {
  // Its fibers hold references into it and their stacks hold objects whose destructors would run seams: nothing of it may be touched again.
  static_cast<void>(world.release());
}

void World::At(Instant when, Key key, absl::AnyInvocable<void()> event) {
  EDGE_CHECK(when >= clock_.Now()) << "an event in the past";
  if (events_.size() >= limits_.events_pending) {
    return Fail(absl::ResourceExhaustedError(StrCat("limit events_pending: ", limits_.events_pending, " events wait at ", Elapsed())));
  }
  events_.push_back({when, next_event_++, key, std::move(event)});
  std::push_heap(events_.begin(), events_.end(), Later);
}

std::string World::Elapsed() const { return StrCat("virtual time +", (clock_.Now() - start_).ToMilliseconds(), " ms"); }

void World::Poll(Instant until) {
  const Instant next = events_.empty() ? Instant::Infinite() : events_.front().when;
  const Instant to = std::min(until, next);
  if (to.IsInfinite()) {
    return Fail(absl::DeadlineExceededError(
        StrCat("every fiber waits for ever and no event is pending (", scheduler_->live_fibers(), " fibers, ", Elapsed(), ")")));
  }
  if (to > clock_.now_) {
    clock_.now_ = to;
    turns_here_ = 0;
    if (clock_.now_ - start_ > limits_.virtual_time) {
      return Fail(absl::ResourceExhaustedError(
          StrCat("limit virtual_time: the run is not over after ", limits_.virtual_time.ToSeconds(), " s of virtual time")));
    }
  } else if (turns_here_ > kFreeTurnsAtOneInstant && to == until) {
    // Somebody yields in a loop.
    clock_.now_ = std::min(clock_.now_ + kTurnTime, next);
  }
  RunDueEvents();
}

void World::RunDueEvents() {
  if (events_.empty() || events_.front().when > clock_.now_) return;
  // Those that are due, in the order the oracle picks. What they schedule for this very instant comes after them, in the next round.
  due_.clear();
  while (!events_.empty() && events_.front().when <= clock_.now_) {
    std::pop_heap(events_.begin(), events_.end(), Later);
    due_.push_back(std::move(events_.back()));
    events_.pop_back();
  }
  while (!due_.empty()) {
    size_t picked = 0;
    if (due_.size() > 1) {
      candidates_.clear();
      for (const Event& event : due_) candidates_.push_back({event.key, 0});
      picked = oracle_->Pick(kEventPoint, candidates_);
    }
    Event event = std::move(due_[picked]);
    due_.erase(due_.begin() + static_cast<ptrdiff_t>(picked));
    ++events_run_;
    scheduler_->SetLoopCause(event.key);
    event.run();
  }
}

void World::AfterTurn(const Turn& turn) {
  Known* const known = turn.domain != nullptr ? Find(turn.domain) : nullptr;
  recorder_->Record({.kind = EventKind::kTurn,
                     .actor = known != nullptr ? known->actor : ActorId::kWorld,
                     .label = turn.label,
                     .key = CombineHash(turn.key, turn.cause)});
  ++turns_;
  if (recorder_->reached_stop()) return Fail(absl::CancelledError("the event at which the run was to stop"));
  if (++turns_here_ > limits_.turns_at_one_instant) {
    return Fail(absl::ResourceExhaustedError(StrCat("limit turns_at_one_instant: livelock: ", limits_.turns_at_one_instant,
                                                    " turns without time passing at ", Elapsed(), "; the last fiber was \"", turn.label,
                                                    "\"", known != nullptr ? StrCat(" of ", NameOf(known->actor)) : std::string())));
  }
  if (turns_ > limits_.turns) {
    return Fail(absl::ResourceExhaustedError(StrCat("limit turns: the run is not over after ", limits_.turns, " turns (", Elapsed(),
                                                    "); the last fiber was \"", turn.label, "\"",
                                                    known != nullptr ? StrCat(" of ", NameOf(known->actor)) : std::string())));
  }
  if (known == nullptr || known->crash == nullptr) return;
  const Key name = CombineHash(turn.key, turn.cause);
  const bool by_number = known->crash_after > 0 && --known->crash_after == 0;
  const bool by_name = known->crash_one_in > 0 && CombineHash(known->crash_salt, name) % known->crash_one_in == 0;
  if (!by_number && !by_name) return;
  absl::AnyInvocable<void()> crash = std::exchange(known->crash, nullptr);
  scheduler_->SetLoopCause(name);
  crash();
}

void World::ChargeInterrupt(ActorId actor) {
  if (++interrupts_ <= limits_.javascript_interrupts) return;
  Fail(absl::ResourceExhaustedError(StrCat("limit javascript_interrupts: JavaScript of ", NameOf(actor), " has computed for ",
                                           limits_.javascript_interrupts, " stretches of 262,144 instructions in this world (", Elapsed(),
                                           "); the last fiber was \"", scheduler_->CurrentLabel(), "\". Does a loop never end?")));
}

World::Known* World::Find(const Domain* domain) {
  for (Known& known : known_) {
    if (known.domain == domain) return &known;
  }
  return nullptr;
}

void World::Announce(const Domain* domain, ActorId actor) {
  EDGE_CHECK(Find(domain) == nullptr);
  known_.push_back({.domain = domain, .actor = actor});
}

void World::Retire(const Domain* domain) {
  clock_.ForgetSkew(domain);
  std::erase_if(known_, [domain](const Known& known) { return known.domain == domain; });
}

void World::CrashAfterTurns(const Domain* domain, uint64_t turns, absl::AnyInvocable<void()> crash) {
  Known* const known = Find(domain);
  EDGE_CHECK(known != nullptr);
  known->crash_after = turns;
  known->crash_one_in = 0;
  known->crash = std::move(crash);
}

void World::CrashAfterTurnOf(const Domain* domain, Key salt, uint64_t one_in, absl::AnyInvocable<void()> crash) {
  Known* const known = Find(domain);
  EDGE_CHECK(known != nullptr && one_in > 0);
  known->crash_after = 0;
  known->crash_one_in = one_in;
  known->crash_salt = salt;
  known->crash = std::move(crash);
}

ActorId World::ActorOf(const Domain* domain) const {
  for (const Known& known : known_) {
    if (known.domain == domain) return known.actor;
  }
  return ActorId::kWorld;
}

const std::string& World::NameOf(ActorId actor) const { return recorder_->actors()[static_cast<size_t>(actor)].name; }

}  // namespace edge::sim
