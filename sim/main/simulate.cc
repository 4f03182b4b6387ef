#include "sim/main/simulate.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "runtime/application/application.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "sim/main/explain.h"
#include "sim/main/part.h"
#include "sim/main/subject.h"
#include "sim/main/words.h"

namespace edge::sim {
namespace {

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kInternal = 3;

// Parts are as long as a child takes about so long for.
constexpr uint64_t kPartMilliseconds = 1'500;
constexpr uint64_t kFirstPartSeeds = 16;
constexpr Duration kProgressEvery = Duration::Seconds(2);
// Children that have not come to an end so long after a wish to stop are killed.
constexpr Duration kGrace = Duration::Seconds(2);
constexpr size_t kExplainedMax = 3;
// Of every so many parts one is checked against another process.
constexpr uint64_t kPartsPerCrossCheck = 10;
constexpr uint64_t kCrossCheckedSeeds = 3;
// What a run must not depend on, as different as can be.
const char* const kOtherEnvironment[] = {"TZ=Asia/Kathmandu", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8", "MALLOC_PERTURB_=165",
                                         "EDGE_CROSS_CHECK=another environment, of another size, which moves the stack"};

class Simulation {
 public:
  Simulation(const Seams& seams, const SimOptions& options, cli::Terminal& terminal, edge::Event& stop, LoadedSubject& subject)
      : seams_(seams), options_(options), terminal_(terminal), stop_(stop), subject_(subject), next_seed_(options.first_seed) {}

  int Run() {
    begin_ = last_progress_ = seams_.clock.Now();
    Greet();
    TaskGroup jobs(seams_.scheduler);
    const uint32_t count = options_.jobs != 0 ? options_.jobs : std::max(1u, seams_.process.Self().processors);
    for (uint32_t i = 0; i < count; ++i) EDGE_CHECK_OK(jobs.Spawn("job", [this] { Work(); }));
    // A child looks at a wish to stop between two seeds, and a seed may be long.
    TaskGroup grace(seams_.scheduler);
    EDGE_CHECK_OK(grace.Spawn("grace", [this, &jobs] {
      if (stop_.Wait().ok() && seams_.scheduler.SleepFor(kGrace).ok()) jobs.Cancel();
    }));
    jobs.Wait();
    grace.Cancel();
    grace.Wait();
    Progress();
    return Conclude();
  }

 private:
  bool Ended() const { return stop_.is_set() || internal_ || (options_.stop_at_failure && !total_.failures.empty()); }

