#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

class CollectionsTest : public LanguageTest {};

TEST_F(CollectionsTest, KeysAreSameValueZeroInInsertionOrder) {
  EXPECT_EQ(Run(R"js(
    var s = new Set([3, 1, 3, 2]); s['delete'](1); s.add(1);
    var m = new Map([['a', 1]]); m.set(NaN, 2); m.set(-0, 3); m.set('a', 4);
    return [Array.from(s), m.get(NaN), m.get(0), 1 / Array.from(m.keys())[2], m.size, m.get('a'), m.has('b'), Array.from(m.values())];
  )js"),
            "[[3,2,1],2,3,null,3,4,false,[4,2,3]]");
}

TEST_F(CollectionsTest, IterationSeesDeletionsAndAdditions) {
  EXPECT_EQ(Run(R"js(
    var m = new Map(), seen = [];
    for (var i = 0; i < 100; i++) m.set(i, i);
    m.forEach(function (v, k) {
      seen.push(k);
      if (k === 5) for (var d = 0; d < 98; d++) if (d !== 50) m['delete'](d);
      if (k === 50) m.set('late', 1);
    });
    return seen;
  )js"),
            R"([0,1,2,3,4,5,50,98,99,"late"])");
}

TEST_F(CollectionsTest, AnIteratorSurvivesClearAndSqueezing) {
  EXPECT_EQ(Run(R"js(
    var s = new Set(); for (var i = 0; i < 64; i++) s.add(i);
    var it = s.values(); for (i = 0; i < 60; i++) it.next();
    for (i = 0; i < 58; i++) s['delete'](i);
    s.add('x'); s.add('y');
    var r = []; for (i = 0; i < 7; i++) r.push(it.next().value);
    var again = s.values(); again.next(); s.clear(); s.add(1);
    return [r, again.next().value, again.next().done];
  )js"),
            R"([[60,61,62,63,"x","y",null],1,true])");
}

TEST_F(CollectionsTest, ConstructorsTakeIterablesAndReportBadOnes) {
  EXPECT_EQ(Run(R"js(
    var r = [];
    [function () { new Map(5) }, function () { new Map([1]) }, function () { Map() }, function () { Map.prototype.get.call({}, 1) }].forEach(function (f) {
      try { f(); r.push('no') } catch (e) { r.push(e.name) }
    });
    return [r, new Map(new Map([[1, 2]])).get(1), new Set('aab').size, new Map(null).size];
  )js"),
            R"([["TypeError","TypeError","TypeError","TypeError"],2,2,0])");
}

TEST_F(CollectionsTest, SubclassesAreMaps) {
  EXPECT_EQ(Run(R"js(
    function M(x) { var self = Reflect.construct(Map, [x], new.target); return self }
    M.prototype = Object.create(Map.prototype); M.prototype.constructor = M; Object.setPrototypeOf(M, Map);
    M.prototype.set = function (k, v) { return Map.prototype.set.call(this, k, v * 10) };
    var m = new M([[1, 2]]);
    return [m instanceof M, m instanceof Map, m.get(1), m.size];
  )js"),
            "[true,true,20,1]");
}

TEST_F(CollectionsTest, SetAlgebra) {
  EXPECT_EQ(Run(R"js(
    var a = new Set([1, 2, 3]), b = new Set([3, 4]);
    return [Array.from(a.union(b)), Array.from(a.intersection(b)), Array.from(a.difference(b)), Array.from(a.symmetricDifference(b)),
            new Set([3]).isSubsetOf(a), a.isSupersetOf(new Set([1])), a.isDisjointFrom(new Set([9])), Array.from(a.union(new Map([[7, 1]])))];
  )js"),
            "[[1,2,3,4],[3],[1,2],[1,2,4],true,true,true,[1,2,3,7]]");
}

TEST_F(CollectionsTest, WeakKeysMayBeFrozenAndAreNotInherited) {
  EXPECT_EQ(Run(R"js(
    var w = new WeakMap(), key = Object.freeze({}), child = Object.create(key), other = new WeakMap([[key, 'o']]);
    w.set(key, 5);
    var s = new WeakSet([key]), bad;
    try { w.set(1, 1) } catch (e) { bad = e.name }
    return [w.get(key), w.has(child), other.get(key), w['delete'](key), w.has(key), other.has(key), s.has(key), bad, Reflect.ownKeys(key).length, JSON.stringify(key)];
  )js"),
            R"([5,false,"o",true,false,true,true,"TypeError",0,"{}"])");
}

TEST_F(CollectionsTest, AWeakMapDoesNotKeepItsKeysOrCyclesAlive) {
  Run("globalThis.w = new WeakMap()");
  const size_t before = isolate_->memory_used_bytes();
  Run("for (var i = 0; i < 2000; i++) { var k = {}; w.set(k, { key: k, big: new Array(50).join('x' + i) }) }");
  isolate_->CollectGarbage();
  EXPECT_LT(isolate_->memory_used_bytes(), before + 200 * 1024);
}

TEST_F(CollectionsTest, WeakRefHoldsWithinAJobOnly) {
  EXPECT_EQ(Run("globalThis.r = new WeakRef({ a: 1 }); return r.deref().a"), "1");
  EXPECT_EQ(Run("return r.deref() === undefined"), "true");
}

TEST_F(CollectionsTest, IteratorHelpersAreLazyAndClose) {
  EXPECT_EQ(Run(R"js(
    var closed = 0, n = 0, source = { next: function () { return { value: n++, done: false } }, 'return': function () { closed++; return {} } };
    Object.setPrototypeOf(source, Iterator.prototype);
    var r = source.filter(function (x) { return x % 2 }).map(function (x) { return x * 10 }).take(3).toArray();
    return [r, closed, n, [1, 2, 3].values().drop(1).flatMap(function (x) { return [x, x] }).toArray(), [1, 2, 3].values().reduce(function (a, b) { return a + b }),
            [1, 2].values().some(function (x) { return x === 2 }), Iterator.from({ next: function () { return { done: true } } }).toArray()];
  )js"),
            "[[10,30,50],1,6,[2,2,3,3],6,true,[]]");
}

}  // namespace
}  // namespace edge::js
