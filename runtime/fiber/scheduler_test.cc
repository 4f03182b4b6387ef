#include "runtime/fiber/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(Scheduler, RunsFibersInTheOrderOfSpawning) {
  VirtualWorld world;
  std::string order;

  for (char name : {'a', 'b', 'c'}) EDGE_CHECK_OK(world.scheduler.Spawn("f", [&order, name] { order += name; }));
  EXPECT_EQ(order, "");
  world.scheduler.Run();

  EXPECT_EQ(order, "abc");
  EXPECT_EQ(world.scheduler.live_fibers(), 0u);
}

TEST(Scheduler, SleepersWakeByDeadlineAndInTheOrderOfArmingWhenEqual) {
  VirtualWorld world;
  std::string order;
  const Instant start = world.time.Now();

  const auto sleeper = [&](char name, int64_t ms) {
    EDGE_CHECK_OK(world.scheduler.Spawn("s", [&world, &order, name, ms, start] {
      EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(ms)).ok());
      EXPECT_EQ(world.time.Now(), start + Duration::Milliseconds(ms));
      order += name;
    }));
  };
  sleeper('d', 30);
  sleeper('b', 20);
  sleeper('a', 10);
  sleeper('c', 20);
  world.scheduler.Run();

  EXPECT_EQ(order, "abcd");
}

TEST(Scheduler, ASleepIntoThePastReturnsAtOnce) {
  VirtualWorld world;
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.SleepUntil(world.time.Now() - Duration::Seconds(1)).ok());
    EXPECT_EQ(world.time.polls(), 0);
  });
}

TEST(Scheduler, AWakeBeforeTheSuspensionIsNotLost) {
  VirtualWorld world;
  world.Run([&] {
    world.scheduler.Wake(world.scheduler.current());
    world.scheduler.Wake(world.scheduler.current());
    EXPECT_TRUE(world.scheduler.Suspend(Instant::Infinite()).ok());
    // Twice woken is once woken.
    EXPECT_TRUE(absl::IsDeadlineExceeded(world.scheduler.Suspend(DeadlineIn(world.scheduler, Duration::Seconds(1)))));
  });
}

