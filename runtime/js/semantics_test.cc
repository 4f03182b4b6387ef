// Where the engine's own semantics are changed by patches: proxies in chains, Reflect, numbers.
#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "edge_engine.h"
#include "rapidcheck/gtest.h"
#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

using SemanticsTest = IsolateTest;

TEST_F(SemanticsTest, ProxyInAPrototypeChainSeesGetHasAndSet) {
  Eval(
      "var log = []; var handler = {"
      "get: function (t, k, r) { log.push('get ' + String(k) + (r === o)); return 'got ' + String(k); },"
      "has: function (t, k) { log.push('has ' + String(k)); return k === 'yes'; },"
      "set: function (t, k, v, r) { log.push('set ' + k + v + (r === o)); return k !== 'no'; }};"
      "var o = Object.create(Object.create(new Proxy({}, handler))); Object.defineProperty(o, 'own', {value: 1}); 0");
  EXPECT_EQ(Eval("o.own + o.other"), "1got other");
  EXPECT_EQ(Eval("('yes' in o) + ',' + ('own' in o) + ',' + ('zzz' in o)"), "true,true,false");
  EXPECT_EQ(Eval("o.a = 5; Object.prototype.hasOwnProperty.call(o, 'a')"), "false");
  EXPECT_EQ(Eval("(function () { 'use strict'; o.no = 1; })()").substr(0, 9), "TypeError");
  EXPECT_EQ(Eval("log.join()"), "get othertrue,has yes,has zzz,set a5true,set no1true");
}

TEST_F(SemanticsTest, AProxyMayBeTheTargetOfAProxy) {
  Eval(
      "var log = []; var inner = new Proxy({a: 1}, {get: function (t, k) { log.push('inner ' + String(k)); return t[k]; },"
      " deleteProperty: function (t, k) { log.push('delete ' + k); return delete t[k]; }}); 0");
  EXPECT_EQ(Eval("var outer = new Proxy(inner, {}); outer.a + ' ' + ('a' in outer) + ' ' + log.join()"), "1 true inner a");
  EXPECT_EQ(Eval("var trapped = new Proxy(inner, {get: function (t, k) { return 'outer ' + t[k]; }}); trapped.a"), "outer 1");
  EXPECT_EQ(Eval("outer.b = 2; inner.b + ' ' + delete outer.a + ' ' + ('a' in inner) + ' ' + log.pop()"), "2 true false delete a");
  EXPECT_EQ(Eval("var p = {}; for (var i = 0; i < 20000; i++) p = new Proxy(p, {}); try { delete p.x; 'deleted' } catch (e) { e.name }"),
            "RangeError");
  EXPECT_EQ(Eval("var f = new Proxy(new Proxy(function (x) { return x + 1; }, {}), {}); f(1) + ' ' + typeof f"), "2 function");
}

TEST_F(SemanticsTest, UntrappedProxyKeepsItselfAsReceiver) {
  EXPECT_EQ(Eval("var t = {get me() { return this; }}; var p = new Proxy(t, {}); p.me === p"), "true");
  EXPECT_EQ(Eval("var seen; var t = {set x(v) { seen = this; }}; var p = new Proxy(t, {}); p.x = 1; seen === p"), "true");
  EXPECT_EQ(Eval("var t = {a: 1}; var p = new Proxy(t, {}); p.a = 2; p.b = 3; t.a + t.b"), "5");
  EXPECT_EQ(Eval("var t = [1, 2]; var p = new Proxy(t, {}); p[5] = 1; p.length + ',' + t.length"), "6,6");
  EXPECT_EQ(Eval("var t = {}; var p = new Proxy(t, {set: function (t, k, v, r) { return Reflect.set(t, k, v + 1, r); }}); p.x = 1; t.x"),
            "2");
  EXPECT_EQ(Eval("Object.create(new Proxy(Object.create(new Proxy({deep: 'value'}, {})), {})).deep"), "value");
}

