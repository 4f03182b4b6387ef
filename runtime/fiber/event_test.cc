#include "runtime/fiber/event.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(Event, SetWakesAllWaitersInTheOrderOfWaiting) {
  VirtualWorld world;
  Event event(world.scheduler);
  std::string order;
  for (char name : {'a', 'b', 'c'}) {
    EDGE_CHECK_OK(world.scheduler.Spawn("w", [&, name] {
      EXPECT_TRUE(event.Wait().ok());
      order += name;
    }));
  }
  EDGE_CHECK_OK(world.scheduler.Spawn("setter", [&] {
    order += '!';
    event.Set();
  }));
  world.scheduler.Run();
  EXPECT_EQ(order, "!abc");
}

TEST(Event, StaysSetUntilReset) {
  VirtualWorld world;
  Event event(world.scheduler);
  world.Run([&] {
    event.Set();
    EXPECT_TRUE(event.Wait().ok());
    EXPECT_TRUE(event.Wait(world.time.Now()).ok());
    event.Reset();
    EXPECT_TRUE(absl::IsDeadlineExceeded(event.Wait(DeadlineIn(world.scheduler, Duration::Seconds(1)))));
  });
}

TEST(Event, AResetRightAfterSetLosesNobody) {
  VirtualWorld world;
  Event event(world.scheduler);
  absl::Status status = absl::UnknownError("not run");
  EDGE_CHECK_OK(world.scheduler.Spawn("waiter", [&] { status = event.Wait(); }));
  EDGE_CHECK_OK(world.scheduler.Spawn("setter", [&] {
    event.Set();
    event.Reset();
  }));
  world.scheduler.Run();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Event, ASetAtTheInstantOfTheDeadlineCounts) {
  VirtualWorld world;
  Event event(world.scheduler);
  absl::Status status;
  const Instant deadline = world.time.Now() + Duration::Seconds(1);
  EDGE_CHECK_OK(world.scheduler.Spawn("setter", [&] {
    EDGE_CHECK_OK(world.scheduler.SleepUntil(deadline));
    event.Set();
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("waiter", [&] { status = event.Wait(deadline); }));
  world.scheduler.Run();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(Event, ACancelledFiberIsNotToldThatItIsSet) {
  VirtualWorld world;
  world.Run([&] {
    Event event(world.scheduler);
    TaskGroup group(world.scheduler);
    absl::Status status;
    EDGE_CHECK_OK(group.Spawn("waiter", [&] { status = event.Wait(); }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    event.Set();
    group.Cancel();
    group.Wait();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
}

TEST(EventDeathTest, DestroyingItUnderAWaiterIsABug) {
  EXPECT_DEATH(
      {
        VirtualWorld world;
        world.Run([&] {
          auto event = std::make_unique<Event>(world.scheduler);
          EDGE_CHECK_OK(world.scheduler.Spawn("waiter", [&] { (void)event->Wait(); }));
          EDGE_CHECK_OK(world.scheduler.Yield());
          event.reset();
        });
      },
      "1 fibers wait on something that is being destroyed");
}

}  // namespace
}  // namespace edge
