// KV and cron triggers in simulated worlds: what the platform may do to them happens, the right application survives it, and bugs of the
// platform are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

// A few keys that everybody writes and reads, and a cron trigger that writes too. What KV refuses is a 503.
constexpr char kStore[] = R"(
  fetch: function (request, env) {
    var url = new URL(request.url), key = url.searchParams.get('k'), work;
    if (url.pathname === '/put') work = env.KV.put(key, crypto.randomUUID(), { metadata: { n: key } });
    else if (url.pathname === '/expire') work = env.KV.put(key, crypto.randomUUID(), { expirationTtl: 60 });
    else if (url.pathname === '/delete') work = env.KV.delete(key);
    else if (url.pathname === '/list') work = env.KV.list({ prefix: 'k', limit: 3 });
    else work = env.KV.get(['k1', 'k2', 'k3', 'k4']);
    return work.then(function () { return new Response('ok'); }, function (e) { return new Response(e.message, { status: 503 }); });
  },
  scheduled: function (controller, env) {
    return env.KV.put('cron', String(controller.scheduledTime)).catch(function () {});
  })";

// Believes that a pair that was just put is there.
constexpr char kHopeful[] = R"(
  fetch: function (request, env) {
    var id = crypto.randomUUID();
    return env.KV.put(id, 'x').then(function () { return env.KV.get(id); }).then(
        function (value) { return new Response(value === null ? 'lost' : 'ok', { status: value === null ? 500 : 200 }); },
        function (e) { return new Response(e.message, { status: 503 }); });
  })";

RunSubject SubjectOf(const std::string& members) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "test";
  code->script = "(function (edge) { var handler = {" + members + "}; return { get 'default'() { return handler; } }; })";
  code->kv_bindings = {{.name = "KV", .id = "one"}};
  RunSubject subject;
  subject.codes = {std::move(code)};
  subject.scenario.name = "test";
  return subject;
}

RunSubject StoreSubject() {
  RunSubject subject = SubjectOf(kStore);
  auto code = std::make_shared<worker::WorkerCode>(*subject.codes.front());
  code->crons = {"* * * * *"};
  subject.codes = {std::move(code)};
  for (const char* target : {"/put?k=k${int:1..4}", "/expire?k=k${int:1..4}", "/delete?k=k${int:1..4}"}) {
    subject.scenario.operations.push_back({.name = target, .method = "POST", .target = target});
  }
  for (const char* target : {"/list", "/get", "/get?again"}) {
    subject.scenario.operations.push_back({.name = target, .method = "GET", .target = target});
  }
  return subject;
}

// What is wrong with a run; empty: nothing.
std::string WrongWith(const RunResult& result) {
  if (!result.status.ok()) return std::string(result.status.message());
  return result.failure.has_value() ? StrCat(result.failure->check, ": ", result.failure->message) : "";
}

class Planted final : public NodeTamper {
 public:
  explicit Planted(const worker::Plants& plants) : plants_(plants) {}
  void Tamper(NodeOptions& options) override { options.plants = &plants_; }

 private:
  const worker::Plants plants_;
};
NodeTamper::Factory With(worker::Plants plants) {
  return [plants](const Seams&) { return std::make_unique<Planted>(plants); };
}

constexpr uint64_t kStreams = 5;

// The seeds that each stream needs until `check` fails, in order; `most` + 1: it does not.
std::vector<uint64_t> SeedsNeeded(const RunSubject& subject, std::string_view check, uint64_t most) {
  std::vector<uint64_t> needed;
  for (uint64_t stream = 1; stream <= kStreams; ++stream) {
    uint64_t number = 1;
    for (; number <= most; ++number) {
      if (WrongWith(RunScenario(subject, {}, *StrategyFor(stream * 1'000'000 + number))).starts_with(check)) break;
    }
    needed.push_back(number);
  }
  std::sort(needed.begin(), needed.end());
  ::testing::Test::RecordProperty("median", static_cast<int>(needed[kStreams / 2]));
  ::testing::Test::RecordProperty("worst", static_cast<int>(needed.back()));
  return needed;
}

TEST(Services, ARightApplicationSurvivesEverythingAndEverythingStrikes) {
  const RunSubject subject = StoreSubject();
  std::map<std::string_view, uint64_t> strikes;
  uint64_t scheduled = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const RunResult result = RunScenario(subject, {}, *StrategyFor(seed));
    EXPECT_EQ(WrongWith(result), "") << seed;
    for (const auto& [site, times] : result.sites) strikes[site] += times;
    if (const auto found = result.entries.find("scheduled"); found != result.entries.end()) scheduled += found->second;
  }
  for (const FaultSite* const site :
       {&kKvStale, &kKvStaleFar, &kKvListShort, &kKvTooMany, &kKvErrorBefore, &kKvErrorAfter, &kPlatformCronLate}) {
    EXPECT_GT(strikes[site->name()], 0u) << site->name();
  }
  EXPECT_GT(scheduled, 150u);
}

TEST(Services, UnderThisRuntimesContractReadsAreNeverOld) {
  const RunSubject subject = StoreSubject();
  RunOptions options;
  options.contract = Contract::kEdge;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const RunResult result = RunScenario(subject, options, *StrategyFor(seed));
    EXPECT_EQ(WrongWith(result), "") << seed;
    for (const auto& [site, times] : result.sites) EXPECT_FALSE(std::string_view(site).starts_with("kv.") && times > 0) << site;
  }
}

TEST(Services, TheSameSeedIsTheSameRun) {
  const RunSubject subject = StoreSubject();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(RunScenario(subject, {}, *StrategyFor(seed)).hash, RunScenario(subject, {}, *StrategyFor(seed)).hash) << seed;
  }
}

TEST(Services, APutThatIsAcknowledgedTooEarlyIsFound) {
  RunSubject subject = StoreSubject();
  subject.tamper = With({.kv_acknowledges_early = true});
  EXPECT_LE(SeedsNeeded(subject, "kv.read", 300)[kStreams / 2], 100u);
}

TEST(Services, ACronTriggerThatIsStartedTwiceIsFound) {
  RunSubject subject = StoreSubject();
  subject.tamper = With({.cron_double_start = true});
  EXPECT_LE(SeedsNeeded(subject, "cron.run", 300)[kStreams / 2], 200u);
}

TEST(Services, WhoForgetsThatAbsenceIsCachedIsFoundAndAModelThatForgetsItFindsNothing) {
  RunSubject subject = SubjectOf(kHopeful);
  subject.scenario.operations.push_back({.name = "hope", .method = "POST", .target = "/"});
  CheckSpec check;
  check.kind = CheckSpec::Kind::kStatus;
  check.name = "what was put is there";
  check.operation = "hope";
  check.statuses = {200, 503};
  subject.scenario.checks.push_back(check);
  // Only its own writes count here, which are missed least often; the median is 26.
  EXPECT_LE(SeedsNeeded(subject, "what was put is there", 100)[kStreams / 2], 40u);
  subject.tamper = With({.kv_no_negative_cache = true});
  EXPECT_GT(SeedsNeeded(subject, "what was put is there", 60).front(), 60u);
}

}  // namespace
}  // namespace edge::sim
