// What ends a wait, and what sending and receiving at the same time must not hold up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http/client.h"
#include "net/http/testing/client_fixture.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ClientWaitTest : public ClientTest {
 protected:
  void Sleep(Duration duration) { world_.scheduler().SleepFor(duration).IgnoreError(); }
  absl::StatusOr<std::unique_ptr<ClientExchange>> Send(Client& client, std::shared_ptr<RequestBody> body, Duration time) {
    return client.Send(Request(body != nullptr ? "POST" : "GET"), std::move(body), world_.In(time));
  }
};

// --- deadlines ---

TEST_F(ClientWaitTest, ADeadlineEndsTheWaitForTheHeadAndTheConnection) {
  absl::Status peer_saw;
  With([&](Peer& peer) { peer_saw = peer.ReadToEnd(); },
       [&](Client& client) {
         const Instant before = world_.now();
         EXPECT_EQ(Send(client, nullptr, Duration::Seconds(3)).status(), absl::DeadlineExceededError("deadline exceeded"));
         EXPECT_EQ(world_.now() - before, Duration::Seconds(3));
         Sleep(Duration::Milliseconds(1));
       });
  EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << peer_saw;
}

TEST_F(ClientWaitTest, ADeadlineHoldsWhileTheBodyGivesNothing) {
  std::shared_ptr<OpenBody> body;
  With([](Peer& peer) { peer.ReadToEnd().IgnoreError(); },
       [&](Client& client) {
         body = std::make_shared<OpenBody>(world_.scheduler());
         const Instant before = world_.now();
         EXPECT_TRUE(absl::IsDeadlineExceeded(Send(client, body, Duration::Seconds(3)).status()));
         EXPECT_EQ(world_.now() - before, Duration::Seconds(3));
         EXPECT_TRUE(absl::IsCancelled(body->ended_with()));
       });
}

TEST_F(ClientWaitTest, ConnectingHasALimitOfItsOwn) {
  With(nullptr, [&](Client& client) {
    world_.network().HangConnects();
    Instant before = world_.now();
    EXPECT_TRUE(absl::IsDeadlineExceeded(Send(client, nullptr, Duration::Infinite()).status()));
    EXPECT_EQ(world_.now() - before, Duration::Seconds(15));
    before = world_.now();
    EXPECT_TRUE(absl::IsDeadlineExceeded(Send(client, nullptr, Duration::Seconds(2)).status()));
    EXPECT_EQ(world_.now() - before, Duration::Seconds(2));
  });
}

TEST_F(ClientWaitTest, ABodyThatStallsIsADeadline) {
  ClientLimits limits;
  limits.body_idle_time = Duration::Seconds(7);
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        peer.Sleep(Duration::Seconds(5));
        peer.Say("h");
        peer.Hang();
      },
      [&](Client& client) {
        auto exchange = Send(client, nullptr, Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok());
        const Instant before = world_.now();
        EXPECT_TRUE(absl::IsDeadlineExceeded(ReadWholeBody(**exchange).status()));
        EXPECT_EQ(world_.now() - before, Duration::Seconds(12));
        std::string piece(10, '\0');
        EXPECT_TRUE(absl::IsDeadlineExceeded((*exchange)->ReadBody(piece).status()));
        EXPECT_EQ(world_.now() - before, Duration::Seconds(12));
      },
      limits);
}

TEST_F(ClientWaitTest, AServerThatTakesNothingIsADeadline) {
  world_.network().SetCapacity(1000);
  With([](Peer& peer) { peer.Hang(); },
       [&](Client& client) {
         const Instant before = world_.now();
         EXPECT_TRUE(absl::IsDeadlineExceeded(Send(client, Text(std::string(2000, 'x')), Duration::Infinite()).status()));
         EXPECT_EQ(world_.now() - before, Duration::Seconds(30));
       });
}

// --- cancellation ---

