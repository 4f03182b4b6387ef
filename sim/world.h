// World: virtual time, and everything that one simulated run shares.
//
// One process, one thread, one scheduler: the nodes, clients and outside services of a run are fibers in it. When no fiber can run, time
// jumps to the next event or deadline. Events (a byte arriving, an episode beginning) are callbacks at an instant; those of one instant run
// in the order that the oracle picks, and so do fibers that are runnable at once. Microtasks inside an isolate are never reordered.
//
//   At(instant, key, callback) --> event queue --Poll--> callback --> Wake(fiber) --> turn --> AfterTurn: hash, limits, crash points
//
// The world owns clock, recorder, oracle, faults and scheduler; machines, network and disks stand on it (machine.h, network.h, disk.h).
#ifndef EDGE_SIM_WORLD_H_
#define EDGE_SIM_WORLD_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/seam/clock.h"
#include "sim/fault/faults.h"
#include "sim/oracle/oracle.h"
#include "sim/record/recorder.h"

namespace edge::sim {

// Reaching one ends the run with kResourceExhausted, naming the limit and what was running.
struct WorldLimits {
  Duration virtual_time = Duration::Seconds(7 * 24 * 3600);
  uint64_t turns = 50'000'000;
  uint64_t turns_at_one_instant = 1'000'000;  // livelock: fibers that only wait for each other without time passing
  size_t events_pending = 4'000'000;
  uint64_t javascript_interrupts = 1'500;  // of about 262,000 instructions each: some seconds of computing, all isolates together
};

struct WorldOptions {
  Keep keep = Keep::kHash;
  FaultOptions faults;
  WorldLimits limits;
  WallTime wall_start = WallTime::FromUnixMilliseconds(1'790'000'000'000);  // the calendar at the start of every world
  RecorderLimits recorder;
};

// Virtual time. Monotonic time is the same everywhere in a world; the calendar is each machine's own.
class SimClock final : public Clock {
 public:
  explicit SimClock(WallTime wall_start) : wall_start_(wall_start) {}
  Instant Now() const override { return now_; }
  // That of the machine whose fiber runs; without one, the true calendar.
  WallTime WallNow() const override;

  // How far the calendar of a machine is off, by domain. Looked up on each reading; a few entries.
  void SetSkew(const Domain* domain, Duration skew);
  void ForgetSkew(const Domain* domain);

 private:
  friend class World;
  struct Skew {
    const Domain* domain;
    Duration amount;
  };
  const WallTime wall_start_;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  const Scheduler* scheduler_ = nullptr;  // set once by the world
  std::vector<Skew> skews_;
};

class World final : private Poller, private TurnObserver {
 public:
  // `strategy` is borrowed. Draws the fault plan.
  World(Strategy& strategy, const WorldOptions& options);
  ~World() override;  // REQUIRES: no fiber lives (Run has returned)
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Runs `body` on a fiber outside of every domain, and everything that it starts, to the end; called from the loop's own stack, once or
  // several times. Pending events are dropped at the end of the last fiber. kResourceExhausted: a limit was reached; kDeadlineExceeded:
  // every fiber waits for ever and no event is pending (the text lists them); kCancelled: the recorder's stop event was reached. After an
  // error the world cannot be used any more, except for its recorder, and must be abandoned: Abandon.
  absl::Status Run(absl::AnyInvocable<void()> body);
  // After an error of Run fibers are still suspended in here, and their stacks hold objects of this world: leaks it whole, so that the
  // process can report and go on.
  static void Abandon(std::unique_ptr<World> world);

  // Calls `event` from the loop at `when` (not in the past). `key` is causal; `label` a literal. It must not suspend.
  void At(Instant when, Key key, absl::AnyInvocable<void()> event);
  void After(Duration delay, Key key, absl::AnyInvocable<void()> event) { At(clock_.Now() + delay, key, std::move(event)); }

  Scheduler& scheduler() { return *scheduler_; }
  const SimClock& clock() const { return clock_; }
  SimClock& clock() { return clock_; }
  Oracle& oracle() { return *oracle_; }
  Faults& faults() { return *faults_; }
  Recorder& recorder() { return *recorder_; }
  ReadyOrder& order() { return *order_; }
  Instant now() const { return clock_.Now(); }
  Instant start() const { return start_; }

  // JavaScript of `actor` has run for another stretch of instructions without a break.
  void ChargeInterrupt(ActorId actor);

  // --- for machines ---
  // A domain's turns are recorded under its actor.
  void Announce(const Domain* domain, ActorId actor);
  void Retire(const Domain* domain);
  // Between any two turns is a point where a node may die. Calls `crash` from the loop after so many more turns of the domain (at least 1);
  // a later call of either function replaces an earlier one, null takes it back.
  void CrashAfterTurns(const Domain* domain, uint64_t turns, absl::AnyInvocable<void()> crash);
  // The same after the first turn of those, one in `one_in`, that are chosen by `salt` and the turn's causal name: which one it is does not
  // depend on how many there were before it.
  void CrashAfterTurnOf(const Domain* domain, Key salt, uint64_t one_in, absl::AnyInvocable<void()> crash);
  ActorId ActorOf(const Domain* domain) const;

  const std::string& NameOf(ActorId actor) const;

  uint64_t turns() const { return turns_; }
  uint64_t events_run() const { return events_run_; }

 private:
  struct Event {
    Instant when;
    uint64_t sequence;  // order of scheduling
    Key key;
    absl::AnyInvocable<void()> run;
  };
  struct Known {
    const Domain* domain;
    ActorId actor;
    uint64_t crash_after = 0;   // turns; 0: not by number
    uint64_t crash_one_in = 0;  // 0: not by name
    Key crash_salt = 0;
    absl::AnyInvocable<void()> crash;
  };

  static bool Later(const Event& a, const Event& b) { return a.when != b.when ? a.when > b.when : a.sequence > b.sequence; }
  std::string Elapsed() const;

  void Poll(Instant until) override;
  void AfterTurn(const Turn& turn) override;
  void RunDueEvents();
  void Fail(absl::Status status);
  Known* Find(const Domain* domain);

  const WorldLimits limits_;
  SimClock clock_;
  const Instant start_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Oracle> oracle_;
  std::unique_ptr<Faults> faults_;
  std::unique_ptr<OracleOrder> order_;
  std::unique_ptr<Scheduler> scheduler_;

  std::vector<Event> events_;  // a heap by (when, sequence)
  std::vector<Event> due_;     // scratch: those of one instant
  std::vector<Candidate> candidates_;
  uint64_t next_event_ = 0;
  std::vector<Known> known_;  // few
  uint64_t turns_ = 0;
  uint64_t turns_here_ = 0;  // at this instant
  uint64_t events_run_ = 0;
  uint64_t interrupts_ = 0;
  absl::Status failure_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_WORLD_H_
