// What recording costs in hash mode, the mode of every run: the event itself, and the bytes that belong to it.
#include <benchmark/benchmark.h>

#include <string>

#include "sim/record/recorder.h"

namespace edge::sim {
namespace {

class StoppedClock final : public Clock {
 public:
  Instant Now() const override { return Instant::FromNanoseconds(5'000'000'000); }
  WallTime WallNow() const override { return WallTime(); }
};

void BM_RecordTurn(benchmark::State& state) {
  const StoppedClock clock;
  Recorder recorder(clock, Keep::kHash);
  uint64_t key = 1;
  for (auto _ : state) {
    recorder.Record({.kind = EventKind::kTurn, .actor = ActorId{3}, .label = "http.connection", .key = key++});
  }
  benchmark::DoNotOptimize(recorder.hash());
}
BENCHMARK(BM_RecordTurn);

void BM_RecordSendWithText(benchmark::State& state) {
  const StoppedClock clock;
  Recorder recorder(clock, Keep::kHash);
  uint64_t key = 1;
  for (auto _ : state) {
    recorder.Record({.kind = EventKind::kRequest,
                     .actor = ActorId{3},
                     .peer = ActorId{4},
                     .label = "http.request",
                     .key = key,
                     .message = key,
                     .value = 17,
                     .text = "POST /orders/17"});
    ++key;
  }
  benchmark::DoNotOptimize(recorder.hash());
}
BENCHMARK(BM_RecordSendWithText);

void BM_Absorb(benchmark::State& state) {
  const StoppedClock clock;
  Recorder recorder(clock, Keep::kHash);
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) recorder.Absorb(bytes);
  benchmark::DoNotOptimize(recorder.hash());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_Absorb)->Arg(16)->Arg(200)->Arg(4096)->Arg(65536);

void BM_RecordInJournal(benchmark::State& state) {
  const StoppedClock clock;
  for (auto _ : state) {
    Recorder recorder(clock, Keep::kJournal);
    for (uint64_t i = 0; i < 10'000; ++i) recorder.Record({.kind = EventKind::kTurn, .label = "http.connection", .key = i});
    benchmark::DoNotOptimize(recorder.journal().data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * 10'000);
}
BENCHMARK(BM_RecordInJournal);

}  // namespace
}  // namespace edge::sim

BENCHMARK_MAIN();
