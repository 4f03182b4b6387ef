#include "net/os/listener.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {

OsListener::OsListener(OsConnection::Environment environment, Fd socket, Endpoint local)
    : environment_(environment), socket_(std::move(socket)), local_(std::move(local)) {}

absl::StatusOr<std::unique_ptr<OsListener>> OsListener::Make(OsConnection::Environment environment, Fd socket, Endpoint local) {
  std::unique_ptr<OsListener> listener(new OsListener(environment, std::move(socket), std::move(local)));
  absl::Status added = environment.loop.Add(listener->socket_.get(), EPOLLIN, listener.get());
  if (!added.ok()) {
    listener->socket_.Close();
    return added;
  }
  return listener;
}

OsListener::~OsListener() {
  EDGE_CHECK(acceptor_ == nullptr) << "a listener is destroyed while a fiber waits on it";
  if (socket_.valid()) environment_.loop.Remove(socket_.get(), this);
}

void OsListener::OnEvents(uint32_t) {
  may_accept_ = true;
  if (acceptor_ != nullptr) environment_.scheduler.Wake(acceptor_);
}

absl::Status OsListener::BackOff(Instant deadline) {
  if (back_off_ == Duration::Zero()) return absl::OkStatus();
  EDGE_RETURN_IF_ERROR(environment_.scheduler.SleepUntil(std::min(deadline, retry_at_)));
  return deadline < retry_at_ ? DeadlineStatus() : absl::OkStatus();
}

absl::Status OsListener::Exhausted(int error) {
  back_off_ = back_off_ == Duration::Zero() ? kBackOffMin : std::min(back_off_ * 2, kBackOffMax);
  retry_at_ = environment_.scheduler.clock().Now() + back_off_;
  return absl::ResourceExhaustedError(StrCat("accept: ", ErrorText(error)));
}

absl::StatusOr<std::unique_ptr<Connection>> OsListener::Accept(Instant deadline) {
  Scheduler& scheduler = environment_.scheduler;
  EDGE_RETURN_IF_ERROR(scheduler.CheckAlive());
  EDGE_RETURN_IF_ERROR(BackOff(deadline));
  if (++accepts_without_yield_ >= kAcceptsBetweenYields) {
    accepts_without_yield_ = 0;
    EDGE_RETURN_IF_ERROR(scheduler.Yield());
  }
  for (;;) {
    if (!may_accept_) {
      EDGE_CHECK(acceptor_ == nullptr) << "two fibers wait in Accept";
      accepts_without_yield_ = 0;
      acceptor_ = scheduler.current();
      absl::Status status;
      while (status.ok() && !may_accept_) status = scheduler.Suspend(deadline);
      acceptor_ = nullptr;
      if (!status.ok() && !(absl::IsDeadlineExceeded(status) && may_accept_)) return status;
    }
    SocketAddress peer;
    socklen_t peer_size = sizeof(peer.v6);
    Fd socket(accept4(socket_.get(), &peer.base, &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      back_off_ = Duration::Zero();
      // Without delay: the listening socket has the option, and accepted ones inherit it.
      return OsConnection::Make(environment_, std::move(socket), peer);
    }
    switch (errno) {
      case EAGAIN:
        may_accept_ = false;
        continue;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return Exhausted(errno);
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
      case EOPNOTSUPP:
      case EFAULT:
        EDGE_CHECK(false) << "accept: " << ErrorText(errno);
        continue;
      default:  // EINTR, ECONNABORTED, and network errors of a connection that died in the queue
        continue;
    }
  }
}

}  // namespace edge
