// Array, String, Object, Number, typed arrays, Date: the library beyond ES5.
#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

class LibraryTest : public LanguageTest {};

TEST_F(LibraryTest, SortIsStableAndPutsUndefinedAndHolesLast) {
  EXPECT_EQ(Run(R"js(
    var a = []; for (var i = 0; i < 300; i++) a.push({ k: i % 3, i: i });
    a.sort(function (x, y) { return x.k - y.k });
    var stable = a.every(function (x, i) { return !i || x.k > a[i - 1].k || (x.k === a[i - 1].k && x.i > a[i - 1].i) });
    var holes = [5, undefined, 3, , 1].sort();
    return [stable, [3, 1, 10, 2].sort(), holes.length, 4 in holes, holes.slice(0, 3), ['\uff61', '\ud800\udc00'].sort()[0] === '\ud800\udc00', [2, 1].toSorted()];
  )js"),
            "[true,[1,10,2,3],5,false,[1,3,5],true,[1,2]]");
}

TEST_F(LibraryTest, AThrowingCompareLeavesTheArrayAlone) {
  EXPECT_EQ(Run("var a = [3, 1, 2]; try { a.sort(function () { throw new Error('x') }) } catch (e) { log(e.message) } return [a, l]"),
            R"([[3,1,2],["x"]])");
}

