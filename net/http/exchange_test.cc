#include "net/http/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "net/http/testing/http_world.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"

namespace edge::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kHeadOf200 = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\n";

std::string ReadAll(Exchange& exchange, size_t room = 1000) {
  std::string body;
  std::string piece(room, '\0');
  for (;;) {
    absl::StatusOr<size_t> n = exchange.ReadBody(piece);
    if (!n.ok()) return StrCat(body, "[", n.status().ToString(), "]");
    if (*n == 0) return body;
    body.append(piece, 0, *n);
  }
}

std::string Post(std::string_view body, std::string_view fields = "") {
  return StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields, "Content-Length: ", body.size(), "\r\n\r\n", body);
}

// --- how responses are framed ---

TEST(Exchange, AStreamIsChunked) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_TRUE(exchange.Write("hello").ok());
    EXPECT_TRUE(exchange.Write("").ok());
    EXPECT_TRUE(exchange.Write(", all the world").ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, kGet),
            StrCat(kHeadOf200, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nf\r\n, all the world\r\n0\r\n\r\n"));
  EXPECT_EQ(client->writes(), 1);
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, AStreamOfKnownLengthIsNotChunked) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200), 10).ok());
    EXPECT_TRUE(exchange.Write("01234").ok());
    EXPECT_TRUE(exchange.Write("56789").ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  EXPECT_EQ(world.Ask(kGet), StrCat(kHeadOf200, "Content-Length: 10\r\n\r\n0123456789"));
}

TEST(Exchange, AStreamToHttp10EndsWithTheConnection) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_TRUE(exchange.Write("hello").ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), StrCat(kHeadOf200, "Connection: close\r\n\r\nhello"));
  EXPECT_TRUE(client->end_received());
}

TEST(Exchange, HeadHasTheHeadersOfGetAndNoBody) {
  HttpWorld world([](Exchange& exchange) {
    ResponseHead head(200);
    if (exchange.head().target() == "/declared") {
      EXPECT_TRUE(head.Add("Content-Length", "1234").ok());
    }
    if (exchange.head().target() == "/stream") {
      EXPECT_TRUE(exchange.Start(head).ok());
      EXPECT_TRUE(exchange.Write("hello").ok());
      EXPECT_TRUE(exchange.Finish().ok());
    } else {
      EXPECT_TRUE(exchange.Respond(head, exchange.head().target() == "/" ? "hello" : "").ok());
    }
  });
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), StrCat(kHeadOf200, "Content-Length: 5\r\n\r\n"));
  EXPECT_EQ(world.Ask(*client, "HEAD /declared HTTP/1.1\r\nHost: a\r\n\r\n"), StrCat(kHeadOf200, "Content-Length: 1234\r\n\r\n"));
  EXPECT_EQ(world.Ask(*client, "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"), StrCat(kHeadOf200, "Transfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(world.Ask(*client, "HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n"), StrCat(kHeadOf200, "\r\n"));
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, SomeStatusesHaveNoBody) {
  int status = 204;
  HttpWorld world([&](Exchange& exchange) {
    ResponseHead head(status);
    EXPECT_TRUE(head.Add("ETag", "x").ok());
    EXPECT_TRUE(exchange.Respond(head, "ignored").ok());
  });
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, kGet), "HTTP/1.1 204 No Content\r\nETag: x\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\n\r\n");
  status = 304;
  EXPECT_EQ(world.Ask(*client, kGet), "HTTP/1.1 304 Not Modified\r\nETag: x\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\n\r\n");
}

TEST(Exchange, TheHandlersDateAndReasonWin) {
  HttpWorld world([](Exchange& exchange) {
    ResponseHead head(299);
    EXPECT_TRUE(head.SetReason("Fine by me").ok());
    EXPECT_TRUE(head.Add("date", "today").ok());
    EXPECT_TRUE(exchange.Respond(head, "").ok());
  });
  EXPECT_EQ(world.Ask(kGet), "HTTP/1.1 299 Fine by me\r\ndate: today\r\nContent-Length: 0\r\n\r\n");
}

TEST(Exchange, ALargeBodyLeavesWithItsHeadInOneWrite) {
  const std::string body(100'000, 'x');
  HttpWorld world([&](Exchange& exchange) { EXPECT_TRUE(exchange.Respond(ResponseHead(200), body).ok()); });
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, kGet), StrCat(kHeadOf200, "Content-Length: 100000\r\n\r\n", body));
  EXPECT_EQ(client->writes(), 1);
}

