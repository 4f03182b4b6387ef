#include "net/http/client_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "net/http/testing/http_world.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"

namespace edge::http {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// A handler that waits until it is told to go on or that the client is gone.
class WaitingWorld : public ClientWatcher {
 public:
  explicit WaitingWorld(const ServerLimits& limits = {})
      : world([this](Exchange& exchange) { Handle(exchange); }, limits), go_on(world.scheduler()) {}

  void OnClientGone() override {
    ++told;
    go_on.Set();
  }

  void Handle(Exchange& exchange) {
    if (before) before(exchange);
    exchange.Flush().IgnoreError();
    exchange.WatchClient(*this);
    exchange.WatchClient(*this);
    EDGE_CHECK_OK(go_on.Wait());
    go_on.Reset();
    if (after) after(exchange);
    answered = exchange.Respond(ResponseHead(200), "late");
  }

  HttpWorld world;
  Event go_on;
  HttpWorld::Body before;
  HttpWorld::Body after;
  absl::Status answered = absl::UnknownError("not yet");
  int told = 0;
};

TEST(ClientWatch, TellsOnceThatTheClientHasClosed) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, kGet);
  EXPECT_EQ(waiting.told, 0);

  client->SendEnd();
  waiting.world.Run();

  EXPECT_EQ(waiting.told, 1);
  EXPECT_TRUE(absl::IsUnavailable(waiting.answered));
  EXPECT_TRUE(client->closed());
}

TEST(ClientWatch, TellsThatTheClientHasReset) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, kGet);

  client->Reset();
  waiting.world.Run();

  EXPECT_EQ(waiting.told, 1);
  EXPECT_TRUE(client->closed());
}

TEST(ClientWatch, TheNextRequestIsNoReason) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, kGet);
  for (const char c : kGet) waiting.world.Ask(*client, std::string_view(&c, 1));
  EXPECT_EQ(waiting.told, 0);
  EXPECT_EQ(client->unread(), 0u);

  waiting.go_on.Set();
  waiting.world.Run();
  EXPECT_THAT(client->TakeReceived(), HasSubstr("late"));
  EXPECT_EQ(waiting.world.handled(), 2);

  client->SendEnd();
  waiting.world.Run();
  EXPECT_EQ(waiting.told, 1);
}

TEST(ClientWatch, AConnectionThatWasWatchedServesOn) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  for (int i = 0; i < 3; ++i) {
    waiting.world.Ask(*client, kGet);
    waiting.go_on.Set();
    waiting.world.Run();
    EXPECT_THAT(client->TakeReceived(), HasSubstr("late"));
    EXPECT_TRUE(client->parked());
  }
  EXPECT_EQ(waiting.told, 0);
}