TEST(Scheduler, AWakeDuringAYieldIsNotLost) {
  VirtualWorld world;
  Fiber* fiber = nullptr;
  EDGE_CHECK_OK(world.scheduler.Spawn("yielder", [&] {
    fiber = world.scheduler.current();
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_TRUE(world.scheduler.Suspend(Instant::Infinite()).ok());
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("waker", [&] { world.scheduler.Wake(fiber); }));
  world.scheduler.Run();
  EXPECT_FALSE(world.time.deadlocked());
}

TEST(Scheduler, AWakeAtTheInstantOfTheDeadlineCounts) {
  VirtualWorld world;
  Fiber* sleeper = nullptr;
  absl::Status status;
  const Instant deadline = world.time.Now() + Duration::Seconds(1);
  // Both deadlines fire in one turn; the waker runs first although the sleeper's wait has ended already.
  EDGE_CHECK_OK(world.scheduler.Spawn("waker", [&] {
    EDGE_CHECK_OK(world.scheduler.SleepUntil(deadline));
    world.scheduler.Wake(sleeper);
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("sleeper", [&] {
    sleeper = world.scheduler.current();
    status = world.scheduler.Suspend(deadline);
  }));
  world.scheduler.Run();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Scheduler, AStrayWakeDoesNotShortenASleep) {
  VirtualWorld world;
  Fiber* sleeper = nullptr;
  const Instant start = world.time.Now();
  EDGE_CHECK_OK(world.scheduler.Spawn("sleeper", [&] {
    sleeper = world.scheduler.current();
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(5)).ok());
    EXPECT_EQ(world.time.Now() - start, Duration::Seconds(5));
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("waker", [&] {
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(1)));
    world.scheduler.Wake(sleeper);
  }));
  world.scheduler.Run();
}

TEST(Scheduler, YieldLetsEveryOtherRunnableFiberAndTheOutsideGoFirst) {
  VirtualWorld world;
  std::string order;
  EDGE_CHECK_OK(world.scheduler.Spawn("a", [&] {
    order += "a1 ";
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_EQ(world.time.polls(), 1);
    order += "a2 ";
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("b", [&] {
    order += "b ";
    EDGE_CHECK_OK(world.scheduler.Spawn("c", [&] { order += "c "; }));
  }));
  world.scheduler.Run();
  EXPECT_EQ(order, "a1 b c a2 ");
}

TEST(Scheduler, ABusyReadyListStillPollsTheOutside) {
  VirtualWorld world(SchedulerLimits{.runs_between_polls_max = 10});
  // Each fiber starts the next: the ready list is never empty.
  int left = 1000;
  std::function<void()> step = [&] {
    if (--left > 0) EDGE_CHECK_OK(world.scheduler.Spawn("next", [&] { step(); }));
  };
  EDGE_CHECK_OK(world.scheduler.Spawn("first", [&] { step(); }));
  world.scheduler.Run();
  EXPECT_GE(world.time.polls(), 90);
}

TEST(Scheduler, OneHundredThousandFibersStartAndFinish) {
  VirtualWorld world;
  int64_t sum = 0;
  for (int i = 0; i < 100'000; ++i) EDGE_CHECK_OK(world.scheduler.Spawn("n", [&sum, i] { sum += i; }));
  EXPECT_EQ(world.scheduler.live_fibers(), 100'000u);
  world.scheduler.Run();
  EXPECT_EQ(sum, 4'999'950'000);
}

TEST(Scheduler, ManyFibersSuspendedAtOnce) {
  VirtualWorld world(SchedulerLimits{.stack = ByteCount::KiB(32)});
  int woken = 0;
  for (int i = 0; i < 5'000; ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("n", [&, i] {
      EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(i * 7 % 1000)).ok());
      ++woken;
    }));
  }
  world.scheduler.Run();
  EXPECT_EQ(woken, 5'000);
}

TEST(Scheduler, RefusesMoreFibersThanItsLimit) {
  VirtualWorld world(SchedulerLimits{.fibers_max = 2});
  EXPECT_TRUE(world.scheduler.Spawn("a", [] {}).ok());
  EXPECT_TRUE(world.scheduler.Spawn("b", [] {}).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(world.scheduler.Spawn("c", [] {})));
  world.scheduler.Run();
  EXPECT_TRUE(world.scheduler.Spawn("c", [] {}).ok());
  world.scheduler.Run();
}

TEST(Scheduler, ConsecutiveFibersShareOneStack) {
  VirtualWorld world;
  std::vector<const char*> stacks;
  for (int i = 0; i < 10; ++i) EDGE_CHECK_OK(world.scheduler.Spawn("n", [&] { stacks.push_back(world.scheduler.CurrentStack().low); }));
  world.scheduler.Run();
  for (const char* stack : stacks) EXPECT_EQ(stack, stacks[0]);
}

TEST(Scheduler, TellsAFiberItsStack) {
  VirtualWorld world(SchedulerLimits{.stack = ByteCount::KiB(128)});
  world.Run([&] {
    const StackBounds bounds = world.scheduler.CurrentStack();
    char here = 0;
    EXPECT_EQ(bounds.high - bounds.low, 128 << 10);
    EXPECT_GT(&here, bounds.high - (8 << 10));
    EXPECT_LT(&here, bounds.high);
  });
  EXPECT_EQ(world.scheduler.CurrentStack().low, nullptr);
}

TEST(Scheduler, StopLeavesFibersSuspendedAndRunGoesOn) {
  VirtualWorld world;
  bool done = false;
  EDGE_CHECK_OK(world.scheduler.Spawn("a", [&] {
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(1)));
    world.scheduler.Stop();
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(1)));
    done = true;
  }));
  world.scheduler.Run();
  EXPECT_FALSE(done);
  EXPECT_EQ(world.scheduler.live_fibers(), 1u);
  world.scheduler.Run();
  EXPECT_TRUE(done);
}

