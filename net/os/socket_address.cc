#include "net/os/socket_address.h"

#include <arpa/inet.h>
#include <string.h>

#include <string>

namespace edge {

std::optional<SocketAddress> SocketAddress::Parse(std::string_view host, uint16_t port) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string text(host);
  SocketAddress address;
  if (inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    return address;
  }
  address = SocketAddress();
  if (inet_pton(AF_INET6, text.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    return address;
  }
  return std::nullopt;
}

std::optional<SocketAddress> SocketAddress::FromKernel(const sockaddr* from) {
  SocketAddress address;
  if (from->sa_family == AF_INET) {
    memcpy(&address.v4, from, sizeof(address.v4));
  } else if (from->sa_family == AF_INET6) {
    memcpy(&address.v6, from, sizeof(address.v6));
  } else {
    return std::nullopt;
  }
  return address;
}

Endpoint SocketAddress::ToEndpoint() const {
  if (base.sa_family == AF_UNIX) return {std::string(kLocalSocketPrefix), 0};
  char text[INET6_ADDRSTRLEN] = {};
  if (base.sa_family == AF_INET) {
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return {text, ntohs(v4.sin_port)};
  }
  // An IPv4 peer of a dual-stack listener is shown as what it is.
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
  } else {
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  }
  return {text, ntohs(v6.sin6_port)};
}

}  // namespace edge
