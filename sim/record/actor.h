// ActorId: who does something in a simulated world: a node, a client, an outside service, or the world itself.
#ifndef EDGE_SIM_RECORD_ACTOR_H_
#define EDGE_SIM_RECORD_ACTOR_H_

#include <cstdint>

namespace edge::sim {

// A number given out by Recorder::AddActor, in the order of adding. 0 is the world.
enum class ActorId : uint16_t { kWorld = 0 };

enum class ActorKind : uint8_t { kWorld, kNode, kClient, kService };

}  // namespace edge::sim

#endif  // EDGE_SIM_RECORD_ACTOR_H_
