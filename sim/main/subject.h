// LoadedSubject: what `edge sim DIR` runs: the application's code and a scenario for it.
//
// The scenario is, in this order: the file named by --scenario; edge.sim.json in the application's folder; requests of a recording
// (--requests); requests to the routes that are found in the bundle.
#ifndef EDGE_SIM_MAIN_SUBJECT_H_
#define EDGE_SIM_MAIN_SUBJECT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/node/seams.h"
#include "runtime/worker/isolate_nursery.h"
#include "sim/main/options.h"
#include "sim/scenario/run.h"

namespace edge::sim {

struct LoadedSubject {
  RunSubject run;
  std::unique_ptr<worker::IsolateNursery> nursery;
  std::string application;            // its name
  std::string artifacts;              // absolute folder for what is written about failures
  std::string bundle_hash;            // 64 hexadecimal digits; 16 if there are several workers
  std::string scenario_hash;          // 16
  std::string workload;               // where requests come from, for the user
  std::vector<std::string> exported;  // names the main module exports
  std::vector<std::string> notices;
};

// kNotFound, kInvalidArgument, kFailedPrecondition: the user's to mend. MAY SUSPEND.
absl::StatusOr<LoadedSubject> LoadSubject(const Seams& seams, const SimOptions& options);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_SUBJECT_H_
