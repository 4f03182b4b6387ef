// SocketPlans in the JSON of a scenario.
#ifndef EDGE_SIM_SCENARIO_SOCKET_PLAN_JSON_H_
#define EDGE_SIM_SCENARIO_SOCKET_PLAN_JSON_H_

#include "sim/scenario/object_reader.h"
#include "sim/scenario/socket_plan.h"

namespace edge::sim {

// One element of "sockets"; errors stay in the reader's status.
SocketPlan ReadSocketPlan(ObjectReader& reader);
// Canonical: reading it gives the same plan.
json::object SocketPlanJson(const SocketPlan& plan);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SOCKET_PLAN_JSON_H_
