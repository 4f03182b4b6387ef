// Durable Objects from the outside: requests through a worker to objects over a real store.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "runtime/base/str_cat.h"
#include "runtime/worker/testing/object_world.h"

namespace edge::worker {
namespace {

// A worker that passes requests on: /NAME/what goes to the object of that name.
constexpr char kFront[] = R"(
  exports['default'] = { fetch: function (request, env) {
    var path = new URL(request.url).pathname.split('/');
    return env.COUNTER.get(env.COUNTER.idFromName(path[1])).fetch(request);
  } };
)";

// Counts in storage and in memory; /NAME/slow awaits a timer between reading and writing.
constexpr char kCounter[] = R"(
  exports.Counter = function (ctx, env) { this.ctx = ctx; this.env = env; this.memory = 0; };
  exports.Counter.prototype.fetch = function (request) {
    var self = this, storage = this.ctx.storage, what = new URL(request.url).pathname.split('/')[2];
    this.memory++;
    if (what === 'read') return storage.get('n').then(function (n) { return new Response(n + '/' + self.memory); });
    if (what === 'throw') return storage.put('n', 'thrown').then(function () { throw new RangeError('as asked'); });
    if (what === 'abort') { storage.put('n', 'aborted'); self.ctx.abort('enough'); }
    if (what === 'spin') { storage.put('n', 'half'); for (;;) {} }
    return storage.get('n').then(function (n) {
      if (what !== 'slow') return n;
      return new Promise(function (resolve) { setTimeout(function () { resolve(n); }, 1000); });
    }).then(function (n) {
      n = (n || 0) + 1;
      return storage.put('n', n).then(function () { return new Response(String(n)); });
    });
  };
)";

std::string CounterWorker() { return std::string(kFront) + kCounter; }

TEST(Object, CountsInItsStorage) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/add"), "2");
    EXPECT_EQ(world.Get("/b/add"), "1") << "another object";
    EXPECT_EQ(world.objects().live(), 2u);
  });
  world.Run([&] { EXPECT_EQ(world.Get("/a/add"), "3") << "after a restart"; });
}

TEST(Object, RequestsAtOnceLoseNoUpdate) {
  ObjectWorld world(CounterWorker());
  std::vector<std::string> answers(20);
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    clients.Wait();
    EXPECT_EQ(world.Get("/a/add"), "21");
  });
}

TEST(Object, StorageThatAnswersLaterKeepsOthersOut) {
  ObjectWorld world(CounterWorker());
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "storage.later" ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(3)} : MischiefChoice{};
  };
  std::vector<std::string> answers(10);
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    clients.Wait();
    EXPECT_EQ(world.Get("/a/add"), "11");
  });
}

TEST(Object, AHoleInTheInputGateLosesUpdates) {
  ObjectWorld world(CounterWorker());
  world.plants().input_gate_hole = true;
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "storage.later" ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(3)} : MischiefChoice{};
  };
  std::vector<std::string> answers(10);
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    clients.Wait();
    EXPECT_NE(world.Get("/a/add"), "11");
  });
}

TEST(Object, OthersComeInWhileItWaitsForSomethingElse) {
  ObjectWorld world(CounterWorker());
  std::string slow, fast;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/slow", &slow);
    world.Sleep(Duration::Milliseconds(100));
    world.GetIn(clients, "/a/add", &fast);
    clients.Wait();
  });
  EXPECT_EQ(fast, "1");
  EXPECT_EQ(slow, "1") << "the update in between is lost: that is the contract";
}

TEST(Object, AnEventWhoseCallerHasGoneKeepsNothing) {
  ObjectWorld world(R"(
    exports.Counter = function () {};
    exports.Counter.prototype.fetch = function () { return new Promise(function () {}); };
    exports['default'] = { fetch: function (request, env) { return env.COUNTER.getByName('a').fetch(request); } };
  )");
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    std::string answer;
    world.GetIn(clients, "/", &answer);
    world.Sleep(Duration::Seconds(200));
    EXPECT_EQ(world.objects().live(), 1u) << "somebody waits for it";
    clients.Cancel();
    clients.Wait();
    world.Sleep(Duration::Seconds(200));
    EXPECT_EQ(world.objects().live(), 0u);
  });
}

