#include "net/http/testing/pipe_network.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::http {

// What both ends share; directions[side] carries what `side` writes.
struct PipeNetwork::Pipe {
  struct Direction {
    explicit Direction(Scheduler& scheduler) : readers(scheduler), writers(scheduler) {}
    std::string bytes;
    bool ended = false;   // by its writer
    bool unread = false;  // its reader is gone
    WaitList readers;
    WaitList writers;
  };

  explicit Pipe(Scheduler& scheduler) : directions{Direction(scheduler), Direction(scheduler)} {}

  void WakeAll() {
    for (Direction& direction : directions) {
      direction.readers.WakeAll();
      direction.writers.WakeAll();
    }
  }

  Direction directions[2];
  size_t capacity = 0;
  size_t read_max = 0;
  bool aborted[2] = {false, false};  // by that side
};

class PipeNetwork::PipeConnection final : public Connection {
 public:
  PipeConnection(PipeNetwork& network, std::shared_ptr<Pipe> pipe, int side, Endpoint peer)
      : network_(network), pipe_(std::move(pipe)), side_(side), number_(network.next_number_++), peer_(std::move(peer)) {
    ++network_.ends_alive_;
  }

  ~PipeConnection() override {
    EDGE_CHECK(in().readers.empty() && out().writers.empty()) << "a connection is destroyed while a fiber waits on it";
    network_.parked_.erase(number_);
    out().ended = true;
    in().unread = true;
    pipe_->WakeAll();
    --network_.ends_alive_;
  }

  absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) override {
    EDGE_CHECK(!buffer.empty() && callback_ == nullptr && in().readers.empty());
    EDGE_RETURN_IF_ERROR(network_.scheduler_.CheckAlive());
    while (!Readable()) EDGE_RETURN_IF_ERROR(in().readers.Wait(deadline));
    EDGE_RETURN_IF_ERROR(CheckOpen());
    const size_t n = std::min({buffer.size(), in().bytes.size(), pipe_->read_max});
    std::memcpy(buffer.data(), in().bytes.data(), n);
    in().bytes.erase(0, n);
    in().writers.WakeAll();
    return n;
  }

  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) override {
    EDGE_CHECK(out().writers.empty() && !out().ended);
    EDGE_RETURN_IF_ERROR(network_.scheduler_.CheckAlive());
    for (std::string_view piece : pieces) {
      for (;;) {
        EDGE_RETURN_IF_ERROR(CheckOpen());
        if (out().unread) return absl::UnavailableError("the peer has closed the connection");
        if (piece.empty()) break;
        const size_t n = std::min(piece.size(), pipe_->capacity - std::min(pipe_->capacity, out().bytes.size()));
        if (n == 0) {
          EDGE_RETURN_IF_ERROR(out().writers.Wait(deadline));
          continue;
        }
        out().bytes.append(piece.substr(0, n));
        piece.remove_prefix(n);
        out().readers.WakeAll();
      }
    }
    return absl::OkStatus();
  }

  absl::Status CloseWrite() override {
    out().ended = true;
    out().readers.WakeAll();
    return absl::OkStatus();
  }

  void Abort() override {
    pipe_->aborted[side_] = true;
    callback_ = nullptr;
    network_.parked_.erase(number_);
    pipe_->WakeAll();
  }

  void NotifyReadable(ReadableCallback* callback) override {
    EDGE_CHECK(in().readers.empty());
    callback_ = callback;
    if (callback != nullptr) {
      network_.parked_[number_] = this;
    } else {
      network_.parked_.erase(number_);
    }
  }

  const Endpoint& Peer() const override { return peer_; }

  bool Readable() const { return !in().bytes.empty() || in().ended || pipe_->aborted[0] || pipe_->aborted[1]; }
  ReadableCallback* TakeCallback() { return std::exchange(callback_, nullptr); }

 private:
  Pipe::Direction& out() const { return pipe_->directions[side_]; }
  Pipe::Direction& in() const { return pipe_->directions[1 - side_]; }

  absl::Status CheckOpen() const {
    if (pipe_->aborted[side_]) return absl::UnavailableError("connection aborted");
    if (pipe_->aborted[1 - side_]) return absl::UnavailableError("connection reset by the peer");
    return absl::OkStatus();
  }

  PipeNetwork& network_;
  const std::shared_ptr<Pipe> pipe_;
  const int side_;
  const uint64_t number_;
  const Endpoint peer_;
  ReadableCallback* callback_ = nullptr;
};

class PipeNetwork::PipeListener final : public Listener {
 public:
  PipeListener(PipeNetwork& network, Endpoint local) : network_(network), local_(std::move(local)), acceptors_(network.scheduler_) {
    network_.listeners_[local_.ToString()] = this;
  }
  ~PipeListener() override {
    network_.listeners_.erase(local_.ToString());
    for (const std::unique_ptr<PipeConnection>& connection : pending_) connection->Abort();
  }

  absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) override {
    EDGE_RETURN_IF_ERROR(network_.scheduler_.CheckAlive());
    while (pending_.empty()) EDGE_RETURN_IF_ERROR(acceptors_.Wait(deadline));
    std::unique_ptr<PipeConnection> connection = std::move(pending_.front());
    pending_.pop_front();
    return connection;
  }

  const Endpoint& Local() const override { return local_; }

  void Add(std::unique_ptr<PipeConnection> connection) {
    pending_.push_back(std::move(connection));
    acceptors_.WakeAll();
  }

 private:
  PipeNetwork& network_;
  const Endpoint local_;
  WaitList acceptors_;
  std::deque<std::unique_ptr<PipeConnection>> pending_;
};

PipeNetwork::~PipeNetwork() { EDGE_CHECK(listeners_.empty() && ends_alive_ == 0) << ends_alive_ << " ends of connections are left"; }

absl::StatusOr<std::unique_ptr<Listener>> PipeNetwork::Listen(const Endpoint& local) {
  Endpoint address = local;
  if (address.port == 0) address.port = next_port_++;
  if (listeners_.contains(address.ToString())) return absl::AlreadyExistsError("the address is in use");
  return std::make_unique<PipeListener>(*this, std::move(address));
}

absl::StatusOr<std::unique_ptr<Connection>> PipeNetwork::Connect(const Endpoint& remote, Instant deadline) {
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  while (hang_connects_) EDGE_RETURN_IF_ERROR(hanging_.Wait(deadline));
  auto found = listeners_.find(remote.ToString());
  if (found == listeners_.end()) return absl::UnavailableError("connection refused");
  ++connects_;
  auto pipe = std::make_shared<Pipe>(scheduler_);
  pipe->capacity = capacity_;
  pipe->read_max = read_max_;
  const Endpoint local{.host = "192.0.2.1", .port = next_port_++};
  found->second->Add(std::make_unique<PipeConnection>(*this, pipe, 1, local));
  return std::make_unique<PipeConnection>(*this, pipe, 0, remote);
}

bool PipeNetwork::DeliverReadable() {
  if (hold_readiness_) return false;
  std::vector<uint64_t> due;
  for (const auto& [number, connection] : parked_) {
    if (connection->Readable()) due.push_back(number);
  }
  for (const uint64_t number : due) {
    // An earlier callback may have destroyed it or taken it back.
    auto found = parked_.find(number);
    if (found == parked_.end()) continue;
    ReadableCallback* const callback = found->second->TakeCallback();
    parked_.erase(found);
    callback->OnReadable();
  }
  return !due.empty();
}

}  // namespace edge::http
