// Client: HTTP/1.1 requests over the Network seam.
//
//   Client::Send(request, body) --> a pooled or new connection, request head and body written --> ClientExchange: response head, then
//   ReadBody
//
// A connection whose response has been read to its end goes back to the pool of its host and serves the next request; any other is
// aborted. A request that fails on a reused connection before a byte of the answer has come is sent once more on a new connection, if it
// has no body or none of its body was taken, and its method is idempotent (the server may just have closed the idle connection: RFC 9112
// 9.3.1); nothing else is ever sent twice. Redirects, cookies and decoding are the caller's.
#ifndef EDGE_NET_HTTP_CLIENT_H_
#define EDGE_NET_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/upgrade.h"
#include "net/network.h"
#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"
#include "runtime/fiber/scheduler.h"

namespace edge::http {

struct ClientLimits {
  Duration connect_time = Duration::Seconds(15);
  Duration body_idle_time = Duration::Seconds(300);  // without a byte of the body while the caller waits for one
  Duration write_time = Duration::Seconds(30);       // for each piece written
  ByteCount head_bytes = ByteCount::KiB(128);        // of the response: status line and fields
  uint32_t fields_max = 256;
  uint32_t informational_max = 16;             // 1xx responses before the real one
  uint32_t idle_connections_per_host_max = 8;  // pooled; the oldest is closed
  uint32_t idle_connections_max = 256;         // of all hosts
  bool counts_unasked_for = false;             // looks at what comes on an idle connection (Client::unasked_for) before it lets it go
  Duration idle_time = Duration::Seconds(30);  // a pooled connection older than this is not used again
};

// The body of a request as it is being sent. Read on the fiber of Send, or on one that Send starts.
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  // The next piece; empty at the end. An error aborts the request and becomes its result. Not called again after the end, after an error,
  // or when Length() bytes have come. MAY SUSPEND.
  virtual absl::StatusOr<std::string> Read() = 0;
  // Known beforehand: Content-Length, and exactly as many bytes come or the request fails (kInvalidArgument); otherwise chunked.
  virtual std::optional<uint64_t> Length() const = 0;
};

struct ClientRequest {
  std::string method = "GET";
  Endpoint host;                                            // where to connect
  std::string authority;                                    // Host header
  std::string target = "/";                                 // path and query
  std::vector<std::pair<std::string, std::string>> fields;  // Host, Content-Length, Transfer-Encoding and Connection are the client's own
  std::string upgrade;                                      // asks for this protocol; the answer may be 101 then
};

struct ClientResponseHead {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> fields;  // in the order received, names as received

  std::optional<std::string_view> Find(std::string_view name) const;  // case-insensitive, the first
};

// One response being read. Destroying it before the end of the response's body, or while the request's is still being sent, aborts the
// connection; in the latter case it also ends the sending (RequestBody::Read gets kCancelled), waits for that (MAY SUSPEND), and so has to
// happen on a fiber that holds nothing Read needs to return. One fiber at a time uses it.
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  virtual const ClientResponseHead& head() const = 0;
  // From Content-Length; nullopt if chunked or until close.
  virtual std::optional<uint64_t> content_length() const = 0;
  // Puts the next bytes of the body into `target` (not empty); 0 at its end. kInvalidArgument: malformed. kUnavailable: the connection is
  // lost before the end. kDeadlineExceeded, kCancelled, kAborted "crashed". Sticky. MAY SUSPEND.
  virtual absl::StatusOr<size_t> ReadBody(std::span<char> target) = 0;
  // The answer is 101: gives the connection to `upgraded` and starts it; the exchange is over. The client ends it when it is shut down.
  // REQUIRES: head().status is 101; called once. MAY SUSPEND.
  virtual void Upgrade(std::unique_ptr<UpgradedConnection> upgraded);
};

class Client {
 public:
  // Borrowed, outlive the client.
  Client(Scheduler& scheduler, Network& network, const ClientLimits& limits = {});
  ~Client();  // closes pooled connections; REQUIRES: no exchange lives; Shutdown has returned if there were upgrades, or the fibers have
              // ended
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends a request and waits for the head of its response. `body` may be null; it is used until the exchange is destroyed, because a
  // server may answer before it has read everything. kUnavailable: refused, reset, unreachable, closed before an answer (the text says
  // which). kInvalidArgument: the request cannot be sent (a bad method, target or field) or the answer is not HTTP. kResourceExhausted: the
  // answer's head exceeds a limit. kDeadlineExceeded, kCancelled, kAborted. MAY SUSPEND.
  absl::StatusOr<std::unique_ptr<ClientExchange>> Send(const ClientRequest& request, std::shared_ptr<RequestBody> body, Instant deadline);

  // Tells upgraded connections to go away, and at `deadline` aborts those left; returns when there are none. MAY SUSPEND.
  void Shutdown(Instant deadline);

  // Answers behind which something else was on the connection that nobody had asked for: a server that answers twice. What comes later,
  // while the connection is idle, counts with ClientLimits::counts_unasked_for.
  uint64_t unasked_for() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The whole body; kResourceExhausted if it is longer than `bytes_max`. MAY SUSPEND.
absl::StatusOr<std::string> ReadWholeBody(ClientExchange& exchange, size_t bytes_max = 16u << 20);
// The first `kept_max` bytes of the body; what comes after them is read too, and dropped. Errors: ReadBody's. MAY SUSPEND.
absl::StatusOr<std::string> ReadBodyKeeping(ClientExchange& exchange, size_t kept_max);

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_CLIENT_H_
