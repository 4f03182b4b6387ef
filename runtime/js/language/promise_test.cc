#include "runtime/js/language/promise.h"

#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

class PromiseTest : public LanguageTest {};

TEST_F(PromiseTest, ReactionsRunInTheOrderOfTheLanguage) {
  EXPECT_EQ(Run(R"js(
    Promise.resolve().then(function () { log('t1') }).then(function () { log('t2') }).then(function () { log('t3') });
    edge.async(function () { edge.await(null); log('a1'); edge.await(null); log('a2') });
    queueMicrotask(function () { log('q') });
    log('sync');
    for (var i = 0; i < 6; i++) edge.await(null);
    return l.join(' ');
  )js"),
            R"("sync t1 a1 q t2 a2 t3")");
}

TEST_F(PromiseTest, AsyncFunctionThatReturnsAPromiseTakesThreeTicks) {
  EXPECT_EQ(Run(R"js(
    edge.async(function () { return Promise.resolve() }).then(function () { log('ap') });
    Promise.resolve().then(function () { log(1) }).then(function () { log(2) }).then(function () { log(3) }).then(function () { log(4) });
    for (var i = 0; i < 8; i++) edge.await(null);
    return l.join(' ');
  )js"),
            R"("1 2 ap 3 4")");
}

TEST_F(PromiseTest, EdgeResolveTicksAsAnAsyncFunction) {
  EXPECT_EQ(Run(R"js(
    edge.resolve(Promise.resolve()).then(function () { log('ap') });
    edge.resolve(1).then(function () { log('v') });
    Promise.resolve().then(function () { log(1) }).then(function () { log(2) }).then(function () { log(3) });
    for (var i = 0; i < 8; i++) edge.await(null);
    return l.join(' ');
  )js"),
            R"("v 1 2 ap 3")");
}

TEST_F(PromiseTest, AForeignThenableCostsOneMoreJob) {
  EXPECT_EQ(Run(R"js(
    var thenable = { then: function (f) { log('then'); f(7) } };
    Promise.resolve(thenable).then(function (v) { log('v' + v) });
    Promise.resolve().then(function () { log(1) }).then(function () { log(2) }).then(function () { log(3) });
    for (var i = 0; i < 8; i++) edge.await(null);
    return l.join(' ');
  )js"),
            R"("then 1 v7 2 3")");
}

TEST_F(PromiseTest, ASettledPromiseIgnoresLaterCalls) {
  EXPECT_EQ(Run(R"js(
    var p = new Promise(function (resolve, reject) { resolve(1); reject(2); resolve(3); throw 4; });
    return edge.await(p);
  )js"),
            "1");
}

TEST_F(PromiseTest, ResolvingWithItselfIsATypeError) {
  EXPECT_EQ(Run("var r, p = new Promise(function (x) { r = x }); r(p); return edge.await(p)"),
            "TypeError: Chaining cycle detected for promise");
}

TEST_F(PromiseTest, AThrowingThenGetterRejects) {
  EXPECT_EQ(Run(R"js(
    var bad = {}; Object.defineProperty(bad, 'then', { get: function () { throw new RangeError('getter') } });
    return edge.await(Promise.resolve(bad));
  )js"),
            "RangeError: getter");
}

TEST_F(PromiseTest, CombinatorsAgreeWithTheLanguage) {
  EXPECT_EQ(Run(R"js(
    var r = Promise.reject(new Error('no'));
    var any;
    try { edge.await(Promise.any([r, Promise.reject(2)])) } catch (e) { any = [e.name, e.errors.length, e.message] }
    return [edge.await(Promise.all([1, Promise.resolve(2), { then: function (f) { f(3) } }])),
            edge.await(Promise.allSettled([1, r])).map(function (x) { return x.status }),
            any,
            edge.await(Promise.race([new Promise(function () {}), Promise.resolve('first')])),
            edge.await(Promise.all([])),
            edge.await(Promise['try'](function (a) { return a + 1 }, 1)),
            edge.await(Promise.resolve(5)['finally'](function () { return 9 }))];
  )js"),
            R"([[1,2,3],["fulfilled","rejected"],["AggregateError",2,"All promises were rejected"],"first",[],2,5])");
}

TEST_F(PromiseTest, SubclassesDeriveTheirOwnKind) {
  EXPECT_EQ(Run(R"js(
    function P(executor) { return Reflect.construct(Promise, [executor], new.target) }
    P.prototype = Object.create(Promise.prototype); P.prototype.constructor = P; Object.setPrototypeOf(P, Promise);
    P.prototype.foo = function () { return 1 };
    var q = P.resolve(3).then(function (x) { return x + 1 });
    return [q instanceof P, q.foo(), edge.await(q), edge.await(P.all([q])), P.reject(1)['catch'](function () {}) instanceof P];
  )js"),
            "[true,1,4,[4],true]");
}