TEST_F(SemanticsTest, NamedReadsFindWhatEveryKindOfObjectHas) {
  EXPECT_EQ(Eval("var o = Object.create({get g() { return this === o; }, set s(v) {}, p: 1}); o.g + ',' + o.s + ',' + o.p + ',' + o.none"),
            "true,undefined,1,undefined");
  EXPECT_EQ(Eval("[1, 2].length + ',' + 'abc'.length + ',' + new String('ab').length + ',' + new Uint8Array(3).length + ',' + "
                 "(function (a, b) {}).length"),
            "2,3,2,3,2");
  EXPECT_EQ(Eval("'abc'['1'] + new String('abc')['2'] + [7]['0'] + new Uint8Array([5])['0'] + Object.create([9])['0']"), "bc759");
  EXPECT_EQ(Eval("Object.create([1, 2, 3]).length"), "3");
  EXPECT_EQ(
      Eval("(function (a) { a = 2; arguments.own = 3; return arguments[0] + arguments['0'] + arguments.own + arguments.length; })(1)"),
      "8");
  EXPECT_EQ(Eval("(function () { 'use strict'; try { return arguments.callee; } catch (e) { return e.name; } })()"), "TypeError");
  EXPECT_EQ(Eval("Object.defineProperty(String.prototype, 'kind', {get: function () { 'use strict'; return typeof this; }, "
                 "configurable: true}); var kind = 'x'.kind; delete String.prototype.kind; kind"),
            "string");
  EXPECT_EQ(Eval("var n = 0, t = {get x() { n++; throw new RangeError('from x'); }}; try { t.x; } catch (e) { e.message + n }"), "from x1");
  EXPECT_EQ(Eval("var many = {}; for (var i = 0; i < 50; i++) many['k' + i] = i; delete many.k7; many.k49 + ',' + many.k7 + ',' + many.k8"),
            "49,undefined,8");
  EXPECT_EQ(Eval("var chain = {deep: 'found'}; for (var i = 0; i < 200; i++) chain = Object.create(chain); chain.deep + chain.none"),
            "foundundefined");
}

TEST_F(SemanticsTest, ReflectGetAndSetUseTheReceiver) {
  EXPECT_EQ(Eval("Reflect.get({get x() { return this.y; }}, 'x', {y: 5})"), "5");
  EXPECT_EQ(Eval("var r = {}; Reflect.set({set x(v) { this.y = v; }}, 'x', 3, r); r.y"), "3");
  EXPECT_EQ(Eval("var r = {}; Reflect.set({x: 1}, 'x', 3, r) + ',' + r.x"), "true,3");
  EXPECT_EQ(Eval("var r = Object.freeze({}); Reflect.set({x: 1}, 'x', 3, r)"), "false");
  EXPECT_EQ(Eval("Reflect.set({x: 1}, 'x', 3, 5)"), "false");
  EXPECT_EQ(Eval("var r = {get x() { return 1; }}; Reflect.set({x: 1}, 'x', 3, r)"), "false");
  EXPECT_EQ(Eval("Reflect.get([1, 2, 3], 'length', {})"), "3");
  EXPECT_EQ(Eval("Reflect.get(1, 'x')").substr(0, 9), "TypeError");
}

TEST_F(SemanticsTest, ReflectConstructPassesNewTarget) {
  EXPECT_EQ(
      Eval("function A(x) { this.x = x; this.t = new.target; } function B() {} B.prototype = {b: 1};"
           "var o = Reflect.construct(A, [7], B); o.x + ',' + o.b + ',' + (o.t === B) + ',' + (o instanceof B) + ',' + (o instanceof A)"),
      "7,1,true,true,false");
  EXPECT_EQ(Eval("function A() { return Reflect.construct(Object, [], new.target); } new A() instanceof A"), "true");
  EXPECT_EQ(Eval("function E() { return Reflect.construct(Error, ['m'], E); } E.prototype = Object.create(Error.prototype);"
                 "var e = new E(); (e instanceof E) + e.message + Object.prototype.toString.call(e) + (typeof e.stack)"),
            "truem[object Error]string");
  EXPECT_EQ(Eval("function L() { return Reflect.construct(Array, [], L); } L.prototype = Object.create(Array.prototype);"
                 "var l = new L(); l.push(1, 2); l.length + ',' + (l instanceof L) + ',' + Array.isArray(l)"),
            "2,true,true");
  EXPECT_EQ(Eval("function A(a, b) { this.s = a + b; this.t = new.target; } var o = Reflect.construct(A.bind(null, 1), [2]); o.s + ',' + "
                 "(o.t === A)"),
            "3,true");
  EXPECT_EQ(Eval("var P = new Proxy(function () {}, {construct: function (t, a, n) { return {a: a, n: n}; }}); var o = "
                 "Reflect.construct(P, [1, 2], Array); o.a.length + ',' + (o.n === Array)"),
            "2,true");
  EXPECT_EQ(Eval("Reflect.construct(function () { return 5; }, []) instanceof Object"), "true");
  EXPECT_EQ(Eval("Reflect.construct(Math.max, [])").substr(0, 9), "TypeError");
  EXPECT_EQ(Eval("Reflect.construct(Date, [], {})").substr(0, 9), "TypeError");
  // new.target of a plain call inside is not inherited.
  EXPECT_EQ(Eval("function In() { return new.target; } function Out() { this.r = In(); } Reflect.construct(Out, [], Array).r"),
            "undefined");
  EXPECT_EQ(
      Eval(
          "function In2() { this.t = new.target; } function Out2() { this.r = new In2().t; } Reflect.construct(Out2, [], Array).r === In2"),
      "true");
}

