// The opening handshake (RFC 6455 section 4): what makes an HTTP exchange a WebSocket. No extension is ever negotiated.
#ifndef EDGE_NET_WEBSOCKET_HANDSHAKE_H_
#define EDGE_NET_WEBSOCKET_HANDSHAKE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "net/http/client.h"
#include "net/http/head.h"
#include "net/http/request_parser.h"
#include "runtime/seam/random.h"

namespace edge::websocket {

// Fields of an answer that the handshake decides and nobody else may set.
bool IsHandshakeField(std::string_view name);

// --- server ---
// Whether the request has "Upgrade: websocket".
bool AsksForWebSocket(const http::RequestHead& request);
// Nothing: the request may be answered with 101. Otherwise why not: 400, or 426 for a version that is not 13 (the answer then says which).
// REQUIRES: AsksForWebSocket.
std::optional<http::Refusal> CheckRequest(const http::RequestHead& request);
// The value of Sec-WebSocket-Accept for that of Sec-WebSocket-Key.
std::string AcceptOf(std::string_view key);

// --- client ---
// A new Sec-WebSocket-Key.
std::string NewKey(Random& random);
// Adds what a request for a WebSocket has besides Upgrade and Connection.
void AddRequestFields(std::string_view key, http::ClientRequest& request);
// kInvalidArgument: the server's 101 is none of a WebSocket; the text says why.
absl::Status CheckAnswer(const http::ClientResponseHead& answer, std::string_view key);

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_HANDSHAKE_H_
