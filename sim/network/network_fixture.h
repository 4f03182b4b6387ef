// For tests of the simulated network: a world with two hosts, and short words for what is done with connections.
#ifndef EDGE_SIM_NETWORK_NETWORK_FIXTURE_H_
#define EDGE_SIM_NETWORK_NETWORK_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/task_group.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/world.h"

namespace edge::sim {

// Everything is the mildest, except at points that the test names.
class MildStrategy : public Strategy {
 public:
  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
    for (const auto& [name, value] : wishes_) {
      if (name == point.name) return distribution.Clamp(value);
    }
    return distribution.mildest();
  }
  size_t Pick(const DecisionPoint&, std::span<const Candidate>) override { return 0; }
  std::string_view name() const override { return "mild"; }

  // From now on `point` gives this.
  void Wish(std::string_view point, int64_t value) {
    for (auto& [name, wished] : wishes_) {
      if (name == point) {
        wished = value;
        return;
      }
    }
    wishes_.emplace_back(point, value);
  }

 private:
  std::vector<std::pair<std::string, int64_t>> wishes_;
};

// Options under which exactly these sites strike, at every opportunity unless `rate` says otherwise.
inline WorldOptions OnlyFaults(std::vector<const FaultSite*> sites, Ratio rate = {1, 1}) {
  WorldOptions options;
  options.faults.plan = FaultOptions::Plan::kOnly;
  options.faults.only = std::move(sites);
  options.faults.rate = rate;
  return options;
}
inline WorldOptions NoFaults() {
  WorldOptions options;
  options.faults.plan = FaultOptions::Plan::kNone;
  return options;
}

inline const FabricOptions kSmallWindow = {.limits = {.window_bytes_max = 200}};

// "client1" and "server1", each with an incarnation that a test may crash, and fibers outside of both that play them.
struct NetworkWorld {
  struct Actor {
    Actor(NetworkWorld& world, std::string_view host)
        : id(world.world.recorder().AddActor(host, ActorKind::kNode)),
          domain(world.world.scheduler(), host),
          network(world.fabric, host, id, &domain) {
      world.world.Announce(&domain, id);
    }
    ActorId id;
    Domain domain;
    SimNetwork network;
  };
  struct Pair {
    std::unique_ptr<Connection> client;
    std::unique_ptr<Connection> server;
  };

  explicit NetworkWorld(Strategy& strategy, WorldOptions options = NoFaults(), FabricOptions fabric_options = {})
      : world(strategy, options), fabric(world, fabric_options), client(*this, "client1"), server(*this, "server1") {}

  void Run(absl::AnyInvocable<void()> body) {
    const absl::Status ran = world.Run(std::move(body));
    EDGE_CHECK(ran.ok()) << ran;
  }

  Instant In(Duration time) const { return world.now() + time; }
  Instant Patience() const { return In(Duration::Seconds(600)); }
  void Sleep(Duration time) { EDGE_CHECK_OK(world.scheduler().SleepFor(time)); }

  std::unique_ptr<Listener> Listen(uint16_t port = 80) {
    auto listener = server.network.Listen({"server1", port});
    EDGE_CHECK(listener.ok()) << listener.status();
    return *std::move(listener);
  }
  absl::StatusOr<std::unique_ptr<Connection>> Connect(uint16_t port = 80) { return client.network.Connect({"server1", port}, Patience()); }

  Pair Open() {
    std::unique_ptr<Listener> listener = Listen();
    Pair pair;
    auto connected = Connect();
    EDGE_CHECK(connected.ok()) << connected.status();
    pair.client = *std::move(connected);
    auto accepted = listener->Accept(Patience());
    EDGE_CHECK(accepted.ok()) << accepted.status();
    pair.server = *std::move(accepted);
    return pair;
  }

  absl::Status Write(Connection& connection, std::string_view text) { return connection.Write(std::array{text}, Patience()); }

  struct Got {
    std::string bytes;
    absl::Status status;  // OK: the end, or `most` bytes
  };
  Got Read(Connection& connection, size_t most = SIZE_MAX) { return ReadUntil(connection, Patience(), most); }
  Got ReadUntil(Connection& connection, Instant deadline, size_t most = SIZE_MAX) {
    Got got;
    while (got.bytes.size() < most) {
      std::array<char, 4096> buffer;
      const auto read = connection.Read(std::span(buffer.data(), std::min(buffer.size(), most - got.bytes.size())), deadline);
      if (!read.ok()) {
        got.status = read.status();
        break;
      }
      if (*read == 0) break;
      got.bytes.append(buffer.data(), *read);
    }
    return got;
  }

  World world;
  Fabric fabric;
  Actor client;
  Actor server;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_NETWORK_FIXTURE_H_
