// How long stubs live, and who is told that they are gone.
#include "runtime/rpc/rpc_testing.h"

namespace edge::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LifetimeTest : public RpcTest {
 protected:
  LifetimeTest() {
    for (Side* side : {&caller, &callee}) {
      side->Evaluate(
          "var disposed = []; var Thing = derive(RpcTarget, {inc: function () { return ++this.n; }}, function (n) { this.n = n; });"
          "Thing.prototype[Symbol.dispose] = function () { disposed.push(this.n); };");
    }
    Root(
        "{thing: function (n) { return new Thing(n); }, echo: function (x) { return x; }, obj: function () { return {a: 1, f: function () "
        "{ return 'f'; "
        "}, c: new Thing(3), nested: {g: function () { return 'g'; }}}; },"
        " keep: function (f) { kept = f; }, keepAndReturn: function (f) { kept = f; return f; }, keepDup: function (f) { kept = f.dup(); "
        "}, useKept: function () { return kept(1); }, dropKept: "
        "function () { "
        "kept[Symbol.dispose](); }, twice: function (f) { return edge.async(function () { wait(f()); wait(sleep(50)); return wait(f()); "
        "}); },"
        " bad: function () { return [new Thing(9), new (function Odd() {})()]; }, slow: function () { return sleep(100).then(function () { "
        "return new "
        "Thing(8); }); }}");
    callee.Evaluate("var kept;");
  }
  std::string Disposed(Side& side) { return RunOn(side, 1, "return disposed.splice(0).join();"); }
};

constexpr char kDisposedText[] = R"("Error: RPC stub used after being disposed.")";

TEST_F(LifetimeTest, TheTargetIsToldWhenItsStubIsDisposedOf) {
  EXPECT_EQ(Run("var t = wait(s.thing(5)); wait(t.inc()); wait(sleep(100)); return wait(t.inc());"), "7");
  callee.isolate().CollectGarbage();
  EXPECT_EQ(Run("var t = wait(s.thing(5)); t[Symbol.dispose](); t[Symbol.dispose](); return rejection(t.inc());"), kDisposedText);
  EXPECT_THAT(Disposed(callee), HasSubstr("5"));
}

TEST_F(LifetimeTest, UseAfterDisposeIsRejectedNotThrown) {
  EXPECT_EQ(Run("var t = wait(s.thing(1)); t[Symbol.dispose](); var p = t.inc(); return [typeof p, rejection(p), rejection(t.inc), "
                "rejection(s.echo(t)), "
                "thrown(function () { t.dup(); })];"),
            R"(["function","Error: RPC stub used after being disposed.","Error: RPC stub used after being disposed.",)"
            R"("Error: RPC stub used after being disposed.","Error: RPC stub used after being disposed."])");
}

TEST_F(LifetimeTest, ADuplicateLivesOn) {
  EXPECT_EQ(Run("var t = wait(s.thing(1)), u = t.dup(); t[Symbol.dispose](); wait(sleep(50)); var n = wait(u.inc()); return n;"), "2");
  EXPECT_EQ(Disposed(callee), R"("2")");
}

TEST_F(LifetimeTest, DisposingOfTheResultDisposesOfAllInIt) {
  EXPECT_EQ(Run("var o = wait(s.obj()), d = Object.getOwnPropertyDescriptor(o, Symbol.dispose);"
                "var l = [Object.keys(o).join(), d.enumerable, wait(o.nested.g()), wait(o.c.inc())]; o[Symbol.dispose]();"
                "l.push(rejection(o.f()), rejection(o.nested.g()), rejection(o.c.inc())); return l;"),
            R"(["a,f,c,nested",false,"g",4,"Error: RPC stub used after being disposed.","Error: RPC stub used after being disposed.",)"
            R"("Error: RPC stub used after being disposed."])");
  EXPECT_EQ(Disposed(callee), R"("4")");
  EXPECT_EQ(callee.live_exports, 0);
  EXPECT_EQ(Run("return [typeof wait(s.echo('x'))[Symbol.dispose], typeof wait(s.echo([1]))[Symbol.dispose], typeof wait(s.echo(new "
                "Date(0)))[Symbol.dispose]];"),
            R"(["undefined","function","function"])");
}

