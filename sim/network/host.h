// Host: one name on the network. Internal to sim/network.
#ifndef EDGE_SIM_NETWORK_HOST_H_
#define EDGE_SIM_NETWORK_HOST_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/network.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/scheduler.h"
#include "sim/record/actor.h"

namespace edge::sim {

class Link;
struct Host;

// Whether the name means the host of whoever says it.
inline bool IsLoopback(std::string_view name) { return name == "localhost" || name == "::1" || name.starts_with("127."); }

// Who holds an end of a connection, or listens: one incarnation of an actor on a host.
struct Party {
  Host* host = nullptr;
  ActorId actor = ActorId::kWorld;
  const Domain* incarnation = nullptr;  // null: outlives the world
  uint64_t boot = 0;                    // which of the host's

  bool crashed() const { return incarnation != nullptr && incarnation->crashed(); }
};

// A port that is listened on. Owned by its SimListener, or nobody's any more.
struct Port {
  enum class State : uint8_t { kListening, kDied };
  Party party;
  Endpoint local;
  bool loopback_only = false;
  State state = State::kListening;
  std::deque<Link*> pending;  // not yet accepted, oldest first
  Fiber* acceptor = nullptr;
};

struct Host {
  std::string name;
  ActorId actor = ActorId::kWorld;      // the last that joined
  const Domain* incarnation = nullptr;  // likewise
  uint64_t boots = 0;
  bool without_power = false;  // until the next boot
  std::map<uint16_t, Port*> ports;
  std::vector<uint16_t> ephemeral;  // of its connections alive, ascending

  // A free port for an outgoing connection, near where `key` points.
  uint16_t TakeEphemeral(uint64_t key) {
    constexpr uint64_t kFirst = 32'768;
    constexpr uint64_t kCount = 28'000;
    uint64_t at = key % kCount;
    for (;;) {
      const auto port = static_cast<uint16_t>(kFirst + at);
      const auto place = std::lower_bound(ephemeral.begin(), ephemeral.end(), port);
      if ((place == ephemeral.end() || *place != port) && !ports.contains(port)) {
        ephemeral.insert(place, port);
        return port;
      }
      at = (at + 1) % kCount;
    }
  }
  bool HasEphemeral() const { return ephemeral.size() + ports.size() < 28'000; }
  void GiveBackEphemeral(uint16_t port) {
    const auto place = std::lower_bound(ephemeral.begin(), ephemeral.end(), port);
    if (place != ephemeral.end() && *place == port) ephemeral.erase(place);
  }
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_HOST_H_
