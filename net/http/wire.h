// Wire: the buffers between one active connection and HTTP.
//
// Input: bytes are read behind those not consumed yet. The head of the request being answered is pinned: it stays where it is, because
// heads are views, while the body and pipelined requests pass behind it. Output: responses gather in a string and leave in as few writes as
// possible, since one send costs as much as everything else about a small request: before a read that may wait, on Flush, and above the
// limit. One fiber may read while another writes; writers take turns.
//
//   buffer_:  [ pinned head ][ consumed ][ unread ][ free ]
#ifndef EDGE_NET_HTTP_WIRE_H_
#define EDGE_NET_HTTP_WIRE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/limits.h"
#include "net/network.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"

namespace edge::http {

class Wire {
 public:
  // Borrowed, outlive the wire.
  Wire(Scheduler& scheduler, const ServerLimits& limits);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Begins to serve `connection` (borrowed until Detach).
  void Attach(Connection& connection);
  // Drops what is buffered; keeps the memory for the next connection unless it has grown.
  void Detach();

  // --- input ---
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // REQUIRES: n <= unread().size().
  void Consume(size_t n) { begin_ += n; }
  // Consumes n bytes and keeps them in place until Unpin. REQUIRES: nothing is pinned.
  void Pin(size_t n);
  void Unpin();
  // Reads more behind unread(), which may move; 0 at the end of the input. Sends the output first unless another fiber is sending.
  // kDeadlineExceeded leaves the wire usable. MAY SUSPEND.
  absl::StatusOr<size_t> Fill(Instant deadline);
  // Reads straight into `target`. REQUIRES: unread() is empty. Otherwise as Fill. MAY SUSPEND.
  absl::StatusOr<size_t> ReadInto(std::span<char> target, Instant deadline);

  // Reads what is there behind unread(), which may move, and sends nothing. kDeadlineExceeded: nothing is there after all. Otherwise as
  // Fill. Suspends for other fibers' turns only.
  absl::StatusOr<size_t> ReadAhead();
  // As Connection::NotifyReadable.
  void NotifyReadable(ReadableCallback* callback) { connection_->NotifyReadable(callback); }

  // --- output ---
  // The text that leaves with the next write; append to it.
  std::string& out() { return out_; }
  // Sends what has gathered. After an error nothing is sent any more and every call returns that error. MAY SUSPEND.
  absl::Status Flush();
  // Flush if the output has reached its limit: the back-pressure of a stream. MAY SUSPEND.
  absl::Status FlushIfFull();
  // Sends what has gathered and `body` behind it without copying it. MAY SUSPEND.
  absl::Status FlushWith(std::string_view body);
  // OK, or why writing or reading has failed for good.
  const absl::Status& status() const { return status_; }
  // Marks the wire as failed from outside.
  void Fail(absl::Status status);

  bool has_input() const { return end_ > begin_; }

 private:
  void MakeRoom();
  absl::StatusOr<size_t> ReadBehind(Instant deadline);
  absl::Status FlushBeforeReading();
  absl::Status Write(std::string_view first, std::string_view second);
  absl::Status SendGathered(std::string_view body);

  Scheduler& scheduler_;
  const ServerLimits& limits_;
  Connection* connection_ = nullptr;  // null while detached

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of unread
  size_t end_ = 0;
  size_t pinned_ = 0;                         // bytes at the front that must not move
  std::unique_ptr<char[]> pinned_elsewhere_;  // the former buffer_, when the head left no room behind it

  std::string out_;
  std::string sending_;  // swapped with out_ while it is being sent
  FiberMutex write_turn_;
  absl::Status status_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_WIRE_H_
