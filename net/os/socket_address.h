// SocketAddress: an IPv4 or IPv6 address with a port, as the kernel wants it; or nothing but "a local socket" (AF_UNIX).
#ifndef EDGE_NET_OS_SOCKET_ADDRESS_H_
#define EDGE_NET_OS_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "net/network.h"

namespace edge {

// In Endpoint::host: a socket in the file system, for this user's processes on this machine; the rest is its path, the port is 0.
inline constexpr std::string_view kLocalSocketPrefix = "unix:";

struct SocketAddress {
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };

  SocketAddress() : v6{} {}
  // Nothing unless `host` is a literal address ("127.0.0.1", "::1", "[::1]").
  static std::optional<SocketAddress> Parse(std::string_view host, uint16_t port);
  // Nothing if the kernel's address is of another family.
  static std::optional<SocketAddress> FromKernel(const sockaddr* address);

  socklen_t size() const { return base.sa_family == AF_INET ? sizeof(v4) : sizeof(v6); }
  Endpoint ToEndpoint() const;
};

}  // namespace edge

#endif  // EDGE_NET_OS_SOCKET_ADDRESS_H_
