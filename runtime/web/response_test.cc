#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Response = WebTest;

TEST_F(Response, HasThePlatformsDefaults) {
  EXPECT_EQ(Run("var r = new Response(); return [r.status, r.ok, r.statusText, r.type, r.url, r.redirected, r.body, r.bodyUsed, "
                "Array.from(r.headers)]"),
            R"([200,true,"","default","",false,null,false,[]])");
  EXPECT_EQ(
      Run("return [Array.from(new Response('x').headers), Array.from(new Response(new Uint8Array(1)).headers), Array.from(new Response(new "
          "URLSearchParams('a=b')).headers),"
          "Array.from(new Response(new Blob(['x'], {type: 'a/b'})).headers), new Response('x', {headers: {'Content-Type': "
          "'c/d'}}).headers.get('content-type')]"),
      R"([[["content-type","text/plain;charset=UTF-8"]],[],[["content-type",)"
      R"("application/x-www-form-urlencoded;charset=UTF-8"]],[["content-type","a/b"]],"c/d"])");
}

TEST_F(Response, ChecksItsInit) {
  EXPECT_EQ(
      Run("function at(body, init) { return thrown(function () { new Response(body, init); }); }"
          "return [at('x', {status: 99}), at('x', {status: 600}), at(null, {status: 101}), at('x', {status: 204}), at('', {status: 304}), "
          "at('x', {statusText: 'a\\nb'}), at('x', 5)]"),
      R"(["RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.",)"
      R"("RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.",)"
      R"("RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.",)"
      R"("TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.","nothing","TypeError: )"
      R"(Invalid statusText",)"
      R"("TypeError: Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'."])");
}

TEST_F(Response, IsConsumedInEveryForm) {
  EXPECT_EQ(Run("return [wait(new Response('h\\u00e9').text()), wait(new Response('{\"a\":[1]}').json()), Array.from(new "
                "Uint8Array(wait(new Response('ab').arrayBuffer()))),"
                "Array.from(wait(new Response(new Uint8Array([1, 2])).bytes())), wait(wait(new Response('b').blob()).text()), wait(new "
                "Response(null).text()),"
                "Array.from(wait(new Response(new URLSearchParams('a=b&c=d')).formData()))]"),
            R"(["hé",{"a":[1]},[97,98],[1,2],"b","",[["a","b"],["c","d"]]])");
}

TEST_F(Response, DecodesItsTextAsTheWireWould) {
  EXPECT_EQ(Run("return [wait(new Response('\\ud800').text()).charCodeAt(0), wait(new Response('\\ufeffx').text()), wait(new "
                "Response('\\ud83d\\ude00').text()).length,"
                "wait(new Response('\\ufeffx').bytes()).length]"),
            R"([65533,"x",2,4])");
}

TEST_F(Response, IsConsumedOnce) {
  EXPECT_EQ(Run("var r = new Response('x'); var first = r.text(); var used = r.bodyUsed; wait(first); var locked = new Response('y'); "
                "locked.body.getReader();"
                "return [used, rejection(r.text()), rejection(r.json()), thrown(function () { r.clone(); }), rejection(locked.text()), "
                "locked.bodyUsed, r.body.locked,"
                "thrown(function () { new Response(locked.body); })]"),
            R"([true,"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",)"
            R"("TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",)"
            R"("TypeError: This ReadableStream is currently locked to a reader,","TypeError: This ReadableStream is currently )"
            R"(locked to a reader.",false,true,)"
            R"("TypeError: This ReadableStream is locked to a reader, and cannot be used as a body."])");
}

TEST_F(Response, RejectsWhatIsNotJson) {
  EXPECT_EQ(Run("return [rejection(new Response('hello').json()), rejection(new Response(new Uint8Array(0)).json()), thrown(function () { "
                "JSON.parse('{'); }),"
                "JSON.parse('[1]', function (k, v) { return k === '0' ? 2 : v; })]"),
            R"x(["SyntaxError: Unexpected token 'h', \"hello\" is not valid JSON","SyntaxError: Unexpected end of JSON input",)x"
            R"x("SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)",[2]])x");
}

TEST_F(Response, ClonesShareNothing) {
  EXPECT_EQ(Run("var r = new Response(new Uint8Array([1]), {status: 201, headers: {a: 'b'}}), c = r.clone(); c.headers.set('a', 'c');"
                "var x = wait(r.bytes()); x[0] = 9; return [r.headers.get('a'), c.status, wait(c.bytes())[0]]"),
            R"(["b",201,1])");
  EXPECT_EQ(Run("var s = new ReadableStream({start: function (c) { c.enqueue(new TextEncoder().encode('ab')); c.close(); }});"
                "var r = new Response(s), c = r.clone(); return [wait(r.text()), wait(c.text())]"),
            R"(["ab","ab"])");
}

TEST_F(Response, HasStaticMakers) {
  EXPECT_EQ(
      Run("var j = Response.json({a: 1}, {status: 201}), own = Response.json(1, {headers: {'content-type': 'x/y'}}), r = "
          "Response.redirect('http://a.b/c d', 301);"
          "return [j.status, Array.from(j.headers), wait(j.text()), own.headers.get('content-type'), r.status, Array.from(r.headers), "
          "Response.error().type, Response.error().status,"
          "thrown(function () { Response.redirect('/x'); }), thrown(function () { Response.redirect('http://a', 200); })]"),
      R"([201,[["content-type","application/json"]],"{\"a\":1}","x/y",301,[["location","http://a.b/c%20d"]],"error",0,)"
      R"("TypeError: Unable to parse URL: /x",)"
      R"("RangeError: 200 is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308."])");
}

