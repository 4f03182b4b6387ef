// OsNetwork: the Network seam over the kernel's sockets.
//
// Sockets are non-blocking and registered once, edge-triggered (runtime/os/epoll_loop.h). Reading and writing try the system call first and
// suspend only when the kernel has nothing or no room. Names are resolved on the BlockingPool; literal addresses and "localhost" need no
// resolver.
#ifndef EDGE_NET_OS_NETWORK_H_
#define EDGE_NET_OS_NETWORK_H_

#include <memory>
#include <vector>

#include "net/network.h"
#include "net/os/linger.h"
#include "net/os/socket_address.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/epoll_loop.h"

namespace edge {

struct OsNetworkLimits {
  int backlog = 4096;  // connections that the kernel holds for Accept; it may allow fewer (net.core.somaxconn)
  LingerLimits linger;
};

class OsNetwork final : public Network {
 public:
  // All borrowed; they outlive the network, and it outlives its listeners and connections.
  OsNetwork(EpollLoop& loop, Scheduler& scheduler, BlockingPool& pool, OsNetworkLimits limits = {});

  // `local.host` is an address or "localhost" (127.0.0.1); "::" takes IPv4 as well. "unix:PATH" is a socket in the file system that only
  // this user may connect to; what a process that is gone left at the path is replaced, and its file stays when the listener closes.
  absl::StatusOr<std::unique_ptr<Listener>> Listen(const Endpoint& local) override;
  // The addresses of a name are tried one after the other; the last one's error is reported.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& remote, Instant deadline) override;

 private:
  absl::StatusOr<std::unique_ptr<Listener>> ListenLocally(const Endpoint& local, std::string_view path);
  absl::StatusOr<std::unique_ptr<Connection>> ConnectLocally(const Endpoint& remote, std::string_view path);
  absl::StatusOr<std::vector<SocketAddress>> Resolve(const Endpoint& remote, Instant deadline);
  absl::StatusOr<std::unique_ptr<Connection>> ConnectTo(const SocketAddress& address, const Endpoint& remote, Instant deadline);

  EpollLoop& loop_;
  Scheduler& scheduler_;
  BlockingPool& pool_;
  const OsNetworkLimits limits_;
  Lingerer lingerer_;
};

}  // namespace edge

#endif  // EDGE_NET_OS_NETWORK_H_
