#include "sim/main/explain.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "runtime/application/application.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/main/part.h"
#include "sim/main/trace_header.h"
#include "sim/main/words.h"
#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/oracle/trace.h"
#include "sim/report/divergence.h"
#include "sim/report/journal_file.h"
#include "sim/report/story.h"
#include "sim/report/timeline.h"
#include "sim/shrink/shrink.h"

namespace edge::sim {
namespace {

constexpr Duration kShrinkTime = Duration::Seconds(30);
constexpr Duration kProgressEvery = Duration::Seconds(2);

// As a shell takes it for one word.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string FolderFlag(const SimOptions& options) {
  std::string folders;
  for (const std::string& directory : options.directories) StrAppend(&folders, " ", Quoted(directory));
  return folders;
}

// Flags that decide what a run is.
std::string WorldFlags(const SimOptions& options) {
  std::string flags;
  if (!options.scenario_file.empty()) flags += StrCat(" --scenario ", Quoted(options.scenario_file));
  if (!options.requests_file.empty()) flags += StrCat(" --requests ", Quoted(options.requests_file));
  if (!options.environment.empty()) flags += StrCat(" --env ", Quoted(options.environment));
  if (options.contract != Contract::kCloudflare) flags += StrCat(" --contract ", std::string(NameOf(options.contract)));
  if (options.plan != FaultOptions::Plan::kSwarm) flags += StrCat(" --faults ", NameOfPlan(options.plan));
  if (options.turns_max != 0) flags += StrCat(" --turns-max ", options.turns_max);
  return flags;
}

Outcome OutcomeOf(RunResult result) {
  return {.failed = result.failure.has_value(),
          .signature = result.failure.has_value() ? result.failure->Signature() : std::string(),
          .hash = result.hash,
          .used = std::move(result.decisions),
          .cost = result.virtual_time};
}

}  // namespace

std::string ReplayCommand(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed) {
  return StrCat(cli::ProgramAsTyped(seams.process), " replay --seed ", seed, " --bundle ", subject.bundle_hash.substr(0, 16),
                " --scenario-hash ", subject.scenario_hash, " --model ", absl::StrFormat("%016x", FaultModelVersion()), WorldFlags(options),
                FolderFlag(options));
}

std::string ReplayTraceCommand(const Seams& seams, const LoadedSubject&, const SimOptions& options, const std::string& trace) {
  return StrCat(cli::ProgramAsTyped(seams.process), " replay --trace ", Quoted(trace), WorldFlags(options), FolderFlag(options));
}

absl::Status CheckThatItStarts(const LoadedSubject& subject, const SimOptions& options) {
  RunSubject alone = subject.run;
  alone.scenario.clients = 1;
  alone.scenario.requests_per_client = 0;
  alone.scenario.safety = Duration::Seconds(1);
  alone.scenario.operations.clear();
  alone.scenario.sockets.clear();
  alone.scenario.checks.clear();
  RunOptions run = RunOptionsOf(options);
  run.plan = FaultOptions::Plan::kNone;
  ReplayStrategy mildest({}, ReplayStrategy::Match::kAligned);
  return RunScenario(alone, run, mildest).status;
}

absl::Status WriteRunJournal(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed,
                             const std::string& path) {
  RunOptions run = RunOptionsOf(options);
  run.keep = Keep::kJournal;
  const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
  const RunResult result = RunScenario(subject.run, run, *strategy);
  return WriteWholeFile(seams.disk, path, WriteJournal(result.View()));
}

std::string CompareJournalFiles(Disk& disk, const std::string& a, const std::string& b) {
  Journal journals[2];
  const std::string* const paths[] = {&a, &b};
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(disk, *paths[i], uint64_t{4} << 30);
    if (!bytes.ok()) return StrCat("cannot read ", *paths[i], ": ", std::string(bytes.status().message()));
    absl::StatusOr<Journal> journal = ReadJournal(*bytes);
    if (!journal.ok()) return StrCat(*paths[i], ": ", std::string(journal.status().message()));
    journals[i] = *std::move(journal);
  }
  return DivergenceReport(journals[0].view(), journals[1].view(), {.first = "this environment", .second = "another process"});
}

