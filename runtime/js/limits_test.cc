// What endless, deep and greedy programs do: an error, never a crash, on stacks as small as a fiber's.
#include <time.h>

#include <vector>

#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

using LimitsTest = IsolateTest;

TEST_F(LimitsTest, TurnsEveryDeepRecursionIntoARangeError) {
  const char* const kPrograms[] = {
      "(function f() { return 1 + f(); })()",
      "var o = {get x() { return this.x; }}; o.x",
      "var o = {toString: function () { return '' + this; }}; '' + o",
      "(function f() { [1].forEach(f); })()",
      "(function f() { return 1 + Reflect.apply(f, null, []); })()",
      "function F() { return Reflect.construct(F, [], F); } new F()",
      "function f() { return f.bind(null)() + 1; } f()",
      "var p = new Proxy({}, {get: function (t, k, r) { return r[k]; }}); p.x",
      "var p = {}; for (var i = 0; i < 50000; i++) p = Object.create(new Proxy(p, {})); p.x",
      "var p = {}; for (var i = 0; i < 50000; i++) p = new Proxy(Object.create(p), {}); 'x' in p",
      "var p = Object.create(new Proxy({}, {set: function (t, k, v, r) { r[k] = v; return true; }})); p.x = 1",
      "var s = ''; for (var i = 0; i < 20000; i++) s += '('; Function(s)",
      "var s = ''; for (var i = 0; i < 20000; i++) s += '['; Function(s)",
      "var s = ''; for (var i = 0; i < 20000; i++) s += '!'; Function(s + '1')",
      "var s = ''; for (var i = 0; i < 20000; i++) s += 'function f(){'; Function(s)",
      "var s = ''; for (var i = 0; i < 20000; i++) s += 'if(1)'; Function(s)",
      "var s = ''; for (var i = 0; i < 20000; i++) s += '['; JSON.parse(s)",
      "var a = []; for (var i = 0; i < 20000; i++) a = [a]; JSON.stringify(a)",
      "var a = {toJSON: function () { return JSON.stringify(a); }}; JSON.stringify(a)",
      "var s = ''; for (var i = 0; i < 20000; i++) s += '('; new RegExp(s)",
      "var s = ''; for (var i = 0; i < 100000; i++) s += 'a'; /(?:a|b)*c/.test(s)",
      "(function f() { [3, 2, 1].sort(f); return 0; })()",
      "(function f() { 'a'.replace(/a/, f); })()",
      "var e = {}; Object.defineProperty(e, 'message', {get: function () { return '' + e; }}); e.toString = function () { return "
      "e.message; }; e.message",
      "(function f(a) { eval('f(1)'); })()",
  };
  for (const size_t kib : {128, 256}) {
    for (const char* program : kPrograms) {
      Make({});
      std::string result;
      SCOPED_TRACE(program);
      OnSmallStack(kib * 1024, [&](char* low) { result = Eval(program, {.stack_low = low}); });
      EXPECT_TRUE(result.substr(0, 10) == "RangeError" || result.substr(0, 11) == "SyntaxError" || result == "undefined" ||
                  result == "false")
          << program << " gave " << result;
      EXPECT_EQ(Eval("1 + 1"), "2") << program;
    }
  }
}

TEST_F(LimitsTest, CatchesRecursionErrorsAndGoesOn) {
  OnSmallStack(128 * 1024, [&](char* low) {
    EXPECT_EQ(
        Eval("var n = 0; function f() { n++; try { f(); } catch (e) { throw e; } } try { [1].map(f) } catch (e) { e.name + (n > 50) }",
             {.stack_low = low}),
        "RangeErrortrue");
  });
}

TEST_F(LimitsTest, StopsAllocationWithoutEndAndCondemnsTheIsolate) {
  for (const char* program :
       {"var a = []; for (;;) a.push({x: 1})", "var a = []; for (;;) a.push([a.length])",
        "var s = 'x', all = []; for (;;) { all.push(s + all.length); }", "var h = null; for (;;) h = {next: h}",
        "var m = {}; for (var i = 0;; i++) m['k' + i] = i", "var f = []; for (;;) f.push(function () { return f; })"}) {
    Make({.memory = ByteCount::MiB(8)});
    EXPECT_EQ(Eval(program), "RangeError: Out of memory") << program;
    EXPECT_EQ(error_->limit, Limit::kMemory) << program;
    EXPECT_LE(isolate_->memory_peak_bytes(), 10u << 20);
    EXPECT_EQ(Eval("1"), "RangeError: Memory limit exceeded");
  }
}

TEST_F(LimitsTest, EndsProgramsThatCatchTheMemoryErrorForEver) {
  Make({.memory = ByteCount::MiB(4)});
  CpuBudget budget{.instructions = 200'000'000};
  EXPECT_EQ(Eval("var a = []; for (;;) { try { for (;;) a.push({}); } catch (e) {} }", {.budget = &budget}).substr(0, 10), "RangeError");
  EXPECT_EQ(error_->limit, Limit::kMemory);
}

