#include "sim/oracle/replay_strategy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "sim/oracle/strategies.h"
#include "sim/oracle/toy_testing.h"

namespace edge::sim {
namespace {

using Match = ReplayStrategy::Match;

constexpr DecisionPoint kOrder("schedule.fiber", DecisionKind::kSchedule);
constexpr DecisionPoint kNumber("test.number", DecisionKind::kValue);

TEST(ReplayStrategy, GivesTheSameRunBitForBit) {
  uint64_t overtakings = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const ToyRun original(*strategy, {});
    overtakings += original.recorder().CountOf(EventKind::kDecision);

    ReplayStrategy replay(original.oracle().decisions(), Match::kSameRun);
    const ToyRun again(replay, {});

    ASSERT_EQ(again.hash(), original.hash()) << seed << " " << strategy->name();
    EXPECT_FALSE(replay.departed());
    EXPECT_EQ(replay.used(), replay.recorded());
    EXPECT_TRUE(replay.Unused().empty());
  }
  EXPECT_GT(overtakings, 10'000u);
}

TEST(ReplayStrategy, AlignedGivesTheSameOrderOfTurnsWhereNoKeyIsDrawnTwice) {
  int same = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const ToyRun original(*strategy, {});
    ReplayStrategy replay(original.oracle().decisions(), Match::kAligned);
    const ToyRun again(replay, {});
    EXPECT_EQ(replay.used(), replay.recorded()) << seed;
    EXPECT_EQ(again.lost(), original.lost()) << seed;
    std::vector<uint64_t> turns[2];
    const ToyRun* const runs[] = {&original, &again};
    for (int i = 0; i < 2; ++i) {
      for (const sim::Event& event : runs[i]->recorder().journal()) {
        if (event.kind == EventKind::kTurn) turns[i].push_back(event.key);
      }
    }
    same += turns[0] == turns[1] ? 1 : 0;
  }
  EXPECT_EQ(same, 100);
}

// What a replay recorded is a run of its own.
TEST(ReplayStrategy, AReplayOfFewerDecisionsReplaysExactly) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const ToyRun original(*strategy, {});
    std::vector<Decision> fewer;
    for (const Decision& decision : original.oracle().decisions()) {
      if (MixHash(decision.key ^ seed) % 3 != 0) fewer.push_back(decision);
    }
    ReplayStrategy first(fewer, Match::kAligned);
    const ToyRun less(first, {});
    ReplayStrategy second(less.oracle().decisions(), Match::kSameRun);
    const ToyRun again(second, {});
    ASSERT_EQ(again.hash(), less.hash()) << seed;
    EXPECT_EQ(second.used(), second.recorded());
  }
}

TEST(ReplayStrategy, WithoutDecisionsItIsTheMildestRun) {
  ReplayStrategy replay({}, Match::kSameRun);
  const ToyRun run(replay, {});
  EXPECT_TRUE(run.oracle().decisions().empty());
  EXPECT_EQ(run.lost(), 0u);
  EXPECT_EQ(replay.recorded(), 0u);
}

TEST(ReplayStrategy, NoticesARunThatIsNotTheRecordedOne) {
  int departed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const ToyRun original(*strategy, {});
    ReplayStrategy replay(original.oracle().decisions(), Match::kSameRun);
    const ToyRun other(replay, {.without_request = std::pair<uint64_t, uint64_t>(1, 0)});
    departed += replay.departed() ? 1 : 0;
    EXPECT_LT(replay.used(), replay.recorded()) << "the request's own latency found no place, in most runs";
    // Most of it is still found.
    EXPECT_GT(replay.used() * 10, replay.recorded() * 7) << seed;
  }
  EXPECT_GE(departed, 10);
}