TEST_F(ClientWaitTest, CancellingTheCallersGroupAbortsAtOnce) {
  for (const bool with_body : {false, true}) {
    absl::Status peer_saw;
    absl::Status caller_saw;
    Instant aborted_at;
    With(
        [&](Peer& peer) {
          peer_saw = peer.ReadToEnd();
          aborted_at = world_.now();
        },
        [&](Client& client) {
          TaskGroup caller(world_.scheduler());
          auto body = with_body ? std::make_shared<OpenBody>(world_.scheduler()) : nullptr;
          ASSERT_TRUE(caller.Spawn("caller", [&] { caller_saw = Send(client, body, Duration::Infinite()).status(); }).ok());
          Sleep(Duration::Seconds(1));
          caller.Cancel();
          const Instant cancelled_at = world_.now();
          caller.Wait();
          Sleep(Duration::Seconds(1));
          EXPECT_EQ(aborted_at, cancelled_at);
        });
    EXPECT_TRUE(absl::IsCancelled(caller_saw)) << caller_saw;
    EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << peer_saw;
  }
}

TEST_F(ClientWaitTest, CancellingWhileTheBodyIsReadAbortsAtOnce) {
  absl::Status peer_saw;
  absl::Status caller_saw;
  With(
      [&](Peer& peer) {
        peer.ReadRequest();
        peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        peer_saw = peer.ReadToEnd();
      },
      [&](Client& client) {
        TaskGroup caller(world_.scheduler());
        std::unique_ptr<ClientExchange> exchange;
        ASSERT_TRUE(caller
                        .Spawn("caller",
                               [&] {
                                 exchange = Send(client, nullptr, Duration::Infinite()).value();
                                 caller_saw = ReadWholeBody(*exchange).status();
                               })
                        .ok());
        Sleep(Duration::Seconds(1));
        caller.Cancel();
        caller.Wait();
        Sleep(Duration::Milliseconds(1));
        EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << "before the exchange is destroyed: " << peer_saw;
      });
  EXPECT_TRUE(absl::IsCancelled(caller_saw)) << caller_saw;
}

// --- sending and receiving at the same time ---

TEST_F(ClientWaitTest, AnEarlyAnswerIsSeenWhileTheBodyIsStillBeingSent) {
  world_.network().SetCapacity(1000);
  With(
      [](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge");
        peer.Hang();
      },
      [&](Client& client) {
        const Instant before = world_.now();
        EXPECT_EQ(Fetch(client, Request("POST"), Text(std::string(1 << 20, 'x'))), "413 large");
        EXPECT_EQ(world_.now(), before);
      });
}

TEST_F(ClientWaitTest, ARefusalThatClosesEndsTheSendingOfTheBody) {
  std::shared_ptr<OpenBody> body;
  With(
      [](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge");
        peer.Hang();
      },
      [&](Client& client) {
        body = std::make_shared<OpenBody>(world_.scheduler());
        auto exchange = Send(client, body, Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok()) << exchange.status();
        Sleep(Duration::Milliseconds(1));
        EXPECT_TRUE(absl::IsCancelled(body->ended_with()));
        EXPECT_EQ(ReadWholeBody(**exchange).value(), "large");
      });
}

TEST_F(ClientWaitTest, ALastAnswerReadToItsEndEndsTheSendingOfTheBody) {
  With(
      [](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        peer.Hang();
      },
      [&](Client& client) {
        auto body = std::make_shared<OpenBody>(world_.scheduler());
        auto exchange = Send(client, body, Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok()) << exchange.status();
        Sleep(Duration::Milliseconds(1));
        EXPECT_TRUE(body->ended_with().ok());  // it may be an answer to what is still to come
        EXPECT_EQ(ReadWholeBody(**exchange).value(), "hello");
        Sleep(Duration::Milliseconds(1));
        EXPECT_TRUE(absl::IsCancelled(body->ended_with()));
      });
}

TEST_F(ClientWaitTest, AnAnswerIsSeenWhenTheServerResetsTheRestOfTheBody) {
  world_.network().SetCapacity(1000);
  With(
      [](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 5\r\n\r\nlarge");
      },
      [&](Client& client) { EXPECT_EQ(Fetch(client, Request("POST"), Text(std::string(1 << 20, 'x'))), "413 large"); });
}

TEST_F(ClientWaitTest, AServerMayAnswerBeforeItReadsAndAsItReads) {
  world_.network().SetCapacity(1000);
  const std::string body(100'000, 'x');
  With(
      [&](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say(StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n"));
        for (size_t i = 0; i < body.size(); i += 1000) peer.Say(peer.ReadBytes(1000));
        peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client, Request("POST"), Text(body)), StrCat("200 ", body));
        EXPECT_EQ(Fetch(client), "200 hello");
        EXPECT_EQ(peers_->connections(), 1);
      });
}

