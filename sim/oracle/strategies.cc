#include "sim/oracle/strategies.h"

#include "runtime/base/hash.h"
#include "sim/oracle/delay_bounded_strategy.h"
#include "sim/oracle/pct_strategy.h"
#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {

std::unique_ptr<Strategy> StrategyFor(uint64_t seed) {
  // Its own stream: what a seed chooses here says nothing about what it chooses in its run.
  const uint64_t which = CombineHash(StableHash("strategy"), seed);
  const uint64_t picks_estimated = uint64_t{64} << MixHash(which) % 9;
  const uint64_t bound = MixHash(which + 1);
  switch (which % 5) {
    case 0:
      return std::make_unique<PctStrategy>(seed, PctOptions{.depth = 2 + bound % 4, .picks_estimated = picks_estimated});
    case 1:
      return std::make_unique<DelayBoundedStrategy>(seed,
                                                    DelayBoundedOptions{.delays_max = 1 + bound % 5, .picks_estimated = picks_estimated});
    default:
      return std::make_unique<SeededStrategy>(seed);
  }
}

}  // namespace edge::sim
