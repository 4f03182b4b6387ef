// What arguments and results may be: functions, targets, stubs, streams, requests, responses; and what may not.
#include "runtime/rpc/rpc_testing.h"

namespace edge::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ValueTest : public RpcTest {
 protected:
  ValueTest() {
    Root(
        "{echo: function (x) { return x; }, callback: function (f) { return edge.async(function () { return wait(f(21)); }); },"
        " kind: function (x) { return typeof x + ' ' + x + ' ' + (x instanceof RpcStub); },"
        " foreign: function () { return new (function Foreign() { this.a = 1; })(); }, size: function (x) { return x.length; }, big: "
        "function (n) { return new Uint8Array(n); },"
        " read: function (r) { return new Response(r).text(); },"
        " stream: function () { return new ReadableStream({start: function (c) { c.enqueue(bytes('ab')); c.enqueue(bytes('c')); c.close(); "
        "}}); },"
        " endless: function () { return new ReadableStream({pull: function (c) { pulls++; c.enqueue(bytes('x')); }, cancel: function (r) { "
        "cancelled = r.message; }}); },"
        " breaks: function () { return new ReadableStream({pull: function (c) { c.error(new RangeError('boom')); }}); },"
        " numbers: function () { return new ReadableStream({pull: function (c) { c.enqueue(5); c.close(); }}); },"
        " write: function (w) { return edge.async(function () { var t = w.getWriter(); wait(t.write(bytes('hi '))); "
        "wait(t.write(bytes('there'))); "
        "wait(t.close()); return 'written'; }); },"
        " abort: function (w) { return w.abort(new RangeError('enough')); }, keepSink: function (w) { sink = w; },"
        " response: function () { return new Response('body', {status: 201, statusText: 'Made', headers: {a: 'b'}}); },"
        " request: function (r) { return edge.async(function () { return [r.method, r.url, wait(r.text()), r.headers.get('x'), r.redirect, "
        "r.cf]; }); }}");
    callee.Evaluate("var pulls = 0, cancelled, sink;");
  }
};

TEST_F(ValueTest, AFunctionIsCalledBack) {
  EXPECT_EQ(Run("return wait(s.callback(function (x) { return x * 2; }));"), "42");
  EXPECT_EQ(Run("return rejection(s.callback(function () { throw new RangeError('in here'); }));"), R"("RangeError: in here")");
  EXPECT_EQ(Run("return wait(s.callback(function (x) { return sleep(50).then(function () { return x; }); }));"), "21");
  EXPECT_EQ(Run("var f = function (x) { return x + 1; }; f.y = 9; var g = wait(s.echo(f)); return [g === f, wait(g(1)), wait(g.y)];"),
            "[false,2,9]");
}

TEST_F(ValueTest, AnRpcTargetStaysWhereItIs) {
  EXPECT_EQ(
      Run("var T = derive(RpcTarget, {m: function () { return 'm' + this.n; }}), t = new T(); t.n = 4; var u = wait(s.echo(t)); t.n = 5;"
          "return [wait(u.m()), String(t), rejection(u.n)];"),
      R"(["m5","[object JsRpcTarget]","TypeError: The RPC receiver does not implement the method \"n\"."])");
  EXPECT_EQ(Run("return [wait(s.kind(new RpcTarget())), wait(s.kind(function () {}))];"),
            R"(["function [object JsRpcStub] true","function [object JsRpcStub] true"])");
}

TEST_F(ValueTest, StubsAndFunctionsMayBeAnywhereInAValue) {
  EXPECT_EQ(Run("var f = function () { return 'f'; }, o = wait(s.echo({l: [f, f], m: new Map([['k', f]])}));"
                "return [o.l[0] === o.l[1], wait(o.l[0]()), wait(o.m.get('k')())];"),
            R"([true,"f","f"])");
}

TEST_F(ValueTest, AStubOfThisSideComesBackAsAStub) {
  EXPECT_EQ(Run("var f = wait(s.echo(function (x) { return x; })), g = wait(s.echo(f)); return [f === g, wait(g(3))];"), "[false,3]");
  EXPECT_EQ(Run("return wait(wait(s.echo(s)).echo(7));"), "7");
}

TEST_F(ValueTest, OneMakesStubsOfOnesOwn) {
  EXPECT_EQ(Run("var t = new (derive(RpcTarget, {inc: function () { return this.n = (this.n || 0) + 1; }}))(), u = new RpcStub(t);"
                "return [wait(u.inc()), wait(u.inc()), t.n, wait(new RpcStub(function (x) { return x + 1; })(1)),"
                "        wait(new RpcStub({a: 5, f: function () { return 6; }}).f())];"),
            "[1,2,2,2,6]");
}

