// Queues as producers and consumers see them, over a real store in virtual time. Rows of the contract sheet 7.2 and 7.3; the precedence
// table is in runtime/worker/batch_verdicts_test.cc.
#include "runtime/node/queue_service.h"

#include <gtest/gtest.h>

#include <set>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/testing/object_world.h"

namespace edge {
namespace {

using worker::ObjectWorld;

// `rows` are functions of env.Q; GET /N answers with what row N gave. `consumer`: the body of queue(batch, env, ctx).
std::string Script(const std::vector<std::string>& rows, std::string_view consumer) {
  std::string script = "var rows = [";
  for (const std::string& row : rows) StrAppend(&script, "function (q, env) { return ", row, "; },\n");
  StrAppend(&script, R"(];
    exports.Counter = function () {};
    function sleep(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }
    function show(v) { return v === undefined ? 'undefined' : JSON.stringify(v); }
    function attempt(f) {
      return new Promise(function (resolve) { resolve(f()); }).then(show).catch(function (e) { return e.name + ': ' + e.message; });
    }
    exports['default'] = { fetch: function (request, env) {
      var row = new URL(request.url).pathname.slice(1);
      return attempt(function () { return rows[row](env.Q, env); }).then(function (text) { return new Response(text); });
    })",
            consumer.empty() ? "" : StrCat(", queue: function (batch, env, ctx) {", consumer, "}"), " };");
  return script;
}

// Says what is delivered: "orders 1:a 2:b @3" is a batch at 3 s of the messages a, for the first time, and b, for the second.
struct Watcher final : QueueObserver {
  void OnSending(std::string_view, const storage::NewMessage&, WallTime) override {}
  void OnSent(std::string_view, std::string_view) override { ++sent; }
  void OnDelivered(std::string_view queue, const storage::QueuedMessage& message, int64_t, WallTime now) override {
    const std::string at = StrCat(queue, "@", now.ToUnixSeconds() - 1'700'000'001);
    if (at != last) StrAppend(&said, said.empty() ? "" : ", ", at);
    last = at;
    StrAppend(&said, " ", message.attempts, ":", message.body);
    ids.insert(message.id);
  }
  void OnSettled(std::string_view, std::string_view, const Settlement& settlement) override { ++fates[settlement.fate]; }
  void OnDeadLettered(std::string_view, std::string_view, std::string_view, std::string_view) override { ++dead; }
  std::string Take() {
    last.clear();
    return std::exchange(said, "");
  }
  std::string said, last;
  std::map<Fate, int> fates;
  std::set<std::string> ids;
  int sent = 0, dead = 0;
};

struct QueueWorld {
  explicit QueueWorld(const std::vector<std::string>& rows, std::string_view consumer = "", worker::QueueConsumer settings = {},
                      worker::WorkerLimits limits = {})
      : world(Script(rows, consumer), {"Counter"}, limits) {
    settings.queue = "orders";
    world.ChangeCode([&](worker::WorkerCode& code) {
      code.queue_bindings = {{.name = "Q", .queue = "orders"},
                             {.name = "LATER", .queue = "orders", .delivery_delay = Duration::Seconds(60)},
                             {.name = "DEAD", .queue = "dead"},
                             {.name = "GONE", .queue = "gone"}};
      code.queue_consumers = {settings};
    });
  }
  // A life of the process.
  void Live(absl::FunctionRef<void()> body) {
    service = std::make_unique<QueueService>(
        QueueBroker::Services{.scheduler = world.scheduler(), .adversary = world.adversary(), .log = world.log(), .observer = &watcher},
        random);
    world.queues = service.get();
    world.on_store = [this](storage::ObjectStore* store) {
      if (store == nullptr) service->Close();
    };
    world.Run([&] {
      auto code = std::make_shared<worker::WorkerCode>(world.worker().code());
      std::erase_if(code->queue_bindings, [](const worker::QueueBinding& binding) { return binding.queue == "gone"; });
      EDGE_CHECK_OK(service->Open(world.store(), {code}));
      EDGE_CHECK_OK(service->Start({&world.worker()}));
      body();
      service->Stop(world.clock().Now() + stop);
    });
  }
  std::string Get(size_t row) { return world.Get(StrCat("/", row)); }
  void Sleep(int64_t seconds) { world.Sleep(Duration::Seconds(seconds)); }

