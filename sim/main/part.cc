#include "sim/main/part.h"

#include <boost/json.hpp>
#include <memory>

#include "absl/strings/str_format.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/oracle/strategies.h"
#include "sim/report/divergence.h"

namespace edge::sim {
namespace {

namespace json = boost::json;

constexpr uint64_t kOneInThisManyTwice = 50;

std::string Hex(uint64_t number) { return absl::StrFormat("%016x", number); }

json::array TroublesJson(const std::vector<SeedTrouble>& troubles) {
  json::array array;
  for (const SeedTrouble& trouble : troubles) array.push_back(json::object{{"seed", trouble.seed}, {"message", trouble.message}});
  return array;
}

json::array NamesJson(const std::vector<std::string>& names) {
  json::array array;
  for (const std::string& name : names) array.push_back(json::value(name));
  return array;
}

// What both runs of a seed were, told apart event by event.
std::string Tell(const RunSubject& subject, RunOptions options, uint64_t seed) {
  options.keep = Keep::kJournal;
  const std::unique_ptr<Strategy> first_strategy = StrategyFor(seed);
  const RunResult first = RunScenario(subject, options, *first_strategy);
  const std::unique_ptr<Strategy> second_strategy = StrategyFor(seed);
  const RunResult second = RunScenario(subject, options, *second_strategy);
  return DivergenceReport(first.View(), second.View());
}

// Reads one member of the report; the parent trusts its own child, but not that it came to its end.
uint64_t Number(const json::object& object, const char* key) {
  const json::value* const value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64()) return static_cast<uint64_t>(value->get_int64());
  return 0;
}
std::string Text(const json::object& object, const char* key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string().c_str()) : std::string();
}
std::vector<std::string> Names(const json::object& object, const char* key) {
  std::vector<std::string> names;
  const json::value* const value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return names;
  for (const json::value& name : value->get_array()) {
    if (name.is_string()) names.emplace_back(name.get_string().c_str());
  }
  return names;
}
template <typename Each>
void EachObject(const json::object& object, const char* key, Each each) {
  const json::value* const value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return;
  for (const json::value& element : value->get_array()) {
    if (element.is_object()) each(element.get_object());
  }
}

}  // namespace

bool RunsTwice(uint64_t seed) { return seed == 1 || MixHash(seed) % kOneInThisManyTwice == 0; }

RunOptions RunOptionsOf(const SimOptions& options) {
  RunOptions run;
  run.contract = options.contract;
  run.plan = options.plan;
  if (options.turns_max != 0) run.limits.turns = options.turns_max;
  return run;
}

PartReport RunPart(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, edge::Event& stop) {
  PartReport report;
  report.next_seed = options.first_seed;
  const RunOptions run_options = RunOptionsOf(options);
  const Instant begin = seams.clock.Now();
  while (report.ran < options.seeds) {
    // Between two seeds the outside is looked at: time, and a wish to stop.
    if (!seams.scheduler.Yield().ok() || stop.is_set()) break;
    if (options.part.milliseconds_max != 0 && report.ran > 0 &&
        (seams.clock.Now() - begin).ToMilliseconds() >= static_cast<int64_t>(options.part.milliseconds_max)) {
      break;
    }
    const uint64_t seed = report.next_seed++;
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const RunResult result = RunScenario(subject.run, run_options, *strategy);
    ++report.ran;
    report.events += result.events;
    report.turns += result.turns;
    report.virtual_time = report.virtual_time + result.virtual_time;
    report.requests += result.requests;
    report.entered += result.entered;
    if (!result.entry_points.handlers.empty()) report.entry_points = result.entry_points;
    for (const auto& [handler, times] : result.entries) report.entries[handler] += times;
    for (size_t i = 0; i < kFaultFamilies; ++i) report.faults[i] += result.faults[i];
    report.operations.resize(CountOperations(subject.run.scenario));
    for (size_t i = 0; i < result.operations.size(); ++i) {
      report.operations[i].calls += result.operations[i].calls;
      report.operations[i].answered += result.operations[i].answered;
      report.operations[i].acknowledged += result.operations[i].acknowledged;
    }
    if (options.part.hashes) report.hashes.emplace_back(seed, result.hash);
    if (!result.status.ok()) {
      report.stuck.push_back({seed, std::string(result.status.message())});
      continue;
    }
    if (result.failure.has_value()) {
      report.failures.push_back({seed, std::string(strategy->name()), result.failure->Signature(), result.failure->check,
                                 result.failure->message, result.events});
    }
    if (RunsTwice(seed)) {
      ++report.ran_twice;
      const std::unique_ptr<Strategy> again = StrategyFor(seed);
      if (RunScenario(subject.run, run_options, *again).hash != result.hash) {
        report.divergences.push_back({seed, Tell(subject.run, run_options, seed)});
      }
    }
  }
  return report;
}

