// FormatRequestHead: the text of a request up to its body.
//
// Whatever comes from user code is checked here, once: a CR, LF or space let through in a method, target or field would let the user's data
// write headers, or whole requests, of its own.
#ifndef EDGE_NET_HTTP_REQUEST_WRITER_H_
#define EDGE_NET_HTTP_REQUEST_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "net/http/client.h"

namespace edge::http {

enum class RequestFraming : uint8_t { kNoBody, kLength, kChunked };

// Request line and fields with the empty line at the end. `length` counts for kLength alone. Fields that the client controls (Host,
// Content-Length, Transfer-Encoding, Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade) are left out of the request's own.
// kInvalidArgument: the method is no token or is CONNECT, the target is not "/..." or "*" of OPTIONS or has a byte that a target cannot
// have, the authority is no host, a field has a malformed name or value.
absl::StatusOr<std::string> FormatRequestHead(const ClientRequest& request, RequestFraming framing, uint64_t length);

// Whether sending a request of this method twice means the same as sending it once (RFC 9110 9.2.2).
bool IsIdempotent(std::string_view method);

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_REQUEST_WRITER_H_
