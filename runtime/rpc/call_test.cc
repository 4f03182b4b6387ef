// Calls: properties, pipelining, what is visible, errors.
#include "runtime/rpc/rpc_testing.h"

namespace edge::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CallTest : public RpcTest {
 protected:
  CallTest() {
    callee.Evaluate(
        "var Counter = derive(RpcTarget, {inc: function (by) { return this.n += by === undefined ? 1 : by; }, get value() { return this.n; "
        "},"
        "  get self() { return this; }, fetch: function (x) { return 'fetched ' + x; }}, function (n) { this.n = n; this.own = 5; "
        "this.arrow = "
        "function () { return 7; }; });");
    Root(
        "{add: function (a, b) { return a + b; }, counter: function (n) { return new Counter(n); },"
        " fn: function () { return function (x) { return x * 2; }; }, get prop() { return 'prop'; }, get bad() { throw new "
        "RangeError('getter'); },"
        " obj: function () { return {a: 1, f: function (x) { return x + 1; }, c: new Counter(3), nested: {g: function () { return 'g'; }, "
        "h: 4}}; },"
        " fails: function () { throw new TypeError('bad type'); }, slow: function () { return sleep(100).then(function () { return 'slow'; "
        "}); },"
        " alarm: function () {}, echo: function (x) { return x; }, thenable: function () { return {then: function (r) { r(5); }}; },"
        " log: [], note: function (x) { noted.push(x); return noted.length; }, noted: function () { return noted; }}");
    callee.Evaluate("var noted = []; root.field = 1; root.arrow = function () {};");
  }
};

TEST_F(CallTest, AMethodIsCalledWithCopies) {
  EXPECT_EQ(Run("return wait(s.add(1, 2));"), "3");
  EXPECT_EQ(Run("var o = {a: [1, new Date(0)]}, p = wait(s.echo(o)); return [p === o, p.a[0], p.a[1].getTime()];"), "[false,1,0]");
}

TEST_F(CallTest, APropertyIsReadWhenItIsAwaited) {
  EXPECT_EQ(Run("return wait(s.prop);"), "\"prop\"");
  EXPECT_EQ(Run("return rejection(s.bad);"), "\"RangeError: getter\"");
  wire.requests = 0;
  EXPECT_EQ(Run("var p = s.prop; p.further.still; return typeof p;"), "\"function\"");
  EXPECT_EQ(wire.requests, 0);
}

// The text as JSON.
std::string Json(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json.push_back('\\');
    json.push_back(c);
  }
  return json + "\"";
}

std::string NotImplemented(std::string_view name) {
  return "TypeError: The RPC receiver does not implement the method \"" + std::string(name) + "\".";
}
std::string NotAFunction(std::string_view name) { return "TypeError: \"" + std::string(name) + "\" is not a function."; }
std::string Reserved(std::string_view name) {
  return "TypeError: '" + std::string(name) + "' is a reserved method and cannot be called over RPC.";
}

TEST_F(CallTest, OnlyMethodsAndGettersOfTheClassAreVisible) {
  for (const auto& [call, text] : std::vector<std::pair<std::string, std::string>>{
           {"s.nope()", NotImplemented("nope")},
           {"s.nope", NotImplemented("nope")},
           {"s.field", NotImplemented("field")},
           {"s.field()", NotImplemented("field")},
           {"s.arrow()", NotImplemented("arrow")},
           {"s.ctx", NotImplemented("ctx")},
           {"s.prop()", NotAFunction("prop")},
           {"s.prop.x", NotImplemented("x")},
           {"s.add.call(null, 1)", NotImplemented("call")},
           {"s.alarm()", Reserved("alarm")},
           {"s.webSocketMessage()", Reserved("webSocketMessage")},
           {"s.connect()", Reserved("connect")},
           {"s.prop.constructor.x", "nothing"},
           {"s['']", NotImplemented("")},
           {"s.hasOwnProperty.x()", "TypeError: undefined not callable (property 'x' of [object Function])"},
           {"s.counter(1).own", NotImplemented("own")},
           {"s.counter(1).arrow()", NotImplemented("arrow")},
           {"s.counter(1)()", NotAFunction("(this)")},
           {"s.counter(1).value()", NotAFunction("value")},
           {"s.counter(1).dup()", Reserved("dup")},
           {"s.obj().nope", NotImplemented("nope")},
           {"s.obj().nope()", NotImplemented("nope")},
           {"s.obj().a()", NotAFunction("a")},
           {"s.obj().a.b", NotImplemented("b")},
           {"s.obj()()", NotAFunction("(this)")},
           {"s.echo('abc').length", NotImplemented("length")},
           {"s.echo([1]).length", NotImplemented("length")},
           {"s.echo([1]).map()", NotImplemented("map")},
           {"s.echo(new Map()).get(1)", NotImplemented("get")},
           {"s.add(1, 2).foo()", NotImplemented("foo")},
           {"s.fn().call", NotImplemented("call")},
       }) {
    EXPECT_EQ(Run("try { return rejection(" + call + "); } catch (e) { return e.name + ': ' + e.message; }"), Json(text)) << call;
  }
}

