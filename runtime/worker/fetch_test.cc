// fetch() of a worker against servers in virtual time: messages, redirects, bodies in both directions, the six slots, cancellation.
#include <gtest/gtest.h>

#include "runtime/worker/testing/world.h"

namespace edge::worker {
namespace {

using http::ClientRequest;
using http::RequestBody;

std::string FieldOf(const ClientRequest& request, std::string_view name) {
  for (const auto& [field, value] : request.fields) {
    if (http::EqualsIgnoreCase(field, name)) return value;
  }
  return "-";
}

std::string BodyOf(RequestBody* body) {
  if (body == nullptr) return "none";
  std::string all;
  for (;;) {
    absl::StatusOr<std::string> piece = body->Read();
    if (!piece.ok()) return all + "!" + std::string(piece.status().message());
    if (piece->empty()) return all;
    all += *piece;
  }
}

OriginReply Text(std::string text) { return {.pieces = {std::move(text)}}; }
OriginReply RedirectTo(int status, std::string location) { return {.status = status, .fields = {{"Location", std::move(location)}}}; }

// Answers with what it was asked.
absl::StatusOr<OriginReply> Echo(const ClientRequest& request, RequestBody* body) {
  std::string text = request.method + " " + request.authority + request.target;
  for (const auto& [name, value] : request.fields) text += " " + name + "=" + value;
  if (body != nullptr && body->Length().has_value()) text += " length " + std::to_string(*body->Length());
  return Text(text + " " + BodyOf(body));
}

// A handler of ES5 that waits: `body` runs as an async function and its value is the text of the response.
std::string Handler(std::string_view body) {
  return "fetch: function (request, env, ctx) { function wait(p) { return E.await(p); } "
         "function rejection(p) { try { wait(p); } catch (e) { return e.name + ': ' + e.message; } return 'nothing'; } "
         "return E.async(function () { var value = (function () {" +
         std::string(body) + "})(); return value instanceof Response ? value : new Response(String(value)); }); }";
}

class FetchTest : public ::testing::Test {
 protected:
  World& Make(std::string_view body, WorkerLimits limits = {}) {
    WorkerCode code;
    code.name = "test";
    code.script =
        "(function (edge) { var E = edge; var handler = {" + Handler(body) + "}; return { get 'default'() { return handler; } }; })";
    code.limits = limits;
    world_ = std::make_unique<World>(std::move(code));
    world_->origin().answer = Echo;
    return *world_;
  }
  std::string Ask(std::string_view body) { return Make(body).Get().body; }

