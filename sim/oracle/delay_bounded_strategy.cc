#include "sim/oracle/delay_bounded_strategy.h"

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kDelayPoint("strategy.delay", DecisionKind::kSchedule);
constexpr DecisionPoint kOvertakersPoint("strategy.delay.overtakers", DecisionKind::kSchedule);

}  // namespace

DelayBoundedStrategy::DelayBoundedStrategy(uint64_t seed, const DelayBoundedOptions& options)
    : SeededStrategy(seed), options_(options), name_(StrCat("delay-bounded(", options.delays_max, ")")) {
  EDGE_CHECK(options.delays_max >= 1 && options.picks_estimated >= options.delays_max);
}

size_t DelayBoundedStrategy::Overtaker(const DecisionPoint& point, std::span<const Candidate> candidates) const {
  size_t best = 1;
  uint64_t lowest = UINT64_MAX;
  for (size_t i = 1; i < candidates.size(); ++i) {
    const uint64_t hash = HashOf(point, TurnKey(candidates[i]));
    if (hash < lowest) {
      lowest = hash;
      best = i;
    }
  }
  return best;
}

size_t DelayBoundedStrategy::Pick(const DecisionPoint& point, std::span<const Candidate> candidates) {
  const Key oldest = TurnKey(candidates[0]);
  if (delays_ > 0 && oldest == delayed_) {
    if (overtakers_ == 0) return 0;
    --overtakers_;
    return Overtaker(point, candidates);
  }
  if (delays_ == options_.delays_max) return 0;
  if (Distribution::Chance({options_.delays_max, options_.picks_estimated}).Sample(HashOf(kDelayPoint, oldest)) == 0) return 0;
  ++delays_;
  delayed_ = oldest;
  overtakers_ = HashOf(kOvertakersPoint, oldest) % kOvertakersMax;  // after this one
  return Overtaker(point, candidates);
}

}  // namespace edge::sim
