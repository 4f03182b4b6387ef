// The canary: planted bugs that the simulator must find, and their clean twins that it must leave alone.
//
//   canary BUNDLES SCENARIOS [--streams N] [--seeds-max N] [--twin-seeds N] [--only NAME]
//
// Each stream of seeds is searched until the first failure; what is reported is how many seeds that took. Both arguments
// are folders. Ends with exit code 1 if a bug is not found by half of the streams, or a twin fails.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "properties/canary/planted.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

struct Bug {
  const char* name;
  const char* buggy;  // bundles
  const char* clean;
  NodeTamper::Factory (*planted)();    // null: the bug is in the bundle
  std::vector<std::string> found_by;   // the checks that may find it
  const char* object_class = nullptr;  // of Durable Objects that it exports, bound by its name in capitals
};

const Bug kBugs[] = {
    {"lost_update", "lost_update_buggy", "lost_update_clean", nullptr, {"no visit is lost"}},
    {"shared_global", "shared_global_buggy", "shared_global_clean", nullptr, {"no ticket is given twice"}, "Desk"},
    {"leaked_global", "leaked_global_buggy", "leaked_global_clean", nullptr, {"everybody has their own order"}, "Cart"},
    {"cached_promise", "cached_promise_buggy", "cached_promise_clean", nullptr, {"request.hung", "probe.error"}},
    {"six_services", "six_services_buggy", "six_services_clean", nullptr, {"answer.lost"}},
    {"twice_on_reset", "twice_on_reset", "twice_on_reset", TwiceOnReset, {"answer.twice"}},
    {"dropped_at_shutdown", "dropped_at_shutdown", "dropped_at_shutdown", DroppedAtShutdown, {"answer.lost", "node.stop"}},
};

struct Settings {
  std::string bundles;
  std::string scenarios;
  uint64_t streams = 20;
  uint64_t seeds_max = 500;
  uint64_t twin_seeds = 200;
  std::string only;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

RunSubject Load(const Settings& settings, const Bug& bug, const char* bundle) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = bug.name;
  code->script = ReadAll(settings.bundles + "/" + bundle + "/worker.js");
  if (bug.object_class != nullptr) {
    const std::string name = bug.object_class;
    std::string upper = name;
    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    code->object_classes = {{.name = name, .space = std::string(bug.name) + "/" + name}};
    code->object_bindings = {{.name = upper, .class_name = name, .script_name = ""}};
  }
  RunSubject subject;
  subject.codes = {std::move(code)};
  const std::string file = settings.scenarios + "/" + bug.name + "/scenario.json";
  absl::StatusOr<Scenario> scenario = ParseScenario(ReadAll(file), file);
  if (!scenario.ok()) {
    std::fprintf(stderr, "%s\n", std::string(scenario.status().message()).c_str());
    std::exit(2);
  }
  subject.scenario = *std::move(scenario);
  return subject;
}

// Seeds of a stream lie far from those of the others.
uint64_t SeedOf(uint64_t stream, uint64_t number) { return stream * 1'000'000 + number; }

bool Hunt(const Settings& settings, const Bug& bug, worker::IsolateNursery& nursery) {
  RunSubject subject = Load(settings, bug, bug.buggy);
  subject.nursery = &nursery;
  if (bug.planted != nullptr) subject.tamper = bug.planted();
  std::vector<uint64_t> needed;
  uint64_t others = 0;
  for (uint64_t stream = 1; stream <= settings.streams; ++stream) {
    for (uint64_t number = 1; number <= settings.seeds_max; ++number) {
      const RunResult result = RunScenario(subject, {}, *StrategyFor(SeedOf(stream, number)));
      if (!result.status.ok()) {
        std::printf("%s: seed %llu: %s\n", bug.name, static_cast<unsigned long long>(SeedOf(stream, number)),
                    std::string(result.status.message()).c_str());
        return false;
      }
      if (!result.failure.has_value()) continue;
      if (std::find(bug.found_by.begin(), bug.found_by.end(), result.failure->check) == bug.found_by.end()) {
        if (others++ < 3) std::printf("  %s also: %s\n", bug.name, result.failure->message.c_str());
        continue;
      }
      if (needed.empty()) {
        std::printf("  %s, seed %llu: %s\n", bug.name, static_cast<unsigned long long>(SeedOf(stream, number)),
                    result.failure->message.c_str());
      }
      needed.push_back(number);
      break;
    }
  }
  std::sort(needed.begin(), needed.end());
  const bool found = needed.size() * 2 > settings.streams;
  std::printf("%-20s found in %zu of %llu streams, seeds needed: median %llu, worst %llu (%llu other failures)\n", bug.name, needed.size(),
              static_cast<unsigned long long>(settings.streams),
              static_cast<unsigned long long>(needed.empty() ? 0 : needed[needed.size() / 2]),
              static_cast<unsigned long long>(needed.empty() ? 0 : needed.back()), static_cast<unsigned long long>(others));
  return found;
}

bool CheckTwin(const Settings& settings, const Bug& bug, worker::IsolateNursery& nursery) {
  RunSubject subject = Load(settings, bug, bug.clean);
  subject.nursery = &nursery;
  uint64_t failures = 0;
  for (uint64_t seed = 1; seed <= settings.twin_seeds; ++seed) {
    const RunResult result = RunScenario(subject, {}, *StrategyFor(seed));
    if (result.status.ok() && !result.failure.has_value()) continue;
    if (failures++ < 3) {
      std::printf("  twin of %s, seed %llu: %s\n", bug.name, static_cast<unsigned long long>(seed),
                  result.status.ok() ? (result.failure->check + ": " + result.failure->message).c_str()
                                     : std::string(result.status.message()).c_str());
    }
  }
  std::printf("%-20s clean twin: %llu failures in %llu seeds\n", bug.name, static_cast<unsigned long long>(failures),
              static_cast<unsigned long long>(settings.twin_seeds));
  return failures == 0;
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
    } else if (word == "--seeds-max") {
      number(settings.seeds_max);
    } else if (word == "--twin-seeds") {
      number(settings.twin_seeds);
    } else if (word == "--only" && i + 1 < argc) {
      settings.only = argv[++i];
    } else {
      (settings.bundles.empty() ? settings.bundles : settings.scenarios) = word;
    }
  }
  bool fine = true;
  for (const Bug& bug : kBugs) {
    if (!settings.only.empty() && settings.only != bug.name) continue;
    worker::WarmNursery nursery;
    fine = Hunt(settings, bug, nursery) && fine;
    fine = CheckTwin(settings, bug, nursery) && fine;
    std::fflush(stdout);
  }
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace edge::sim

int main(int argc, char** argv) { return edge::sim::Main(argc, argv); }