TEST(Object, TimersOutliveTheObjectThatNeededTheIsolateFirst) {
  ObjectWorld world(CounterWorker());
  std::string slow;
  world.Run([&] {
    world.Get("/a/add");
    world.Sleep(Duration::Seconds(60));
    ASSERT_EQ(world.objects().live(), 0u) << "it has been evicted";
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/b/slow", &slow);
    world.Sleep(Duration::Seconds(20));
    EXPECT_EQ(slow, "1");
    clients.Cancel();
    clients.Wait();
  });
}

// Counts in one synchronous transaction, and reads without one.
constexpr char kSynchronousCounter[] = R"(
  exports.Counter = function (ctx, env) { this.ctx = ctx; };
  exports.Counter.prototype.fetch = function (request) {
    var storage = this.ctx.storage;
    if (new URL(request.url).pathname.split('/')[2] === 'read') return new Response(String(storage.kv.get('n')));
    return new Response(String(storage.transactionSync(function () {
      var n = (storage.kv.get('n') || 0) + 1;
      storage.kv.put('n', n);
      return n;
    })));
  };
)";

TEST(Object, AFailedReadEndsOneActivationNotTheObject) {
  for (int failing = 1; failing <= 8; ++failing) {
    const char* const path = failing % 2 == 0 ? "/a/add" : "/a/read";
    ObjectWorld world(std::string(kFront) + kSynchronousCounter);
    world.Run([&] {
      EXPECT_EQ(world.Get("/a/add"), "1");
      EXPECT_TRUE(world.store().Checkpoint().ok());
      world.Sleep(Duration::Seconds(60));
      ASSERT_EQ(world.objects().live(), 0u) << "its next activation reads from the base file";
      int reads = 0;
      world.disk().before_read = [&] {
        return ++reads == (failing + 1) / 2 ? absl::DataLossError("Input/output error") : absl::OkStatus();
      };
      world.Get(path);
      EXPECT_EQ(world.Get("/a/read"), failing % 2 == 0 && reads < failing / 2 ? "2" : "1") << "read " << failing / 2 << " of " << reads;
    });
  }
}

TEST(Object, NothingIsAnsweredBeforeItIsDurable) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    Event disk(world.scheduler());
    world.disk().before_sync = [&] { return disk.Wait(); };
    std::string wrote, read;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/add", &wrote);
    world.Sleep(Duration::Milliseconds(10));
    world.GetIn(clients, "/a/read", &read);
    world.Sleep(Duration::Seconds(5));
    EXPECT_EQ(wrote, "") << "held";
    EXPECT_EQ(read, "") << "a read shows the write too";
    disk.Set();
    clients.Wait();
    EXPECT_EQ(wrote, "2");
    EXPECT_EQ(read, "2/3");
  });
}

TEST(Object, WithoutAnOutputGateAnswersComeTooEarly) {
  ObjectWorld world(CounterWorker());
  world.plants().no_output_gate = true;
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    Event disk(world.scheduler());
    world.disk().before_sync = [&] { return disk.Wait(); };
    std::string wrote;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/add", &wrote);
    world.Sleep(Duration::Milliseconds(10));
    EXPECT_EQ(wrote, "2");
    disk.Set();
    clients.Wait();
    world.Sleep(Duration::Milliseconds(10));  // the log still waits for `disk`
  });
}

TEST(Object, AFailedSyncResetsItAndAnswersNothing) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    int failures = 1;
    world.disk().before_sync = [&] { return failures-- > 0 ? absl::DataLossError("EIO") : absl::OkStatus(); };
    EXPECT_EQ(world.Get("/a/add"), "!Error: Internal error in Durable Object storage write caused object to be reset.");
    EXPECT_EQ(world.Get("/a/read"), "1/1") << "a new instance over what is durable";
  });
}

TEST(Object, AThrowDoesNotUndoWritesNorTheInstance) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/throw"), "!RangeError: as asked");
    EXPECT_EQ(world.Get("/a/read"), "thrown/2");
  });
}

TEST(Object, AbortEndsTheInstanceAndWhatItHasNotCommitted) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/abort"), "!Error: enough");
    EXPECT_EQ(world.Get("/a/read"), "1/1");
  });
}

