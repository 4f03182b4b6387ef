#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

class RegExpTest : public LanguageTest {};

TEST_F(RegExpTest, ExecGivesGroupsIndicesAndNames) {
  EXPECT_EQ(Run(R"js(
    var m = edge.regexp('(?<y>\\d+)-(?<m>\\d+)(x)?', 'd').exec('in 2020-05');
    return [m.index, m[0], m.groups, m.indices[1], m.indices.groups.m, m[3] === undefined, m.input];
  )js"),
            R"([3,"2020-05",{"y":"2020","m":"05"},[3,7],[8,10],true,"in 2020-05"])");
}

TEST_F(RegExpTest, StickyAndGlobalUseLastIndex) {
  EXPECT_EQ(Run(R"js(
    var y = edge.regexp('a', 'y'); y.lastIndex = 1;
    var g = edge.regexp('a', 'g');
    return [y.test('ba'), y.lastIndex, y.test('ba'), y.lastIndex, g.test('aa'), g.lastIndex, g.test('aa'), g.test('aa'), g.lastIndex];
  )js"),
            "[true,2,false,0,true,1,true,false,0]");
}

TEST_F(RegExpTest, ReplaceTakesTemplatesAndFunctions) {
  EXPECT_EQ(Run(R"js(
    var R = edge.regexp;
    return ['2020-05'.replace(R('(?<y>\\d+)-(?<m>\\d+)', ''), '$<m>/$<y>'), 'abc'.replace(R('(b)', ''), "[$1|$`|$'|$$|$&|$2]"),
            'aXbX'.replace(R('x', 'gi'), function (m, i, s) { return '[' + m + i + s.length + ']' }),
            'ab'.replace(R('(?<n>b)', ''), function (m, n, i, s, groups) { return groups.n + i }),
            'ba'.replace(R('a', 'y'), 'x'), 'aab'.replace(R('a', 'gy'), 'x'), 'abc'.replace(R('', 'g'), '-'), 'x.y.z'.replaceAll('.', '$&!')];
  )js"),
            R"(["05/2020","a[b|a|c|$|b|$2]c","a[X14]b[X34]","ab1","ba","xxb","-a-b-c-","x.!y.!z"])");
}

TEST_F(RegExpTest, ASubjectThatIsNotAsciiKeepsItsCharacters) {
  EXPECT_EQ(Run(R"js(
    var R = edge.regexp, s = 'h\u00e9llo w\u00f6rld \ud83d\ude00!';
    return [s.replace(R('[\u00e9\u00f6]', 'g'), function (c) { return '<' + c + '>' }) === 'h<\u00e9>llo w<\u00f6>rld \ud83d\ude00!', s.match(R('.', 'gu')).length,
            s.split(R(' ', ''))[1] === 'w\u00f6rld', R('\\p{L}+', 'u').exec(s)[0] === 'h\u00e9llo', s.search(R('\ud83d\ude00', 'u')), s.search(R('!', ''))];
  )js"),
            "[true,14,true,true,12,14]");
}

TEST_F(RegExpTest, SplitAgreesWithTheLanguage) {
  EXPECT_EQ(Run(R"js(
    var R = edge.regexp;
    return ['A1B2C'.split(R('(\\d)', '')), 'abc'.split(R('', '')), ''.split(R('', '')), ''.split(R('x', '')), 'a,b,c'.split(R(',', ''), 2), 'ab'.split(R('a*?', '')),
            'test'.split(R('(?:)', 'u')), 'ab'.split(R('a*', '')), 'a.b'.split('.')];
  )js"),
            R"([["A","1","B","2","C"],["a","b","c"],[],[""],["a","b"],["a","b"],["t","e","s","t"],["","b"],["a","b"]])");
}

TEST_F(RegExpTest, MatchAllIsAnIteratorOverACopy) {
  EXPECT_EQ(Run(R"js(
    var r = edge.regexp('t(e)(st(\\d?))', 'g'), all = Array.from('test1test2'.matchAll(r)), bad;
    try { 'x'.matchAll(edge.regexp('x', '')) } catch (e) { bad = e.name }
    return [all.map(function (m) { return m.index + m[0] }), r.lastIndex, bad, Object.prototype.toString.call('a'.matchAll('a'))];
  )js"),
            R"([["0test1","5test2"],0,"TypeError","[object RegExp String Iterator]"])");
}

TEST_F(RegExpTest, TheConstructorCopiesConvertsAndRefuses) {
  EXPECT_EQ(
      Run(R"js(
    var r = edge.regexp('a/b', 'gi'), e1, e2;
    try { new RegExp('(') } catch (e) { e1 = String(e) }
    try { new RegExp('a', 'gg') } catch (e) { e2 = String(e) }
    return [RegExp(r) === r, new RegExp(r) === r, new RegExp(r, 'm').flags, String(r), r.source, new RegExp('').source, String(new RegExp('\n')), e1, e2,
            Object.prototype.toString.call(r), r instanceof RegExp, Object.keys(r), new RegExp('[/]').source];
  )js"),
      R"json([true,false,"m","/a\\/b/gi","a\\/b","(?:)","/\\n/","SyntaxError: Invalid regular expression: /(/: Unterminated group","SyntaxError: Invalid flags supplied to RegExp constructor 'gg'","[object RegExp]",true,[],"[/]"])json");
}

TEST_F(RegExpTest, SubclassesAndPatchedExecAreAsked) {
  EXPECT_EQ(Run(R"js(
    function X(p, f) { return Reflect.construct(RegExp, [p, f], new.target) }
    X.prototype = Object.create(RegExp.prototype); X.prototype.constructor = X; Object.setPrototypeOf(X, RegExp);
    X.prototype.exec = function (s) { log('exec'); return RegExp.prototype.exec.call(this, s) };
    var x = new X('b', 'g');
    return ['abcb'.replace(x, '-'), l.length, x.test('b'), 'abc'.split(new X('b', '')), x instanceof X];
  )js"),
            R"(["a-c-",3,true,["a","c"],true])");
}

TEST_F(RegExpTest, CatastrophicPatternsEndAtTheCpuLimit) {
  CpuBudget budget{5'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    Isolate::Evaluate(ctx, "edge.regexp('^(a+)+$', '').test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, Limit::kCpu);
}

}  // namespace
}  // namespace edge::js