  std::unique_ptr<World> world_;
};

TEST_F(FetchTest, SendsTheRequestAndGivesTheResponse) {
  EXPECT_EQ(Ask("var r = wait(fetch('http://example.com/a?b#c')); return [r.status, r.ok, r.url, r.redirected, r.type, wait(r.text())]"),
            "200,true,http://example.com/a?b,false,default,GET example.com/a?b none");
}

TEST_F(FetchTest, SendsMethodHeadersAndBytes) {
  EXPECT_EQ(Ask("return wait(wait(fetch('http://h:8080/', {method: 'put', body: 'h\\u00e9', headers: {'X-A': 'b'}})).text())"),
            "PUT h:8080/ X-A=b Content-Type=text/plain;charset=UTF-8 length 3 hé");
}

TEST_F(FetchTest, ConnectsToTheAddressOfTheUrl) {
  World& world = Make("wait(fetch('http://[::1]:81/x')); wait(fetch('http://u:p@h/'));");
  world.Get();
  EXPECT_EQ(world.origin().requests, (std::vector<std::string>{"GET [::1]:81/x", "GET h:80/"}));
}

TEST_F(FetchTest, TheHeadersOfTheResponseAreImmutableAndComplete) {
  World& world = Make(
      "var r = wait(fetch('http://h/')); var m; try { r.headers.set('a', 'b'); } catch (e) { m = e.message; }"
      "return JSON.stringify([r.statusText, Array.from(r.headers), m])");
  world.origin().answer = [](const ClientRequest&, RequestBody*) {
    return OriginReply{.reason = "Fine", .fields = {{"X-A", "1"}, {"Set-Cookie", "a"}, {"x-a", "2"}, {"set-cookie", "b"}}};
  };
  EXPECT_EQ(world.Get().body, R"(["Fine",[["set-cookie","a"],["set-cookie","b"],["x-a","1, 2"]],"Can't modify immutable headers."])");
}

TEST_F(FetchTest, AResponseWithoutABodyHasNone) {
  for (const int status : {204, 205, 304}) {
    World& world = Make("return wait(fetch('http://h/')).body === null");
    world.origin().answer = [status](const ClientRequest&, RequestBody*) { return OriginReply{.status = status, .reason = ""}; };
    EXPECT_EQ(world.Get().body, "true") << status;
  }
  EXPECT_EQ(Ask("return wait(fetch('http://h/', {method: 'HEAD'})).body === null"), "true");
  EXPECT_EQ(Ask("return wait(fetch('http://h/')).body === null"), "false");
}

// --- errors ---

TEST_F(FetchTest, ALostConnectionIsRetryable) {
  World& world = Make("try { wait(fetch('http://h/')); } catch (e) { return [e.name, e.message, e.retryable, e.cause.message] }");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return absl::UnavailableError("connection refused"); };
  EXPECT_EQ(world.Get().body, "Error,Network connection lost.,true,connection refused");
}

TEST_F(FetchTest, ABodyThatIsCutOffFailsItsReader) {
  for (const char* read :
       {"r.text()", "r.clone().text()", "(function () { var x = r.body.getReader(); wait(x.read()); return x.read(); })()"}) {
    World& world = Make(std::string("var r = wait(fetch('http://h/')); return rejection(") + read + ")");
    world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"abc", "!"}}; };
    EXPECT_EQ(world.Get().body, "Error: Network connection lost.") << read;
    EXPECT_EQ(world.origin().open, 0);
  }
}

TEST_F(FetchTest, RefusesWhatItCannotAsk) {
  EXPECT_EQ(Ask("return rejection(fetch('ftp://h/'))"), "TypeError: Fetch API cannot load: ftp://h/");
  EXPECT_EQ(Ask("return rejection(fetch('/x'))"), "TypeError: Invalid URL: /x");
  EXPECT_EQ(Ask("return rejection(fetch())"),
            "TypeError: Failed to execute 'fetch' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Request or string'.");
  EXPECT_EQ(Ask("return rejection(fetch('http://h/', {body: 'x'}))"), "TypeError: Request with a GET or HEAD method cannot have a body.");
  const std::string https = Ask("return rejection(fetch('https://h/'))");
  EXPECT_NE(https.find("TypeError: fetch() of https: addresses is not supported yet"), std::string::npos) << https;
  EXPECT_TRUE(world_->origin().requests.empty());
}

TEST_F(FetchTest, IsRefusedAtGlobalScope) {
  WorkerCode code;
  code.name = "test";
  code.script =
      "(function (edge) { var message = 'none'; fetch('http://h/').then(null, function (e) { message = e.message; });"
      "var handler = { fetch: function () { return new Response(message); } }; return { get 'default'() { return handler; } }; })";
  World world(std::move(code));
  EXPECT_EQ(world.Get().body.rfind("Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect())", 0), 0u);
}

// --- redirects ---

struct RedirectCase {
  int status;
  const char* method;
  const char* expected;
};

TEST_F(FetchTest, RedirectsKeepOrRewriteTheMethod) {
  const RedirectCase cases[] = {
      {301, "POST", "GET h/b none"},
      {302, "POST", "GET h/b none"},
      {303, "POST", "GET h/b none"},
      {303, "PUT", "GET h/b none"},
      {301, "PUT", "PUT h/b length 2 xy"},
      {307, "POST", "POST h/b length 2 xy"},
      {308, "DELETE", "DELETE h/b length 2 xy"},
  };
  for (const RedirectCase& c : cases) {
    World& world = Make(std::string("var r = wait(fetch('http://h/a', {method: '") + c.method +
                        "', body: new TextEncoder().encode('xy')})); return [wait(r.text()), r.url, r.redirected]");
    world.origin().answer = [&](const ClientRequest& request, RequestBody* body) -> absl::StatusOr<OriginReply> {
      if (request.target == "/a") return RedirectTo(c.status, "/b");
      return Echo(request, body);
    };
    EXPECT_EQ(world.Get().body, std::string(c.expected) + ",http://h/b,true") << c.status << " " << c.method;
  }
}

