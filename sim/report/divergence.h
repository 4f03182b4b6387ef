// Divergence: where two runs of one seed part, the first thing to know about anything that is not deterministic.
//
//   hashes differ --> checkpoints differ between events 3,073 and 4,096 --> run again with journals --> first differing event and field
//
// The report names the event, what differs in it, and shows what both runs did just before.
#ifndef EDGE_SIM_REPORT_DIVERGENCE_H_
#define EDGE_SIM_REPORT_DIVERGENCE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/report/journal.h"

namespace edge::sim {

struct Divergence {
  uint64_t number = 0;              // of the first differing event
  std::vector<std::string> fields;  // "bytes_hash", "time" ..., in order of meaning; "end" if one run is over before; "actors"
};

// Null if both are the same run as far as both journals go and their hashes agree.
std::optional<Divergence> FirstDivergence(const JournalView& a, const JournalView& b);

// The events (first, last) between which two runs part, from their checkpoints; null if the checkpoints that both have are equal, then
// the difference, if there is one, lies behind them.
struct EventRange {
  uint64_t first = 0;
  uint64_t last = 0;
};
std::optional<EventRange> FirstDifferingRange(std::span<const uint64_t> a, std::span<const uint64_t> b, uint64_t events_per_checkpoint);

struct DivergenceNames {
  std::string first = "first run";
  std::string second = "second run";
};

// At most 30 lines of 140 columns. Of two runs that are the same: one line that says so.
std::string DivergenceReport(const JournalView& a, const JournalView& b, const DivergenceNames& names = {});
// A journal against a run that kept only checkpoints (hashes after every events_per_checkpoint events, and at its end).
std::string DivergenceReport(const JournalView& a, std::span<const uint64_t> checkpoints_b, uint64_t events_per_checkpoint,
                             const DivergenceNames& names = {});

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_DIVERGENCE_H_
