#include "sim/oracle/oracle.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/oracle/seeded_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/oracle/toy_testing.h"

namespace edge::sim {
namespace {

// Draws, as (actor, point, key) -> values. Picks have no place of their own in there: who is oldest depends on who is there.
using Draws = std::map<std::tuple<uint16_t, std::string, Key>, std::vector<int64_t>>;

Draws DrawsOf(const ToyRun& run) {
  Draws draws;
  for (const Decision& decision : run.oracle().decisions()) {
    if (decision.point->kind == DecisionKind::kSchedule) continue;
    draws[{static_cast<uint16_t>(decision.actor), std::string(decision.point->name), decision.key}].push_back(decision.value);
  }
  return draws;
}

// Whose turn it was, in order, of these fibers alone, with the time.
std::vector<std::pair<int64_t, uint64_t>> TurnsOf(const ToyRun& run, const std::set<std::string>& fibers) {
  std::vector<std::pair<int64_t, uint64_t>> turns;
  for (const sim::Event& event : run.recorder().journal()) {
    if (event.kind == EventKind::kTurn && fibers.contains(event.label)) turns.emplace_back(event.time.ToNanoseconds(), event.key);
  }
  return turns;
}

std::set<std::string> ClientsExcept(uint64_t clients, const std::set<uint64_t>& except) {
  std::set<std::string> names;
  for (uint64_t i = 0; i < clients; ++i) {
    if (!except.contains(i)) names.insert(StrCat("client", i));
  }
  return names;
}

TEST(Oracle, RecordsWhatIsNotMildestAndNothingElse) {
  SeededStrategy strategy(1);
  const ToyRun run(strategy, {});
  EXPECT_GT(run.oracle().decisions().size(), 50u);
  EXPECT_LT(run.oracle().decisions().size(), run.oracle().draws() + run.oracle().picks());
  uint64_t last[2] = {};
  for (const Decision& decision : run.oracle().decisions()) {
    EXPECT_NE(decision.value, 0);
    uint64_t& before = last[decision.point->kind == DecisionKind::kSchedule ? 1 : 0];
    EXPECT_GT(decision.number, before);
    before = decision.number;
  }
  EXPECT_EQ(run.recorder().CountOf(EventKind::kDecision), run.oracle().decisions().size());
}

TEST(Oracle, OneSeedIsOneRunAndAnotherSeedIsAnother) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const uint64_t hash = ToyRun(*StrategyFor(seed), {}).hash();
    EXPECT_EQ(ToyRun(*StrategyFor(seed), {}).hash(), hash);
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 100u);
}

// Each request of each client, one at a time.
TEST(Oracle, OneRequestLessLeavesEveryUnrelatedDecisionAsItWas) {
  constexpr ToyOptions kToy{.clients = 6, .requests = 6};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const ToyRun full(*StrategyFor(seed), kToy);
    for (uint64_t client = 0; client < kToy.clients; ++client) {
      for (uint64_t request = 0; request < kToy.requests; ++request) {
        ToyOptions less = kToy;
        less.without_request = {client, request};
        const ToyRun without(*StrategyFor(seed), less);
        Draws expected = DrawsOf(full);
        const Key key = CombineHash(ToyRun::KeyOf(client), request);
        std::erase_if(expected, [key](const auto& draw) { return std::get<2>(draw.first) == key; });
        ASSERT_EQ(DrawsOf(without), expected) << seed << ": client " << client << ", request " << request;
      }
    }
  }
}

TEST(Oracle, OneRequestLessLeavesTheOrderOfUnrelatedTurnsAsItWas) {
  constexpr ToyOptions kToy{.clients = 6, .requests = 6};
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SeededStrategy strategy(seed);
    const ToyRun full(strategy, kToy);
    for (uint64_t client = 0; client < kToy.clients; ++client) {
      ToyOptions less = kToy;
      less.without_request = {client, seed % kToy.requests};
      SeededStrategy same(seed);
      const ToyRun without(same, less);
      // An even client hands over to the next.
      const std::set<std::string> unrelated = ClientsExcept(kToy.clients, {client, client + 1 - client % 2});
      ASSERT_GT(TurnsOf(full, unrelated).size(), 30u);
      ASSERT_EQ(TurnsOf(without, unrelated), TurnsOf(full, unrelated)) << seed << ": client " << client;
    }
  }
}

TEST(Oracle, OneFaultOrLogLineLessLeavesEveryUnrelatedDecisionAsItWas) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const ToyRun full(*StrategyFor(seed), {});
    const ToyRun silent(*StrategyFor(seed), {.log = false});
    EXPECT_GT(full.recorder().CountOf(EventKind::kLog), 0u);
    EXPECT_EQ(silent.recorder().CountOf(EventKind::kLog), 0u);
    ASSERT_EQ(DrawsOf(silent), DrawsOf(full)) << seed;
    ASSERT_EQ(silent.oracle().decisions().size(), full.oracle().decisions().size()) << seed;

    for (uint64_t client = 0; client < 6; ++client) {
      const ToyRun without(*StrategyFor(seed), {.without_faults_of = client});
      Draws expected = DrawsOf(full);
      Draws got = DrawsOf(without);
      // What a request does after the fault that it no longer meets is related.
      const auto related = [&](const auto& draw) { return std::get<0>(draw.first) == static_cast<uint16_t>(full.actor(client)); };
      std::erase_if(expected, related);
      std::erase_if(got, related);
      ASSERT_EQ(got, expected) << seed << ": client " << client;
    }
  }
}

}  // namespace
}  // namespace edge::sim