TEST_F(ValueTest, InstancesOfClassesAreRefused) {
  EXPECT_EQ(Run("function Mine() {} return each([s.echo(new Mine()), s.echo({x: new Mine()}), s.echo(new URL('http://a/')), s.echo(new "
                "FormData()), "
                "s.echo(s.echo(1)), s.echo(s.x)], rejection);"),
            R"(["DataCloneError: Could not serialize object of type \"Mine\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"Mine\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"URL\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"FormData\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"RpcPromise\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"RpcProperty\". This type does not support serialization."])");
  EXPECT_THAT(Run("return rejection(s.foreign());"),
              HasSubstr("Could not serialize object of type \\\"Foreign\\\". This type does not support serialization."));
  EXPECT_THAT(Run("return rejection(s.foreign().a);"), HasSubstr("Foreign"));
  EXPECT_THAT(Run("return rejection(s.echo(Symbol('x')));"), HasSubstr("DataCloneError: Symbol(x) could not be cloned."));
}

TEST_F(ValueTest, WhatAGetterThrowsIsThrown) {
  EXPECT_EQ(Run("return [wait(s.echo({get a() { return 5; }})).a, rejection(s.echo({get a() { throw new RangeError('g'); }}))];"),
            R"([5,"RangeError: g"])");
}

TEST_F(ValueTest, TheLimitIs32MiB) {
  EXPECT_EQ(Run("return wait(s.big(32 * 1024 * 1024 - 100)).length;"), "33554332");
  EXPECT_THAT(Run("return rejection(s.big(32 * 1024 * 1024));"),
              HasSubstr("Error: Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: 335544"));
  EXPECT_THAT(Run("return rejection(s.echo(new Uint8Array(33 * 1024 * 1024)));"),
              HasSubstr("limited to 32MiB, but the size of this value was: 34603"));
}

TEST_F(ValueTest, MessagesInFlightAreCounted) {
  EXPECT_THAT(Run("var b = new Uint8Array(20 * 1024 * 1024), l = []; for (var i = 0; i < 5; i++) l.push(s.size(b)); return "
                  "each(l, rejection).join();"),
              HasSubstr("nothing,nothing,nothing,Error: Memory limit would be exceeded"));
  EXPECT_EQ(Run("return rejection(s.size(new Uint8Array(20 * 1024 * 1024)));"), R"("nothing")");
}

TEST_F(ValueTest, BytesOfAStreamTravel) {
  EXPECT_EQ(Run("return wait(new Response(wait(s.stream())).text());"), R"("abc")");
  EXPECT_EQ(Run("return wait(s.read(new Response('hello').body));"), R"("hello")");
  EXPECT_EQ(Run("var r = new ReadableStream({start: function (c) { c.enqueue(bytes('js')); c.close(); }}), p = s.read(r); return "
                "[r.locked, wait(p)];"),
            R"([true,"js"])");
  EXPECT_EQ(Run("return wait(new Response(wait(s.echo(wait(s.stream())))).text());"), R"("abc")");
  EXPECT_EQ(Run("var r = new Response('x').body; r.getReader(); return rejection(s.read(r));"),
            R"("TypeError: The ReadableStream has been locked to a reader.")");
}

TEST_F(ValueTest, AStreamIsPulledAsItIsRead) {
  EXPECT_EQ(Run("var r = wait(s.endless()).getReader(); wait(r.read()); wait(r.read()); wait(r.read()); wait(sleep(100)); "
                "wait(r.cancel()); wait(sleep(50));"),
            "undefined");
  EXPECT_EQ(RunOn(callee, 1, "return [pulls < 8, cancelled];"),
            R"([true,"ReadableStream sent over RPC was canceled or released by the remote execution context."])");
}

TEST_F(ValueTest, AStreamThatFailsIsDisconnected) {
  const std::string text = R"("Error: ReadableStream received over RPC disconnected prematurely.")";
  EXPECT_EQ(Run("return rejection(new Response(wait(s.breaks())).text());"), text);
  EXPECT_EQ(Run("return rejection(new Response(wait(s.numbers())).text());"), text);
  EXPECT_EQ(Run("return rejection(s.read(new ReadableStream({pull: function (c) { c.error(new Error('mine')); }})));"), text);
}

