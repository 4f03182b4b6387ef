// OsListener: a listening socket.
//
// When the process is out of descriptors a connection stays pending in the kernel. Accept then says kResourceExhausted, and the next Accept
// waits a little, longer each time, before it tries again: a loop around Accept needs no back-off of its own.
#ifndef EDGE_NET_OS_LISTENER_H_
#define EDGE_NET_OS_LISTENER_H_

#include <memory>

#include "net/network.h"
#include "net/os/connection.h"
#include "runtime/os/fd.h"

namespace edge {

class OsListener final : public Listener, public EpollLoop::Watch {
 public:
  // Takes a listening non-blocking socket.
  static absl::StatusOr<std::unique_ptr<OsListener>> Make(OsConnection::Environment environment, Fd socket, Endpoint local);
  ~OsListener() override;

  absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) override;
  const Endpoint& Local() const override { return local_; }

  void OnEvents(uint32_t events) override;

 private:
  static constexpr Duration kBackOffMin = Duration::Milliseconds(10);
  static constexpr Duration kBackOffMax = Duration::Seconds(1);
  static constexpr int kAcceptsBetweenYields = 64;

  OsListener(OsConnection::Environment environment, Fd socket, Endpoint local);
  absl::Status BackOff(Instant deadline);
  absl::Status Exhausted(int error);

  OsConnection::Environment environment_;
  Fd socket_;
  const Endpoint local_;
  Fiber* acceptor_ = nullptr;
  bool may_accept_ = true;
  int accepts_without_yield_ = 0;
  Duration back_off_;  // zero: none
  Instant retry_at_;   // valid while back_off_ is not zero
};

}  // namespace edge

#endif  // EDGE_NET_OS_LISTENER_H_
