// Outcome: what became of one try: a run of the application under exactly some decisions.
#ifndef EDGE_SIM_SHRINK_OUTCOME_H_
#define EDGE_SIM_SHRINK_OUTCOME_H_

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"
#include "sim/oracle/oracle.h"

namespace edge::sim {

struct Outcome {
  bool failed = false;
  // How it failed, without anything that varies between two runs that fail alike (Failure::Signature).
  std::string signature;
  uint64_t hash = 0;  // of the run
  // The decisions that the run took and that were not the mildest: those given without the ones it never came to, values as they were
  // clamped. Running these gives the same run.
  std::vector<Decision> used;
  Duration cost;  // virtual time
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SHRINK_OUTCOME_H_
