// For tests of machines: a world and its network, in which everything is the mildest unless the test says otherwise.
#ifndef EDGE_SIM_MACHINE_MACHINE_WORLD_TESTING_H_
#define EDGE_SIM_MACHINE_MACHINE_WORLD_TESTING_H_

#include <string>

#include "runtime/base/check.h"
#include "sim/disk/crash_points.h"
#include "sim/disk/crash_strategy_testing.h"
#include "sim/network/fabric.h"
#include "sim/world.h"

namespace edge::sim {

struct MachineWorld {
  explicit MachineWorld(FaultOptions faults = {.plan = FaultOptions::Plan::kNone})
      : world(strategy, {.keep = Keep::kJournal, .faults = std::move(faults)}), fabric(world) {}
  explicit MachineWorld(Strategy& other, FaultOptions faults = {.plan = FaultOptions::Plan::kNone})
      : world(other, {.keep = Keep::kJournal, .faults = std::move(faults)}), fabric(world) {}

  void Run(absl::AnyInvocable<void()> body) {
    const absl::Status ran = world.Run(std::move(body));
    EDGE_CHECK(ran.ok()) << ran;
  }
  void Sleep(Duration time) { EDGE_CHECK_OK(world.scheduler().SleepFor(time)); }
  void LosesAllUnsynced() {
    strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));
    strategy.Say(kCrashNames, static_cast<int64_t>(NamesFate::kLost));
  }
  // The labels of all kLife events so far.
  std::string Life() {
    std::string life;
    for (const Event& event : world.recorder().journal()) {
      if (event.kind == EventKind::kLife) life += (life.empty() ? "" : " ") + event.label;
    }
    return life;
  }

  SaidStrategy strategy;
  World world;
  Fabric fabric;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_MACHINE_WORLD_TESTING_H_