TEST(Object, IdleOnesHibernateAndComeBack) {
  ObjectWorld world(CounterWorker());
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/read"), "1/2");
    world.Sleep(Duration::Seconds(5));
    EXPECT_EQ(world.objects().live(), 1u);
    world.Sleep(Duration::Seconds(10));
    EXPECT_EQ(world.objects().live(), 0u);
    EXPECT_EQ(world.Get("/a/read"), "1/1") << "storage stays, memory does not";
  });
}

TEST(Object, ADatabaseThatNobodyUsesIsClosedAndOpenedAgain) {
  ObjectWorld world(std::string(kFront) + R"(
    exports.Counter = function (ctx) { this.ctx = ctx; this.memory = 0; var self = this;
      setInterval(function () { self.memory++; }, 60000); };
    exports.Counter.prototype.fetch = function () {
      var sql = this.ctx.storage.sql;
      sql.exec('create table if not exists t (x)');
      sql.exec('insert into t values (1)');
      return new Response(this.memory + '/' + sql.exec('select count(*) as n from t').one().n);
    };
  )");
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/x"), "0/1");
    EXPECT_EQ(world.store().stats().open_databases, 1u);
    world.Sleep(Duration::Seconds(25));
    EXPECT_EQ(world.store().stats().open_databases, 0u);
    EXPECT_EQ(world.objects().live(), 1u) << "its timer keeps it";
    EXPECT_EQ(world.Get("/a/x"), "0/2") << "the same instance";
    EXPECT_EQ(world.store().stats().open_databases, 1u);
  });
}

TEST(Object, OfTooManyOpenDatabasesTheLeastRecentlyUsedIsClosed) {
  WorkerLimits limits;
  limits.object_databases_max = 3;
  ObjectWorld world(CounterWorker(), {"Counter"}, limits);
  world.Run([&] {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(world.Get(StrCat("/o", i, "/add")), "1");
    EXPECT_EQ(world.objects().live(), 10u);
    EXPECT_EQ(world.store().stats().open_databases, 3u);
    // Each needs its own again.
    for (int i = 0; i < 10; ++i) EXPECT_EQ(world.Get(StrCat("/o", i, "/read")), "1/2");
    EXPECT_EQ(world.store().stats().open_databases, 3u);
    EXPECT_EQ(world.objects().activations(), 10u) << "nobody was evicted for it";
  });
}

TEST(Object, ADatabaseIsNotClosedUnderATransactionOrACursor) {
  WorkerLimits limits;
  limits.object_databases_max = 1;
  ObjectWorld world(std::string(kFront) + R"(
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function (request) {
      var storage = this.ctx.storage, sql = storage.sql, what = new URL(request.url).pathname.split('/')[2];
      var later = function () { return new Promise(function (resolve) { setTimeout(resolve, 5000); }); };
      sql.exec('create table if not exists t (x)');
      if (what === 'transaction') return storage.transaction(function (txn) {
        sql.exec('insert into t values (1)');
        return txn.put('a', 1).then(later).then(function () { sql.exec('insert into t values (2)'); });
      }).then(function () { return new Response('rows ' + sql.exec('select count(*) as n from t').one().n); });
      if (what === 'cursor') {
        sql.exec('insert into t values (1), (2), (3)');
        var cursor = sql.exec('select x from t'), first = cursor.next().value.x;
        return later().then(function () { return new Response(first + '' + cursor.next().value.x + cursor.next().value.x); });
      }
      return new Response('ok');
    };
  )",
                    {"Counter"}, limits);
  std::string transaction, cursor;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/transaction", &transaction);
    world.GetIn(clients, "/b/cursor", &cursor);
    world.Sleep(Duration::Seconds(1));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(world.Get(StrCat("/o", i, "/x")), "ok");
    EXPECT_EQ(world.store().stats().open_databases, 2u) << "those that are in use";
    clients.Wait();
    EXPECT_EQ(transaction, "rows 2");
    EXPECT_EQ(cursor, "123");
    EXPECT_EQ(world.Get("/c/x"), "ok");
    EXPECT_EQ(world.store().stats().open_databases, 1u) << "they are not any more";
  });
}