  Duration stop = Duration::Seconds(30);
  ObjectWorld world;
  worker::CountingRandom random{7};
  Watcher watcher;
  std::unique_ptr<QueueService> service;
};

struct Row {
  std::string call, result;
};

void Check(const std::vector<Row>& rows) {
  std::vector<std::string> calls;
  for (const Row& row : rows) calls.push_back(row.call);
  QueueWorld queue(calls);
  queue.Live([&] {
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(queue.Get(i), rows[i].result) << rows[i].call;
  });
}

TEST(QueueService, SendResolvesWithWhatTheQueueHolds) {
  Check({
      {"q.metrics()", R"({"backlogCount":0,"backlogBytes":0})"},
      {"q.send('a')",
       R"({"metadata":{"metrics":{"backlogCount":1,"backlogBytes":3,"oldestMessageTimestamp":"2023-11-14T22:13:21.000Z"}}})"},
      {"q.sendBatch([{body: 1}, {body: {x: [2]}, contentType: 'json'}]).then(function (r) { return r.metadata.metrics.backlogCount; })",
       "3"},
      {"q.sendBatch(new Set([{body: 1}])).then(function (r) { return r.metadata.metrics.backlogBytes; })", "14"},
      {"q.metrics().then(function (m) { return m.oldestMessageTimestamp instanceof Date; })", "true"},
      {"Object.prototype.toString.call(q)", "\"[object WorkerQueue]\""},
  });
}

TEST(QueueService, RefusesWithThePlatformsTexts) {
  Check({
      {"q.send()", "TypeError: Failed to execute 'send' on 'WorkerQueue': parameter 1 is not of type 'JsValue'."},
      {"q.send(undefined)", "TypeError: Message body cannot be undefined"},
      {"q.send(1, {contentType: 'text'})", "TypeError: Content Type \"text\" requires a value of type string, but received: number"},
      {"q.send('x', {contentType: 'bytes'})",
       "TypeError: Content Type \"bytes\" requires a value of type ArrayBufferView, but received: string"},
      {"q.send('x', {contentType: 'xml'})", "TypeError: Unsupported queue message content type: xml"},
      {"q.send(function () {}, {contentType: 'v8'})", "DataCloneError: function () { ... } could not be cloned."},
      {"q.send(function () {})", "TypeError: Message body of type function cannot be serialized as JSON"},
      {"q.send('x'.repeat(127999), {contentType: 'text'}).then(function () { return 1; })", "1"},
      {"q.send('x'.repeat(128001), {contentType: 'text'})",
       "Error: Queue send failed: message length of 128001 bytes exceeds limit of 128000"},
      {"q.send('x', {delaySeconds: 43201})", "Error: Queue send failed: a delay of 43201 seconds is out of range: 0 to 43200"},
      {"q.send('x', {delaySeconds: -1})", "Error: Queue send failed: a delay of -1 seconds is out of range: 0 to 43200"},
      {"q.sendBatch([])", "TypeError: sendBatch() requires at least one message"},
      {"q.sendBatch({})", "TypeError: Failed to execute 'sendBatch' on 'WorkerQueue': parameter 1 is not of type 'Array'."},
      {"q.sendBatch([1])", "TypeError: Incorrect type for array element 0: the provided value is not of type 'MessageSendRequest'."},
      {"q.sendBatch([{}])", "TypeError: Message body cannot be undefined"},
      {"q.sendBatch(new Array(101).fill({body: 1}))", "Error: Queue sendBatch failed: batch message count of 101 exceeds limit of 100"},
      {"q.sendBatch([1, 2, 3].map(function () { return {body: 'x'.repeat(90000)}; }))",
       "Error: Queue sendBatch failed: batch size of 270006 bytes exceeds limit of 256000"},
      {"q.sendBatch([{body: 1}], {delaySeconds: 50000})",
       "Error: Queue sendBatch failed: a delay of 50000 seconds is out of range: 0 to 43200"},
      {"env.GONE.send(1)", "Error: Queue send failed: Internal Server Error"},
      {"q.metrics().then(function (m) { return m.backlogCount; })", "1"},
  });
}

TEST(QueueService, ErrorsTellTheirNumberWhereTheFlagSaysSo) {
  QueueWorld queue({"q.send('x'.repeat(200000))", "q.sendBatch([])", "q.sendBatch([{body: 1}], {delaySeconds: 50000})"});
  queue.world.ChangeCode([](worker::WorkerCode& code) { code.queue_error_codes = worker::QueueErrorCodes::kExposed; });
  queue.Live([&] {
    EXPECT_EQ(queue.Get(0), "Error: Queue send failed: message length of 200002 bytes exceeds limit of 128000 (10204)");
    EXPECT_EQ(queue.Get(1), "TypeError: sendBatch() requires at least one message");
    EXPECT_EQ(queue.Get(2), "Error: Queue send failed: a delay of 50000 seconds is out of range: 0 to 43200 (10202)");
  });
}

TEST(QueueService, BodiesArriveAsWhatTheyWere) {
  QueueWorld queue({"q.sendBatch([{body: {a: [1, 'b', null]}}, {body: 'text \\u00e4', contentType: 'text'}, {body: new Uint8Array([9, 1, "
                    "255]).subarray(1), contentType: 'bytes'}, {body: {d: new Date(5), m: new Map([[1, 2]])}, contentType: 'v8'}, {body: "
                    "null}])",
                    "got"},
                   R"(
    globalThis.got = [batch.queue, batch.constructor.name, Object.keys(batch).join(), batch.metadata.metrics.backlogCount,
                      Object.keys(batch.messages[0]).join(), batch.messages[0].constructor.name,
                      /^[0-9a-f]{32}$/.test(batch.messages[0].id), batch.messages[0].timestamp.toISOString(), batch.messages[0].attempts];
    var b = batch.messages.map(function (m) { return m.body; });
    got.push(b[0], b[1], b[2] instanceof Uint8Array, Array.from(b[2]), b[3].d.getTime(), b[3].m.get(1), b[4]);
    got.push(typeof env.Q.send, typeof ctx.waitUntil);
  )");
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(6);
    EXPECT_EQ(queue.Get(1),
              "[\"orders\",\"MessageBatch\",\"messages,queue,metadata\",5,\"id,timestamp,body,attempts\",\"Message\",true,"
              "\"2023-11-14T22:13:21.000Z\",1,{\"a\":[1,\"b\",null]},\"text \xc3\xa4\",true,[1,255],5,2,null,\"function\",\"function\"]");
  });
}

TEST(QueueService, ABatchIsDeliveredWhenItIsFullOrItsTimeIsUp) {
  QueueWorld queue({"q.sendBatch([{body: 1}, {body: 2}])", "q.send(3)"}, "return sleep(100);", {.batch_size_max = 3});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(4);
    EXPECT_EQ(queue.watcher.Take(), "");
    queue.Sleep(2);
    EXPECT_EQ(queue.watcher.Take(), "orders@5 1:1 1:2");
    queue.Get(0);
    queue.Get(1);
    queue.Sleep(1);
    EXPECT_EQ(queue.watcher.Take(), "orders@6 1:1 1:2 1:3");
  });
}