TEST_F(FetchTest, AuthorizationStaysWithItsOrigin) {
  World& world = Make("return wait(wait(fetch('http://a/1', {headers: {Authorization: 'secret', Cookie: 'c'}})).text())");
  std::vector<std::string> seen;
  world.origin().answer = [&](const ClientRequest& request, RequestBody*) -> absl::StatusOr<OriginReply> {
    seen.push_back(FieldOf(request, "authorization") + "," + FieldOf(request, "cookie"));
    if (request.target == "/1") return RedirectTo(302, "/2");
    if (request.target == "/2") return RedirectTo(302, "http://b/3");
    return Text("end");
  };
  EXPECT_EQ(world.Get().body, "end");
  EXPECT_EQ(seen, (std::vector<std::string>{"secret,c", "secret,c", "-,c"}));
}

TEST_F(FetchTest, ManualRedirectsAreTheAnswer) {
  World& world = Make("var r = wait(fetch('http://h/', {redirect: 'manual'})); return [r.status, r.headers.get('location')]");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return RedirectTo(302, "/there"); };
  EXPECT_EQ(world.Get().body, "302,/there");
}

TEST_F(FetchTest, FollowsTwentyRedirectsAndNoMore) {
  World& world = Make("return rejection(fetch('http://h/')).slice(0, 60)");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return RedirectTo(302, "/"); };
  EXPECT_EQ(world.Get().body, "TypeError: Too many redirects.http://h/, http://h/, http://h");
  EXPECT_EQ(world.origin().requests.size(), 21u);
}

TEST_F(FetchTest, RedirectsThatCannotBeFollowedSaySo) {
  for (const auto& [location, text] : {std::pair{"http://[", "Invalid Location header; unable to follow redirect."},
                                       std::pair{"ftp://h/", "Fetch API cannot load: ftp://h/"}}) {
    World& world = Make("return rejection(fetch('http://h/'))");
    world.origin().answer = [location = location](const ClientRequest&, RequestBody*) { return RedirectTo(302, location); };
    EXPECT_EQ(world.Get().body, std::string("TypeError: ") + text);
  }
}

TEST_F(FetchTest, AStreamIsNotSentTwice) {
  World& world =
      Make("return rejection(fetch('http://h/', {method: 'POST', body: new Response('x').body.pipeThrough(new TransformStream())}))");
  world.origin().answer = [](const ClientRequest&, RequestBody* body) {
    BodyOf(body);
    return RedirectTo(307, "/b");
  };
  EXPECT_EQ(world.Get().body.rfind("TypeError: A request with a one-time-use body", 0), 0u);
}

// --- streamed request bodies ---

TEST_F(FetchTest, SendsAStreamAtTheServersPace) {
  World& world = Make(
      "var n = 0; var r = wait(fetch('http://h/', {method: 'POST', body: new ReadableStream({pull: function (c) {"
      "  console.log('pull ' + ++n); c.enqueue(new TextEncoder().encode('p' + n)); if (n === 3) c.close(); }}, {highWaterMark: 0})}));"
      "return wait(r.text())");
  std::string seen;
  world.origin().answer = [&](const ClientRequest&, RequestBody* body) -> absl::StatusOr<OriginReply> {
    EXPECT_FALSE(body->Length().has_value());
    EXPECT_TRUE(world.origin().scheduler().SleepFor(Duration::Seconds(1)).ok());
    EXPECT_TRUE(world.log().lines.empty());
    const absl::StatusOr<std::string> first = body->Read();
    EXPECT_TRUE(world.origin().scheduler().SleepFor(Duration::Seconds(1)).ok());
    EXPECT_EQ(world.log().lines.size(), 1u);
    return Text(*first + BodyOf(body));
  };
  EXPECT_EQ(world.Get().body, "p1p2p3");
}

