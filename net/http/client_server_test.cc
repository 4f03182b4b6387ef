// Client and server with each other: what one writes the other reads, bodies at the same time in both directions, the end of both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http/client.h"
#include "net/http/server.h"
#include "net/http/testing/client_fixture.h"
#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {
namespace {

using ::testing::HasSubstr;

// Answers by the target: /echo streams the body back as it comes, /whole answers with its length, /early answers without reading it,
// /fail breaks off inside of a body, anything else is "hello".
class Routes final : public Handler {
 public:
  void Handle(Exchange& exchange) override {
    const std::string target(exchange.head().target());
    std::string piece(1000, '\0');
    if (target == "/echo") {
      exchange.Start(ResponseHead(200)).IgnoreError();
      for (;;) {
        const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
        if (!n.ok() || *n == 0) break;
        exchange.Write(std::string_view(piece).substr(0, *n)).IgnoreError();
        exchange.Flush().IgnoreError();
      }
      exchange.Finish().IgnoreError();
    } else if (target == "/whole") {
      size_t size = 0;
      for (;;) {
        const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
        if (!n.ok() || *n == 0) break;
        size += *n;
      }
      exchange.Respond(ResponseHead(200), StrCat(size)).IgnoreError();
    } else if (target == "/early") {
      exchange.Respond(ResponseHead(413), "too large").IgnoreError();
    } else if (target == "/fail") {
      exchange.Start(ResponseHead(200)).IgnoreError();
      exchange.Write("begin").IgnoreError();
      exchange.Flush().IgnoreError();
      exchange.Fail();
    } else {
      exchange.Respond(ResponseHead(200), "hello").IgnoreError();
    }
  }
};

class ClientServer {
 public:
  explicit ClientServer(size_t capacity = SIZE_MAX, size_t read_max = SIZE_MAX) { SetPipes(capacity, read_max); }
  explicit ClientServer(PipeWorld::Seed seed) : world_(seed) {}

  void SetPipes(size_t capacity, size_t read_max) {
    world_.network().SetCapacity(capacity);
    world_.network().SetReadMax(read_max);
  }

  void With(std::function<void(Client&, Server&)> test) {
    world_.Run([&] {
      auto listener = world_.network().Listen({.host = "server", .port = 80});
      EDGE_CHECK_OK(listener.status());
      Server server(world_.scheduler(), *std::move(listener), routes_, {});
      EDGE_CHECK_OK(server.Start());
      {
        Client client(world_.scheduler(), world_.network());
        test(client, server);
      }
      server.Drain(world_.In(Duration::Seconds(5))).IgnoreError();
      EXPECT_EQ(server.connections(), 0u);
    });
  }

  std::string Fetch(Client& client, std::string target, std::shared_ptr<RequestBody> body = nullptr, std::string method = "") {
    ClientRequest request{.method = !method.empty()   ? method
                                    : body != nullptr ? "POST"
                                                      : "GET",
                          .host = {.host = "server", .port = 80},
                          .authority = "server",
                          .target = std::move(target)};
    auto exchange = client.Send(request, std::move(body), world_.In(Duration::Seconds(10)));
    if (!exchange.ok()) return exchange.status().ToString();
    const absl::StatusOr<std::string> text = ReadWholeBody(**exchange);
    return StrCat((*exchange)->head().status, " ", text.ok() ? *text : text.status().ToString());
  }

  PipeWorld& world() { return world_; }

 private:
  PipeWorld world_;
  Routes routes_;
};

TEST(ClientAndServer, ShareOneConnectionForManyRequests) {
  ClientServer both;
  both.With([&](Client& client, Server& server) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(both.Fetch(client, "/"), "200 hello");
      EXPECT_EQ(both.Fetch(client, "/", nullptr, "HEAD"), "200 ");
      EXPECT_EQ(both.Fetch(client, "/echo", Stream({"one", "two"})), "200 onetwo");
      EXPECT_EQ(both.Fetch(client, "/whole", Text("four")), "200 4");
    }
    EXPECT_EQ(server.stats().connections_accepted, 1u);
    EXPECT_EQ(server.stats().requests, 40u);
  });
}

TEST(ClientAndServer, EchoABodyThatFillsThePipesInBothDirections) {
  ClientServer both(2000);
  std::vector<std::string> pieces;
  std::string all;
  for (int i = 0; i < 100; ++i) all += pieces.emplace_back(StrCat(i, std::string(1000, 'x')));
  both.With([&](Client& client, Server& server) {
    EXPECT_EQ(both.Fetch(client, "/echo", Stream(pieces)), StrCat("200 ", all));
    EXPECT_EQ(both.Fetch(client, "/echo", Text(all)), StrCat("200 ", all));
    EXPECT_EQ(server.stats().connections_accepted, 1u);
  });
}

TEST(ClientAndServer, AnEarlyAnswerArrives) {
  ClientServer both(2000);
  both.With([&](Client& client, Server& server) {
    EXPECT_EQ(both.Fetch(client, "/early", Text(std::string(1 << 20, 'x'))), "413 too large");
    EXPECT_EQ(both.Fetch(client, "/early", Stream({std::string(1 << 20, 'x')})), "413 too large");
    EXPECT_EQ(both.Fetch(client, "/"), "200 hello");
  });
}

TEST(ClientAndServer, ABrokenOffAnswerIsUnavailable) {
  ClientServer both;
  both.With([&](Client& client, Server& server) { EXPECT_THAT(both.Fetch(client, "/fail"), HasSubstr("UNAVAILABLE")); });
}