TEST(Object, AnAdversaryClosesDatabasesBetweenEventsAndNobodyNotices) {
  ObjectWorld world(CounterWorker());
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "object.close_database" ? MischiefChoice{.kind = Mischief::kEvict} : MischiefChoice{};
  };
  // Its reads come from the log's pages in memory: what was committed is not durable yet.
  world.Run([&] {
    std::vector<std::string> answers(20);
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    clients.Wait();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(world.Get("/a/add"), StrCat(21 + i));
    EXPECT_GE(world.adversary().asked["object.close_database"], 5);
    EXPECT_EQ(world.Get("/a/read"), "25/26") << "one instance";
  });
}

TEST(Object, ManyShareIsolatesThatAreNeverTooFullAndGoWithThem) {
  WorkerLimits limits;
  limits.memory = ByteCount::MiB(16);
  limits.object_isolate_fill = ByteCount::MiB(6);
  limits.object_isolate_objects_max = 30;
  ObjectWorld world(std::string(kFront) + R"(
    exports.Counter = function (ctx) { this.kept = new Uint8Array(200000); };
    exports.Counter.prototype.fetch = function () { return new Response('ok'); };
  )",
                    {"Counter"}, limits);
  world.Run([&] {
    // Together they need twice of what one isolate may have.
    for (int i = 0; i < 160; ++i) EXPECT_EQ(world.Get(StrCat("/o", i, "/x")), "ok") << i;
    EXPECT_EQ(world.objects().live(), 160u) << "nobody was reset";
    EXPECT_EQ(world.objects().activations(), 160u);
    EXPECT_GE(world.worker().isolates(), 1u + 160 / 30);
    world.Sleep(Duration::Seconds(30));
    EXPECT_EQ(world.objects().live(), 0u);
    EXPECT_EQ(world.worker().isolates(), 2u) << "one for requests, one for the next object";
  });
}

TEST(Object, WritersWaitWhileCheckpointsDoNotKeepUp) {
  ObjectWorld world(std::string(kFront) + R"(
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function () {
      return this.ctx.storage.put('big', new Uint8Array(60000)).then(function () { return new Response('ok'); });
    };
  )");
  world.overlay_max = ByteCount::KiB(512);
  world.disk().before_sync = [&] { return world.scheduler().SleepFor(Duration::Milliseconds(20)); };
  std::vector<std::string> answers(100);
  world.Run([&] {
    for (size_t done = 0; done < answers.size(); done += 4) {
      TaskGroup clients(world.scheduler());
      for (size_t i = done; i < done + 4; ++i) world.GetIn(clients, StrCat("/o", i, "/x"), &answers[i]);
      clients.Wait();
    }
    world.disk().before_sync = [] { return absl::OkStatus(); };
  });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "ok"), 100) << answers.back();
}

TEST(Object, AnAdversaryEvictsBetweenTwoEvents) {
  ObjectWorld world(CounterWorker());
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "object.evict" ? MischiefChoice{.kind = Mischief::kEvict} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/add"), "2");
    EXPECT_EQ(world.Get("/a/read"), "2/1");
  });
}

// How often the isolate's objects were asked, all together.
constexpr char kGlobalCounter[] = R"(
  var asked = 0;
  exports.Counter = function (ctx) {};
  exports.Counter.prototype.fetch = function () { return new Response(String(++asked)); };
)";

TEST(Object, ObjectsOfAClassShareAnIsolate) {
  ObjectWorld world(std::string(kFront) + kGlobalCounter);
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/x"), "1");
    EXPECT_EQ(world.Get("/b/x"), "2");
    EXPECT_EQ(world.worker().isolates(), 2u) << "one for requests, one for objects";
  });
}