TEST_F(PromiseTest, UnhandledRejectionsAreReportedOnceAfterTheJobs) {
  Run("Promise.reject('late')['catch'](function () {}); Promise.reject('lost'); Promise.reject('kept').then(function () {})");
  EXPECT_THAT(unhandled_, ::testing::ElementsAre("lost", "kept"));
  Run("");
  EXPECT_EQ(unhandled_.size(), 2u);
}

TEST_F(PromiseTest, AHandlerThatComesLaterIsReported) {
  Run("globalThis.p = Promise.reject('early')");
  EXPECT_THAT(unhandled_, ::testing::ElementsAre("early"));
  Run("p['catch'](function () {})");
  EXPECT_THAT(handled_later_, ::testing::ElementsAre("early"));
}

TEST_F(PromiseTest, AnErrorInAMicrotaskIsReportedAndTheOthersRun) {
  EXPECT_EQ(Run("queueMicrotask(function () { throw new Error('oops') }); queueMicrotask(function () { log('next') }); edge.await(0); "
                "edge.await(0); return l"),
            R"(["next"])");
  EXPECT_THAT(uncaught_, ::testing::ElementsAre("Error: oops"));
}

TEST_F(PromiseTest, NativeCodeSettlesAPromiseByNumber) {
  uint32_t first = 0;
  uint32_t second = 0;
  isolate_->Run({}, [&](duk_context* ctx) {
    first = NewPromise(ctx);
    duk_put_global_string(ctx, "first");
    second = NewPromise(ctx);
    duk_put_global_string(ctx, "second");
    EXPECT_EQ(PendingPromiseCount(ctx), 2u);
  });
  Run("first.then(log); second['catch'](log)");
  isolate_->Run({}, [&](duk_context* ctx) {
    duk_push_string(ctx, "value");
    SettlePromise(ctx, first, Settle::kResolve);
    duk_push_string(ctx, "again");
    SettlePromise(ctx, first, Settle::kResolve);
    duk_push_string(ctx, "reason");
    SettlePromise(ctx, second, Settle::kReject);
    EXPECT_EQ(PendingPromiseCount(ctx), 0u);
    EXPECT_TRUE(HasMicrotasks(ctx));
    RunMicrotasks(ctx);
  });
  EXPECT_EQ(Run("return l"), R"(["value","reason"])");
}

TEST_F(PromiseTest, ANumberIsNotUsedTwice) {
  isolate_->Run({}, [&](duk_context* ctx) {
    const uint32_t first = NewPromise(ctx);
    DropPromise(ctx, first);
    const uint32_t second = NewPromise(ctx);
    EXPECT_NE(first, second);
    EXPECT_NE(second, 0u);
    duk_push_null(ctx);
    SettlePromise(ctx, first, Settle::kResolve);
    EXPECT_EQ(GetPromiseState(ctx, -1), PromiseState::kPending);
  });
}

TEST_F(PromiseTest, NativeReactionsGetTheOutcome) {
  struct Seen {
    PromiseState state = PromiseState::kPending;
    std::string value;
  } seen;
  isolate_->Run({}, [&](duk_context* ctx) {
    Isolate::Evaluate(ctx, "Promise.reject('why')", "test.js");
    OnPromiseSettled(
        ctx, -1,
        [](duk_context* c, void* data, PromiseState state) {
          static_cast<Seen*>(data)->state = state;
          static_cast<Seen*>(data)->value = duk_require_string(c, -1);
        },
        &seen);
    RunMicrotasks(ctx);
  });
  EXPECT_EQ(seen.state, PromiseState::kRejected);
  EXPECT_EQ(seen.value, "why");
  EXPECT_TRUE(unhandled_.empty());
}

TEST_F(PromiseTest, AnEndlessChainOfJobsEndsAtTheCpuLimit) {
  CpuBudget budget{3'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    Isolate::Evaluate(ctx, "(function again() { Promise.resolve().then(again) })()", "test.js");
    RunMicrotasks(ctx);
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, Limit::kCpu);
}

TEST_F(PromiseTest, ManyReactionsAndManyJobsKeepTheirOrder) {
  EXPECT_EQ(Run(R"js(
    var resolve, p = new Promise(function (r) { resolve = r }), n = 0, wrong = 0;
    for (var i = 0; i < 1000; i++) (function (i) { p.then(function () { if (n++ !== i) wrong++; Promise.resolve().then(function () {}) }) })(i);
    resolve();
    edge.await(p); edge.await(0); edge.await(0);
    return [n, wrong];
  )js"),
            "[1000,0]");
}

}  // namespace
}  // namespace edge::js
