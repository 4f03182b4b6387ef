// Workers that call each other in one process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/worker/testing/service_world.h"

namespace edge::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPrelude[] = R"(
  var workers = modules['cloudflare:workers'];
  function wait(p) { return edge.await(p); }
  function rejection(p) { try { wait(p); } catch (e) { return e.name + ': ' + e.message + (e.remote ? ' [remote]' : ''); } return 'nothing'; }
  function sleep(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }
  function bytes(text) { return new TextEncoder().encode(text); }
  function entrypoint(name) {
    var made = function (ctx, env) { workers.WorkerEntrypoint.call(this, ctx, env); this.calls = 0; this.field = function () { return 1; }; };
    made.prototype = Object.create(workers.WorkerEntrypoint.prototype);
    made.prototype.constructor = made;
    exports[name] = made;
    return made.prototype;
  }
)";

// What is called.
constexpr char kBack[] = R"(
  var marks = [];
  function Counter() { var self = Reflect.construct(workers.RpcTarget, [], Counter); self.n = 0; return self; }
  Counter.prototype = Object.create(workers.RpcTarget.prototype);
  Counter.prototype.constructor = Counter;
  Counter.prototype.inc = function () { return ++this.n; };
  Counter.prototype[Symbol.dispose] = function () { marks.push('disposed'); };
  var methods = entrypoint('default');
  methods.fetch = function (request) {
    var path = new URL(request.url).pathname;
    if (path === '/fails') throw new RangeError('no');
    if (path === '/socket') {
      var pair = new WebSocketPair(), end = pair[1];
      end.accept();
      end.addEventListener('message', function (e) { end.send('re ' + e.data); });
      return new Response(null, {status: 101, webSocket: pair[0]});
    }
    if (path === '/hangs') return new Promise(function () {});
    if (path === '/echo') return new Response(request.body);
    if (path === '/stream') { var i = 0; return new Response(new ReadableStream({pull: function (c) { if (i === 3) c.close(); else c.enqueue(bytes(i++ + ' ')); }})); }
    return request.text().then(function (text) { return new Response(request.method + ' ' + path + ' ' + text, {status: 201, headers: {a: 'b'}}); });
  };
  methods.add = function (a, b) { return a + b; };
  methods.count = function () { return ++this.calls; };
  methods.fails = function () { var e = new RangeError('as asked'); e.code = 7; throw e; };
  methods.hangs = function () { return new Promise(function () {}); };
  methods.counter = function () { return new Counter(); };
  methods.call = function (f, x) { return f(x); };
  methods.pass = function (service, x) { return service.one(x); };
  methods.slowly = function (ms) { marks.push('began'); return sleep(ms).then(function () { marks.push('ended'); return 'done'; }); };
  methods.later = function (ms) { this.ctx.waitUntil(sleep(ms).then(function () { marks.push('waited'); })); return 'soon'; };
  methods.marks = function () { return marks.join(); };
  methods.deeper = function () { return this.env.SELF.deeper(); };
  methods.read = function (stream) { return new Response(stream).text(); };
  methods.note = function (x) { marks.push(x); };
  methods.burn = function () { for (;;) {} };
  Object.defineProperty(methods, 'where', {get: function () { return 'a getter'; }});
  var admin = entrypoint('Admin');
  admin.props = function () { return this.ctx.props; };
  exports.handlers = {value: 3, one: function (a, env, ctx) { return 'one ' + a + ' ' + Object.keys(env).join() + ' ' + ctx.constructor.name; },
                      four: function (a, b, c, d) { return 4; }};
)";

std::vector<ServiceCode> Two(std::string_view body) {
  ServiceCode front{
      .name = "front",
      .script = std::string(kPrelude) +
                "var admin = entrypoint('Local'); admin.hi = function (x) { return x + JSON.stringify(this.ctx.props); };"
                "exports.default = {fetch: function (request, env, ctx) { return edge.async(function () {"
                "  var s = env.BACK, path = new URL(request.url).pathname;"
                "  if (path === '/marks') return new Response(wait(s.marks()));"
                "  var result = edge.async(function () {" +
                std::string(body) +
                "\n}); result = wait(result); return result instanceof Response ? result : new Response(JSON.stringify(result)); }); }};",
      .services = {{.name = "BACK", .service = "back"},
                   {.name = "ADMIN", .service = "back", .entrypoint = "Admin", .props = "{\"level\":2}"},
                   {.name = "HANDLERS", .service = "back", .entrypoint = "handlers"},
                   {.name = "SELF", .service = "front", .entrypoint = "Local"}}};
  ServiceCode back{.name = "back", .script = std::string(kPrelude) + kBack, .services = {{.name = "SELF", .service = "back"}}};
  return {std::move(front), std::move(back)};
}