TEST_F(CallTest, WhatMayBeCalledFurther) {
  EXPECT_EQ(
      Run("return each([s.counter(5).inc(2), s.counter(5).value, s.counter(5).self.inc(), s.counter(5).fetch('u'), s.fn()(4), s.obj().a,"
          "  s.obj().f(1), s.obj().c.inc(), s.obj().nested.g(), s.obj().nested.h, s.thenable()], wait);"),
      R"([7,5,6,"fetched u",8,1,2,4,"g",4,5])");
}

TEST_F(CallTest, AChainIsOneRoundTrip) {
  const Instant before = world.time.Now();
  EXPECT_EQ(Run("return wait(s.counter(1).self.self.inc(1));"), "2");
  EXPECT_EQ(world.time.Now() - before, wire.delay + wire.delay);
}

TEST_F(CallTest, APathIsOneRequest) {
  wire.requests = 0;
  EXPECT_EQ(Run("return wait(s.echo({a: {b: {c: 7}}}).a.b.c);"), "7");
  EXPECT_EQ(wire.requests, 2);
}

TEST_F(CallTest, ACallIsCarriedOutOnceHoweverOftenItsResultIsUsed) {
  EXPECT_EQ(Run("var p = s.counter(1), a = p.inc(), b = p.inc(); var c = wait(p); return [wait(a), wait(b), wait(c.inc()), wait(p.inc()), "
                "wait(p) === wait(p)];"),
            "[2,3,4,5,true]");
}

TEST_F(CallTest, TheErrorOfAnEarlierStepIsThatOfAllThatFollow) {
  EXPECT_EQ(Run("return each([s.fails(), s.fails().a, s.fails().a(1).b.c()], rejection);"),
            R"(["TypeError: bad type","TypeError: bad type","TypeError: bad type"])");
}

TEST_F(CallTest, CallsArriveInTheOrderInWhichTheyWereMade) {
  EXPECT_EQ(Run("for (var i = 0; i < 20; i++) s.note(i); s.prop; return wait(s.note('end'));"), "21");
  EXPECT_EQ(RunOn(callee, 1, "return noted.join();"), R"("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,end")");
}

TEST_F(CallTest, ASlowCallDoesNotHoldBackTheNext) {
  EXPECT_EQ(Run("var l = [], a = s.slow().then(function (x) { l.push(x); }), b = s.add(1, 1).then(function (x) { l.push(x); }); wait(a); "
                "wait(b); return l;"),
            R"([2,"slow"])");
}

TEST_F(CallTest, ThePromiseIsAThenable) {
  EXPECT_EQ(Run("var l = []; wait(s.add(1, 2).finally(function () { l.push('f'); }));"
                "l.push(wait(s.fails().catch(function (e) { return e.message; })), wait(s.prop.then(function (x) { return x + '!'; })), "
                "  wait(s.bad.catch(String)), wait(Promise.all([s.add(1, 1), s.prop])).join()); return l;"),
            R"(["f","bad type","prop!","RangeError: getter","2,prop"])");
}

