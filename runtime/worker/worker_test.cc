// The worker layer from the outside: requests in, answers and log lines out.
#include "runtime/worker/worker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/worker/testing/world.h"

namespace edge::worker {
namespace {

WorkerLimits SmallLimits() {
  WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(200);
  limits.memory = ByteCount::MiB(8);
  return limits;
}

TEST(Worker, AnswersARequest) {
  World world("fetch: function (request) { return new Response(request.method + ' ' + request.url, { status: 201 }); }");

  const Answer answer = world.Get("http://test/a?b=c");

  EXPECT_EQ(answer.outcome, Outcome::kOk) << answer.failure;
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "GET http://test/a?b=c");
}

TEST(Worker, WaitsForTimersAndFreezesTimeWhileItRuns) {
  World world(R"(fetch: function () {
    var start = Date.now();
    for (var i = 0; i < 1000; i++) {}
    var still = Date.now() - start;
    return new Promise(function (resolve) {
      setTimeout(function () { resolve(new Response(still + ' ' + (Date.now() - start))); }, 250);
    });
  })");

  EXPECT_EQ(world.Get().body, "0 250");
}

TEST(Worker, RunsTimersInOrderOfTimeThenOfStart) {
  World world(R"(fetch: function () {
    var log = [];
    return new Promise(function (resolve) {
      setTimeout(function () { log.push('c'); resolve(new Response(log.join(''))); }, 20);
      setTimeout(function () { log.push('a'); }, 5);
      setTimeout(function () { log.push('b'); }, 5);
      clearTimeout(setTimeout(function () { log.push('never'); }, 1));
    });
  })");

  EXPECT_EQ(world.Get().body, "abc");
}

TEST(Worker, AnExceptionIsTheRequestsOwn) {
  World world("fetch: function (request) { if (request.url.indexOf('bad') >= 0) throw new TypeError('no'); return new Response('fine'); }");

  const Answer bad = world.Get("http://test/bad");
  EXPECT_EQ(bad.outcome, Outcome::kException);
  EXPECT_EQ(bad.failure, "TypeError: no");
  EXPECT_EQ(world.Get("http://test/good").body, "fine");
}

TEST(Worker, RefusesAnAnswerThatIsNoResponse) {
  World world("fetch: function () { return 'text'; }");

  EXPECT_NE(world.Get().failure.find("did not resolve to 'Response'"), std::string::npos);
}

TEST(Worker, GivesUpARequestThatNothingCanSettle) {
  World world("fetch: function () { return new Promise(function () {}); }");

  EXPECT_EQ(world.Get().outcome, Outcome::kHung);
}

TEST(Worker, ALoopCostsItsRequestAndItsIsolateOnly) {
  World world("fetch: function (request) { if (request.url.indexOf('loop') >= 0) for (;;) {} return new Response('pong'); }",
              SmallLimits());
  ASSERT_TRUE(world.Start().ok());

  Answer loop;
  std::vector<Answer> pings;
  bool loop_ended = false;
  size_t pings_before_the_end = 0;
  world.Run([&] {
    TaskGroup group(world.scheduler());
    EXPECT_TRUE(group
                    .Spawn("loop",
                           [&] {
                             loop = world.Request("http://test/loop");
                             loop_ended = true;
                           })
                    .ok());
    EXPECT_TRUE(group
                    .Spawn("ping",
                           [&] {
                             // Lets the loop run until it counts as stuck, then asks for an isolate.
                             while (!loop_ended && pings.size() < 3) {
                               for (int i = 0; i < 100; ++i) EXPECT_TRUE(world.scheduler().Yield().ok());
                               pings.push_back(world.Request("http://test/ping"));
                               if (!loop_ended) ++pings_before_the_end;
                             }
                           })
                    .ok());
    group.Wait();
  });

  EXPECT_EQ(loop.outcome, Outcome::kExceededCpu);
  ASSERT_FALSE(pings.empty());
  EXPECT_GT(pings_before_the_end, 0u);
  for (const Answer& ping : pings) {
    EXPECT_EQ(ping.body, "pong");
    EXPECT_NE(ping.isolate, loop.isolate);
  }
}

TEST(Worker, WhoWaitsInAnIsolateThatFallsIsToldAtOnce) {
  World world(R"(fetch: function (request) {
    if (request.url.indexOf('loop') >= 0) for (;;) {}
    if (request.url.indexOf('slow') >= 0) return new Promise(function (resolve) { setTimeout(function () { resolve(new Response('slow')); }, 3600000); });
    return new Response('pong');
  })",
              SmallLimits());
  ASSERT_TRUE(world.Start().ok());
  const Instant start = world.clock().Now();

  Answer slow;
  Answer loop;
  world.Run([&] {
    TaskGroup group(world.scheduler());
    EXPECT_TRUE(group.Spawn("slow", [&] { slow = world.Request("http://test/slow"); }).ok());
    EXPECT_TRUE(group.Spawn("loop", [&] { loop = world.Request("http://test/loop"); }).ok());
    group.Wait();
  });

  EXPECT_EQ(loop.outcome, Outcome::kExceededCpu);
  EXPECT_EQ(slow.outcome, Outcome::kExceededCpu);
  EXPECT_LT(world.clock().Now() - start, Duration::Seconds(3600));
  EXPECT_EQ(world.Get("http://test/ping").body, "pong");
}

