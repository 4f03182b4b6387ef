#include "net/os/network.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>

#include "net/os/connection.h"
#include "net/os/listener.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/os/fd.h"

namespace edge {
namespace {

absl::StatusOr<Fd> OpenSocket(const SocketAddress& address) {
  Fd socket(::socket(address.base.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    const int error = errno;
    if (error == EAFNOSUPPORT) return absl::UnavailableError(StrCat("socket: ", ErrorText(error)));
    return absl::ResourceExhaustedError(StrCat("socket: ", ErrorText(error)));
  }
  const int on = 1;
  if (address.base.sa_family != AF_UNIX) setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

absl::Status ListenError(const Endpoint& local, int error) {
  const std::string text = StrCat("cannot listen on ", local.ToString(), ": ", ErrorText(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text);
    default:
      return absl::InvalidArgumentError(text);
  }
}

// The path of a local socket ("unix:/run/edge.sock"); nothing if the endpoint is no such.
std::optional<std::string_view> LocalSocketPath(const Endpoint& endpoint) {
  const std::string_view host = endpoint.host;
  if (!host.starts_with(kLocalSocketPrefix)) return std::nullopt;
  return host.substr(kLocalSocketPrefix.size());
}

// The kernel takes 107 bytes of path; a longer one is named through its folder's descriptor.
struct LocalAddress {
  sockaddr_un address{};
  Fd folder;  // to be kept as long as the address is used

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

absl::StatusOr<LocalAddress> ToLocalAddress(std::string_view path) {
  LocalAddress local;
  local.address.sun_family = AF_UNIX;
  std::string short_path(path);
  if (path.size() >= sizeof(local.address.sun_path)) {
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return absl::InvalidArgumentError(StrCat("the name of a local socket is too long: ", path));
    local.folder = Fd(open(std::string(path.substr(0, slash + 1)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!local.folder.valid()) return absl::UnavailableError(StrCat("cannot reach ", path, ": ", ErrorText(errno)));
    short_path = StrCat("/proc/self/fd/", local.folder.get(), path.substr(slash));
  }
  if (short_path.empty() || short_path.size() >= sizeof(local.address.sun_path)) {
    return absl::InvalidArgumentError(StrCat("the name of a local socket is empty or too long: \"", path, "\""));
  }
  memcpy(local.address.sun_path, short_path.data(), short_path.size());
  return local;
}

// An errno; 0: connected.
int ConnectLocal(const Fd& socket, const LocalAddress& local) {
  return connect(socket.get(), local.get(), sizeof(local.address)) == 0 ? 0 : errno;
}

// As what is known of a peer at the other end of a local socket.
SocketAddress LocalPeer() {
  SocketAddress peer;
  peer.base.sa_family = AF_UNIX;
  return peer;
}

// A running getaddrinfo; outlives the fiber that asked if that one gives up.
struct Lookup {
  Lookup(Scheduler& scheduler, const Endpoint& remote) : host(remote.host), port(std::to_string(remote.port)), done(scheduler) {}

  const std::string host;
  const std::string port;
  int error = 0;
  std::vector<SocketAddress> found;
  Event done;
};

void RunLookup(Lookup& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  lookup.error = getaddrinfo(lookup.host.c_str(), lookup.port.c_str(), &hints, &list);
  if (lookup.error != 0) return;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (auto address = SocketAddress::FromKernel(entry->ai_addr)) lookup.found.push_back(*address);
  }
  freeaddrinfo(list);
}

}  // namespace

OsNetwork::OsNetwork(EpollLoop& loop, Scheduler& scheduler, BlockingPool& pool, OsNetworkLimits limits)
    : loop_(loop), scheduler_(scheduler), pool_(pool), limits_(limits), lingerer_(loop, scheduler.clock(), limits.linger) {}

absl::StatusOr<std::unique_ptr<Listener>> OsNetwork::ListenLocally(const Endpoint& local, std::string_view path) {
  EDGE_ASSIGN_OR_RETURN(const LocalAddress address, ToLocalAddress(path));
  EDGE_ASSIGN_OR_RETURN(Fd socket, OpenSocket(LocalPeer()));
  const auto attempt = [&] { return bind(socket.get(), address.get(), sizeof(address.address)) == 0 ? 0 : errno; };
  int error = attempt();
  if (error == EADDRINUSE) {
    // What a process left behind that is gone has nobody listening.
    EDGE_ASSIGN_OR_RETURN(const Fd probe, OpenSocket(LocalPeer()));
    if (ConnectLocal(probe, address) == ECONNREFUSED && unlink(address.address.sun_path) == 0) error = attempt();
  }
  // Before listen, so that nobody else gets in meanwhile.
  if (error == 0 && chmod(address.address.sun_path, S_IRUSR | S_IWUSR) != 0) error = errno;
  if (error == 0 && listen(socket.get(), limits_.backlog) != 0) error = errno;
  if (error != 0) return ListenError(local, error);
  return OsListener::Make({loop_, scheduler_, lingerer_}, std::move(socket), local);
}

absl::StatusOr<std::unique_ptr<Connection>> OsNetwork::ConnectLocally(const Endpoint& remote, std::string_view path) {
  EDGE_ASSIGN_OR_RETURN(const LocalAddress address, ToLocalAddress(path));
  EDGE_ASSIGN_OR_RETURN(Fd socket, OpenSocket(LocalPeer()));
  if (const int error = ConnectLocal(socket, address); error != 0) {
    return absl::UnavailableError(StrCat("cannot connect to ", remote.host, ": ", ErrorText(error)));
  }
  return OsConnection::Make({loop_, scheduler_, lingerer_}, std::move(socket), LocalPeer());
}

absl::StatusOr<std::unique_ptr<Listener>> OsNetwork::Listen(const Endpoint& local) {
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  if (const auto path = LocalSocketPath(local); path.has_value()) return ListenLocally(local, *path);
  const auto address = SocketAddress::Parse(local.host == "localhost" ? "127.0.0.1" : local.host, local.port);
  if (!address.has_value()) {
    return absl::InvalidArgumentError(
        StrCat("cannot listen on ", local.ToString(), ": \"", local.host, "\" is not an address of this machine"));
  }
  EDGE_ASSIGN_OR_RETURN(Fd socket, OpenSocket(*address));
  const int on = 1;
  const int off = 0;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address->base.sa_family == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(socket.get(), &address->base, address->size()) != 0 || listen(socket.get(), limits_.backlog) != 0)
    return ListenError(local, errno);
  SocketAddress bound;
  socklen_t bound_size = sizeof(bound.v6);
  if (getsockname(socket.get(), &bound.base, &bound_size) != 0) return ListenError(local, errno);
  return OsListener::Make({loop_, scheduler_, lingerer_}, std::move(socket), bound.ToEndpoint());
}

absl::StatusOr<std::vector<SocketAddress>> OsNetwork::Resolve(const Endpoint& remote, Instant deadline) {
  if (auto address = SocketAddress::Parse(remote.host, remote.port)) return std::vector{*address};
  if (remote.host == "localhost")
    return std::vector{*SocketAddress::Parse("127.0.0.1", remote.port), *SocketAddress::Parse("::1", remote.port)};
  auto lookup = std::make_shared<Lookup>(scheduler_, remote);
  EDGE_RETURN_IF_ERROR(pool_.Submit([lookup] { RunLookup(*lookup); }, [lookup] { lookup->done.Set(); }));
  EDGE_RETURN_IF_ERROR(lookup->done.Wait(deadline));
  if (lookup->error != 0) return absl::UnavailableError(StrCat("cannot resolve ", remote.host, ": ", gai_strerror(lookup->error)));
  if (lookup->found.empty()) return absl::UnavailableError(StrCat("cannot resolve ", remote.host, ": no address"));
  return std::move(lookup->found);
}

absl::StatusOr<std::unique_ptr<Connection>> OsNetwork::ConnectTo(const SocketAddress& address, const Endpoint& remote, Instant deadline) {
  EDGE_ASSIGN_OR_RETURN(Fd socket, OpenSocket(address));
  const int result = connect(socket.get(), &address.base, address.size());
  int error = result == 0 ? 0 : errno;
  if (error != 0 && error != EINPROGRESS && error != EINTR) {
    return absl::UnavailableError(StrCat("cannot connect to ", remote.ToString(), ": ", ErrorText(error)));
  }
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<OsConnection> connection,
                        OsConnection::Make({loop_, scheduler_, lingerer_}, std::move(socket), address));
  if (error != 0) {
    absl::StatusOr<int> outcome = connection->FinishConnect(deadline);
    if (!outcome.ok()) {
      connection->Abort();
      return outcome.status();
    }
    error = *outcome;
  }
  if (error != 0) return absl::UnavailableError(StrCat("cannot connect to ", remote.ToString(), ": ", ErrorText(error)));
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> OsNetwork::Connect(const Endpoint& remote, Instant deadline) {
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  if (const auto path = LocalSocketPath(remote); path.has_value()) return ConnectLocally(remote, *path);
  EDGE_ASSIGN_OR_RETURN(const std::vector<SocketAddress> addresses, Resolve(remote, deadline));
  absl::StatusOr<std::unique_ptr<Connection>> connection;
  for (const SocketAddress& address : addresses) {
    connection = ConnectTo(address, remote, deadline);
    if (connection.ok() || !absl::IsUnavailable(connection.status())) break;
  }
  return connection;
}

}  // namespace edge
