#include "runtime/os/epoll_loop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <string>
#include <thread>

#include "runtime/base/check.h"
#include "runtime/os/fd.h"

namespace edge {
namespace {

struct LoopWorld {
  OsClock clock;
  EpollLoop loop{clock};
  FifoOrder order;
  Scheduler scheduler{clock, order, loop};

  // Polls until `done`, at most for a long while.
  template <typename Done>
  void PollUntil(Done done) {
    const Instant give_up = clock.Now() + Duration::Seconds(20);
    while (!done() && clock.Now() < give_up) loop.Poll(clock.Now() + Duration::Milliseconds(20));
  }
};

class Recorder final : public EpollLoop::Watch {
 public:
  void OnEvents(uint32_t events) override {
    seen |= events;
    ++calls;
    if (on_events) on_events();
  }
  uint32_t seen = 0;
  int calls = 0;
  absl::AnyInvocable<void()> on_events;
};

Fd MakeEventFd() { return Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
void Signal(const Fd& fd) {
  const uint64_t one = 1;
  EDGE_CHECK(write(fd.get(), &one, sizeof(one)) == sizeof(one));
}

TEST(EpollLoop, TellsOfEachEdgeOnce) {
  LoopWorld world;
  Fd fd = MakeEventFd();
  Recorder recorder;
  ASSERT_TRUE(world.loop.Add(fd.get(), EPOLLIN, &recorder).ok());
  world.loop.Poll(world.clock.Now());
  EXPECT_EQ(recorder.calls, 0);
  Signal(fd);
  world.loop.Poll(world.clock.Now());
  EXPECT_EQ(recorder.calls, 1);
  EXPECT_TRUE(recorder.seen & EPOLLIN);
  world.loop.Poll(world.clock.Now());
  EXPECT_EQ(recorder.calls, 1);
  Signal(fd);
  world.loop.Poll(world.clock.Now());
  EXPECT_EQ(recorder.calls, 2);
  world.loop.Remove(fd.get(), &recorder);
}

TEST(EpollLoop, AWatchRemovedDuringThePollIsToldNothingMore) {
  LoopWorld world;
  Fd a = MakeEventFd();
  Fd b = MakeEventFd();
  Recorder first;
  Recorder second;
  ASSERT_TRUE(world.loop.Add(a.get(), EPOLLIN, &first).ok());
  ASSERT_TRUE(world.loop.Add(b.get(), EPOLLIN, &second).ok());
  // Whichever is told first removes the other, whose event has been fetched already.
  first.on_events = [&] { world.loop.Remove(b.get(), &second); };
  second.on_events = [&] { world.loop.Remove(a.get(), &first); };
  Signal(a);
  Signal(b);
  world.loop.Poll(world.clock.Now());
  EXPECT_EQ(first.calls + second.calls, 1);
  if (first.calls == 1) world.loop.Remove(a.get(), &first);
  if (second.calls == 1) world.loop.Remove(b.get(), &second);
}

TEST(EpollLoop, SleepsUntilTheDeadlineAndRefreshesTheClock) {
  LoopWorld world;
  const Instant until = world.clock.Now() + Duration::Milliseconds(5);
  world.PollUntil([&] { return world.clock.Now() >= until; });
  EXPECT_GE(world.clock.Now(), until);
}

TEST(EpollLoop, AThreadEndsTheSleep) {
  LoopWorld world;
  bool posted = false;
  std::thread thread([&] { world.loop.Post([&] { posted = true; }); });
  while (!posted) world.loop.Poll(Instant::Infinite());
  thread.join();
  EXPECT_TRUE(posted);
}

TEST(EpollLoop, DeferredClosuresRunInTheNextPollWithoutSleeping) {
  LoopWorld world;
  std::string order;
  world.loop.Defer([&] {
    order += 'a';
    world.loop.Defer([&] { order += 'b'; });
  });
  EXPECT_EQ(order, "");
  world.loop.Poll(Instant::Infinite());
  EXPECT_EQ(order, "a");
  world.loop.Poll(Instant::Infinite());
  EXPECT_EQ(order, "ab");
}

TEST(EpollLoop, SignalsBecomeCallbacksUntilTakenBack) {
  LoopWorld world;
  int terms = 0;
  int hangups = 0;
  ASSERT_TRUE(world.loop.OnSignal(SIGTERM, [&] { ++terms; }).ok());
  ASSERT_TRUE(world.loop.OnSignal(SIGHUP, [&] { ++hangups; }).ok());
  raise(SIGTERM);
  raise(SIGHUP);
  world.PollUntil([&] { return terms == 1 && hangups == 1; });
  EXPECT_EQ(terms, 1);
  EXPECT_EQ(hangups, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(world.loop.OnSignal(SIGKILL, [] {})));

  ASSERT_TRUE(world.loop.OnSignal(SIGTERM, nullptr).ok());
  EXPECT_EXIT(raise(SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(EpollLoop, WakesFibersOnTime) {
  LoopWorld world;
  std::string order;
  for (int ms : {6, 2, 4}) {
    EDGE_CHECK_OK(world.scheduler.Spawn("s", [&world, &order, ms] {
      EXPECT_TRUE(world.scheduler.SleepFor(Duration::Milliseconds(ms)).ok());
      order += std::to_string(ms);
    }));
  }
  world.scheduler.Run();
  EXPECT_EQ(order, "246");
}

}  // namespace
}  // namespace edge
