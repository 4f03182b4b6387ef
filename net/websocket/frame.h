// Frames on the wire (RFC 6455 section 5.2): headers and masks.
#ifndef EDGE_NET_WEBSOCKET_FRAME_H_
#define EDGE_NET_WEBSOCKET_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edge::websocket {

enum class Role : uint8_t { kServer, kClient };

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

inline constexpr size_t kFrameHeaderBytesMax = 14;
inline constexpr size_t kControlPayloadBytesMax = 125;

using MaskKey = std::array<uint8_t, 4>;

// The header of an unfragmented frame; `mask` null: not masked (a server's frames).
std::string FrameHeader(Opcode opcode, uint64_t payload_bytes, const MaskKey* mask);

// XORs the bytes with the key, as if `position` bytes of the payload came before them.
void ApplyMask(std::span<char> bytes, const MaskKey& key, uint64_t position);

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_FRAME_H_
