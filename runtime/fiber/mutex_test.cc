#include "runtime/fiber/mutex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(FiberMutex, IsHandedOnInTheOrderOfAskingAcrossSuspensions) {
  VirtualWorld world;
  FiberMutex mutex(world.scheduler);
  std::string order;
  for (char name : {'a', 'b', 'c', 'd'}) {
    EDGE_CHECK_OK(world.scheduler.Spawn("f", [&, name] {
      EXPECT_TRUE(mutex.Lock().ok());
      EXPECT_TRUE(mutex.HeldByCurrent());
      order += name;
      EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(1)).ok());
      order += name;
      mutex.Unlock();
    }));
  }
  world.scheduler.Run();
  EXPECT_EQ(order, "aabbccdd");
  EXPECT_FALSE(mutex.held());
}

TEST(FiberMutex, NobodyOvertakesAWaiter) {
  VirtualWorld world;
  FiberMutex mutex(world.scheduler);
  std::string order;
  EDGE_CHECK_OK(world.scheduler.Spawn("holder", [&] {
    EXPECT_TRUE(mutex.Lock().ok());
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_EQ(mutex.waiting(), 1u);
    mutex.Unlock();
    // Handed over already, though the waiter has not run.
    EXPECT_TRUE(mutex.held());
    EXPECT_FALSE(mutex.HeldByCurrent());
    EXPECT_FALSE(mutex.TryLock());
    EXPECT_TRUE(mutex.Lock().ok());
    order += "holder";
    mutex.Unlock();
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("waiter", [&] {
    EXPECT_TRUE(mutex.Lock().ok());
    order += "waiter ";
    mutex.Unlock();
  }));
  world.scheduler.Run();
  EXPECT_EQ(order, "waiter holder");
}

TEST(FiberMutex, ADeadlineLeavesItWithItsHolder) {
  VirtualWorld world;
  world.Run([&] {
    FiberMutex mutex(world.scheduler);
    TaskGroup group(world.scheduler);
    EXPECT_TRUE(mutex.Lock().ok());
    EDGE_CHECK_OK(group.Spawn("late", [&] {
      EXPECT_TRUE(absl::IsDeadlineExceeded(mutex.Lock(DeadlineIn(world.scheduler, Duration::Seconds(1)))));
      EXPECT_FALSE(mutex.HeldByCurrent());
    }));
    group.Wait();
    EXPECT_TRUE(mutex.HeldByCurrent());
    mutex.Unlock();
    EXPECT_TRUE(mutex.TryLock());
    mutex.Unlock();
  });
}

TEST(FiberMutex, OneHandedToACancelledFiberGoesOnToTheNext) {
  VirtualWorld world;
  world.Run([&] {
    FiberMutex mutex(world.scheduler);
    TaskGroup doomed(world.scheduler);
    TaskGroup alive(world.scheduler);
    bool got_it = false;
    EXPECT_TRUE(mutex.Lock().ok());
    EDGE_CHECK_OK(doomed.Spawn("doomed", [&] { EXPECT_TRUE(absl::IsCancelled(mutex.Lock())); }));
    EDGE_CHECK_OK(alive.Spawn("alive", [&] {
      EXPECT_TRUE(mutex.Lock().ok());
      got_it = true;
      mutex.Unlock();
    }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    mutex.Unlock();
    doomed.Cancel();
    doomed.Wait();
    alive.Wait();
    EXPECT_TRUE(got_it);
    EXPECT_FALSE(mutex.held());
  });
}

TEST(FiberMutexDeathTest, IsNotRecursive) {
  EXPECT_DEATH(
      {
        VirtualWorld world;
        world.Run([&] {
          FiberMutex mutex(world.scheduler);
          EDGE_CHECK_OK(mutex.Lock());
          (void)mutex.Lock();
        });
      },
      "not recursive");
}

// Random holders with random deadlines: never two inside, never left locked.
RC_GTEST_PROP(FiberMutex, ExcludesWhateverTheTiming, ()) {
  struct Visit {
    int arrive, stay, patience;
  };
  const auto visits = *rc::gen::container<std::vector<Visit>>(
      rc::gen::construct<Visit>(rc::gen::inRange(0, 10), rc::gen::inRange(0, 5), rc::gen::inRange(0, 12)));
  VirtualWorld world(SchedulerLimits{.stack = ByteCount::KiB(32)});
  FiberMutex mutex(world.scheduler);
  int inside = 0;
  bool overlapped = false;
  for (const Visit& visit : visits) {
    EDGE_CHECK_OK(world.scheduler.Spawn("v", [&, visit] {
      EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(visit.arrive)));
      if (!mutex.Lock(DeadlineIn(world.scheduler, Duration::Seconds(visit.patience))).ok()) return;
      overlapped |= ++inside != 1;
      EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(visit.stay)));
      --inside;
      mutex.Unlock();
    }));
  }
  world.scheduler.Run();
  RC_ASSERT(!overlapped);
  RC_ASSERT(!mutex.held());
  RC_ASSERT(world.scheduler.live_fibers() == 0u);
}

}  // namespace
}  // namespace edge
