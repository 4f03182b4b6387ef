// Part: a stretch of seeds run in this process, and its report, one JSON object: what a child of `edge sim` does and its parent reads.
//
// The children make a failed internal check, a crash or a hang of one seed harmless to the others, and use all processors.
#ifndef EDGE_SIM_MAIN_PART_H_
#define EDGE_SIM_MAIN_PART_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "sim/main/subject.h"

namespace edge::sim {

struct SeedFailure {
  uint64_t seed = 0;
  std::string strategy;
  std::string signature;
  std::string check;
  std::string message;
  uint64_t events = 0;
};

// A seed whose run did not come to a verdict: a limit of the world was reached, or two runs of it differed.
struct SeedTrouble {
  uint64_t seed = 0;
  std::string message;
};

struct PartReport {
  uint64_t next_seed = 0;  // the first that was not run
  uint64_t ran = 0;
  uint64_t events = 0;
  uint64_t turns = 0;
  Duration virtual_time;
  uint64_t requests = 0;
  uint64_t entered = 0;
  uint64_t ran_twice = 0;
  std::array<uint64_t, kFaultFamilies> faults = {};
  std::vector<OperationCount> operations;
  worker::EntryPoints entry_points;
  std::map<std::string, uint64_t> entries;
  std::vector<SeedFailure> failures;
  std::vector<SeedTrouble> stuck;        // a limit
  std::vector<SeedTrouble> divergences;  // with the report
  std::vector<std::pair<uint64_t, uint64_t>> hashes;

  void Add(const PartReport& other);
};

std::string WritePartReport(const PartReport& report);
absl::StatusOr<PartReport> ReadPartReport(std::string_view json);

// Which seeds are run a second time in the same process.
bool RunsTwice(uint64_t seed);

RunOptions RunOptionsOf(const SimOptions& options);

// Runs options.seeds seeds from options.first_seed on, less if options.part.milliseconds_max is over or `stop` is set between two of them.
// MAY SUSPEND.
PartReport RunPart(const Seams& seams, const LoadedSubject& subject, const SimOptions& options, edge::Event& stop);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_PART_H_
