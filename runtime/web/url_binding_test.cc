#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using UrlBinding = WebTest;

TEST_F(UrlBinding, ReadsAndSetsTheParts) {
  EXPECT_EQ(Run("var u = new URL('../x?y=1#z', 'https://me:pw@h.io:8443/a/b');"
                "return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, "
                "JSON.stringify(u), String(u)]"),
            R"(["https://me:pw@h.io:8443/x?y=1#z","https://h.io:8443","https:","me","pw","h.io:8443","h.io","8443","/x",)"
            R"("?y=1","#z","\"https://me:pw@h.io:8443/x?y=1#z\"","https://me:pw@h.io:8443/x?y=1#z"])");
  EXPECT_EQ(Run("var u = new URL('http://a/b'); u.port = '8080'; u.hash = 'x'; u.pathname = 'q r'; u.protocol = 'https'; u.username = "
                "'me'; u.search = 'k=\\u00fc'; return u.href"),
            "\"https://me@a:8080/q%20r?k=%C3%BC#x\"");
}

TEST_F(UrlBinding, RefusesWhatIsNoUrl) {
  EXPECT_EQ(Run("return [thrown(function () { new URL('x'); }), thrown(function () { new URL('x', 'y'); }), URL.canParse('x'), "
                "URL.canParse('http://a'), URL.parse('x'), URL.parse('/q', 'http://a').href,"
                "thrown(function () { new URL('http://a').href = 'bad'; }), thrown(function () { URL('http://a'); }).slice(0, 32)]"),
            R"(["TypeError: Invalid URL string.","TypeError: Invalid URL string.",false,true,null,"http://a/q",)"
            R"("TypeError: Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.",)"
            R"("TypeError: Failed to construct '"])");
}

TEST_F(UrlBinding, SearchParamsAndUrlFollowEachOther) {
  EXPECT_EQ(Run("var u = new URL('http://a/?a=1'), p = u.searchParams; p.append('x', 'y z'); var first = u.href; u.search = '?b=2';"
                "return [first, p.get('b'), p === u.searchParams, p.size, (p.delete('b'), u.href)]"),
            R"(["http://a/?a=1&x=y+z","2",true,1,"http://a/"])");
}

TEST_F(UrlBinding, SearchParamsTakeEveryKindOfInitializer) {
  EXPECT_EQ(Run("return ['?a=1&b=2', [['a', 1], ['b', 2]], {a: 1, b: 2}, new URLSearchParams('a=1&b=2'), new Map([['a', 1], ['b', 2]])]"
                ".map(function (init) { return new URLSearchParams(init).toString(); })"),
            R"(["a=1&b=2","a=1&b=2","a=1&b=2","a=1&b=2","a=1&b=2"])");
  EXPECT_EQ(Run("return [new URLSearchParams('\\ud83d\\ude00=\\ud800').toString(), new URLSearchParams({'\\ud83d\\ude00': "
                "'\\ud83d\\ude01'}).get('\\ud83d\\ude00') === '\\ud83d\\ude01',"
                "thrown(function () { new URLSearchParams([['a']]); })]"),
            R"(["%F0%9F%98%80=%EF%BF%BD",true,"TypeError: Invalid URL search params sequence."])");
}

TEST_F(UrlBinding, SearchParamsIterateLive) {
  EXPECT_EQ(Run("var p = new URLSearchParams('a=1&b=2'), out = [], it = p[Symbol.iterator]();"
                "for (var x = it.next(); !x.done; x = it.next()) { out.push(x.value.join('')); if (out.length === 1) p.append('c', '3'); }"
                "var each = []; p.forEach(function (v, k, all) { each.push(k, v, all === p); });"
                "return [out, Array.from(p.keys()), Array.from(p.values()), each.length, Object.prototype.toString.call(it)]"),
            R"([["a1","b2","c3"],["a","b","c"],["1","2","3"],9,"[object URLSearchParams Iterator]"])");
}

TEST_F(UrlBinding, SearchParamsDeleteAndFindByValue) {
  EXPECT_EQ(Run("var p = new URLSearchParams('c=1&a=2&a=1&b=3'); var has = [p.has('a', '2'), p.has('a', '9'), p.has('a', undefined)]; "
                "p.delete('a', '2'); p.sort(); p.set('b', '4');"
                "return [has, p.toString(), p.getAll('a'), p.get('zz')]"),
            R"([[true,false,true],"a=1&b=4&c=1",["1"],null])");
}

TEST_F(UrlBinding, ManySettersDoNotInflateTheMemoryAccount) {
  EXPECT_EQ(Run("var p = new URLSearchParams(), big = new Array(100001).join('x'); for (var i = 0; i < 2000; i++) { p.set('a', big + i); "
                "p.delete('b'); } return p.size"),
            "1");
}

}  // namespace
}  // namespace edge::web
