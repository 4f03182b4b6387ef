#include "net/http/testing/fake_network.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::http {

void FakeClient::Send(std::string_view bytes) {
  inbox_.append(bytes);
  readers_.WakeAll();
}

void FakeClient::SendEnd() {
  end_sent_ = true;
  readers_.WakeAll();
}

void FakeClient::Reset() {
  reset_ = true;
  readers_.WakeAll();
  writers_.WakeAll();
}

void FakeClient::SetWindow(size_t bytes) {
  window_ = bytes;
  writers_.WakeAll();
}

std::string FakeClient::TakeReceived() { return std::exchange(received_, {}); }

bool FakeClient::DeliverReadable() {
  if (callback_ == nullptr || !Readable()) return false;
  std::exchange(callback_, nullptr)->OnReadable();
  return true;
}

// The server's end.
class FakeConnection final : public Connection {
 public:
  FakeConnection(Scheduler& scheduler, std::shared_ptr<FakeClient> client) : scheduler_(scheduler), client_(std::move(client)) {}

  ~FakeConnection() override {
    client_->closed_ = true;
    client_->callback_ = nullptr;
  }

  absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) override {
    EDGE_CHECK(!buffer.empty() && client_->callback_ == nullptr && client_->readers_.empty());
    EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
    while (!client_->Readable()) EDGE_RETURN_IF_ERROR(client_->readers_.Wait(deadline));
    if (client_->reset_) return absl::UnavailableError("connection reset by peer");
    size_t n = std::min({buffer.size(), client_->inbox_.size(), client_->read_max_});
    std::memcpy(buffer.data(), client_->inbox_.data(), n);
    client_->inbox_.erase(0, n);
    return n;
  }

  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) override {
    EDGE_CHECK(client_->writers_.empty() && !client_->write_closed_);
    EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
    ++client_->writes_;
    for (std::string_view piece : pieces) {
      while (!piece.empty()) {
        if (client_->reset_) return absl::UnavailableError("connection reset by peer");
        size_t n = std::min(piece.size(), client_->window_);
        client_->received_.append(piece.substr(0, n));
        piece.remove_prefix(n);
        if (client_->window_ != SIZE_MAX) client_->window_ -= n;
        if (!piece.empty()) EDGE_RETURN_IF_ERROR(client_->writers_.Wait(deadline));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CloseWrite() override {
    client_->write_closed_ = true;
    return absl::OkStatus();
  }

  void Abort() override {
    client_->aborted_ = true;
    client_->Reset();
  }

  void NotifyReadable(ReadableCallback* callback) override {
    EDGE_CHECK(client_->readers_.empty());
    client_->callback_ = callback;
  }

  const Endpoint& Peer() const override { return peer_; }

 private:
  Scheduler& scheduler_;
  std::shared_ptr<FakeClient> client_;
  Endpoint peer_{.host = "192.0.2.1", .port = 40000};
};

absl::StatusOr<std::unique_ptr<Connection>> FakeListener::Accept(Instant deadline) {
  while (pending_.empty()) EDGE_RETURN_IF_ERROR(acceptors_.Wait(deadline));
  if (exhausted_ > 0) {
    --exhausted_;
    return absl::ResourceExhaustedError("too many open files");
  }
  std::shared_ptr<FakeClient> client = std::move(pending_.front());
  pending_.pop_front();
  return std::make_unique<FakeConnection>(scheduler_, std::move(client));
}

std::shared_ptr<FakeClient> FakeListener::Connect() {
  auto client = std::make_shared<FakeClient>(scheduler_);
  clients_.push_back(client);
  pending_.push_back(client);
  acceptors_.WakeAll();
  return client;
}

void Settle(Scheduler& scheduler, const std::vector<std::shared_ptr<FakeClient>>& clients) {
  bool delivered = true;
  while (delivered) {
    scheduler.RunReady();
    delivered = false;
    for (const std::shared_ptr<FakeClient>& client : clients) delivered = client->DeliverReadable() || delivered;
  }
}

}  // namespace edge::http