TEST_F(ValueTest, AWritableStreamIsWrittenFromElsewhere) {
  EXPECT_EQ(Run("var l = [], w = new WritableStream({write: function (c) { l.push(new TextDecoder().decode(c)); return sleep(30); }, "
                "close: function () "
                "{ l.push('closed'); }});"
                "return [wait(s.write(w)), l.join('|'), w.locked];"),
            R"(["written","hi |there|closed",true])");
  EXPECT_EQ(Run("return rejection(s.write(new WritableStream({write: function () { throw new RangeError('sink'); }})));"),
            R"("RangeError: sink")");
  EXPECT_EQ(Run("var a; wait(s.abort(new WritableStream({abort: function (r) { a = r; }}))); return [a.name, a.message];"),
            R"(["RangeError","enough"])");
  EXPECT_EQ(Run("var w = new WritableStream(); w.getWriter(); return rejection(s.write(w));"),
            R"("TypeError: The WritableStream has been locked to a writer.")");
}

TEST_F(ValueTest, ResponsesAndRequestsTravelWhole) {
  EXPECT_EQ(
      Run("var r = wait(s.response()); r.headers.set('q', 'r'); return [r.status, r.statusText, r.headers.get('a'), r.headers.get('q'), "
          "wait(r.text())];"),
      R"([201,"Made","b","r","body"])");
  EXPECT_EQ(Run("return wait(s.request(new Request('http://h/p', {method: 'POST', body: 'bb', headers: {x: 'y'}, redirect: 'manual', cf: "
                "{a: 1}})));"),
            R"(["POST","http://h/p","bb","y","manual",{"a":1}])");
  EXPECT_EQ(Run("return wait(s.request(new Request('http://h/p', {method: 'POST', body: new ReadableStream({start: function (c) { "
                "c.enqueue(bytes('from a stream')); c.close(); }})})))[2];"),
            R"("from a stream")");
  EXPECT_EQ(Run("var h = wait(s.echo(new Headers([['a', 'b'], ['set-cookie', '1'], ['set-cookie', '2']]))); h.append('c', 'd'); return "
                "Array.from(h);"),
            R"([["a","b"],["c","d"],["set-cookie","1"],["set-cookie","2"]])");
  EXPECT_EQ(Run("var r = wait(s.echo(new Response(null, {status: 204}))); return [r.status, r.body];"), "[204,null]");
  EXPECT_EQ(Run("var r = new Response('x'); wait(r.text()); return rejection(s.echo(r));"),
            R"("TypeError: The ReadableStream has been locked to a reader.")");
}

TEST_F(ValueTest, TheReceiverOfAResponseReadsItsBodyAsItComes) {
  callee.Evaluate(
      "root.constructor.prototype.streamed = function () { return new Response(new ReadableStream({pull: function (c) { pulls++; if (pulls "
      "> 3) "
      "c.close(); else c.enqueue(bytes('p' + pulls)); }})); };");
  EXPECT_EQ(Run("return wait(wait(s.streamed()).text());"), R"("p1p2p3")");
}

// --- stubs with fetch() ---

struct EchoTarget final : web::FetchTarget {
  std::shared_ptr<web::PendingFetch> Send(web::FetchRequest request) override {
    struct Pending final : web::PendingFetch {
      explicit Pending(web::FetchRequest from) : request(std::move(from)) {}
      absl::StatusOr<web::FetchResponse> Wait() override {
        if (request.url.find("fail") != std::string::npos) {
          web::RemoteError error = {.name = "RangeError", .message = "over there"};
          error.remote = true;
          return web::RemoteErrorStatus(error);
        }
        web::FetchResponse response;
        response.status = 203;
        response.headers.Append("method", request.method);
        response.headers.Append("url", request.url);
        response.headers.Append("body", request.bytes.value_or("none"));
        return response;
      }
      void Cancel() override {}
      web::FetchRequest request;
    };
    return std::make_shared<Pending>(std::move(request));
  }
};

class FetchStubTest : public ValueTest {
 protected:
  FetchStubTest() {
    caller.Enter(1, [&](duk_context* ctx) {
      PushObjectStub(ctx, callee.Root(), std::make_shared<EchoTarget>());
      duk_push_string(ctx, "the id");
      SetStubMember(ctx, -2, "id");
      duk_put_global_string(ctx, "d");
    });
  }
};

TEST_F(FetchStubTest, FetchIsHttpAndAllElseIsCalls) {
  EXPECT_EQ(Run("var r = wait(d.fetch('http://x/y', {method: 'POST', body: 'b'})); return [r.status, r.headers.get('method'), "
                "r.headers.get('url'), "
                "r.headers.get('body'), wait(d.echo(1)), d.id, typeof d, String(d), d.then, d instanceof edge.rpc.ServiceStub, "
                "d.constructor.name];"),
            R"([203,"POST","http://x/y","b",1,"the id","object","[object DurableObject]",null,true,"DurableObject"])");
  EXPECT_EQ(Run("try { wait(d.fetch('http://fail/')); } catch (e) { return [e.name, e.message, e.remote]; }"),
            R"(["RangeError","over there",true])");
  EXPECT_THAT(Run("return rejection(d.fetch('relative'));"), HasSubstr("TypeError: Invalid URL"));
  EXPECT_EQ(Run("return rejection(d.dup());"), R"("TypeError: 'dup' is a reserved method and cannot be called over RPC.")");
  EXPECT_THAT(Run("return thrown(function () { d.connect('a:1'); });"), HasSubstr("connect() on a stub is not supported yet"));
}

TEST_F(FetchStubTest, ItTravelsAsAPlainService) {
  EXPECT_EQ(
      Run("var e = wait(s.echo(d)); var l = [String(e), typeof e.id, wait(e.echo(5)), wait(e.fetch('http://x/')).status, typeof "
          "e[Symbol.dispose]]; e[Symbol.dispose](); l.push(rejection(e.fetch('http://x/')), rejection(e.echo(1))); return l;"),
      R"(["[object Fetcher]","function",5,203,"function","Error: RPC stub used after being disposed.","Error: RPC stub used after being disposed."])");
  EXPECT_EQ(Run("return wait(s.kind(d));"), R"("object [object Fetcher] false")");
}

TEST_F(FetchStubTest, AMemberMayBeSet) { EXPECT_EQ(Run("d.mine = 5; return [d.mine, Object.keys(d)];"), R"([5,["id","mine"]])"); }

// --- damaged messages ---

TEST_F(ValueTest, DamagedBytesAreAnError) {
  const std::string damaged = R"("DataCloneError: Unable to deserialize cloned data.")";
  uint64_t seed = 1;
  const auto next = [&seed] { return seed = seed * 6364136223846793005u + 1442695040888963407u; };
  int errors = 0;
  leaves_streams = true;
  for (int round = 0; round < 300; ++round) {
    wire.tamper = [&](CallRequest& request) {
      if (!request.steps.back().arguments.has_value()) return;
      Message& message = *request.steps.back().arguments;
      switch (next() >> 40 & 3) {
        case 0:
          message.bytes.resize((next() >> 33) % message.bytes.size());
          break;
        case 1:
          message.capabilities.clear();
          break;
        default:
          message.bytes[(next() >> 33) % message.bytes.size()] = static_cast<char>(next() >> 50);
      }
    };
    const std::string result =
        Run("return rejection(s.echo([function () {}, new Headers({a: 'b'}), new Request('http://a/', {method: 'POST', body: new "
            "Response('x').body}),"
            " new Response('t', {headers: {c: 'd'}}), new ReadableStream(), new WritableStream()]));");
    if (result != "\"nothing\"") ++errors;
  }
  EXPECT_GT(errors, 200);
  wire.tamper = [](CallRequest& request) {
    if (request.steps.back().arguments.has_value()) request.steps.back().arguments->bytes = "garbage";
  };
  EXPECT_THAT(Run("return rejection(s.echo(1));"), HasSubstr("Unable to deserialize cloned data."));
  wire.tamper = [](CallRequest&) {};
  wire.tamper_reply = [](Message& reply) { reply.bytes.clear(); };
  EXPECT_EQ(Run("return rejection(s.echo(1));"), damaged);
  wire.tamper_reply = [](Message&) {};
  EXPECT_EQ(Run("return wait(s.echo(1));"), "1");
}

TEST_F(ValueTest, ACapabilityIsTakenOnce) {
  wire.tamper_reply = [](Message& reply) {
    // Both stubs name the same capability.
    if (reply.capabilities.size() != 2) return;
    const size_t at = reply.bytes.rfind(std::string("\1\0\0\0\0\0\0\0", 8));
    ASSERT_NE(at, std::string::npos);
    reply.bytes[at] = 0;
  };
  EXPECT_THAT(Run("return rejection(s.echo([function () {}, function () {}]));"), HasSubstr("Unable to deserialize cloned data."));
}

TEST_F(ValueTest, ArgumentsThatAreNoListAreRefused) {
  std::string good;
  wire.tamper_reply = [&](Message& reply) { good = reply.bytes; };
  EXPECT_EQ(Run("return wait(s.echo({length: 1}));"), R"({"length":1})");
  wire.tamper = [&](CallRequest& request) { request.steps.back().arguments->bytes = good; };
  EXPECT_THAT(Run("return rejection(s.echo(1));"), HasSubstr("Unable to deserialize cloned data."));
}

}  // namespace
}  // namespace edge::rpc