TEST(ClientWatch, KeepsOnlySoMuchOfWhatComes) {
  ServerLimits limits;
  limits.watch_ahead_bytes = ByteCount::KiB(64);
  WaitingWorld waiting(limits);
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, kGet);
  for (int i = 0; i < 100; ++i) waiting.world.Ask(*client, std::string(10'000, 'x'));

  EXPECT_GT(client->unread(), 1'000'000u - (64u << 10) - 20'000u);
  EXPECT_FALSE(client->parked());
  waiting.go_on.Set();
  waiting.world.Run();
  EXPECT_THAT(client->TakeReceived(), HasSubstr("late"));
}

TEST(ClientWatch, ABodyThatNobodyReadsIsNoReason) {
  WaitingWorld waiting;
  std::string body;
  waiting.after = [&](Exchange& exchange) {
    char piece[64];
    for (;;) {
      const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
      ASSERT_TRUE(n.ok());
      if (*n == 0) return;
      body.append(piece, *n);
    }
  };
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12");
  waiting.world.Ask(*client, "345");
  EXPECT_EQ(waiting.told, 0);

  waiting.go_on.Set();
  waiting.world.Run();
  waiting.world.Ask(*client, "67890");

  EXPECT_EQ(body, "1234567890");
  EXPECT_TRUE(waiting.answered.ok());
}

TEST(ClientWatch, WatchesAgainWhenTheBodyHasBeenRead) {
  WaitingWorld waiting;
  waiting.before = [](Exchange& exchange) {
    char piece[64];
    EXPECT_EQ(exchange.ReadBody(piece).value_or(0), 5u);
    EXPECT_EQ(exchange.ReadBody(piece).value_or(1), 0u);
  };
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345");

  client->SendEnd();
  waiting.world.Run();

  EXPECT_EQ(waiting.told, 1);
}

TEST(ClientWatch, ABodyReadBesideTheWaitingHandlerHasTheConnectionForItself) {
  WaitingWorld waiting;
  std::unique_ptr<TaskGroup> reading;
  std::string body;
  waiting.before = [&](Exchange& exchange) {
    reading = std::make_unique<TaskGroup>(waiting.world.scheduler());
    EDGE_CHECK_OK(reading->Spawn("reader", [&] {
      char piece[64];
      for (;;) {
        const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
        if (!n.ok() || *n == 0) return;
        body.append(piece, *n);
      }
    }));
  };
  waiting.after = [&](Exchange&) { reading->Wait(); };
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  waiting.world.Ask(*client, "45678");
  waiting.world.Ask(*client, "90");
  EXPECT_EQ(body, "1234567890");
  EXPECT_EQ(waiting.told, 0);

  client->SendEnd();
  waiting.world.Run();
  EXPECT_EQ(waiting.told, 1);
  reading.reset();
}

TEST(ClientWatch, ABodyThatBreaksOffIsALostClientToo) {
  for (const bool reset : {false, true}) {
    WaitingWorld waiting;
    std::unique_ptr<TaskGroup> reading;
    int told_when_read_returns = -1;
    waiting.before = [&](Exchange& exchange) {
      reading = std::make_unique<TaskGroup>(waiting.world.scheduler());
      EDGE_CHECK_OK(reading->Spawn("reader", [&] {
        char piece[64];
        while (exchange.ReadBody(piece).ok()) {
        }
        told_when_read_returns = waiting.told;
      }));
    };
    waiting.after = [&](Exchange&) { reading->Wait(); };
    auto client = waiting.world.Connect();
    waiting.world.Ask(*client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
    EXPECT_EQ(waiting.told, 0);

    reset ? client->Reset() : client->SendEnd();
    waiting.world.Run();

    EXPECT_EQ(waiting.told, 1);
    EXPECT_EQ(told_when_read_returns, 1);
    reading.reset();
  }
}

TEST(ClientWatch, AClientThatIsKnownToBeGoneIsToldOfAtOnce) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  waiting.before = [&](Exchange& exchange) {
    client->Reset();
    EXPECT_TRUE(exchange.Start(ResponseHead(200)).ok());
    EXPECT_FALSE(exchange.Flush().ok());
  };

  waiting.world.Ask(*client, kGet);

  EXPECT_EQ(waiting.told, 1);
}

TEST(ClientWatch, AHandlerThatDoesNotWaitIsNotWatched) {
  HttpWorld world([](Exchange& exchange) { exchange.Respond(ResponseHead(200), "now").IgnoreError(); });
  auto client = world.Connect();
  client->Send(kGet);
  client->SendEnd();
  world.Run();

  EXPECT_THAT(client->received(), HasSubstr("now"));
}

TEST(ClientWatch, DrainEndsAWatchedHandler) {
  WaitingWorld waiting;
  auto client = waiting.world.Connect();
  waiting.world.Ask(*client, kGet);
  waiting.world.StartDrain(waiting.world.now() + Duration::Seconds(10));
  waiting.go_on.Set();
  waiting.world.Run();
  waiting.world.Advance(Duration::Seconds(5));

  EXPECT_TRUE(waiting.world.drained());
  EXPECT_THAT(client->received(), HasSubstr("late"));
}

}  // namespace
}  // namespace edge::http
