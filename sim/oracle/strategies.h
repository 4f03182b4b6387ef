// StrategyFor: how a seed searches.
//
// No way of searching finds all bugs, so a seed chooses one of a portfolio: three fifths of the seeds pick at random, a fifth by priorities
// (pct_strategy.h, depth 2 to 5), a fifth with few delays (delay_bounded_strategy.h, one to five). How many picks a run will have is not
// known beforehand, so that estimate is the seed's choice too: 64 to 16384.
#ifndef EDGE_SIM_ORACLE_STRATEGIES_H_
#define EDGE_SIM_ORACLE_STRATEGIES_H_

#include <cstdint>
#include <memory>

#include "sim/oracle/oracle.h"

namespace edge::sim {

std::unique_ptr<Strategy> StrategyFor(uint64_t seed);

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_STRATEGIES_H_
