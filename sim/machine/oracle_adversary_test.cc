#include "sim/machine/oracle_adversary.h"

#include <gtest/gtest.h>

#include "runtime/fiber/domain.h"
#include "sim/fault/model.h"
#include "sim/machine/machine_world_testing.h"

namespace edge::sim {
namespace {

constexpr auto kOnlyRecycling = [] {
  return FaultOptions{.plan = FaultOptions::Plan::kOnly, .only = {&kPlatformRecycleIsolate}, .rate = Ratio{1, 2}};
};

TEST(OracleAdversary, DoesWhatThePlanSaysOfWhatIsAllowed) {
  SeededStrategy strategy(1);
  MachineWorld w(strategy, kOnlyRecycling());
  OracleAdversary adversary(w.world.faults(), ActorId::kWorld, nullptr);
  int evicted = 0;
  for (uint64_t key = 0; key < 100; ++key) {
    evicted += adversary.Consider("isolate.recycle", key, {Mischief::kDelay, Mischief::kEvict}).kind == Mischief::kEvict;
    EXPECT_EQ(adversary.Consider("isolate.recycle", key, {Mischief::kDelay}).kind, Mischief::kNothing);
    EXPECT_EQ(adversary.Consider("wait_until.cancel", key, {Mischief::kDrop}).kind, Mischief::kNothing);  // not in the plan
  }
  EXPECT_GT(evicted, 20);
  EXPECT_LT(evicted, 80);
  EXPECT_EQ(w.world.faults().injected()[static_cast<size_t>(FaultFamily::kPlatform)], static_cast<uint64_t>(evicted));
  EXPECT_TRUE(adversary.unknown_points().empty());
}

TEST(OracleAdversary, RemembersPointsWithoutASite) {
  SeededStrategy strategy(1);
  MachineWorld w(strategy, kOnlyRecycling());
  OracleAdversary adversary(w.world.faults(), ActorId::kWorld, nullptr);

  EXPECT_EQ(adversary.Consider("no.such_point", 1, {Mischief::kDrop}).kind, Mischief::kNothing);

  EXPECT_EQ(adversary.unknown_points().size(), 1u);
}

TEST(OracleAdversary, TheDeadAreLeftInPeace) {
  MachineWorld w(FaultOptions{.plan = FaultOptions::Plan::kOnly, .only = {&kPlatformRecycleIsolate}});
  w.strategy.Say(kPlatformRecycleIsolate.point, 1);
  Domain domain(w.world.scheduler(), "node");
  OracleAdversary adversary(w.world.faults(), ActorId::kWorld, &domain);
  EXPECT_EQ(adversary.Consider("isolate.recycle", 1, {Mischief::kEvict}).kind, Mischief::kEvict);

  domain.Crash();

  EXPECT_EQ(adversary.Consider("isolate.recycle", 2, {Mischief::kEvict}).kind, Mischief::kNothing);
}

// A platform site that no point asks for would be a promise of the fault model that nobody keeps.
TEST(OracleAdversary, EveryPlatformSiteHasAPoint) {
  for (const FaultSite* site : AllFaultSites()) {
    if (site->family != FaultFamily::kPlatform && site->family != FaultFamily::kObject && site->family != FaultFamily::kWebSocket &&
        site->family != FaultFamily::kKv && site->family != FaultFamily::kQueue) {
      continue;
    }
    int points = 0;
    for (const MischiefSite& mischief : AllMischiefSites()) points += mischief.site == site;
    EXPECT_EQ(points, 1) << site->name();
  }
}

}  // namespace
}  // namespace edge::sim
