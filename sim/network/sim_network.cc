#include "sim/network/sim_network.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/network/link.h"

namespace edge::sim {
namespace {

constexpr uint16_t kFirstFreePort = 20'000;
// What it takes to learn that a name does not exist.
constexpr Duration kLookup = Duration::Milliseconds(1);

bool IsAnyAddress(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

class SimConnection final : public Connection {
 public:
  SimConnection(Link* link, Side side) : link_(link), side_(side) {}
  ~SimConnection() override { link_->Release(side_); }

  absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) override { return link_->Read(side_, buffer, deadline); }
  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) override { return link_->Write(side_, pieces, deadline); }
  absl::Status CloseWrite() override { return link_->CloseWrite(side_); }
  void Abort() override { link_->Abort(side_); }
  void NotifyReadable(ReadableCallback* callback) override { link_->NotifyReadable(side_, callback); }
  const Endpoint& Peer() const override { return link_->Peer(side_); }

 private:
  Link* const link_;  // lives until released
  const Side side_;
};

}  // namespace

class SimListener final : public Listener {
 public:
  // The port is known to its host.
  SimListener(Fabric& fabric, const Party& party, Endpoint local, bool loopback_only) : scheduler_(fabric.world_.scheduler()) {
    port_.party = party;
    port_.local = std::move(local);
    port_.loopback_only = loopback_only;
    party.host->ports.emplace(port_.local.port, &port_);
  }

  ~SimListener() override {
    EDGE_CHECK(port_.acceptor == nullptr) << "a listener is destroyed while a fiber waits on it";
    if (port_.state == Port::State::kListening) port_.party.host->ports.erase(port_.local.port);
    for (Link* const link : port_.pending) {
      link->Abort(Side::kServer);
      link->Release(Side::kServer);
    }
  }

  absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) override {
    EDGE_RETURN_IF_ERROR(CheckAlive());
    EDGE_CHECK(port_.acceptor == nullptr) << "two fibers accept at one listener";
    absl::Status status;
    while (status.ok() && port_.pending.empty() && !port_.party.crashed()) {
      port_.acceptor = scheduler_.current();
      status = scheduler_.Suspend(deadline);
      port_.acceptor = nullptr;
    }
    EDGE_RETURN_IF_ERROR(CheckAlive());
    if (port_.pending.empty()) return status;
    Link* const link = port_.pending.front();
    port_.pending.pop_front();
    link->Accepted();
    return std::make_unique<SimConnection>(link, Side::kServer);
  }

  const Endpoint& Local() const override { return port_.local; }

 private:
  absl::Status CheckAlive() const { return port_.party.crashed() ? CrashedStatus() : scheduler_.CheckAlive(); }

  Scheduler& scheduler_;
  Port port_;
};

SimNetwork::SimNetwork(Fabric& fabric, std::string_view host, ActorId actor, const Domain* incarnation)
    : fabric_(fabric), party_(fabric.Join(host, actor, incarnation)) {}

absl::StatusOr<std::unique_ptr<Listener>> SimNetwork::Listen(const Endpoint& local) {
  if (party_.crashed()) return CrashedStatus();
  EDGE_RETURN_IF_ERROR(fabric_.world_.scheduler().CheckAlive());
  Host& host = *party_.host;
  if (!IsAnyAddress(local.host) && fabric_.Resolve(local.host, host) != &host) {
    return absl::InvalidArgumentError(
        StrCat("cannot listen on ", local.ToString(), ": \"", local.host, "\" is not an address of ", host.name));
  }
  Endpoint bound = local;
  if (bound.port == 0) {
    bound.port = kFirstFreePort;
    while (host.ports.contains(bound.port)) ++bound.port;
  } else if (const auto used = host.ports.find(bound.port); used != host.ports.end()) {
    if (!used->second->party.crashed()) {
      return absl::AlreadyExistsError(StrCat("cannot listen on ", local.ToString(), ": the address is in use"));
    }
    used->second->state = Port::State::kDied;
    host.ports.erase(used);
  }
  return std::make_unique<SimListener>(fabric_, party_, std::move(bound), IsLoopback(local.host));
}

absl::StatusOr<std::unique_ptr<Connection>> SimNetwork::Connect(const Endpoint& remote, Instant deadline) {
  if (party_.crashed()) return CrashedStatus();
  Scheduler& scheduler = fabric_.world_.scheduler();
  EDGE_RETURN_IF_ERROR(scheduler.CheckAlive());
  Host* const server = fabric_.Resolve(remote.host, *party_.host);
  if (server == nullptr) {
    EDGE_RETURN_IF_ERROR(scheduler.SleepUntil(std::min(deadline, scheduler.clock().Now() + kLookup)));
    return absl::UnavailableError(StrCat("cannot resolve ", remote.host, ": no such host"));
  }
  EDGE_ASSIGN_OR_RETURN(Link * link, fabric_.NewLink(party_, *server, remote));
  absl::Status status = link->Connect(deadline);
  if (!status.ok()) {
    link->Release(Side::kClient);
    return status;
  }
  return std::make_unique<SimConnection>(link, Side::kClient);
}

}  // namespace edge::sim