TEST_F(FetchTest, AFixedLengthIsAnnounced) {
  EXPECT_EQ(Ask("var f = new FixedLengthStream(4), w = f.writable.getWriter(); w.write(new TextEncoder().encode('abcd')); w.close();"
                "return wait(wait(fetch('http://h/', {method: 'POST', body: f.readable})).text())"),
            "POST h/ length 4 abcd");
}

TEST_F(FetchTest, AStreamThatFailsFailsTheFetchWithItsError) {
  EXPECT_EQ(Ask("return rejection(fetch('http://h/', {method: 'POST', body: new ReadableStream({pull: function (c) { c.error(new "
                "RangeError('mine')); }})}))"),
            "RangeError: mine");
  EXPECT_EQ(world_->origin().open, 0);
}

TEST_F(FetchTest, AServerThatAnswersEarlyEndsTheStream) {
  World& world = Make(
      "var r = wait(fetch('http://h/', {method: 'POST', body: new ReadableStream({pull: function (c) { c.enqueue(new Uint8Array([65])); },"
      "cancel: function () { console.log('cancelled'); }})})); return [r.status, wait(r.text()), wait(scheduler.wait(5))]");
  world.origin().answer = [](const ClientRequest&, RequestBody* body) -> absl::StatusOr<OriginReply> {
    EXPECT_TRUE(body->Read().ok());
    return OriginReply{.status = 413, .pieces = {"no"}};
  };
  EXPECT_EQ(world.Get().body, "413,no,");
  EXPECT_TRUE(world.log().Contains("cancelled"));
}

// --- streamed responses ---

TEST_F(FetchTest, AResponseThatIsPassedOnDoesNotEnterJavaScript) {
  for (const char* answer : {"return wait(fetch('http://h/'))", "var r = wait(fetch('http://h/')); return new Response(r.body, r)",
                             "var r = wait(fetch('http://h/')); r.body; return r"}) {
    World& world = Make(answer);
    world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"one ", "two ", "three"}}; };
    const Answer got = world.Get();
    EXPECT_EQ(got.body, "one two three") << answer;
    EXPECT_TRUE(got.passed_through) << answer;
    EXPECT_EQ(world.origin().open, 0);
    EXPECT_EQ(world.origin().dropped, 0);
  }
}

TEST_F(FetchTest, AResponseCanBeClonedAndReadInPieces) {
  World& world = Make(
      "var r = wait(fetch('http://h/')), c = r.clone(), s = []; var x = r.body.getReader(), p;"
      "while (!(p = wait(x.read())).done) s.push(new TextDecoder().decode(p.value)); return [s.join('|'), wait(c.text()), c.url]");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"one", "two"}}; };
  EXPECT_EQ(world.Get().body, "one|two,onetwo,http://h/");
}

TEST_F(FetchTest, CancellingTheBodyDropsTheConnection) {
  World& world = Make("var r = wait(fetch('http://h/')); wait(r.body.cancel()); wait(scheduler.wait(1)); return 'done'");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"x", "?"}}; };
  int dropped_before_the_end = 0;
  world.Run([&] {
    const Answer answer = world.Request();
    EXPECT_EQ(answer.body, "done");
    dropped_before_the_end = world.origin().dropped;
  });
  EXPECT_EQ(dropped_before_the_end, 1);
}

TEST_F(FetchTest, WhatIsLeftUnreadIsDroppedAtTheEnd) {
  World& world = Make("wait(fetch('http://h/')); fetch('http://h/never'); return 'done'");
  world.origin().answer = [&](const ClientRequest& request, RequestBody*) -> absl::StatusOr<OriginReply> {
    if (request.target == "/never") return world.origin().scheduler().SleepUntil(Instant::Infinite());
    return OriginReply{.pieces = {"x", "?"}};
  };
  EXPECT_EQ(world.Get().body, "done");
  EXPECT_EQ(world.origin().dropped, 1);
  EXPECT_EQ(world.origin().waiting, 0);
}

TEST_F(FetchTest, AnotherRequestCannotReadTheBody) {
  World& world = Make(
      "if (!globalThis.kept) { globalThis.kept = wait(fetch('http://h/')); return 'kept'; }"
      "return rejection(globalThis.kept.text())");
  EXPECT_EQ(world.Get().body, "kept");
  EXPECT_EQ(world.Get().body.rfind("Error: Cannot perform I/O on behalf of a different request.", 0), 0u);
}

