// The bug bench of Durable Objects: known bugs of the platform, planted one at a time under a workload that mixes every storage API. How
// many seeds until each is found?
//
//   object_bench WORKER.js SCENARIO.json [--streams N] [--times N] [--seeds-max N] [--twin-seeds N] [--only NAME]
//   object_bench WORKER.js SCENARIO.json --sites N
//
// Each stream of seeds is searched until the bug is found, or for --times its budget (or --seeds-max, if that is less). Ends with exit code
// 1 if the median stream needs more than the budget (with fewer than three streams: if none finds it), or the clean twin fails. --sites
// counts over N seeds of the clean twin how often each fault strikes: each that concerns objects and what they stand on must.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "properties/objects/planted.h"
#include "runtime/worker/isolate_nursery.h"
#include "sim/fault/model.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

struct Settings {
  std::string worker;
  std::string scenario;
  uint64_t streams = 20;
  uint64_t times = 12;
  uint64_t seeds_max = UINT64_MAX;
  uint64_t twin_seeds = 1000;
  std::string only;
  uint64_t sites = 0;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// As mix/wrangler.jsonc has it.
RunSubject Load(const Settings& settings) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "mix";
  code->script = ReadAll(settings.worker);
  code->object_classes = {{.name = "Hall", .space = "mix/Hall"},
                          {.name = "Mix", .space = "mix/Mix"},
                          {.name = "Tally", .space = "mix/Tally", .storage = worker::ObjectClass::Storage::kKeyValue}};
  code->object_bindings = {{.name = "HALL", .class_name = "Hall", .script_name = ""},
                           {.name = "MIX", .class_name = "Mix", .script_name = ""},
                           {.name = "TALLY", .class_name = "Tally", .script_name = ""}};
  RunSubject subject;
  subject.codes = {std::move(code)};
  absl::StatusOr<Scenario> scenario = ParseScenario(ReadAll(settings.scenario), settings.scenario);
  if (!scenario.ok()) {
    std::fprintf(stderr, "%s\n", std::string(scenario.status().message()).c_str());
    std::exit(2);
  }
  subject.scenario = *std::move(scenario);
  return subject;
}

unsigned long long Number(uint64_t n) { return n; }

// Seeds of a stream lie far from those of the others.
uint64_t SeedOf(uint64_t stream, uint64_t number) { return stream * 1'000'000 + number; }

// What was wrong with a run; empty: nothing.
std::string CheckOf(const RunResult& result) {
  if (!result.status.ok()) return std::string(result.status.message());
  return result.failure.has_value() ? result.failure->check : "";
}

bool Hunt(const Settings& settings, const PlantedBug& bug, RunSubject subject) {
  subject.tamper = bug.planted;
  std::vector<uint64_t> needed;
  std::map<std::string, uint64_t> others;
  std::string first;
  for (uint64_t stream = 1; stream <= settings.streams; ++stream) {
    const uint64_t most = std::min(settings.seeds_max, bug.budget * settings.times);
    uint64_t number = 1;
    for (; number <= most; ++number) {
      const RunResult result = RunScenario(subject, {}, *StrategyFor(SeedOf(stream, number)));
      const std::string check = CheckOf(result);
      if (check.empty()) continue;
      if (std::find(bug.found_by.begin(), bug.found_by.end(), check) == bug.found_by.end()) {
        ++others[check];
        continue;
      }
      if (first.empty()) first = "seed " + std::to_string(SeedOf(stream, number)) + ": " + check + ": " + result.failure->message;
      break;
    }
    needed.push_back(number);  // beyond `most`: not found
  }
  std::sort(needed.begin(), needed.end());
  const uint64_t median = needed[(needed.size() - 1) / 2];
  const uint64_t most = std::min(settings.seeds_max, bug.budget * settings.times);
  const auto found = static_cast<uint64_t>(std::count_if(needed.begin(), needed.end(), [&](uint64_t n) { return n <= most; }));
  const bool fine = needed.size() < 3 ? found > 0 : median <= std::min(bug.budget, most);
  std::printf("%s %-46s %s: %llu of %llu streams, seeds needed: median %llu (budget %llu), worst %llu%s\n", bug.name, bug.what,
              fine ? "found" : "NOT FOUND", Number(found), Number(settings.streams), Number(median), Number(bug.budget),
              Number(needed.back()), found < needed.size() ? " (not found)" : "");
  if (!first.empty()) std::printf("   %s\n", first.c_str());
  for (const auto& [check, times] : others) std::printf("   also %llu times: %s\n", Number(times), check.c_str());
  std::fflush(stdout);
  return fine;
}