TEST(Object, AnAdversaryGivesAnActivationAnIsolateOfItsOwn) {
  ObjectWorld world(std::string(kFront) + kGlobalCounter);
  int activations = 0;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return point == "object.isolate" && ++activations != 2 ? MischiefChoice{.kind = Mischief::kDuplicate} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/x"), "1");
    EXPECT_EQ(world.Get("/b/x"), "1") << "in the shared one";
    EXPECT_EQ(world.Get("/c/x"), "1");
    EXPECT_EQ(world.Get("/a/x"), "2");
    EXPECT_EQ(world.worker().isolates(), 4u);
    world.Sleep(Duration::Seconds(30));
    EXPECT_EQ(world.worker().isolates(), 2u) << "they end with the activations";
    EXPECT_EQ(world.Get("/a/x"), "1") << "a new activation, a new isolate";
  });
}

TEST(Object, CalledByTooManyAtOnceItRefusesTheRest) {
  WorkerLimits limits;
  limits.object_events_max = 50;
  ObjectWorld world(CounterWorker(), {"Counter"}, limits);
  std::vector<std::string> answers(500);
  std::string other;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    world.GetIn(clients, "/b/add", &other);
    clients.Wait();
    const auto refused = std::count(answers.begin(), answers.end(), "!Error: Durable Object is overloaded. Too many requests queued.");
    EXPECT_GT(refused, 0);
    EXPECT_EQ(other, "1");
    EXPECT_EQ(world.Get("/a/add"), std::to_string(500 - refused + 1)) << "what was refused has not run";
  });
}

TEST(Object, CalledTenThousandTimesAtOnceItServesWhatFitsAndNamesItselfToTheOthers) {
  // Its storage takes a while, with the gate held: a line builds up.
  WorkerLimits limits;
  limits.object_events_max = 1'000;
  ObjectWorld world(std::string(R"(
    exports['default'] = { fetch: function (request, env) {
      var path = new URL(request.url).pathname.split('/');
      return env.COUNTER.get(env.COUNTER.idFromName(path[1])).fetch(request).catch(function (error) {
        return new Response([error.message, error.overloaded, error.retryable, error.remote,
                             error.durableObjectId === env.COUNTER.idFromName(path[1]).toString()].join(' '));
      });
    } };
  )") + kCounter,
                    {"Counter"}, limits);
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "storage.later" ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(1)} : MischiefChoice{};
  };
  std::vector<std::string> answers(10'000);
  std::string other;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/add", &answer);
    world.GetIn(clients, "/b/add", &other);
    clients.Wait();
    const auto refused = std::count(answers.begin(), answers.end(), "Durable Object is overloaded. Too many requests queued. true   true");
    EXPECT_GT(refused, 8'000);
    EXPECT_LE(refused, 9'000);
    EXPECT_EQ(other, "1") << "others are served";
    EXPECT_EQ(world.Get("/a/add"), std::to_string(10'000 - refused + 1)) << "what was refused has not run, what was not has";
    EXPECT_TRUE(world.log().Contains("overloaded, events are refused: Too many requests queued.") ||
                world.log().Contains("overloaded while it starts, events are refused"));
  });
}

TEST(Object, WhoWaitsInLineForTooLongIsRefused) {
  ObjectWorld world(CounterWorker());
  // Nobody gets in while one reads: 20 s each for reading.
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "storage.later" ? MischiefChoice{Mischief::kDelay, Duration::Seconds(20)} : MischiefChoice{};
  };
  std::vector<std::string> answers(3);
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/a/read", &answer);
    clients.Wait();
    EXPECT_EQ(answers[0].substr(0, 10), "undefined/");
    EXPECT_EQ(answers[1].substr(0, 10), "undefined/");
    EXPECT_EQ(answers[2], "!Error: Durable Object is overloaded. Requests queued for too long.");
  });
}

TEST(Object, AnAdversaryRefusesCallsAsOverload) {
  ObjectWorld world(CounterWorker());
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "object.overload" ? MischiefChoice{.kind = Mischief::kFailBefore} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add").substr(0, 39), "!Error: Durable Object is overloaded. T");
    world.adversary().answer = nullptr;
    EXPECT_EQ(world.Get("/a/add"), "1") << "it had not run, and the next one does";
  });
}