  // One job: takes the next seeds until there are none.
  void Work() {
    uint64_t seeds = kFirstPartSeeds;
    while (!Ended()) {
      const uint64_t left = options_.first_seed + options_.seeds - next_seed_;
      if (left == 0) return;
      const uint64_t first = next_seed_;
      const uint64_t count = std::min(left, seeds);
      next_seed_ += count;
      const bool cross_checked = parts_++ % kPartsPerCrossCheck == 0;
      const Instant before = seams_.clock.Now();
      absl::StatusOr<PartReport> report = RunChild({first, count, cross_checked, {}});
      if (!report.ok()) {
        if (stop_.is_set()) return;
        return Blame(first, count, report.status());
      }
      if (cross_checked) CrossCheck(*report);
      const int64_t took = std::max<int64_t>(1, (seams_.clock.Now() - before).ToMilliseconds());
      seeds = std::clamp<uint64_t>(report->ran * kPartMilliseconds / static_cast<uint64_t>(took), 1, 100'000);
      // A child that was interrupted reports what it had.
      if (report->ran < count && !stop_.is_set()) {
        return Blame(first, count, absl::InternalError("a child ended early"));
      }
      total_.Add(*report);
      if (!report->divergences.empty()) internal_ = true;
      if (seams_.clock.Now() - last_progress_ >= kProgressEvery) Progress();
    }
  }

  struct Task {
    uint64_t first;
    uint64_t count;
    bool hashes;
    std::string journal;
  };

  ChildOptions ChildCommand(const Task& task) const {
    ChildOptions child;
    child.arguments = {seams_.process.Self().executable,
                       "sim",
                       "--part",
                       "--first-seed",
                       std::to_string(task.first),
                       "--seeds",
                       std::to_string(task.count),
                       "--contract",
                       std::string(NameOf(options_.contract)),
                       "--faults",
                       NameOfPlan(options_.plan)};
    const auto add = [&](const char* flag, const std::string& value) {
      if (!value.empty()) child.arguments.insert(child.arguments.end(), {flag, value});
    };
    add("--scenario", options_.scenario_file);
    add("--requests", options_.requests_file);
    add("--env", options_.environment);
    add("--journal", task.journal);
    if (options_.turns_max != 0) add("--turns-max", std::to_string(options_.turns_max));
    if (task.hashes) child.arguments.push_back("--hashes");
    child.arguments.insert(child.arguments.end(), options_.directories.begin(), options_.directories.end());
    child.working_directory = seams_.process.Self().working_directory;
    child.output_bytes_max = 256u << 20;
    return child;
  }

  absl::StatusOr<PartReport> RunChild(const Task& task, bool other_environment = false) {
    ChildOptions child = ChildCommand(task);
    if (other_environment) child.environment.assign(std::begin(kOtherEnvironment), std::end(kOtherEnvironment));
    EDGE_ASSIGN_OR_RETURN(const ChildResult result, seams_.process.Spawn(child, Instant::Infinite()));
    if (result.exit_code != 0) {
      return absl::InternalError(StrCat("a child ended with exit code ", result.exit_code, ":\n", Tail(result.err)));
    }
    return ReadPartReport(result.out);
  }

  // The same seeds in another process, under another environment.
  void CrossCheck(const PartReport& here) {
    if (here.hashes.empty()) return;
    const uint64_t first = here.hashes.front().first;
    const uint64_t count = std::min<uint64_t>(kCrossCheckedSeeds, here.hashes.size());
    const absl::StatusOr<PartReport> there = RunChild({first, count, true, {}}, true);
    if (!there.ok() || there->hashes.size() < count) {
      if (!stop_.is_set())
        internal_problem_ = StrCat("a second process could not run seed ", first, ": ", std::string(there.status().message()));
      internal_ = internal_ || !stop_.is_set();
      return;
    }
    for (uint64_t i = 0; i < count; ++i) {
      if (there->hashes[i] == here.hashes[i]) {
        ++cross_checked_;
        continue;
      }
      total_.divergences.push_back({here.hashes[i].first, CompareProcesses(here.hashes[i].first)});
      internal_ = true;
      return;
    }
  }

  std::string CompareProcesses(uint64_t seed) {
    const std::string a = StrCat(subject_.artifacts, "/diverging-", seed, "-a.journal");
    const std::string b = StrCat(subject_.artifacts, "/diverging-", seed, "-b.journal");
    const absl::StatusOr<PartReport> first = RunChild({seed, 1, false, a});
    const absl::StatusOr<PartReport> second = RunChild({seed, 1, false, b}, true);
    if (!first.ok() || !second.ok()) return "the hashes differ; the journals could not be written";
    return CompareJournalFiles(seams_.disk, a, b);
  }

  // A part has failed as a whole: which seed is it?
  void Blame(uint64_t first, uint64_t count, const absl::Status& status) {
    internal_ = true;
    internal_problem_ = StrCat("seeds ", first, " to ", first + count - 1, ": ", std::string(status.message()));
    for (uint64_t seed = first; seed < first + count && !stop_.is_set(); ++seed) {
      const absl::StatusOr<PartReport> alone = RunChild({seed, 1, false, {}});
      if (alone.ok()) continue;
      internal_problem_ = StrCat("seed ", seed, ": ", std::string(alone.status().message()));
      return;
    }
  }

  void Greet() {
    if (options_.json) return;
    for (const std::string& notice : subject_.notices) terminal_.Note(notice);
    const Scenario& scenario = subject_.run.scenario;
    terminal_.Note(StrCat("edge sim: ", subject_.application, ", ", Count(scenario.nodes, "node"), ", ", Count(scenario.clients, "client"),
                          ", ", Count(scenario.operations.size(), "operation"),
                          scenario.sockets.empty() ? std::string() : StrCat(" and ", Count(scenario.sockets.size(), "WebSocket")), " (",
                          subject_.workload, "), ", Count(scenario.services.size(), "outside service"), ", contract ",
                          std::string(NameOf(options_.contract))));
  }

  void Progress() {
    last_progress_ = seams_.clock.Now();
    if (options_.json) return;
    const int64_t ms = std::max<int64_t>(1, (last_progress_ - begin_).ToMilliseconds());
    std::string faults;
    for (size_t i = 0; i < kFaultFamilies; ++i) {
      if (total_.faults[i] > 0) faults += StrCat(" ", std::string(NameOf(static_cast<FaultFamily>(i))), " ", Grouped(total_.faults[i]));
    }
    terminal_.Note(StrCat("  ", Grouped(total_.ran), " of ", Grouped(options_.seeds), " seeds, ",
                          Grouped(total_.ran * 1000 / static_cast<uint64_t>(ms)), "/s, virtual time ", TimeInWords(total_.virtual_time),
                          ", faults:", faults.empty() ? " none" : faults, ", failures: ", total_.failures.size()));
  }

  // The distinct ways to fail, each with its first seed.
  struct Group {
    SeedFailure first;
    uint64_t count = 0;
  };
  std::vector<Group> Groups() const {
    std::map<std::string, Group> by_signature;
    for (const SeedFailure& failure : total_.failures) {
      Group& group = by_signature[failure.signature];
      // Fewest events first: the easiest to understand.
      if (group.count == 0 || failure.events < group.first.events ||
          (failure.events == group.first.events && failure.seed < group.first.seed)) {
        group.first = failure;
      }
      ++group.count;
    }
    std::vector<Group> groups;
    for (auto& [signature, group] : by_signature) groups.push_back(std::move(group));
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.count > b.count; });
    return groups;
  }

