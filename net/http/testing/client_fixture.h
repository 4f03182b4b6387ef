// ClientTest: a client beside a scripted peer, on fibers in virtual time.
#ifndef EDGE_NET_HTTP_TESTING_CLIENT_FIXTURE_H_
#define EDGE_NET_HTTP_TESTING_CLIENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/client.h"
#include "net/http/testing/peer_script.h"
#include "net/http/testing/pipe_world.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"

namespace edge::http {

inline constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

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

inline std::shared_ptr<ListBody> Text(std::string text) {
  const uint64_t length = text.size();
  return std::make_shared<ListBody>(std::vector<std::string>{std::move(text)}, length);
}

inline std::shared_ptr<ListBody> Stream(std::vector<std::string> pieces) { return std::make_shared<ListBody>(std::move(pieces)); }

// Ends when the test says so; the first piece comes at once.
class OpenBody final : public RequestBody {
 public:
  explicit OpenBody(Scheduler& scheduler, std::string first = "first") : end_(scheduler), first_(std::move(first)) {}

  absl::StatusOr<std::string> Read() override {
    if (!first_.empty()) return std::exchange(first_, {});
    absl::Status status = end_.Wait();
    if (!status.ok()) return ended_with_ = status;
    return std::string();
  }
  std::optional<uint64_t> Length() const override { return std::nullopt; }

  void End() { end_.Set(); }
  const absl::Status& ended_with() const { return ended_with_; }  // what has ended the wait in Read

 private:
  Event end_;
  std::string first_;
  absl::Status ended_with_;
};

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

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_CLIENT_FIXTURE_H_
