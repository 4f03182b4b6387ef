// Story: a failing run told on one screen, in plain words.
//
//   FAILED  todo  seed 81234  random  contract cloudflare
//     check no-lost-update: 1 of 3 acknowledged increments is missing
//     at +12.345 s, event 4,812 of 5,020
//
//     +11.802 s  client2  asks: POST /increment
//     +11.810 s  node1    FAULT lost the connection after the request arrived (network.reset_after)
//     ...
//                         ... 214 more events (edge replay shows them)
//
//     replay: edge replay --seed 81234
//
// What is told is chosen by what it has to do with the failure: the failing request and its causes first, faults always, then crashes and
// phases, requests of the same actors near the failure and what the application logged then. The rest is counted.
#ifndef EDGE_SIM_REPORT_STORY_H_
#define EDGE_SIM_REPORT_STORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/report/journal.h"

namespace edge::sim {

struct Failure {
  std::string check;    // its name
  std::string message;  // what is wrong, in a sentence; may have several lines
  // What the check is about; 0: it did not say.
  uint64_t about_key = 0;      // causal key: of a call, of a handler
  uint64_t about_message = 0;  // of a request
};

// What a report says about the run as a whole. Empty strings are left out.
struct RunTitle {
  std::string application;
  std::string seed;
  std::string strategy;
  std::string contract;
  std::string replay_command;
};

struct StoryInput {
  JournalView journal;
  Failure failure;
  RunTitle title;
};

struct StoryLimits {
  size_t lines = 24;
  size_t columns = 110;
};

// At most limits.lines lines of at most limits.columns columns, each with its line break. A replay command that is longer than a line is
// folded with backslashes, as a shell takes it, and may then exceed the limits.
std::string StoryText(const StoryInput& input, const StoryLimits& limits = {});

// The index of the event that is the failure: that of the failed check, else the last one. 0 of an empty journal.
size_t FailureEvent(const JournalView& journal, const Failure& failure);

// The indices of the events that the story would tell, in order: the timeline marks them too.
std::vector<size_t> StoryEvents(const JournalView& journal, const Failure& failure, size_t events_max);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_STORY_H_
