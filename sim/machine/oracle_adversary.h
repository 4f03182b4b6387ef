// OracleAdversary: the Adversary of a simulation: does what the fault plan says, of what the caller allows.
//
// A table maps (point of the code, mischief) to a fault site. A point that is not in the table gets nothing, and is remembered: tests look
// at unknown_points(), so that a new point does not stay without its site.
#ifndef EDGE_SIM_MACHINE_ORACLE_ADVERSARY_H_
#define EDGE_SIM_MACHINE_ORACLE_ADVERSARY_H_

#include <set>
#include <span>
#include <string>

#include "runtime/fiber/domain.h"
#include "runtime/seam/adversary.h"
#include "sim/fault/faults.h"

namespace edge::sim {

struct MischiefSite {
  std::string_view point;  // of Adversary::Consider
  Mischief kind;
  const FaultSite* site;
  Duration longest;  // of a kDelay
};

std::span<const MischiefSite> AllMischiefSites();

class OracleAdversary final : public Adversary {
 public:
  // All borrowed; `incarnation` may be null.
  OracleAdversary(Faults& faults, ActorId actor, const Domain* incarnation) : faults_(faults), actor_(actor), incarnation_(incarnation) {}

  MischiefChoice Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief> allowed) override;
  const std::set<std::string, std::less<>>& unknown_points() const { return unknown_points_; }

 private:
  Faults& faults_;
  const ActorId actor_;
  const Domain* const incarnation_;
  std::set<std::string, std::less<>> unknown_points_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_ORACLE_ADVERSARY_H_
