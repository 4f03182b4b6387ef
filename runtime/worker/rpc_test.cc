// Calls of a Durable Object's methods, from the outside: through a worker to objects over a real store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/worker/testing/object_world.h"

namespace edge::worker {
namespace {

using ::testing::HasSubstr;

// `wait` awaits; `rejection` is what a promise is rejected with; Thing is an RpcTarget that says when it is disposed of.
constexpr char kPrelude[] = R"(
  var workers = modules['cloudflare:workers'];
  function wait(p) { return edge.await(p); }
  function rejection(p) { try { wait(p); } catch (e) { return e.name + ': ' + e.message + (e.remote ? ' [remote]' : ''); } return 'nothing'; }
  function sleep(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }
  function bytes(text) { return new TextEncoder().encode(text); }
  var disposed = [];
  function Thing(n) { var self = Reflect.construct(workers.RpcTarget, [], Thing); self.n = n; return self; }
  Thing.prototype = Object.create(workers.RpcTarget.prototype);
  Thing.prototype.constructor = Thing;
  Thing.prototype.inc = function () { return ++this.n; };
  Thing.prototype[Symbol.dispose] = function () { disposed.push(this.n); };
  exports.Counter = function (ctx, env) { workers.DurableObject.call(this, ctx, env); this.memory = []; };
  exports.Counter.prototype = Object.create(workers.DurableObject.prototype);
  exports.Counter.prototype.constructor = exports.Counter;
  var methods = exports.Counter.prototype;
  methods.fetch = function (request) { this.memory.push('fetch'); return new Response('by fetch'); };
  methods.add = function (a, b) { return a + b; };
  methods.thing = function (n) { return new Thing(n); };
  methods.note = function (x) { this.memory.push(x); return this.memory.join(); };
  methods.noteLater = function (x) { var self = this; return sleep(100).then(function () { return self.note(x); }); };
  methods.store = function (n) { return this.ctx.storage.put('n', n).then(function () { return 'stored ' + n; }); };
  methods.stored = function () { return this.ctx.storage.get('n'); };
  methods.increment = function () {
    var storage = this.ctx.storage;
    return storage.get('n').then(function (n) { return storage.put('n', (n || 0) + 1).then(function () { return (n || 0) + 1; }); });
  };
  methods.callBack = function (f, x) { return f(x); };
  methods.callAll = function (f, list) { return f.apply(void 0, list); };
  methods.echo = function (x) { return x; };
  methods.fails = function () { var e = new RangeError('as asked'); e.code = 7; throw e; };
  methods.abort = function () { this.ctx.abort('enough'); };
  methods.read = function (stream) { return new Response(stream).text(); };
  methods.write = function (w) { return edge.async(function () { var t = w.getWriter(); wait(t.write(bytes('one '))); wait(t.write(bytes('two'))); wait(t.close()); }); };
  methods.numbers = function (n) { var i = 0; return new ReadableStream({pull: function (c) { if (i === n) c.close(); else c.enqueue(bytes(i++ + ' ')); }}); };
  methods.disposed = function () { return disposed.splice(0).join(); };
)";

// A worker whose handler runs `body` with `s`, a stub of the object "x", and answers with the JSON of what it returns.
std::string Script(std::string_view body) {
  return std::string(kPrelude) +
         "var kept; exports['default'] = {fetch: function (request, env, ctx) { return edge.async(function () {"
         "  var s = env.COUNTER.getByName('x'), path = new URL(request.url).pathname;"
         "  var result = edge.async(function () {" +
         std::string(body) + "\n}); return new Response(JSON.stringify(wait(result)) || 'undefined'); }); }};";
}

std::string Answer(std::string_view body) {
  ObjectWorld world(Script(body));
  std::string answer;
  world.Run([&] { answer = world.Get("/"); });
  return answer;
}

TEST(ObjectCall, AMethodAndAProperty) {
  EXPECT_EQ(Answer("return [wait(s.add(1, 2)), typeof s, String(s), s.name, typeof s.id.toString(), s.then, "
                   "wait(wait(s.fetch('http://x/')).text())];"),
            R"([3,"object","[object DurableObject]","x","string",null,"by fetch"])");
}

// What spread arguments and optional calls are lowered to.
TEST(ObjectCall, AppliedToItsOwnStubAMethodIsCalled) {
  EXPECT_EQ(Answer("var t = s.thing(5); return [wait(s.add.apply(s, [1, 2])), wait(s.add.call(s, 3, 4)), wait(t.inc.apply(t, [])),"
                   " wait(s.callAll(function (x, y) { return x * y; }, [6, 7]))];"),
            "[3,7,6,42]");
  EXPECT_THAT(Answer("return [rejection(s.add.apply({}, [1, 2])), rejection(s.add.apply(s))];"),
              AllOf(HasSubstr("does not implement the method"), Not(HasSubstr("nothing"))));
}

TEST(ObjectCall, WhatIsNotThere) {
  EXPECT_EQ(Answer("return [rejection(s.nope()), rejection(s.memory), rejection(s.ctx), rejection(s.alarm()), rejection(s.dup())];"),
            R"(["TypeError: The RPC receiver does not implement the method \"nope\". [remote]",)"
            R"("TypeError: The RPC receiver does not implement the method \"memory\". [remote]",)"
            R"("TypeError: The RPC receiver does not implement the method \"ctx\". [remote]",)"
            R"("TypeError: 'alarm' is a reserved method and cannot be called over RPC. [remote]",)"
            R"("TypeError: 'dup' is a reserved method and cannot be called over RPC. [remote]"])");
}