TEST_F(CallTest, WhatAStubLooksLike) {
  EXPECT_EQ(
      Run("var p = s.add(1, 2), q = s.foo; wait(p);"
          "return [typeof s, String(s), s.then, typeof s.catch, typeof q, String(q), String(p), p instanceof edge.rpc.RpcPromise, q "
          "instanceof "
          "  edge.rpc.RpcProperty, s instanceof RpcStub, p instanceof Promise, 'x' in s, 'then' in s, 'then' in p, Object.keys(q).length, "
          "  s[5] === undefined, q === s.foo, typeof s[Symbol.iterator], typeof s.dup, typeof q.name];"),
      R"(["function","[object JsRpcStub]",null,"function","function","[object JsRpcProperty]","[object JsRpcPromise]",true,true,true,false,)"
      R"(true,false,true,0,true,false,"undefined","function","function"])");
}

TEST_F(CallTest, ClassesThatCannotBeMade) {
  EXPECT_EQ(
      Run("return each([function () { new edge.rpc.RpcPromise(); }, function () { new edge.rpc.RpcProperty(); }, function () { "
          "RpcTarget(); },"
          "  function () { new RpcStub(); }, function () { new RpcStub(5); }, function () { new RpcStub(new Map()); }], thrown);"),
      R"(["TypeError: Illegal constructor","TypeError: Illegal constructor",)"
      R"("TypeError: Failed to construct 'JsRpcTarget': Please use the 'new' operator, this object constructor cannot be called as a function.",)"
      R"("TypeError: Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.",)"
      R"("TypeError: Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.",)"
      R"("TypeError: RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives."])");
}

TEST_F(CallTest, AnErrorComesWithItsClassAndMessageOnly) {
  callee.Evaluate("root.constructor.prototype.rich = function () { var e = new RangeError('rich', {cause: 1}); e.code = 5; throw e; };");
  EXPECT_EQ(Run("try { wait(s.rich()); } catch (e) { return [e instanceof RangeError, e.message, e.remote, e.code, e.cause, "
                "e.stack.indexOf('rich ') "
                "< 0]; }"),
            R"([true,"rich",true,null,null,true])");
}

TEST_F(CallTest, AnErrorThatNobodyLooksAtIsReported) {
  EXPECT_EQ(Run("s.fails(); wait(sleep(100)); return 1;"), "1");
  EXPECT_THAT(caller.unhandled, ElementsAre("TypeError: bad type"));
  EXPECT_THAT(callee.unhandled, IsEmpty());
}

TEST_F(CallTest, ABrokenConnectionIsNobodysError) {
  wire.broken = absl::UnavailableError("gone");
  EXPECT_EQ(Run("try { wait(s.add(1, 2)); } catch (e) { return [e.message, e.remote, e.retryable]; }"),
            R"(["Network connection lost.",null,true])");
}

TEST_F(CallTest, APlainClassOfDurableObjectsHasNoMethods) {
  callee.Evaluate("root = {add: function () {}};");
  EXPECT_THAT(Run("return rejection(s.add());"),
              HasSubstr("TypeError: The receiving Durable Object does not support RPC, because its class was "
                        "not declared with `extends DurableObject`."));
}

TEST_F(CallTest, AResultThatIsGoneIsALostConnection) {
  wire.tamper = [](CallRequest& request) {
    if (request.on != nullptr) request.on = std::make_shared<CallResult>();
  };
  EXPECT_EQ(Run("return rejection(s.counter(1).inc());"), R"("Error: Network connection lost.")");
}

TEST_F(CallTest, ResultsThatNobodyCanNameAreForgotten) {
  const size_t before = callee.isolate().memory_used_bytes();
  EXPECT_EQ(Run("for (var i = 0; i < 200; i++) wait(s.echo({text: new Array(2000).join('x') + i})); return 1;"), "1");
  callee.isolate().CollectGarbage();
  EXPECT_LT(callee.isolate().memory_used_bytes(), before + 100'000);
}

}  // namespace
}  // namespace edge::rpc
