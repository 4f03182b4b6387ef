// Client: one simulated client: an actor with a host of its own, a plan of requests, and the WebSockets that it keeps open.
#ifndef EDGE_SIM_SCENARIO_CLIENT_H_
#define EDGE_SIM_SCENARIO_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fiber/domain.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/scenario/caller.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/socket_session.h"
#include "sim/world.h"

namespace edge::sim {

// What a run's clients do, by operation (CountOperations of them): 0 is left out.
struct Workload {
  std::vector<uint32_t> requests;  // index 0: no request, the mildest; then those of the scenario
  std::vector<bool> used;          // sockets and their messages too
};

class Client {
 public:
  // All borrowed.
  Client(World& world, Fabric& fabric, const Scenario& scenario, const std::string& name, const std::vector<Endpoint>& nodes,
         History& history, SocketHistory& sockets);
  ~Client();  // REQUIRES: nothing of it is running

  // Works through its plan of requests on a fiber of its own, and keeps its sockets open on others. `number` counts the clients, from 0;
  // `workload` is borrowed.
  void Start(uint32_t number, const Workload& workload);
  // Opens every socket of the scenario and says each of its messages once; then calls every request once, one after the other, then those
  // that have to settle until they have. `ahead`: the most that a calendar has been, so an alarm may be later by so much.
  void StartProbe(Duration ahead);
  const std::string& name() const { return world_.NameOf(actor_); }
  uint64_t unasked_for() const { return caller_.unasked_for(); }
  // OK when nothing of it is running any more. MAY SUSPEND.
  absl::Status Wait(Instant deadline) { return domain_.Wait(deadline); }
  // MAY SUSPEND.
  void Kill();

 private:
  bool AskUntilSettled(const CheckSpec& check, Duration ahead);
  void Work(const Workload& workload);
  void KeepSocket(size_t plan, SocketSession& session, const Workload& workload);
  SocketSession& NewSession(size_t plan, Call::Phase phase);
  Key SessionKey(size_t plan) const;

  World& world_;
  const Scenario& scenario_;
  const ActorId actor_;
  Domain domain_;
  SimNetwork network_;
  const std::vector<Endpoint>& nodes_;
  History& history_;
  SocketHistory& sockets_;
  Caller caller_;
  std::vector<std::unique_ptr<SocketSession>> sessions_;
  const Key key_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_CLIENT_H_