TEST(ObjectCall, APlainClassHasNoMethods) {
  ObjectWorld world(Script("return rejection(s.add(1, 2));") +
                    "exports.Counter = function () {}; exports.Counter.prototype.add = function () {};");
  world.Run([&] {
    EXPECT_THAT(world.Get("/"), HasSubstr("The receiving Durable Object does not support RPC, because its class was not declared"));
  });
}

TEST(ObjectCall, AnErrorIsTheCallersAndTheObjectLivesOn) {
  EXPECT_EQ(Answer("s.note('kept'); try { wait(s.fails()); } catch (e) { return [e instanceof RangeError, e.message, e.remote, e.code, "
                   "wait(s.note('on'))]; }"),
            R"([true,"as asked",true,null,"kept,on"])");
}

TEST(ObjectCall, CallsAndRequestsOfOneStubArriveInOrder) {
  EXPECT_EQ(
      Answer(
          "s.note(1); s.fetch('http://x/'); s.noteLater('late'); s.note(2); return [wait(s.note(3)), wait(sleep(200)), wait(s.note(4))];"),
      R"(["1,fetch,2,3",null,"1,fetch,2,3,late,4"])");
}

TEST(ObjectCall, ManyAtOnceLoseNoUpdate) {
  EXPECT_EQ(Answer("var l = []; for (var i = 0; i < 500; i++) l.push(s.increment()); var all = wait(Promise.all(l)); return [all[0], "
                   "all[499], wait(s.stored())];"),
            "[1,500,500]");
}

TEST(ObjectCall, ResultsAreCalledFurther) {
  EXPECT_EQ(Answer("var t = wait(s.thing(5)); return [wait(s.thing(1).inc()), wait(t.inc()), wait(t.inc()), wait(s.echo({a: {b: 3}}).a.b), "
                   "rejection(s.fails().a.b())];"),
            R"([2,6,7,3,"RangeError: as asked [remote]"])");
}

TEST(ObjectCall, FunctionsAndTargetsOfTheCallerAreCalledBack) {
  EXPECT_EQ(
      Answer("var seen = []; return [wait(s.callBack(function (x) { seen.push(x); return x * 2; }, 21)), seen, wait(s.callBack(function "
             "(x) { return "
             "sleep(50).then(function () { return x; }); }, 'slow')), rejection(s.callBack(function () { throw new TypeError('mine'); })), "
             "wait(s.echo(new Thing(3)).inc())];"),
      R"([42,[21],"slow","TypeError: mine [remote]",4])");
}

