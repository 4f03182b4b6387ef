// SimNetwork: the Network seam of one incarnation of an actor in a simulated world.
//
// After its incarnation has crashed every call and every wait says CrashedStatus and has no effect; what the incarnation had open, its
// peers see reset, or silent (Fabric::HostDied). A connection that is destroyed by a dead incarnation says no goodbye.
//
// Names: the host's own name, its aliases, and loopback addresses ("127.0.0.1", "localhost", "::1"), which mean the caller's own host and
// are listened on for it alone. Peer() of an accepted connection is {the client's host, a port that the connection's causal key chose}.
#ifndef EDGE_SIM_NETWORK_SIM_NETWORK_H_
#define EDGE_SIM_NETWORK_SIM_NETWORK_H_

#include <memory>
#include <string_view>

#include "net/network.h"
#include "sim/network/fabric.h"
#include "sim/network/host.h"

namespace edge::sim {

class SimNetwork final : public Network {
 public:
  // `fabric` and `incarnation` are borrowed; they outlive the network, and it its listeners and connections. `incarnation` null: never
  // crashes. The host is up from now on.
  SimNetwork(Fabric& fabric, std::string_view host, ActorId actor, const Domain* incarnation);
  ~SimNetwork() override { fabric_.Leave(party_); }
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  absl::StatusOr<std::unique_ptr<Listener>> Listen(const Endpoint& local) override;
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& remote, Instant deadline) override;

 private:
  Fabric& fabric_;
  const Party party_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_SIM_NETWORK_H_
