// EpisodeDriver: makes the episodes of a run's fault plan happen to its machines.
//
// A crash comes some turns after its episode's beginning, so that it falls between any two turns of what the machine does then, at the
// latest in the middle of the episode; the machine is restarted at the end. Pauses, slow disks and wrong calendars last from beginning to
// end; a step of the calendar stays. What concerns the network is handed to the fabric. The victim is episode.pick modulo the machines.
//
//   Faults::episodes() --World::At(begin), At(end)--> Machine::Crash, Restart, Pause, SetSkew ... | Fabric
//
// An episode whose victim is down when it begins does not happen (and is not counted).
#ifndef EDGE_SIM_MACHINE_EPISODE_DRIVER_H_
#define EDGE_SIM_MACHINE_EPISODE_DRIVER_H_

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "sim/machine/machine.h"
#include "sim/network/fabric.h"
#include "sim/world.h"

namespace edge::sim {

class EpisodeDriver {
 public:
  // All borrowed. Schedules every episode of world.faults() that is still to come.
  EpisodeDriver(World& world, std::span<Machine* const> machines, Fabric& fabric);
  // Nothing is begun or ended any more; what has begun stays as it is.
  ~EpisodeDriver();

  // The end of all trouble: nothing strikes any more, connections heal, paused machines go on, disks are fast, calendars are right,
  // those that are down boot again. Returns when every machine that was ever started is up. kCancelled, kAborted: the caller's
  // own end came first. MAY SUSPEND.
  absl::Status Heal();

 private:
  struct State;
  const std::shared_ptr<State> state_;  // also held by the events that are still to come
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_EPISODE_DRIVER_H_
