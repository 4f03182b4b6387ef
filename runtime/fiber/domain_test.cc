#include "runtime/fiber/domain.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(Domain, ACrashEndsEveryWaitInTheOrderOfKeys) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node1#1");
  std::vector<uint64_t> ended;
  std::set<uint64_t> keys;
  for (uint64_t i = 1; i <= 40; ++i) {
    const uint64_t key = i * 7919 % 41;  // each of 1..40 once, not in order
    keys.insert(key);
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(key, &domain, "f", [&, key] {
      // Every state a fiber can be in: asleep, waiting for ever, yielding, never run.
      absl::Status status;
      if (key % 4 == 0) status = world.scheduler.SleepFor(Duration::Seconds(100));
      if (key % 4 == 1) status = world.scheduler.Suspend(Instant::Infinite());
      while (key % 4 == 2 && status.ok()) status = world.scheduler.Yield();
      if (key % 4 == 3) status = world.scheduler.SleepFor(Duration::Zero());
      if (key % 4 == 3 && status.ok()) status = world.scheduler.Suspend(Instant::Infinite());
      EXPECT_TRUE(IsCrashed(status)) << status;
      EXPECT_TRUE(IsCrashed(world.scheduler.Yield()));
      ended.push_back(world.scheduler.CurrentKey());
    }));
  }
  EDGE_CHECK_OK(world.scheduler.Spawn("killer", [&] {
    EXPECT_EQ(domain.size(), 40u);
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(100, &domain, "never run", [&] { ended.push_back(100); }));
    domain.Crash();
    EXPECT_TRUE(domain.Wait().ok());
    EXPECT_EQ(domain.size(), 0u);
  }));
  keys.insert(100);
  world.scheduler.Run();
  EXPECT_EQ(ended, std::vector<uint64_t>(keys.begin(), keys.end()));
}

// A ready fiber that a crash or a pause puts behind others has another turn, by name: a recorded choice is about one of the two.
TEST(Domain, ACrashOrAPauseRenamesTheTurnsOfThoseThatWereReady) {
  class Names final : public ReadyOrder {
   public:
    bool WantsToPick() const override { return true; }
    size_t PickNext(std::span<const Candidate> candidates) override {
      for (const Candidate& candidate : candidates) {
        if (candidate.key == 7) offered.insert(candidate.turn);
      }
      return 0;
    }
    std::set<uint64_t> offered;
  };
  const auto names_when = [](const std::function<void(Domain&)>& trouble) {
    Names order;
    VirtualWorld world(order, {});
    Domain domain(world.scheduler, "node1#1");
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(1, nullptr, "first", [] {}));
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(2, nullptr, "trouble", [&] { trouble(domain); }));
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(7, &domain, "ready", [] {}));
    EDGE_CHECK_OK(world.scheduler.SpawnKeyed(8, nullptr, "last", [] {}));
    world.scheduler.Run();
    return order.offered.size();
  };
  EXPECT_EQ(names_when([](Domain&) {}), 1u);
  EXPECT_EQ(names_when([](Domain& domain) { domain.Crash(); }), 2u);
  EXPECT_EQ(names_when([](Domain& domain) {
              domain.Pause();
              domain.Resume();
            }),
            2u);
}

TEST(Domain, ReachesDescendantsAndNobodyElse) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  absl::Status child;
  absl::Status stranger;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "parent", [&] {
    EXPECT_EQ(world.scheduler.CurrentDomain(), &domain);
    EDGE_CHECK_OK(world.scheduler.Spawn("child", [&] { child = world.scheduler.SleepFor(Duration::Seconds(10)); }));
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("stranger", [&] { stranger = world.scheduler.SleepFor(Duration::Seconds(10)); }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(1)).ok());
    domain.Crash();
    EXPECT_TRUE(domain.crashed());
    EXPECT_TRUE(IsCrashed(world.scheduler.SpawnIn(&domain, "late", [] {})));
  });
  EXPECT_TRUE(IsCrashed(child)) << child;
  EXPECT_TRUE(stranger.ok()) << stranger;
}

TEST(Domain, AMemberMayCrashItsOwnDomainAndRunsToItsEnd) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  bool ended = false;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "suicide", [&] {
    domain.Crash();
    EXPECT_TRUE(IsCrashed(world.scheduler.Yield()));
    ended = true;
  }));
  world.scheduler.Run();
  EXPECT_TRUE(ended);
}

TEST(Domain, LocksAreReleasedOnTheWayOut) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  FiberMutex mutex(world.scheduler);
  bool stranger_got_it = false;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "holder", [&] {
    EXPECT_TRUE(mutex.Lock().ok());
    EXPECT_TRUE(IsCrashed(world.scheduler.SleepUntil(Instant::Infinite())));
    mutex.Unlock();
  }));
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "waiter", [&] { EXPECT_TRUE(IsCrashed(mutex.Lock())); }));
  EDGE_CHECK_OK(world.scheduler.Spawn("stranger", [&] {
    EXPECT_TRUE(mutex.Lock().ok());
    stranger_got_it = true;
    mutex.Unlock();
  }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.Yield().ok());
    domain.Crash();
  });
  EXPECT_TRUE(stranger_got_it);
  EXPECT_FALSE(mutex.held());
}

TEST(Domain, APausedDomainStandsStillWhileTimePasses) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  std::string seen;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "member", [&] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(10)).ok());
      seen += std::to_string((world.time.Now() - Instant::FromNanoseconds(1'000'000'000)).ToMilliseconds()) + " ";
    }
  }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(15)).ok());
    domain.Pause();
    EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "born while paused", [&] { seen += "born "; }));
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(85)).ok());
    EXPECT_EQ(seen, "10 ");
    domain.Resume();
  });
  // The deadline at 20 ms passed during the pause and takes effect after it.
  EXPECT_EQ(seen, "10 born 100 110 ");
}

TEST(Domain, AYieldingMemberIsPausedToo) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  int turns = 0;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "spinner", [&] {
    while (world.scheduler.Yield().ok()) ++turns;
  }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.Yield().ok());
    domain.Pause();
    const int before = turns;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_LE(turns, before + 1);  // one that was already on its way
    domain.Crash();                // a crash ends the pause: members run to their ends
  });
  EXPECT_EQ(domain.size(), 0u);
}

TEST(Domain, ACrashAfterTheWakeStillCounts) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  Event event(world.scheduler);
  absl::Status status;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "waiter", [&] { status = event.Wait(); }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.Yield().ok());
    event.Set();
    domain.Crash();
  });
  EXPECT_TRUE(IsCrashed(status)) << status;
}

TEST(Domain, CrashOutranksCancellation) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  absl::Status status;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "root", [&] {
    TaskGroup group(world.scheduler);
    EDGE_CHECK_OK(group.Spawn("member", [&] { status = world.scheduler.SleepUntil(Instant::Infinite()); }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    domain.Crash();
    group.Cancel();
    group.Wait();
  }));
  world.scheduler.Run();
  EXPECT_TRUE(IsCrashed(status)) << status;
}

}  // namespace
}  // namespace edge
