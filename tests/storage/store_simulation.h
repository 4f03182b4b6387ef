// RunStoreSeed: a store on a simulated machine that is crashed again and again, beside a model of what it must keep.
//
// Each object counts its transactions in a row of its own, so that a recovered object says which prefix of them it is: the model then knows
// what must be in it, byte by byte, and when its alarm is due. What was acknowledged must be in the prefix; epochs must have grown; a stale
// owner must have been refused.
#ifndef EDGE_TESTS_STORAGE_STORE_SIMULATION_H_
#define EDGE_TESTS_STORAGE_STORE_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/log/commit_log.h"
#include "storage/store/store_plants.h"

namespace edge {

struct StoreSeedOptions {
  storage::StorePlants plants;
  storage::PlantedLogBug log_bug = storage::PlantedLogBug::kNone;
  enum class Faults : uint8_t { kNone, kSome } faults = Faults::kSome;  // failing syncs and writes, full disks
  int crashes = 4;
};

struct StoreSeedResult {
  std::vector<std::string> violations;
  // What happened, so that a run that tests nothing is seen.
  uint64_t commits = 0, acknowledged = 0, undone = 0, stale_refused = 0, checkpoints = 0, checkpoints_failed = 0, objects_verified = 0;
  uint64_t generations_failed = 0, deaths = 0, exports = 0;
};

StoreSeedResult RunStoreSeed(uint64_t seed, const StoreSeedOptions& options);

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_STORE_SIMULATION_H_
