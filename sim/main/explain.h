// Explain: from a failing seed to what a person needs: the few faults and requests that matter, a story, a trace to replay, a timeline.
#ifndef EDGE_SIM_MAIN_EXPLAIN_H_
#define EDGE_SIM_MAIN_EXPLAIN_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "runtime/fiber/event.h"
#include "runtime/terminal/terminal.h"
#include "sim/main/subject.h"

namespace edge::sim {

struct Explanation {
  std::string story;           // one screen
  std::string replay_command;  // of the whole run, by its seed
  std::string trace;           // path of the shrunk run's trace; empty if it could not be written
  std::string timeline;        // path of its timeline
  // Of the shrunk run.
  uint64_t faults = 0;
  uint64_t requests = 0;
  uint64_t decisions = 0;
  uint64_t tries = 0;
};

// Runs the seed again with a journal, shrinks it (unless options say not to; at most kShrinkTime, less when `stop` is set), and writes
// trace and timeline into subject.artifacts. MAY SUSPEND.
Explanation Explain(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed, cli::Terminal& terminal,
                    edge::Event& stop);

// The command that runs a seed again, and refuses when anything it depends on is another.
std::string ReplayCommand(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed);
std::string ReplayTraceCommand(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, const std::string& trace);

// OK if the worker starts in a world without faults.
absl::Status CheckThatItStarts(const LoadedSubject& subject, const SimOptions& options);

absl::Status WriteRunJournal(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, uint64_t seed,
                             const std::string& path);
// The report on where they part.
std::string CompareJournalFiles(Disk& disk, const std::string& a, const std::string& b);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_EXPLAIN_H_
