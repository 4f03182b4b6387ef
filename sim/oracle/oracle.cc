#include "sim/oracle/oracle.h"

#include "runtime/base/check.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kFiberPoint("schedule.fiber", DecisionKind::kSchedule);

}  // namespace

int64_t Oracle::Draw(const DecisionPoint& point, ActorId actor, Key key, const Distribution& distribution) {
  ++draws_;
  const int64_t value = strategy_.Draw(point, key, distribution);
  if (value != distribution.mildest()) {
    decisions_.push_back({&point, actor, key, value, draws_, distribution.Fingerprint()});
    recorder_.Record({.kind = EventKind::kDecision, .actor = actor, .label = point.name, .key = key, .value = value});
  }
  return value;
}

size_t Oracle::Pick(const DecisionPoint& point, std::span<const Candidate> candidates) {
  if (candidates.size() < 2) return 0;
  ++picks_;
  const size_t index = strategy_.Pick(point, candidates);
  EDGE_CHECK(index < candidates.size()) << strategy_.name() << " picked " << index << " of " << candidates.size();
  if (index != 0) {
    const Key key = TurnKey(candidates[index]);
    const int64_t value = static_cast<int64_t>(index);
    decisions_.push_back({&point, ActorId::kWorld, key, value, picks_, 0});
    recorder_.Record({.kind = EventKind::kDecision, .label = point.name, .key = key, .value = value});
  }
  return index;
}

size_t OracleOrder::PickNext(std::span<const Candidate> candidates) { return oracle_.Pick(kFiberPoint, candidates); }

}  // namespace edge::sim
