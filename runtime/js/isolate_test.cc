#include "runtime/js/isolate.h"

#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

TEST_F(IsolateTest, RunsScriptsAndReportsErrors) {
  EXPECT_EQ(Eval("1 + 1"), "2");
  EXPECT_EQ(Eval("'a' + Math.max(1, 2.5)"), "a2.5");
  EXPECT_EQ(Eval("null.x"), "TypeError: cannot read property 'x' of null");
  EXPECT_EQ(Eval("throw 'just text'"), ": just text");
  EXPECT_EQ(Eval("throw {toString: function () { throw 1; }}").substr(0, 2), ": ");
  EXPECT_EQ(Eval("(").substr(0, 12), "SyntaxError:");
  EXPECT_EQ(Eval("2 + 2"), "4");
}

TEST_F(IsolateTest, FreezesTheClockAndAsksTheHostForRandomness) {
  EXPECT_EQ(Eval("Date.now()"), "1700000000123");
  EXPECT_EQ(Eval("new Date().toISOString()"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(Eval("new Date(0).getTimezoneOffset()"), "0");
  EXPECT_NE(Eval("Math.random()"), Eval("Math.random()"));
}

TEST_F(IsolateTest, CountsInstructionsExactlyAcrossEntries) {
  Eval("for (var i = 0; i < 1000; i++) {}");  // the collection after start-up
  CpuBudget budget{.instructions = 1'000'000};
  Eval("for (var i = 0; i < 1000; i++) {}", {.budget = &budget});
  const int64_t once = 1'000'000 - budget.instructions;
  EXPECT_GT(once, 2000);
  EXPECT_LT(once, 10'000);
  Eval("for (var i = 0; i < 1000; i++) {}", {.budget = &budget});
  EXPECT_EQ(1'000'000 - budget.instructions, 2 * once);

  // Exactly enough is enough; one less is not.
  CpuBudget exact{.instructions = once};
  EXPECT_EQ(Eval("for (var i = 0; i < 1000; i++) {}", {.budget = &exact}), "undefined");
  EXPECT_EQ(exact.instructions, 0);
  CpuBudget short_by_one{.instructions = once - 1};
  EXPECT_EQ(Eval("for (var i = 0; i < 1000; i++) {}", {.budget = &short_by_one}), "RangeError: CPU time limit exceeded");
  EXPECT_EQ(isolate_->condemned(), Limit::kCpu);
}

TEST_F(IsolateTest, EndsEndlessLoopsUncatchably) {
  for (const char* source :
       {"while (1) {}", "for (;;) { try { while (1) {} } catch (e) {} }", "(function f() { try { while (1) {} } finally { f(); } })()",
        "(function f() { try { while (1) {} } finally { while (1) {} } })()",
        "var t = new Duktape.Thread(function () { while (1) {} }); for (;;) { try { Duktape.Thread.resume(t); } catch (e) {} }"}) {
    Make({});
    CpuBudget budget{.instructions = 3'000'000};
    EXPECT_EQ(Eval(source, {.budget = &budget}), "RangeError: CPU time limit exceeded") << source;
    EXPECT_EQ(error_->limit, Limit::kCpu);
    EXPECT_EQ(budget.instructions, 0) << source;
    EXPECT_EQ(Eval("1"), "RangeError: CPU time limit exceeded");
  }
}

}  // namespace
}  // namespace edge::js