TEST(ReplayStrategy, AKeyThatIsDrawnAgainHasItsValueAgain) {
  const std::vector<Decision> decisions = {{&kNumber, ActorId::kWorld, 5, 7, 1, Distribution::Uniform(0, 9).Fingerprint()}};
  for (const Match match : {Match::kSameRun, Match::kAligned}) {
    ReplayStrategy replay(decisions, match);
    EXPECT_EQ(replay.Draw(kNumber, 5, Distribution::Uniform(0, 9)), 7);
    EXPECT_EQ(replay.Draw(kNumber, 5, Distribution::Uniform(0, 9)), 7);
    EXPECT_EQ(replay.Draw(kNumber, 6, Distribution::Uniform(0, 9)), 0);
    EXPECT_EQ(replay.used(), 1u);
  }
}

TEST(ReplayStrategy, FromAnotherDistributionTheValueIsClampedOrItsOwnQuietOne) {
  const std::vector<Decision> decisions = {{&kNumber, ActorId::kWorld, 5, 70, 2, Distribution::Uniform(0, 99).Fingerprint()}};
  ReplayStrategy aligned(decisions, Match::kAligned);
  EXPECT_EQ(aligned.Draw(kNumber, 5, Distribution::Uniform(0, 9)), 9);
  ReplayStrategy same(decisions, Match::kSameRun);
  EXPECT_EQ(same.Draw(kNumber, 5, Distribution::Uniform(0, 9)), 0);
  EXPECT_EQ(same.Draw(kNumber, 5, Distribution::Uniform(0, 99)), 70);
}

TEST(ReplayStrategy, AnOvertakingWaitsUntilAsFewOlderOnesAreThere) {
  const Candidate a{1, 0}, b{2, 0}, c{3, 0};
  const std::vector<Decision> decisions = {{&kOrder, ActorId::kWorld, TurnKey(c), 1, 2, 0}};
  ReplayStrategy replay(decisions, Match::kAligned);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{a, b, c}), 0u);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{b, c}), 1u);
  EXPECT_EQ(replay.used(), 1u);
}

TEST(ReplayStrategy, AnOvertakingIsNotSpentOnAnEarlierTurnOfTheSameNameThatOvertookNobody) {
  const Candidate a{1, 0}, b{2, 0}, c{3, 0};
  const std::vector<Decision> decisions = {{&kOrder, ActorId::kWorld, TurnKey(c), 1, 2, 0}};
  ReplayStrategy replay(decisions, Match::kAligned);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{c, a}), 0u);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{b, c}), 1u);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{b, c}), 0u) << "once";
}

TEST(ReplayStrategy, OfSeveralOvertakingsTheEarliestGoesFirst) {
  const Candidate a{1, 0}, b{2, 0}, c{3, 0};
  const std::vector<Decision> decisions = {{&kOrder, ActorId::kWorld, TurnKey(c), 2, 10, 0},
                                           {&kOrder, ActorId::kWorld, TurnKey(b), 1, 11, 0}};
  ReplayStrategy replay(decisions, Match::kAligned);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{a, b, c}), 2u);
  EXPECT_EQ(replay.Pick(kOrder, std::vector<Candidate>{a, b}), 1u);
}

RC_GTEST_PROP(ReplayStrategyProperty, AnyDecisionsGiveAPossibleRun, (uint64_t seed)) {
  const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
  const ToyRun original(*strategy, {.clients = 4, .requests = 4});
  std::vector<Decision> decisions = original.oracle().decisions();
  for (Decision& decision : decisions) {
    if (*rc::gen::inRange(0, 3) == 0) decision.value = *rc::gen::arbitrary<int64_t>();
    if (*rc::gen::inRange(0, 5) == 0) decision.number = *rc::gen::arbitrary<uint64_t>();
    if (*rc::gen::inRange(0, 5) == 0) decision.key = (*rc::gen::elementOf(original.oracle().decisions())).key;
  }
  const Match match = *rc::gen::element(Match::kSameRun, Match::kAligned);
  ReplayStrategy first(decisions, match);
  ReplayStrategy second(decisions, match);
  RC_ASSERT(ToyRun(first, {.clients = 4, .requests = 4}).hash() == ToyRun(second, {.clients = 4, .requests = 4}).hash());
  RC_ASSERT(first.used() + first.Unused().size() == first.recorded());
}

}  // namespace
}  // namespace edge::sim