TEST(ObjectCall, AnObjectCallsAnother) {
  EXPECT_EQ(
      Answer("var other = env.COUNTER.getByName('other'); return [wait(s.callBack(other, 1).catch(String)), wait(s.echo(other).add(2, 3)), "
             "wait(wait(wait(s.echo(other)).fetch('http://x/')).text()), wait(wait(s.echo(other)).note('n'))];"),
      R"(["TypeError: [object Object] not callable",5,"by fetch","fetch,n"])");
}

TEST(ObjectCall, StreamsGoBothWays) {
  EXPECT_EQ(
      Answer("var l = []; var w = new WritableStream({write: function (c) { l.push(new TextDecoder().decode(c)); }, close: function () { "
             "l.push('end'); }});"
             "wait(s.write(w));"
             "return [wait(s.read(new Response('from a response').body)), wait(new Response(wait(s.numbers(4))).text()), l.join('|')];"),
      R"(["from a response","0 1 2 3 ","one |two|end"])");
}

TEST(ObjectCall, AStreamOfAnObjectMayBeTheAnswerOfTheWorker) {
  ObjectWorld world(std::string(kPrelude) +
                    "exports['default'] = {fetch: function (request, env) { return env.COUNTER.getByName('x').numbers(3).then(function (r) "
                    "{ return new Response(r); }); }};");
  world.Run([&] { EXPECT_EQ(world.Get("/"), "0 1 2 "); });
}

TEST(ObjectCall, StubsDieWithTheRequestAndTheirTargetsAreTold) {
  ObjectWorld world(
      Script("if (path === '/log') return wait(s.disposed()); if (path === '/use') return rejection(kept.inc()); kept = wait(s.thing(5)); "
             "return wait(kept.inc());"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), "6");
    EXPECT_THAT(world.Get("/use"), HasSubstr("Cannot perform I/O on behalf of a different request."));
    EXPECT_EQ(world.Get("/log"), R"("6")");
  });
}

TEST(ObjectCall, ResultsAreDisposedOfByHand) {
  EXPECT_EQ(
      Answer("var t = wait(s.thing(5)), u = t.dup(); t[Symbol.dispose](); var l = [rejection(t.inc()), wait(u.inc()), wait(s.disposed())]; "
             "u[Symbol.dispose](); wait(sleep(10)); l.push(wait(s.disposed())); return l;"),
      R"(["Error: RPC stub used after being disposed.",6,"","6"])");
}

TEST(ObjectCall, AResultIsHeldBackUntilWhatItRevealsIsDurable) {
  ObjectWorld world(Script("return wait(s.store(5));"));
  bool synced = false;
  world.disk().before_sync = [&] {
    world.Sleep(Duration::Milliseconds(500));
    synced = true;
    return absl::OkStatus();
  };
  world.Run([&] {
    synced = false;
    EXPECT_EQ(world.Get("/"), R"("stored 5")");
    EXPECT_TRUE(synced);
  });
}

TEST(ObjectCall, AResultWhoseWriteIsLostIsNeverSeen) {
  ObjectWorld world(Script("return rejection(s.store(5));"));
  world.closes_cleanly = false;
  world.Run([&] {
    world.disk().before_sync = [] { return absl::DataLossError("the disk is gone"); };
    const std::string answer = world.Get("/");
    EXPECT_THAT(answer, Not(HasSubstr("nothing")));
    EXPECT_THAT(answer, Not(HasSubstr("[remote]"))) << "the platform's, not the object's";
  });
}

TEST(ObjectCall, ACallToTheOutsideWaitsForWritesBeforeIt) {
  // The object writes and calls back at once: what it reveals by that must be durable.
  ObjectWorld world(
      std::string(Script("return wait(s.storeAndCall(function (n) { return sleep(0).then(function () { return 'saw ' + n; }); }));")) +
      "methods.storeAndCall = function (f) { this.ctx.storage.put('n', 9); return f(9); };");
  bool synced = false;
  world.disk().before_sync = [&] {
    world.Sleep(Duration::Milliseconds(500));
    synced = true;
    return absl::OkStatus();
  };
  world.Run([&] {
    const Instant before = world.clock().Now();
    EXPECT_EQ(world.Get("/"), R"("saw 9")");
    EXPECT_TRUE(synced);
    EXPECT_GE(world.clock().Now() - before, Duration::Milliseconds(500));
  });
}

