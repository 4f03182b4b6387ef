// The client over real sockets, against our server: what a network in memory cannot show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/http/client.h"
#include "net/http/server.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "tests/parity/os_world.h"

namespace edge::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// /echo streams the body back as it comes, /early answers 413 without reading, anything else is "hello".
class Routes final : public Handler {
 public:
  void Handle(Exchange& exchange) override {
    const std::string target(exchange.head().target());
    if (target == "/early") {
      exchange.Respond(ResponseHead(413), "too large").IgnoreError();
      return;
    }
    if (target != "/echo") {
      exchange.Respond(ResponseHead(200), "hello").IgnoreError();
      return;
    }
    exchange.Start(ResponseHead(200)).IgnoreError();
    std::string piece(64 << 10, '\0');
    for (;;) {
      const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
      if (!n.ok() || *n == 0) break;
      if (!exchange.Write(std::string_view(piece).substr(0, *n)).ok()) break;
    }
    exchange.Finish().IgnoreError();
  }
};

// A text in pieces, with or without its length.
class TextBody final : public RequestBody {
 public:
  enum class Length : uint8_t { kKnown, kUnknown };
  TextBody(std::string text, Length length) : text_(std::move(text)), length_(length) {}

  absl::StatusOr<std::string> Read() override {
    std::string piece = text_.substr(at_, 100'000);
    at_ += piece.size();
    return piece;
  }
  std::optional<uint64_t> Length() const override {
    return length_ == Length::kKnown ? std::optional<uint64_t>(text_.size()) : std::nullopt;
  }

 private:
  const std::string text_;
  const enum Length length_;
  size_t at_ = 0;
};

class ClientOverSockets : public testing::Test {
 protected:
  // Runs `test` as a fiber with a client, beside a server.
  void With(std::function<void(Client&, Server&)> test, const ServerLimits& limits = {}) {
    world_.Run([&] {
      absl::StatusOr<std::unique_ptr<Listener>> listener = world_.network().Listen({.host = "127.0.0.1", .port = 0});
      EDGE_CHECK_OK(listener.status());
      endpoint_ = (*listener)->Local();
      Server server(world_.scheduler(), *std::move(listener), routes_, limits);
      EDGE_CHECK_OK(server.Start());
      {
        Client client(world_.scheduler(), world_.network());
        test(client, server);
      }
      EXPECT_TRUE(server.Drain(In(Duration::Seconds(5))).ok());
    });
  }

  std::string Fetch(Client& client, std::string target, std::shared_ptr<RequestBody> body = nullptr) {
    const ClientRequest request{
        .method = body != nullptr ? "POST" : "GET", .host = endpoint_, .authority = endpoint_.ToString(), .target = std::move(target)};
    auto exchange = client.Send(request, std::move(body), In(Duration::Seconds(20)));
    if (!exchange.ok()) return exchange.status().ToString();
    const absl::StatusOr<std::string> text = ReadWholeBody(**exchange);
    return StrCat((*exchange)->head().status, " ", text.ok() ? *text : text.status().ToString());
  }

  Instant In(Duration duration) { return world_.clock().Now() + duration; }

  parity::OsWorld world_;
  Routes routes_;
  Endpoint endpoint_;
};

std::shared_ptr<RequestBody> Known(std::string text) { return std::make_shared<TextBody>(std::move(text), TextBody::Length::kKnown); }
std::shared_ptr<RequestBody> Unknown(std::string text) { return std::make_shared<TextBody>(std::move(text), TextBody::Length::kUnknown); }

TEST_F(ClientOverSockets, RequestsShareAConnection) {
  With([&](Client& client, Server& server) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(Fetch(client, "/"), "200 hello");
      EXPECT_EQ(Fetch(client, "/echo", Known("known")), "200 known");
      EXPECT_EQ(Fetch(client, "/echo", Unknown("unknown")), "200 unknown");
    }
    EXPECT_EQ(server.stats().connections_accepted, 1u);
  });
}

TEST_F(ClientOverSockets, LargeBodiesGoBothWaysAtOnce) {
  const std::string large = std::string(8 << 20, 'y') + "end";
  With([&](Client& client, Server& server) {
    EXPECT_TRUE(Fetch(client, "/echo", Known(large)) == "200 " + large);
    EXPECT_TRUE(Fetch(client, "/echo", Unknown(large)) == "200 " + large);
    EXPECT_EQ(server.stats().connections_accepted, 1u);
  });
}

TEST_F(ClientOverSockets, AnEarlyAnswerArrivesWhileTheBodyIsBeingSent) {
  With([&](Client& client, Server& server) {
    EXPECT_EQ(Fetch(client, "/early", Known(std::string(50 << 20, 'z'))), "413 too large");
    EXPECT_EQ(Fetch(client, "/early", Unknown(std::string(50 << 20, 'z'))), "413 too large");
    EXPECT_EQ(Fetch(client, "/"), "200 hello");
  });
}

TEST_F(ClientOverSockets, AConnectionThatTheServerHasClosedIsNotUsed) {
  ServerLimits limits;
  limits.idle_time = Duration::Milliseconds(20);
  With(
      [&](Client& client, Server& server) {
        EXPECT_EQ(Fetch(client, "/echo", Known("one")), "200 one");
        EXPECT_TRUE(world_.scheduler().SleepFor(Duration::Milliseconds(200)).ok());
        EXPECT_EQ(server.connections(), 0u);
        EXPECT_EQ(Fetch(client, "/echo", Known("two")), "200 two");
        EXPECT_EQ(server.stats().connections_accepted, 2u);
      },
      limits);
}

TEST_F(ClientOverSockets, ManyAtOnce) {
  With([&](Client& client, Server& server) {
    int right = 0;
    TaskGroup fibers(world_.scheduler());
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(fibers
                      .Spawn("fetch",
                             [&, i] {
                               for (int j = 0; j < 10; ++j) {
                                 const std::string text = StrCat(i, "/", j);
                                 if (Fetch(client, "/echo", Known(text)) == StrCat("200 ", text)) ++right;
                               }
                             })
                      .ok());
    }
    fibers.Wait();
    EXPECT_EQ(right, 500);
  });
}

TEST_F(ClientOverSockets, ARefusedConnectionSaysSo) {
  With([&](Client& client, Server& server) {
    auto listener = world_.network().Listen({.host = "127.0.0.1", .port = 0});
    ASSERT_TRUE(listener.ok());
    endpoint_ = (*listener)->Local();
    listener->reset();
    const std::string result = Fetch(client, "/");
    EXPECT_THAT(result, StartsWith("UNAVAILABLE"));
    EXPECT_THAT(result, HasSubstr("refused"));
  });
}

TEST_F(ClientOverSockets, CancellingEndsTheWait) {
  With([&](Client& client, Server& server) {
    auto silent = world_.network().Listen({.host = "127.0.0.1", .port = 0});
    ASSERT_TRUE(silent.ok());
    const ClientRequest request{.host = (*silent)->Local(), .authority = "silent"};
    absl::Status status;
    TaskGroup caller(world_.scheduler());
    ASSERT_TRUE(caller.Spawn("caller", [&] { status = client.Send(request, nullptr, Instant::Infinite()).status(); }).ok());
    EXPECT_TRUE(world_.scheduler().SleepFor(Duration::Milliseconds(20)).ok());
    caller.Cancel();
    caller.Wait();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
}

}  // namespace
}  // namespace edge::http
