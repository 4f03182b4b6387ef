#include "sim/network/fabric.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/network/host.h"
#include "sim/network/link.h"

namespace edge::sim {
namespace {

bool WritesMayFail(const Faults& faults) {
  for (const FaultSite* const site :
       {&kNetworkResetBefore, &kNetworkResetAfter, &kNetworkWriteCut, &kNetworkStall, &kNetworkLatencySpike}) {
    if (faults.IsActive(*site)) return true;
  }
  return false;
}

}  // namespace

Fabric::Fabric(World& world, FabricOptions options)
    : world_(world), limits_(options.limits), writes_may_fail_(WritesMayFail(world.faults())) {}

Fabric::~Fabric() {
  for (const auto& link : links_) {
    for (const Link::End& end : link->ends_) {
      EDGE_CHECK(end.state != Link::End::State::kOpen) << "a connection of " << end.party.host->name << " outlives its network";
    }
  }
}

// --- hosts and names ---

void Fabric::AddName(std::string_view alias, std::string_view host) { aliases_.insert_or_assign(std::string(alias), std::string(host)); }

Host* Fabric::FindHost(std::string_view name) const {
  const auto found = hosts_.find(name);
  return found != hosts_.end() ? found->second.get() : nullptr;
}

Host& Fabric::AddHost(std::string_view name) {
  if (Host* const known = FindHost(name)) return *known;
  auto host = std::make_unique<Host>();
  host->name = name;
  hosts_by_age_.push_back(host.get());
  return *hosts_.emplace(std::string(name), std::move(host)).first->second;
}

Host* Fabric::Resolve(std::string_view name, Host& here) {
  if (IsLoopback(name)) return &here;
  const auto alias = aliases_.find(name);
  return FindHost(alias != aliases_.end() ? std::string_view(alias->second) : name);
}

Party Fabric::Join(std::string_view name, ActorId actor, const Domain* incarnation) {
  Host& host = AddHost(name);
  host.actor = actor;
  host.incarnation = incarnation;
  host.without_power = false;
  const uint64_t boot = ++host.boots;
  for (const auto& link : links_) link->HostUp(host);
  return {.host = &host, .actor = actor, .incarnation = incarnation, .boot = boot};
}

void Fabric::Leave(const Party& party) {
  // A later domain may have the address of this one.
  if (party.host->boots == party.boot) party.host->incarnation = nullptr;
}

void Fabric::HostDied(const Domain& incarnation, HostDeath how) {
  for (Host* const host : hosts_by_age_) {
    std::erase_if(host->ports, [&](const auto& entry) {
      Port& port = *entry.second;
      if (port.party.incarnation != &incarnation) return false;
      port.state = Port::State::kDied;
      return true;
    });
    if (how == HostDeath::kPower && host->incarnation == &incarnation) host->without_power = true;
  }
  for (const auto& link : links_) link->PartyDied(incarnation, how);
}

// --- connections ---

absl::StatusOr<Link*> Fabric::NewLink(const Party& client, Host& server, const Endpoint& remote) {
  if (links_.size() >= limits_.connections_max || !client.host->HasEphemeral()) {
    return absl::ResourceExhaustedError(StrCat("too many connections: ", links_.size(), " in this world"));
  }
  const Key key = world_.scheduler().NewChildKey("connect");
  links_.push_back(std::make_unique<Link>(*this, key, client, server, remote, links_.size()));
  return links_.back().get();
}

void Fabric::Free(Link* link) {
  const size_t place = link->place_;
  EDGE_CHECK(links_[place].get() == link);
  if (place + 1 != links_.size()) {
    std::swap(links_[place], links_.back());
    links_[place]->place_ = place;
  }
  links_.pop_back();
}

// --- episodes ---

bool Fabric::Holds(const Host& from, const Host& to) const {
  if (partitions_.empty() || &from == &to) return false;
  for (const Partition& partition : partitions_) {
    const bool out = partition.a == &from && (partition.b == nullptr || partition.b == &to);
    const bool in = partition.a == &to && (partition.b == nullptr || partition.b == &from);
    if ((out && partition.shape != PartitionShape::kIncoming) || (in && partition.shape != PartitionShape::kOutgoing)) return true;
  }
  return false;
}

int64_t Fabric::SlowFactor(const Host& a, const Host& b) const {
  int64_t factor = 1;
  for (const Slow& slow : slow_) {
    if (slow.host == &a || slow.host == &b) factor = std::max(factor, slow.factor);
  }
  return factor;
}

void Fabric::Begin(const Episode& episode) {
  if (hosts_by_age_.empty() || (episode.site != &kNetworkPartition && episode.site != &kNetworkSlow)) return;
  uint64_t pick = episode.pick;
  // The next number below `bound`; what is left serves the numbers after it.
  const auto next = [&pick](uint64_t bound) {
    const uint64_t number = pick % bound;
    pick /= bound;
    return number;
  };
  const size_t hosts = hosts_by_age_.size();
  const size_t victim = next(hosts);
  const Host& a = *hosts_by_age_[victim];
  if (episode.site == &kNetworkSlow) {
    slow_.push_back({episode.key, &a, static_cast<int64_t>(10 + next(91))});
    world_.faults().Began(episode, a.actor);
    return;
  }
  constexpr PartitionShape kShapes[] = {PartitionShape::kBothWays, PartitionShape::kBothWays, PartitionShape::kOutgoing,
                                        PartitionShape::kIncoming};
  const PartitionShape shape = kShapes[next(std::size(kShapes))];
  const Host* b = nullptr;
  if (next(2) != 0) {
    std::vector<const Host*> others;
    for (const Host* const host : hosts_by_age_) {
      if (host != &a && (!a.ports.empty() || !host->ports.empty())) others.push_back(host);
    }
    if (!others.empty()) b = others[next(others.size())];
  }
  partitions_.push_back({episode.key, &a, b, shape, world_.now()});
  world_.faults().Began(episode, a.actor, b != nullptr ? b->actor : ActorId::kWorld);
}

void Fabric::End(const Episode& episode) {
  EndPartition(episode.key);
  std::erase_if(slow_, [&](const Slow& slow) { return slow.key == episode.key; });
}

void Fabric::BeginPartition(Key key, std::string_view a, std::string_view b, PartitionShape shape) {
  const Host* const host_a = FindHost(a);
  const Host* const host_b = b.empty() ? nullptr : FindHost(b);
  EDGE_CHECK(host_a != nullptr && (b.empty() || host_b != nullptr)) << a << " or " << b << " is no host";
  partitions_.push_back({key, host_a, host_b, shape, world_.now()});
}

void Fabric::EndPartition(Key key) {
  const auto found = std::find_if(partitions_.begin(), partitions_.end(), [key](const Partition& p) { return p.key == key; });
  if (found == partitions_.end()) return;
  const Partition over = *found;
  partitions_.erase(found);
  for (const auto& link : links_) link->PartitionOver(over.a, over.b, world_.now() - over.begin);
}

void Fabric::Heal() {
  partitions_.clear();
  slow_.clear();
  for (const auto& link : links_) link->Heal();
}

}  // namespace edge::sim
