// The server over real sockets: what a network in memory cannot show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "net/os/network.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/clock.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/seam/ready_order.h"

namespace edge::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Echoes the body, or "hello" without one; /early answers without reading, /large answers with a megabyte.
class Echo final : public Handler {
 public:
  void Handle(Exchange& exchange) override {
    std::string body;
    if (exchange.head().target() == "/large") body.assign(1 << 20, 'x');
    if (exchange.head().target() != "/early" && exchange.has_body()) {
      std::string piece(64 << 10, '\0');
      for (;;) {
        absl::StatusOr<size_t> n = exchange.ReadBody(piece);
        if (!n.ok() || *n == 0) break;
        body.append(piece, 0, *n);
      }
    }
    exchange.Respond(ResponseHead(200), body.empty() ? "hello" : body).IgnoreError();
  }
};

class ServerOverSockets : public testing::Test {
 protected:
  ServerOverSockets() : scheduler_(clock_, order_, loop_), pool_(loop_), network_(loop_, scheduler_, pool_) {}

  // Runs `client` as a fiber beside a server, drains the server, and returns when all is over.
  template <typename Client>
  void With(Client client) {
    EDGE_CHECK_OK(scheduler_.Spawn("test", [&] {
      absl::StatusOr<std::unique_ptr<Listener>> listener = network_.Listen({.host = "127.0.0.1", .port = 0});
      EDGE_CHECK_OK(listener.status());
      endpoint_ = (*listener)->Local();
      Server server(scheduler_, *std::move(listener), echo_, {});
      EDGE_CHECK_OK(server.Start());
      server_ = &server;
      client();
      EXPECT_TRUE(server.Drain(clock_.Now() + Duration::Seconds(5)).ok());
      EXPECT_EQ(server.connections(), 0u);
    }));
    scheduler_.Run();
  }

  std::unique_ptr<Connection> Connect() {
    absl::StatusOr<std::unique_ptr<Connection>> connection = network_.Connect(endpoint_, Deadline());
    EDGE_CHECK_OK(connection.status());
    return *std::move(connection);
  }

  absl::Status Send(Connection& connection, std::string_view bytes) {
    return connection.Write(std::span<const std::string_view>(&bytes, 1), Deadline());
  }

  // Everything until the text ends with `end`, or until the connection ends; an error at the end shows in brackets.
  std::string Receive(Connection& connection, std::string_view end = "\n\n\n") {
    std::string text;
    std::array<char, 4096> piece;
    while (!text.ends_with(end)) {
      absl::StatusOr<size_t> n = connection.Read(piece, Deadline());
      if (!n.ok()) return StrCat(text, "[", n.status().ToString(), "]");
      if (*n == 0) break;
      text.append(piece.data(), *n);
    }
    return text;
  }

  Instant Deadline() const { return clock_.Now() + Duration::Seconds(10); }

  OsClock clock_;
  EpollLoop loop_{clock_};
  FifoOrder order_;
  Scheduler scheduler_;
  BlockingPool pool_;
  OsNetwork network_;
  Echo echo_;
  Endpoint endpoint_;
  Server* server_ = nullptr;  // while `client` runs
};

TEST_F(ServerOverSockets, AnswersKeepsAndParks) {
  With([&] {
    std::unique_ptr<Connection> connection = Connect();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(Send(*connection, kGet).ok());
      EXPECT_THAT(Receive(*connection, "hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
    }
    EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_EQ(server_->parked_connections(), 1u);
  });
}

TEST_F(ServerOverSockets, ServesManyAtOnce) {
  With([&] {
    TaskGroup clients(scheduler_);
    int answered = 0;
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(
          clients
              .Spawn(
                  "client",
                  [&, i] {
                    std::unique_ptr<Connection> connection = Connect();
                    for (int j = 0; j < 10; ++j) {
                      std::string body = StrCat(i, "/", j, "!");
                      EXPECT_TRUE(
                          Send(*connection, StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(), "\r\n\r\n", body)).ok());
                      if (Receive(*connection, body).ends_with(body)) ++answered;
                    }
                  })
              .ok());
    }
    clients.Wait();
    EXPECT_EQ(answered, 1000);
  });
}

TEST_F(ServerOverSockets, LargeBodiesGoBothWays) {
  With([&] {
    std::unique_ptr<Connection> connection = Connect();
    const std::string body = std::string(3 << 20, 'y') + "end";
    TaskGroup sender(scheduler_);
    EXPECT_TRUE(
        sender
            .Spawn("send",
                   [&] {
                     EXPECT_TRUE(
                         Send(*connection, StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(), "\r\n\r\n", body)).ok());
                   })
            .ok());
    EXPECT_THAT(Receive(*connection, "end"), EndsWith(body));
    sender.Wait();
  });
}

TEST_F(ServerOverSockets, AnEarlyResponseReachesAClientThatIsStillSending) {
  With([&] {
    std::unique_ptr<Connection> connection = Connect();
    EXPECT_TRUE(Send(*connection, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n").ok());
    const std::string piece(64 << 10, 'z');
    for (int i = 0; i < 8; ++i) {
      EXPECT_TRUE(Send(*connection, piece).ok());
      EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(1)).ok());
    }
    EXPECT_THAT(Receive(*connection), EndsWith("\r\n\r\nhello"));
  });
}

TEST_F(ServerOverSockets, ARefusalReachesAClientThatIsStillSending) {
  With([&] {
    std::unique_ptr<Connection> connection = Connect();
    std::string huge = StrCat("GET / HTTP/1.1\r\nHost: a\r\nA: ", std::string(500 << 10, 'a'));
    EXPECT_TRUE(Send(*connection, huge).ok());
    std::string answer = Receive(*connection);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(answer, EndsWith("the request head is too large\n"));
  });
}

TEST_F(ServerOverSockets, ASlowReaderGetsItAll) {
  With([&] {
    std::unique_ptr<Connection> connection = Connect();
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(Send(*connection, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n").ok());
    EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(50)).ok());
    EXPECT_LT(server_->stats().requests, 8u);
    EXPECT_TRUE(Send(*connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ok());
    std::string all = Receive(*connection);
    EXPECT_GT(all.size(), 8u << 20);
    EXPECT_THAT(all.substr(all.size() - 200), EndsWith("Connection: close\r\n\r\nhello"));
  });
}

TEST_F(ServerOverSockets, DrainEndsIdleConnectionsCleanly) {
  std::unique_ptr<Connection> idle;
  With([&] {
    idle = Connect();
    EXPECT_TRUE(Send(*idle, kGet).ok());
    Receive(*idle, "hello");
  });
  EDGE_CHECK_OK(scheduler_.Spawn("after", [&] {
    EXPECT_EQ(Receive(*idle), "");
    EXPECT_FALSE(network_.Connect(endpoint_, Deadline()).ok());
    idle.reset();
  }));
  scheduler_.Run();
}

}  // namespace
}  // namespace edge::http