TEST(Scheduler, RunReadyRunsWhatIsDueAndNeverPolls) {
  VirtualWorld world;
  int steps = 0;
  EDGE_CHECK_OK(world.scheduler.Spawn("a", [&] {
    ++steps;
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(1)));
    ++steps;
  }));
  world.scheduler.RunReady();
  EXPECT_EQ(steps, 1);
  world.time.Advance(Duration::Seconds(1));
  world.scheduler.RunReady();
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(world.time.polls(), 0);
}

TEST(Scheduler, KeysAreCausal) {
  // The keys of "a" and of what it starts do not depend on what "b" does.
  const auto keys_of_a = [](int other_children) {
    VirtualWorld world;
    std::vector<uint64_t> keys;
    EDGE_CHECK_OK(world.scheduler.Spawn("b", [&world, other_children] {
      for (int i = 0; i < other_children; ++i) EDGE_CHECK_OK(world.scheduler.Spawn("child", [] {}));
    }));
    EDGE_CHECK_OK(world.scheduler.Spawn("a", [&] {
      keys.push_back(world.scheduler.CurrentKey());
      for (const char* label : {"child", "child", "other"}) {
        EDGE_CHECK_OK(world.scheduler.Spawn(label, [&] { keys.push_back(world.scheduler.CurrentKey()); }));
      }
    }));
    world.scheduler.Run();
    return keys;
  };
  const std::vector<uint64_t> keys = keys_of_a(0);
  EXPECT_EQ(keys, keys_of_a(5));
  EXPECT_EQ(std::set<uint64_t>(keys.begin(), keys.end()).size(), 4u);
}

// Picks the youngest and remembers what it was offered.
class LastOrder final : public ReadyOrder {
 public:
  bool WantsToPick() const override { return true; }
  size_t PickNext(std::span<const Candidate> candidates) override {
    offered.emplace_back();
    for (const Candidate& candidate : candidates) offered.back().push_back({candidate.key, candidate.turn});
    return candidates.size() - 1;
  }
  std::vector<std::vector<std::pair<uint64_t, uint64_t>>> offered;  // key and turn
};

TEST(Scheduler, AReadyOrderDecidesAmongAllThatIsRunnable) {
  LastOrder order;
  VirtualWorld world(order, {});
  std::string ran;
  for (char name : {'a', 'b', 'c'}) EDGE_CHECK_OK(world.scheduler.SpawnKeyed(name, nullptr, "f", [&ran, name] { ran += name; }));
  world.scheduler.Run();
  EXPECT_EQ(ran, "cba");
  // A single runnable fiber is no choice.
  EXPECT_EQ(order.offered, (std::vector<std::vector<std::pair<uint64_t, uint64_t>>>{{{'a', 0}, {'b', 0}, {'c', 0}}, {{'a', 0}, {'b', 0}}}));
}

class CountingObserver final : public TurnObserver {
 public:
  void AfterTurn(const Turn& turn) override {
    seen += std::string(turn.label) + (turn.domain != nullptr ? "@" + turn.domain->name() : "") + " ";
  }
  std::string seen;
};

// What names the turns of `watched` when it is woken by an event of the loop, while another fiber is woken now and then.
std::vector<uint64_t> CausesOf(std::string_view watched, int unrelated_wakes) {
  class Observer final : public TurnObserver {
   public:
    explicit Observer(std::string_view label) : label_(label) {}
    void AfterTurn(const Turn& turn) override {
      if (turn.label == label_) causes.push_back(turn.cause);
    }
    std::vector<uint64_t> causes;

   private:
    const std::string_view label_;
  } observer(watched);
  VirtualWorld world;
  world.scheduler.SetTurnObserver(&observer);
  EDGE_CHECK_OK(world.scheduler.SpawnKeyed(1, nullptr, "watched", [&] {
    for (int i = 0; i < 3; ++i) EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(10)));
    EDGE_CHECK_OK(world.scheduler.Yield());
  }));
  EDGE_CHECK_OK(world.scheduler.SpawnKeyed(2, nullptr, "other", [&] {
    for (int i = 0; i < unrelated_wakes; ++i) EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(7)));
  }));
  world.scheduler.Run();
  return observer.causes;
}