Explanation Explain(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed, cli::Terminal& terminal,
                    edge::Event& stop) {
  Explanation explanation;
  explanation.replay_command = ReplayCommand(seams, subject, options, seed);
  RunOptions run = RunOptionsOf(options);
  run.keep = Keep::kJournal;
  const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
  RunResult shown = RunScenario(subject.run, run, *strategy);
  if (!shown.failure.has_value()) {
    explanation.story = StrCat("seed ", seed, " failed in a child process but passes here: ", explanation.replay_command, "\n");
    return explanation;
  }
  const std::string signature = shown.failure->Signature();
  std::string shrunk_note;

  if (options.shrinks) {
    RunOptions quiet = run;
    quiet.keep = Keep::kHash;
    const Instant deadline = seams.clock.Now() + kShrinkTime;
    Instant last_progress = seams.clock.Now();
    const auto try_with = [&](std::span<const Decision> decisions) {
      ReplayStrategy replay(decisions, ReplayStrategy::Match::kAligned);
      return OutcomeOf(RunScenario(subject.run, quiet, replay));
    };
    const auto out_of_time = [&] {
      // The clock stands still until others have had a turn.
      return !seams.scheduler.Yield().ok() || stop.is_set() || seams.clock.Now() >= deadline;
    };
    const auto on_progress = [&](const ShrinkProgress& progress) {
      if (options.json || seams.clock.Now() - last_progress < kProgressEvery) return;
      last_progress = seams.clock.Now();
      terminal.Note(StrCat("  shrinking seed ", seed, ": ", Count(progress.left.faults, "fault"), ", ",
                           Count(progress.left.requests, "request"), " left after ", progress.tries, " tries (", std::string(progress.pass),
                           ")"));
    };
    const absl::StatusOr<ShrinkResult> shrunk = Shrink(shown.decisions, signature, try_with, out_of_time, on_progress);
    if (shrunk.ok()) {
      explanation.tries = shrunk->tries;
      shrunk_note = DescribeShrink(*shrunk);
      ReplayStrategy replay(shrunk->decisions, ReplayStrategy::Match::kAligned);
      RunResult small = RunScenario(subject.run, run, replay);
      if (small.failure.has_value() && small.failure->Signature() == signature) shown = std::move(small);
    } else {
      shrunk_note = StrCat("could not be shrunk: ", std::string(shrunk.status().message()));
    }
  }
  for (const uint64_t count : shown.faults) explanation.faults += count;
  explanation.requests = shown.safety_requests;
  explanation.decisions = shown.decisions.size();

  const std::string stem = StrCat(subject.artifacts, "/seed-", seed);
  TraceHeader header = TraceHeaderOf(subject, options);
  header.seed = seed;
  header.strategy = std::string(strategy->name());
  header.run_hash = shown.hash;
  header.events = shown.events;
  header.signature = signature;
  const Trace trace(std::move(header), shown.actors, shown.decisions);
  if (const absl::Status written = WriteWholeFile(seams.disk, stem + ".trace", trace.Serialize()); written.ok()) {
    explanation.trace = stem + ".trace";
  } else {
    terminal.Note(StrCat("the trace could not be written: ", std::string(written.message())));
  }
  const RunTitle title = {.application = subject.application,
                          .seed = StrCat(seed),
                          .strategy = std::string(strategy->name()),
                          .contract = std::string(NameOf(options.contract)),
                          .replay_command = explanation.replay_command};
  const Failure failure = {.check = shown.failure->check,
                           .message = shown.failure->message,
                           .about_key = shown.failure->about_key,
                           .about_message = shown.failure->about_message};
  explanation.story = StoryText({.journal = shown.View(), .failure = failure, .title = title});
  if (!shrunk_note.empty()) explanation.story += StrCat("    shrunk: ", shrunk_note, "\n");
  if (!explanation.trace.empty() && options.shrinks) {
    explanation.story += StrCat("    replay what is told here: ", ReplayTraceCommand(seams, subject, options, explanation.trace), "\n");
  }
  const std::string html = TimelineHtml({.journal = shown.View(), .failure = failure, .title = title});
  if (const absl::Status written = WriteWholeFile(seams.disk, stem + ".html", html); written.ok()) {
    explanation.timeline = stem + ".html";
  } else {
    terminal.Note(StrCat("the timeline could not be written: ", std::string(written.message())));
  }
  return explanation;
}

}  // namespace edge::sim
