// What requests of simulated clients have in common, WebSocket or not: text from templates, names, the node that is asked.
#ifndef EDGE_SIM_SCENARIO_REQUEST_PARTS_H_
#define EDGE_SIM_SCENARIO_REQUEST_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/world.h"

namespace edge::sim {

// `text` with its placeholders filled in; `key` names the place: the same key and text give the same.
std::string FillTemplate(World& world, ActorId actor, std::string_view text, Key key);
// Version 4, of these bits.
std::string Uuid(uint64_t high, uint64_t low);
// The value of the CF-Ray header that carries `ray`, which names one attempt.
std::string RayHeader(uint64_t ray);
// Which of so many nodes an attempt asks. REQUIRES: nodes > 0.
size_t DrawNode(World& world, ActorId actor, uint64_t ray, size_t nodes);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_REQUEST_PARTS_H_
