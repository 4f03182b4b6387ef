// Fabric: the network between the hosts of one world: names, listeners, connections, partitions.
//
// A host is a name; whoever opens a SimNetwork on it (sim_network.h) makes it known. Connections are reliable streams as net/network.h has
// them; each has a character of its own (character.h), and everything that goes wrong is asked of the world's faults:
//
//   connect   network.refused, network.connect_hangs
//   write     network.reset_before, reset_after, write_cut (the network breaks the connection there), stall, latency_spike
//   close     network.half_close_lost
//   episodes  network.partition (what is sent is held; a long one ends with resets), network.slow
//
// Nothing strikes after Faults::Heal; Fabric::Heal then ends what still hangs: held bytes arrive soon, attempts to connect go on, the peers
// of the silent dead are told.
//
// Recorded, with the connection's key as `key`: kConnect "network.connect", "network.arrived", "network.accepted", "network.connected",
// "network.refused_by_peer"; kSend "network.send"; kDeliver "network.deliver"; kClose "network.write.end" and "network.read.end" (one
// direction), "network.close", "network.abort", "network.reset", "network.died". What has two ends has the same `message` at both.
#ifndef EDGE_SIM_NETWORK_FABRIC_H_
#define EDGE_SIM_NETWORK_FABRIC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "net/network.h"
#include "runtime/fiber/domain.h"
#include "sim/world.h"

namespace edge::sim {

class Link;
struct Host;
struct Party;

struct FabricLimits {
  size_t connections_max = 100'000;                                 // alive at once; then Connect says kResourceExhausted
  size_t backlog_max = 4096;                                        // connections that wait for Accept; then more are refused
  uint32_t window_bytes_max = 256 << 10;                            // what a window grows to
  Duration linger_time = Duration::Seconds(2);                      // an end that was destroyed goes on swallowing so long,
  size_t linger_bytes = 1 << 20;                                    // and so much, before it answers with a reset
  Duration partition_reset_after = Duration::Milliseconds(10'000);  // one that was longer resets what it held
};

struct FabricOptions {
  FabricLimits limits;
};

enum class HostDeath : uint8_t {
  kProcess,  // its peers see resets
  kPower,    // its peers see silence, until it is up again and answers what they send with a reset
};

enum class PartitionShape : uint8_t {
  kBothWays,
  kOutgoing,  // what `a` sends is held
  kIncoming,  // what is sent to `a` is held
};

class Fabric {
 public:
  // Borrowed. Outlives its networks, listeners and connections. Connections do not outlive the World::Run that made them.
  explicit Fabric(World& world, FabricOptions options = {});
  ~Fabric();
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  // From now on `alias` is another name of `host`, which need not be known yet.
  void AddName(std::string_view alias, std::string_view host);

  // Everything that the incarnation has open is over. Called just before or after Domain::Crash, in the same turn; without it a crashed
  // incarnation counts as HostDeath::kProcess when its connections are destroyed.
  void HostDied(const Domain& incarnation, HostDeath how);

  // Network episodes of the plan: their victims are chosen among the hosts known by now, by episode.pick; of two that are cut off from each
  // other one listens, if any host does. Other episodes are ignored.
  void Begin(const Episode& episode);
  void End(const Episode& episode);
  // The same by hand. `b` empty: all others. REQUIRES: the hosts are known and no partition has this key.
  void BeginPartition(Key key, std::string_view a, std::string_view b, PartitionShape shape);
  void EndPartition(Key key);
  // Ends all episodes and everything that still hangs. After Faults::Heal.
  void Heal();

  size_t connections() const { return links_.size(); }  // of which an end is alive, or something is on the way

 private:
  friend class Link;
  friend class SimListener;
  friend class SimNetwork;

  struct Partition {
    Key key;
    const Host* a;
    const Host* b;  // null: all others
    PartitionShape shape;
    Instant begin;
  };
  struct Slow {
    Key key;
    const Host* host;
    int64_t factor;
  };

  // Null if nobody has that name. `here` is who asks.
  Host* Resolve(std::string_view name, Host& here);
  Host& AddHost(std::string_view name);
  Host* FindHost(std::string_view name) const;
  // A new incarnation (or another actor) on the host.
  Party Join(std::string_view host, ActorId actor, const Domain* incarnation);
  void Leave(const Party& party);

  absl::StatusOr<Link*> NewLink(const Party& client, Host& server, const Endpoint& remote);
  void Free(Link* link);

  // Whether what `from` sends to `to` is held now.
  bool Holds(const Host& from, const Host& to) const;
  int64_t SlowFactor(const Host& a, const Host& b) const;
  // Writes need not ask when the plan has none of their faults.
  bool writes_may_fail() const { return writes_may_fail_; }

  World& world_;
  const FabricLimits limits_;
  const bool writes_may_fail_;
  std::map<std::string, std::unique_ptr<Host>, std::less<>> hosts_;
  std::vector<Host*> hosts_by_age_;
  std::map<std::string, std::string, std::less<>> aliases_;
  std::vector<Partition> partitions_;
  std::vector<Slow> slow_;
  std::vector<std::unique_ptr<Link>> links_;  // each knows its place
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_FABRIC_H_
