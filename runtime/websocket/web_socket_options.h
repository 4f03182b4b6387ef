// WebSocketOptions: which of the platform's dated behaviours a worker's WebSockets have.
#ifndef EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_OPTIONS_H_
#define EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_OPTIONS_H_

#include <cstdint>

namespace edge::websocket {

// The comments name the compatibility flags (runtime/config/compatibility.h).
struct WebSocketOptions {
  // web_socket_auto_reply_to_close: the runtime answers a close before the worker hears of it.
  enum class CloseReply : uint8_t { kManual, kAutomatic } close_reply = CloseReply::kManual;
  // websocket_standard_binary_type: messages of bytes are Blobs unless binaryType says otherwise.
  enum class BinaryType : uint8_t { kArrayBuffer, kBlob } binary_type = BinaryType::kArrayBuffer;
};

}  // namespace edge::websocket

#endif  // EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_OPTIONS_H_