TEST(QueueService, DelaysOfMessagesBeatThoseOfBatchesAndQueues) {
  QueueWorld served({"env.LATER.sendBatch([{body: 1}, {body: 2, delaySeconds: 0}, {body: 3, delaySeconds: 20}])",
                     "env.LATER.sendBatch([{body: 4}, {body: 5, delaySeconds: 7}], {delaySeconds: 30})"},
                    ";", {.batch_timeout = Duration::Zero()});
  served.Live([&] {
    served.Get(0);
    served.Get(1);
    served.Sleep(100);
    EXPECT_EQ(served.watcher.Take(), "orders@0 1:2, orders@7 1:5, orders@20 1:3, orders@30 1:4, orders@60 1:1");
  });
}

TEST(QueueService, AHandlerThatThrowsGetsItsBatchAgainButWhatItHasAcked) {
  QueueWorld queue({"q.sendBatch([{body: 1}, {body: 2}])"},
                   "if (batch.messages[0].attempts === 1) { batch.messages[0].ack(); throw new Error('no'); }");
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(20);
    EXPECT_EQ(queue.watcher.Take(), "orders@5 1:1 1:2, orders@10 2:2");
    EXPECT_TRUE(queue.world.log().Contains("orders: a batch of 2 messages: exception: Error: no"));
  });
}

TEST(QueueService, ARejectionAndAFailedWaitUntilAreFailuresToo) {
  QueueWorld queue({"q.send(1)"},
                   "if (batch.messages[0].attempts === 1) return Promise.reject(new Error('no'));"
                   "if (batch.messages[0].attempts === 2) ctx.waitUntil(sleep(2000).then(function () { throw new Error('late'); }));",
                   {.batch_timeout = Duration::Zero()});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(20);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1 2:1, orders@2 3:1");
  });
}

