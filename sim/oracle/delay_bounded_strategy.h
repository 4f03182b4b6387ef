// DelayBoundedStrategy: first in, first out, but for a bounded number of delays.
//
// Many races need one fiber to be late once. At the turns whose hash says so (a chance of `delays_max` in the estimated number of picks)
// the oldest candidate is overtaken by up to four others; after `delays_max` delays the run is first in, first out to its end. Its failures
// have few schedule decisions, so they shrink and read well. Draws are those of SeededStrategy.
#ifndef EDGE_SIM_ORACLE_DELAY_BOUNDED_STRATEGY_H_
#define EDGE_SIM_ORACLE_DELAY_BOUNDED_STRATEGY_H_

#include <string>

#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {

struct DelayBoundedOptions {
  uint64_t delays_max = 3;          // at least 1
  uint64_t picks_estimated = 2000;  // of a run; at least delays_max
};

class DelayBoundedStrategy final : public SeededStrategy {
 public:
  static constexpr uint64_t kOvertakersMax = 4;

  DelayBoundedStrategy(uint64_t seed, const DelayBoundedOptions& options);
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override;
  std::string_view name() const override { return name_; }
  uint64_t delays() const { return delays_; }

 private:
  // The one of lowest hash among all but the oldest.
  size_t Overtaker(const DecisionPoint& point, std::span<const Candidate> candidates) const;

  const DelayBoundedOptions options_;
  const std::string name_;  // "delay-bounded(3)"
  uint64_t delays_ = 0;
  Key delayed_ = 0;          // the turn that was delayed last; it is not delayed again
  uint64_t overtakers_ = 0;  // that may still go before it
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_DELAY_BOUNDED_STRATEGY_H_
