// SimWorld: the simulated seams, without faults, wired as a simulation does it. For parity tests.
//
// The template's number is the seed: delays, the characters of connections and the order of fibers differ from seed to seed.
#ifndef EDGE_TESTS_PARITY_SIM_WORLD_H_
#define EDGE_TESTS_PARITY_SIM_WORLD_H_

#include <cstdint>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/fiber/scheduler.h"
#include "sim/disk/platter.h"
#include "sim/disk/sim_disk.h"
#include "sim/machine/oracle_adversary.h"
#include "sim/machine/sim_process.h"
#include "sim/machine/sim_random.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/world.h"

namespace edge::parity {

template <uint64_t Seed>
class SimWorld {
 public:
  static constexpr const char* kLoopback = "127.0.0.1";

  Scheduler& scheduler() { return world_.scheduler(); }
  const Clock& clock() { return world_.clock(); }
  Network& network() { return network_; }
  Disk& disk() { return disk_; }
  Random& random() { return random_; }
  Process& process() { return process_; }
  ReadyOrder& order() { return world_.order(); }
  Adversary& adversary() { return adversary_; }

  void Run(absl::AnyInvocable<void()> body) {
    const absl::Status ran = world_.Run(std::move(body));
    EDGE_CHECK(ran.ok()) << ran;
  }

 private:
  static sim::WorldOptions NoFaults() {
    sim::WorldOptions options;
    options.faults.plan = sim::FaultOptions::Plan::kNone;
    return options;
  }

  sim::SeededStrategy strategy_{Seed};
  sim::World world_{strategy_, NoFaults()};
  sim::ActorId actor_ = world_.recorder().AddActor("node1", sim::ActorKind::kNode);
  sim::Fabric fabric_{world_};
  sim::SimNetwork network_{fabric_, "node1", actor_, nullptr};
  sim::Platter platter_;
  sim::SimDisk disk_{world_, platter_, actor_, nullptr};
  sim::SimRandom random_{world_.oracle(), world_.recorder(), actor_, 1};
  const sim::EnvironmentVariables environment_;
  sim::SimProcess process_{{.name = "node1", .incarnation = 1}, environment_, nullptr, nullptr};
  sim::OracleAdversary adversary_{world_.faults(), actor_, nullptr};
};

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_SIM_WORLD_H_