TEST(QueueService, WithTheFlagWaitUntilIsNotPartOfTheBatch) {
  QueueWorld queue({"q.send(1)"}, "ctx.waitUntil(sleep(2000).then(function () { throw new Error('late'); }));",
                   {.batch_timeout = Duration::Zero()});
  queue.world.ChangeCode([](worker::WorkerCode& code) { code.queue_wait_until = worker::QueueWaitUntil::kDetached; });
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(1);
    EXPECT_EQ(queue.watcher.fates[QueueObserver::Fate::kAcked], 1);
    queue.Sleep(20);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1");
  });
}

TEST(QueueService, RetriesWaitForTheirDelayAndEndInTheDeadLetterQueue) {
  QueueWorld queue(
      {"q.send(1)", "env.DEAD.metrics().then(function (m) { return [m.backlogCount, m.backlogBytes]; })"},
      "batch.messages[0].retry(batch.messages[0].attempts === 1 ? {delaySeconds: 30} : undefined);",
      {.batch_timeout = Duration::Zero(), .retries_max = 2, .dead_letter_queue = "dead", .retry_delay = Duration::Seconds(10)});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(60);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1, orders@30 2:1, orders@40 3:1");
    EXPECT_EQ(queue.Get(1), "[1,1]");
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
    EXPECT_EQ(queue.service->StatusOf("dead")->dead_letters_of, std::vector<std::string>{"orders"});
    const std::vector<storage::QueuedMessage> dead = *queue.service->Peek("dead", 0, 10);
    ASSERT_EQ(dead.size(), 1u);
    EXPECT_EQ(dead[0].body, "1");
    EXPECT_EQ(dead[0].attempts, 0);
    EXPECT_FALSE(queue.watcher.ids.contains(dead[0].id));
    EXPECT_EQ(*queue.service->Redrive("dead", "orders", 10), 1u);
    queue.Sleep(1);
    EXPECT_EQ(queue.watcher.Take(), "orders@60 1:1");
  });
}

TEST(QueueService, WithoutADeadLetterQueueWhatFailsTooOftenIsDeletedAndTheLogSaysSo) {
  QueueWorld queue({"q.sendBatch([{body: 'poison'}, {body: 'fine'}])"},
                   "batch.messages.forEach(function (m) { if (m.body === 'poison') m.retry(); });",
                   {.batch_timeout = Duration::Zero(), .retries_max = 1});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(5);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:\"poison\" 1:\"fine\" 2:\"poison\"");
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
    EXPECT_TRUE(queue.world.log().Contains("was delivered 2 times and never acknowledged; it is deleted"));
  });
}

TEST(QueueService, AttemptsOutliveTheProcessAndWhatItHadInFlightComesAgain) {
  QueueWorld queue({"q.send(1)", "q.send(2)"}, "return sleep(60000);", {.batch_timeout = Duration::Zero()});
  queue.stop = Duration::Seconds(1);
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(10);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1");
  });
  queue.stop = Duration::Seconds(100);
  queue.Live([&] {
    queue.Sleep(1);
    EXPECT_EQ(queue.watcher.Take(), "orders@11 2:1");
    queue.Sleep(70);
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
  });
}

TEST(QueueService, AConsumerThatTakesTooLongIsCancelledAndItsBatchComesAgain) {
  QueueWorld queue({"q.send(1)"}, "if (batch.messages[0].attempts === 1) return sleep(3600000);", {.batch_timeout = Duration::Zero()});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(15 * 60 - 1);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1");
    queue.Sleep(2);
    EXPECT_EQ(queue.watcher.Take(), "orders@900 2:1");
    EXPECT_TRUE(queue.world.log().Contains("canceled: it ran longer than 900 s and was cancelled"));
  });
}

TEST(QueueService, ComputingTooLongLosesTheBatchButNotItsAcks) {
  worker::WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(50);
  QueueWorld queue({"q.sendBatch([{body: 1}, {body: 2}])"},
                   "if (batch.messages[0].attempts === 1) { batch.messages[0].ack(); for (;;) {} }", {.batch_timeout = Duration::Zero()},
                   limits);
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(2);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1 1:2 2:2");
    EXPECT_TRUE(queue.world.log().Contains("exceededCpu"));
  });
}

