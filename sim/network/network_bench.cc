// What the simulated network costs: an I/O-only world of clients that send a small request and wait for the answer, over and over.
// "events" counts fibers' turns and the world's own events.
#include <benchmark/benchmark.h>

#include <array>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "sim/fault/model.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {
namespace {

constexpr int kRounds = 200;
constexpr size_t kRequestBytes = 150;
constexpr size_t kAnswerBytes = 300;

bool ReadAll(Connection& connection, size_t bytes) {
  std::array<char, 4096> buffer;
  while (bytes > 0) {
    const auto got = connection.Read(std::span(buffer.data(), bytes), Instant::Infinite());
    if (!got.ok() || *got == 0) return false;
    bytes -= *got;
  }
  return true;
}

void Serve(Connection& connection) {
  const std::string answer(kAnswerBytes, 'a');
  while (ReadAll(connection, kRequestBytes)) {
    if (!connection.Write(std::array{std::string_view(answer)}, Instant::Infinite()).ok()) return;
  }
}

void Ask(Connection& connection, uint64_t& rounds) {
  const std::string request(kRequestBytes, 'q');
  for (int i = 0; i < kRounds; ++i) {
    if (!connection.Write(std::array{std::string_view(request)}, Instant::Infinite()).ok()) return;
    if (!ReadAll(connection, kAnswerBytes)) return;
    ++rounds;
  }
}

void BM_RequestsAndAnswers(benchmark::State& state) {
  const int clients = static_cast<int>(state.range(0));
  uint64_t events = 0;
  uint64_t rounds = 0;
  uint64_t seed = 0;
  for (auto _ : state) {
    SeededStrategy strategy(++seed);
    WorldOptions options;
    options.faults.plan = state.range(1) == 0 ? FaultOptions::Plan::kNone : FaultOptions::Plan::kOnly;
    options.faults.only = {&kNetworkStall, &kNetworkLatencySpike};
    options.faults.rate = Ratio{1, 100'000};
    World world(strategy, options);
    Fabric fabric(world);
    SimNetwork server(fabric, "server", world.recorder().AddActor("server", ActorKind::kNode), nullptr);
    SimNetwork client(fabric, "client", world.recorder().AddActor("client", ActorKind::kClient), nullptr);
    const absl::Status ran = world.Run([&] {
      auto listener = server.Listen({"server", 80});
      EDGE_CHECK(listener.ok());
      TaskGroup group(world.scheduler());
      EDGE_CHECK_OK(group.Spawn("accept", [&] {
        for (int i = 0; i < clients; ++i) {
          auto connection = (*listener)->Accept(Instant::Infinite());
          if (!connection.ok()) return;
          EDGE_CHECK_OK(group.Spawn("serve", [connection = *std::move(connection)] { Serve(*connection); }));
        }
      }));
      TaskGroup asking(world.scheduler());
      for (int i = 0; i < clients; ++i) {
        EDGE_CHECK_OK(asking.Spawn("ask", [&] {
          auto connection = client.Connect({"server", 80}, Instant::Infinite());
          if (connection.ok()) Ask(**connection, rounds);
        }));
      }
      asking.Wait();
      group.Cancel();
      group.Wait();
    });
    EDGE_CHECK(ran.ok()) << ran;
    events += world.turns() + world.events_run();
  }
  state.counters["events/s"] = benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
  state.counters["rounds/s"] = benchmark::Counter(static_cast<double>(rounds), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_RequestsAndAnswers)
    ->ArgNames({"clients", "faults"})
    ->Args({4, 0})
    ->Args({4, 1})
    ->Args({100, 0})
    ->Unit(benchmark::kMicrosecond);

void BM_Connect(benchmark::State& state) {
  uint64_t connects = 0;
  for (auto _ : state) {
    SeededStrategy strategy(1);
    WorldOptions options;
    options.faults.plan = FaultOptions::Plan::kNone;
    World world(strategy, options);
    Fabric fabric(world);
    SimNetwork network(fabric, "server", world.recorder().AddActor("server", ActorKind::kNode), nullptr);
    const absl::Status ran = world.Run([&] {
      auto listener = network.Listen({"server", 80});
      for (int i = 0; i < 1000; ++i) {
        auto connection = network.Connect({"server", 80}, Instant::Infinite());
        auto accepted = (*listener)->Accept(Instant::Infinite());
        connects += connection.ok() && accepted.ok() ? 1 : 0;
      }
    });
    EDGE_CHECK(ran.ok()) << ran;
  }
  state.counters["connects/s"] = benchmark::Counter(static_cast<double>(connects), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Connect)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace edge::sim

BENCHMARK_MAIN();
