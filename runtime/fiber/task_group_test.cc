#include "runtime/fiber/task_group.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(TaskGroup, WaitOutlastsEveryMember) {
  VirtualWorld world;
  world.Run([&] {
    int done = 0;
    TaskGroup group(world.scheduler);
    for (int i = 0; i < 10; ++i) {
      EDGE_CHECK_OK(group.Spawn("m", [&, i] {
        EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(i)).ok());
        // Members may start further members.
        EDGE_CHECK_OK(group.Spawn("n", [&] { ++done; }));
      }));
    }
    EXPECT_EQ(group.size(), 10u);
    group.Wait();
    EXPECT_EQ(done, 10);
    EXPECT_EQ(group.size(), 0u);
  });
}

TEST(TaskGroup, CancelEndsEveryWaitNowAndLater) {
  VirtualWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    std::string ends;
    for (char name : {'a', 'b'}) {
      EDGE_CHECK_OK(group.Spawn("m", [&, name] {
        EXPECT_TRUE(absl::IsCancelled(world.scheduler.SleepFor(Duration::Seconds(1000))));
        EXPECT_TRUE(absl::IsCancelled(world.scheduler.Yield()));
        EXPECT_TRUE(absl::IsCancelled(world.scheduler.Suspend(Instant::Infinite())));
        EXPECT_TRUE(absl::IsCancelled(world.scheduler.CheckAlive()));
        ends += name;
      }));
    }
    EXPECT_TRUE(world.scheduler.Yield().ok());
    group.Cancel();
    group.Cancel();
    EXPECT_TRUE(group.cancelled());
    EXPECT_TRUE(absl::IsCancelled(group.Spawn("late", [] {})));
    group.Wait();
    EXPECT_EQ(ends, "ab");
    EXPECT_LT(world.time.Now(), Instant::FromNanoseconds(2'000'000'000));
  });
}

TEST(TaskGroup, AMemberThatHasNotRunStillRuns) {
  VirtualWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    bool ran = false;
    EDGE_CHECK_OK(group.Spawn("m", [&] { ran = absl::IsCancelled(world.scheduler.CheckAlive()); }));
    group.Cancel();
    group.Wait();
    EXPECT_TRUE(ran);
  });
}

TEST(TaskGroup, CancelReachesGroupsMadeInside) {
  VirtualWorld world;
  world.Run([&] {
    TaskGroup outer(world.scheduler);
    int cancelled = 0;
    EDGE_CHECK_OK(outer.Spawn("middle", [&] {
      TaskGroup inner(world.scheduler);
      EDGE_CHECK_OK(inner.Spawn("leaf", [&] {
        TaskGroup innermost(world.scheduler);
        EDGE_CHECK_OK(innermost.Spawn("leaf", [&] { cancelled += absl::IsCancelled(world.scheduler.SleepUntil(Instant::Infinite())); }));
        innermost.Wait();
      }));
      inner.Wait();
      // Made by a cancelled fiber: cancelled from the start.
      TaskGroup late(world.scheduler);
      EXPECT_TRUE(absl::IsCancelled(late.Spawn("late", [] {})));
      ++cancelled;
    }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    outer.Cancel();
    outer.Wait();
    EXPECT_EQ(cancelled, 2);
  });
}

TEST(TaskGroup, AGroupWithoutAParentGoesOn) {
  VirtualWorld world;
  absl::Status spawned = absl::UnknownError("not yet");
  world.Run([&] {
    std::unique_ptr<TaskGroup> inner;
    TaskGroup outer(world.scheduler);
    EDGE_CHECK_OK(outer.Spawn("maker", [&] { inner = std::make_unique<TaskGroup>(world.scheduler, TaskGroup::Parent::kNone); }));
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(1)));
    outer.Cancel();
    outer.Wait();
    spawned = inner->Spawn("later", [] {});
    inner->Wait();
  });
  EXPECT_TRUE(spawned.ok()) << spawned;
}

TEST(TaskGroup, ACancelledWaiterCancelsAndStillWaits) {
  VirtualWorld world;
  // The inner group is made outside of the cancelled fiber, so that only its Wait connects them.
  TaskGroup inner(world.scheduler);
  std::string order;
  world.Run([&] {
    TaskGroup outer(world.scheduler);
    EDGE_CHECK_OK(outer.Spawn("waiter", [&] {
      EDGE_CHECK_OK(inner.Spawn("worker", [&] {
        EXPECT_TRUE(absl::IsCancelled(world.scheduler.SleepUntil(Instant::Infinite())));
        order += "member ";
      }));
      inner.Wait();
      order += "waiter ";
    }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    outer.Cancel();
    outer.Wait();
    order += "outer";
  });
  EXPECT_EQ(order, "member waiter outer");
}

TEST(TaskGroup, ACrashedWaiterStillWaits) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  std::string order;
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "waiter", [&] {
    TaskGroup group(world.scheduler);
    EDGE_CHECK_OK(group.Spawn("worker", [&] {
      EXPECT_TRUE(IsCrashed(world.scheduler.SleepUntil(Instant::Infinite())));
      order += "member ";
    }));
    group.Wait();
    order += "waiter";
  }));
  world.Run([&] {
    EXPECT_TRUE(world.scheduler.Yield().ok());
    domain.Crash();
  });
  EXPECT_EQ(order, "member waiter");
}

TEST(TaskGroup, MayOutliveTheGroupItWasMadeIn) {
  VirtualWorld world;
  world.Run([&] {
    std::unique_ptr<TaskGroup> inner;
    {
      TaskGroup outer(world.scheduler);
      EDGE_CHECK_OK(outer.Spawn("maker", [&] { inner = std::make_unique<TaskGroup>(world.scheduler); }));
      outer.Wait();
    }
    EXPECT_TRUE(inner->Spawn("m", [] {}).ok());
    inner->Wait();
  });
}

TEST(TaskGroupDeathTest, LeavingMembersBehindIsABug) {
  EXPECT_DEATH(
      {
        VirtualWorld world;
        world.Run([&] {
          TaskGroup group(world.scheduler);
          EDGE_CHECK_OK(group.Spawn("forgotten", [] {}));
        });
      },
      "1 members alive, the first is \"forgotten\"");
}

}  // namespace
}  // namespace edge