TEST(Exchange, ALargeChunkIsFramedToo) {
  const std::string body(100'000, 'x');
  HttpWorld world([&](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_TRUE(exchange.Write(body).ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  EXPECT_EQ(world.Ask(kGet), StrCat(kHeadOf200, "Transfer-Encoding: chunked\r\n\r\n186a0\r\n", body, "\r\n0\r\n\r\n"));
}

// --- what handlers get wrong ---

TEST(Exchange, NoAnswerIsA500) {
  HttpWorld world([](Exchange&) {});
  auto client = world.Connect();
  EXPECT_THAT(world.Ask(*client, kGet), StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, AnUnfinishedStreamIsCutOffVisibly) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_TRUE(exchange.Write("hello").ok());
    if (exchange.head().target() == "/fail") {
      exchange.Fail();
      EXPECT_EQ(exchange.Write("more").code(), absl::StatusCode::kFailedPrecondition);
    }
  });
  for (const char* target : {"/", "/fail"}) {
    auto client = world.Connect();
    EXPECT_THAT(world.Ask(*client, StrCat("GET ", target, " HTTP/1.1\r\nHost: a\r\n\r\n")), EndsWith("5\r\nhello\r\n"));
    EXPECT_TRUE(client->aborted());
    EXPECT_TRUE(client->closed());
  }
}

TEST(Exchange, ABodyHasToBeAsLongAsAnnounced) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200), 5).ok());
    if (exchange.head().target() == "/long") {
      EXPECT_EQ(exchange.Write("hello!").code(), absl::StatusCode::kInvalidArgument);
    } else {
      EXPECT_TRUE(exchange.Write("hell").ok());
      EXPECT_EQ(exchange.Finish().code(), absl::StatusCode::kInvalidArgument);
    }
  });
  auto brief = world.Connect();
  auto lengthy = world.Connect();
  EXPECT_THAT(world.Ask(*brief, kGet), EndsWith("\r\n\r\nhell"));
  EXPECT_THAT(world.Ask(*lengthy, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\n"));
  EXPECT_TRUE(brief->aborted());
  EXPECT_TRUE(lengthy->aborted());
}

TEST(Exchange, CallsOutOfOrderAreErrors) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_EQ(exchange.Write("x").code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(exchange.Finish().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(exchange.Respond(ResponseHead(100), "").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(exchange.Respond(ResponseHead(1000), "").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_FALSE(exchange.started());
    EXPECT_TRUE(exchange.Respond(ResponseHead(200), "once").ok());
    EXPECT_TRUE(exchange.started());
    EXPECT_EQ(exchange.Respond(ResponseHead(200), "twice").code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(exchange.Start(ResponseHead(200)).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(exchange.Write("x").code(), absl::StatusCode::kFailedPrecondition);
    exchange.Fail();  // too late to matter
  });
  EXPECT_EQ(world.Ask(kGet), StrCat(kHeadOf200, "Content-Length: 4\r\n\r\nonce"));
}

// --- output and waiting ---

TEST(Exchange, FlushSendsWhatHasGatheredBeforeAWait) {
  HttpWorld* world = nullptr;
  HttpWorld the_world([&](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_TRUE(exchange.Write("first").ok());
    EXPECT_TRUE(exchange.Flush().ok());
    EXPECT_TRUE(world->scheduler().SleepFor(Duration::Seconds(1)).ok());
    EXPECT_TRUE(exchange.Write("second").ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  world = &the_world;
  auto client = world->Connect();

  EXPECT_THAT(world->Ask(*client, kGet), EndsWith("5\r\nfirst\r\n"));
  world->Advance(Duration::Seconds(1));
  EXPECT_EQ(client->TakeReceived(), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST(Exchange, ASlowReaderHoldsTheHandlerBack) {
  int written = 0;
  HttpWorld world([&](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    for (; written < 1000; ++written) EXPECT_TRUE(exchange.Write(std::string(1000, 'x')).ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  auto client = world.Connect();
  client->SetWindow(10'000);
  world.Ask(*client, kGet);

  const int before = written;
  EXPECT_LT(before, 100);
  client->SetWindow(100'000);
  world.Run();
  EXPECT_GT(written, before);
  EXPECT_LT(written, 200);
  client->SetWindow(SIZE_MAX);
  world.Run();

  EXPECT_EQ(written, 1000);
  EXPECT_THAT(client->received(), EndsWith("\r\n0\r\n\r\n"));
}

TEST(Exchange, AReaderThatStopsLosesItsConnection) {
  absl::Status status;
  HttpWorld world([&](Exchange& exchange) {
    status = exchange.Respond(ResponseHead(200), std::string(1'000'000, 'x'));
    EXPECT_TRUE(exchange.client_gone());
  });
  auto client = world.Connect();
  client->SetWindow(300'000);
  world.Ask(*client, kGet);

  world.Advance(Duration::Seconds(29));
  EXPECT_FALSE(client->aborted());
  world.Advance(Duration::Seconds(1));

  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client->aborted());
}

TEST(Exchange, AResetWhileWritingIsReported) {
  absl::Status status;
  HttpWorld world([&](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    do {
      status = exchange.Write(std::string(50'000, 'x'));
    } while (status.ok());
    EXPECT_TRUE(exchange.client_gone());
    EXPECT_EQ(exchange.Write("x").code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(exchange.Finish().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(exchange.Flush().code(), absl::StatusCode::kUnavailable);
  });
  auto client = world.Connect();
  client->SetWindow(100'000);
  world.Ask(*client, kGet);
  client->Reset();
  world.Run();

  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(client->closed());
}

// --- request bodies ---

TEST(Exchange, BodiesAreReadByLengthOrByChunk) {
  HttpWorld world([](Exchange& exchange) {
    std::string length = exchange.content_length() ? std::to_string(*exchange.content_length()) : "?";
    std::string has = exchange.has_body() ? "body" : "none";
    std::string body = ReadAll(exchange, 3);
    EXPECT_EQ(*exchange.ReadBody(std::span(body.data(), 1)), 0u);
    EXPECT_TRUE(exchange.Respond(ResponseHead(200), StrCat(has, " ", length, " ", body)).ok());
  });
  auto client = world.Connect();

  EXPECT_THAT(world.Ask(*client, Post("hello")), EndsWith("\r\n\r\nbody 5 hello"));
  EXPECT_THAT(
      world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1;x\r\no\r\n0\r\nT: x\r\n\r\n"),
      EndsWith("\r\n\r\nbody ? hello"));
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, AHandlerCanStreamTheRequestBack) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    std::string piece(64 << 10, '\0');
    for (;;) {
      absl::StatusOr<size_t> n = exchange.ReadBody(piece);
      ASSERT_TRUE(n.ok()) << n.status();
      if (*n == 0) break;
      EXPECT_EQ(exchange.peer().host, "192.0.2.1");
      EXPECT_TRUE(exchange.Write(std::string_view(piece).substr(0, *n)).ok());
    }
    EXPECT_TRUE(exchange.Finish().ok());
  });
  auto client = world.Connect();

  EXPECT_THAT(world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
              StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(world.Ask(*client, "5\r\nhello\r\n"), "5\r\nhello\r\n");
  const std::string large(50'000, 'z');
  std::string back = world.Ask(*client, StrCat("C350\r\n", large, "\r\n0\r\n\r\n"));
  EXPECT_EQ(std::count(back.begin(), back.end(), 'z'), 50'000);
  EXPECT_THAT(back, EndsWith("\r\n0\r\n\r\n"));
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, ContinueIsSentOnTheFirstReadAndOnlyThen) {
  bool read = true;
  HttpWorld world([&](Exchange& exchange) {
    std::string body = read ? ReadAll(exchange) : "unread";
    EXPECT_TRUE(exchange.Respond(ResponseHead(read ? 200 : 403), body).ok());
  });
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

  auto patient = world.Connect();
  EXPECT_EQ(world.Ask(*patient, head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(world.Ask(*patient, "hello"), EndsWith("\r\n\r\nhello"));
  EXPECT_TRUE(patient->parked());

  auto hasty = world.Connect();
  EXPECT_THAT(world.Ask(*hasty, head + "hello"), StartsWith("HTTP/1.1 200 OK\r\n"));

  auto old = world.Connect();
  old->Send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  world.Run();
  EXPECT_EQ(old->received(), "");
  EXPECT_THAT(world.Ask(*old, "hello"), EndsWith("hello"));

  read = false;
  auto refused = world.Connect();
  std::string answer = world.Ask(*refused, head);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(refused->end_received());
}

TEST(Exchange, AnUnreadBodyIsReadInPassingIfItIsSmall) {
  HttpWorld world;
  auto client = world.Connect();

  EXPECT_THAT(world.Ask(*client, StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", std::string(50'000, 'x'))),
              EndsWith("hello"));
  EXPECT_EQ(world.Ask(*client, std::string(50'000, 'x')), "");
  EXPECT_TRUE(client->parked());
  EXPECT_THAT(world.Ask(*client, kGet), EndsWith("hello"));

  EXPECT_THAT(world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"), EndsWith("hello"));
  world.Ask(*client, "0\r\n\r\n");
  EXPECT_TRUE(client->parked());
}

TEST(Exchange, AnEarlyResponseToALargeBodyArrivesAndEndsTheConnection) {
  HttpWorld world;
  auto client = world.Connect();

  std::string answer =
      world.Ask(*client, StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n", std::string(50'000, 'x')));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("hello"));
  EXPECT_TRUE(client->end_received());
  EXPECT_FALSE(client->aborted());

  for (int i = 0; i < 10; ++i) {
    world.Ask(*client, std::string(50'000, 'x'));
    EXPECT_EQ(client->unread(), 0u);
  }
  EXPECT_FALSE(client->closed());
  client->SendEnd();
  world.Run();
  EXPECT_TRUE(client->closed());
}

TEST(Exchange, AnEndlessUnreadChunkedBodyEndsTheConnection) {
  HttpWorld world;
  auto client = world.Connect();
  std::string chunk = StrCat("ffff\r\n", std::string(0xffff, 'x'), "\r\n");
  world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 6; ++i) world.Ask(*client, chunk);

  EXPECT_TRUE(client->end_received());
}

TEST(Exchange, AMalformedBodyIsRefusedByTheServer) {
  HttpWorld world([](Exchange& exchange) {
    EXPECT_THAT(ReadAll(exchange), StartsWith("ab[INVALID_ARGUMENT"));
    EXPECT_EQ(exchange.Respond(ResponseHead(200), "all is well").code(), absl::StatusCode::kUnavailable);
  });
  auto client = world.Connect();

  std::string answer = world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, EndsWith("400 Bad Request: malformed chunk size\n"));
  EXPECT_TRUE(client->end_received());
}

TEST(Exchange, ABodyThatGrowsTooLargeIsRefused) {
  ServerLimits limits;
  limits.body_bytes = 10;
  HttpWorld world([](Exchange& exchange) { ReadAll(exchange); }, limits);

  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(world.Ask(head + "8\r\n12345678\r\n8\r\n"), StartsWith("HTTP/1.1 413 "));
  auto client = world.Connect();
  EXPECT_EQ(world.Ask(*client, head + "8\r\n12345678\r\n8\r"), "");
  EXPECT_THAT(world.Ask(*client, "\n"), StartsWith("HTTP/1.1 413 "));
}

TEST(Exchange, AStalledBodyIsAnswered408) {
  std::string got;
  HttpWorld world([&](Exchange& exchange) { got = ReadAll(exchange); });
  auto client = world.Connect();
  world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  world.Advance(Duration::Seconds(29));
  EXPECT_EQ(world.Ask(*client, "c"), "");
  world.Advance(Duration::Seconds(29));
  EXPECT_EQ(client->received(), "");
  world.Advance(Duration::Seconds(1));

  EXPECT_THAT(client->received(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(got, StartsWith("abc[DEADLINE_EXCEEDED"));
  EXPECT_TRUE(client->end_received());
}

TEST(Exchange, AClientThatLeavesInItsBodyIsNoticed) {
  std::string got;
  HttpWorld world([&](Exchange& exchange) { got = ReadAll(exchange); });
  auto half = world.Connect();
  world.Ask(*half, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  half->SendEnd();
  world.Run();
  EXPECT_THAT(got, StartsWith("ab[UNAVAILABLE"));
  EXPECT_THAT(half->received(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(half->closed());

  auto gone = world.Connect();
  world.Ask(*gone, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  gone->Reset();
  world.Run();
  EXPECT_THAT(got, StartsWith("ab[UNAVAILABLE"));
  EXPECT_TRUE(gone->closed());
}

TEST(Exchange, OneFiberMayReadWhileAnotherAnswers) {
  HttpWorld* world = nullptr;
  size_t read = 0;
  HttpWorld the_world([&](Exchange& exchange) {
    TaskGroup group(world->scheduler());
    EXPECT_TRUE(group
                    .Spawn("reader",
                           [&] {
                             char piece[1000];
                             for (absl::StatusOr<size_t> n = 1; n.ok() && *n > 0; read += *n) n = exchange.ReadBody(piece);
                           })
                    .ok());
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(exchange.Write(std::string(30'000, 'x')).ok());
      EXPECT_TRUE(world->scheduler().Yield().ok());
    }
    group.Wait();
    EXPECT_TRUE(exchange.Write(StrCat("read ", read)).ok());
    EXPECT_TRUE(exchange.Finish().ok());
  });
  world = &the_world;
  auto client = world->Connect();
  client->SetWindow(20'000);
  client->Send(StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", std::string(60'000, 'y')));
  world->Run();
  EXPECT_EQ(client->received().size(), 20'000u);
  EXPECT_EQ(read, 60'000u);  // although the other fiber waits for the client to read
  client->SetWindow(SIZE_MAX);
  world->Run();
  client->Send(std::string(40'000, 'y'));
  world->Run();

  EXPECT_THAT(client->received(), EndsWith("b\r\nread 100000\r\n0\r\n\r\n"));
  EXPECT_EQ(std::count(client->received().begin(), client->received().end(), 'x'), 150'000);
  EXPECT_TRUE(client->parked());
}

}  // namespace
}  // namespace edge::http
