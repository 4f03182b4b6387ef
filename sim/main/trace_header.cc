#include "sim/main/trace_header.h"

#include "runtime/base/hash.h"
#include "sim/fault/model.h"
#include "sim/main/part.h"
#include "sim/main/words.h"

namespace edge::sim {

TraceHeader TraceHeaderOf(const LoadedSubject& subject, const SimOptions& options) {
  const RunOptions run = RunOptionsOf(options);
  TraceHeader header;
  header.edge_version = kEdgeVersion;
  header.application = subject.application;
  header.bundle = subject.bundle_hash;
  header.scenario = StableHash(subject.scenario_hash);
  header.contract = std::string(NameOf(options.contract));
  header.fault_model = FaultModelVersion();
  header.limits = CombineHash(CombineHash(run.limits.turns, static_cast<uint64_t>(run.limits.virtual_time.ToNanoseconds())),
                              CombineHash(run.limits.turns_at_one_instant, StableHash(NameOfPlan(options.plan))));
  return header;
}

}  // namespace edge::sim