  int Conclude() {
    std::sort(total_.failures.begin(), total_.failures.end(), [](const SeedFailure& a, const SeedFailure& b) { return a.seed < b.seed; });
    const std::vector<Group> groups = Groups();
    std::vector<Explanation> explanations;
    for (size_t i = 0; i < groups.size() && i < kExplainedMax && (i == 0 || !stop_.is_set()); ++i) {
      explanations.push_back(Explain(seams_, subject_, options_, groups[i].first.seed, terminal_, stop_));
    }
    const int exit_code = ExitCode();
    if (options_.json) {
      terminal_.Print(Json(groups, explanations, exit_code));
      return exit_code;
    }
    for (size_t i = 0; i < explanations.size(); ++i) {
      terminal_.Print(explanations[i].story);
      if (groups[i].count > 1) terminal_.Print(StrCat("    ", groups[i].count, " seeds fail like this."));
      if (!explanations[i].timeline.empty()) terminal_.Print(StrCat("    timeline: ", explanations[i].timeline));
      if (!explanations[i].trace.empty()) terminal_.Print(StrCat("    trace:    ", explanations[i].trace, "\n"));
    }
    for (size_t i = explanations.size(); i < groups.size(); ++i) {
      terminal_.Print(StrCat("also failed: ", groups[i].first.signature, " (", Count(groups[i].count, "seed"), ", the first is ",
                             groups[i].first.seed, ")"));
    }
    Tell();
    return exit_code;
  }

  // A run that did not come to its end says nothing about what it reached.
  uint64_t CameToTheirEnd() const { return total_.ran - total_.stuck.size(); }
  bool NothingExercised() const {
    const size_t exported = total_.entry_points.handlers.size() + total_.entry_points.classes.size();
    return CameToTheirEnd() > 0 && (total_.entered == 0 || (exported > 0 && NeverEntered().size() == exported));
  }

