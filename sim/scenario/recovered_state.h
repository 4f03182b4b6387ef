// RecoverCopy: what a store finds when it opens a machine's disk now: on a copy, in a world of its own without faults, so that the run and
// its disk are not touched.
#ifndef EDGE_SIM_SCENARIO_RECOVERED_STATE_H_
#define EDGE_SIM_SCENARIO_RECOVERED_STATE_H_

#include "absl/status/statusor.h"
#include "sim/disk/platter.h"
#include "sim/scenario/object_ledger.h"
#include "storage/store/object_store.h"

namespace edge::sim {

// `options` as the node's: its folder, its limits, its planted bugs. Every object, read whole. Errors as ObjectStore::Open and Export.
absl::StatusOr<RecoveredObjects> RecoverCopy(Platter& platter, storage::StoreOptions options);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_RECOVERED_STATE_H_
