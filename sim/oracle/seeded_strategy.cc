#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {

int64_t SeededStrategy::Draw(const DecisionPoint& point, Key key, const Distribution& distribution) {
  return distribution.Sample(HashOf(point, key));
}

size_t SeededStrategy::Pick(const DecisionPoint& point, std::span<const Candidate> candidates) {
  if (IsOverdue(candidates[0])) return 0;
  size_t best = 0;
  uint64_t lowest = UINT64_MAX;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const uint64_t hash = HashOf(point, TurnKey(candidates[i]));
    if (hash < lowest) {
      lowest = hash;
      best = i;
    }
  }
  return best;
}

bool SeededStrategy::IsOverdue(const Candidate& oldest) {
  const Key key = TurnKey(oldest);
  if (key != waiting_) {
    waiting_ = key;
    overtakings_ = 0;
  }
  return ++overtakings_ > kOvertakingsMax;
}

}  // namespace edge::sim
