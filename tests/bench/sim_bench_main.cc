// What a simulated world costs on one core, in CPU time: `tools/dev bench sim [PART...] [hello | hono] [--seeds N]`.
//
//   seeds   worlds of a small application: 60 virtual seconds, four clients with 25 requests each, the usual faults
//   warm    the same with and without warm isolates, and whether both are the same runs
//   io      hosts that send each other small messages, without JavaScript
//   idle    one virtual day with something to do once a minute
//   hash    what the rolling hash costs of `seeds` and `io`
//
// Exit code 1 if a warm run differs from a cold one, 2 for arguments that are none. No number makes it fail: machines differ.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/fiber/task_group.h"
#include "runtime/worker/isolate_nursery.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"

// Made by tools/embed.sh: the lowered applications of tests/bench/apps.
extern "C" {
extern const char edge_embedded_hello_begin[];
extern const char edge_embedded_hello_end[];
extern const char edge_embedded_hono_begin[];
extern const char edge_embedded_hono_end[];
}

namespace edge::sim {
namespace {

// Of this process, which has one thread: other programs on the machine do not count.
double CpuSeconds() {
  rusage usage;
  EDGE_CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

template <typename Body>
double CpuSecondsOf(Body body) {
  const double begin = CpuSeconds();
  body();
  return CpuSeconds() - begin;
}

template <typename T>
T MedianOf(std::vector<T> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + static_cast<ptrdiff_t>(numbers.size() / 2), numbers.end());
  return numbers[numbers.size() / 2];
}

// --- worlds of an application ---

using Applications = std::vector<std::string_view>;

RunSubject SubjectOf(std::string_view application) {
  auto code = std::make_shared<worker::WorkerCode>();
  RunSubject subject;
  code->name = application;
  subject.scenario.name = application;
  std::vector<std::string> targets = {"/"};
  if (application == "hello") {
    code->script.assign(edge_embedded_hello_begin, edge_embedded_hello_end);
  } else {
    code->script.assign(edge_embedded_hono_begin, edge_embedded_hono_end);
    targets.insert(targets.end(), {"/json", "/users/7/posts/hello?q=1"});
  }
  for (const std::string& target : targets) {
    Operation operation;
    operation.name = "GET " + target;
    operation.target = target;
    subject.scenario.operations.push_back(std::move(operation));
  }
  subject.codes = {std::move(code)};
  return subject;
}

RunResult RunSeed(const RunSubject& subject, uint64_t seed, Keep keep = Keep::kHash) {
  const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
  RunResult result = RunScenario(subject, {.keep = keep}, *strategy);
  EDGE_CHECK(result.status.ok()) << "seed " << seed << ": " << result.status;
  return result;
}

void Seeds(const Applications& applications, uint64_t seeds) {
  for (const std::string_view application : applications) {
    worker::WarmNursery nursery;
    RunSubject subject = SubjectOf(application);
    subject.nursery = &nursery;
    std::vector<uint64_t> faults, events;
    double virtual_seconds = 0, all_faults = 0, all_events = 0, turns = 0, requests = 0, entered = 0;
    uint64_t failures = 0, three_faults = 0;
    double cpu_three_faults = 0;
    RunSeed(subject, 0);  // the nursery's first isolate, and whatever a process does once
    const double cpu = CpuSecondsOf([&] {
      for (uint64_t seed = 1; seed <= seeds; ++seed) {
        RunResult result;
        const double cpu_seed = CpuSecondsOf([&] { result = RunSeed(subject, seed); });
        uint64_t struck = 0;
        for (const uint64_t count : result.faults) struck += count;
        faults.push_back(struck);
        events.push_back(result.events);
        all_faults += static_cast<double>(struck);
        if (struck >= 3) {
          ++three_faults;
          cpu_three_faults += cpu_seed;
        }
        all_events += static_cast<double>(result.events);
        turns += static_cast<double>(result.turns);
        requests += static_cast<double>(result.safety_requests);
        entered += static_cast<double>(result.entered);
        virtual_seconds += static_cast<double>(result.virtual_time.ToMilliseconds()) / 1e3;
        failures += result.failure.has_value() ? 1 : 0;
      }
    });
    const auto n = static_cast<double>(seeds);
    std::printf("seeds  %-6s %7.1f seeds/s, %.2f ms CPU each (%llu seeds); %.0f virtual s per CPU s\n", application.data(), n / cpu,
                cpu / n * 1e3, static_cast<unsigned long long>(seeds), virtual_seconds / cpu);
    std::printf("              per seed: %.1f virtual s, %.1f requests, %.1f handled, %.0f turns, events mean %.0f median %llu\n",
                virtual_seconds / n, requests / n, entered / n, turns / n, all_events / n,
                static_cast<unsigned long long>(MedianOf(events)));
    std::printf(
        "              faults mean %.1f median %llu, three or more in %.0f %% of seeds (%.1f seeds/s); %llu seeds fail; isolates %llu "
        "warm, %llu cold\n",
        all_faults / n, static_cast<unsigned long long>(MedianOf(faults)), 100.0 * static_cast<double>(three_faults) / n,
        three_faults > 0 ? static_cast<double>(three_faults) / cpu_three_faults : 0.0, static_cast<unsigned long long>(failures),
        static_cast<unsigned long long>(nursery.taken()), static_cast<unsigned long long>(nursery.missed()));
  }
}

// False if a run differs.
bool Warm(const Applications& applications, uint64_t seeds) {
  bool alike = true;
  for (const std::string_view application : applications) {
    worker::WarmNursery nursery;
    const RunSubject cold = SubjectOf(application);
    RunSubject warm = cold;
    warm.nursery = &nursery;
    RunSeed(warm, 0);
    double cpu_cold = 0, cpu_warm = 0;
    uint64_t different = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      uint64_t cold_hash = 0, warm_hash = 0;
      cpu_cold += CpuSecondsOf([&] { cold_hash = RunSeed(cold, seed).hash; });
      cpu_warm += CpuSecondsOf([&] { warm_hash = RunSeed(warm, seed).hash; });
      if (cold_hash == warm_hash) continue;
      ++different;
      std::printf("warm   %-6s seed %llu: hash %016llx cold, %016llx warm\n", application.data(), static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(cold_hash), static_cast<unsigned long long>(warm_hash));
    }
    const auto n = static_cast<double>(seeds);
    std::printf("warm   %-6s %.2f ms CPU a seed with cold starts, %.2f with warm ones; %llu of %llu hashes differ\n", application.data(),
                cpu_cold / n * 1e3, cpu_warm / n * 1e3, static_cast<unsigned long long>(different), static_cast<unsigned long long>(seeds));
    alike = alike && different == 0;
  }
  return alike;
}

// --- input and output only ---

constexpr size_t kMessageBytes = 32;

bool ReadMessage(Connection& connection) {
  std::array<char, kMessageBytes> buffer;
  for (size_t got = 0; got < buffer.size();) {
    const absl::StatusOr<size_t> read = connection.Read(std::span(buffer).subspan(got), Instant::Infinite());
    if (!read.ok() || *read == 0) return false;
    got += *read;
  }
  return true;
}

bool WriteMessage(Connection& connection) {
  const std::array<char, kMessageBytes> message = {'m'};
  return connection.Write(std::array{std::string_view(message.data(), message.size())}, Instant::Infinite()).ok();
}

struct IoCount {
  uint64_t turns = 0;
  uint64_t world_events = 0;
  uint64_t recorded = 0;
};

// `pairs` connections between two hosts, on each of which one message goes to and fro `rounds` times.
IoCount PingPong(int pairs, int rounds, Keep keep) {
  SeededStrategy strategy(1);
  WorldOptions options;
  options.keep = keep;
  options.faults.plan = FaultOptions::Plan::kNone;
  World world(strategy, options);
  Fabric fabric(world);
  SimNetwork server(fabric, "server", world.recorder().AddActor("server", ActorKind::kNode), nullptr);
  SimNetwork client(fabric, "client", world.recorder().AddActor("client", ActorKind::kClient), nullptr);
  const absl::Status ran = world.Run([&] {
    absl::StatusOr<std::unique_ptr<Listener>> listener = server.Listen({"server", 80});
    EDGE_CHECK_OK(listener.status());
    TaskGroup fibers(world.scheduler());
    EDGE_CHECK_OK(fibers.Spawn("accept", [&] {
      for (int pair = 0; pair < pairs; ++pair) {
        absl::StatusOr<std::unique_ptr<Connection>> accepted = (*listener)->Accept(Instant::Infinite());
        EDGE_CHECK_OK(accepted.status());
        EDGE_CHECK_OK(fibers.Spawn("pong", [connection = *std::move(accepted)] {
          while (ReadMessage(*connection) && WriteMessage(*connection)) {
          }
        }));
      }
    }));
    for (int pair = 0; pair < pairs; ++pair) {
      EDGE_CHECK_OK(fibers.Spawn("ping", [&] {
        absl::StatusOr<std::unique_ptr<Connection>> connection = client.Connect({"server", 80}, Instant::Infinite());
        EDGE_CHECK_OK(connection.status());
        for (int round = 0; round < rounds; ++round) EDGE_CHECK(WriteMessage(**connection) && ReadMessage(**connection));
      }));
    }
    fibers.Wait();
  });
  EDGE_CHECK(ran.ok()) << ran;
  return {world.turns(), world.events_run(), world.recorder().events()};
}

constexpr int kMessages = 100'000;

void Io() {
  for (const int pairs : {1, 8, 64}) {
    IoCount count;
    const double cpu = CpuSecondsOf([&] { count = PingPong(pairs, kMessages / pairs, Keep::kHash); });
    std::printf(
        "io     %2d pairs %9.0f scheduler events/s (%llu turns, %llu events of the world), %.0f recorded events/s, %.0f round trips/s\n",
        pairs, static_cast<double>(count.turns + count.world_events) / cpu, static_cast<unsigned long long>(count.turns),
        static_cast<unsigned long long>(count.world_events), static_cast<double>(count.recorded) / cpu, kMessages / cpu);
  }
}

// --- one day ---

constexpr int kMinutesPerDay = 24 * 60;

void Idle() {
  const double cpu_timer = CpuSecondsOf([] {
    SeededStrategy strategy(1);
    World world(strategy, {.faults = {.plan = FaultOptions::Plan::kNone}});
    const absl::Status ran = world.Run([&] {
      for (int i = 0; i < kMinutesPerDay; ++i) EDGE_CHECK_OK(world.scheduler().SleepFor(Duration::Seconds(60)));
    });
    EDGE_CHECK(ran.ok()) << ran;
  });
  constexpr double kDay = kMinutesPerDay * 60.0;
  std::printf("idle   a timer a minute, one fiber: %.0f : 1 (%.2f ms CPU for a day)\n", kDay / cpu_timer, cpu_timer * 1e3);

  worker::WarmNursery nursery;
  RunSubject subject = SubjectOf("hello");
  subject.nursery = &nursery;
  RunSeed(subject, 0);
  subject.scenario.safety = Duration::Seconds(kMinutesPerDay * 60);
  subject.scenario.clients = 1;
  subject.scenario.requests_per_client = kMinutesPerDay;
  RunResult result;
  const double cpu_application = CpuSecondsOf([&] { result = RunSeed(subject, 1); });
  const double seconds = static_cast<double>(result.virtual_time.ToMilliseconds()) / 1e3;
  std::printf("idle   hello, a request a minute:   %.0f : 1 (%.2f ms CPU for %.0f virtual s, %llu requests)\n", seconds / cpu_application,
              cpu_application * 1e3, seconds, static_cast<unsigned long long>(result.safety_requests));
}

// --- the hash ---

constexpr int kRepetitions = 9;

// What one thing costs with and without the hash: the fastest of several, taken in turn, so that a busy moment hits both.
struct Fastest {
  double with = 1e9;
  double without = 1e9;

