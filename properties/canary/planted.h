// Mistakes planted in the platform's own parts, to see the simulator's checks find them.
#ifndef EDGE_PROPERTIES_CANARY_PLANTED_H_
#define EDGE_PROPERTIES_CANARY_PLANTED_H_

#include "sim/scenario/app_node.h"

namespace edge::sim {

// When an isolate is recycled, the next response of the node is written twice.
NodeTamper::Factory TwiceOnReset();
// A node that is asked to stop does not wait for the requests in flight.
NodeTamper::Factory DroppedAtShutdown();

}  // namespace edge::sim

#endif  // EDGE_PROPERTIES_CANARY_PLANTED_H_
