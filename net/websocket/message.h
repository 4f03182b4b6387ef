// Message: what two ends of a WebSocket say to each other, and the close codes (RFC 6455 section 7.4).
#ifndef EDGE_NET_WEBSOCKET_MESSAGE_H_
#define EDGE_NET_WEBSOCKET_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace edge::websocket {

inline constexpr uint16_t kNormalClosure = 1000;
inline constexpr uint16_t kGoingAway = 1001;
inline constexpr uint16_t kProtocolError = 1002;
inline constexpr uint16_t kNoStatus = 1005;  // a close frame without a code; never on the wire
inline constexpr uint16_t kAbnormal = 1006;  // no close frame at all; never on the wire
inline constexpr uint16_t kInvalidData = 1007;
inline constexpr uint16_t kTooBig = 1009;

// The most that fits behind the code of a close frame, in UTF-8.
inline constexpr size_t kReasonBytesMax = 123;

// Whether a close frame may carry the code.
constexpr bool IsWireCloseCode(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

struct Message {
  enum class Kind : uint8_t { kText, kBinary, kClose };

  static Message Text(std::string text) { return {.kind = Kind::kText, .data = std::move(text)}; }
  static Message Binary(std::string bytes) { return {.kind = Kind::kBinary, .data = std::move(bytes)}; }
  // kNoStatus: without a code; then the reason is empty.
  static Message Close(uint16_t code, std::string reason = {}) { return {.kind = Kind::kClose, .code = code, .data = std::move(reason)}; }

  Kind kind = Kind::kText;
  uint16_t code = kNoStatus;  // kClose
  std::string data;           // kText, kClose (the reason): UTF-8

  bool operator==(const Message&) const = default;
};

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_MESSAGE_H_