TEST_F(LimitsTest, RefusesOneGiantRequestAndLivesOn) {
  for (const char* program : {"new Uint8Array(1e9)", "new ArrayBuffer(4e9)", "var s = 'xxxxxxxx'; for (;;) s = s + s;", "'x'.repeat(1e9)",
                              "new Array(1e9).join('x')"}) {
    Make({});
    CpuBudget budget{.instructions = 50'000'000};
    const std::string result = Eval(program, {.budget = &budget});
    EXPECT_EQ(result.substr(0, 10), "RangeError") << program << " gave " << result;
  }
  Make({});
  EXPECT_EQ(Eval("try { new Uint8Array(1e9) } catch (e) { e.name }"), "RangeError");
  EXPECT_EQ(isolate_->condemned(), Limit::kNone);
}

TEST_F(LimitsTest, InterruptsAtTheSameInstructionEachTime) {
  std::vector<int64_t> first;
  std::vector<int64_t> second;
  for (std::vector<int64_t>* points : {&first, &second}) {
    Make({});
    host_.on_interrupt = [&] { points->push_back(isolate_->executed_instructions()); };
    Eval("var a = []; for (var i = 0; i < 500000; i++) { a.push({i: i}); if (a.length > 1000) a = []; }");
    host_.on_interrupt = nullptr;
  }
  EXPECT_GT(first.size(), 5u);
  EXPECT_EQ(first, second);
}

TEST_F(LimitsTest, CanBeCondemnedWhileSuspended) {
  host_.on_interrupt = [&] { isolate_->Condemn(Limit::kCpu); };
  EXPECT_EQ(Eval("for (;;) { try { for (;;) {} } finally { continue; } }"), "RangeError: CPU time limit exceeded");
  EXPECT_EQ(host_.interrupts, 1);
}

TEST_F(LimitsTest, ChargesNativesAndCollections) {
  isolate_->Run({}, [](duk_context* ctx) {
    duk_push_c_function(
        ctx,
        [](duk_context* c) -> duk_ret_t {
          ChargeCpu(c, 1'000'000);
          return 0;
        },
        0);
    duk_put_global_string(ctx, "work");
  });
  const int64_t before = isolate_->executed_instructions();
  Eval("work()");
  EXPECT_GT(isolate_->executed_instructions() - before, 1'000'000);
  EXPECT_EQ(host_.interrupts, 3);
  CpuBudget budget{.instructions = 1'500'000};
  EXPECT_EQ(Eval("work(); try { work(); } catch (e) { 'caught' }", {.budget = &budget}), "RangeError: CPU time limit exceeded");
  EXPECT_EQ(budget.instructions, 0);
}

TEST_F(LimitsTest, StopsCatastrophicRegularExpressions) {
  CpuBudget budget{.instructions = 2'000'000};
  EXPECT_EQ(Eval("/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", {.budget = &budget}), "RangeError: CPU time limit exceeded");
}

TEST_F(LimitsTest, ChargesNativesThatLoop) {
  for (const char* program :
       {"var a = []; a.length = 2e9; a.indexOf(1)", "Array.prototype.forEach.call({length: 2e9}, function () {})",
        "Array.prototype.join.call({length: 2e9}, '')", "Array.prototype.reverse.call({length: 2e9})",
        "var a = []; for (var i = 0; i < 30000; i++) a.push(i); for (;;) a.unshift(a.pop())",
        "var s = 'a'.repeat(1e6), t = 'a'.repeat(5e5) + 'b'; for (;;) s.lastIndexOf(t)",
        "var s = 'a'.repeat(1e6), t = 'a'.repeat(5e5) + 'b'; for (;;) s.indexOf(t)",
        "var s = 'é'.repeat(1e6); for (var i = 0;; i++) s.charCodeAt((i * 7919) % 1e6)",
        "var s = 'x'.repeat(1e6); for (;;) s.toUpperCase()", "var s = 'x'.repeat(1e6); for (;;) encodeURIComponent(s)",
        "var u = new Uint8Array(1e7), v = new Uint8Array(1e7); for (;;) u.set(v)", "for (;;) new Uint8Array(1e7)",
        "var a = []; for (var i = 0; i < 20000; i++) a.push({i: i}); for (;;) JSON.stringify(a)",
        "var a = []; for (var i = 0; i < 5000; i++) a.push({i: i}); var s = JSON.stringify(a); for (;;) JSON.parse(s)",
        "var s = ''; for (var i = 0;; i++) s += 'some text'"}) {
    Make({.memory = ByteCount::MiB(64)});
    CpuBudget budget{.instructions = 20'000'000};
    timespec begin, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    const std::string result = Eval(program, {.budget = &budget});
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    EXPECT_EQ(result, "RangeError: CPU time limit exceeded") << program;
    // 20 M instructions are about 100 ms; anything near that is honest, and a wide margin keeps slow machines quiet.
    EXPECT_LT((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1'000'000, 5000) << program;
  }
}

TEST_F(LimitsTest, BareIsolateIsSmall) { EXPECT_LT(isolate_->memory_used_bytes(), 200'000u); }

}  // namespace
}  // namespace edge::js
