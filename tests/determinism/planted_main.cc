// A small simulated world with one mistake planted in it on purpose, for a test that wants to see such a mistake caught.
//
//   planted_main run PLANT FILE    runs it twice; writes the journal of the first run, prints "HASH HASH"; where the two
//                                  part goes to the standard error
//   planted_main compare A B       prints where two journals part; exit code 1 if they do
//
// PLANT: none; host-clock: a fiber of the node waits for as long as the machine's clock says; hash-order: fibers are started in the order
// of a hash table that Abseil seeds with its address; uninitialised: a byte that nobody wrote gets among the random ones.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "sim/oracle/strategies.h"
#include "sim/report/divergence.h"
#include "sim/report/journal_file.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

constexpr uint64_t kSeed = 7;

constexpr char kScript[] =
    "(function (edge) { var handler = { fetch: function (request, env, ctx) {"
    "return new Response(crypto.randomUUID()); } }; return { get 'default'() { return handler; } }; })";

class HalfWrittenRandom final : public Random {
 public:
  // `owned` may be null; `random` outlives this.
  HalfWrittenRandom(Random& random, std::unique_ptr<Random> owned) : owned_(std::move(owned)), random_(random) {}
  uint64_t NextU64() override { return random_.NextU64(); }
  uint64_t Below(uint64_t bound) override { return random_.Below(bound); }
  bool Chance(Ratio ratio) override { return random_.Chance(ratio); }
  void Fill(std::span<std::byte> out) override {
    random_.Fill(out);
    if (out.empty()) return;
    // Too large for the lists of recently freed memory, which hand out what was there before.
    void* const buffer = std::malloc(4'000);
    EDGE_CHECK(buffer != nullptr);
    out[0] = static_cast<std::byte>(static_cast<volatile const unsigned char*>(buffer)[2'000]);
    std::free(buffer);
  }
  std::unique_ptr<Random> Fork(std::string_view label) override {
    std::unique_ptr<Random> fork = random_.Fork(label);
    Random& borrowed = *fork;
    return std::make_unique<HalfWrittenRandom>(borrowed, std::move(fork));
  }

 private:
  const std::unique_ptr<Random> owned_;
  Random& random_;
};

// How long it waits, the machine decides.
class HostClockPlant final : public NodeTamper {
 public:
  explicit HostClockPlant(const Seams& seams) {
    timespec now;
    EDGE_CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    // Over before the first request.
    const Instant when = seams.clock.Now() + Duration::Nanoseconds(now.tv_nsec % 50'000'000);
    const auto wait = [&scheduler = seams.scheduler, when] { static_cast<void>(scheduler.SleepUntil(when).ok()); };
    EDGE_CHECK_OK(seams.scheduler.Spawn("housekeeping", wait));
  }
};

class UninitialisedPlant final : public NodeTamper {
 public:
  explicit UninitialisedPlant(const Seams& seams) : random_(seams.random, nullptr) {}
  Seams Tampered(const Seams& seams) override {
    return {seams.scheduler, seams.clock, seams.network, seams.disk, random_, seams.process, seams.adversary};
  }

 private:
  HalfWrittenRandom random_;
};

class HashOrderPlant final : public NodeTamper {
 public:
  explicit HashOrderPlant(const Seams& seams) {
    absl::flat_hash_set<std::string> topics;
    for (int i = 0; i < 20; ++i) topics.insert(StrCat("topic-", i));
    for (const std::string& topic : topics) EDGE_CHECK_OK(seams.scheduler.Spawn(topic, [] {}));
  }
};

NodeTamper::Factory FactoryOf(std::string_view plant) {
  if (plant == "host-clock") return [](const Seams& seams) { return std::make_unique<HostClockPlant>(seams); };
  if (plant == "hash-order") return [](const Seams& seams) { return std::make_unique<HashOrderPlant>(seams); };
  if (plant == "uninitialised") return [](const Seams& seams) { return std::make_unique<UninitialisedPlant>(seams); };
  return nullptr;
}

RunResult RunWith(const NodeTamper::Factory& tamper) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "planted";
  code->script = kScript;
  RunSubject subject;
  subject.codes = {std::move(code)};
  subject.tamper = tamper;
  subject.scenario.name = "planted";
  subject.scenario.clients = 2;
  subject.scenario.requests_per_client = 10;
  subject.scenario.operations.push_back({.name = "GET /", .method = "GET", .target = "/"});
  RunOptions options;
  options.keep = Keep::kJournal;
  return RunScenario(subject, options, *StrategyFor(kSeed));
}

int Run(std::string_view plant, const char* path) {
  const NodeTamper::Factory tamper = FactoryOf(plant);
  if (tamper == nullptr && plant != "none") {
    std::fprintf(stderr, "no such plant: %s\n", std::string(plant).c_str());
    return 2;
  }
  const RunResult first = RunWith(tamper);
  const RunResult second = RunWith(tamper);
  if (!first.status.ok() || !second.status.ok()) {
    std::fprintf(stderr, "%s\n", first.status.ToString().c_str());
    return 3;
  }
  std::ofstream file(path, std::ios::binary);
  file << WriteJournal(first.View()) << std::flush;
  if (!file) {
    std::fprintf(stderr, "cannot write %s\n", path);
    return 2;
  }
  std::printf("%016lx %016lx\n", first.hash, second.hash);
  if (first.hash != second.hash) std::fprintf(stderr, "%s\n", DivergenceReport(first.View(), second.View()).c_str());
  return 0;
}

int Compare(const char* const (&paths)[2]) {
  Journal journals[2];
  for (int i = 0; i < 2; ++i) {
    std::ifstream file(paths[i], std::ios::binary);
    absl::StatusOr<Journal> journal = ReadJournal(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!journal.ok()) {
      std::fprintf(stderr, "%s: %s\n", paths[i], journal.status().ToString().c_str());
      return 2;
    }
    journals[i] = *std::move(journal);
  }
  std::printf("%s\n", DivergenceReport(journals[0].view(), journals[1].view(), {.first = "one process", .second = "another"}).c_str());
  return FirstDivergence(journals[0].view(), journals[1].view()).has_value() ? 1 : 0;
}

}  // namespace
}  // namespace edge::sim

int main(int argc, char** argv) {
  const std::string_view verb = argc == 4 ? argv[1] : "";
  if (verb == "run") return edge::sim::Run(argv[2], argv[3]);
  if (verb == "compare") return edge::sim::Compare({argv[2], argv[3]});
  std::fprintf(stderr, "usage: planted_main run PLANT FILE | compare A B\n");
  return 2;
}