TEST(Scheduler, ATurnIsNamedByWhatCausedItNotByACount) {
  const std::vector<uint64_t> causes = CausesOf("watched", 0);
  EXPECT_EQ(causes.size(), 5u);
  EXPECT_EQ(std::set<uint64_t>(causes.begin(), causes.end()).size(), 5u);
  EXPECT_EQ(causes, CausesOf("watched", 4));
}

TEST(Scheduler, AnObserverIsToldOfEveryTurnAfterIt) {
  VirtualWorld world;
  CountingObserver observer;
  world.scheduler.SetTurnObserver(&observer);
  Domain node(world.scheduler, "node");
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&node, "sleeper", [&world] {
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(1)));
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(2)));
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("short", [] {}));
  world.scheduler.Run();
  EXPECT_EQ(observer.seen, "sleeper@node short sleeper@node sleeper@node ");
}

TEST(Scheduler, AReadyOrderDecidesAmongTimersOfOneInstant) {
  LastOrder order;
  VirtualWorld world(order, {});
  std::string ran;
  for (char name : {'a', 'b', 'c'}) {
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(name, nullptr, "f", [&world, &ran, name] {
      EDGE_CHECK_OK(world.scheduler.SleepUntil(Instant::FromNanoseconds(5'000'000'000)));
      ran += name;
    }));
  }
  world.scheduler.Run();
  // They armed in the order c, b, a; the last of those goes first.
  EXPECT_EQ(ran, "abc");
}

TEST(Scheduler, AnExceptionMayBeCaughtAcrossASuspension) {
  VirtualWorld world;
  std::string seen;
  for (const char* text : {"one", "two"}) {
    EDGE_CHECK_OK(world.scheduler.Spawn("thrower", [&world, &seen, text] {
      try {
        throw std::runtime_error(text);
      } catch (const std::exception& error) {
        EDGE_CHECK_OK(world.scheduler.Yield());
        seen += error.what();
      }
      EXPECT_EQ(std::current_exception(), nullptr);
    }));
  }
  world.scheduler.Run();
  EXPECT_EQ(seen, "onetwo");
}

TEST(SchedulerDeathTest, AnExceptionThatLeavesAFiberIsABug) {
  EXPECT_DEATH(
      {
        VirtualWorld world;
        world.Run([] { throw std::runtime_error("boom"); });
      },
      "an exception left fiber \"test\": boom");
}

TEST(SchedulerDeathTest, OverflowingAStackMeetsTheGuard) {
  EXPECT_DEATH(
      {
        VirtualWorld world;
        world.Run([&] {
          volatile char* low = world.scheduler.CurrentStack().low;
          low[0] = 1;
          low[-1] = 1;
        });
      },
      "");
}

RC_GTEST_PROP(Scheduler, SleepersWakeInTheOrderOfTheirDeadlines, ()) {
  const auto delays = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 50));
  VirtualWorld world(SchedulerLimits{.stack = ByteCount::KiB(32)});
  std::vector<std::pair<int, size_t>> woken;
  for (size_t i = 0; i < delays.size(); ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("s", [&, i] {
      EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Microseconds(delays[i])));
      woken.emplace_back(delays[i], i);
    }));
  }
  world.scheduler.Run();
  RC_ASSERT(woken.size() == delays.size());
  RC_ASSERT(std::is_sorted(woken.begin(), woken.end()));
}

}  // namespace
}  // namespace edge
