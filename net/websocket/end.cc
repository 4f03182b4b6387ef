#include "net/websocket/end.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::websocket {
namespace {

absl::Status Gone() { return absl::UnavailableError("the other end of the WebSocket is gone"); }

// A queue that has been larger gives its memory back when it is empty.
constexpr size_t kKeptCapacity = 4;

}  // namespace

End::Pair End::MakePair(Scheduler& scheduler) {
  Pair pair(std::shared_ptr<End>(new End(scheduler)), std::shared_ptr<End>(new End(scheduler)));
  pair.first->peer_ = pair.second.get();
  pair.second->peer_ = pair.first.get();
  return pair;
}

End::~End() {
  if (peer_ != nullptr) peer_->PeerLost(absl::UnavailableError("the other end of the WebSocket was dropped"));
}

void End::Tell() {
  receivers_.WakeOne();
  if (listener_ != nullptr) listener_->OnIncoming();
}

void End::SetListener(EndListener* listener) {
  listener_ = listener;
  if (listener != nullptr && readable()) listener->OnIncoming();
}

absl::Status End::Send(Message message) {
  if (close_sent_) return absl::FailedPreconditionError("a close was sent");
  const bool close = message.kind == Message::Kind::kClose;
  if (peer_ == nullptr || lost_here_) return Gone();
  const size_t bytes = BytesOf(message);
  if (!close && peer_->queued_bytes_ + bytes > kQueueBytesMax) return absl::ResourceExhaustedError("too many messages are waiting");
  close_sent_ = close;
  peer_->queued_bytes_ += bytes;
  peer_->queue_.push_back(std::move(message));
  peer_->Tell();
  return absl::OkStatus();
}

absl::Status End::WaitForRoom() {
  for (;;) {
    if (peer_ == nullptr || lost_here_) return Gone();
    if (peer_->queued_bytes_ < kRoomBytes) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(room_waiters_.Wait(Instant::Infinite()));
  }
}

void End::Lose(absl::Status why) {
  EDGE_CHECK(!why.ok());
  if (lost_here_) return;
  lost_here_ = true;
  queue_.clear();
  head_ = queued_bytes_ = 0;
  room_waiters_.WakeAll();
  receivers_.WakeAll();
  if (peer_ == nullptr) return;
  End* const peer = std::exchange(peer_, nullptr);
  peer->PeerLost(why);
}

void End::PeerLost(const absl::Status& why) {
  peer_ = nullptr;
  room_waiters_.WakeAll();
  loss_ = why;
  Tell();
}

std::optional<Message> End::TryReceive() {
  if (head_ == queue_.size()) return std::nullopt;
  Message message = std::move(queue_[head_++]);
  queued_bytes_ -= BytesOf(message);
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
    if (queue_.capacity() > kKeptCapacity) std::vector<Message>().swap(queue_);
  } else if (head_ >= 64 && 2 * head_ >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  if (peer_ != nullptr && queued_bytes_ < kRoomBytes) peer_->room_waiters_.WakeAll();
  if (message.kind == Message::Kind::kClose) close_received_ = true;
  return message;
}

absl::StatusOr<Message> End::Receive() {
  for (;;) {
    if (std::optional<Message> message = TryReceive()) return *std::move(message);
    if (!loss_.ok()) return loss_;
    if (lost_here_) return Gone();
    EDGE_RETURN_IF_ERROR(receivers_.Wait(Instant::Infinite()));
  }
}

}  // namespace edge::websocket