  int ExitCode() const {
    if (internal_ || !total_.divergences.empty()) return kInternal;
    if (!total_.stuck.empty()) return kInternal;
    if (!total_.failures.empty()) return kFailed;
    if (NothingExercised()) return kUsage;
    return kFine;
  }

  std::vector<std::string> NeverAnswered() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < total_.operations.size(); ++i) {
      if (total_.operations[i].answered == 0) names.push_back(OperationName(subject_.run.scenario, i));
    }
    return names;
  }

  // Handlers and classes that no event ever entered: nothing is known about them.
  std::vector<std::string> NeverEntered() const {
    std::vector<std::string> names;
    for (const std::string& handler : total_.entry_points.handlers) {
      if (!total_.entries.contains(handler)) names.push_back(handler + "()");
    }
    for (const std::string& name : total_.entry_points.classes) {
      if (!total_.entries.contains("class " + name)) names.push_back("class " + name);
    }
    return names;
  }

  static std::string Listed(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ", ") + names[i];
    return text;
  }

  void Tell() {
    if (stop_.is_set()) terminal_.Note("interrupted: these are the results so far");
    if (!internal_problem_.empty()) terminal_.Error(internal_problem_);
    for (const SeedTrouble& trouble : total_.divergences) {
      terminal_.Error(
          StrCat("seed ", trouble.seed, " is not the same run twice: edge, or something it uses, is not deterministic\n", trouble.message));
    }
    if (!total_.stuck.empty()) {
      terminal_.Error(
          StrCat("seed ", total_.stuck.front().seed, " did not come to its end: ", total_.stuck.front().message,
                 total_.stuck.size() > 1 ? StrCat("\n(and ", Count(total_.stuck.size() - 1, "more seed"), ")") : std::string()));
    }
    const std::vector<std::string> never = NeverAnswered();
    if (!never.empty() && CameToTheirEnd() > 0) {
      terminal_.Note(StrCat("never answered with anything but 404 or an error: ", Listed(never)));
    }
    if (const std::vector<std::string> unentered = NeverEntered(); !unentered.empty() && total_.ran > 0) {
      terminal_.Note(StrCat("never entered: ", Listed(unentered)));
    }
    if (NothingExercised()) {
      terminal_.Error(
          "nothing was exercised: no request ever reached a handler of the worker, so these runs say nothing about it. Give requests that "
          "do: "
          "edge sim --requests FILE (recorded by edge serve --record FILE), or a scenario (docs/simulation.md)");
    }
    const std::string twice =
        StrCat(Grouped(total_.ran_twice), " ran twice, ", Grouped(cross_checked_), " also in a process with another environment");
    if (total_.failures.empty()) {
      const std::string passed =
          total_.stuck.empty() ? Count(total_.ran, "seed") : StrCat(CameToTheirEnd(), " of ", Count(total_.ran, "seed"));
      terminal_.Note(StrCat(passed, " passed", total_.divergences.empty() ? StrCat("; ", twice, ", all alike") : std::string()));
    } else {
      terminal_.Note(StrCat(Count(total_.failures.size(), "seed"), " of ", Grouped(total_.ran), " failed; ", twice));
    }
  }

  std::string Json(const std::vector<Group>& groups, const std::vector<Explanation>& explanations, int exit_code) const {
    namespace json = boost::json;
    json::array failures;
    for (size_t i = 0; i < groups.size(); ++i) {
      json::object failure{{"signature", groups[i].first.signature}, {"check", groups[i].first.check},
                           {"message", groups[i].first.message},     {"seed", groups[i].first.seed},
                           {"strategy", groups[i].first.strategy},   {"seeds", groups[i].count}};
      json::array seeds;
      for (const SeedFailure& each : total_.failures) {
        if (each.signature == groups[i].first.signature) seeds.push_back(each.seed);
      }
      failure["all_seeds"] = std::move(seeds);
      if (i < explanations.size()) {
        failure["story"] = explanations[i].story;
        failure["replay"] = explanations[i].replay_command;
        failure["trace"] = explanations[i].trace;
        failure["timeline"] = explanations[i].timeline;
        failure["shrunk"] = json::object{{"faults", explanations[i].faults},
                                         {"requests", explanations[i].requests},
                                         {"decisions", explanations[i].decisions},
                                         {"tries", explanations[i].tries}};
      }
      failures.push_back(std::move(failure));
    }
    json::object faults;
    for (size_t i = 0; i < kFaultFamilies; ++i)
      faults[json::string_view(NameOf(static_cast<FaultFamily>(i)).data(), NameOf(static_cast<FaultFamily>(i)).size())] = total_.faults[i];
    json::array stuck;
    for (const SeedTrouble& trouble : total_.stuck) stuck.push_back(json::object{{"seed", trouble.seed}, {"message", trouble.message}});
    json::array divergences;
    for (const SeedTrouble& trouble : total_.divergences)
      divergences.push_back(json::object{{"seed", trouble.seed}, {"report", trouble.message}});
    json::array never;
    for (const std::string& name : NeverAnswered()) never.push_back(json::value(name));
    json::array unentered;
    for (const std::string& name : NeverEntered()) unentered.push_back(json::value(name));
    const std::string contract(NameOf(options_.contract));
    return json::serialize(json::object{{"application", subject_.application},
                                        {"bundle", subject_.bundle_hash},
                                        {"contract", contract},
                                        {"first_seed", options_.first_seed},
                                        {"seeds", total_.ran},
                                        {"interrupted", stop_.is_set()},
                                        {"host_ms", (seams_.clock.Now() - begin_).ToMilliseconds()},
                                        {"events", total_.events},
                                        {"virtual_ms", total_.virtual_time.ToMilliseconds()},
                                        {"requests", total_.requests},
                                        {"entered", total_.entered},
                                        {"ran_twice", total_.ran_twice},
                                        {"cross_checked", cross_checked_},
                                        {"faults", faults},
                                        {"never_answered", never},
                                        {"never_entered", unentered},
                                        {"failures", failures},
                                        {"stuck", stuck},
                                        {"divergences", divergences},
                                        {"problem", internal_problem_},
                                        {"exit_code", exit_code}});
  }

  const Seams& seams_;
  const SimOptions& options_;
  cli::Terminal& terminal_;
  edge::Event& stop_;
  LoadedSubject& subject_;
  uint64_t next_seed_;
  uint64_t parts_ = 0;
  uint64_t cross_checked_ = 0;
  PartReport total_;
  bool internal_ = false;
  std::string internal_problem_;
  Instant begin_;
  Instant last_progress_;
};

}  // namespace

