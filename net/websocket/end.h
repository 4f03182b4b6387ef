// End: one end of a channel of messages inside of a node: what a WebSocket is between its connection and whoever uses it.
//
//     connection <-> Socket <-> End ~~~~ End <-> JavaScript, an object's HibernatableSockets, or the Socket of another connection
//
// An end knows nothing of JavaScript or of networks, so that it can travel between isolates while messages are on their way. What is sent
// waits at the other end until it is received there. Whoever produces faster than the other end consumes waits for room; who cannot wait is
// refused beyond a hard limit. An end that is dropped without having sent a close, or Lost, is lost for the other end: which still gets
// what had been sent. Single-threaded, idle it holds no memory but its own 150 bytes.
#ifndef EDGE_NET_WEBSOCKET_END_H_
#define EDGE_NET_WEBSOCKET_END_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/websocket/message.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge::websocket {

// Told that there is something to receive: a message, or the loss of the other end. Must not suspend, nor destroy the end.
class EndListener {
 public:
  virtual ~EndListener() = default;
  virtual void OnIncoming() = 0;
};

class End {
 public:
  static constexpr size_t kRoomBytes = 256 << 10;     // queued at the other end: above it there is no room
  static constexpr size_t kQueueBytesMax = 96 << 20;  // Send is refused: three of the largest messages

  using Pair = std::pair<std::shared_ptr<End>, std::shared_ptr<End>>;
  static Pair MakePair(Scheduler& scheduler);
  ~End();
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  // --- to the other end ---
  // Queues a message; the close is the last. kFailedPrecondition: a close was sent. kUnavailable: the other end is gone (nothing is
  // queued). kResourceExhausted: too much is queued. Does not suspend.
  absl::Status Send(Message message);
  // Whether Send would take that many bytes now.
  bool HasSpaceFor(size_t bytes) const { return peer_ == nullptr || peer_->queued_bytes_ + sizeof(Message) + bytes <= kQueueBytesMax; }
  // OK as soon as less than kRoomBytes are queued at the other end. kUnavailable: it is gone. kCancelled, kAborted. MAY SUSPEND.
  absl::Status WaitForRoom();
  // Gives up: nothing more is sent or received here, and the other end is told why. kUnavailable: the connection went away;
  // kInvalidArgument: it broke the protocol. Idempotent; after a close was sent it only means that nothing is received any more.
  void Lose(absl::Status why);
  bool close_sent() const { return close_sent_; }
  // Lose was called here.
  bool lost_here() const { return lost_here_; }
  // The other end is there and may still receive.
  bool peer_alive() const { return peer_ != nullptr; }

  // --- from the other end ---
  // The next message; nothing if there is none now, or ever again.
  std::optional<Message> TryReceive();
  // The next message; the close is the last. kUnavailable, kInvalidArgument: the other end was lost, as told to Lose; also after the close.
  // kCancelled, kAborted. MAY SUSPEND. One fiber at a time.
  absl::StatusOr<Message> Receive();
  // Whether Receive would not suspend.
  bool readable() const { return head_ < queue_.size() || !loss_.ok(); }
  // OK, or why the other end is lost. What it had sent may still have to be received.
  const absl::Status& loss() const { return loss_; }
  bool close_received() const { return close_received_; }  // by a Receive

  // `listener` (borrowed; null: nobody) is told from now on; at once if there is something already.
  void SetListener(EndListener* listener);

 private:
  explicit End(Scheduler& scheduler) : receivers_(scheduler), room_waiters_(scheduler) {}
  void Tell();
  // The other end is gone: for that reason.
  void PeerLost(const absl::Status& why);
  size_t BytesOf(const Message& message) const { return sizeof(Message) + message.data.size(); }

  End* peer_ = nullptr;  // null once either end is gone
  EndListener* listener_ = nullptr;
  std::vector<Message> queue_;  // received from head_ on
  size_t head_ = 0;
  size_t queued_bytes_ = 0;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool lost_here_ = false;
  absl::Status loss_;
  WaitList receivers_;
  WaitList room_waiters_;  // senders of this end
};

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_END_H_