TEST(ClientAndServer, AConnectionThatTheServerHasParkedTooLongIsReplaced) {
  ClientServer both;
  both.With([&](Client& client, Server& server) {
    EXPECT_EQ(both.Fetch(client, "/whole", Text("abc")), "200 3");
    both.world().scheduler().SleepFor(Duration::Seconds(200)).IgnoreError();
    EXPECT_EQ(server.connections(), 0u);
    EXPECT_EQ(both.Fetch(client, "/whole", Text("abc")), "200 3");
    EXPECT_EQ(server.stats().connections_accepted, 2u);
  });
}

TEST(ClientAndServer, ManyAtOnceAndAgain) {
  ClientServer both(2000);
  both.With([&](Client& client, Server& server) {
    int right = 0;
    TaskGroup fibers(both.world().scheduler());
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(fibers
                      .Spawn("fetch",
                             [&, i] {
                               for (int j = 0; j < 5; ++j) {
                                 const std::string body(static_cast<size_t>(i * 700 + j), 'b');
                                 if (both.Fetch(client, "/echo", Stream({body})) == StrCat("200 ", body)) ++right;
                               }
                             })
                      .ok());
    }
    fibers.Wait();
    EXPECT_EQ(right, 100);
  });
}

RC_GTEST_PROP(ClientAndServerProperty, ABodyComesBackWhateverThePipesAndPiecesAre, ()) {
  ClientServer both(*rc::gen::inRange<size_t>(1, 5000), *rc::gen::inRange<size_t>(1, 5000));
  std::vector<std::string> pieces;
  std::string all;
  const auto sizes = *rc::gen::resize(8, rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 3000)));
  for (const size_t size : sizes) all += pieces.emplace_back(size, static_cast<char>('a' + pieces.size() % 26));
  std::string streamed;
  std::string measured;
  std::string after;

  both.With([&](Client& client, Server& server) {
    streamed = both.Fetch(client, "/echo", Stream(pieces));
    measured = both.Fetch(client, "/echo", std::make_shared<ListBody>(pieces, all.size()));
    after = both.Fetch(client, "/");
  });

  RC_ASSERT(streamed == StrCat("200 ", all));
  RC_ASSERT(measured == streamed);
  RC_ASSERT(after == "200 hello");
}

// A body that takes its time, and says whether it was let go.
class SlowBody final : public RequestBody {
 public:
  SlowBody(Scheduler& scheduler, std::string text, int& alive) : scheduler_(scheduler), text_(std::move(text)), alive_(alive) { ++alive_; }
  ~SlowBody() override { --alive_; }

  absl::StatusOr<std::string> Read() override {
    absl::Status status = scheduler_.SleepFor(Duration::Milliseconds(1));
    if (!status.ok()) return status;
    std::string piece = text_.substr(at_, 700);
    at_ += piece.size();
    return piece;
  }
  std::optional<uint64_t> Length() const override { return std::nullopt; }

 private:
  Scheduler& scheduler_;
  const std::string text_;
  int& alive_;
  size_t at_ = 0;
};

RC_GTEST_PROP(ClientAndServerProperty, AnswersAreRightOrCancelledInAnyOrderOfFibers, ()) {
  ClientServer both(PipeWorld::Seed{*rc::gen::arbitrary<uint64_t>()});
  both.SetPipes(*rc::gen::inRange<size_t>(1, 3000), *rc::gen::inRange<size_t>(1, 3000));
  const auto cancel_after_ms = *rc::gen::inRange(0, 8);
  int bodies_alive = 0;
  std::vector<std::string> wrong;

  both.With([&](Client& client, Server& server) {
    Scheduler& scheduler = both.world().scheduler();
    TaskGroup fetchers(scheduler);
    for (int i = 0; i < 12; ++i) {
      EDGE_CHECK_OK(fetchers.Spawn("fetch", [&, i] {
        for (int j = 0; j < 4 && scheduler.CheckAlive().ok(); ++j) {
          const std::string text(static_cast<size_t>(1 + i * 300 + j), static_cast<char>('a' + i));
          std::string result;
          std::string right;
          switch ((i + j) % 4) {
            case 0:
              result = both.Fetch(client, "/");
              right = "200 hello";
              break;
            case 1:
              result = both.Fetch(client, "/echo", Text(text));
              right = StrCat("200 ", text);
              break;
            case 2:
              result = both.Fetch(client, "/echo", std::make_shared<SlowBody>(scheduler, text, bodies_alive));
              right = StrCat("200 ", text);
              break;
            default:
              result = both.Fetch(client, "/early", std::make_shared<SlowBody>(scheduler, text, bodies_alive));
              right = "413 too large";
          }
          const bool cancelled = fetchers.cancelled() && result.find("CANCELLED") != std::string::npos;
          if (result != right && !cancelled) wrong.push_back(StrCat(right.substr(0, 20), " is ", result.substr(0, 200)));
        }
      }));
    }
    if (cancel_after_ms > 0) {
      scheduler.SleepFor(Duration::Milliseconds(cancel_after_ms)).IgnoreError();
      fetchers.Cancel();
    }
    fetchers.Wait();
    if (bodies_alive != 0) wrong.push_back("a body is still alive");
  });

  RC_ASSERT(wrong == std::vector<std::string>());
}

}  // namespace
}  // namespace edge::http
