#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

class CoroutineTest : public LanguageTest {};

TEST_F(CoroutineTest, AwaitReturnsTheValueOrThrowsTheReason) {
  EXPECT_EQ(Run(R"js(
    try { edge.await(Promise.reject(new TypeError('q'))) } catch (e) { log(e.message) } finally { edge.await(0); log('fin') }
    log(edge.await({ then: function (r) { r(42) } }));
    return l;
  )js"),
            R"(["q","fin",42])");
}

TEST_F(CoroutineTest, DeepAsyncRecursionNeedsNoNativeStack) {
  EXPECT_EQ(Run(R"js(
    function f(n) { return edge.async(function () { return n === 0 ? 0 : edge.await(f(n - 1)) + 1 }) }
    return edge.await(f(2000));
  )js"),
            "2000");
}

TEST_F(CoroutineTest, GeneratorsFollowTheProtocol) {
  EXPECT_EQ(Run(R"js(
    var g = edge.generatorFunction(function (a) {
      return edge.generator(g, function () { var x = edge.yield(a); try { edge.yield(x * 2) } finally { edge.yield('f') } return 'r' });
    });
    var i = g(1);
    return [i.next(), i.next(5), i['return']('z'), i.next(), i.next().done];
  )js"),
            R"([{"value":1,"done":false},{"value":10,"done":false},{"value":"f","done":false},{"value":"z","done":true},true])");
}

TEST_F(CoroutineTest, GeneratorThrowIsCaughtInside) {
  EXPECT_EQ(Run(R"js(
    var g = edge.generatorFunction(function () {
      return edge.generator(g, function () { for (;;) try { edge.yield(1) } catch (e) { if (edge.isReturn(e)) throw e; edge.yield(e) } });
    });
    var i = g();
    return [i.next().value, i['throw']('x').value, i.next().value, i['return'](3), i.next().done];
  )js"),
            R"([1,"x",1,{"value":3,"done":true},true])");
}

TEST_F(CoroutineTest, GeneratorObjectsInheritFromTheirFunction) {
  EXPECT_EQ(Run(R"js(
    var g = edge.generatorFunction(function () { return edge.generator(g, function () { edge.yield(1) }) });
    g.prototype.foo = function () { return 7 };
    var none = edge.generatorFunction(function () { return edge.generator(none, function () {}) });
    none.prototype = null;
    return [g().foo(), g() instanceof g, String(g()), none().next().done, Object.prototype.toString.call(Object.getPrototypeOf(g)), g.prototype.hasOwnProperty('constructor')];
  )js"),
            R"([7,true,"[object Generator]",true,"[object GeneratorFunction]",false])");
}

TEST_F(CoroutineTest, ARunningGeneratorRefusesToResume) {
  EXPECT_EQ(Run(R"js(
    var i, g = edge.generatorFunction(function () { return edge.generator(g, function () { try { i.next() } catch (e) { edge.yield(e instanceof TypeError) } }) });
    i = g();
    return i.next();
  )js"),
            R"({"value":true,"done":false})");
}

TEST_F(CoroutineTest, YieldStarDelegatesValuesErrorsAndReturns) {
  EXPECT_EQ(Run(R"js(
    var inner = edge.generatorFunction(function () {
      return edge.generator(inner, function () {
        try { log(edge.yield(1)); edge.yield(2) } catch (e) { if (edge.isReturn(e)) throw e; log('caught ' + e) } finally { log('inner fin') }
        return 'done';
      });
    });
    var outer = edge.generatorFunction(function () { return edge.generator(outer, function () { var r = edge.yieldStar(inner()); edge.yield(r) }) });
    var i = outer();
    log(i.next().value); log(i.next('sent').value); log(i['throw']('t').value); log(i.next().done);
    var k = outer(); k.next(); log(k['return']('r').value);
    return l;
  )js"),
            R"([1,"sent",2,"caught t","inner fin","done",true,"inner fin","r"])");
}

TEST_F(CoroutineTest, AsyncGeneratorsAnswerQueuedRequestsInOrder) {
  EXPECT_EQ(Run(R"js(
    var g = edge.asyncGeneratorFunction(function () { return edge.asyncGenerator(g, function () { edge.asyncYield(1); edge.asyncYield(Promise.resolve(2)) }) });
    var i = g();
    return edge.await(Promise.all([i.next(), i.next(), i.next(), i.next()])).map(function (r) { return [r.value, r.done] });
  )js"),
            "[[1,false],[2,false],[null,true],[null,true]]");
}

TEST_F(CoroutineTest, AsyncGeneratorReturnRunsFinally) {
  EXPECT_EQ(Run(R"js(
    var g = edge.asyncGeneratorFunction(function () {
      return edge.asyncGenerator(g, function () { try { edge.asyncYield(1); edge.asyncYield(2) } finally { edge.await(0); log('fin') } });
    });
    var w = edge.asyncIterator(g());
    log(w.next().value); w['return']();
    var fresh = g(); log(edge.await(fresh['return'](Promise.resolve(9))).value); log(edge.await(fresh.next()).done);
    try { edge.await(g()['throw'](new Error('t'))) } catch (e) { log(e.message) }
    return l;
  )js"),
            R"([1,"fin",9,true,"t"])");
}

TEST_F(CoroutineTest, AsyncYieldStarWalksSyncAndAsyncIterables) {
  EXPECT_EQ(Run(R"js(
    var a = edge.asyncGeneratorFunction(function () { return edge.asyncGenerator(a, function () { edge.asyncYield(1); return 9 }) });
    var b = edge.asyncGeneratorFunction(function () {
      return edge.asyncGenerator(b, function () { edge.asyncYield(edge.asyncYieldStar(a())); edge.asyncYieldStar([3, Promise.resolve(4)]) });
    });
    var w = edge.asyncIterator(b()), s;
    while (!(s = w.next()).done) log(s.value);
    return l;
  )js"),
            "[1,9,3,4]");
}

TEST_F(CoroutineTest, AwaitOutsideACoroutineIsATypeError) {
  const auto error = isolate_->Run({}, [](duk_context* ctx) { Isolate::Evaluate(ctx, "edge.await(1)", "test.js"); });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->name, "TypeError");
}

TEST_F(CoroutineTest, ManyWaitingCoroutinesAllResume) {
  EXPECT_EQ(Run(R"js(
    var all = [];
    for (var i = 0; i < 600; i++) (function (i) { all.push(edge.async(function () { edge.await(null); edge.await(null); return i })) })(i);
    var sum = 0; edge.await(Promise.all(all)).forEach(function (x) { sum += x });
    return sum;
  )js"),
            "179700");
}

TEST_F(CoroutineTest, NothingOfTheEngineLeaks) {
  EXPECT_EQ(Run("return [typeof Duktape, typeof CBOR, Object.getOwnPropertyNames(globalThis).filter(function (n) { return "
                "/Duk|Thread/.test(n) })]"),
            R"(["undefined","undefined",[]])");
}

}  // namespace
}  // namespace edge::js
