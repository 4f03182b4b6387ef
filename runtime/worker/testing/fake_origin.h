// FakeOrigin: the servers that a worker's fetch() reaches, as one lambda in virtual time, and what they have seen.
#ifndef EDGE_RUNTIME_WORKER_TESTING_FAKE_ORIGIN_H_
#define EDGE_RUNTIME_WORKER_TESTING_FAKE_ORIGIN_H_

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http/field.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/worker/http_sender.h"

namespace edge::worker {

struct OriginReply {
  int status = 200;
  std::string reason = "OK";
  std::vector<std::pair<std::string, std::string>> fields;
  std::deque<std::string> pieces;  // "!": the connection is lost here; "?": nothing more ever comes
  std::optional<uint64_t> length;
};

class FakeOrigin final : public HttpSender {
 public:
  explicit FakeOrigin(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Answers one request; may suspend.
  std::function<absl::StatusOr<OriginReply>(const http::ClientRequest&, http::RequestBody*)> answer =
      [](const http::ClientRequest&, http::RequestBody*) { return absl::UnavailableError("connection refused"); };

  // Every request, as "GET host:port/target".
  std::vector<std::string> requests;
  int waiting = 0;      // for a head, now
  int waiting_max = 0;  // ever
  int open = 0;         // responses that have been neither read to the end nor dropped
  int dropped = 0;      // responses that were dropped before their end

  absl::StatusOr<std::unique_ptr<http::ClientExchange>> Send(const http::ClientRequest& request,
                                                             std::shared_ptr<http::RequestBody> body) override {
    requests.push_back(request.method + " " + request.host.ToString() + request.target);
    waiting_max = std::max(waiting_max, ++waiting);
    absl::StatusOr<OriginReply> reply = answer(request, body.get());
    --waiting;
    if (!reply.ok()) return reply.status();
    return std::make_unique<Exchange>(*this, *std::move(reply), std::move(body));
  }

  Scheduler& scheduler() { return scheduler_; }

 private:
  class Exchange final : public http::ClientExchange {
   public:
    Exchange(FakeOrigin& origin, OriginReply reply, std::shared_ptr<http::RequestBody> body)
        : origin_(origin), reply_(std::move(reply)), body_(std::move(body)) {
      head_.status = reply_.status;
      head_.reason = reply_.reason;
      head_.fields = reply_.fields;
      ++origin_.open;
    }
    ~Exchange() override {
      if (ended_) return;
      --origin_.open;
      ++origin_.dropped;
    }
    const http::ClientResponseHead& head() const override { return head_; }
    std::optional<uint64_t> content_length() const override { return reply_.length; }
    absl::StatusOr<size_t> ReadBody(std::span<char> target) override {
      if (reply_.pieces.empty()) {
        if (!ended_) --origin_.open;
        ended_ = true;
        return 0;
      }
      std::string& piece = reply_.pieces.front();
      if (piece == "!") return absl::UnavailableError("reset by the peer");
      if (piece == "?") return origin_.scheduler_.SleepUntil(Instant::Infinite());
      const size_t n = std::min(piece.size(), target.size());
      std::memcpy(target.data(), piece.data(), n);
      piece.erase(0, n);
      if (piece.empty()) reply_.pieces.pop_front();
      return n;
    }

   private:
    FakeOrigin& origin_;
    OriginReply reply_;
    const std::shared_ptr<http::RequestBody> body_;
    http::ClientResponseHead head_;
    bool ended_ = false;
  };

  Scheduler& scheduler_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_TESTING_FAKE_ORIGIN_H_
