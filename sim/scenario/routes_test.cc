#include "sim/scenario/routes.h"

#include <gtest/gtest.h>
#include <algorithm>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"
#include "sim/scenario/example_path.h"
#include "sim/scenario/script_tokens.h"

extern "C" {
extern const char edge_embedded_small_begin[], edge_embedded_small_end[];
extern const char edge_embedded_hono_begin[], edge_embedded_hono_end[];
extern const char edge_embedded_itty_begin[], edge_embedded_itty_end[];
}

namespace edge::sim {
namespace {

using Strings = std::vector<std::string>;

Strings Routes(std::string_view script) {
  Strings lines;
  for (const RouteGuess& route : FindRoutes(script)) lines.push_back(StrCat(route.method.empty() ? "any" : route.method, " ", route.path));
  return lines;
}

std::string_view Embedded(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

bool Has(const Strings& lines, std::string_view line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); }

TEST(Routes, OfASmallHonoApplication) {
  EXPECT_EQ(Routes(Embedded(edge_embedded_small_begin, edge_embedded_small_end)), (Strings{"GET /", "GET /json", "GET /users/1/posts/1"}));
}

TEST(Routes, OfAnIttyRouterApplication) {
  const Strings routes = Routes(Embedded(edge_embedded_itty_begin, edge_embedded_itty_end));

  EXPECT_EQ(routes.size(), 26u);
  EXPECT_EQ(routes[0], "GET /api/things") << "the router's base";
  EXPECT_EQ(routes[2], "GET /api/things/1/1");
  EXPECT_EQ(routes[3], "POST /api/things") << "in a chain";
  EXPECT_TRUE(Has(routes, "GET /file/1.1"));
  EXPECT_TRUE(Has(routes, "PUT /echo"));
  EXPECT_TRUE(Has(routes, "OPTIONS /cors"));
}

TEST(Routes, OfALargeHonoApplication) {
  const std::vector<RouteGuess> found = FindRoutes(Embedded(edge_embedded_hono_begin, edge_embedded_hono_end));
  const Strings routes = Routes(Embedded(edge_embedded_hono_begin, edge_embedded_hono_end));

  EXPECT_EQ(routes.size(), kRoutesMax);
  EXPECT_EQ(routes[0], "POST /bodies/json") << "nothing of the library, and what it is mounted under";
  EXPECT_TRUE(Has(routes, "GET /routing/number/1"));
  EXPECT_TRUE(Has(routes, "GET /routing/number/a"));
  EXPECT_TRUE(Has(routes, "GET /routing/file/a.png"));
  EXPECT_TRUE(Has(routes, "PURGE /routing/on/b"));
  EXPECT_TRUE(Has(routes, "any /routing/any"));
  EXPECT_TRUE(Has(routes, "GET /routing/api/v1/ping")) << "basePath under route";
  EXPECT_TRUE(Has(routes, "POST /routing/books/1/items"));
  const auto date =
      std::find_if(found.begin(), found.end(), [](const RouteGuess& route) { return route.pattern.find(":date") != std::string::npos; });
  ASSERT_NE(date, found.end());
  EXPECT_EQ(date->pattern, "/routing/date/:date{\\d{4}-\\d{2}-\\d{2}}");
  EXPECT_EQ(date->path, "/routing/date/1111-11-11");
  EXPECT_TRUE(date->where.starts_with("line ")) << date->where;
}

TEST(Routes, OfComparisonsByHand) {
  EXPECT_EQ(Routes("if (url.pathname === '/x') {}"), (Strings{"any /x"}));
  EXPECT_EQ(Routes("if ('/x' == new_url.pathname) {}"), (Strings{"any /x"}));
  EXPECT_EQ(Routes("if (pathname !== \"/x\") return nothing();"), (Strings{"any /x"}));
  EXPECT_EQ(Routes("if (pathname !== \"/\") return nothing();"), Strings{});
  EXPECT_EQ(Routes("if (path.startsWith('/files/')) {} if (path.startsWith('/static')) {}"), (Strings{"any /files/1", "any /static"}));
  EXPECT_EQ(Routes("const p = new URLPattern({ pathname: '/books/:id' });"), (Strings{"any /books/1"}));
  EXPECT_EQ(Routes("const p = new URLPattern('/books/:id');"), (Strings{"any /books/1"}));
}

TEST(Routes, TakeTheMethodFromTheSameCondition) {
  EXPECT_EQ(Routes("if (request.method === 'POST' && pathname === '/x') {}"), (Strings{"POST /x"}));
  EXPECT_EQ(Routes("if (pathname === '/x' && 'POST' === request.method) {} else if (pathname === '/y') {}"),
            (Strings{"POST /x", "any /y"}));
  EXPECT_EQ(
      Routes("if (pathname === '/x') { if (method === 'PUT') { a() } else if (method === 'DELETE') { b() } } if (method === 'GET') {}"),
      (Strings{"DELETE /x", "PUT /x"}));
  EXPECT_EQ(Routes("if (pathname === '/x') { return 1 } if (method === 'GET') {}"), (Strings{"any /x"})) << "not what comes later";
}

TEST(Routes, OfASwitch) {
  EXPECT_EQ(Routes("switch (url.pathname) { case '/': return a; case '/b': if (request.method !== 'POST') return no; default: }"),
            (Strings{"any /", "POST /b"}));
  EXPECT_EQ(Routes("switch (character) { case '/': slash(); }"), Strings{}) << "a tokenizer's";
}

TEST(Routes, OfRoutersInsideOfRouters) {
  EXPECT_EQ(Routes("app.route('/a', new Hono().get('/b', f).post('/c', g)); app.get('/d', h)"),
            (Strings{"GET /a/b", "POST /a/c", "GET /d"}));
  EXPECT_EQ(Routes("var v1 = app.basePath('/v1'); v1.get('/x', f); app.get('/x', f)"), (Strings{"GET /v1/x", "GET /x"}));
  EXPECT_EQ(Routes("app.basePath('/v1').get('/x', f)"), (Strings{"GET /v1/x"}));
  EXPECT_EQ(Routes("sub.get('/', f); app.route('/one', sub); app.route('/two/', sub)"), (Strings{"GET /one", "GET /two"}));
  EXPECT_EQ(Routes("a.route('/x', b); b.route('/y', a); a.get('/z', f)"), Strings{}) << "mounted in a circle";
  EXPECT_EQ(Routes("app.get(['/a', '/b'], f); app.add('PUT', '/c', g); app['get']('/no', f)"), (Strings{"GET /a", "GET /b", "PUT /c"}));
}

TEST(Routes, OfNothingThatOnlyLooksLikeOne) {
  EXPECT_EQ(Routes("headers.get('/x'); c.redirect('/x'); app.use('/x', f); fetch('/x', {}); '/x'; [\"GET\", \"/x\"];"), Strings{});
  EXPECT_EQ(Routes("// app.get('/x', f)\n/* app.get('/x', f) */ 'app.get(\"/x\", f)'; `app.get('/x', f)`; y = /app.get('\\/x', f)/"),
            Strings{});
  EXPECT_EQ(Routes("`${app.get('/x', f)} app.get('/no', f)`"), (Strings{"GET /x"})) << "a substitution is code";
  EXPECT_EQ(Routes("x = a / b; app.get('/x', f); y = c / d"), (Strings{"GET /x"})) << "a division is no regular expression";
  EXPECT_EQ(Routes("if (a) /'/.test(b); app.get('/x', f)"), (Strings{"GET /x"}));
  EXPECT_EQ(Routes("x = 'unterminated\napp.get('/x', f)"), (Strings{"GET /x"}));
}

TEST(Routes, AreNamedOnce) {
  EXPECT_EQ(Routes("app.get('/x', f); app.all('/x', g); app.get('/x', h); app.all('/y', f)"), (Strings{"GET /x", "any /y"}));
  EXPECT_EQ(Routes("app.get('/:a', f); app.get('/:b', g)"), (Strings{"GET /1"}));
}

TEST(Routes, OfHostileScriptsEndSoon) {
  std::string many, deep, mounts, cases;
  for (int i = 0; i < 20'000; ++i) {
    many += StrCat("app.get('/", i, "', f);");
    deep += "a.get('/x', [{(`${";
    mounts += StrCat("r", i, ".route('/p', r", i + 1, "); r", i % 7, ".route('/q', r", i, ");");
    cases += "case '/x': ";
  }
  EXPECT_EQ(Routes(many).size(), kRoutesMax);
  EXPECT_EQ(Routes(deep), (Strings{"GET /x"}));
  EXPECT_LE(Routes(mounts + "r3.get('/z', f); r19999.get('/z', f)").size(), kRoutesMax);
  EXPECT_EQ(Routes(cases), (Strings{"any /x"}));
  EXPECT_EQ(Routes(std::string(1'000'000, '/')), Strings{});
  EXPECT_EQ(Routes(std::string(1'000'000, '`')), Strings{});
  EXPECT_EQ(Routes(std::string(1'000'000, '(') + "app.get('/x', f)"), Strings{}) << "deeper than code is";
  EXPECT_EQ(Routes(std::string(1'000'000, ')') + ";app.get('/x', f)"), (Strings{"GET /x"}));
  EXPECT_EQ(Routes("app.get('/" + std::string(100'000, '{') + "', f)"), Strings{});
}

TEST(ExamplePath, GivesParametersSmallValues) {
  EXPECT_EQ(ExamplePath("/"), "/");
  EXPECT_EQ(ExamplePath("/a/:id/b"), "/a/1/b");
  EXPECT_EQ(ExamplePath("/:a-:b.:c"), "/1-1.1");
  EXPECT_EQ(ExamplePath("/:a?/:rest+"), "/1/1");
  EXPECT_EQ(ExamplePath("/:id(\\d+)"), "/1");
  EXPECT_EQ(ExamplePath("/users/{id}/x"), "/users/1/x");
  EXPECT_EQ(ExamplePath("/books{/:id}?"), "/books");
  EXPECT_EQ(ExamplePath("/files/*"), "/files/1");
  EXPECT_EQ(ExamplePath("/**"), "/1");
  EXPECT_EQ(ExamplePath("/s\xc3\xa4tze/a b#c"), "/s%C3%A4tze/a%20b%23c");
  EXPECT_EQ(ExamplePath("x"), "/x");
  EXPECT_EQ(ExamplePath("/x?q=1"), "/x?q=1");
  EXPECT_EQ(ExamplePath("/" + std::string(600, 'a')), "");
  EXPECT_EQ(ExamplePath("/{never closed"), "");
}

TEST(ExamplePath, MakesWhatARegularExpressionMatches) {
  EXPECT_EQ(ExampleOfRegexp("[0-9]+"), "1");
  EXPECT_EQ(ExampleOfRegexp("^[a-f\\d]{8}$"), "aaaaaaaa");
  EXPECT_EQ(ExampleOfRegexp("(?:png|jpg)"), "png");
  EXPECT_EQ(ExampleOfRegexp("[^/]+\\.html?"), "a.html");
  EXPECT_EQ(ExampleOfRegexp("\\w{2,}"), "aa");
  EXPECT_EQ(ExampleOfRegexp("(?=x)y"), "1") << "beyond it";
  EXPECT_EQ(ExampleOfRegexp("a{9999999}"), "1");
  EXPECT_EQ(ExampleOfRegexp("(a{60}){60}"), "1");
  EXPECT_EQ(ExampleOfRegexp(std::string(1000, '(')), "1");
  EXPECT_EQ(ExampleOfRegexp(""), "1");
}

TEST(ScriptTokens, ReadsWhatStringsSay) {
  const auto value = [](std::string_view script) { return StringValue(Tokenize(script).at(0)); };

  EXPECT_EQ(value("'a\\n\\t\\\\\\'\\/b'"), "a\n\t\\'/b");
  EXPECT_EQ(value("'\\x41\\u00e9\\u{1f600}'"), "A\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(value("\"line \\\nline\""), "line line");
  EXPECT_EQ(value("`raw\ntext`"), "raw\ntext");
  EXPECT_EQ(value("'\\u{zz}\\x'"), "zz}") << "malformed, but no crash";
}

// Pieces of code in any order: nothing crashes, and whatever comes out can stand in a request line.
RC_GTEST_PROP(RoutesProperty, AnythingGivesSensibleRoutes, ()) {
  const auto pieces = *rc::gen::container<Strings>(rc::gen::element<std::string>(
      "app", ".get(", ".route(", "'/a'", "\"/b/:id{[", "`/c${", "}", "`", "(", ")", "[", "]", "{", ",", ";", "/", "//", "/*", "*/", "\n",
      "\\", "'", "new ", "Hono", "=", " var x", "===", "pathname", "case ", "switch", ":", ".basePath(", "'/p/*'", "method", "'POST'",
      ".startsWith(", ".on(", "base", "\xff", "\\u{"));
  std::string script;
  for (const std::string& piece : pieces) script += piece;

  for (const RouteGuess& route : FindRoutes(script)) {
    RC_ASSERT(route.path.starts_with('/'));
    RC_ASSERT(std::all_of(route.path.begin(), route.path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; }));
  }
}

RC_GTEST_PROP(RoutesProperty, AnyBytesAreATokenizableScript, (std::string script)) {
  size_t at = 0;
  for (const ScriptToken& token : Tokenize(script)) {
    RC_ASSERT(token.offset >= at);
    RC_ASSERT(!token.text.empty());
    at = token.offset + token.text.size();
    if (token.kind == ScriptToken::Kind::kString) StringValue(token);
  }
  RC_ASSERT(at <= script.size());
  RC_ASSERT(ExamplePath(script).size() <= 3 * 512 + 1);
}

}  // namespace
}  // namespace edge::sim
