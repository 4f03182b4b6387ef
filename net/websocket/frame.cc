#include "net/websocket/frame.h"

#include <cstring>

namespace edge::websocket {

std::string FrameHeader(Opcode opcode, uint64_t payload_bytes, const MaskKey* mask) {
  std::string header;
  header.push_back(static_cast<char>(0x80 | static_cast<uint8_t>(opcode)));
  const auto masked = static_cast<uint8_t>(mask != nullptr ? 0x80 : 0);
  const auto append = [&header](uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) header.push_back(static_cast<char>(value >> shift));
  };
  if (payload_bytes < 126) {
    append(masked | payload_bytes, 1);
  } else if (payload_bytes <= 0xffff) {
    append(masked | 126u, 1);
    append(payload_bytes, 2);
  } else {
    append(masked | 127u, 1);
    append(payload_bytes, 8);
  }
  if (mask != nullptr) header.append(reinterpret_cast<const char*>(mask->data()), mask->size());
  return header;
}

void ApplyMask(std::span<char> bytes, const MaskKey& key, uint64_t position) {
  MaskKey turned;
  for (size_t i = 0; i < turned.size(); ++i) turned[i] = key[(position + i) % key.size()];
  uint32_t half = 0;
  std::memcpy(&half, turned.data(), sizeof half);
  const uint64_t wide = (uint64_t{half} << 32) | half;
  size_t i = 0;
  for (; i + sizeof wide <= bytes.size(); i += sizeof wide) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(turned[i % turned.size()]));
}

}  // namespace edge::websocket