TEST(Worker, RecursionAndEndlessAllocationCostTheRequest) {
  World world(R"(fetch: function (request) {
    if (request.url.indexOf('recurse') >= 0) { var f = function () { return f() + 1; }; f(); }
    if (request.url.indexOf('allocate') >= 0) { var all = []; for (;;) all.push(new Uint8Array(100000)); }
    return new Response('fine');
  })",
              SmallLimits());

  EXPECT_NE(world.Get("http://test/recurse").failure.find("RangeError"), std::string::npos);
  EXPECT_EQ(world.Get("http://test/fine").body, "fine");
  EXPECT_NE(world.Get("http://test/allocate").outcome, Outcome::kOk);
  EXPECT_EQ(world.Get("http://test/fine").body, "fine");
}

TEST(Worker, TellsAtTheStartWhatIsWrongWithTheModule) {
  WorkerCode code;
  code.name = "test";

  code.script = "(function (edge) { throw new Error('broken at start'); })";
  World throwing(code);
  EXPECT_NE(std::string(throwing.Start().message()).find("broken at start"), std::string::npos);

  code.script = "(function (edge) { return {}; })";
  World empty(code);
  EXPECT_NE(std::string(empty.Start().message()).find("no default export"), std::string::npos);

  code.script = "(function (edge) { for (;;) {} })";
  World endless(code);
  EXPECT_NE(std::string(endless.Start().message()).find("CPU"), std::string::npos);

  code.script = "(function (edge) { setTimeout(function () {}, 1); return { 'default': { fetch: function () {} } }; })";
  World impatient(code);
  EXPECT_NE(std::string(impatient.Start().message()).find("Disallowed operation called within global scope"), std::string::npos);
}

TEST(Worker, GivesVariablesToHandlersAndModules) {
  WorkerCode code;
  code.name = "test";
  code.variables["TEXT"] = {WorkerCode::Variable::Kind::kText, "t"};
  code.variables["DATA"] = {WorkerCode::Variable::Kind::kJson, R"({"n":[1,2]})"};
  code.script = R"((function (edge) {
    var workers = edge.import('cloudflare:workers');
    return { 'default': { fetch: function (request, env) { return new Response(env.TEXT + env.DATA.n[1] + (workers.env === env)); } } };
  }))";
  World world(code);

  EXPECT_EQ(world.Get().body, "t2true");
}

TEST(Worker, AClassWithAFetchMethodIsAnEntrypoint) {
  WorkerCode code;
  code.name = "test";
  code.script = R"((function (edge) {
    var Base = edge.import('cloudflare:workers').WorkerEntrypoint;
    function Entry(ctx, env) { Base.call(this, ctx, env); }
    Entry.prototype = Object.create(Base.prototype);
    Entry.prototype.fetch = function (request) { return new Response(typeof this.ctx.waitUntil + typeof this.env); };
    return { 'default': Entry };
  }))";
  World world(code);

  EXPECT_EQ(world.Get().body, "functionobject");
}

TEST(EntryPoints, AreTheHandlersAndClassesThatTheModuleExports) {
  WorkerCode code;
  code.name = "test";
  code.script = R"((function (edge) {
    function Counter() {}
    function Handlers() {}
    Handlers.prototype = { fetch: function () { return new Response('x'); }, get scheduled() { throw new Error('not to be looked at'); } };
    var handlers = new Handlers(); handlers.queue = function () {}; handlers.helper = function () {}; handlers.email = 'no function';
    return { get Counter() { return Counter; }, get version() { return 1; }, get arrow() { return ({ f() {} }).f; },
             get late() { throw new ReferenceError('not yet'); }, get 'default'() { return handlers; } };
  }))";
  World world(code);

  ASSERT_TRUE(world.Start().ok());
  EXPECT_EQ(world.worker().entry_points().handlers, (std::vector<std::string>{"fetch", "queue"}));
  EXPECT_EQ(world.worker().entry_points().classes, (std::vector<std::string>{"Counter"}));
}

TEST(EntryPoints, AreTheMethodsOfAClassToo) {
  WorkerCode code;
  code.name = "test";
  code.script = R"((function (edge) {
    function Base() {}
    Base.prototype.queue = function () {};
    function Entry() {}
    Entry.prototype = Object.create(Base.prototype);
    Entry.prototype.fetch = function () { return new Response('x'); };
    return { 'default': Entry };
  }))";
  World world(code);

  ASSERT_TRUE(world.Start().ok());
  EXPECT_EQ(world.worker().entry_points().handlers, (std::vector<std::string>{"fetch", "queue"}));
}

