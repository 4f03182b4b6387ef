#include "runtime/os/blocking_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "runtime/base/check.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/ready_order.h"

namespace edge {
namespace {

struct PoolWorld {
  explicit PoolWorld(BlockingPoolLimits limits = {}) : pool(loop, limits) {}

  OsClock clock;
  EpollLoop loop{clock};
  BlockingPool pool;
  FifoOrder order;
  Scheduler scheduler{clock, order, loop};

  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler.Spawn("test", std::move(body)));
    scheduler.Run();
  }
};

// A door that blocks helper threads until the test opens it.
class Door {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitWaiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

TEST(BlockingPool, RunsWorkElsewhereAndEndsInTheFiber) {
  PoolWorld world;
  const std::thread::id here = std::this_thread::get_id();
  world.Run([&] {
    std::thread::id there;
    EXPECT_TRUE(world.pool.RunInFiber(world.scheduler, [&] { there = std::this_thread::get_id(); }).ok());
    EXPECT_NE(there, std::thread::id());
    EXPECT_NE(there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  });
}

TEST(BlockingPool, OtherFibersRunMeanwhileAndJobsRunSideBySide) {
  PoolWorld world(BlockingPoolLimits{.threads_max = 3});
  Door door;
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("job", [&] {
      EXPECT_TRUE(world.pool.RunInFiber(world.scheduler, [&] { door.Pass(); }).ok());
      ++done;
    }));
  }
  world.Run([&] {
    door.AwaitWaiting(3);
    EXPECT_EQ(done, 0);
    door.Open();
  });
  EXPECT_EQ(done, 10);
}

TEST(BlockingPool, ACancelledFiberStillWaitsForItsWork) {
  PoolWorld world;
  Door door;
  std::atomic<bool> finished = false;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    EDGE_CHECK_OK(group.Spawn("job", [&] {
      EXPECT_TRUE(world.pool
                      .RunInFiber(world.scheduler,
                                  [&] {
                                    door.Pass();
                                    finished = true;
                                  })
                      .ok());
      EXPECT_TRUE(finished);
    }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    door.AwaitWaiting(1);
    group.Cancel();
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_EQ(group.size(), 1u);
    door.Open();
    group.Wait();
  });
}

TEST(BlockingPool, RefusesMoreJobsThanItsLimit) {
  PoolWorld world(BlockingPoolLimits{.threads_max = 1, .jobs_max = 1});
  Door door;
  int done = 0;
  world.Run([&] {
    ASSERT_TRUE(world.pool.Submit([&] { door.Pass(); }, [&] { ++done; }).ok());
    door.AwaitWaiting(1);
    ASSERT_TRUE(world.pool.Submit([] {}, [&] { ++done; }).ok());
    EXPECT_TRUE(absl::IsResourceExhausted(world.pool.Submit([] {}, [] {})));
    door.Open();
    while (done < 2) EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(1)).ok());
  });
}

TEST(BlockingPool, ItsEndDropsWhatHasNotBegun) {
  Door door;
  std::atomic<int> ran = 0;
  {
    PoolWorld world(BlockingPoolLimits{.threads_max = 1});
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(world.pool
                      .Submit(
                          [&] {
                            ++ran;
                            door.Pass();
                          },
                          [] {})
                      .ok());
    }
    door.AwaitWaiting(1);
    door.Open();
  }
  EXPECT_GE(ran, 1);
}

}  // namespace
}  // namespace edge