  template <typename Body>
  void Measure(Body body) {
    for (int i = 0; i < kRepetitions; ++i) {
      with = std::min(with, CpuSecondsOf([&] { body(Keep::kHash); }));
      without = std::min(without, CpuSecondsOf([&] { body(Keep::kNothing); }));
    }
  }
};

void Hash(const Applications& applications, uint64_t seeds) {
  for (const std::string_view application : applications) {
    worker::WarmNursery nursery;
    RunSubject subject = SubjectOf(application);
    subject.nursery = &nursery;
    RunSeed(subject, 0);
    double with = 0, without = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      Fastest fastest;
      fastest.Measure([&](Keep keep) { RunSeed(subject, seed, keep); });
      with += fastest.with;
      without += fastest.without;
    }
    const auto n = static_cast<double>(seeds);
    std::printf("hash   %-6s %.3f ms CPU a seed with it, %.3f without: %+.2f %%\n", application.data(), with / n * 1e3, without / n * 1e3,
                (with / without - 1) * 100);
  }
  Fastest fastest;
  fastest.Measure([](Keep keep) { PingPong(8, kMessages / 8, keep); });
  std::printf("hash   io     %.1f ms CPU with it, %.1f without: %+.2f %%\n", fastest.with * 1e3, fastest.without * 1e3,
              (fastest.with / fastest.without - 1) * 100);
}