TEST_F(LifetimeTest, ParametersAreDisposedOfWhenTheCallReturns) {
  EXPECT_EQ(Run("wait(s.keep(function (x) { return x; })); return rejection(s.useKept());"), kDisposedText);
  EXPECT_EQ(Run("return wait(s.twice(function () { return 'still'; }));"), R"("still")");
  EXPECT_EQ(Run("wait(s.keep(new Thing(55))); wait(sleep(100));"), "undefined");
  EXPECT_EQ(Disposed(caller), R"("55")");
  EXPECT_EQ(caller.live_exports, 0);
}

TEST_F(LifetimeTest, UnlessTheyAreDuplicated) {
  EXPECT_EQ(Run("var f = function (x) { return x + 100; }; f[Symbol.dispose] = function () { disposed.push('fn'); };"
                "wait(s.keepDup(f)); wait(sleep(100)); return [disposed.join(), wait(s.useKept()), wait(s.useKept()), wait(s.dropKept()), "
                "wait(sleep(100)), "
                "disposed.splice(0).join()];"),
            R"(["",101,101,null,null,"fn"])");
}

TEST_F(LifetimeTest, AParameterThatIsReturnedComesBackAlive) {
  EXPECT_EQ(Run("var f = wait(s.echo(function (x) { return x + 1; })); wait(sleep(100)); return wait(f(1));"), "2");
}

TEST_F(LifetimeTest, AParameterInAResultMayBeCalledOnThatResult) {
  EXPECT_EQ(
      Run("var f = function (x) { return x + 1; }; return each([s.echo(f)(1), s.echo({l: [f]}).l[0], s.echo({f: f}).f(2), s.echo({o: {f: "
          "f}}).o.f(3), s.echo(new Thing(5)).inc(), wait(s.echo({o: {f: f}}).o).f(4)], function (p) { var v = wait(p); return typeof v === "
          "'function' ? 'f' : v; });"),
      R"([2,null,3,4,6,5])");
  EXPECT_EQ(Run("wait(sleep(50)); return disposed.splice(0).join();"), R"("6")");
  EXPECT_EQ(Run("wait(s.keepAndReturn(function () {})); return rejection(s.useKept());"), kDisposedText);
}

TEST_F(LifetimeTest, ParametersOfACallThatThrowsGoToo) {
  EXPECT_EQ(Run("return rejection(s.nope(new Thing(1)));"), R"("TypeError: The RPC receiver does not implement the method \"nope\".")");
  EXPECT_EQ(Disposed(caller), R"("1")");
}

TEST_F(LifetimeTest, WhatCouldNotBeSentIsDisposedOf) {
  EXPECT_THAT(Run("return rejection(s.bad());"), HasSubstr("Odd"));
  EXPECT_EQ(Run("function Odd() {} return rejection(s.echo([new Thing(3), new Odd()]));"),
            R"("DataCloneError: Could not serialize object of type \"Odd\". This type does not support serialization.")");
  caller.isolate().CollectGarbage();
  callee.isolate().CollectGarbage();
  world.Run([] {});
  EXPECT_EQ(Disposed(callee), R"("9")");
  EXPECT_EQ(Disposed(caller), R"("3")");
}

TEST_F(LifetimeTest, ADisposedPromiseIsNotCalledFurther) {
  EXPECT_EQ(Run("var p = s.thing(1); p[Symbol.dispose](); return rejection(p.inc());"),
            R"("Error: RPC promise used after being disposed.")");
  EXPECT_EQ(Disposed(callee), R"("1")");
  EXPECT_EQ(Run("var p = s.thing(2); p[Symbol.dispose](); return typeof wait(p);"), R"("function")");
}

