// SeededStrategy: every choice is a hash of (seed, point, key).
//
// A draw is sampled from the hash, and of several candidates the one with the lowest hash goes first. Nothing has a position in a stream,
// so a choice that is added or left out moves no other. The other searching strategies differ only in how they pick (pct_strategy.h,
// delay_bounded_strategy.h).
#ifndef EDGE_SIM_ORACLE_SEEDED_STRATEGY_H_
#define EDGE_SIM_ORACLE_SEEDED_STRATEGY_H_

#include "sim/oracle/oracle.h"

namespace edge::sim {

class SeededStrategy : public Strategy {
 public:
  // In a row. An order that starves somebody for ever while time stands still is none that a machine shows.
  static constexpr int kOvertakingsMax = 1000;

  explicit SeededStrategy(uint64_t seed) : seed_(seed) {}
  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override;
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override;
  std::string_view name() const override { return "random"; }

 protected:
  uint64_t HashOf(const DecisionPoint& point, Key key) const { return CombineHash(seed_ ^ StableHash(point.name), key); }
  // Whether the oldest candidate has been overtaken so often that it is its turn. To be asked once per pick.
  bool IsOverdue(const Candidate& oldest);

 private:
  const uint64_t seed_;
  Key waiting_ = 0;  // the oldest candidate of the last pick
  int overtakings_ = 0;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_SEEDED_STRATEGY_H_
