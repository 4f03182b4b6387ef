// ctx.storage and ctx.storage.kv: what they do and what they say, as a local workerd does it, with the documented limits.
#include "runtime/durable/testing/durable_test.h"

namespace edge::durable {
namespace {

class StorageTest : public DurableTest {
 protected:
  // "Name: message" of the rejection of an expression's promise.
  std::string Rejection(std::string_view expression) { return Do("return rejection(" + std::string(expression) + ")"); }
};

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

TEST_F(StorageTest, ValuesComeBackAsCopies) {
  EXPECT_EQ(Do("var o = {a: [1, new Date(5)]}; wait(storage.put('k', o)); o.a = 'changed'; var v = wait(storage.get('k'));"
               "v.b = 1; return [v.a[0], v.a[1].getTime(), 'b' in wait(storage.get('k')), wait(storage.get('none')) === undefined]"),
            "[1,5,false,true]");
  EXPECT_EQ(Do("wait(storage.put('n', null)); wait(storage.put('z', 0)); return [wait(storage.get('n')), wait(storage.get('z'))]"),
            "[null,0]");
}

TEST_F(StorageTest, WritesWithoutAnAwaitAreOneCommit) {
  EXPECT_EQ(Do("storage.put('a', 1); storage.put('b', 2); storage.setAlarm(5); wait(storage.delete('a'))"), "undefined");
  EXPECT_EQ(Commits(), 1u);
  EXPECT_EQ(Do("return wait(storage.get('b'))"), "2");
  EXPECT_EQ(Commits(), 1u);
}

TEST_F(StorageTest, SeveralKeysAtOnce) {
  EXPECT_EQ(Do("wait(storage.put({b: 1, a: 2, dropped: undefined, 5: 'five'}));"
               "var m = wait(storage.get(['b', 'none', 'a', 5, 'a'])); return [m instanceof Map, Array.from(m)]"),
            R"([true,[["5","five"],["a",2],["b",1]]])");
  EXPECT_EQ(Do("return [wait(storage.delete(['a', 'none', 'b'])), wait(storage.delete('5')), wait(storage.delete('5'))]"),
            "[2,true,false]");
  EXPECT_EQ(Do("wait(storage.put({})); return wait(storage.get([])).size"), "0");
}

TEST_F(StorageTest, KeysAreText) {
  EXPECT_EQ(
      Do("wait(storage.put(5, 'n')); wait(storage.put(null, 'null')); wait(storage.put('', 'empty'));"
         "return [wait(storage.get('5')), wait(storage.get(null)), wait(storage.get('')), wait(storage.get(undefined)) === undefined]"),
      R"(["n","null","empty",true])");
  EXPECT_EQ(Do("wait(storage.put('\\u0000x', 1)); return [wait(storage.get('\\u0000x')), wait(storage.get('\\u0000')) === undefined]"),
            "[1,true]");
}

TEST_F(StorageTest, WrongArgumentsReject) {
  EXPECT_EQ(Rejection("storage.put('a', undefined)"), Quoted("TypeError: put() called with undefined value."));
  EXPECT_EQ(Rejection("storage.put('a')"), Quoted("TypeError: put() called with undefined value."));
  EXPECT_EQ(Rejection("storage.put([1, 2])"), Quoted("TypeError: put() called with undefined value."));
  EXPECT_EQ(Rejection("storage.put()"),
            Quoted("TypeError: Failed to execute 'put' on 'DurableObjectStorage': parameter 1 is not of type 'string or object'."));
  EXPECT_EQ(Rejection("storage.get()"),
            Quoted("TypeError: Failed to execute 'get' on 'DurableObjectStorage': parameter 1 is not of type 'string or Array'."));
  EXPECT_EQ(Rejection("storage.get('a', 5)"),
            Quoted("TypeError: Failed to execute 'get' on 'DurableObjectStorage': parameter 2 is not of type 'GetOptions'."));
  EXPECT_EQ(Rejection("storage.list('x')"),
            Quoted("TypeError: Failed to execute 'list' on 'DurableObjectStorage': parameter 1 is not of type 'ListOptions'."));
  EXPECT_EQ(Rejection("storage.put('f', function named() {})"), Quoted("DataCloneError: function named() { ... } could not be cloned."));
  EXPECT_EQ(Rejection("storage.put('f', ctx)"),
            R"("DataCloneError: Could not serialize object of type \"DurableObjectState\". This type does not support serialization.")");
  EXPECT_EQ(Rejection("storage.get.call({}, 'a')"), Quoted("TypeError: Illegal invocation"));
  EXPECT_EQ(Commits(), 0u);
}

TEST_F(StorageTest, ThrownWhileArgumentsAreReadRejectsAndWritesNothing) {
  EXPECT_EQ(Rejection("storage.put({a: 1, get b() { throw new RangeError('mine') }})"), Quoted("RangeError: mine"));
  EXPECT_EQ(Rejection("storage.put('k', {get x() { throw new RangeError('mine') }})"), Quoted("RangeError: mine"));
  EXPECT_EQ(Rejection("storage.get(['a', {toString: function () { throw new RangeError('key') }}])"), Quoted("RangeError: key"));
  EXPECT_EQ(Rejection("storage.list({get prefix() { throw new RangeError('option') }})"), Quoted("RangeError: option"));
  EXPECT_EQ(Rejection("storage.put('k', 1, {get allowUnconfirmed() { throw new RangeError('option') }})"), Quoted("RangeError: option"));
  EXPECT_EQ(Rejection("storage.put({a: 1, b: function () {}})"), Quoted("DataCloneError: function () { ... } could not be cloned."));
  EXPECT_EQ(Do("return wait(storage.list()).size"), "0");
  EXPECT_EQ(Commits(), 0u);
}

TEST_F(StorageTest, DocumentedLimitsOfAClassWithSqlite) {
  EXPECT_EQ(Do("wait(storage.put(Array(3000).join('k'), 1)); wait(storage.put('v', Array(2000000).join('x'))); return "
               "wait(storage.get('v')).length"),
            "1999999");
  EXPECT_EQ(Rejection("storage.put('v', Array(2200000).join('x'))"),
            Quoted("RangeError: Keys and values cannot be larger than 2097152 bytes together. A key of size 1 and a value of size 2200005 "
                   "were provided."));
  EXPECT_EQ(
      Do("var k = [], o = {}, i; for (i = 0; i < 129; i++) { k.push('k' + i); o['k' + i] = i }"
         "return [rejection(storage.get(k)), rejection(storage.delete(k)), rejection(storage.put(o)), wait(storage.get(k.slice(1))).size]"),
      R"(["RangeError: Maximum number of keys is 128. 129 keys were provided.","RangeError: Maximum number of keys is 128. 129 keys were provided.",)"
      R"("RangeError: Maximum number of key value pairs is 128. 129 pairs were provided.",0])");
}

TEST_F(StorageTest, DocumentedLimitsOfAClassWithoutSqlite) {
  Begin({.backend = StateOptions::Backend::kKeyValue});
  EXPECT_EQ(Do("wait(storage.put(Array(2049).join('k'), 1)); wait(storage.put('v', Array(131073).join('x'))); return "
               "wait(storage.get('v')).length"),
            "131072");
  EXPECT_EQ(Rejection("storage.put(Array(2050).join('k'), 1)"),
            Quoted("RangeError: Keys cannot be larger than 2048 bytes. A key of size 2049 was provided."));
  EXPECT_EQ(Rejection("storage.get(Array(1026).join('\\u00e9'))"),
            Quoted("RangeError: Keys cannot be larger than 2048 bytes. A key of size 2050 was provided."));
  EXPECT_EQ(Rejection("storage.put('v', Array(140001).join('x'))"),
            Quoted("RangeError: Values cannot be larger than 131072 bytes. A value of size 140005 was provided."));
  EXPECT_THAT(Do("return thrown(function () { sql.exec('select 1') })"),
              testing::StartsWith("\"Error: SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `"));
  EXPECT_THAT(Do("return thrown(function () { kv.get('a') })"),
              testing::StartsWith("\"Error: The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects,"));
  EXPECT_EQ(Do("return storage.transactionSync(function () { return 5 })"), "5");
}

TEST_F(StorageTest, ListIsInTheOrderOfUtf8Bytes) {
  EXPECT_EQ(Do("wait(storage.put({a: 1, ab: 2, abc: 3, b: 4, '\\u00e9': 5, '\\ud800\\udc00': 6, '\\uffff': 7, B: 8}));"
               "return Array.from(wait(storage.list()).keys()).join()"),
            "\"B,a,ab,abc,b,\xC3\xA9,\xEF\xBF\xBF,\xF0\x90\x80\x80\"");
  EXPECT_EQ(Do("function k(o) { return Array.from(wait(storage.list(o)).keys()).join('') }"
               "return [k({reverse: true, limit: 2}), k({start: 'ab', end: 'b'}), k({startAfter: 'ab', end: 'c'}), k({start: 'ab', end: "
               "'c', reverse: true}),"
               " k({prefix: 'a'}), k({prefix: 'a', start: 'abb'}), k({prefix: 'a', end: 'ab'}), k({start: 'b', end: 'a'}), k({end: ''}), "
               "k({limit: 1.5}), k({limit: '2'})]"),
            "[\"\xF0\x90\x80\x80\xEF\xBF\xBF\",\"ababc\",\"abcb\",\"babcab\",\"aababc\",\"abc\",\"a\",\"\",\"\",\"B\",\"Ba\"]");
}

TEST_F(StorageTest, ListOptionsAreChecked) {
  for (const char* limit : {"0", "-1", "NaN", "null"}) {
    EXPECT_EQ(Rejection(std::string("storage.list({limit: ") + limit + "})"), Quoted("TypeError: List limit must be positive.")) << limit;
  }
  EXPECT_EQ(Rejection("storage.list({limit: 1e12})"),
            Quoted("TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."));
  EXPECT_EQ(Rejection("storage.list({start: 'a', startAfter: 'b'})"),
            Quoted("TypeError: list() cannot be called with both start and startAfter values."));
  EXPECT_EQ(Do("wait(storage.put('k', 1)); return wait(storage.list({allowConcurrency: true, noCache: true, bogus: 5, limit: undefined, "
               "prefix: undefined})).size"),
            "1");
}

TEST_F(StorageTest, AllowUnconfirmedLeavesOutputsAlone) {
  Do("storage.put('a', 1, {allowUnconfirmed: true}); storage.delete('x', {allowUnconfirmed: true})");
  EXPECT_EQ(hooks_->storage->confirmed_position(), 0u);
  EXPECT_EQ(hooks_->storage->last_position(), 1u);
  Do("storage.put({b: 1}, {allowUnconfirmed: true}); storage.setAlarm(99, {allowUnconfirmed: true})");
  EXPECT_EQ(hooks_->storage->confirmed_position(), 0u);
  Do("storage.put('c', 1)");
  EXPECT_EQ(hooks_->storage->confirmed_position(), hooks_->storage->last_position());
}

TEST_F(StorageTest, OperationsMaySettleInALaterTurn) {
  hooks_->settle_later = true;
  EXPECT_EQ(Do("var p = storage.put('a', {x: 1}), seen = []; p.then(function () { seen.push('put') }); Promise.resolve().then(function () "
               "{ seen.push('microtask') });"
               "var v = wait(storage.get('a', {allowConcurrency: true})); wait(p); return [v.x, seen, wait(storage.get(['a'])).size, "
               "wait(storage.get('none')) === undefined]"),
            R"([1,["microtask","put"],1,true])");
  EXPECT_THAT(hooks_->operations, testing::ElementsAre("put", "get+", "get", "get"));
  EXPECT_EQ(Rejection("storage.list({limit: 0})"), Quoted("TypeError: List limit must be positive."));
}

TEST_F(StorageTest, SyncWaitsForDurability) {
  EXPECT_EQ(Do("storage.put('a', 1); var r = wait(storage.sync()); return r === undefined"), "true");
  hooks_->durability = absl::UnavailableError("the log has failed");
  EXPECT_EQ(Rejection("storage.sync()"), Quoted("Error: Network connection lost."));
}

TEST_F(StorageTest, AlarmsAreSetReadAndDeleted) {
  EXPECT_EQ(Do("var a = wait(storage.getAlarm()); wait(storage.setAlarm(1234567890123.9)); var b = wait(storage.getAlarm());"
               "wait(storage.setAlarm(new Date(5000))); var c = wait(storage.getAlarm()); wait(storage.deleteAlarm()); return [a, b, c, "
               "wait(storage.getAlarm())]"),
            "[null,1234567890123,5000,null]");
  EXPECT_EQ(Rejection("storage.setAlarm(0)"), Quoted("TypeError: setAlarm() cannot be called with an alarm time <= 0"));
  EXPECT_EQ(Rejection("storage.setAlarm(-1)"), Quoted("TypeError: setAlarm() cannot be called with an alarm time <= 0"));
  for (const char* time : {"NaN", "Infinity", "new Date(NaN)"}) {
    EXPECT_EQ(Rejection(std::string("storage.setAlarm(") + time + ")"),
              Quoted("TypeError: The value cannot be converted because it is not a valid Date."))
        << time;
  }
  for (const char* time : {"'tomorrow'", "'99'", "null", "undefined", "true", "{}", "BigInt(5)", ""}) {
    EXPECT_EQ(Rejection(std::string("storage.setAlarm(") + time + ")"),
              Quoted("TypeError: Failed to execute 'setAlarm' on 'DurableObjectStorage': parameter 1 is not of type 'date'."))
        << time;
  }
  EXPECT_EQ(Rejection("storage.setAlarm(9999999999999)"), Quoted("TypeError: This API doesn't support dates after 2189."));
  hooks_->has_alarm_handler = false;
  EXPECT_EQ(Rejection("storage.setAlarm(5)"),
            Quoted("TypeError: Your Durable Object class must have an alarm() handler in order to call setAlarm()"));
}

TEST_F(StorageTest, DuringItsHandlerTheAlarmIsNotToBeSeen) {
  Do("storage.setAlarm(5000)");
  hooks_->storage->BeginAlarmRun();
  EXPECT_EQ(Do("return wait(storage.getAlarm())"), "null");
  EXPECT_EQ(Do("wait(storage.setAlarm(6000)); return wait(storage.getAlarm())"), "6000");
}

TEST_F(StorageTest, DeleteAllKeepsTheAlarmUnlessTheFlagIsSet) {
  EXPECT_EQ(Do("storage.put('k', 1); storage.setAlarm(5000); sql.exec('create table t (a)'); var r = wait(storage.deleteAll());"
               "return [r === undefined, wait(storage.list()).size, wait(storage.getAlarm()), rows(\"select count(*) from sqlite_master "
               "where name = 't'\")]"),
            "[true,0,5000,[[0]]]");
  Begin({.delete_all = ObjectStorage::DeleteAlarm::kYes});
  EXPECT_EQ(Do("wait(storage.deleteAll()); return wait(storage.getAlarm())"), "null");
}

TEST_F(StorageTest, BookmarksSayThatTheyAreNotSupported) {
  for (const char* call : {"getCurrentBookmark()", "getBookmarkForTime(5)", "onNextSessionRestoreBookmark('x')"}) {
    EXPECT_EQ(Rejection(std::string("storage.") + call),
              Quoted("Error: This Durable Object's storage back-end does not implement point-in-time recovery."));
  }
}

TEST_F(StorageTest, SyncKvAnswersAtOnce) {
  EXPECT_EQ(Do("return [kv.put('a', {x: 1}), kv.get('a'), kv.delete('a'), kv.delete('a'), kv.get('a')].map(function (x) { return x === "
               "undefined ? 'u' : x })"),
            R"(["u",{"x":1},true,false,"u"])");
  EXPECT_EQ(Do("kv.put('u', undefined); return [kv.get('u') === undefined, kv.delete('u')]"), "[true,true]");
  EXPECT_EQ(Do("return [thrown(function () { kv.get() }), thrown(function () { kv.put('a') }), thrown(function () { kv.delete() })]"),
            R"(["TypeError: Failed to execute 'get' on 'SyncKvStorage': parameter 1 is not of type 'string'.",)"
            R"("TypeError: Failed to execute 'put' on 'SyncKvStorage': parameter 2 is not of type 'Value'.",)"
            R"("TypeError: Failed to execute 'delete' on 'SyncKvStorage': parameter 1 is not of type 'string'."])");
  EXPECT_EQ(Do("return [thrown(function () { kv.list({limit: 0}) }), thrown(function () { kv.list({start: 'a', startAfter: 'b'}) }), "
               "thrown(function () { kv.put('k', Symbol('s')) })]"),
            R"(["TypeError: List limit must be positive.","TypeError: list() cannot be called with both start and startAfter values.",)"
            R"("DataCloneError: Symbol(s) could not be cloned."])");
}

TEST_F(StorageTest, TheSyncListSeesWhatIsWrittenInBetween) {
  EXPECT_EQ(Do("kv.put('a', 1); kv.put('b', 2); var i = kv.list(), r = [i.next()]; kv.put('c', 3); kv.delete('b'); r.push(i.next(), "
               "i.next(), i.next()); return r"),
            R"([{"done":false,"value":["a",1]},{"done":false,"value":["c",3]},{"done":true},{"done":true}])");
  EXPECT_EQ(Do("kv.put('b', 2); return [Array.from(kv.list({reverse: true, limit: 2})), Array.from(kv.list({prefix: 'b'})), "
               "kv.list()[Symbol.iterator] !== undefined,"
               "kv.list().map(function (e) { return e[0] }).toArray()]"),
            R"([[["c",3],["b",2]],[["b",2]],true,["a","b","c"]])");
  EXPECT_EQ(Do("var i, n = 0, e = kv.list(), s; while (!(s = e.next()).done) { kv.delete(s.value[0]); n++ } return [n, "
               "Array.from(kv.list()).length]"),
            "[3,0]");
}

TEST_F(StorageTest, ManyPairsAreAllOrNothing) {
  Do("storage.put('x', 1)");
  object_.limits.database = ByteCount::KiB(200);
  hooks_->storage->CloseDatabase();
  EXPECT_EQ(Do("var big = new Uint8Array(100000); var r = rejection(storage.put({a: big, b: big, c: big})); return [r, "
               "Array.from(wait(storage.list()).keys())]"),
            R"(["Error: database or disk is full: SQLITE_FULL",["x"]])");
}

TEST_F(StorageTest, AnInstanceThatIsResetCanDoNothingAnyMore) {
  Do("storage.put('a', 1)");
  hooks_->reset = absl::UnavailableError("x");
  EXPECT_EQ(Rejection("storage.get('a')"), Quoted("Error: Network connection lost."));
  EXPECT_EQ(Do("return thrown(function () { kv.get('a') })"), Quoted("Error: Network connection lost."));
  EXPECT_EQ(Do("return thrown(function () { sql.exec('select 1') })"), Quoted("Error: Network connection lost."));
}

TEST_F(StorageTest, WhatOutlivesItsInstanceFindsNobody) {
  Do("kv.put('a', 1); kv.put('b', 2); sql.exec('create table t (a); insert into t values (1), (2)');"
     "old = {storage: storage, kv: kv, sql: sql, list: kv.list(), cursor: sql.exec('select a from t'), ctx: ctx}; old.list.next(); "
     "old.cursor.next()");
  Begin({});
  const std::string gone = "Error: This Durable Object instance is gone: its storage and state can no longer be accessed through it.";
  EXPECT_EQ(Rejection("old.storage.get('a')"), Quoted(gone));
  for (const char* call : {"old.kv.get('a')", "old.sql.exec('select 1')", "old.list.next()", "old.cursor.next()", "old.cursor.toArray()",
                           "old.ctx.abort()", "old.storage.transactionSync(function () {})"}) {
    EXPECT_EQ(Do(std::string("return thrown(function () { ") + call + " })"), Quoted(gone)) << call;
  }
  EXPECT_EQ(Do("var n = old.cursor.columnNames; old = null; return n"), R"(["a"])");
}

TEST_F(StorageTest, AGetterMayResetTheInstanceInTheMiddle) {
  EXPECT_EQ(Rejection("storage.put({a: 1, get b() { try { ctx.abort('stop') } catch (e) {} return 2 }})"), Quoted("Error: stop"));
  EXPECT_EQ(Commits(), 0u);
}

TEST_F(StorageTest, RunningOutOfMemoryOnReadingEndsTheIsolateOnly) {
  Do("var i, big = new Uint8Array(1000000); for (i = 0; i < 60; i++) kv.put('k' + i, big)");
  const auto error = isolate_->Run({}, [](duk_context* ctx) {
    js::Isolate::Evaluate(ctx, "var all = [], i; for (i = 0; i < 20; i++) all.push(storage.list())", "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, js::Limit::kMemory);
  EXPECT_TRUE(hooks_->storage->Put("after", "v", Confirm::kRequired).ok());
  EXPECT_TRUE(hooks_->storage->EndTurn().ok());
}

}  // namespace
}  // namespace edge::durable
