#include "runtime/os/stack_overflow.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include "runtime/base/check.h"
#include "runtime/os/clock.h"
#include "runtime/os/epoll_loop.h"

namespace edge {
namespace {

// Through a pointer the compiler cannot see through; it would refuse endless recursion otherwise.
int (*volatile again)(int);

__attribute__((noinline)) int Recurse(int depth) {
  volatile char frame[512] = {};
  frame[depth % 512] = 1;
  return again(depth + 1) + frame[(depth + 1) % 512];
}

TEST(StackOverflowReportDeathTest, NamesTheFiber) {
  EXPECT_DEATH(
      {
        OsClock clock;
        EpollLoop loop(clock);
        FifoOrder order;
        Scheduler scheduler(clock, order, loop);
        StackOverflowReport report(scheduler);
        again = &Recurse;
        EDGE_CHECK_OK(scheduler.Spawn("deep", [] { (void)Recurse(0); }));
        scheduler.Run();
      },
      "stack overflow: fiber \"deep\" used up its stack");
}

TEST(StackOverflowReportDeathTest, IsSilentAboutOtherFaults) {
  EXPECT_EXIT(
      {
        OsClock clock;
        EpollLoop loop(clock);
        FifoOrder order;
        Scheduler scheduler(clock, order, loop);
        StackOverflowReport report(scheduler);
        void* forbidden = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EDGE_CHECK_OK(scheduler.Spawn("wild", [&] { *static_cast<volatile char*>(forbidden) = 1; }));
        scheduler.Run();
      },
      ::testing::KilledBySignal(SIGSEGV), "^$");
}

}  // namespace
}  // namespace edge
