#include "net/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http/testing/peer_script.h"
#include "net/http/testing/pipe_world.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Pieces from a list, then the end or an error.
class ListBody final : public RequestBody {
 public:
  explicit ListBody(std::vector<std::string> pieces, std::optional<uint64_t> length = std::nullopt, absl::Status end = absl::OkStatus())
      : pieces_(std::move(pieces)), length_(length), end_(std::move(end)) {}

  absl::StatusOr<std::string> Read() override {
    ++reads_;
    if (next_ < pieces_.size()) return pieces_[next_++];
    if (!end_.ok()) return end_;
    return std::string();
  }
  std::optional<uint64_t> Length() const override { return length_; }
  int reads() const { return reads_; }

 private:
  const std::vector<std::string> pieces_;
  const std::optional<uint64_t> length_;
  const absl::Status end_;
  size_t next_ = 0;
  int reads_ = 0;
};

std::shared_ptr<ListBody> Text(std::string text) {
  const uint64_t length = text.size();
  return std::make_shared<ListBody>(std::vector<std::string>{std::move(text)}, length);
}

std::shared_ptr<ListBody> Stream(std::vector<std::string> pieces) { return std::make_shared<ListBody>(std::move(pieces)); }

class ClientTest : public testing::Test {
 protected:
  // Runs `test` as a fiber with a client, beside a peer with that script.
  void With(PeerScript::Script script, std::function<void(Client&)> test, const ClientLimits& limits = {}) {
    world_.Run([&] {
      PeerScript peers(world_, std::move(script));
      peers_ = &peers;
      Client client(world_.scheduler(), world_.network(), limits);
      test(client);
    });
  }

  static ClientRequest Request(std::string method = "GET", std::string target = "/") {
    return {.method = std::move(method), .host = {.host = "peer", .port = 80}, .authority = "example.com", .target = std::move(target)};
  }
  Instant Soon() { return world_.In(Duration::Seconds(10)); }

  // The whole exchange as text: "status body", or the error.
  std::string Fetch(Client& client, const ClientRequest& request = Request(), std::shared_ptr<RequestBody> body = nullptr) {
    auto exchange = client.Send(request, std::move(body), Soon());
    if (!exchange.ok()) return exchange.status().ToString();
    absl::StatusOr<std::string> text = ReadWholeBody(**exchange);
    return StrCat((*exchange)->head().status, " ", text.ok() ? *text : text.status().ToString());
  }
  // What a client makes of this answer, after which the server closes.
  std::string Answer(std::string answer, std::string method = "GET") {
    std::string result;
    With(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Say(answer);
        },
        [&](Client& client) { result = Fetch(client, Request(method)); });
    return result;
  }

  PipeWorld world_;
  PeerScript* peers_ = nullptr;
};

// --- requests ---

TEST_F(ClientTest, WritesARequestWithoutABody) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) {
        ClientRequest request = Request("GET", "/a/b?c=%20d");
        request.fields = {{"X-One", "1"}, {"x-two", ""}, {"Connection", "close"}, {"content-length", "7"}, {"Host", "evil"}};

        EXPECT_EQ(Fetch(client, request), "200 hello");
      });
  EXPECT_EQ(received, "GET /a/b?c=%20d HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\nx-two: \r\n\r\n");
}

TEST_F(ClientTest, SendsABodyOfKnownLengthTogetherWithItsHead) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) { EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 hello"); });
  EXPECT_EQ(received, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody");
}

TEST_F(ClientTest, SendsABodyOfUnknownLengthInChunks) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client, Request("PUT"), Stream({"one", std::string(20, 'x')})), "200 hello");
      });
  EXPECT_EQ(received, StrCat("PUT / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n14\r\n",
                             std::string(20, 'x'), "\r\n0\r\n\r\n"));
}

// --- responses ---

TEST_F(ClientTest, ReadsBodiesByLengthByChunksAndUntilClose) {
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\n\r\nhello"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.0 200 OK\r\n\r\nhello"), "200 hello");
}

// --- the pool ---

TEST_F(ClientTest, AConnectionServesOneRequestAfterAnother) {
  With(
      [&](Peer& peer) {
        for (int i = 0; !peer.ReadRequest().empty(); ++i) peer.Say(StrCat("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", i));
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 0");
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 1");
        EXPECT_EQ(Fetch(client, Request("POST"), Stream({"body"})), "200 2");
        EXPECT_EQ(peers_->connections(), 1);
      });
}

}  // namespace
}  // namespace edge::http