TEST(Object, NeighboursOfOneThatExceedsTheCpuLimitMayTryAgainAndHaveLostNothing) {
  WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(20);
  ObjectWorld world(std::string(R"(
    exports['default'] = { fetch: function (request, env) {
      var path = new URL(request.url).pathname.split('/'), id = env.COUNTER.idFromName(path[1]);
      return env.COUNTER.get(id).fetch(request).catch(function (error) {
        return new Response([error.message, error.remote, error.retryable, error.durableObjectId === id.toString()].join(' '));
      });
    } };
  )") + kCounter,
                    {"Counter"}, limits);
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/b/add"), "1");
    std::string slow;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/b/slow", &slow);
    world.Sleep(Duration::Milliseconds(100));
    EXPECT_EQ(world.Get("/a/spin"), "Durable Object exceeded its CPU time limit and was reset. true  true");
    clients.Wait();
    EXPECT_EQ(slow, "Network connection lost.  true true") << "not this object's fault: it may try again";
    EXPECT_EQ(world.Get("/b/read"), "1/1") << "a new instance; what was acknowledged is there";
    EXPECT_EQ(world.Get("/a/read"), "1/1");
    EXPECT_TRUE(world.log().Contains("1 more objects were reset with their isolate, because Counter "));
  });
}

TEST(Object, ExceedingTheCpuLimitResetsIt) {
  WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(20);
  ObjectWorld world(CounterWorker(), {"Counter"}, limits);
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/spin"), "!Error: Durable Object exceeded its CPU time limit and was reset.");
    EXPECT_EQ(world.Get("/a/read"), "1/1") << "what was cut off in the middle is not committed";
  });
}

TEST(Object, TheConstructorsErrorGoesToAllWhoWaitAndTheNextEventTriesAgain) {
  ObjectWorld world(std::string(kFront) + R"(
    var made = 0;
    exports.Counter = function () { if (made++ === 0) throw new TypeError('not yet'); };
    exports.Counter.prototype.fetch = function () { return new Response('made ' + made); };
  )");
  std::string first, second;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/x", &first);
    world.GetIn(clients, "/a/y", &second);
    clients.Wait();
    EXPECT_EQ(first, "!TypeError: not yet");
    EXPECT_EQ(second, "!TypeError: not yet");
    EXPECT_EQ(world.Get("/a/z"), "made 2");
  });
}

TEST(Object, AResetInTheMiddleIsToldToWhoWaits) {
  ObjectWorld world(CounterWorker());
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "object.reset" ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(300)} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/slow"), "!Error: Durable Object reset because its code was updated.");
    world.adversary().answer = nullptr;
    EXPECT_EQ(world.Get("/a/read"), "undefined/1");
  });
}

// A request reads, is reset while it waits, and would write what it has read; two others have written meanwhile.
std::string AfterAStaleWrite(ObjectWorld& world) {
  world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "object.reset" ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(300)} : MischiefChoice{};
  };
  std::string slow, read;
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/a/slow", &slow);
    world.Sleep(Duration::Milliseconds(400));
    world.adversary().answer = nullptr;
    EXPECT_EQ(world.Get("/a/add"), "1");
    EXPECT_EQ(world.Get("/a/add"), "2");
    clients.Wait();
    EXPECT_EQ(slow, "!Error: Durable Object reset because its code was updated.");
    world.Sleep(Duration::Seconds(60));
    read = world.Get("/a/read");
  });
  return read;
}

TEST(Object, WhatWasResetCanNoLongerWrite) {
  ObjectWorld world(CounterWorker());
  EXPECT_EQ(AfterAStaleWrite(world), "2/1");
}

TEST(Object, AStaleOwnerThatResumesOverwritesWhatWasAcknowledged) {
  ObjectWorld world(CounterWorker());
  world.plants().stale_owner_resumes = true;
  world.store_plants().accept_superseded = true;
  EXPECT_NE(AfterAStaleWrite(world), "2/1");
}

TEST(Object, ALostAnswerMayHaveRunALostCallHasNot) {
  ObjectWorld world(CounterWorker());
  Mischief mischief = Mischief::kFailBefore;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return point == "stub.call" ? MischiefChoice{.kind = mischief} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/a/add"), "!Error: Network connection lost.");
    mischief = Mischief::kNothing;
    EXPECT_EQ(world.Get("/a/read"), "undefined/1");
    mischief = Mischief::kFailAfter;
    EXPECT_EQ(world.Get("/a/add"), "!Error: Network connection lost.");
    mischief = Mischief::kNothing;
    EXPECT_EQ(world.Get("/a/read"), "1/3");
  });
}

