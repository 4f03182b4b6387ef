#include "net/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http/testing/http_world.h"
#include "rapidcheck/gtest.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"

namespace edge::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
// Virtual time begins one second after the epoch.
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Length: 5\r\n\r\nhello";

int Count(std::string_view text, std::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// --- connections ---

TEST(Server, AnswersAndKeepsTheConnection) {
  HttpWorld world;
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, kGet), kHello);
  EXPECT_EQ(world.Ask(*client, kGet), kHello);

  EXPECT_FALSE(client->end_received());
  EXPECT_EQ(world.server().stats().requests, 2u);
}

TEST(Server, AnIdleConnectionIsParkedWithoutAFiber) {
  HttpWorld world;
  auto client = world.Connect();
  EXPECT_EQ(world.connection_fibers(), 0u);

  world.Ask(*client, kGet);

  EXPECT_EQ(world.connection_fibers(), 0u);
  EXPECT_TRUE(client->parked());
  EXPECT_EQ(world.server().parked_connections(), 1u);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrderByOneWrite) {
  HttpWorld world([](Exchange& exchange) { EXPECT_TRUE(exchange.Respond(ResponseHead(200), exchange.head().target()).ok()); });
  auto client = world.Connect();
  std::string requests;
  for (int i = 0; i < 16; ++i) StrAppend(&requests, "GET /", i, " HTTP/1.1\r\nHost: a\r\n\r\n");

  std::string answers = world.Ask(*client, requests);

  EXPECT_EQ(client->writes(), 1);
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK\r\n"), 16);
  EXPECT_LT(answers.find("\r\n\r\n/3"), answers.find("\r\n\r\n/12"));
  EXPECT_THAT(answers, EndsWith("\r\n\r\n/15"));
}

TEST(Server, APipelineWithoutEndLetsOthersIn) {
  ServerLimits limits;
  limits.pipeline_max = 4;
  HttpWorld world(nullptr, limits);
  auto client = world.Connect();
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += kGet;

  EXPECT_EQ(Count(world.Ask(*client, requests), "hello"), 10);
  EXPECT_EQ(client->writes(), 3);
}

TEST(Server, ALotOfPipelinedOutputIsSentInBetween) {
  ServerLimits limits;
  limits.write_buffer_bytes = ByteCount::Bytes(1000);
  HttpWorld world([](Exchange& exchange) { EXPECT_TRUE(exchange.Respond(ResponseHead(200), std::string(450, 'x')).ok()); }, limits);
  auto client = world.Connect();

  world.Ask(*client, StrCat(kGet, kGet, kGet, kGet));

  EXPECT_EQ(client->writes(), 2);
}

