// PctStrategy: picks by priorities that change at few places (probabilistic concurrency testing).
//
// Each fiber has a random priority, and of those that can run the one with the highest runs, always. At depth - 1 places of the run the
// fiber that would go on falls behind all others. A bug that needs d orderings to come together is met with a probability that falls
// with the number of places to the power d - 1 only, while an even-handed choice at each step nearly never starves one fiber for long.
//
// A place is a turn whose hash says so, with a chance of (depth - 1) in the estimated number of picks, so that a turn added or left out
// moves no other place. Draws are those of SeededStrategy.
#ifndef EDGE_SIM_ORACLE_PCT_STRATEGY_H_
#define EDGE_SIM_ORACLE_PCT_STRATEGY_H_

#include <string>
#include <utility>
#include <vector>

#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {

struct PctOptions {
  uint64_t depth = 3;               // at least 1; 1: priorities never change
  uint64_t picks_estimated = 2000;  // of a run; at least depth
};

class PctStrategy final : public SeededStrategy {
 public:
  PctStrategy(uint64_t seed, const PctOptions& options);
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override;
  std::string_view name() const override { return name_; }
  // Places where a priority has changed so far: at most depth - 1.
  size_t changes() const { return fallen_.size(); }

 private:
  // Lowest goes first.
  uint64_t RankOf(const Candidate& candidate) const;
  size_t First(std::span<const Candidate> candidates) const;

  const PctOptions options_;
  const std::string name_;   // "pct(3)"
  std::vector<Key> fallen_;  // fibers, in the order of falling; few
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_PCT_STRATEGY_H_
