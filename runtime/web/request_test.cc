#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Request = WebTest;

TEST_F(Request, NormalizesUrlAndMethod) {
  EXPECT_EQ(Run("var r = new Request('HTTP://A.b:80/c d/../e?x=\\u00fc#h', {method: 'post'}); return [r.url, r.method, r.redirect, r.body, "
                "r.signal.aborted, r.integrity, r.keepalive]"),
            R"(["http://a.b/e?x=%C3%BC#h","POST","follow",null,false,"",false])");
  EXPECT_EQ(
      Run("return [thrown(function () { new Request('/x'); }), thrown(function () { new Request('http://a', {method: 'foo'}); }),"
          "thrown(function () { new Request('http://a', {body: 'x'}); }), thrown(function () { new Request('http://a', {redirect: "
          "'error'}); }).slice(0, 40),"
          "thrown(function () { new Request('http://a', {cache: 'x'}); }), thrown(function () { new Request('http://a', {signal: {}}); "
          "})]"),
      R"(["TypeError: Invalid URL: /x","TypeError: Invalid HTTP method string: foo","TypeError: Request with a GET or )"
      R"(HEAD method cannot have a body.",)"
      R"("TypeError: Invalid redirect value, must ","TypeError: Unsupported cache mode: x",)"
      R"("TypeError: Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is not of )"
      R"(type 'AbortSignal'."])");
}

TEST_F(Request, TakesAnotherRequestsBody) {
  EXPECT_EQ(Run("var a = new Request('http://a', {method: 'POST', body: 'x', headers: {k: 'v'}}), b = new Request(a), c = new "
                "Request('http://c', b);"
                "return [a.bodyUsed, b.method, c.url, wait(c.text()), c.headers.get('k'), thrown(function () { new Request(a); }), "
                "wait(new Request(a, {body: 'y'}).text())]"),
            R"([true,"POST","http://c/","x","v","TypeError: Cannot reconstruct a Request with a used body.","y"])");
}

TEST_F(Request, IncomingOneIsReadFromItsHead) {
  auto* head = new FakeHead("PUT", "https://h.example/p?q=1", {{"Host", "h.example"}, {"X-A", "1"}, {"x-a", "2"}});
  Receive("r", head, {"he", "llo"});
  EXPECT_EQ(Run("return [r.method, r.url, r.headers.get('x-a'), Array.from(r.headers).length, r.bodyUsed, wait(r.text()), r.bodyUsed, r "
                "instanceof Request]"),
            R"(["PUT","https://h.example/p?q=1","1, 2",2,false,"hello",true,true])");
  head->Unref();
}

TEST_F(Request, HoldsAReferenceOnItsHeadForAsLongAsItLives) {
  auto* head = new FakeHead("GET", "http://h/", {{"a", "b"}});
  Receive("r", head);
  EXPECT_EQ(head->references(), 2);
  EXPECT_EQ(Run("return r.headers.get('a')"), "\"b\"");
  Enter([](duk_context* ctx) {
    duk_push_undefined(ctx);
    duk_put_global_string(ctx, "r");
  });
  EXPECT_EQ(head->references(), 1);
  head->Unref();
}

TEST_F(Request, BodyIsAStreamThatPullsFromTheSource) {
  auto* head = new FakeHead("POST", "http://h/", {});
  Receive("r", head, {"a", "b"});
  EXPECT_EQ(Run("var out = [], reader = r.body.getReader(), d = new TextDecoder();"
                "for (;;) { var x = wait(reader.read()); if (x.done) break; out.push(d.decode(x.value)); } return [out, r.bodyUsed, "
                "rejection(r.text()).slice(0, 9)]"),
            R"([["a","b"],true,"TypeError"])");
  head->Unref();
}

TEST_F(Request, BrokenBodyRejects) {
  auto* head = new FakeHead("POST", "http://h/", {});
  Receive("r", head, {"a", "!"});
  Receive("s", head, {"a", "!"});
  EXPECT_EQ(Run("return rejection(r.json())"), "\"Error: Network connection lost.\"");
  EXPECT_EQ(Run("var reader = s.body.getReader(); wait(reader.read()); return rejection(reader.read())"),
            "\"Error: Network connection lost.\"");
  head->Unref();
}

TEST_F(Request, BodyThatDoesNotFitInMemoryRejects) {
  auto* head = new FakeHead("POST", "http://h/", {});
  Receive("r", head, std::vector<std::string>(70, std::string(1 << 20, 'x')));
  EXPECT_EQ(Run("return rejection(r.text())"), "\"Error: Memory limit would be exceeded before EOF.\"");
  head->Unref();
}

TEST_F(Request, ClonesTeeTheBody) {
  auto* head = new FakeHead("POST", "http://h/", {{"a", "b"}});
  Receive("r", head, {"x", "y"});
  EXPECT_EQ(Run("var c = r.clone(); return [wait(r.text()), wait(c.text()), c.headers.get('a'), c.method, c.url]"),
            R"(["xy","xy","b","POST","http://h/"])");
  head->Unref();
}

TEST_F(Request, PassesItsBodyThroughToAResponse) {
  auto* head = new FakeHead("POST", "http://h/", {});
  Receive("r", head, {"x", "y"});
  EXPECT_EQ(Run("return wait(new Response(r.body).text())"), "\"xy\"");
  head->Unref();
}

TEST_F(Request, CanBeASubclass) {
  EXPECT_EQ(Run("function Q(a, b) { return Reflect.construct(Request, [a, b], Q); } Q.prototype = Object.create(Request.prototype);"
                "var q = new Q('http://a/', {headers: {k: 'v'}}); return [q instanceof Q, q.url, q.headers.get('k'), new Request(q).url]"),
            R"([true,"http://a/","v","http://a/"])");
}

}  // namespace
}  // namespace edge::web
