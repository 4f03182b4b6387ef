// ctx.storage.sql: conversions, cursors, errors; as a local workerd answers.
#include "runtime/durable/testing/durable_test.h"
#include "runtime/js/isolate_testing.h"

namespace edge::durable {
namespace {

struct SmallStack : js::IsolateTest {
  using IsolateTest::OnSmallStack;
};

class SqlTest : public DurableTest {
 protected:
  std::string Thrown(std::string_view expression) { return Do("return thrown(function () { " + std::string(expression) + " })"); }
};

TEST_F(SqlTest, BindingsAreConvertedAsThePlatformDoesIt) {
  EXPECT_EQ(Do("return rows('select ?, typeof(?), ?, typeof(?)', true, true, false, false)"), R"([["true","text","false","text"]])");
  EXPECT_EQ(Do("return rows('select ?, typeof(?), typeof(?), typeof(?)', 5, 5, 5.5, NaN)"), R"([[5,"real","real","null"]])");
  EXPECT_EQ(Do("return rows('select ?, ?, typeof(?)', null, undefined, null)"), R"([[null,null,"null"]])");
  EXPECT_EQ(Do("return rows('select ?, ?, ?', {a: 1}, [1, 2], new String('s'))"), R"([["[object Object]","1,2","s"]])");
  EXPECT_EQ(Do("var r = rows('select ?, typeof(?), ?', new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2, 3]).subarray(1), new "
               "DataView(new ArrayBuffer(2)))[0];"
               "return [r[0] instanceof ArrayBuffer, Array.from(new Uint8Array(r[0])), r[1], r[2].byteLength]"),
            R"([true,[1,2],"blob",2])");
  EXPECT_EQ(Do("return rows('select ?, length(?)', '\\u00e9\\ud83d\\ude00', '\\u00e9\\ud83d\\ude00')"),
            "[[\"\xC3\xA9\xF0\x9F\x98\x80\",2]]");
  EXPECT_THAT(Thrown("sql.exec('select ?', BigInt(5))"), R"("TypeError: Cannot convert a BigInt value to a number")");
  EXPECT_EQ(Thrown("sql.exec('select ?', Symbol('x'))"), R"("TypeError: Cannot convert a Symbol value to a string")");
  EXPECT_EQ(Thrown("sql.exec('select ?, ?', 1, {toString: function () { throw new RangeError('mine') }})"), R"("RangeError: mine")");
}

TEST_F(SqlTest, ResultsAreNumbersTextAndBytes) {
  EXPECT_EQ(Do("return rows(\"select 9007199254740993, 9223372036854775807, 5, 5.5, '', null, 'x' || char(233)\")"),
            "[[9007199254740992,9223372036854776000,5,5.5,\"\",null,\"x\xC3\xA9\"]]");
  EXPECT_EQ(Do("var r = rows(\"select x'', x'00ff'\")[0]; return [r[0].byteLength, Array.from(new Uint8Array(r[1]))]"), "[0,[0,255]]");
}

TEST_F(SqlTest, TheNumberOfBindingsMustBeRight) {
  for (const char* call : {"sql.exec('select ?, ?', 1)", "sql.exec('select ?', 1, 2)", "sql.exec('select 1', 1)"}) {
    EXPECT_EQ(Thrown(call), R"("Error: Wrong number of parameter bindings for SQL query.")") << call;
  }
  EXPECT_EQ(Do("return [rows('select :a, @b, $c', 1, 2, 3), rows('select ?2', 1, 2)]"), "[[[1,2,3]],[[2]]]");
}

TEST_F(SqlTest, SeveralStatementsInOneCall) {
  EXPECT_EQ(Do("return rows('create table m (a, b); insert into m values (1, 2), (3, 4); select * from m where a = ?', 3)"), "[[3,4]]");
  EXPECT_EQ(Do("return rows('select 1; select 2')"), "[[2]]");
  EXPECT_EQ(Do("return [rows('select 1; '), rows('select 1;\\n\\n'), rows('select 1 -- c'), rows('/* c */ select 1'), rows('select "
               "1;;select 2')].length"),
            "5");
  for (const char* query : {"", "-- nothing", "  ", ";", "select 1;;", "select 1; -- x", "select 1; /* c */"}) {
    EXPECT_EQ(Thrown(std::string("sql.exec('") + query + "')"), R"("Error: SQL code did not contain a statement.")") << query;
  }
  EXPECT_EQ(Thrown("sql.exec('insert into m values (?, ?); select 1', 1, 2)"),
            R"("Error: When executing multiple SQL statements in a single call, only the last statement can have parameters.")");
  EXPECT_EQ(Thrown("sql.exec('create table zz (a); selec 1')"), R"("Error: near \"selec\": syntax error at offset 0: SQLITE_ERROR")");
  EXPECT_EQ(Do("return rows(\"select name from sqlite_master where name = 'zz'\")"), R"([["zz"]])");
}

TEST_F(SqlTest, ErrorsCarryTheTextOfSqlite) {
  EXPECT_EQ(Thrown("sql.exec('select * from nope')"), R"("Error: no such table: nope: SQLITE_ERROR")");
  EXPECT_EQ(Thrown("sql.exec('attach \\':memory:\\' as x')"), R"("Error: not authorized: SQLITE_AUTH")");
  EXPECT_THAT(Thrown("sql.exec('begin')"), testing::StartsWith("\"Error: To execute a transaction, please use the state.storag"));
  EXPECT_EQ(Thrown("sql.exec()"), R"("TypeError: Failed to execute 'exec' on 'SqlStorage': parameter 1 is not of type 'String'.")");
  EXPECT_EQ(Thrown("sql.exec(5)"), R"("Error: near \"5\": syntax error at offset 0: SQLITE_ERROR")");
  EXPECT_THAT(Thrown("sql.exec('create table u (a unique); insert into u values (1); insert into u values (1)')"),
              testing::StartsWith("\"Error: UNIQUE constraint failed: u.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"));
}

TEST_F(SqlTest, ThePlatformsTablesAreHidden) {
  Do("storage.put('k', 1)");
  EXPECT_THAT(Thrown("sql.exec('select * from _cf_KV')"), testing::StartsWith("\"Error: access to _cf_KV.k"));
  EXPECT_EQ(Thrown("sql.exec('create table _cf_x (a)')"), R"("Error: not authorized: SQLITE_AUTH")");
  EXPECT_EQ(Do("storage.put('_cf_key', 1); return wait(storage.get('_cf_key'))"), "1");
}

TEST_F(SqlTest, CursorsAreLazyAndEnd) {
  EXPECT_EQ(
      Do("var c = sql.exec('select 1 as a, 2 as b union all select 3, 4'); return [c.columnNames, c.next(), c.next(), c.next(), c.next(), "
         "c.columnNames, String(c), Object.keys(c)]"),
      R"([["a","b"],{"done":false,"value":{"a":1,"b":2}},{"done":false,"value":{"a":3,"b":4}},{"done":true},{"done":true},["a","b"],"[object Cursor]",[]])");
  EXPECT_EQ(Do("var c = sql.exec('select 1 a union all select 2'); return [c.toArray(), c.toArray()]"), R"([[{"a":1},{"a":2}],[]])");
  EXPECT_EQ(Do("var s = 0, c = sql.exec('select 1 a union all select 2'); edge.await(null); return [Array.from(c).length, c instanceof "
               "sql.Cursor, thrown(function () { new sql.Cursor() })]"),
            R"([2,true,"TypeError: Illegal constructor"])");
  EXPECT_EQ(Do("return Object.keys(sql.exec('select 1 as b, 2 as a').one())"), R"(["b","a"])");
}

TEST_F(SqlTest, OneWantsExactlyOneRow) {
  EXPECT_EQ(Do("return sql.exec('select 1 a').one()"), R"({"a":1})");
  EXPECT_EQ(Thrown("sql.exec('select 1 where 0').one()"), R"("Error: Expected exactly one result from SQL query, but got no results.")");
  EXPECT_EQ(Thrown("sql.exec('select 1 a union all select 2').one()"),
            R"("Error: Expected exactly one result from SQL query, but got multiple results.")");
  EXPECT_EQ(Do("var c = sql.exec('select 1 a union all select 2'); c.next(); return c.one()"), R"({"a":2})");
}

TEST_F(SqlTest, RawSharesTheCursor) {
  EXPECT_EQ(
      Do("var c = sql.exec('select 1 a union all select 2 union all select 3'), r = c.raw(); return [r.next(), c.next(), r.next(), "
         "r.next(), String(r)]"),
      R"([{"done":false,"value":[1]},{"done":false,"value":{"a":2}},{"done":false,"value":[3]},{"done":true},"[object RawIterator]"])");
  EXPECT_EQ(Do("return sql.exec('select 1 a, 2 a union all select 2, 3').raw().toArray()"), "[[1,2],[2,3]]");
}

TEST_F(SqlTest, TheSameStatementMayBeOpenTwice) {
  EXPECT_EQ(Do("var q = 'select 1 a union all select 2 union all select 3', a = sql.exec(q), x = [a.next().value.a], b = sql.exec(q);"
               "x.push(b.next().value.a, a.next().value.a, b.next().value.a, a.next().value.a); return x"),
            "[1,1,2,2,3]");
}

TEST_F(SqlTest, RowsReadAndWrittenGrow) {
  EXPECT_EQ(Do("sql.exec('create table m (a); insert into m values (1), (2)'); var c = sql.exec('select * from m'), l = [c.rowsRead]; "
               "c.next(); l.push(c.rowsRead); c.toArray(); l.push(c.rowsRead);"
               "var w = sql.exec('insert into m values (1), (5)'); return [l, w.rowsWritten, w.columnNames]"),
            "[[1,2,2],2,[]]");
}

TEST_F(SqlTest, CursorsLiveOverAwaitsAndWrites) {
  EXPECT_EQ(
      Do("sql.exec('create table t (a); insert into t values (1), (2), (3)'); var c = sql.exec('select a from t'), l = [c.next().value.a];"
         "wait(new Promise(function (r) { setTimeout(r, 5) })); wait(storage.put('zz', 1)); l.push(c.next().value.a);"
         "wait(new Promise(function (r) { setTimeout(r, 5) })); l.push(c.next().value.a, c.next().done); return l"),
      "[1,2,3,true]");
  EXPECT_EQ(Thrown("var c = sql.exec('select a from t'); c.next(); sql.exec('drop table t')"),
            R"("Error: database table is locked: SQLITE_LOCKED")");
  EXPECT_EQ(Do("var c = sql.exec('select a from t'); c.next(); wait(storage.deleteAll()); return thrown(function () { c.next() })"),
            R"("Error: SQLite query was canceled because the database was deleted.")");
}

TEST_F(SqlTest, ASchemaChangeBetweenTwoRunsShowsInTheColumns) {
  EXPECT_EQ(Do("sql.exec('create table t (a); insert into t values (1)'); var q = 'select * from t', a = sql.exec(q).toArray(); "
               "sql.exec('alter table t add b'); var c = sql.exec(q); return [a, c.columnNames, c.one()]"),
            R"([[{"a":1}],["a","b"],{"a":1,"b":null}])");
}

TEST_F(SqlTest, StatementsThatReturnRowsAreComplete) {
  EXPECT_EQ(Do("sql.exec('create table t (a)'); var c = sql.exec('insert into t values (1), (2) returning a'); return [rows('select "
               "count(*) from t'), c.next(), c.toArray()]"),
            R"([[[2]],{"done":false,"value":{"a":1}},[{"a":2}]])");
  EXPECT_EQ(Commits(), 1u);
}

TEST_F(SqlTest, DatabaseSizeGrows) {
  EXPECT_EQ(Do("var a = sql.databaseSize; sql.exec('create table t (a)'); var b = sql.databaseSize; return [a % 4096, b > a, b % 4096]"),
            "[0,true,0]");
}

TEST_F(SqlTest, AnEndlessStatementEndsByTheCpuLimit) {
  js::CpuBudget budget = {.instructions = 3'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    js::Isolate::Evaluate(ctx,
                          "try { sql.exec('with recursive c (n) as (select 1 union all select n + 1 from c) select count(*) from c') } "
                          "catch (e) {} later = 1",
                          "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, js::Limit::kCpu);
  EXPECT_EQ(isolate_->condemned(), js::Limit::kCpu);
}

TEST_F(SqlTest, AnEndlessCursorEndsByTheCpuLimit) {
  js::CpuBudget budget = {.instructions = 3'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    js::Isolate::Evaluate(ctx, "sql.exec('with recursive c (n) as (select 1 union all select n + 1 from c) select n from c').toArray()",
                          "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, js::Limit::kCpu);
}

TEST_F(SqlTest, DeepRecursionIsARangeErrorAndNothingBreaks) {
  Do("sql.exec('create table t (a)')");
  std::string result;
  SmallStack::OnSmallStack(512 * 1024, [&](char* low) {
    const auto error = isolate_->Run({.stack_low = low}, [&](duk_context* ctx) {
      js::Isolate::Evaluate(ctx,
                            "var deepest; function down(n) { try { sql.exec('insert into t values (?)', n) } catch (e) { deepest = e.name; "
                            "throw e } down(n + 1) }"
                            "try { down(0) } catch (e) { deepest + ' ' + (Number(rows('select count(*) from t')[0][0]) > 3) }",
                            "test.js");
      result = duk_to_string(ctx, -1);
    });
    if (error.has_value()) result = error->message;
  });
  EXPECT_EQ(result, "RangeError true");
}

TEST_F(SqlTest, RunningOutOfMemoryInTheMiddleOfACursorLeavesTheDatabaseUsable) {
  Do("sql.exec('create table t (a)')");
  isolate_->Run({}, [](duk_context* ctx) {
    js::Isolate::Evaluate(
        ctx, "sql.exec('with recursive c (n) as (select 1 union all select n + 1 from c) select hex(randomblob(500000)) from c').toArray()",
        "test.js");
  });
  EXPECT_EQ(isolate_->condemned(), js::Limit::kMemory);
  isolate_.reset();
  EXPECT_TRUE(hooks_->storage->Put("k", "v", Confirm::kRequired).ok());
  EXPECT_TRUE(hooks_->storage->EndTurn().ok());
}

TEST_F(SqlTest, CursorsThatAreDroppedGiveTheirStatementBack) {
  EXPECT_EQ(Do("sql.exec('create table t (a); insert into t values (1), (2)'); var i; for (i = 0; i < 5000; i++) sql.exec('select a, ' + "
               "(i % 300) + ' from t').next(); sql.exec('drop table t'); return i"),
            "5000");
  EXPECT_EQ(Thrown("var l = [], i; for (i = 0; i < 2000; i++) l.push(sql.exec('select 1 union all select 2'))"),
            R"("Error: Too many SQL cursors are open: read them to their end, or let go of them.")");
}

}  // namespace
}  // namespace edge::durable
