// OsConnection: one TCP connection over a non-blocking socket.
//
// Small on purpose (no buffers): a parked connection is this object and the kernel's socket. It remembers what edge-triggered epoll said:
// `may_read_` and `may_write_` are false only after the kernel refused, and the next edge sets them again. A read that got fewer bytes than
// asked for has emptied the socket, so it is not tried again before the next edge, unless the peer's end or an error was announced
// already: that announcement comes once.
#ifndef EDGE_NET_OS_CONNECTION_H_
#define EDGE_NET_OS_CONNECTION_H_

#include <memory>

#include "net/network.h"
#include "net/os/linger.h"
#include "net/os/socket_address.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/os/fd.h"

namespace edge {

class OsConnection final : public Connection, public EpollLoop::Watch {
 public:
  // What a connection needs from its network.
  struct Environment {
    EpollLoop& loop;
    Scheduler& scheduler;
    Lingerer& lingerer;
  };

  // Takes a connected (or connecting) non-blocking socket and registers it. kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<OsConnection>> Make(Environment environment, Fd socket, const SocketAddress& peer);
  ~OsConnection() override;

  absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) override;
  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) override;
  absl::Status CloseWrite() override;
  void Abort() override;
  void NotifyReadable(ReadableCallback* callback) override;
  const Endpoint& Peer() const override;

  // For Connect: waits until the socket is connected. Each attempt's outcome as an errno (0: connected). MAY SUSPEND.
  absl::StatusOr<int> FinishConnect(Instant deadline);

  void OnEvents(uint32_t events) override;

 private:
  // Successful calls without a suspension after which a fiber lets the others go first: a peer that always has data starves nobody.
  static constexpr int kCallsBetweenYields = 64;

  OsConnection(Environment environment, Fd socket, const SocketAddress& peer);
  absl::Status Begin();
  // Waits in `waiter` until `ready` or the connection is aborted. MAY SUSPEND.
  absl::Status WaitFor(Fiber*& waiter, const bool& ready, Instant deadline);
  void LookAgain();
  absl::Status Failed(const char* what, int error);

  Environment environment_;
  Fd socket_;  // invalid after Abort
  Fiber* reader_ = nullptr;
  Fiber* writer_ = nullptr;
  ReadableCallback* callback_ = nullptr;
  bool may_read_ = true;
  bool may_write_ = true;
  bool end_announced_ = false;  // the peer closed, or an error: reading never blocks again
  bool end_seen_ = false;       // Read returned 0 or failed
  bool looking_again_ = false;  // a LookAgain is on its way
  int calls_without_yield_ = 0;
  SocketAddress peer_;
  mutable std::unique_ptr<Endpoint> peer_text_;  // made when first asked for
  std::shared_ptr<OsConnection*> self_;          // made by the first deferred look; tells it that the connection is gone
};

}  // namespace edge

#endif  // EDGE_NET_OS_CONNECTION_H_
