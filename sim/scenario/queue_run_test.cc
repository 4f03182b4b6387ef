// Queues in simulated worlds: what the platform may do to messages happens, a right application survives it, and bugs of the platform are
// found within their budgets of seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

// Every option: batches, delays, explicit acks and retries, handlers that throw, poison, dead letters that are consumed and that are not.
constexpr char kOrders[] = R"(
  fetch: function (request, env) {
    var url = new URL(request.url), kind = url.pathname.slice(1), n = Number(url.searchParams.get('n')), list = [], i, work;
    for (i = 0; i < n; i++) list.push({ body: { id: crypto.randomUUID(), kind: kind } });
    if (kind === 'later') work = env.ORDERS.send({ id: crypto.randomUUID() }, { delaySeconds: n });
    else if (kind === 'text') work = env.OTHERS.send(crypto.randomUUID(), { contentType: 'text' });
    else if (kind === 'metrics') work = env.ORDERS.metrics();
    else work = env.ORDERS.sendBatch(list);
    return work.then(function () { return new Response('ok'); }, function (e) { return new Response(e.message, { status: 503 }); });
  },
  queue: function (batch, env) {
    function one(i) {
      var m = batch.messages[i], kind;
      if (m === undefined) return;
      return scheduler.wait(40).then(function () {
        kind = m.body.kind;
        if (batch.queue === 'others') {
          if (m.attempts < 2) batch.retryAll({ delaySeconds: 3 });
          return one(i + 1);
        }
        if (batch.queue === 'dead') m.ack();
        else if (kind === 'poison') m.retry();
        else if (kind === 'slow' && m.attempts < 3) m.retry({ delaySeconds: 4 * m.attempts });
        else if (kind === 'flaky' && m.attempts < 2) throw new Error('flaky');
        else if (kind !== 'implicit') m.ack();
        return one(i + 1);
      });
    }
    return one(0);
  })";

RunSubject OrdersSubject() {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "test";
  code->script = StrCat("(function (edge) { var handler = {", kOrders, "}; return { get 'default'() { return handler; } }; })");
  code->queue_bindings = {{.name = "ORDERS", .queue = "orders"}, {.name = "OTHERS", .queue = "others"}};
  code->queue_consumers = {{.queue = "orders",
                            .batch_size_max = 4,
                            .batch_timeout = Duration::Seconds(2),
                            .retries_max = 4,
                            .dead_letter_queue = "dead",
                            .retry_delay = Duration::Seconds(1)},
                           {.queue = "others", .batch_timeout = Duration::Zero(), .retries_max = 2, .concurrency_max = 1},
                           {.queue = "dead"}};
  RunSubject subject;
  subject.codes = {std::move(code)};
  subject.scenario.name = "orders";
  for (const char* target : {"/plain?n=${int:1..9}", "/implicit?n=${int:1..9}", "/poison?n=1", "/slow?n=${int:1..3}", "/flaky?n=2",
                             "/later?n=${int:1..20}", "/text"}) {
    subject.scenario.operations.push_back({.name = target, .method = "POST", .target = target});
  }
  subject.scenario.operations.push_back({.name = "metrics", .method = "GET", .target = "/metrics"});
  return subject;
}

// What is wrong with a run; empty: nothing.
std::string WrongWith(const RunResult& result) {
  if (!result.status.ok()) return std::string(result.status.message());
  return result.failure.has_value() ? StrCat(result.failure->check, ": ", result.failure->message) : "";
}

class Planted final : public NodeTamper {
 public:
  explicit Planted(const storage::QueuePlants& plants) { plants_.queues = plants; }
  void Tamper(NodeOptions& options) override { options.plants = &plants_; }

 private:
  worker::Plants plants_;
};

// The gate: the median of the streams within the budget, each searched for 12 times as long.
void ExpectFound(const storage::QueuePlants& plants, std::string_view check, uint64_t budget) {
  constexpr uint64_t kStreams = 5;
  RunSubject subject = OrdersSubject();
  subject.tamper = [plants](const Seams&) { return std::make_unique<Planted>(plants); };
  std::vector<uint64_t> needed;
  for (uint64_t stream = 1; stream <= kStreams; ++stream) {
    uint64_t number = 1;
    for (; number <= 12 * budget; ++number) {
      if (WrongWith(RunScenario(subject, {}, *StrategyFor(stream * 1'000'000 + number))).starts_with(check)) break;
    }
    needed.push_back(number);
  }
  std::sort(needed.begin(), needed.end());
  ::testing::Test::RecordProperty("median", static_cast<int>(needed[kStreams / 2]));
  ::testing::Test::RecordProperty("worst", static_cast<int>(needed.back()));
  EXPECT_LE(needed[kStreams / 2], budget);
  EXPECT_LE(needed.back(), 12 * budget);
}

TEST(Queues, ARightApplicationSurvivesEverythingAndEverythingStrikes) {
  const RunSubject subject = OrdersSubject();
  std::map<std::string_view, uint64_t> strikes;
  uint64_t batches = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const RunResult result = RunScenario(subject, {}, *StrategyFor(seed));
    EXPECT_EQ(WrongWith(result), "") << seed;
    for (const auto& [site, times] : result.sites) strikes[site] += times;
    if (const auto found = result.entries.find("queue"); found != result.entries.end()) batches += found->second;
  }
  for (const FaultSite* const site : AllFaultSites()) {
    if (site->family != FaultFamily::kQueue) continue;
    EXPECT_GT(strikes[site->name()], 0u) << site->name();
  }
  EXPECT_GT(batches, 300u * 5);
}

TEST(Queues, UnderThisRuntimesContractNothingOfItStrikes) {
  RunOptions options;
  options.contract = Contract::kEdge;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const RunResult result = RunScenario(OrdersSubject(), options, *StrategyFor(seed));
    EXPECT_EQ(WrongWith(result), "") << seed;
    for (const auto& [site, times] : result.sites) EXPECT_FALSE(std::string_view(site).starts_with("queue.") && times > 0) << site;
  }
}

TEST(Queues, TheSameSeedIsTheSameRun) {
  const RunSubject subject = OrdersSubject();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(RunScenario(subject, {}, *StrategyFor(seed)).hash, RunScenario(subject, {}, *StrategyFor(seed)).hash) << seed;
  }
}

TEST(Queues, ALeaseWithoutATokenIsFound) { ExpectFound({.lease_without_token = true}, "queue.stale_ack", 50); }
TEST(Queues, AnAckBeforeTheCommitIsFound) { ExpectFound({.ack_before_commit = true}, "queue.lost", 20); }
TEST(Queues, ADelayThatIsTooShortIsFound) { ExpectFound({.delay_early = true}, "queue.early", 50); }
TEST(Queues, ADeadLetterThatIsDroppedIsFound) { ExpectFound({.dead_letter_dropped = true}, "queue.dead_letter", 50); }
TEST(Queues, AttemptsThatARestartForgetsAreFound) { ExpectFound({.attempts_reset = true}, "queue.attempts", 200); }

}  // namespace
}  // namespace edge::sim