TEST(EntryPoints, AreCountedWhenTheyAreEntered) {
  World world("fetch: function () { return new Response('x'); }");
  ASSERT_TRUE(world.Start().ok());
  EXPECT_TRUE(world.worker().entries().empty());

  world.Get();
  world.adversary().recycles = true;
  world.Get();

  EXPECT_EQ(world.worker().entries(), (std::map<std::string, uint64_t>{{"fetch", 2}})) << "those of an isolate that is gone too";
}

TEST(WaitUntil, KeepsTheInvocationAliveAfterTheResponse) {
  World world(R"(fetch: function (request, env, ctx) {
    ctx.waitUntil(new Promise(function (resolve) { setTimeout(function () { console.log('late work done'); resolve(); }, 5000); }));
    return new Response('now');
  })");

  EXPECT_EQ(world.Get().body, "now");
  EXPECT_TRUE(world.log().Contains("late work done"));
}

TEST(WaitUntil, IsCancelledAfterItsGrace) {
  World world(R"(fetch: function (request, env, ctx) {
    ctx.waitUntil(new Promise(function (resolve) { setTimeout(function () { console.log('too late'); resolve(); }, 60000); }));
    return new Response('now');
  })");

  EXPECT_EQ(world.Get().body, "now");
  EXPECT_FALSE(world.log().Contains("too late"));
  EXPECT_TRUE(world.log().Contains("were cancelled"));
}

TEST(WaitUntil, OneRejectionDoesNotCancelTheOthers) {
  World world(R"(fetch: function (request, env, ctx) {
    ctx.waitUntil(Promise.reject(new Error('one failed')));
    ctx.waitUntil(new Promise(function (resolve) { setTimeout(function () { console.log('other done'); resolve(); }, 10); }));
    return new Response('now');
  })");

  EXPECT_EQ(world.Get().body, "now");
  EXPECT_TRUE(world.log().Contains("one failed"));
  EXPECT_TRUE(world.log().Contains("other done"));
}

TEST(WaitUntil, NeedsItsContext) {
  World world("fetch: function (request, env, ctx) { var f = ctx.waitUntil; f(Promise.resolve()); return new Response('x'); }");

  EXPECT_NE(world.Get().failure.find("Illegal invocation"), std::string::npos);
}

TEST(Invocation, WhatItLeavesBehindEndsWithTheResponse) {
  World world("fetch: function () { setTimeout(function () { console.log('dropped'); }, 1000); return new Response('x'); }");

  EXPECT_EQ(world.Get().body, "x");
  EXPECT_FALSE(world.log().Contains("dropped"));
}

TEST(Streaming, SendsWhatTheWorkerEnqueuesOverTime) {
  World world(R"(fetch: function () {
    var n = 0, encoder = new TextEncoder();
    return new Response(new ReadableStream({
      pull: function (c) {
        return new Promise(function (resolve) { setTimeout(resolve, 100); }).then(function () {
          c.enqueue(encoder.encode(String(++n)));
          if (n === 3) c.close();
        });
      }
    }));
  })");

  EXPECT_EQ(world.Get().body, "123");
}

TEST(Streaming, AnErrorInTheStreamFailsTheBody) {
  World world(R"(fetch: function () {
    return new Response(new ReadableStream({ pull: function (c) { c.enqueue(new Uint8Array([65])); c.error(new Error('torn')); } }));
  })");

  const Answer answer = world.Get();
  EXPECT_EQ(answer.failure, "stream failed");
  EXPECT_TRUE(world.log().Contains("torn"));
}

TEST(Streaming, AStreamThatCanNeverGoOnIsGivenUp) {
  World world(
      "fetch: function () { return new Response(new ReadableStream({ pull: function () { return new Promise(function () {}); } })); }");

  EXPECT_EQ(world.Get().failure, "stream failed");
}

TEST(UnhandledRejection, IsLogged) {
  World world("fetch: function () { Promise.reject(new Error('nobody looks')); return new Response('x'); }");

  EXPECT_EQ(world.Get().body, "x");
  EXPECT_TRUE(world.log().Contains("nobody looks"));
}

TEST(Worker, ARecycledIsolateIsDroppedAndItsGlobalsAreGone) {
  World world("count: 0, fetch: function () { return new Response(String(++this.count)); }");
  world.adversary().recycles = true;

  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.Get().body, "1");
  EXPECT_EQ(world.worker().isolates(), 1u);
}

TEST(Worker, IsolatesKeepTheirGlobalsBetweenRequests) {
  World world("count: 0, fetch: function () { return new Response(String(++this.count)); }");

  EXPECT_EQ(world.Get().body, "1");
  EXPECT_EQ(world.Get().body, "2");
}

}  // namespace
}  // namespace edge::worker