TEST_F(SemanticsTest, PrintsNumbersAsEcmaScriptDoes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"0.1 + 0.2", "0.30000000000000004"},
      {"1e21", "1e+21"},
      {"123456789012345680000", "123456789012345680000"},
      {"1e-7", "1e-7"},
      {"0.000001", "0.000001"},
      {"-0", "0"},
      {"-1.5e-10", "-1.5e-10"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"4294967296.5", "4294967296.5"},
      {"9007199254740993", "9007199254740992"},
      {"1e15", "1000000000000000"},
      {"-1e20", "-100000000000000000000"},
      {"100", "100"},
      {"0/0", "NaN"},
      {"-1/0", "-Infinity"},
      {"(25).toString(36)", "p"},
      {"(1.005).toFixed(2)", "1.00"},
      {"JSON.stringify([1.5, 1e21, -0])", "[1.5,1e+21,0]"},
  };
  for (const auto& [source, want] : kCases) EXPECT_EQ(Eval(source), want) << source;
}

TEST_F(SemanticsTest, ReadsNumbersInEveryForm) {
  const std::pair<const char*, const char*> kCases[] = {
      {"Number('12.5e3')", "12500"},
      {"Number(' 12 ')", "12"},
      {"Number('')", "0"},
      {"Number('1.')", "1"},
      {"Number('.5')", "0.5"},
      {"Number('0x1f')", "31"},
      {"Number('1e')", "NaN"},
      {"Number('-0') === 0 && 1 / Number('-0')", "-Infinity"},
      {"Number('007')", "7"},
      {"Number('1e400')", "Infinity"},
      {"Number('1e-400')", "0"},
      {"Number('12px')", "NaN"},
      {"parseFloat('12.5px')", "12.5"},
      {"parseFloat('1e')", "1"},
      {"parseFloat('0x10')", "0"},
      {"parseFloat('-1.5.5')", "-1.5"},
      {"parseFloat('.5.')", "0.5"},
      {"parseInt('12.9')", "12"},
      {"parseInt('0x1f')", "31"},
      {"parseInt('08')", "8"},
      {"parseInt('-5e3')", "-5"},
      {"parseInt('1e3')", "1"},
      {"JSON.parse('[-0.5e+2, 10]').join()", "-50,10"},
      {"try { JSON.parse('01') } catch (e) { e.name }", "SyntaxError"},
      {"try { JSON.parse('1.') } catch (e) { e.name }", "SyntaxError"},
      {"try { JSON.parse('1e') } catch (e) { e.name }", "SyntaxError"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"},
      {"0.1e1", "1"},
      {"parseFloat('12345678901234567890')", "12345678901234567000"},
      {"Number('Infinity')", "Infinity"},
  };
  for (const auto& [source, want] : kCases) EXPECT_EQ(Eval(source), want) << source;
}

RC_GTEST_PROP(Numbers, ReadBackAsThemselvesInTheEcmaScriptLayout, (uint64_t bits)) {
  double value;
  memcpy(&value, &bits, sizeof value);
  RC_PRE(std::isfinite(value));
  char text[EDGE_NUMBER_CHARS_MAX];
  const size_t size = edge_format_number(value, text);
  RC_ASSERT(size <= size_t{25});
  double back = 0;
  RC_ASSERT(edge_parse_number(text, size, EDGE_NUMBER_FRACTION | EDGE_NUMBER_EXPONENT | EDGE_NUMBER_MINUS, &back) == 1);
  RC_ASSERT(back == value);
  // No shorter digits would do: as many as the library's shortest form has.
  char shortest[40];
  const char* end = std::to_chars(shortest, shortest + sizeof shortest, value, std::chars_format::scientific).ptr;
  size_t want = 0;
  for (const char* p = shortest; p < end && *p != 'e'; ++p) want += *p >= '0' && *p <= '9';
  std::string digits;
  for (size_t i = 0; i < size && text[i] != 'e'; ++i) {
    if (text[i] >= '0' && text[i] <= '9') digits += text[i];
  }
  while (digits.size() > 1 && digits[0] == '0') digits.erase(0, 1);
  while (digits.size() > want && digits.back() == '0') digits.pop_back();
  RC_ASSERT(digits.size() == want);
}

TEST_F(SemanticsTest, ReadsDatesInTheUsualForms) {
  const std::pair<const char*, const char*> kCases[] = {
      {"Tue, 21 Nov 2023 10:20:30 GMT", "1700562030000"},
      {"Tue, 21 Nov 2023 10:20:30 +0100", "1700558430000"},
      {"Tuesday, 21-Nov-23 10:20:30 GMT", "1700562030000"},
      {"Nov 21, 2023 10:20 PM", "1700605200000"},
      {"Nov 21, 2023 12:20 AM", "1700526000000"},
      {"Tue Nov 21 2023 10:20:30 GMT+0100 (CET)", "1700558430000"},
      {"Tue Nov 21 10:20:30 2023", "1700562030000"},
      {"21 November 2023", "1700524800000"},
      {"Nov 2023", "1698796800000"},
      {"11/21/2023", "1700524800000"},
      {"2023/11/21 10:20:30.5", "1700562030500"},
      {"2023-11-21", "1700524800000"},
      {"2023-11-21T10:20:30Z", "1700562030000"},
      {"2023-11-21T10:20:30.123+01:00", "1700558430123"},
      {"31 Dec 1969 23:59:59 GMT", "-1000"},
      {"Thu, 29 Feb 2024 00:00:00 GMT", "1709164800000"},
      {"garbage", "NaN"},
      {"", "NaN"},
      {"21 Foo 2023", "NaN"},
      {"Nov 40, 2023", "NaN"},
      {"Nov 21, 2023 25:00", "NaN"},
      {"Nov 21, 2023 13:00 PM", "NaN"},
      {"99999999999999 Nov 2023", "NaN"},
      {"Nov 21 2023 (", "NaN"},
  };
  for (const auto& [text, want] : kCases) EXPECT_EQ(Eval("Date.parse('" + std::string(text) + "')"), want) << text;
  EXPECT_EQ(Eval("Date.parse(new Date(1700562030000).toUTCString()) + ',' + Date.parse(new Date(1700562030000).toString())"),
            "1700562030000,1700562030000");
}

TEST_F(SemanticsTest, ComputesTranscendentalFunctionsTheSameOnEveryMachine) {
  EXPECT_EQ(Eval("[Math.sin(1e22), Math.cos(0.5), Math.tan(1), Math.asin(0.3), Math.acos(0.3), Math.atan(2), Math.atan2(1, 2)].join()"),
            "-0.8522008497671888,0.8775825618903728,1.5574077246549023,0.3046926540153975,1.2661036727794992,1.1071487177940904,0."
            "4636476090008061");
  EXPECT_EQ(Eval("[Math.pow(2, 0.5), Math.exp(1), Math.log(10), Math.cbrt(27), Math.pow(2, 10), Math.sqrt(2)].join()"),
            "1.4142135623730951,2.718281828459045,2.302585092994046,3,1024,1.4142135623730951");
}

TEST_F(SemanticsTest, ErrorsTakeACause) {
  EXPECT_EQ(Eval("var e = new TypeError('m', {cause: 5}); [e.cause, e.message, Object.keys(e).length, TypeError.length, 'cause' in new "
                 "Error('x')].join()"),
            "5,m,0,1,false");
  EXPECT_EQ(Eval("'cause' in Error('x', {cause: undefined})"), "true");
  EXPECT_EQ(Eval("'cause' in new Error('x', 5) || 'cause' in new Error('x', null) || 'cause' in new Error('x', {})"), "false");
  EXPECT_EQ(Eval("new Error(undefined, {cause: 'c'}).cause"), "c");
}

// Two heaps at different addresses, with other heaps between them: the same output and the same instruction count.
TEST_F(SemanticsTest, IsDeterministic) {
  const char* const kProgram =
      "var out = []; var m = {}; for (var i = 0; i < 3000; i++) { m['key' + (i * 7919 % 3001)] = {i: i, self: null}; m['key' + (i * 7919 % "
      "3001)].self = m; }"
      "for (var k in m) out.push(k); out.sort(function (a, b) { return m[a].i % 7 - m[b].i % 7; });"
      "out.push(Math.random(), Date.now(), new Date(), JSON.stringify(Object.keys(m)).length, [3, 1, 2].sort().join());"
      "try { null.x } catch (e) { out.push(e.stack); } out.join()";
  std::string first = Eval(kProgram);
  const int64_t first_count = isolate_->executed_instructions();
  const size_t first_memory = isolate_->memory_used_bytes();
  TestHost other_host;
  auto in_between = Isolate::Create(other_host);
  TestHost second_host;
  auto second = Isolate::Create(second_host);
  std::string result;
  second->Run({}, [&](duk_context* ctx) {
    Isolate::Evaluate(ctx, kProgram, "test.js");
    result = RequireUtf8(ctx, -1);
  });
  EXPECT_GT(first.size(), 10'000u);
  EXPECT_TRUE(first == result);
  EXPECT_EQ(first_count, second->executed_instructions());
  EXPECT_EQ(first_memory, second->memory_used_bytes());
}

}  // namespace
}  // namespace edge::js