// --- aborting ---

constexpr const char* kReasons[][2] = {
    {"var c = new AbortController(); setTimeout(function () { c.abort(); }, 50); var s = c.signal;",
     "AbortError: The operation was aborted"},
    {"var c = new AbortController(); setTimeout(function () { c.abort(new Error('why')); }, 50); var s = c.signal;", "Error: why"},
    {"var s = AbortSignal.timeout(50);", "TimeoutError: The operation was aborted due to timeout"},
    {"var s = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(50)]);",
     "TimeoutError: The operation was aborted due to timeout"},
};

TEST_F(FetchTest, AnAbortedFetchRejectsWithTheReasonAndDropsItsConnection) {
  for (const auto& [signal, expected] : kReasons) {
    World& world = Make(std::string(signal) + "return rejection(fetch('http://h/', {signal: s}))");
    bool ended = false;
    world.origin().answer = [&](const ClientRequest&, RequestBody*) -> absl::StatusOr<OriginReply> {
      const absl::Status waited = world.origin().scheduler().SleepUntil(Instant::Infinite());
      ended = absl::IsCancelled(waited);
      return waited;
    };
    EXPECT_EQ(world.Get().body, expected);
    EXPECT_TRUE(ended);
  }
}

TEST_F(FetchTest, AnAbortedBodyFailsWithTheReason) {
  const char* reads[] = {"r.text()", "r.clone().text()", "(function () { var x = r.body.getReader(); wait(x.read()); return x.read(); })()",
                         "(function () { wait(scheduler.wait(100)); return r.text(); })()"};
  for (const auto& [signal, expected] : kReasons) {
    for (const char* read : reads) {
      World& world = Make(std::string(signal) + "var r = wait(fetch('http://h/', {signal: s})); return rejection(" + read + ")");
      world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"x", "?"}}; };
      int dropped_before_the_end = 0;
      world.Run([&] {
        EXPECT_EQ(world.Request().body, expected) << read;
        dropped_before_the_end = world.origin().dropped;
      });
      EXPECT_EQ(dropped_before_the_end, 1);
    }
  }
}

TEST_F(FetchTest, AnAbortedSignalSendsNothing) {
  EXPECT_EQ(Ask("return rejection(fetch('http://h/', {signal: AbortSignal.abort()}))"), "AbortError: The operation was aborted");
  EXPECT_EQ(Ask("return rejection(fetch(new Request('http://h/', {signal: AbortSignal.abort(new Error('r'))})))"), "Error: r");
  EXPECT_TRUE(world_->origin().requests.empty());
}

// --- limits ---

TEST_F(FetchTest, SixWaitForHeadersAndTheOthersQueueInOrder) {
  World& world = Make(
      "var all = [], i; for (i = 0; i < 20; i++) all.push(fetch('http://h/' + i).then(function (r) { return r.status; }));"
      "return wait(Promise.all(all)).length");
  world.origin().answer = [&](const ClientRequest&, RequestBody*) -> absl::StatusOr<OriginReply> {
    EXPECT_TRUE(world.origin().scheduler().SleepFor(Duration::Seconds(1)).ok());
    return OriginReply{.pieces = {"unread", "?"}};
  };
  const Instant start = world.clock().Now();
  EXPECT_EQ(world.Get().body, "20");
  EXPECT_EQ(world.origin().waiting_max, 6);
  EXPECT_EQ(world.clock().Now() - start, Duration::Seconds(4));  // 6 + 6 + 6 + 2; unread bodies hold no slot
  ASSERT_EQ(world.origin().requests.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(world.origin().requests[i], "GET h:80/" + std::to_string(i));
}

TEST_F(FetchTest, AQueuedFetchThatIsAbortedLeavesTheLine) {
  World& world = Make(
      "var all = [], i, c = new AbortController(); for (i = 0; i < 6; i++) all.push(fetch('http://h/' + i));"
      "var seventh = fetch('http://h/seventh', {signal: c.signal}), eighth = fetch('http://h/eighth');"
      "wait(scheduler.wait(10)); c.abort(); return [rejection(seventh), wait(eighth).status]");
  world.origin().answer = [&](const ClientRequest&, RequestBody*) -> absl::StatusOr<OriginReply> {
    EXPECT_TRUE(world.origin().scheduler().SleepFor(Duration::Seconds(1)).ok());
    return Text("x");
  };
  EXPECT_EQ(world.Get().body, "AbortError: The operation was aborted,200");
  EXPECT_EQ(world.origin().requests.back(), "GET h:80/eighth");
  EXPECT_EQ(world.origin().requests.size(), 7u);
}

TEST_F(FetchTest, AFetchThatFailsGivesItsSlotAway) {
  World& world = Make(
      "var failed = 0, i, all = []; for (i = 0; i < 30; i++) all.push(fetch('http://h/').catch(function () { failed++; }));"
      "wait(Promise.all(all)); return failed");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return absl::UnavailableError("reset"); };
  EXPECT_EQ(world.Get().body, "30");
}

