#include "sim/oracle/strategies.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "sim/oracle/delay_bounded_strategy.h"
#include "sim/oracle/pct_strategy.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/oracle/toy_testing.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kOrder("schedule.fiber", DecisionKind::kSchedule);

uint64_t Overtakings(const ToyRun& run) {
  uint64_t overtakings = 0;
  for (const Decision& decision : run.oracle().decisions()) overtakings += decision.point->kind == DecisionKind::kSchedule ? 1 : 0;
  return overtakings;
}

TEST(StrategyFor, IsAPortfolioChosenByTheSeed) {
  std::map<std::string, int> names;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    std::string name(StrategyFor(seed)->name());
    EXPECT_EQ(StrategyFor(seed)->name(), name);
    ++names[name.substr(0, name.find('('))];
  }
  EXPECT_NEAR(names["random"], 600, 60);
  EXPECT_NEAR(names["pct"], 200, 45);
  EXPECT_NEAR(names["delay-bounded"], 200, 45);
  EXPECT_EQ(names.size(), 3u);
}

TEST(StrategyFor, AllOfThemDrawAlike) {
  constexpr DecisionPoint kPoint("test.number", DecisionKind::kValue);
  SeededStrategy random(3);
  PctStrategy pct(3, {});
  DelayBoundedStrategy delayed(3, {});
  for (Key key = 0; key < 50; ++key) {
    const int64_t value = random.Draw(kPoint, key, Distribution::Uniform(0, 1'000'000));
    EXPECT_EQ(pct.Draw(kPoint, key, Distribution::Uniform(0, 1'000'000)), value);
    EXPECT_EQ(delayed.Draw(kPoint, key, Distribution::Uniform(0, 1'000'000)), value);
  }
}

TEST(StrategyFor, EachFindsARaceInSomeSeeds) {
  std::map<std::string, int> found;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const std::string name(strategy->name());
    found[name.substr(0, name.find('('))] += ToyRun(*strategy, {.clients = 8, .requests = 20}).lost() > 0 ? 1 : 0;
  }
  for (const char* const name : {"random", "pct", "delay-bounded"}) EXPECT_GT(found[name], 0) << name;
}

TEST(SeededStrategy, NobodyIsStarvedForEver) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededStrategy random(seed);
    PctStrategy pct(seed, {});
    for (Strategy* const strategy : std::initializer_list<Strategy*>{&random, &pct}) {
      // Two that keep each other busy with the same causes, and an older one that waits.
      const std::vector<Candidate> candidates = {{1, 1}, {2, 2}, {3, 3}};
      bool had_its_turn = false;
      for (int i = 0; i < SeededStrategy::kOvertakingsMax + 1 && !had_its_turn; ++i) had_its_turn = strategy->Pick(kOrder, candidates) == 0;
      EXPECT_TRUE(had_its_turn) << seed << " " << strategy->name();
    }
  }
}

TEST(PctStrategy, TheFiberOfHighestPriorityGoesFirstWhateverItsTurn) {
  int firsts[3] = {};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    PctStrategy strategy(seed, {.depth = 1});
    const size_t first = strategy.Pick(kOrder, std::vector<Candidate>{{10, 1}, {20, 2}, {30, 3}});
    ++firsts[first];
    for (uint64_t turn = 4; turn < 20; ++turn) {
      EXPECT_EQ(strategy.Pick(kOrder, std::vector<Candidate>{{10, turn}, {20, turn * 7}, {30, turn * 13}}), first);
    }
    EXPECT_EQ(strategy.changes(), 0u);
  }
  for (const int count : firsts) EXPECT_NEAR(count, 100, 35);
}

TEST(PctStrategy, PrioritiesChangeAtFewPlaces) {
  bool changed = false;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const uint64_t depth = 2 + seed % 4;
    PctStrategy strategy(seed, {.depth = depth, .picks_estimated = 50});
    std::vector<size_t> order;
    for (uint64_t turn = 0; turn < 2000; ++turn) {
      order.push_back(strategy.Pick(kOrder, std::vector<Candidate>{{10, turn * 3 + 1}, {20, turn * 3 + 2}, {30, turn * 3 + 3}}));
    }
    size_t switches = 0;
    for (size_t i = 1; i < order.size(); ++i) switches += order[i] != order[i - 1] ? 1 : 0;
    EXPECT_LE(strategy.changes(), depth - 1);
    EXPECT_LE(switches, depth - 1) << "whoever fell goes last until all others have fallen";
    changed |= switches > 0;
  }
  EXPECT_TRUE(changed);
}

TEST(DelayBoundedStrategy, IsFirstInFirstOutButForFewDelays) {
  uint64_t delayed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const uint64_t delays_max = 1 + seed % 5;
    DelayBoundedStrategy strategy(seed, {.delays_max = delays_max, .picks_estimated = 100});
    const ToyRun run(strategy, {.clients = 8, .requests = 20});
    EXPECT_LE(strategy.delays(), delays_max);
    EXPECT_LE(Overtakings(run), delays_max * DelayBoundedStrategy::kOvertakersMax);
    EXPECT_GE(Overtakings(run), strategy.delays());
    delayed += strategy.delays();
  }
  EXPECT_GT(delayed, 100u);
}

}  // namespace
}  // namespace edge::sim