std::string Answer(std::string_view body, WorkerLimits limits = {}) {
  ServiceWorld world(Two(body), limits);
  std::string answer;
  world.Run([&] { answer = world.Get("/"); });
  EXPECT_TRUE(world.start_status.ok()) << world.start_status;
  return answer;
}

TEST(Services, FetchReachesTheOtherWorker) {
  EXPECT_EQ(
      Answer("var r = wait(s.fetch('http://any/p', {method: 'POST', body: 'hi'})); return [r.status, r.headers.get('a'), wait(r.text())];"),
      R"([201,"b","POST /p hi"])");
}

TEST(Services, BodiesAreStreamedBothWays) {
  EXPECT_EQ(Answer("return s.fetch('http://any/stream');"), "0 1 2 ");
  EXPECT_EQ(
      Answer("var i = 0, body = new ReadableStream({pull: function (c) { if (i === 3) c.close(); else c.enqueue(bytes(i++ + ' ')); }});"
             "return wait(wait(s.fetch('http://any/echo', {method: 'POST', body: body})).text());"),
      R"("0 1 2 ")");
}

TEST(Services, AWebSocketIsHandedOver) {
  EXPECT_EQ(Answer("var r = wait(s.fetch('http://any/socket', {headers: {upgrade: 'websocket'}})), ws = r.webSocket;"
                   "ws.accept();"
                   "var heard = new Promise(function (resolve) { ws.addEventListener('message', function (e) { resolve(e.data); }); });"
                   "ws.send('hello');"
                   "return [r.status, wait(heard)];"),
            R"([101,"re hello"])");
}

TEST(Services, WhatFetchThrowsReachesTheCaller) {
  EXPECT_EQ(Answer("return rejection(s.fetch('http://any/fails'));"), R"("RangeError: no [remote]")");
  EXPECT_THAT(Answer("return rejection(s.fetch('http://any/hangs'));"), HasSubstr("would never generate a response"));
  EXPECT_EQ(Answer("return rejection(env.ADMIN.fetch('http://any/'));"),
            R"("Error: Handler does not export a fetch() function. [remote]")");
}

TEST(Services, MethodsAreCalledOnAnInstanceOfTheirOwn) {
  EXPECT_EQ(Answer("return [wait(s.add(1, 2)), wait(s.count()), wait(s.count()), wait(s.where)];"), R"([3,1,1,"a getter"])");
}

TEST(Services, OnlyWhatTheClassHasIsVisible) {
  EXPECT_EQ(Answer("return [rejection(s.field()), rejection(s.nothing()), rejection(s.alarm()), rejection(s.env)];"),
            R"(["TypeError: The RPC receiver does not implement the method \"field\". [remote]",)"
            R"("TypeError: The RPC receiver does not implement the method \"nothing\". [remote]",)"
            R"("TypeError: 'alarm' is a reserved method and cannot be called over RPC. [remote]",)"
            R"("TypeError: The RPC receiver does not implement the method \"env\". [remote]"])");
}

TEST(Services, ErrorsKeepTheirClassAndMessage) {
  EXPECT_EQ(Answer("return rejection(s.fails());"), R"("RangeError: as asked [remote]")");
  EXPECT_THAT(Answer("return rejection(s.hangs());"), HasSubstr("would never generate a response"));
}

TEST(Services, NamedEntrypointsHaveTheirProps) { EXPECT_EQ(Answer("return wait(env.ADMIN.props());"), R"({"level":2})"); }

TEST(Services, FunctionsOfAnObjectOfHandlersTakeOneArgument) {
  EXPECT_EQ(Answer("return [wait(env.HANDLERS.one(5)), wait(env.HANDLERS.value)];"), R"(["one 5 SELF ExecutionContext",3])");
  EXPECT_THAT(Answer("return rejection(env.HANDLERS.one());"), HasSubstr("you must always send exactly one argument"));
  EXPECT_THAT(Answer("return rejection(env.HANDLERS.four(1));"), HasSubstr("exactly the arguments (arg, env, ctx)"));
}

TEST(Services, StubsPipelinesAndCallbacksWork) {
  EXPECT_EQ(Answer("var c = wait(s.counter()); return [wait(c.inc()), wait(c.inc()), wait(s.counter().inc()),"
                   "wait(s.call(function (x) { return x * 2; }, 21)), wait(s.pass(env.HANDLERS, 7))];"),
            R"([1,2,1,42,"one 7 SELF ExecutionContext"])");
  EXPECT_EQ(Answer("return wait(s.read(new Response('streamed').body));"), R"("streamed")");
}

TEST(Services, WhatWasGivenAwayIsDisposedOfWithTheRequest) {
  ServiceWorld world(Two("var c = wait(s.counter()); return wait(c.inc());"));
  std::string marks;
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), "1");
    marks = world.Get("/marks");
  });
  EXPECT_EQ(marks, "disposed");
}

