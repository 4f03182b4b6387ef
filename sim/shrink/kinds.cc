#include "sim/shrink/kinds.h"

#include "runtime/base/hash.h"
#include "sim/fault/model.h"

namespace edge::sim {

uint64_t IdOf(const Decision& decision) { return CombineHash(StableHash(decision.point->name), decision.key); }

std::string_view FamilyOf(const Decision& decision) {
  if (decision.point->kind != DecisionKind::kFault && decision.point->kind != DecisionKind::kPlan) return {};
  std::string_view name = decision.point->name;
  if (decision.point->kind == DecisionKind::kPlan) {
    bool of_the_plan = false;
    for (const std::string_view prefix : {"plan.family.", "plan.site.", "plan.window.", "plan.intensity."}) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      of_the_plan = true;
      break;
    }
    if (!of_the_plan) return {};  // plan.kind, plan.operations ...: of the whole run
  }
  return name.substr(0, name.find('.'));
}

bool IsFault(const Decision& decision) { return decision.point->kind == DecisionKind::kFault; }

bool IsEpisode(const Decision& decision) {
  if (!IsFault(decision)) return false;
  const FaultSite* const site = FindFaultSite(decision.point->name);
  return site != nullptr && site->shape == FaultSite::Shape::kEpisode;
}

bool IsRequest(const Decision& decision) { return decision.point->name == kRequestPoint; }

Tally CountOf(std::span<const Decision> decisions) {
  Tally tally;
  tally.decisions = decisions.size();
  for (const Decision& decision : decisions) {
    if (IsFault(decision)) ++tally.faults;
    if (IsRequest(decision)) ++tally.requests;
    if (decision.point->kind == DecisionKind::kSchedule) ++tally.schedule;
    if (decision.point->kind == DecisionKind::kDelay) ++tally.delays;
  }
  return tally;
}

}  // namespace edge::sim
