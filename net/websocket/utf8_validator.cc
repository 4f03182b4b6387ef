#include "net/websocket/utf8_validator.h"

#include <cstddef>
#include <cstring>

namespace edge::websocket {

bool Utf8Validator::Add(std::string_view piece) {
  size_t i = 0;
  while (i < piece.size()) {
    if (missing_ == 0) {
      // Most text is ASCII: eight bytes at a time.
      uint64_t word = 0;
      while (i + sizeof word <= piece.size()) {
        std::memcpy(&word, piece.data() + i, sizeof word);
        if ((word & 0x8080808080808080u) != 0) break;
        i += sizeof word;
      }
      if (i == piece.size()) return true;
      const auto lead = static_cast<uint8_t>(piece[i++]);
      if (lead < 0x80) continue;
      low_ = 0x80;
      high_ = 0xbf;
      if (lead >= 0xc2 && lead <= 0xdf) {
        missing_ = 1;
      } else if (lead >= 0xe0 && lead <= 0xef) {
        missing_ = 2;
        if (lead == 0xe0) low_ = 0xa0;   // no overlong form
        if (lead == 0xed) high_ = 0x9f;  // no surrogate
      } else if (lead >= 0xf0 && lead <= 0xf4) {
        missing_ = 3;
        if (lead == 0xf0) low_ = 0x90;
        if (lead == 0xf4) high_ = 0x8f;  // U+10FFFF is the last
      } else {
        return false;
      }
      continue;
    }
    const auto next = static_cast<uint8_t>(piece[i++]);
    if (next < low_ || next > high_) return false;
    low_ = 0x80;
    high_ = 0xbf;
    --missing_;
  }
  return true;
}

}  // namespace edge::websocket
