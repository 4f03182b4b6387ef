#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Headers = WebTest;

TEST_F(Headers, JoinsValuesAndKeepsCookiesApart) {
  EXPECT_EQ(Run("var h = new Headers([['b', '1'], ['A', '2'], ['a', '3'], ['Set-Cookie', 'x'], ['set-cookie', 'y']]);"
                "return [h.get('A'), h.get('set-cookie'), h.getSetCookie(), h.getAll('Set-Cookie'), h.get('none'), Array.from(h)]"),
            R"(["2, 3","x, y",["x","y"],["x","y"],null,[["a","2, 3"],["b","1"],["set-cookie","x"],["set-cookie","y"]]])");
}

TEST_F(Headers, TakesEveryKindOfInitializer) {
  EXPECT_EQ(Run("var pairs = [new Headers({a: 1}), {a: 1}, [['a', 1]], new Map([['a', 1]]), new Headers({a: ' 1\\t'})];"
                "return pairs.map(function (p) { return new Headers(p).get('A'); })"),
            R"(["1","1","1","1","1"])");
  EXPECT_EQ(Run("return thrown(function () { new Headers([['a']]); })"),
            "\"TypeError: To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.\"");
  EXPECT_EQ(Run("return thrown(function () { new Headers(null); })"),
            "\"TypeError: Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.\"");
}

TEST_F(Headers, RefusesWhatWouldBreakTheWire) {
  EXPECT_EQ(Run("return [thrown(function () { new Headers({'a b': ''}); }), thrown(function () { new Headers({a: 'x\\ny'}); }),"
                "thrown(function () { new Headers().set('', 'x'); }), thrown(function () { new Headers().append('a', 'x\\0'); })]"),
            R"(["TypeError: Invalid header name: a b","TypeError: Invalid header value: x\ny","TypeError: Invalid header )"
            R"(name: ","TypeError: Invalid header value: x"])");
}

TEST_F(Headers, ConvertsTextOutsideOfAsciiBothWays) {
  EXPECT_EQ(Run("return new Headers({a: '\\u00fc\\u20ac\\ud83d\\ude00'}).get('a') === '\\u00fc\\u20ac\\ud83d\\ude00'"), "true");
}

TEST_F(Headers, IteratesOverASnapshot) {
  EXPECT_EQ(Run("var h = new Headers({b: '1', a: '2'}), it = h.entries(); h.set('c', '3'); var each = [];"
                "h.forEach(function (v, k, all) { each.push(k + v, all === h); });"
                "return [Array.from(it), Array.from(h.keys()), Array.from(h.values()), each, Headers.prototype.entries === "
                "Headers.prototype[Symbol.iterator]]"),
            R"([[["a","2"],["b","1"]],["a","b","c"],["2","1","3"],["a2",true,"b1",true,"c3",true],true])");
}

TEST_F(Headers, OfAnIncomingRequestAreReadOnly) {
  auto* head = new FakeHead("GET", "http://h/", {{"Accept", "x"}});
  Receive("r", head);
  EXPECT_EQ(Run("return [r.headers.get('accept'), r.headers === r.headers, thrown(function () { r.headers.set('a', 'b'); }), "
                "thrown(function () { r.headers.delete('a'); }),"
                "new Request(r).headers.get('accept'), thrown(function () { new Request(r).headers.set('a', 'b'); })]"),
            R"(["x",true,"TypeError: Can't modify immutable headers.","TypeError: Can't modify immutable headers.","x","nothing"])");
  head->Unref();
}

TEST_F(Headers, HaveLimits) {
  EXPECT_EQ(Run("var h = new Headers(); return thrown(function () { for (var i = 0; i < 5000; i++) h.append('a' + i, 'b'); })"),
            "\"RangeError: Headers hold at most 2048 entries and 1048576 bytes.\"");
}

TEST_F(Headers, CountTheMemoryThatTheyHoldOutsideOfTheHeap) {
  // Kept ones are refused in time, dropped ones give their memory back.
  EXPECT_EQ(Run("var big = new Array(1000001).join('x'), kept = [];"
                "for (var i = 0; i < 200; i++) new Headers({a: big});"
                "return thrown(function () { for (var i = 0; i < 200; i++) kept.push(new Headers({a: big})); })"),
            "\"RangeError: Headers, URLs and bodies of this isolate hold too much memory.\"");
}

TEST_F(Headers, AreAClass) {
  EXPECT_EQ(
      Run("function H(x) { return Reflect.construct(Headers, [x], H); } H.prototype = Object.create(Headers.prototype); "
          "H.prototype.constructor = H;"
          "var h = new H({a: 'b'}); return [h.get('a'), h instanceof H, Object.prototype.toString.call(h), thrown(function () { Headers(); "
          "}),"
          "thrown(function () { Headers.prototype.get.call({}, 'a'); }).slice(0, 29)]"),
      R"(["b",true,"[object Headers]","TypeError: Failed to construct 'Headers': Please use the 'new' operator, this )"
      R"(object constructor cannot be called as a function.","TypeError: Illegal invocation"])");
}

}  // namespace
}  // namespace edge::web