TEST_F(LibraryTest, SortingIsCharged) {
  CpuBudget budget{2'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    Isolate::Evaluate(ctx, "var a = []; for (var i = 0; i < 20000; i++) a[i] = (i * 7919) % 20011; for (;;) a.slice().sort()", "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, Limit::kCpu);
}

TEST_F(LibraryTest, ArrayMethods) {
  EXPECT_EQ(Run(R"js(
    return [[1, [2, [3]]].flat(Infinity), [1, 2].flatMap(function (x) { return [x, x] }), [1, 2, 3].at(-1), [1, 2, 3].findLast(function (x) { return x < 3 }),
      [NaN].includes(NaN), [1, 2, 3].find(function (x) { return x > 1 }), [1].findIndex(function () { return false }), [1, 2, 3].toSpliced(1, 1, 9, 8), [1, 2, 3].with(-1, 7),
      [1, 2, 3].toReversed(), [1, 2, 3].fill(0, 1), [1, 2, 3, 4].copyWithin(1, 0), Array.from({ length: 2 }, function (_, i) { return i }), Array.of(7),
      Array.from(new Map([[1, 2]])), Array.from([5].entries()), edge.await(Array.fromAsync([1, Promise.resolve(2)]))];
  )js"),
            "[[1,2,3],[1,1,2,2],3,2,true,2,-1,[1,9,8,3],[1,2,7],[3,2,1],[1,0,0],[1,1,2,3],[0,1],[7],[[1,2]],[[0,5]],[1,2]]");
}

TEST_F(LibraryTest, ArraySubclassesKeepTheirKind) {
  EXPECT_EQ(Run(R"js(
    function S() { return Reflect.construct(Array, arguments, new.target) }
    S.prototype = Object.create(Array.prototype); S.prototype.constructor = S; Object.setPrototypeOf(S, Array);
    var s = new S(); s.push(3, 1, 2);
    function kind(x) { return x instanceof S && x.length }
    return [kind(s), Array.isArray(s), kind(s.map(function (x) { return x })), kind(s.filter(function (x) { return x > 1 })), kind(s.slice(1)), kind(s.concat([4])),
            kind(s.flat()), S.from([1]) instanceof S, s.toSorted() instanceof S];
  )js"),
            "[3,true,3,2,2,4,3,true,false]");
}

TEST_F(LibraryTest, StringMethods) {
  EXPECT_EQ(Run(R"js(
    return ['a'.padStart(3, 'xy'), 'a'.padEnd(3), 'abc'.at(-1), ' x '.trimStart(), ' x '.trimEnd(), 'ab'.repeat(2), 'abc'.includes('b'), 'abc'.endsWith('b', 2),
      '\u0041\u030a'.normalize().length, '\u00c5'.normalize('NFD').length, String.raw({ raw: ['a', 'b'] }, 1), 'a\ud800'.isWellFormed(), 'a\ud800'.toWellFormed() === 'a\ufffd',
      '\ud83d\ude00'.codePointAt(0), Array.from('a\ud83d\ude00').length, String.fromCodePoint(128512) === '\ud83d\ude00', 'a'.localeCompare('b'), 'a'.localeCompare('a')];
  )js"),
            R"(["xya","a  ","c","x "," x","abab",true,true,1,2,"a1b",false,true,128512,2,true,-1,0])");
}

TEST_F(LibraryTest, StringsAreComparedAndSplitByCodeUnits) {
  const std::string result = Run(R"js(
    var face = '\ud83d\ude00', o = {toString: function () { return 'abc'; }}, log = [];
    function thrown(f) { try { f(); return 'none'; } catch (e) { return e.name; } }
    log.push('abc'.startsWith('ab'), 'abc'.startsWith('b'), 'abc'.startsWith('b', 1), 'abc'.startsWith(''), 'abc'.startsWith(), 'undefined'.startsWith());
    log.push('abc'.endsWith('bc'), 'abc'.endsWith('b'), 'abc'.endsWith('b', 2), 'a'.endsWith('aa'), 'a1'.endsWith(1), face.startsWith('\ud83d'), face.endsWith('\ude00'));
    log.push(String.prototype.startsWith.call(o, 'ab'), String.prototype.endsWith.call(o, 'bc'), 'abc'.startsWith(o), 'x'.startsWith.length, 'x'.endsWith.name);
    log.push(thrown(function () { 'a'.startsWith(new RegExp('a')); }), thrown(function () { ''.endsWith.call(null, ''); }), thrown(function () { ''.startsWith.call(Symbol('s'), ''); }));
    log.push('/a/b/'.split('/').join('|'), ''.split('/').length, 'abc'.split('').length, 'a--b'.split('--').join('|'), 'aaa'.split('aa').join('|'), ('\u00e9,' + face).split(',')[1] === face);
    log.push('a,b,c'.split(',', 2).length, 'a,b'.split().length, 'aobjb'.split({toString: function () { return 'obj'; }}).join('|'),
             'a'.split({'b': 1}).length, face.split('\ude00')[0] === '\ud83d', 'a1b'.split(1).join('|'));
    return log.join(' ');
  )js");
  EXPECT_EQ(result,
            "\"true false true true false true "
            "true false true false true true true "
            "true true true 1 endsWith TypeError TypeError TypeError "
            "|a|b| 1 3 a|b |a true 2 1 a|b 1 true a|b\"");
}

TEST_F(LibraryTest, ObjectMethods) {
  EXPECT_EQ(Run(R"js(
    return [Object.entries({ a: 1 }), Object.values({ a: 1 }), Object.fromEntries(new Map([['a', 1]])), Object.hasOwn({ a: 1 }, 'a'),
      Object.groupBy([1, 2, 3], function (x) { return x % 2 ? 'odd' : 'even' }), Map.groupBy([1, 2], function (x) { return x }).get(2),
      Object.getOwnPropertyDescriptors({ a: 1 }).a.value, [Symbol('d').description, Symbol('').description], Symbol().description === undefined,
      typeof Symbol.asyncIterator, typeof Symbol.dispose];
  )js"),
            R"([[["a",1]],[1],{"a":1},true,{"odd":[1,3],"even":[2]},[2],1,["d",""],true,"symbol","symbol"])");
}

TEST_F(LibraryTest, NumbersAndMath) {
  EXPECT_EQ(Run(R"js(
    return [(1234567.891).toLocaleString(), (0.5).toLocaleString(undefined, { minimumFractionDigits: 2 }), Math.hypot(3, 4), Math.clz32(1), Math.imul(0xffffffff, 5),
            Math.trunc(-1.5), Math.sign(-3), Math.cbrt(27), Math.fround(5.5), Math.log2(8), Number.isInteger(5), Number.parseFloat('1.5')];
  )js"),
            R"(["1,234,567.891","0.50",5,31,-5,-1,-1,3,5.5,3,true,1.5])");
}

TEST_F(LibraryTest, TypedArrays) {
  EXPECT_EQ(Run(R"js(
    var u = Uint8Array.from([3, 1, 2]);
    return [Array.from(u.map(function (x) { return x * 2 })), Array.from(u.slice(1)), u.at(-1), Array.from(u.toSorted()), u.includes(2), Uint8Array.of(5).length, u.with(0, 9)[0],
      u.filter(function (x) { return x > 1 }).join(), Object.prototype.toString.call(u), Array.from(new Float64Array([3, NaN, 1]).sort()).map(String), Uint8Array.BYTES_PER_ELEMENT,
      Array.from(u.entries()).length, u.find(function (x) { return x === 1 }), u.indexOf(2), String(u)];
  )js"),
            R"([[6,2,4],[1,2],2,[1,2,3],true,1,9,"3,2","[object Uint8Array]",["1","3","NaN"],1,3,1,2,"3,1,2"])");
}

TEST_F(LibraryTest, DatesReadAsInV8InUtc) {
  EXPECT_EQ(
      Run(R"js(
    var d = new Date(1700000000000), bad;
    try { d.toLocaleString('de-DE') } catch (e) { bad = e.name }
    return [String(d), d.toUTCString(), d.toLocaleString(), d.toLocaleDateString('en-US', { year: 'numeric', month: 'long', day: 'numeric' }), String(new Date(NaN)), bad];
  )js"),
      R"json(["Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)","Tue, 14 Nov 2023 22:13:20 GMT","11/14/2023, 10:13:20 PM","November 14, 2023","Invalid Date","RangeError"])json");
}