TEST_F(FetchTest, SlotsAreTheInvocationsOwn) {
  World& world = Make("var all = [], i; for (i = 0; i < 6; i++) all.push(fetch('http://h/')); return wait(Promise.all(all)).length");
  world.origin().answer = [&](const ClientRequest&, RequestBody*) -> absl::StatusOr<OriginReply> {
    EXPECT_TRUE(world.origin().scheduler().SleepFor(Duration::Seconds(1)).ok());
    return Text("x");
  };
  const Instant start = world.clock().Now();
  world.Run([&] {
    TaskGroup requests(world.scheduler());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(requests.Spawn("request", [&] { EXPECT_EQ(world.Request().body, "6"); }).ok());
    requests.Wait();
  });
  EXPECT_EQ(world.origin().waiting_max, 18);
  EXPECT_EQ(world.clock().Now() - start, Duration::Seconds(1));
}

TEST_F(FetchTest, SubrequestsAreLimitedAndRedirectsCount) {
  WorkerLimits limits;
  limits.subrequests_max = 5;
  World& world =
      Make("wait(fetch('http://h/a')); wait(fetch('http://h/b')); return [rejection(fetch('http://h/c')), rejection(fetch('http://h/d'))]",
           limits);
  world.origin().answer = [](const ClientRequest& request, RequestBody*) {
    return request.target == "/" ? Text("x") : RedirectTo(302, "/");
  };
  EXPECT_EQ(world.Get().body, "Error: Too many subrequests.,Error: Too many subrequests.");
  EXPECT_EQ(world.origin().requests.size(), 5u);
}

TEST_F(FetchTest, ALoopOfFetchesKeepsNothing) {
  World& world = Make("for (var i = 0; i < 300; i++) wait(wait(fetch('http://h/')).text()); return 'done'");
  EXPECT_EQ(world.Get().body, "done");
  EXPECT_EQ(world.origin().open, 0);
}

// --- clients that leave ---

TEST_F(FetchTest, ALostClientCancelsTheHandlerAndItsFetches) {
  World& world = Make("console.log('begun'); wait(fetch('http://h/')); console.log('went on'); return 'x'");
  Instant ended;
  world.origin().answer = [&](const ClientRequest&, RequestBody*) -> absl::StatusOr<OriginReply> {
    const absl::Status waited = world.origin().scheduler().SleepUntil(Instant::Infinite());
    ended = world.clock().Now();
    return waited;
  };
  const Instant start = world.clock().Now();
  const Answer answer = world.GetAndLeave(Duration::Seconds(1));

  EXPECT_EQ(answer.outcome, Outcome::kCanceled);
  EXPECT_EQ(ended - start, Duration::Seconds(1));
  EXPECT_EQ(world.log().lines, (std::vector<std::string>{"begun"}));
}

TEST_F(FetchTest, WaitUntilOutlivesALostClient) {
  World& world = Make(
      "ctx.waitUntil(scheduler.wait(20000).then(function () { return fetch('http://h/'); })"
      ".then(function (r) { console.log('kept ' + r.status); })); wait(new Promise(function () {}))");
  EXPECT_EQ(world.GetAndLeave(Duration::Seconds(1)).outcome, Outcome::kCanceled);
  EXPECT_TRUE(world.log().Contains("kept 200"));
}