int Main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<std::string_view> parts;
  Applications applications = {"hello", "hono"};
  uint64_t seeds = 300;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--seeds" && i + 1 < argc) {
      char* end = nullptr;
      seeds = std::strtoull(argv[++i], &end, 10);
      if (*end == '\0' && seeds > 0) continue;
    } else if (argument == "hello" || argument == "hono") {
      applications = {argument};
      continue;
    } else if (argument == "seeds" || argument == "warm" || argument == "io" || argument == "idle" || argument == "hash") {
      parts.push_back(argument);
      continue;
    }
    std::fprintf(stderr, "usage: sim_bench [seeds] [warm] [io] [idle] [hash] [hello | hono] [--seeds N]\n");
    return 2;
  }
  const auto wanted = [&](std::string_view part) { return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end(); };
  if (wanted("seeds")) Seeds(applications, seeds);
  const bool alike = !wanted("warm") || Warm(applications, std::min<uint64_t>(seeds, 50));
  if (wanted("io")) Io();
  if (wanted("idle")) Idle();
  if (wanted("hash")) Hash(applications, std::min<uint64_t>(seeds, 30));
  return alike ? 0 : 1;
}

}  // namespace
}  // namespace edge::sim

int main(int argc, char** argv) { return edge::sim::Main(argc, argv); }