TEST_F(ClientWaitTest, AServerThatAnswersButNeverReadsCostsItsConnectionOnly) {
  world_.network().SetCapacity(1000);
  With(
      [](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        peer.Sleep(Duration::Seconds(40));  // longer than a piece may take
        peer.Say("lo");
        peer.Hang();
      },
      [&](Client& client) {
        auto exchange = Send(client, Text(std::string(1 << 20, 'x')), Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok()) << exchange.status();
        EXPECT_EQ(ReadWholeBody(**exchange).value(), "hello");
        EXPECT_TRUE(Send(client, nullptr, Duration::Seconds(1)).ok());
        EXPECT_EQ(peers_->connections(), 2);
      });
}

TEST_F(ClientWaitTest, AConnectionIsFreeWhenTheBodyToo) {
  With(
      [](Peer& peer) {
        peer.ReadUntil("first\r\n");
        peer.Say(kHello);
        EXPECT_EQ(peer.ReadUntil("0\r\n\r\n"), "0\r\n\r\n");
        peer.ReadRequest();
        peer.Say(StrCat("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", peer.index()));
        peer.Hang();
      },
      [&](Client& client) {
        auto body = std::make_shared<OpenBody>(world_.scheduler());
        auto exchange = Send(client, body, Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok());
        EXPECT_EQ(ReadWholeBody(**exchange).value(), "hello");
        Sleep(Duration::Seconds(1));
        body->End();
        Sleep(Duration::Seconds(1));
        EXPECT_EQ(Fetch(client), "200 0");
      });
}

TEST_F(ClientWaitTest, DestroyingAnExchangeEndsItsBodyAndItsConnection) {
  absl::Status peer_saw;
  With(
      [&](Peer& peer) {
        peer.ReadUntil("\r\n\r\n");
        peer.Say(kHello);
        peer_saw = peer.ReadToEnd();
      },
      [&](Client& client) {
        auto body = std::make_shared<OpenBody>(world_.scheduler());
        auto exchange = Send(client, body, Duration::Seconds(1));
        ASSERT_TRUE(exchange.ok());
        EXPECT_EQ(ReadWholeBody(**exchange).value(), "hello");
        exchange->reset();
        EXPECT_TRUE(absl::IsCancelled(body->ended_with()));
        EXPECT_EQ(body.use_count(), 1);
        Sleep(Duration::Milliseconds(1));
      });
  EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << peer_saw;
}

// --- bodies that fail ---

TEST_F(ClientWaitTest, AnErrorOfTheBodyIsTheRequestsErrorAndAborts) {
  absl::Status peer_saw;
  With([&](Peer& peer) { peer_saw = peer.ReadToEnd(); },
       [&](Client& client) {
         auto body = std::make_shared<ListBody>(std::vector<std::string>{"one"}, std::nullopt, absl::DataLossError("broken stream"));
         EXPECT_EQ(Send(client, body, Duration::Seconds(9)).status(), absl::DataLossError("broken stream"));
         Sleep(Duration::Milliseconds(1));
       });
  EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << peer_saw;
}

TEST_F(ClientWaitTest, ABodyMustBeAsLongAsItSays) {
  With([](Peer& peer) { EXPECT_TRUE(absl::IsUnavailable(peer.ReadToEnd())); },
       [&](Client& client) {
         auto outcome = [&](std::vector<std::string> pieces, uint64_t length) {
           return Send(client, std::make_shared<ListBody>(std::move(pieces), length), Duration::Seconds(9)).status().ToString();
         };
         EXPECT_EQ(outcome({"one", "two"}, 7), "INVALID_ARGUMENT: the request body is shorter than its length");
         EXPECT_EQ(outcome({"one", "two"}, 5), "INVALID_ARGUMENT: the request body is longer than its length");
         EXPECT_EQ(outcome({}, 1), "INVALID_ARGUMENT: the request body is shorter than its length");
         Sleep(Duration::Milliseconds(1));
       });
}

TEST_F(ClientWaitTest, TheEndOfABodyOfKnownLengthIsNotWaitedFor) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Say(kHello);
        peer.Hang();
      },
      [&](Client& client) {
        auto body = Text("body");
        EXPECT_EQ(Fetch(client, Request("POST"), body), "200 hello");
        EXPECT_EQ(body->reads(), 1);
      });
}

}  // namespace
}  // namespace edge::http
