#include "net/os/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

constexpr size_t kPiecesPerCall = 128;

absl::Status AbortedHere() { return absl::UnavailableError("connection aborted"); }

}  // namespace

OsConnection::OsConnection(Environment environment, Fd socket, const SocketAddress& peer)
    : environment_(environment), socket_(std::move(socket)), peer_(peer) {}

absl::StatusOr<std::unique_ptr<OsConnection>> OsConnection::Make(Environment environment, Fd socket, const SocketAddress& peer) {
  std::unique_ptr<OsConnection> connection(new OsConnection(environment, std::move(socket), peer));
  absl::Status added = environment.loop.Add(connection->socket_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP, connection.get());
  if (!added.ok()) {
    connection->socket_.Close();
    return added;
  }
  return connection;
}

OsConnection::~OsConnection() {
  EDGE_CHECK(reader_ == nullptr && writer_ == nullptr) << "a connection is destroyed while a fiber waits on it";
  if (self_ != nullptr) *self_ = nullptr;
  if (!socket_.valid()) return;
  environment_.loop.Remove(socket_.get(), this);
  if (!end_seen_) environment_.lingerer.Take(std::move(socket_));
}

absl::Status OsConnection::Begin() {
  EDGE_RETURN_IF_ERROR(environment_.scheduler.CheckAlive());
  if (!socket_.valid()) return AbortedHere();
  if (++calls_without_yield_ < kCallsBetweenYields || environment_.scheduler.current() == nullptr) return absl::OkStatus();
  calls_without_yield_ = 0;
  EDGE_RETURN_IF_ERROR(environment_.scheduler.Yield());
  return socket_.valid() ? absl::OkStatus() : AbortedHere();
}

absl::Status OsConnection::Failed(const char* what, int error) {
  end_seen_ = true;
  switch (error) {
    case ECONNRESET:
      return absl::UnavailableError(StrCat(what, ": connection reset by the peer"));
    case EPIPE:
      return absl::UnavailableError(StrCat(what, ": the peer has closed the connection"));
    case ENOBUFS:
    case ENOMEM:
      return absl::ResourceExhaustedError(StrCat(what, ": ", ErrorText(error)));
    default:
      return absl::UnavailableError(StrCat(what, ": ", ErrorText(error)));
  }
}

absl::Status OsConnection::WaitFor(Fiber*& waiter, const bool& ready, Instant deadline) {
  EDGE_CHECK(waiter == nullptr) << "two fibers wait for one direction of a connection";
  calls_without_yield_ = 0;
  waiter = environment_.scheduler.current();
  absl::Status status;
  while (status.ok() && !ready && socket_.valid()) status = environment_.scheduler.Suspend(deadline);
  waiter = nullptr;
  if (!socket_.valid() && (status.ok() || absl::IsDeadlineExceeded(status))) return AbortedHere();
  // Ready at the instant of the deadline is ready.
  return absl::IsDeadlineExceeded(status) && ready ? absl::OkStatus() : status;
}

absl::StatusOr<size_t> OsConnection::Read(std::span<char> buffer, Instant deadline) {
  EDGE_CHECK(!buffer.empty());
  EDGE_CHECK(callback_ == nullptr) << "Read while NotifyReadable is registered";
  EDGE_RETURN_IF_ERROR(Begin());
  for (;;) {
    if (!may_read_) EDGE_RETURN_IF_ERROR(WaitFor(reader_, may_read_, deadline));
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      if (static_cast<size_t>(got) < buffer.size() && !end_announced_) may_read_ = false;
      return static_cast<size_t>(got);
    }
    if (got == 0) {
      end_seen_ = true;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Failed("read", errno);
    may_read_ = false;
  }
}

