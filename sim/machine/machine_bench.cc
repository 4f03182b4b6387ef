// What the seams of a simulated machine cost. `bazel run //sim/machine:machine_bench`.
#include <benchmark/benchmark.h>

#include <string>

#include "runtime/base/check.h"
#include "sim/machine/machine.h"
#include "sim/machine/sim_random.h"
#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {
namespace {

struct BenchWorld {
  SeededStrategy strategy{1};
  World world{strategy, {.faults = {.plan = FaultOptions::Plan::kNone}}};
  Fabric fabric{world};
  Machine machine{world, fabric, "node1"};

  void Run(Machine::Program program) {
    EDGE_CHECK_OK(world.Run([&] {
      machine.Start(std::move(program));
      EDGE_CHECK_OK(machine.WaitDown());
    }));
  }
};

void BM_RandomNextU64(benchmark::State& state) {
  BenchWorld w;
  SimRandom random(w.world.oracle(), w.world.recorder(), ActorId::kWorld, 1);
  for (auto _ : state) benchmark::DoNotOptimize(random.NextU64());
}
BENCHMARK(BM_RandomNextU64);

void BM_RandomFork(benchmark::State& state) {
  BenchWorld w;
  SimRandom random(w.world.oracle(), w.world.recorder(), ActorId::kWorld, 1);
  for (auto _ : state) benchmark::DoNotOptimize(random.Fork("invocation/12345678")->NextU64());
}
BENCHMARK(BM_RandomFork);

// Two turns of a fiber each: the write takes its time, and so does the sync.
void BM_AppendAndSync(benchmark::State& state) {
  BenchWorld w;
  const std::string record(static_cast<size_t>(state.range(0)), 'x');
  w.Run([&](const Seams& seams) {
    auto file = *seams.disk.Open("log", OpenMode::kCreate);
    uint64_t at = 0;
    for (auto _ : state) {
      EDGE_CHECK_OK(file->WriteAt(at, record));
      EDGE_CHECK_OK(file->Sync());
      at = (at + record.size()) % (4 << 20);
    }
  });
}
BENCHMARK(BM_AppendAndSync)->Arg(100)->Arg(4096);

void BM_ReadPage(benchmark::State& state) {
  BenchWorld w;
  w.Run([&](const Seams& seams) {
    auto file = *seams.disk.Open("f", OpenMode::kCreate);
    EDGE_CHECK_OK(file->WriteAt(0, std::string(4 << 20, 'x')));
    std::string page(4096, ' ');
    uint64_t at = 0;
    for (auto _ : state) {
      EDGE_CHECK_OK(file->ReadAt(at, page).status());
      at = (at + 40'960) % (4 << 20);
    }
  });
}
BENCHMARK(BM_ReadPage);

void BM_CrashAndRestart(benchmark::State& state) {
  BenchWorld w;
  EDGE_CHECK_OK(w.world.Run([&] {
    w.machine.Start([&](const Seams& seams) { (void)seams.scheduler.SleepFor(Duration::Seconds(1)); });
    for (auto _ : state) {
      w.machine.Crash(CrashKind::kPower);
      EDGE_CHECK_OK(w.machine.Restart());
      EDGE_CHECK_OK(w.world.scheduler().SleepFor(Duration::Milliseconds(1)));
    }
    w.machine.Crash(CrashKind::kPower);
    EDGE_CHECK_OK(w.machine.WaitDown());
  }));
}
BENCHMARK(BM_CrashAndRestart);

}  // namespace
}  // namespace edge::sim

BENCHMARK_MAIN();