TEST(QueueService, BatchesRunBesideEachOtherWhileThereIsABacklog) {
  const std::string more = "q.sendBatch(new Array(80).fill({body: 1}))";
  const std::string counting =
      "globalThis.now = (globalThis.now || 0) + 1; globalThis.most = Math.max(globalThis.most || 0, now);"
      "return sleep(1000).then(function () { globalThis.now--; });";
  for (const uint32_t most : {250u, 3u, 1u}) {
    QueueWorld queue({more, "globalThis.most"}, counting, {.concurrency_max = most});
    queue.Live([&] {
      queue.Get(0);
      queue.Sleep(30);
      EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
      EXPECT_EQ(queue.Get(1), most == 1 ? "1" : most == 3 ? "3" : "4");
    });
  }
}

TEST(QueueService, WithoutAHandlerMessagesWaitAndTheLogSaysSo) {
  QueueWorld queue({"q.send(1)"});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(100);
    EXPECT_EQ(queue.watcher.Take(), "");
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 1u);
    EXPECT_TRUE(queue.world.log().Contains("it consumes the queue orders (queues.consumers), but has no queue() handler: messages wait"));
  });
}

TEST(QueueService, WhatNobodyConsumesForFourDaysIsDeleted) {
  QueueWorld queue({"env.DEAD.send(1)"});
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(4 * 24 * 3600 - 10);
    EXPECT_EQ(queue.service->StatusOf("dead")->state.messages, 1u);
    queue.Sleep(75);
    EXPECT_EQ(queue.service->StatusOf("dead")->state.messages, 0u);
  });
}

TEST(QueueService, ALeaseThatIsOverGivesTheMessageToAnotherAndItsAckIsStale) {
  QueueWorld queue({"q.send(1)"}, "return sleep(batch.messages[0].attempts === 1 ? 10000 : 20000);", {.batch_timeout = Duration::Zero()});
  queue.world.adversary().answer = [&](std::string_view point, uint64_t) {
    const bool first = queue.world.adversary().asked["queue.lease"] == 1;
    return point == "queue.lease" && first ? MischiefChoice{Mischief::kDelay, Duration::Seconds(3)} : MischiefChoice{};
  };
  queue.Live([&] {
    queue.Get(0);
    queue.Sleep(12);
    EXPECT_EQ(queue.watcher.Take(), "orders@0 1:1, orders@3 2:1");
    EXPECT_EQ(queue.watcher.fates[QueueObserver::Fate::kStale], 1);
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 1u);
    queue.Sleep(15);
    EXPECT_EQ(queue.watcher.fates[QueueObserver::Fate::kAcked], 1);
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
  });
}

TEST(QueueService, MessagesThatArePulledComeAgainUnlessTheyAreAcked) {
  QueueWorld queue({"q.sendBatch([{body: 1}, {body: 2}])"}, "", {.type = worker::QueueConsumer::Type::kPull, .retries_max = 1});
  queue.Live([&] {
    queue.Get(0);
    const std::vector<storage::QueuedMessage> first = *queue.service->Pull("orders", 5, Duration::Seconds(30));
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(queue.service->Pull("orders", 5, Duration::Seconds(30))->size(), 0u);
    const storage::Verdict ack = {.lease = first[0].lease};
    EXPECT_EQ(queue.service->Settle("orders", {&ack, 1})->acked, 1u);
    queue.Sleep(31);
    const std::vector<storage::QueuedMessage> second = *queue.service->Pull("orders", 5, Duration::Seconds(30));
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].attempts, 2);
    const storage::Verdict late = {.lease = first[1].lease};
    EXPECT_EQ(queue.service->Settle("orders", {&late, 1})->stale, 1u);
    queue.Sleep(31);
    EXPECT_EQ(queue.service->Pull("orders", 5, Duration::Seconds(30))->size(), 0u);
    EXPECT_EQ(queue.service->StatusOf("orders")->state.messages, 0u);
    EXPECT_EQ(queue.service->Pull("none", 5, Duration::Seconds(30)).status().code(), absl::StatusCode::kNotFound);
  });
}

TEST(QueueService, AQueueHasOneConsumer) {
  QueueWorld queue({"q.send(1)"});
  auto one = std::make_shared<worker::WorkerCode>(), other = std::make_shared<worker::WorkerCode>();
  one->name = "one", other->name = "other";
  one->queue_consumers = other->queue_consumers = {{.queue = "orders"}};
  queue.world.Run([&] {
    QueueService service({.scheduler = queue.world.scheduler(), .adversary = queue.world.adversary(), .log = queue.world.log()},
                         queue.random);
    EXPECT_EQ(service.Open(queue.world.store(), {one, other}).message(),
              "the queue \"orders\" has two consumers, one and other; a queue has one at most");
  });
}

}  // namespace
}  // namespace edge
