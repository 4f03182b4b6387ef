// VirtualTime: a clock and a poller for tests, and for what a simulation runs aside: when nothing is runnable, time jumps to the next
// deadline.
//
// Nothing ever comes from outside, so waiting for ever is a deadlock: the run is stopped and deadlocked() says so.
#ifndef EDGE_RUNTIME_FIBER_VIRTUAL_TIME_H_
#define EDGE_RUNTIME_FIBER_VIRTUAL_TIME_H_

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/fiber/scheduler.h"

namespace edge {

class VirtualTime final : public Clock, public Poller {
 public:
  Instant Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime::FromUnixNanoseconds(now_.ToNanoseconds()); }
  void Advance(Duration duration) { now_ = now_ + duration; }

  void Poll(Instant until) override {
    ++polls_;
    if (until.IsInfinite()) {
      deadlocked_ = true;
      scheduler_->Stop();
    } else {
      now_ = std::max(now_, until);
    }
  }

  // Whom to stop in a deadlock; set right after its construction.
  void set_scheduler(Scheduler* scheduler) { scheduler_ = scheduler; }
  bool deadlocked() const { return deadlocked_; }
  int polls() const { return polls_; }

 private:
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  Scheduler* scheduler_ = nullptr;
  bool deadlocked_ = false;
  int polls_ = 0;
};

// A scheduler in virtual time.
struct VirtualWorld {
  explicit VirtualWorld(SchedulerLimits limits = {}) : scheduler(time, fifo, time, limits) { time.set_scheduler(&scheduler); }
  VirtualWorld(ReadyOrder& order, SchedulerLimits limits) : scheduler(time, order, time, limits) { time.set_scheduler(&scheduler); }

  // Runs `body` as a fiber, with all that it starts, to the end.
  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler.Spawn("test", std::move(body)));
    scheduler.Run();
    EDGE_CHECK(!time.deadlocked()) << "every fiber waits for ever";
  }

  VirtualTime time;
  FifoOrder fifo;
  Scheduler scheduler;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_VIRTUAL_TIME_H_
