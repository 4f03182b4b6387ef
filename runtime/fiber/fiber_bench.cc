// What switching and spawning cost: `tools/dev bench fiber`.
#include <benchmark/benchmark.h>

#include <vector>

#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

// Into a fiber and out again, through Suspend, Wake and the ready list: two switches of stack each.
void BM_WakeAndSuspend(benchmark::State& state) {
  VirtualWorld world;
  const int64_t fibers = state.range(0);
  std::vector<Fiber*> ring;
  bool stop = false;
  int64_t turns = 0;
  for (int64_t i = 0; i < fibers; ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("f", [&, i] {
      ring.push_back(world.scheduler.current());
      const int64_t next = (i + 1) % fibers;
      while (!stop) {
        EDGE_CHECK_OK(world.scheduler.Suspend(Instant::Infinite()));
        ++turns;
        if (!stop) world.scheduler.Wake(ring[next]);
        if (!stop && turns % 1024 == 0) world.scheduler.Stop();
      }
    }));
  }
  world.scheduler.RunReady();
  world.scheduler.Wake(ring[0]);
  for (auto _ : state) world.scheduler.RunReady();
  state.SetItemsProcessed(turns);
  state.counters["ns_per_pair"] =
      benchmark::Counter(static_cast<double>(turns) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  stop = true;
  for (Fiber* fiber : ring) world.scheduler.Wake(fiber);
  world.scheduler.RunReady();
}
BENCHMARK(BM_WakeAndSuspend)->Arg(2)->Arg(10'000);

// The same with a deadline that never comes, as every read and write has one.
void BM_WakeAndSuspendWithDeadline(benchmark::State& state) {
  VirtualWorld world;
  bool stop = false;
  int64_t turns = 0;
  Fiber* fiber = nullptr;
  for (int64_t i = 0; i < state.range(0); ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("background", [&, i] {
      while (!stop) (void)world.scheduler.Suspend(world.time.Now() + Duration::Seconds(1000 + i));
    }));
  }
  EDGE_CHECK_OK(world.scheduler.Spawn("f", [&] {
    fiber = world.scheduler.current();
    while (!stop) {
      EDGE_CHECK_OK(world.scheduler.Suspend(world.time.Now() + Duration::Seconds(30)));
      ++turns;
    }
  }));
  world.scheduler.RunReady();
  for (auto _ : state) {
    world.scheduler.Wake(fiber);
    world.scheduler.RunReady();
  }
  state.SetItemsProcessed(turns);
  stop = true;
  world.scheduler.Wake(fiber);
  world.time.Advance(Duration::Seconds(1'000'000));
  world.scheduler.RunReady();
}
BENCHMARK(BM_WakeAndSuspendWithDeadline)->Arg(0)->Arg(10'000);

// A fiber that starts and ends at once, in batches of range(0).
void BM_SpawnAndFinish(benchmark::State& state) {
  VirtualWorld world;
  int64_t finished = 0;
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) EDGE_CHECK_OK(world.scheduler.Spawn("fiber", [&finished] { ++finished; }));
    world.scheduler.RunReady();
  }
  state.SetItemsProcessed(finished);
  state.counters["ns_per_fiber"] =
      benchmark::Counter(static_cast<double>(finished) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_SpawnAndFinish)->Arg(1)->Arg(1024);

void BM_UncontendedLock(benchmark::State& state) {
  VirtualWorld world;
  world.Run([&] {
    FiberMutex mutex(world.scheduler);
    for (auto _ : state) {
      EDGE_CHECK_OK(mutex.Lock());
      mutex.Unlock();
    }
  });
}
BENCHMARK(BM_UncontendedLock);

}  // namespace
}  // namespace edge

BENCHMARK_MAIN();