TEST_F(LibraryTest, BigIntsAreValuesWithoutArithmetic) {
  EXPECT_EQ(
      Run(R"js(
    var big = edge.bigint('10'), same = BigInt(10);
    return [big === same, String(BigInt('-0012')), BigInt('0xffffffffffffffff').toString(), 'x'.concat(BigInt(2)), BigInt('-9223372036854775808') === edge.bigint('-9223372036854775808'),
      [function () { return big * big }, function () { return big < 11 }, function () { return big == 10 }, function () { return big + 1 }, function () { return JSON.stringify({ a: big }) },
       function () { return BigInt(1.5) }, function () { return BigInt('1x') }, function () { return new BigInt(1) }].map(function (f) { try { return f() } catch (e) { return e.name } })];
  )js"),
      R"([true,"-12","18446744073709551615","x2",true,["TypeError","TypeError","TypeError","TypeError","TypeError","RangeError","SyntaxError","TypeError"]])");
}

TEST_F(LibraryTest, LoweredHelpers) {
  EXPECT_EQ(Run(R"js(
    var s = Symbol('k'), source = { a: 1, get b() { return 2 } }; source[s] = 3;
    Object.defineProperty(source, 'hidden', { value: 1 });
    var copy = edge.spread({}, source), rest = edge.rest(source, ['a', s]), key = edge.privateKey('x'), o = {};
    o[key] = 1;
    return [copy, copy[s], rest, Object.getOwnPropertySymbols(rest).length, edge.spread({}, 'ab'), edge.spread({}, null), edge.name(function () {}, 'n').name,
            o[key], key in o, Reflect.ownKeys(o), edge.protoLiteral({}, null) instanceof Object];
  )js"),
            R"([{"a":1,"b":2},3,{"b":2},0,{"0":"a","1":"b"},{},"n",1,true,[],false])");
}

TEST_F(LibraryTest, StructuredCloneKeepsShapeAndIdentity) {
  EXPECT_EQ(Run(R"js(
    var o = { a: [1, new Date(5), new Map([[1, { x: 1 }]])], u: undefined, r: edge.regexp('a', 'g'), s: new Set([1]), e: new RangeError('bad') }; o.self = o;
    var u = new Uint8Array([1, 2, 3, 4]).subarray(1, 3), c = structuredClone(o), v = structuredClone({ u: u, b: u.buffer });
    return [c !== o, c.self === c, c.a[1].getTime(), c.a[2].get(1).x, 'u' in c, String(c.r), c.s.has(1), c.e instanceof RangeError, c.e.message,
            v.u.buffer === v.b, v.u.length, v.u[0], v.b !== u.buffer];
  )js"),
            R"([true,true,5,1,true,"/a/g",true,true,"bad",true,2,2,true])");
}

TEST_F(LibraryTest, LocaleCompareIsTheRootCollation) {
  EXPECT_EQ(Run(R"js(
    return [['b', 'a', 'B', 'A', '\u00e4', 'z', '10', '9', '_', '\u00e9', 'e'].sort(function (x, y) { return x.localeCompare(y) }).join(''),
      'a'.localeCompare('B'), 'a10'.localeCompare('a9', undefined, { numeric: true }), 'a'.localeCompare('A', 'en', { sensitivity: 'base' }),
      'a'.localeCompare('\u00e1', 'en', { sensitivity: 'accent' }), ['x10', 'x9'].sort(new Intl.Collator('en', { numeric: true }).compare)];
  )js"),
            "[\"_109aA\u00e4bBe\u00e9z\",-1,1,0,-1,[\"x9\",\"x10\"]]");
  EXPECT_EQ(Run("try { 'a'.localeCompare('b', 'sv') } catch (e) { return e.name }"), "\"RangeError\"");
}

TEST_F(LibraryTest, StructuredCloneRefusesWhatCannotBeCloned) {
  EXPECT_EQ(Run(R"js(
    return [function f() {}, Symbol('x'), { a: { b: function () {} } }, new WeakMap(), Promise.resolve()].map(function (x) {
      try { structuredClone(x) } catch (e) { return e.name }
    });
  )js"),
            R"(["DataCloneError","DataCloneError","DataCloneError","DataCloneError","DataCloneError"])");
}

TEST_F(LibraryTest, NativeCodeWalksIterables) {
  double sum = 0;
  const auto error = isolate_->Run({}, [&](duk_context* ctx) {
    Isolate::Evaluate(ctx, "new Set([1, 2, 3])", "test.js");
    OpenIterator(ctx);
    while (IteratorStep(ctx)) {
      sum += duk_get_number(ctx, -1);
      duk_pop(ctx);
    }
    duk_pop_2(ctx);
    Isolate::Evaluate(ctx, "[1, 2].values()", "test.js");
    IterableToArray(ctx);
    sum += static_cast<double>(duk_get_length(ctx, -1)) * 100;
  });
  EXPECT_FALSE(error.has_value());
  EXPECT_EQ(sum, 206);
}

}  // namespace
}  // namespace edge::js