TEST(Services, LoopbackStubsReachTheWorkerItself) {
  EXPECT_EQ(Answer("return [wait(env.SELF.hi('a')), wait(ctx.exports.Local.hi('b')), wait(ctx.exports.Local({props: {x: 1}}).hi('c')),"
                   "Object.keys(ctx.exports).sort().join(), typeof ctx.exports.Local, workers.exports === ctx.exports];"),
            R"(["a{}","b{}","c{\"x\":1}","Local,default","function",true])");
}

TEST(Services, AClientThatGoesCancelsTheWholeChain) {
  ServiceWorld world(Two("return wait(s.slowly(5000));"));
  std::string marks;
  world.Run([&] {
    world.Get("/", Duration::Seconds(1));
    world.Sleep(Duration::Seconds(10));
    marks = world.Get("/marks");
  });
  EXPECT_EQ(marks, "began");
}

TEST(Services, WaitUntilOfTheCalleeHasItsOwnGrace) {
  ServiceWorld world(Two("return wait(s.later(5000));"));
  std::string marks;
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), R"("soon")");
    world.Sleep(Duration::Seconds(10));
    marks = world.Get("/marks");
  });
  EXPECT_EQ(marks, "waited");
}

TEST(Services, AWorkerThatCallsItselfWithoutEndIsStopped) {
  EXPECT_THAT(Answer("return rejection(s.deeper());"), HasSubstr("Subrequest depth limit exceeded."));
}

TEST(Services, ALimitOfTheCalleeIsTheCalleesAlone) {
  WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(50);
  EXPECT_EQ(Answer("var e = rejection(s.burn()); return [e, wait(s.add(1, 1))];", limits),
            R"(["Error: Worker exceeded CPU time limit. [remote]",2])");
}

TEST(Services, CallsOfOneStubBeginInOrder) {
  for (const bool planted : {false, true}) {
    ServiceWorld world(Two("s.note('a'); s.note('b'); wait(s.note('c')); return wait(s.marks());"));
    world.plants().calls_overtake = planted;
    int calls = 0;
    world.adversary().answer = [&](std::string_view point, uint64_t) -> MischiefChoice {
      if (point != "worker.call" || ++calls != 1) return {};
      return {.kind = Mischief::kDelay, .delay = Duration::Seconds(1)};
    };
    std::string answer;
    world.Run([&] { answer = world.Get("/"); });
    if (planted) {
      EXPECT_EQ(answer, R"("b,c")") << "without the order the first call comes last";
      EXPECT_NE(world.begun.front(), 1u);
    } else {
      EXPECT_EQ(answer, R"("a,b,c")");
      EXPECT_THAT(world.begun, ElementsAre(1, 2, 3, 4));
    }
  }
}

TEST(Services, ALostCallHasNoEffectAndALostAnswerHasOne) {
  for (const Mischief kind : {Mischief::kFailBefore, Mischief::kFailAfter}) {
    ServiceWorld world(Two("return [rejection(s.note('x')), rejection(s.fetch('http://any/'))];"));
    bool strikes = true;
    world.adversary().answer = [&](std::string_view point, uint64_t) -> MischiefChoice {
      return {.kind = strikes && point == "worker.call" ? kind : Mischief::kNothing};
    };
    world.Run([&] {
      EXPECT_EQ(world.Get("/"), R"(["Error: Network connection lost.","Error: Network connection lost."])");
      strikes = false;
      EXPECT_EQ(world.Get("/marks"), kind == Mischief::kFailBefore ? "" : "x");
    });
  }
}

TEST(Services, ACancelledCalleeLosesTheConnection) {
  ServiceWorld world(Two("return rejection(s.slowly(5000));"));
  world.adversary().answer = [&](std::string_view point, uint64_t) -> MischiefChoice {
    if (point != "worker.cancel") return {};
    return {.kind = Mischief::kDelay, .delay = Duration::Seconds(1)};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), R"("Error: Network connection lost.")");
    world.adversary().answer = nullptr;
    world.Sleep(Duration::Seconds(10));
    EXPECT_EQ(world.Get("/marks"), "began");
  });
}

TEST(Services, AnEntrypointThatIsNotExportedEndsTheStart) {
  std::vector<ServiceCode> codes = Two("");
  codes[0].services[1] = {.name = "ADMIN", .service = "back", .entrypoint = "Nobody", .origin = "front/wrangler.toml:3"};
  ServiceWorld world(std::move(codes));

  world.Run([] {});

  EXPECT_EQ(world.start_status.message(),
            "front/wrangler.toml:3: the binding ADMIN names the entrypoint Nobody, and the worker \"back\" exports no such class");
}

}  // namespace
}  // namespace edge::worker
