// What a decision is to the shrinker: whose it is, what it would take away, and what is counted of it.
#ifndef EDGE_SIM_SHRINK_KINDS_H_
#define EDGE_SIM_SHRINK_KINDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/oracle/oracle.h"

namespace edge::sim {

// The point at which a client decides whether it makes its n-th request and which: 0 is none. What else belongs to a request (its moment,
// its node, its values) is decided only if it is made.
inline constexpr std::string_view kRequestPoint = "workload.request";

// Two decisions are the same one if point and key are.
uint64_t IdOf(const Decision& decision);

// "network" for the strikes, episodes and plans of the family: "network.refused", "plan.site.network.refused", "plan.family.network".
// Empty: of no family.
std::string_view FamilyOf(const Decision& decision);
bool IsFault(const Decision& decision);    // a strike or an episode
bool IsEpisode(const Decision& decision);  // ... with a beginning and an end
bool IsRequest(const Decision& decision);

// What people count.
struct Tally {
  size_t decisions = 0;
  size_t faults = 0;
  size_t requests = 0;
  size_t schedule = 0;
  size_t delays = 0;
  friend bool operator==(const Tally&, const Tally&) = default;
};
Tally CountOf(std::span<const Decision> decisions);

}  // namespace edge::sim

#endif  // EDGE_SIM_SHRINK_KINDS_H_
