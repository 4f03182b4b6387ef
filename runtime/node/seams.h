// Seams: everything through which one node touches the world, all borrowed: the machine's own in production (runtime/main), an
// incarnation's in a simulation (sim/machine). Whoever holds it cannot know which.
#ifndef EDGE_RUNTIME_NODE_SEAMS_H_
#define EDGE_RUNTIME_NODE_SEAMS_H_

#include "net/network.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/clock.h"
#include "runtime/seam/process.h"
#include "runtime/seam/random.h"
#include "storage/disk.h"

namespace edge {

struct Seams {
  Scheduler& scheduler;
  const Clock& clock;
  Network& network;
  Disk& disk;
  Random& random;
  Process& process;
  Adversary& adversary;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_SEAMS_H_