TEST(ObjectCall, AfterAResetTheStubStaysBrokenAndANewOneWorks) {
  EXPECT_EQ(Answer("s.note('lost'); var l = [rejection(s.abort()), rejection(s.note('no')), rejection(s.echo(1).a)]; "
                   "l.push(wait(env.COUNTER.getByName('x').note('new'))); return l;"),
            R"(["Error: enough","Error: enough","Error: enough","new"])");
}

TEST(ObjectCall, WhatAResetObjectHasGivenAwayIsGone) {
  EXPECT_EQ(Answer("var t = wait(s.thing(1)); s.abort().catch(String); wait(sleep(10)); return rejection(t.inc());"),
            R"("Error: Network connection lost.")");
}

TEST(ObjectCall, AnObjectThatHasGivenSomethingAwayIsNotEvicted) {
  ObjectWorld world(
      Script("var t = wait(s.thing(1)); s.note('still'); wait(sleep(600000)); return [wait(t.inc()), wait(s.note('here'))];"));
  world.Run([&] { EXPECT_EQ(world.Get("/"), R"([2,"still,here"])"); });
}

TEST(ObjectCall, ParametersThatAnObjectKeepsLiveAsLongAsTheRequestThatGaveThem) {
  ObjectWorld world(
      Script("if (path === '/give') { wait(s.keep(function () { return 'called'; })); return wait(s.use()); } return rejection(s.use());") +
      "methods.keep = function (f) { this.f = f.dup(); }; methods.use = function () { return this.f(); };");
  world.Run([&] {
    EXPECT_EQ(world.Get("/give"), R"("called")");
    EXPECT_EQ(world.Get("/later"), R"("Error: Network connection lost. [remote]")");
  });
}

TEST(ObjectCall, LostCallsAreRejected) {
  ObjectWorld world(Script("if (path === '/memory') return wait(s.note('memory')); return rejection(s.note(path));"));
  std::string point_kind;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    if (point != "stub.call" || point_kind.empty()) return MischiefChoice{};
    return MischiefChoice{point_kind == "before" ? Mischief::kFailBefore : Mischief::kFailAfter, Duration::Zero()};
  };
  world.Run([&] {
    point_kind = "before";
    EXPECT_EQ(world.Get("/before"), R"("Error: Network connection lost.")");
    point_kind = "after";
    EXPECT_EQ(world.Get("/after"), R"("Error: Network connection lost.")");
    point_kind = "";
    EXPECT_EQ(world.Get("/memory"), R"("/after,memory")") << "before: not carried out; after: carried out";
  });
}

TEST(ObjectCall, AnObjectCallsItselfWithoutADeadlock) {
  ObjectWorld world(
      Script("return wait(s.outer());") +
      "methods.outer = function () { return this.env.COUNTER.getByName('x').add(1, 2).then(function (n) { return 'inner ' + n; }); };");
  world.Run([&] { EXPECT_EQ(world.Get("/"), R"("inner 3")"); });
}

TEST(ObjectCall, TheLimitOfAMessage) {
  EXPECT_THAT(Answer("return rejection(s.echo(new Uint8Array(33 * 1024 * 1024)));"),
              HasSubstr("Error: Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: 346030"));
}

TEST(ObjectCall, AtGlobalScopeNothingIsCalled) {
  ObjectWorld world(Script("return problem;") + "var problem; try { new workers.RpcStub({}); } catch (e) { problem = e.message; }");
  world.Run([&] { EXPECT_THAT(world.Get("/"), HasSubstr("Disallowed operation called within global scope.")); });
}

TEST(ObjectCall, TheModuleNamesTheClasses) {
  EXPECT_EQ(Answer("return ['RpcTarget', 'RpcStub', 'RpcPromise', 'RpcProperty', 'ServiceStub'].map(function (name) { return typeof "
                   "workers[name]; }).concat([s "
                   "instanceof workers.ServiceStub, s.add(1, 2) instanceof workers.RpcPromise]);"),
            R"(["function","function","function","function","function",true,true])");
}

}  // namespace
}  // namespace edge::worker
