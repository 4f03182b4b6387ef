#include "sim/main/replay.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "runtime/application/application.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/main/explain.h"
#include "sim/main/part.h"
#include "sim/main/subject.h"
#include "sim/main/trace_header.h"
#include "sim/main/words.h"
#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/report/actor_states.h"
#include "sim/report/event_line.h"
#include "sim/report/journal_json.h"
#include "sim/report/story.h"
#include "sim/report/words.h"

namespace edge::sim {
namespace {

constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kInternal = 3;

// A command line that names what a run depends on is refused when that is another: it would be another run.
absl::Status CheckSame(const char* flag, const std::string& wanted, const std::string& is, const char* what) {
  if (wanted.empty() || is.starts_with(wanted)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat(flag, " ", wanted, ": ", what, " is another one now (", is.substr(0, 16),
             "), so this seed would be another run. Go back to what it was, or replay the trace of the failure: "
             "it is aligned to what is there now (edge replay --trace FILE)"));
}

bool IsShown(const Event& event, const SimOptions& options) {
  if (options.every_event || IsOnSocket(event)) return true;
  return event.kind != EventKind::kTurn && event.kind != EventKind::kDecision && event.kind != EventKind::kDeliver &&
         event.kind != EventKind::kRandom && !(event.kind == EventKind::kHost && event.text.empty());
}

struct Prepared {
  std::unique_ptr<Strategy> strategy;
  ReplayStrategy* replay = nullptr;  // if it is one
  std::optional<Trace> trace;
  uint64_t seed = 0;
  std::string strategy_name;
};

absl::StatusOr<Prepared> Prepare(const Seams& seams, const SimOptions& options, const LoadedSubject& subject, cli::Terminal& terminal) {
  Prepared prepared;
  if (options.seed.has_value()) {
    EDGE_RETURN_IF_ERROR(CheckSame("--bundle", options.bundle, subject.bundle_hash, "the application's bundle"));
    EDGE_RETURN_IF_ERROR(CheckSame("--scenario-hash", options.scenario_hash, subject.scenario_hash, "the scenario"));
    EDGE_RETURN_IF_ERROR(
        CheckSame("--model", options.model, absl::StrFormat("%016x", FaultModelVersion()), "the fault model of this version of edge"));
    prepared.seed = *options.seed;
    prepared.strategy = StrategyFor(prepared.seed);
    prepared.strategy_name = std::string(prepared.strategy->name());
    return prepared;
  }
  const cli::ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  const std::string path = loader.Absolute(options.trace_file);
  const absl::StatusOr<std::string> bytes = ReadWholeFile(seams.disk, path, 64u << 20);
  if (!bytes.ok()) return absl::NotFoundError(StrCat("cannot read the trace ", path, ": ", std::string(bytes.status().message())));
  absl::StatusOr<Trace> trace = Trace::Parse(*bytes);
  if (!trace.ok()) return absl::InvalidArgumentError(StrCat(path, ": ", std::string(trace.status().message())));
  prepared.trace.emplace(*std::move(trace));
  const TraceHeader& header = prepared.trace->header();
  const TraceHeader here = TraceHeaderOf(subject, options);
  if (header.application != here.application) {
    return absl::FailedPreconditionError(StrCat(path, ": this is a trace of the application ", header.application, ", and ",
                                                here.application, " is another one. Name the folder of ", header.application,
                                                ": edge replay DIR --trace ", options.trace_file));
  }
  prepared.seed = header.seed;
  prepared.strategy_name = StrCat("replay of ", options.trace_file);
  const absl::Status same = prepared.trace->CheckAgainst(here);
  if (!same.ok()) terminal.Note(StrCat(std::string(same.message()), "\nThe trace is aligned to what is here now, by label and key."));
  auto replay = std::make_unique<ReplayStrategy>(prepared.trace->decisions(),
                                                 same.ok() ? ReplayStrategy::Match::kSameRun : ReplayStrategy::Match::kAligned);
  prepared.replay = replay.get();
  prepared.strategy = std::move(replay);
  return prepared;
}

// How much of a trace found its place, and whether the run is the recorded one.
void TellAlignment(const Prepared& prepared, const RunResult& result, cli::Terminal& terminal) {
  const ReplayStrategy& replay = *prepared.replay;
  const TraceHeader& header = prepared.trace->header();
  const uint64_t percent = replay.recorded() == 0 ? 100 : replay.used() * 100 / replay.recorded();
  terminal.Note(StrCat("aligned: ", Grouped(replay.used()), " of ", Grouped(replay.recorded()), " recorded decisions found their place (",
                       percent, " %)"));
  if (result.hash == header.run_hash) {
    terminal.Note("the run is the recorded one, bit for bit");
    return;
  }
  terminal.Note("the run is not the recorded one bit for bit");
  const std::string signature = result.failure.has_value() ? result.failure->Signature() : std::string();
  if (!header.signature.empty()) {
    terminal.Note(signature == header.signature ? StrCat("it fails in the same way: ", signature)
                  : signature.empty()           ? StrCat("it passes; recorded was: ", header.signature)
                                                : StrCat("it fails in another way: ", signature, "; recorded was: ", header.signature));
  }
}

}  // namespace

int Replay(const Seams& seams, const SimOptions& options, cli::Terminal& terminal) {
  absl::StatusOr<LoadedSubject> subject = LoadSubject(seams, options);
  absl::StatusOr<Prepared> prepared =
      subject.ok() ? Prepare(seams, options, *subject, terminal) : absl::StatusOr<Prepared>(subject.status());
  if (!prepared.ok()) {
    terminal.Error(std::string(prepared.status().message()));
    return kUsage;
  }
  RunOptions run = RunOptionsOf(options);
  run.keep = Keep::kJournal;
  run.stop_at_event = options.until_event;
  const RunResult result = RunScenario(subject->run, run, *prepared->strategy);
  const JournalView journal = result.View();
  if (options.json) {
    terminal.Print(JournalJson(journal));
  } else {
    const ExchangeIndex exchanges(journal);
    terminal.Print(EventListingHead(journal));
    uint64_t hidden = 0;
    for (const Event& event : journal.events) {
      if (!IsShown(event, options)) {
        ++hidden;
        continue;
      }
      terminal.Print(EventLine(journal, exchanges, event));
    }
    if (hidden > 0) terminal.Print(StrCat("(", Grouped(hidden), " turns, decisions and deliveries are not shown; --all shows them)"));
    if (options.until_event != 0 && absl::IsCancelled(result.status)) {
      terminal.Print(ActorStatesText(journal, exchanges, options.until_event));
      return kPassed;
    }
  }
  if (prepared->replay != nullptr && !options.json) TellAlignment(*prepared, result, terminal);
  if (!result.status.ok()) {
    if (options.until_event != 0 && absl::IsCancelled(result.status)) return kPassed;
    terminal.Error(std::string(result.status.message()));
    return kInternal;
  }
  if (options.until_event > result.events)
    terminal.Note(StrCat("the run ended before event ", options.until_event, ": it has ", Grouped(result.events)));
  if (!result.failure.has_value()) {
    if (!options.json) terminal.Print(StrCat("PASSED  seed ", prepared->seed, ", hash ", absl::StrFormat("%016x", result.hash)));
    return kPassed;
  }
  if (!options.json) {
    terminal.Print(StoryText(
        {.journal = journal,
         .failure = {.check = result.failure->check,
                     .message = result.failure->message,
                     .about_key = result.failure->about_key,
                     .about_message = result.failure->about_message},
         .title = {.application = subject->application,
                   .seed = StrCat(prepared->seed),
                   .strategy = prepared->strategy_name,
                   .contract = std::string(NameOf(options.contract)),
                   .replay_command = options.seed.has_value() ? ReplayCommand(seams, *subject, options, prepared->seed)
                                                              : ReplayTraceCommand(seams, *subject, options, options.trace_file)}}));
    terminal.Print(StrCat("hash ", absl::StrFormat("%016x", result.hash)));
  }
  return kFailed;
}

}  // namespace edge::sim