TEST_F(Response, CanBeASubclass) {
  EXPECT_EQ(Run("function R(a, b) { var self = Reflect.construct(Response, [a, b], R); self.extra = 1; return self; } R.prototype = "
                "Object.create(Response.prototype);"
                "R.prototype.sum = function () { return this.status + this.extra; }; var r = new R('x', {status: 202}); return [r.sum(), r "
                "instanceof Response, wait(r.text())]"),
            R"([203,true,"x"])");
}

TEST_F(Response, TakesABodyThatAGeneratorOrATransformMakes) {
  EXPECT_EQ(Run("var e = new TextEncoder(), t = new TransformStream(), w = t.writable.getWriter();"
                "edge.async(function () { for (var i = 0; i < 3; i++) { edge.await(scheduler.wait(10)); edge.await(w.write(e.encode('chunk "
                "' + i + '\\n'))); } edge.await(w.close()); });"
                "return wait(new Response(t.readable).text())"),
            "\"chunk 0\\nchunk 1\\nchunk 2\\n\"");
  EXPECT_EQ(Run("return rejection(new Response(ReadableStream.from(['text'])).text())"),
            "\"TypeError: This ReadableStream did not return bytes.\"");
}

// --- what the worker layer does with it ---

// Takes the Response that `script` evaluates to; a stream body becomes a reader under the global `reader`.
bool Take(js::Isolate& isolate, const char* script, OutgoingResponse& out) {
  bool taken = false;
  const auto error = isolate.Run({}, [&](duk_context* ctx) {
    duk_eval_string(ctx, script);
    EXPECT_TRUE(IsResponse(ctx, -1));
    taken = TakeResponse(ctx, -1, out);
    if (out.body == OutgoingResponse::Body::kStream) {
      AcquireReader(ctx);
      duk_put_global_string(ctx, "reader");
    }
  });
  EXPECT_FALSE(error.has_value());
  return taken;
}

TEST_F(Response, IsTakenOutByTheHost) {
  OutgoingResponse text, bytes, none;
  ASSERT_TRUE(Take(*isolate_, "new Response('h\\u00e9', {status: 404, statusText: 'No', headers: {'X-Own': '1'}})", text));
  ASSERT_TRUE(Take(*isolate_, "new Response(new Uint8Array([65, 66]))", bytes));
  ASSERT_TRUE(Take(*isolate_, "new Response(null, {status: 204})", none));

  EXPECT_EQ(text.status, 404);
  EXPECT_EQ(text.status_text, "No");
  EXPECT_EQ(text.bytes, "h\xc3\xa9");
  ASSERT_EQ(text.headers.entries().size(), 2u);
  EXPECT_EQ(text.headers.entries()[0].name, "X-Own");
  EXPECT_EQ(text.headers.entries()[1].name, "Content-Type");
  EXPECT_EQ(bytes.bytes, "AB");
  EXPECT_TRUE(bytes.headers.entries().empty());
  EXPECT_EQ(none.body, OutgoingResponse::Body::kNone);
}

TEST_F(Response, IsTakenOnceOnly) {
  OutgoingResponse out;
  EXPECT_TRUE(Take(*isolate_, "var once = new Response('x'); once", out));
  EXPECT_FALSE(Take(*isolate_, "once", out));
  EXPECT_EQ(Run("return [once.bodyUsed, rejection(once.text()).slice(0, 9)]"), R"([true,"TypeError"])");
}

TEST_F(Response, StreamsItsBodyToTheHost) {
  OutgoingResponse out;
  ASSERT_TRUE(Take(*isolate_,
                   "var f = new FixedLengthStream(2), w = f.writable.getWriter(); w.write(new Uint8Array([65])); w.write(new "
                   "Uint8Array([66])); w.close();"
                   "new Response(f.readable)",
                   out));
  EXPECT_EQ(out.length, 2u);

  std::string body;
  for (int reads = 0; reads < 5; ++reads) {
    Enter([](duk_context* ctx) {
      duk_get_global_string(ctx, "reader");
      ReadChunk(ctx);
      duk_put_global_string(ctx, "chunk");
    });
    bool done = false;
    Enter([&](duk_context* ctx) {
      duk_get_global_string(ctx, "chunk");
      ASSERT_EQ(js::GetPromiseState(ctx, -1), js::PromiseState::kFulfilled);
      js::PushPromiseResult(ctx, -1);
      duk_get_prop_string(ctx, -1, "done");
      done = duk_to_boolean(ctx, -1);
      duk_get_prop_string(ctx, -2, "value");
      if (!done) body += GetBytes(ctx, -1).value();
    });
    if (done) break;
  }
  EXPECT_EQ(body, "AB");
}

TEST_F(Response, CancelsItsStreamWhenTheClientIsGone) {
  OutgoingResponse out;
  ASSERT_TRUE(Take(*isolate_, "var why; new Response(new ReadableStream({cancel: function (r) { why = String(r); }}))", out));
  Enter([](duk_context* ctx) {
    duk_get_global_string(ctx, "reader");
    duk_push_string(ctx, "gone");
    CancelReader(ctx);
  });
  EXPECT_EQ(Run("return why"), "\"gone\"");
}

}  // namespace
}  // namespace edge::web