bool CheckTwin(const Settings& settings, const RunSubject& subject) {
  uint64_t failures = 0;
  for (uint64_t seed = 1; seed <= settings.twin_seeds; ++seed) {
    const RunResult result = RunScenario(subject, {}, *StrategyFor(seed));
    if (CheckOf(result).empty()) continue;
    if (failures++ < 3) {
      std::printf("   clean twin, seed %llu: %s%s\n", Number(seed), CheckOf(result).c_str(),
                  result.failure.has_value() ? (": " + result.failure->message).c_str() : "");
    }
  }
  std::printf("clean twin: %llu failures in %llu seeds\n", Number(failures), Number(settings.twin_seeds));
  std::fflush(stdout);
  return failures == 0;
}

bool CountSites(const Settings& settings, const RunSubject& subject) {
  std::map<std::string_view, uint64_t> strikes;
  for (uint64_t seed = 1; seed <= settings.sites; ++seed) {
    const RunResult result = RunScenario(subject, {}, *StrategyFor(seed));
    for (const auto& [site, times] : result.sites) strikes[site] += times;
  }
  bool fine = true;
  for (const FaultSite* const site : AllFaultSites()) {
    // The application has no outside services, and leaves nothing behind in waitUntil.
    const bool concerned = site->family == FaultFamily::kDisk || site->family == FaultFamily::kProcess ||
                           site->family == FaultFamily::kObject || site->family == FaultFamily::kClock ||
                           site->family == FaultFamily::kWebSocket;
    const bool missing = concerned && site->allowed_by != FaultSite::AllowedBy::kOnRequest && strikes[site->name()] == 0;
    fine = fine && !missing;
    std::printf("%-28s %8llu%s\n", std::string(site->name()).c_str(), Number(strikes[site->name()]), missing ? "  NEVER STRUCK" : "");
  }
  return fine;
}

int Main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&](uint64_t& member) {
      if (++i >= argc) return;
      const std::string_view text = argv[i];
      std::from_chars(text.data(), text.data() + text.size(), member);
    };
    if (word == "--streams") {
      number(settings.streams);
    } else if (word == "--times") {
      number(settings.times);
    } else if (word == "--seeds-max") {
      number(settings.seeds_max);
    } else if (word == "--twin-seeds") {
      number(settings.twin_seeds);
    } else if (word == "--sites") {
      number(settings.sites);
    } else if (word == "--only" && i + 1 < argc) {
      settings.only = argv[++i];
    } else {
      (settings.worker.empty() ? settings.worker : settings.scenario) = word;
    }
  }
  if (settings.scenario.empty() || settings.streams == 0) {
    std::fprintf(stderr, "object_bench WORKER.js SCENARIO.json [--streams N] [--times N] [--seeds-max N] [--twin-seeds N] [--only NAME]\n");
    return 2;
  }
  worker::WarmNursery nursery;
  RunSubject subject = Load(settings);
  subject.nursery = &nursery;
  if (settings.sites > 0) return CountSites(settings, subject) ? 0 : 1;
  bool fine = true;
  for (const PlantedBug& bug : PlantedBugs()) {
    if (settings.only.empty() || settings.only == bug.name) fine = Hunt(settings, bug, subject) && fine;
  }
  if (settings.only.empty() || settings.only == "twin") fine = CheckTwin(settings, subject) && fine;
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace edge::sim

int main(int argc, char** argv) { return edge::sim::Main(argc, argv); }