void PartReport::Add(const PartReport& other) {
  ran += other.ran;
  events += other.events;
  turns += other.turns;
  virtual_time = virtual_time + other.virtual_time;
  requests += other.requests;
  entered += other.entered;
  if (!other.entry_points.handlers.empty()) entry_points = other.entry_points;
  for (const auto& [handler, times] : other.entries) entries[handler] += times;
  ran_twice += other.ran_twice;
  for (size_t i = 0; i < kFaultFamilies; ++i) faults[i] += other.faults[i];
  if (operations.size() < other.operations.size()) operations.resize(other.operations.size());
  for (size_t i = 0; i < other.operations.size(); ++i) {
    operations[i].calls += other.operations[i].calls;
    operations[i].answered += other.operations[i].answered;
    operations[i].acknowledged += other.operations[i].acknowledged;
  }
  failures.insert(failures.end(), other.failures.begin(), other.failures.end());
  stuck.insert(stuck.end(), other.stuck.begin(), other.stuck.end());
  divergences.insert(divergences.end(), other.divergences.begin(), other.divergences.end());
  hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
}

std::string WritePartReport(const PartReport& report) {
  json::array faults;
  for (const uint64_t count : report.faults) faults.push_back(count);
  json::array operations;
  for (const OperationCount& count : report.operations) {
    operations.push_back(json::object{{"calls", count.calls}, {"answered", count.answered}, {"acknowledged", count.acknowledged}});
  }
  json::array failures;
  for (const SeedFailure& failure : report.failures) {
    failures.push_back(json::object{{"seed", failure.seed},
                                    {"strategy", failure.strategy},
                                    {"signature", failure.signature},
                                    {"check", failure.check},
                                    {"message", failure.message},
                                    {"events", failure.events}});
  }
  json::object entries;
  for (const auto& [handler, times] : report.entries) entries[handler] = times;
  json::array hashes;
  for (const auto& [seed, hash] : report.hashes) hashes.push_back(json::object{{"seed", seed}, {"hash", Hex(hash)}});
  return json::serialize(json::object{{"next_seed", report.next_seed},
                                      {"ran", report.ran},
                                      {"events", report.events},
                                      {"turns", report.turns},
                                      {"virtual_ns", report.virtual_time.ToNanoseconds()},
                                      {"requests", report.requests},
                                      {"entered", report.entered},
                                      {"handlers", NamesJson(report.entry_points.handlers)},
                                      {"classes", NamesJson(report.entry_points.classes)},
                                      {"entries", entries},
                                      {"ran_twice", report.ran_twice},
                                      {"faults", faults},
                                      {"operations", operations},
                                      {"failures", failures},
                                      {"stuck", TroublesJson(report.stuck)},
                                      {"divergences", TroublesJson(report.divergences)},
                                      {"hashes", hashes},
                                      {"complete", true}});
}

absl::StatusOr<PartReport> ReadPartReport(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !root.is_object() || !root.get_object().contains("complete")) {
    return absl::DataLossError("a child's report is cut short");
  }
  const json::object& object = root.get_object();
  PartReport report;
  report.next_seed = Number(object, "next_seed");
  report.ran = Number(object, "ran");
  report.events = Number(object, "events");
  report.turns = Number(object, "turns");
  report.virtual_time = Duration::Nanoseconds(static_cast<int64_t>(Number(object, "virtual_ns")));
  report.requests = Number(object, "requests");
  report.entered = Number(object, "entered");
  report.ran_twice = Number(object, "ran_twice");
  report.entry_points.handlers = Names(object, "handlers");
  report.entry_points.classes = Names(object, "classes");
  if (const json::value* const entries = object.if_contains("entries"); entries != nullptr && entries->is_object()) {
    for (const auto& [handler, times] : entries->get_object()) {
      report.entries[std::string(handler.data(), handler.size())] = times.to_number<uint64_t>();
    }
  }
  if (const json::value* const faults = object.if_contains("faults"); faults != nullptr && faults->is_array()) {
    for (size_t i = 0; i < kFaultFamilies && i < faults->get_array().size(); ++i) {
      report.faults[i] = faults->get_array()[i].to_number<uint64_t>();
    }
  }
  EachObject(object, "operations", [&](const json::object& each) {
    report.operations.push_back({Number(each, "calls"), Number(each, "answered"), Number(each, "acknowledged")});
  });
  EachObject(object, "failures", [&](const json::object& each) {
    report.failures.push_back({Number(each, "seed"), Text(each, "strategy"), Text(each, "signature"), Text(each, "check"),
                               Text(each, "message"), Number(each, "events")});
  });
  EachObject(object, "stuck", [&](const json::object& each) { report.stuck.push_back({Number(each, "seed"), Text(each, "message")}); });
  EachObject(object, "divergences", [&](const json::object& each) {
    report.divergences.push_back({Number(each, "seed"), Text(each, "message")});
  });
  EachObject(object, "hashes", [&](const json::object& each) {
    report.hashes.emplace_back(Number(each, "seed"), std::strtoull(Text(each, "hash").c_str(), nullptr, 16));
  });
  return report;
}

}  // namespace edge::sim