TEST(Object, AWebSocketEventThatTakesLongerThanAllowedIsOverAndTheObjectGoesOn) {
  ObjectWorld world(R"(
    exports.Counter = function (ctx) { this.ctx = ctx; this.events = 0; ctx.setHibernatableWebSocketEventTimeout(1000); };
    exports.Counter.prototype.fetch = function (request) {
      if (new URL(request.url).pathname === '/read') {
        return new Response(this.events + '/' + this.ctx.getWebSockets().length + '/' + this.ctx.getHibernatableWebSocketEventTimeout());
      }
      var pair = new WebSocketPair();
      this.ctx.acceptWebSocket(pair[1]);
      return new Response(null, {status: 101, webSocket: pair[0]});
    };
    exports.Counter.prototype.webSocketMessage = function (socket, message) {
      this.events++;
      return new Promise(function (resolve) { setTimeout(resolve, Number(message)); });
    };
    exports['default'] = { fetch: function (request, env) {
      var stub = env.COUNTER.getByName('a'), path = new URL(request.url).pathname;
      if (path === '/read') return stub.fetch(request);
      return stub.fetch('http://x/', {headers: {Upgrade: 'websocket'}}).then(function (response) {
        response.webSocket.accept();
        response.webSocket.send(path.slice(1));
        return new Promise(function (resolve) { setTimeout(resolve, 3000); });
      }).then(function () { return stub.fetch('http://x/read'); });
    } };
  )");
  world.Run([&] {
    EXPECT_EQ(world.Get("/500"), "1/1/1000");
    EXPECT_FALSE(world.log().Contains("a WebSocket event took longer"));
    EXPECT_EQ(world.Get("/5000").substr(0, 2), "2/") << "the instance is the same";
    EXPECT_TRUE(world.log().Contains("a WebSocket event took longer than setHibernatableWebSocketEventTimeout() allows"));
  });
}

TEST(Object, IdsAreCheckedAgainstTheirNamespace) {
  ObjectWorld world(R"(
    exports.Counter = function () {};
    exports.Other = function () {};
    exports['default'] = { fetch: function (request, env) {
      var said = [], id = env.COUNTER.idFromName('x'), text = id.toString();
      function attempt(f) { try { f(); said.push('fine'); } catch (error) { said.push(error.name + ': ' + error.message); } }
      said.push(text.length, /^[0-9a-f]+$/.test(text), id.name, id.equals(env.COUNTER.idFromName('x')), id.equals(env.OTHER.idFromName('x')));
      said.push(env.COUNTER.newUniqueId().toString() === env.COUNTER.newUniqueId().toString());
      said.push(env.COUNTER.idFromString(text).equals(id), env.COUNTER.idFromString(text).name);
      attempt(function () { env.COUNTER.idFromString('abc'); });
      attempt(function () { env.OTHER.idFromString(text); });
      attempt(function () { env.OTHER.get(id); });
      attempt(function () { env.COUNTER.get(text); });
      attempt(function () { env.COUNTER.jurisdiction('mars'); });
      said.push(env.COUNTER.jurisdiction('eu').idFromName('x').equals(id), env.COUNTER.jurisdiction('eu').idFromName('x').jurisdiction);
      var stub = env.COUNTER.getByName('x');
      said.push(stub.name, stub.id.equals(id));
      return new Response(said.join('\n'));
    } };
  )",
                    {"Counter", "Other"});
  world.Run([&] {
    EXPECT_EQ(world.Get("/"),
              "64\ntrue\nx\ntrue\nfalse\nfalse\ntrue\n\n"
              "TypeError: Invalid Durable Object ID: must be 64 hex digits\n"
              "TypeError: Durable Object ID is not valid for this namespace.\n"
              "TypeError: Durable Object ID is not valid for this namespace.\n"
              "TypeError: Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'.\n"
              "TypeError: Invalid jurisdiction: must be one of eu, fedramp, fedramp-high, us.\n"
              "false\neu\nx\ntrue");
  });
}

}  // namespace
}  // namespace edge::worker
