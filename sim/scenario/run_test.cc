#include "sim/scenario/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/strategies.h"

namespace edge::sim {
namespace {

// `handler` is the body of fetch(request, env, ctx), in ES5.
RunSubject SubjectOf(const std::string& handler) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "test";
  code->script = "(function (edge) { var handler = { fetch: function (request, env, ctx) {" + handler +
                 "} }; return { get 'default'() { return handler; } }; })";
  RunSubject subject;
  subject.code = std::move(code);
  subject.scenario.name = "test";
  subject.scenario.operations.push_back({.name = "GET /", .method = "GET", .target = "/"});
  subject.scenario.operations.push_back({.name = "POST /x", .method = "POST", .target = "/x?n=${int:1..9}", .body = "body of ${client}"});
  return subject;
}

constexpr char kHello[] = "return new Response('hello ' + Math.random());";

TEST(RunScenario, ARunWithoutFaultsAnswersEverything) {
  const RunSubject subject = SubjectOf(kHello);
  RunOptions options;
  options.plan = FaultOptions::Plan::kNone;

  const RunResult result = RunScenario(subject, options, *StrategyFor(7));

  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_FALSE(result.failure.has_value()) << result.failure->message;
  EXPECT_GT(result.requests, 80u);
  EXPECT_EQ(result.requests, result.entered);
  EXPECT_GE(result.virtual_time, Duration::Seconds(60));
}

TEST(RunScenario, TheSameSeedIsTheSameRun) {
  const RunSubject subject = SubjectOf(kHello);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RunResult first = RunScenario(subject, {}, *StrategyFor(seed));
    const RunResult second = RunScenario(subject, {}, *StrategyFor(seed));
    ASSERT_TRUE(first.status.ok()) << first.status;
    EXPECT_EQ(first.hash, second.hash) << seed;
    EXPECT_EQ(first.events, second.events) << seed;
    EXPECT_FALSE(first.failure.has_value()) << seed << ": " << first.failure->message;
  }
}

TEST(RunScenario, ItsDecisionsReproduceIt) {
  const RunSubject subject = SubjectOf(kHello);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RunResult first = RunScenario(subject, {}, *StrategyFor(seed));
    ReplayStrategy replay(first.decisions, ReplayStrategy::Match::kSameRun);
    const RunResult second = RunScenario(subject, {}, replay);
    EXPECT_EQ(first.hash, second.hash) << seed;
    EXPECT_FALSE(replay.departed());
  }
}

}  // namespace
}  // namespace edge::sim
