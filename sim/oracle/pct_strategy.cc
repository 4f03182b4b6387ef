#include "sim/oracle/pct_strategy.h"

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kPriorityPoint("strategy.pct.priority", DecisionKind::kSchedule);
constexpr DecisionPoint kChangePoint("strategy.pct.change", DecisionKind::kSchedule);

}  // namespace

PctStrategy::PctStrategy(uint64_t seed, const PctOptions& options)
    : SeededStrategy(seed), options_(options), name_(StrCat("pct(", options.depth, ")")) {
  EDGE_CHECK(options.depth >= 1 && options.picks_estimated >= options.depth);
}

uint64_t PctStrategy::RankOf(const Candidate& candidate) const {
  for (size_t i = fallen_.size(); i > 0; --i) {
    if (fallen_[i - 1] == candidate.key) return (uint64_t{1} << 63) + i;
  }
  return HashOf(kPriorityPoint, candidate.key) >> 1;
}

size_t PctStrategy::First(std::span<const Candidate> candidates) const {
  size_t best = 0;
  uint64_t lowest = UINT64_MAX;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const uint64_t rank = RankOf(candidates[i]);
    if (rank < lowest) {
      lowest = rank;
      best = i;
    }
  }
  return best;
}

size_t PctStrategy::Pick(const DecisionPoint& point, std::span<const Candidate> candidates) {
  if (IsOverdue(candidates[0])) return 0;
  const size_t first = First(candidates);
  if (changes() + 1 >= options_.depth) return first;
  const Distribution is_place = Distribution::Chance({options_.depth - 1, options_.picks_estimated});
  if (is_place.Sample(HashOf(kChangePoint, TurnKey(candidates[first]))) == 0) return first;
  fallen_.push_back(candidates[first].key);
  return First(candidates);
}

}  // namespace edge::sim