TEST_F(FetchTest, WaitUntilHasItsGraceAfterALostClient) {
  World& world = Make("ctx.waitUntil(scheduler.wait(60000).then(function () { console.log('too late'); })); wait(scheduler.wait(90000))");
  const Instant start = world.clock().Now();
  world.Run([&] {
    EXPECT_EQ(world.Request("http://test/", Duration::Seconds(1)).outcome, Outcome::kCanceled);
    EXPECT_EQ(world.clock().Now() - start, Duration::Seconds(31));
  });
  EXPECT_FALSE(world.log().Contains("too late"));
  EXPECT_TRUE(world.log().Contains("were cancelled"));
}

TEST_F(FetchTest, ALostClientCancelsTheStreamedBody) {
  World& world = Make(
      "return new Response(new ReadableStream({pull: function (c) { c.enqueue(new Uint8Array([65])); return scheduler.wait(300); },"
      "cancel: function () { console.log('cancelled'); }}))");
  const Answer answer = world.GetAndLeave(Duration::Seconds(1));
  EXPECT_EQ(answer.failure, "stream failed");
  EXPECT_TRUE(world.log().Contains("cancelled"));
}

TEST_F(FetchTest, ALostClientDropsAResponseThatIsPassedOn) {
  World& world = Make("return wait(fetch('http://h/'))");
  world.origin().answer = [](const ClientRequest&, RequestBody*) { return OriginReply{.pieces = {"x", "?"}}; };
  const Instant start = world.clock().Now();
  EXPECT_EQ(world.GetAndLeave(Duration::Seconds(1)).body, "x");
  EXPECT_EQ(world.origin().dropped, 1);
  EXPECT_EQ(world.clock().Now() - start, Duration::Seconds(1));
}

TEST_F(FetchTest, AClientThatLeavesInTheMiddleOfAComputationCostsNobodyElse) {
  WorkerLimits limits;
  World& world = Make(
      "if (request.url.indexOf('other') > 0) { wait(scheduler.wait(100)); return 'served'; }"
      "wait(scheduler.wait(10)); console.log('computing'); for (var i = 0; i < 3e6; i++); console.log('computed'); "
      "wait(scheduler.wait(1)); console.log('went on')",
      limits);
  world.client_stays = [&] { return !world.log().Contains("computing"); };
  world.Run([&] {
    TaskGroup others(world.scheduler());
    Answer other;
    EXPECT_TRUE(others.Spawn("other", [&] { other = world.Request("http://test/other"); }).ok());
    EXPECT_EQ(world.Request("http://test/", Duration::Milliseconds(10)).outcome, Outcome::kCanceled);
    others.Wait();
    EXPECT_EQ(other.body, "served");
  });
  EXPECT_TRUE(world.log().Contains("computed"));
  EXPECT_FALSE(world.log().Contains("went on"));
  EXPECT_EQ(world.worker().isolates(), 1u);
}

TEST_F(FetchTest, TheRequestsSignalFiresOnlyWithItsFlag) {
  for (const RequestSignal flag : {RequestSignal::kSilent, RequestSignal::kFires}) {
    WorkerCode code;
    code.name = "test";
    code.request_signal = flag;
    code.script =
        "(function (edge) { var E = edge; var handler = {" +
        Handler(
            "request.signal.addEventListener('abort', function () { console.log('signal: ' + request.signal.reason);"
            "ctx.waitUntil(scheduler.wait(10).then(function () { console.log('cleaned up'); })); }); wait(scheduler.wait(5000))") +
        "}; return { get 'default'() { return handler; } }; })";
    World world(std::move(code));
    EXPECT_EQ(world.GetAndLeave(Duration::Seconds(1)).outcome, Outcome::kCanceled);
    if (flag == RequestSignal::kFires) {
      EXPECT_EQ(world.log().lines, (std::vector<std::string>{"signal: AbortError: The client has disconnected", "cleaned up"}));
    } else {
      EXPECT_TRUE(world.log().lines.empty());
    }
  }
}

}  // namespace
}  // namespace edge::worker