absl::Status OsConnection::Write(std::span<const std::string_view> pieces, Instant deadline) {
  EDGE_RETURN_IF_ERROR(Begin());
  size_t sent_of_first = 0;  // bytes of pieces[0] that are out
  for (;;) {
    while (!pieces.empty() && sent_of_first == pieces[0].size()) {
      pieces = pieces.subspan(1);
      sent_of_first = 0;
    }
    if (pieces.empty()) return absl::OkStatus();
    if (!may_write_) EDGE_RETURN_IF_ERROR(WaitFor(writer_, may_write_, deadline));

    ssize_t sent = 0;
    {
      iovec vectors[kPiecesPerCall];
      size_t count = 0;
      for (const std::string_view piece : pieces) {
        if (count == kPiecesPerCall) break;
        const size_t skip = count == 0 ? sent_of_first : 0;
        vectors[count++] = {const_cast<char*>(piece.data()) + skip, piece.size() - skip};
      }
      msghdr message{};
      message.msg_iov = vectors;
      message.msg_iovlen = count;
      sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    }
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return Failed("write", errno);
      may_write_ = false;
      continue;
    }
    for (size_t left = static_cast<size_t>(sent); left > 0;) {
      const size_t of_first = pieces[0].size() - sent_of_first;
      if (left < of_first) {
        sent_of_first += left;
        break;
      }
      left -= of_first;
      pieces = pieces.subspan(1);
      sent_of_first = 0;
    }
  }
}

absl::Status OsConnection::CloseWrite() {
  EDGE_RETURN_IF_ERROR(environment_.scheduler.CheckAlive());
  if (!socket_.valid()) return AbortedHere();
  if (shutdown(socket_.get(), SHUT_WR) != 0) return Failed("close", errno);
  return absl::OkStatus();
}

void OsConnection::Abort() {
  if (!socket_.valid()) return;
  environment_.loop.Remove(socket_.get(), this);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  socket_.Close();
  callback_ = nullptr;
  if (reader_ != nullptr) environment_.scheduler.Wake(reader_);
  if (writer_ != nullptr) environment_.scheduler.Wake(writer_);
}

void OsConnection::NotifyReadable(ReadableCallback* callback) {
  EDGE_CHECK(reader_ == nullptr) << "NotifyReadable while a fiber reads";
  callback_ = callback;
  if (callback == nullptr || !socket_.valid() || !may_read_ || looking_again_) return;
  // Perhaps readable: found out in the poll loop, which is where callbacks come from.
  looking_again_ = true;
  if (self_ == nullptr) self_ = std::make_shared<OsConnection*>(this);
  environment_.loop.Defer([self = self_] {
    if (*self != nullptr) (*self)->LookAgain();
  });
}

void OsConnection::LookAgain() {
  looking_again_ = false;
  if (callback_ == nullptr || !socket_.valid()) return;
  char byte = 0;
  if (recv(socket_.get(), &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EINTR)) {
    may_read_ = errno == EINTR;
    if (may_read_) NotifyReadable(callback_);
    return;
  }
  std::exchange(callback_, nullptr)->OnReadable();
}

const Endpoint& OsConnection::Peer() const {
  if (peer_text_ == nullptr) peer_text_ = std::make_unique<Endpoint>(peer_.ToEndpoint());
  return *peer_text_;
}

absl::StatusOr<int> OsConnection::FinishConnect(Instant deadline) {
  may_write_ = false;
  EDGE_RETURN_IF_ERROR(WaitFor(writer_, may_write_, deadline));
  int error = 0;
  socklen_t size = sizeof(error);
  EDGE_CHECK(getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0) << ErrorText(errno);
  if (error == 0) {
    // What the connecting socket announced says nothing about the connected one.
    end_announced_ = false;
  } else {
    end_seen_ = true;
  }
  return error;
}

void OsConnection::OnEvents(uint32_t events) {
  constexpr uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & kEnd) != 0) end_announced_ = true;
  if ((events & (EPOLLIN | kEnd)) != 0) {
    may_read_ = true;
    if (reader_ != nullptr) environment_.scheduler.Wake(reader_);
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    may_write_ = true;
    if (writer_ != nullptr) environment_.scheduler.Wake(writer_);
  }
  // Last: the callback may destroy this connection.
  if (may_read_ && callback_ != nullptr) std::exchange(callback_, nullptr)->OnReadable();
}

}  // namespace edge