TEST_F(LifetimeTest, OneTargetInOneMessageIsDisposedOfOnce) {
  EXPECT_EQ(Run("var t = new Thing(200), o = wait(s.echo([t, t])); var same = o[0] === o[1]; o[Symbol.dispose](); wait(sleep(100)); return "
                "[same, "
                "disposed.splice(0)];"),
            "[true,[200]]");
}

TEST_F(LifetimeTest, StubsThatNobodyHoldsGo) {
  EXPECT_EQ(Run("wait(s.thing(5)); wait(s.thing(6)); s.thing(7);"), "undefined");
  EXPECT_EQ(Disposed(callee), R"("5,6,7")");
  EXPECT_EQ(callee.live_exports, 0);
}

TEST_F(LifetimeTest, TheEndOfTheCallersContextIsTheEndOfItsStubs) {
  caller.Evaluate("var held;");
  caller.Enter(2, [&](duk_context* ctx) {
    PushStub(ctx, callee.Root(), nullptr);
    duk_put_global_string(ctx, "s2");
  });
  EXPECT_EQ(RunOn(caller, 2, "held = wait(s2.thing(5)); return wait(held.inc());"), "6");
  EXPECT_EQ(callee.live_exports, 1);
  world.Run([&] { EndContext(caller.context(), 2); });
  EXPECT_EQ(callee.live_exports, 0);
  EXPECT_EQ(Disposed(callee), R"("6")");
  EXPECT_THAT(RunOn(caller, 2, "return rejection(held.inc());"), HasSubstr("Cannot perform I/O on behalf of a different request."));
  EXPECT_EQ(Run("return wait(s.echo(1));"), "1");
  EndContext(caller.context(), 2);
  EndContext(caller.context(), 99);
}

TEST_F(LifetimeTest, AStubOfAnotherContextIsRefused) {
  EXPECT_THAT(RunOn(caller, 3, "return rejection(s.echo(1));"), HasSubstr("Error: Cannot perform I/O on behalf of a different request."));
  EXPECT_EQ(wire.requests, 0);
  EXPECT_THAT(RunOn(caller, 0, "return rejection(s.echo(1));"), HasSubstr("Disallowed operation called within global scope."));
  EXPECT_THAT(RunOn(caller, 0, "return thrown(function () { new RpcStub({}); });"),
              HasSubstr("Disallowed operation called within global scope."));
}

TEST_F(LifetimeTest, AStubMadeAtGlobalScopeIsGoodEverywhere) {
  caller.Enter(0, [&](duk_context* ctx) {
    PushStub(ctx, callee.Root(), nullptr);
    duk_put_global_string(ctx, "service");
  });
  EXPECT_EQ(RunOn(caller, 1, "return wait(service.echo(1));"), "1");
  EXPECT_EQ(RunOn(caller, 2, "return wait(service.echo(2));"), "2");
}

TEST_F(LifetimeTest, WhatADisposerThrowsIsReported) {
  EXPECT_EQ(
      Run("var f = function () {}; f[Symbol.dispose] = function () { throw new Error('in disposer'); }; wait(s.keep(f)); wait(sleep(50));"),
      "undefined");
  EXPECT_THAT(caller.uncaught, ::testing::ElementsAre("Error: in disposer"));
}

TEST_F(LifetimeTest, ASinkThatIsForgottenIsAborted) {
  EXPECT_EQ(Run("var why; wait(s.keep(new WritableStream({abort: function (e) { why = e.message; }}))); return 1;"), "1");
}

TEST_F(LifetimeTest, UnknownExportsAreNothing) {
  callee.Enter(1, [](duk_context* ctx) {
    Unexport(ctx, 12345);
    PushExported(ctx, 12345);
    EXPECT_TRUE(duk_is_undefined(ctx, -1));
    duk_pop(ctx);
  });
  EXPECT_THAT(callee.uncaught, IsEmpty());
}

}  // namespace
}  // namespace edge::rpc