int Simulate(const Seams& seams, const SimOptions& options, cli::Terminal& terminal, edge::Event& stop) {
  absl::StatusOr<LoadedSubject> subject = LoadSubject(seams, options);
  if (!subject.ok()) {
    terminal.Error(std::string(subject.status().message()));
    return kUsage;
  }
  if (subject->run.scenario.operations.empty() && subject->run.scenario.sockets.empty()) {
    terminal.Error(
        "there is nothing to ask the application: no route strings were found in the bundle. Give requests: edge sim --requests FILE "
        "(recorded by "
        "edge serve --record FILE), or a scenario (docs/simulation.md)");
    return kUsage;
  }
  if (options.part.is_part) {
    if (!options.part.journal.empty()) {
      if (const absl::Status written = WriteRunJournal(seams, *subject, options, options.first_seed, options.part.journal); !written.ok()) {
        terminal.Error(std::string(written.message()));
        return kInternal;
      }
      terminal.Print(WritePartReport({.next_seed = options.first_seed + 1, .ran = 1}));
      return kFine;
    }
    terminal.Print(WritePartReport(RunPart(seams, *subject, options, stop)));
    return kFine;
  }
  // A worker that does not start is one error, not one for each seed.
  if (const absl::Status starts = CheckThatItStarts(*subject, options); !starts.ok()) {
    terminal.Error(StrCat("the worker does not start:\n", std::string(starts.message())));
    return kUsage;
  }
  return Simulation(seams, options, terminal, stop, *subject).Run();
}

}  // namespace edge::sim
