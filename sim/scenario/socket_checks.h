// What must be true of WebSockets, from what their clients have sent and heard (docs/simulation.md).
#ifndef EDGE_SIM_SCENARIO_SOCKET_CHECKS_H_
#define EDGE_SIM_SCENARIO_SOCKET_CHECKS_H_

#include <optional>

#include "sim/scenario/checks.h"

namespace edge::sim {

// Kind "delivered". A socket that was open before a message was said gets it before anything that the same sender said later, if both were
// acknowledged and said once; a socket that its client has closed in the end has got everything that was acknowledged before; nothing comes
// twice on one connection.
std::optional<Violation> CheckDelivered(const Evidence& evidence, const CheckSpec& check);

// Kind "answered". What was said was acknowledged if something that was said later on the same connection was: a connection loses nothing
// from its middle.
std::optional<Violation> CheckAnswered(const Evidence& evidence, const CheckSpec& check);

// Built in: the server keeps to the protocol.
std::optional<Violation> SocketBroken(const Evidence& evidence);
// Built in: a connection that is lost has a cause among the faults, or in an event that has failed meanwhile.
std::optional<Violation> SocketLost(const Evidence& evidence);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SOCKET_CHECKS_H_