TEST(Server, ARequestMayArriveInAnyPieces) {
  const std::string requests = StrCat("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", kGet,
                                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n", kGet);
  HttpWorld world([](Exchange& exchange) {
    std::string body(exchange.head().method());
    char piece[2];
    for (;;) {
      absl::StatusOr<size_t> n = exchange.ReadBody(piece);
      ASSERT_TRUE(n.ok());
      if (*n == 0) break;
      body.append(piece, *n);
    }
    EXPECT_TRUE(exchange.Respond(ResponseHead(200), body).ok());
  });
  const std::string whole = world.Ask(requests);
  EXPECT_EQ(Count(whole, "HTTP/1.1 200"), 4);
  EXPECT_THAT(whole, HasSubstr("\r\n\r\nPOSTabcHTTP"));
  EXPECT_THAT(whole, HasSubstr("\r\n\r\nPOSTdeHTTP"));

  for (size_t cut = 1; cut < requests.size(); ++cut) {
    auto client = world.Connect();
    std::string answers = world.Ask(*client, requests.substr(0, cut));
    answers += world.Ask(*client, requests.substr(cut));
    EXPECT_EQ(answers, whole) << "cut at " << cut;
  }
  auto client = world.Connect();
  client->SetReadMax(1);
  EXPECT_EQ(world.Ask(*client, requests), whole);
}

TEST(Server, ClosesWhenTheClientAsksForIt) {
  HttpWorld world;
  auto client = world.Connect();

  EXPECT_THAT(world.Ask(*client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), HasSubstr("\r\nConnection: close\r\n"));

  EXPECT_TRUE(client->closed());
  EXPECT_FALSE(client->aborted());
  EXPECT_EQ(world.server().connections(), 0u);
}

TEST(Server, Http10ClosesUnlessAskedToStay) {
  HttpWorld world;
  auto closing = world.Connect();
  auto staying = world.Connect();

  EXPECT_THAT(world.Ask(*closing, "GET / HTTP/1.0\r\n\r\n"), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(world.Ask(*staying, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), HasSubstr("\r\nConnection: keep-alive\r\n"));

  EXPECT_TRUE(closing->closed());
  EXPECT_TRUE(staying->parked());
}

TEST(Server, ConnectionsEndQuietlyWhenTheClientLeaves) {
  HttpWorld world;
  auto before = world.Connect();
  auto between = world.Connect();
  auto inside = world.Connect();
  auto reset = world.Connect();
  world.Ask(*between, kGet);

  before->SendEnd();
  between->SendEnd();
  world.Ask(*inside, "GET / HT");
  inside->SendEnd();
  reset->Reset();
  world.Run();

  for (auto& client : {before, between, inside, reset}) {
    EXPECT_TRUE(client->closed());
    EXPECT_EQ(client->TakeReceived(), "");
  }
}

TEST(Server, AHalfClosedClientStillGetsItsResponses) {
  HttpWorld world;
  auto client = world.Connect();
  client->Send(StrCat(kGet, kGet));
  client->SendEnd();
  world.Run();

  EXPECT_EQ(client->received(), StrCat(kHello, kHello));
  EXPECT_TRUE(client->closed());
}

// --- limits ---

TEST(Server, RefusalsSayWhyAndClose) {
  HttpWorld world;
  auto client = world.Connect();

  std::string answer = world.Ask(*client, StrCat("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", kGet));

  EXPECT_EQ(answer,
            "HTTP/1.1 400 Bad Request\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            "Content-Length: 46\r\nConnection: close\r\n\r\n400 Bad Request: more than one Content-Length\n");
  EXPECT_EQ(world.handled(), 0);
  EXPECT_TRUE(client->end_received());
  client->SendEnd();
  world.Run();
  EXPECT_TRUE(client->closed());
}

TEST(Server, ARefusedClientThatKeepsSendingIsLetGoAfterAWhile) {
  HttpWorld world;
  auto client = world.Connect();
  world.Ask(*client, "\x16\x03\x01");
  EXPECT_TRUE(client->end_received());
  EXPECT_FALSE(client->closed());

  client->Send("more");
  world.Advance(Duration::Milliseconds(1500));
  EXPECT_FALSE(client->closed());
  EXPECT_EQ(client->unread(), 0u);
  world.Advance(Duration::Milliseconds(600));

  EXPECT_TRUE(client->closed());
}

TEST(Server, AHugeHeaderLineIsRefusedEarly) {
  HttpWorld world;
  auto client = world.Connect();
  world.Ask(*client, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
  std::string answer;
  size_t sent = 0;
  while (answer.empty() && sent < (10u << 20)) {
    answer = world.Ask(*client, std::string(4096, 'a'));
    sent += 4096;
  }

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
  EXPECT_LE(sent, (128u << 10) + 4096);
}

TEST(Server, AHeadOfTheLargestSizeIsServedAndItsBodyToo) {
  HttpWorld world([](Exchange& exchange) {
    std::string body(1 << 20, '\0');
    size_t total = 0;
    while (total < 100'000) {
      absl::StatusOr<size_t> n = exchange.ReadBody(std::span(body).subspan(total, 700));
      ASSERT_TRUE(n.ok() && *n > 0);
      total += *n;
    }
    EXPECT_EQ(body.substr(0, total), std::string(100'000, 'b'));
    EXPECT_EQ(exchange.head().Find("a"), std::string(130'000, 'a'));
    EXPECT_TRUE(exchange.Respond(ResponseHead(200), exchange.head().target()).ok());
  });
  auto client = world.Connect();
  client->Send(StrCat("POST /t HTTP/1.1\r\nHost: a\r\nA: ", std::string(130'000, 'a'), "\r\nContent-Length: 100000\r\n\r\n"));
  for (int i = 0; i < 10; ++i) {
    client->Send(std::string(10'000, 'b'));
    world.Run();
  }

  EXPECT_THAT(client->TakeReceived(), EndsWith("\r\n\r\n/t"));
  EXPECT_THAT(world.Ask(*client, StrCat("POST /u HTTP/1.1\r\nHost: a\r\nA: ", std::string(130'000, 'a'),
                                        "\r\nContent-Length: 100000\r\n\r\n", std::string(100'000, 'b'))),
              EndsWith("\r\n\r\n/u"));
}

TEST(Server, ASlowHeadIsAnswered408) {
  HttpWorld world;
  auto client = world.Connect();
  for (int i = 0; i < 14; ++i) {
    EXPECT_EQ(world.Ask(*client, i == 0 ? "GET / HTTP/1.1\r\n" : "a: b\r\n"), "");
    world.Advance(Duration::Seconds(1));
  }
  EXPECT_EQ(world.connection_fibers(), 1u);
  world.Advance(Duration::Seconds(1));

  EXPECT_THAT(client->TakeReceived(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(client->end_received());
}

TEST(Server, IdleConnectionsAreClosedOldestFirst) {
  HttpWorld world;
  auto first = world.Connect();
  world.Advance(Duration::Seconds(10));
  auto second = world.Connect();
  world.Advance(Duration::Seconds(10));
  world.Ask(*first, kGet);

  world.Advance(Duration::Seconds(64));
  EXPECT_FALSE(second->closed());
  world.Advance(Duration::Seconds(1));
  EXPECT_TRUE(second->closed());
  EXPECT_FALSE(first->closed());
  world.Advance(Duration::Seconds(9));
  EXPECT_FALSE(first->closed());
  world.Advance(Duration::Seconds(1));
  EXPECT_TRUE(first->closed());
  EXPECT_EQ(world.server().stats().connections_expired, 2u);
}

TEST(Server, ANewConnectionTakesThePlaceOfTheLongestIdleOne) {
  ServerLimits limits;
  limits.connections_max = 2;
  HttpWorld world(nullptr, limits);
  auto a = world.Connect();
  auto b = world.Connect();
  world.Ask(*a, kGet);

  auto c = world.Connect();

  EXPECT_TRUE(b->closed());
  EXPECT_FALSE(a->closed());
  EXPECT_EQ(world.Ask(*c, kGet), kHello);
}

TEST(Server, WhenAllAreBusyANewConnectionIsTurnedAwayPolitely) {
  ServerLimits limits;
  limits.connections_max = 1;
  limits.refusals_max = 1;
  HttpWorld world(nullptr, limits);
  auto busy = world.Connect();
  world.Ask(*busy, "GET /");

  auto late = world.Connect();
  auto later = world.Connect();

  EXPECT_THAT(late->TakeReceived(), StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(late->end_received());
  EXPECT_TRUE(later->aborted());
  late->SendEnd();
  world.Run();
  EXPECT_TRUE(late->closed());
  EXPECT_EQ(world.Ask(*busy, " HTTP/1.1\r\nHost: a\r\n\r\n"), kHello);
  EXPECT_EQ(world.server().stats().connections_refused, 2u);
}

TEST(Server, OutOfDescriptorsItGivesUpIdleConnectionsAndTriesAgain) {
  HttpWorld world;
  auto idle = world.Connect();
  world.listener().RunOutOfDescriptors(2);
  auto fresh = world.Connect();
  EXPECT_TRUE(idle->closed());

  EXPECT_EQ(world.Ask(*fresh, kGet), "");
  world.Advance(Duration::Milliseconds(100));

  EXPECT_EQ(fresh->TakeReceived(), kHello);
}

TEST(Server, TheLastRequestOfAConnectionSaysSo) {
  ServerLimits limits;
  limits.requests_per_connection_max = 2;
  HttpWorld world(nullptr, limits);
  auto client = world.Connect();

  EXPECT_THAT(world.Ask(*client, kGet), Not(HasSubstr("Connection:")));
  EXPECT_THAT(world.Ask(*client, kGet), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client->end_received());
}

// --- drain ---

// A handler that waits until it is let go on.
struct Gate {
  void Handle(HttpWorld& world, Exchange& exchange) {
    event.emplace(world.scheduler());
    status = event->Wait();
    if (status.ok()) status = exchange.Respond(ResponseHead(200), "late");
    event.reset();
  }
  std::optional<Event> event;
  absl::Status status;
};

TEST(Server, DrainClosesIdleConnectionsAndFinishesRequestsInFlight) {
  Gate gate;
  HttpWorld* world = nullptr;
  HttpWorld the_world([&](Exchange& exchange) { gate.Handle(*world, exchange); });
  world = &the_world;
  auto idle = world->Connect();
  auto busy = world->Connect();
  world->Ask(*busy, StrCat(kGet, kGet));

  world->StartDrain(world->now() + Duration::Seconds(10));
  EXPECT_TRUE(idle->closed());
  EXPECT_FALSE(world->drained());
  gate.event->Set();
  world->Run();
  EXPECT_THAT(busy->received(), HasSubstr("\r\nConnection: close\r\n\r\nlate"));
  busy->SendEnd();
  world->Run();

  EXPECT_TRUE(world->drained());
  EXPECT_TRUE(world->drain_status().ok());
  EXPECT_FALSE(busy->aborted());
  EXPECT_EQ(world->handled(), 1);
}

TEST(Server, DrainAbortsWhatOutlastsItsDeadline) {
  Gate gate;
  HttpWorld* world = nullptr;
  HttpWorld the_world([&](Exchange& exchange) { gate.Handle(*world, exchange); });
  world = &the_world;
  auto busy = world->Connect();
  auto half = world->Connect();
  world->Ask(*busy, kGet);
  world->Ask(*half, "GET /");

  world->StartDrain(world->now() + Duration::Seconds(10));
  world->Advance(Duration::Seconds(9));
  EXPECT_FALSE(world->drained());
  world->Advance(Duration::Seconds(1));

  EXPECT_TRUE(world->drained());
  EXPECT_EQ(world->drain_status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(gate.status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(busy->aborted());
  EXPECT_TRUE(half->aborted());
  EXPECT_EQ(world->server().connections(), 0u);
}

TEST(Server, ACrashEndsEverythingWhereItStands) {
  std::vector<std::shared_ptr<FakeClient>> clients;
  VirtualWorld world;
  class Sleeper final : public Handler {
   public:
    explicit Sleeper(Scheduler& scheduler) : scheduler_(scheduler) {}
    void Handle(Exchange& exchange) override {
      status = scheduler_.SleepFor(Duration::Seconds(1000));
      exchange.Respond(ResponseHead(200), "never").IgnoreError();
    }
    absl::Status status;

   private:
    Scheduler& scheduler_;
  } handler(world.scheduler);
  auto owned_listener = std::make_unique<FakeListener>(world.scheduler, clients);
  FakeListener& listener = *owned_listener;
  Server server(world.scheduler, std::move(owned_listener), handler, {});
  Domain domain(world.scheduler, "node");
  EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "start", [&] { EDGE_CHECK_OK(server.Start()); }));
  Settle(world.scheduler, clients);
  auto parked = listener.Connect();
  auto busy = listener.Connect();
  busy->Send(kGet);
  Settle(world.scheduler, clients);
  EXPECT_EQ(domain.size(), 3u);  // accept, sweep and the busy connection

  domain.Crash();
  parked->Send(kGet);
  Settle(world.scheduler, clients);

  EXPECT_EQ(domain.size(), 0u);
  EXPECT_TRUE(IsCrashed(handler.status));
  EXPECT_EQ(busy->received(), "");
  EXPECT_EQ(parked->received(), "");
  EXPECT_EQ(server.stats().requests, 1u);
}

// Whatever comes in: every answer is well-formed, the connection is parked or over in bounded time, and nothing is left behind.
RC_GTEST_PROP(Server, NoInputIsMoreThanItsConnectionsProblem, ()) {
  static const std::vector<std::string> kPieces = {"GET / HTTP/1.1\r\n",
                                                   "POST /x HTTP/1.1\r\n",
                                                   "HEAD / HTTP/1.0\r\n",
                                                   "Host: a\r\n",
                                                   "Content-Length: 5\r\n",
                                                   "Transfer-Encoding: chunked\r\n",
                                                   "Expect: 100-continue\r\n",
                                                   "Connection: close\r\n",
                                                   "Connection: keep-alive\r\n",
                                                   "\r\n",
                                                   "5\r\nhello\r\n",
                                                   "0\r\n",
                                                   "hello",
                                                   "\n",
                                                   "\r",
                                                   " ",
                                                   ":",
                                                   std::string(1, '\0'),
                                                   "A: b\r\n",
                                                   "PRI * HTTP/2.0\r\n\r\n",
                                                   std::string(3000, 'q')};
  ServerLimits limits;
  limits.head_bytes = ByteCount::Bytes(8000);
  HttpWorld world(
      [](Exchange& exchange) {
        char piece[7];
        // Some bodies are read, some half, some not at all.
        const size_t reads = exchange.head().fields().size() % 3;
        for (size_t i = 0; i < reads * 100; ++i) {
          absl::StatusOr<size_t> n = exchange.ReadBody(piece);
          if (!n.ok() || *n == 0) break;
        }
        exchange.Respond(ResponseHead(200), "ok").IgnoreError();
      },
      limits);
  auto client = world.Connect();
  auto bystander = world.Connect();

  const auto sends =
      *rc::gen::container<std::vector<std::vector<std::string>>>(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)));
  std::string received;
  for (const std::vector<std::string>& pieces : sends) {
    for (const std::string& piece : pieces) client->Send(piece);
    world.Run();
    received += client->TakeReceived();
  }
  RC_ASSERT(received.empty() || received.starts_with("HTTP/1.1 "));
  RC_ASSERT(world.Ask(*bystander, kGet).ends_with("ok"));
  for (int i = 0; i < 100; ++i) world.Advance(Duration::Seconds(1));
  RC_ASSERT(client->closed());
  RC_ASSERT(world.connection_fibers() == 0u);
}

}  // namespace
}  // namespace edge::http
