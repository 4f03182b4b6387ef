// Network: the seam through which bytes enter and leave.
//
// A Listener accepts Connections, Connect makes them. A Connection is a reliable, ordered, full-duplex byte stream with half-close: the
// bytes read are a prefix of the bytes the peer wrote; nothing more is promised (pieces may be split or joined anywhere). Every wait takes
// a deadline. At most one fiber reads and one fiber writes at a time. Versions: OsNetwork (net/os), SimNetwork (sim).
//
// Errors of all calls: kDeadlineExceeded, kCancelled (the fiber's task group), kAborted "crashed" (the node), kUnavailable (reset, refused,
// unreachable: the text says which). After an error other than kDeadlineExceeded the connection is of no more use.
#ifndef EDGE_NET_NETWORK_H_
#define EDGE_NET_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/time.h"

namespace edge {

struct Endpoint {
  std::string host;   // an address ("127.0.0.1", "::1") or, for Connect, a name to resolve
  uint16_t port = 0;  // 0 in Listen: any free one

  std::string ToString() const {
    return host.find(':') == std::string::npos ? host + ":" + std::to_string(port) : "[" + host + "]:" + std::to_string(port);
  }
};

// Told once, from the poll loop, that Read would not suspend. Must not suspend; typically it spawns a fiber.
class ReadableCallback {
 public:
  virtual ~ReadableCallback() = default;
  virtual void OnReadable() = 0;
};

class Connection {
 public:
  // Closes gracefully: what was written is still delivered.
  virtual ~Connection() = default;

  // Reads at least one byte and at most buffer.size(); 0 means that the peer has closed its direction. MAY SUSPEND.
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) = 0;

  // Hands all pieces to the network, in order. On failure an unknown prefix may have been sent. MAY SUSPEND.
  virtual absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) = 0;

  // Closes our direction; the peer reads an end. Reading goes on.
  virtual absl::Status CloseWrite() = 0;

  // Drops the connection at once, both directions; the peer sees a reset. Suspended calls return kUnavailable; a NotifyReadable
  // registration is taken back. Idempotent.
  virtual void Abort() = 0;

  // Parks the connection without a fiber: `callback` is called once as soon as Read would not suspend (data, end, or error). Null takes a
  // registration back, as do Abort and the destructor. Never called from within NotifyReadable itself. The callback must outlive the
  // registration and may destroy the connection. REQUIRES: no fiber is suspended in Read; no Read while registered.
  virtual void NotifyReadable(ReadableCallback* callback) = 0;

  virtual const Endpoint& Peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops listening; connections not yet accepted are reset
  // MAY SUSPEND. kResourceExhausted: out of descriptors; the connection stays pending, try again later.
  virtual absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) = 0;
  virtual const Endpoint& Local() const = 0;  // with the real port
};

class Network {
 public:
  virtual ~Network() = default;
  // kAlreadyExists: the address is in use. kPermissionDenied, kInvalidArgument: the text says why.
  virtual absl::StatusOr<std::unique_ptr<Listener>> Listen(const Endpoint& local) = 0;
  // MAY SUSPEND.
  virtual absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& remote, Instant deadline) = 0;
};

}  // namespace edge

#endif  // EDGE_NET_NETWORK_H_
