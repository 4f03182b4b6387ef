// Critical sections and transactions: what runs when, what is committed, what is told to whom.
#include "runtime/durable/testing/durable_test.h"
#include "runtime/web/remote_error.h"

namespace edge::durable {
namespace {

class SectionsTest : public DurableTest {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    Enter([](duk_context* ctx) {
      duk_eval_string_noresult(ctx,
                               "function pause(ms) { return new Promise(function (r) { setTimeout(r, ms || 1) }) }"
                               "function async(f) { return function () { var a = arguments, t = this; return edge.async(function () { "
                               "return f.apply(t, a) }) } }");
    });
  }
  web::RemoteError ResetError() { return web::RemoteErrorOf(hooks_->reset.value_or(absl::OkStatus())).value_or(web::RemoteError{}); }
};

TEST_F(SectionsTest, TheCallbackRunsInATurnOfItsOwn) {
  EXPECT_EQ(Do("var p = ctx.blockConcurrencyWhile(async(function () { log('callback'); wait(storage.get('x')); wait(pause()); return 5 "
               "})); log('after'); log(wait(p)); return l"),
            R"(["after","callback",5])");
  EXPECT_EQ(hooks_->closed_sections.size(), 1u);
  EXPECT_EQ(Do("return wait(ctx.blockConcurrencyWhile(function () { return 7 }))"), "7");
}

TEST_F(SectionsTest, SectionsOfOnePlaceRunOneAfterTheOther) {
  EXPECT_EQ(Do("wait(Promise.all([ctx.blockConcurrencyWhile(async(function () { log('a1'); wait(pause(20)); log('a2') })), "
               "ctx.blockConcurrencyWhile(async(function () { log('b') }))])); return l"),
            R"(["a1","a2","b"])");
}

TEST_F(SectionsTest, SectionsNest) {
  EXPECT_EQ(Do("return wait(ctx.blockConcurrencyWhile(async(function () { wait(pause()); return wait(ctx.blockConcurrencyWhile(function () "
               "{ return 'inner' })) + '!' })))"),
            R"("inner!")");
  EXPECT_EQ(hooks_->closed_sections, (std::vector<uint64_t>{2, 1}));
}

TEST_F(SectionsTest, TooDeepNestingIsSaid) {
  Do("var f = async(function () { wait(ctx.blockConcurrencyWhile(f)) }); f()");
  EXPECT_EQ(ResetError().message, "blockConcurrencyWhile() calls are nested too deeply.");
}

TEST_F(SectionsTest, AFailingCallbackResetsTheInstance) {
  EXPECT_EQ(Do("wait(ctx.blockConcurrencyWhile(async(function () { throw new RangeError('why') })))"), "pending");
  EXPECT_EQ(ResetError(), (web::RemoteError{.name = "RangeError", .message = "why", .durable_object_reset = true}));
  EXPECT_TRUE(uncaught_.empty());
}

TEST_F(SectionsTest, ACallbackThatThrowsAtOnceResetsTheInstance) {
  EXPECT_EQ(Do("try { wait(ctx.blockConcurrencyWhile(function () { throw 'text' })) } catch (e) { return 'caught' }"), "pending");
  EXPECT_EQ(ResetError(), (web::RemoteError{.message = "text", .durable_object_reset = true}));
}

TEST_F(SectionsTest, ASectionHasThirtySeconds) {
  Do("ctx.blockConcurrencyWhile(function () { return new Promise(function () {}) })");
  ASSERT_EQ(hooks_->limits.size(), 1u);
  EXPECT_EQ(hooks_->limits[0].time, Duration::Seconds(30));
  Enter([&](duk_context* ctx) { (*hooks_->limits[0].timed_out)(ctx); });
  EXPECT_EQ(
      ResetError().message,
      "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset.");
  EXPECT_TRUE(ResetError().overloaded);
}

TEST_F(SectionsTest, WhatIsNoFunctionRejects) {
  for (const char* call : {"ctx.blockConcurrencyWhile()", "ctx.blockConcurrencyWhile(5)"}) {
    EXPECT_EQ(Do(std::string("return rejection(") + call + ")"),
              R"("TypeError: Failed to execute 'blockConcurrencyWhile' on 'DurableObjectState': parameter 1 is not of type 'function'.")");
  }
  EXPECT_EQ(Do("return rejection(storage.transaction(5))"),
            R"("TypeError: Failed to execute 'transaction' on 'DurableObjectStorage': parameter 1 is not of type 'function'.")");
  EXPECT_EQ(Do("return thrown(function () { storage.transactionSync() })"),
            R"("TypeError: Failed to execute 'transactionSync' on 'DurableObjectStorage': parameter 1 is not of type 'function'.")");
  EXPECT_EQ(Do("return rejection(ctx.blockConcurrencyWhile.call({}, function () {}))"), R"("TypeError: Illegal invocation")");
  EXPECT_FALSE(hooks_->reset.has_value());
}

TEST_F(SectionsTest, ATransactionIsOneCommitOverItsAwaits) {
  EXPECT_EQ(Do("return wait(storage.transaction(async(function (txn) { wait(txn.put('a', 1)); wait(pause()); wait(storage.put('b', 2)); "
               "sql.exec('create table t (x)'); wait(pause());"
               "return [wait(txn.get('a')), wait(txn.list()).size] })))"),
            "[1,2]");
  EXPECT_EQ(Commits(), 1u);
  EXPECT_TRUE(hooks_->open_sections.empty());
  EXPECT_FALSE(hooks_->storage->in_savepoint());
}

TEST_F(SectionsTest, AFailingTransactionIsRolledBackAndRejects) {
  EXPECT_EQ(Do("wait(storage.put('t', 1)); return rejection(storage.transaction(async(function (txn) { wait(txn.put('t', 2)); "
               "sql.exec('create table x (a)'); kv.put('k', 1); wait(pause()); throw new RangeError('no') })))"),
            R"("RangeError: no")");
  EXPECT_EQ(
      Do("return [wait(storage.get('t')), kv.get('k') === undefined, rows('select name from sqlite_master where name = ?', 'x').length]"),
      "[1,true,0]");
  EXPECT_FALSE(hooks_->reset.has_value()) << "only the transaction is gone";
  EXPECT_EQ(Commits(), 1u);
}

TEST_F(SectionsTest, ARolledBackTransactionCannotBeUsed) {
  EXPECT_EQ(
      Do("wait(storage.put('t', 1)); var r = wait(storage.transaction(async(function (txn) { wait(txn.put('t', 3)); txn.rollback(); "
         "txn.rollback();"
         "log([rejection(txn.get('t')), rejection(txn.put('t', 4)), rejection(txn.list()), rejection(txn.delete('t')), "
         "rejection(txn.getAlarm()), rejection(txn.setAlarm(5)), rejection(txn.deleteAlarm()), rejection(txn.deleteAll())]);"
         "wait(storage.put('t2', 5)); return 'r' }))); return [r, l[0], Array.from(wait(storage.list()))]"),
      R"(["r",["Error: Cannot get() on rolled back transaction","Error: Cannot put() on rolled back transaction","Error: Cannot list() on rolled back transaction",)"
      R"("Error: Cannot delete() on rolled back transaction","Error: Cannot getAlarm() on rolled back transaction","Error: Cannot setAlarm() on rolled back transaction",)"
      R"("Error: Cannot deleteAlarm() on rolled back transaction","Error: Cannot call deleteAll() within a transaction"],[["t",1],["t2",5]]])");
}

TEST_F(SectionsTest, ATransactionThatHasEndedCannotBeUsed) {
  EXPECT_EQ(Do("var t; wait(storage.transaction(function (txn) { t = txn })); return [rejection(t.get('a')), thrown(function () { "
               "t.rollback() })]"),
            R"(["Error: Cannot call get() on transaction that has already committed: did you move `txn` outside of the closure?",)"
            R"("Error: Cannot call rollback() on transaction that has already committed: did you move `txn` outside of the closure?"])");
}

TEST_F(SectionsTest, TransactionsNestAndFailAlone) {
  EXPECT_EQ(Do("wait(storage.transaction(async(function () { wait(storage.put('n', 1)); log(rejection(storage.transaction(async(function "
               "(inner) { wait(inner.put('n', 2)); throw new Error('in') })))); })));"
               "return [l, wait(storage.get('n'))]"),
            R"([["Error: in"],1])");
  EXPECT_EQ(Commits(), 1u);
}

TEST_F(SectionsTest, TransactionsOfOnePlaceDoNotOverlap) {
  EXPECT_EQ(Do("function add() { return storage.transaction(async(function (txn) { var n = wait(txn.get('n')) || 0; wait(pause(5)); "
               "wait(txn.put('n', n + 1)) })) }"
               "wait(Promise.all([add(), add(), add()])); return wait(storage.get('n'))"),
            "3");
  EXPECT_EQ(Commits(), 3u);
}

TEST_F(SectionsTest, DeleteAllIsNotForTransactions) {
  EXPECT_EQ(Do("wait(storage.put('a', 1)); return rejection(storage.transaction(function () { return storage.deleteAll() }))"),
            R"("Error: Cannot call deleteAll() within a transaction")");
  EXPECT_EQ(Do("return storage.transactionSync(function () { return storage.deleteAll() }).then(function () { return 'done' }, function "
               "(e) { return e.message })"),
            R"("Cannot call deleteAll() within a transaction")");
  EXPECT_EQ(Do("return wait(storage.get('a'))"), "1");
}

TEST_F(SectionsTest, SynchronousTransactions) {
  EXPECT_EQ(
      Do("sql.exec('create table m (a)'); return [storage.transactionSync(function () { sql.exec('insert into m values (1)'); return 5 }),"
         "thrown(function () { storage.transactionSync(function () { sql.exec('insert into m values (2)'); kv.put('k', 1); throw new "
         "Error('back') }) }), rows('select a from m'), kv.get('k') === undefined]"),
      R"([5,"Error: back",[[1]],true])");
  EXPECT_EQ(Do("storage.transactionSync(function () { kv.put('o', 1); try { storage.transactionSync(function () { kv.put('i', 1); throw 1 "
               "}) } catch (e) {} }); return [kv.get('o'), kv.get('i') === undefined]"),
            "[1,true]");
  EXPECT_EQ(Do("return wait(storage.transaction(function () { return storage.transactionSync(function () { return 'in' }) }))"), R"("in")");
  EXPECT_EQ(Do("var c; storage.transactionSync(function () { c = sql.exec('select 1 a union all select 2'); c.next() }); return "
               "c.next().value.a"),
            "2");
  EXPECT_FALSE(hooks_->storage->in_savepoint());
}

TEST_F(SectionsTest, ATransactionThatReadsOnlyCommitsNothing) {
  EXPECT_EQ(Do("return wait(storage.transaction(async(function (txn) { wait(txn.get('a')); return wait(storage.list()).size })))"), "0");
  EXPECT_EQ(Commits(), 0u);
}

TEST_F(SectionsTest, PatchedPromisesDoNotReachIn) {
  EXPECT_EQ(Do("var then = Promise.prototype.then, resolve = Promise.resolve; Promise.prototype.then = Promise.resolve = function () { "
               "throw new Error('patched') };"
               "var p = ctx.blockConcurrencyWhile(function () { return 3 }); Promise.prototype.then = then; Promise.resolve = resolve; "
               "return wait(p)"),
            "3");
}

}  // namespace
}  // namespace edge::durable
