#include "runtime/js/utf8.h"

#include <cstdint>
#include <cstring>

namespace edge::js {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

uint8_t At(std::string_view s, size_t i) { return static_cast<uint8_t>(s[i]); }

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// How many of the first bytes from `i` on are ASCII, eight at a time.
size_t AsciiRun(std::string_view s, size_t i) {
  const size_t start = i;
  while (i + 8 <= s.size()) {
    uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    if ((word & 0x8080808080808080u) != 0) break;
    i += 8;
  }
  while (i < s.size() && At(s, i) < 0x80) ++i;
  return i - start;
}

// Decodes one character of UTF-8 at `i`; on an error gives U+FFFD and the length of the maximal part.
uint32_t Decode(std::string_view s, size_t i, size_t* length) {
  const uint8_t lead = At(s, i);
  *length = 1;
  if (lead < 0x80) return lead;
  int more = 0;
  uint32_t value = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
    value = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    value = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    value = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return kReplacement;
  }
  for (int k = 0; k < more; ++k) {
    if (i + *length >= s.size()) return kReplacement;
    const uint8_t byte = At(s, i + *length);
    if (byte < low || byte > high) return kReplacement;
    low = 0x80;
    high = 0xBF;
    value = value << 6 | (byte & 0x3F);
    ++*length;
  }
  return value;
}

char* Encode3(uint32_t c, char* out) {
  *out++ = static_cast<char>(0xE0 | c >> 12);
  *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  *out++ = static_cast<char>(0x80 | (c & 0x3F));
  return out;
}

// The surrogate at `i` of a CESU-8 string, or 0.
uint32_t SurrogateAt(std::string_view s, size_t i) {
  if (i + 3 > s.size() || At(s, i) != 0xED || At(s, i + 1) < 0xA0 || !IsContinuation(At(s, i + 1)) || !IsContinuation(At(s, i + 2)))
    return 0;
  return 0xD000u | static_cast<uint32_t>(At(s, i + 1) & 0x3F) << 6 | (At(s, i + 2) & 0x3F);
}

bool IsLead(uint32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool IsTrail(uint32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

}  // namespace

size_t PlainPrefix(std::string_view bytes) {
  size_t i = 0;
  for (;;) {
    i += AsciiRun(bytes, i);
    if (i >= bytes.size()) return i;
    size_t length = 0;
    const uint32_t c = Decode(bytes, i, &length);
    if (c > 0xFFFF) return i;
    if (c == kReplacement && !(length == 3 && At(bytes, i) == 0xEF)) return i;
    i += length;
  }
}

size_t Cesu8Size(std::string_view bytes) {
  size_t size = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t ascii = AsciiRun(bytes, i);
    i += ascii;
    size += ascii;
    if (i >= bytes.size()) break;
    size_t length = 0;
    const uint32_t c = Decode(bytes, i, &length);
    size += c < 0x800 ? 2 : c <= 0xFFFF ? 3 : 6;
    i += length;
  }
  return size;
}

void ConvertToCesu8(std::string_view bytes, char* out) {
  for (size_t i = 0; i < bytes.size();) {
    const size_t ascii = AsciiRun(bytes, i);
    std::memcpy(out, bytes.data() + i, ascii);
    i += ascii;
    out += ascii;
    if (i >= bytes.size()) break;
    size_t length = 0;
    const uint32_t c = Decode(bytes, i, &length);
    if (c < 0x800) {
      *out++ = bytes[i];
      *out++ = bytes[i + 1];
    } else if (c <= 0xFFFF) {
      out = Encode3(c, out);
    } else {
      out = Encode3(0xD800 + ((c - 0x10000) >> 10), out);
      out = Encode3(0xDC00 + ((c - 0x10000) & 0x3FF), out);
    }
    i += length;
  }
}

bool HasSurrogates(std::string_view cesu8) {
  // 0xED begins U+D000..U+DFFF; Hangul up to U+D7FF is the rest of it.
  for (size_t i = 0; i < cesu8.size();) {
    const void* found = std::memchr(cesu8.data() + i, 0xED, cesu8.size() - i);
    if (found == nullptr) return false;
    i = static_cast<size_t>(static_cast<const char*>(found) - cesu8.data());
    if (SurrogateAt(cesu8, i) != 0) return true;
    ++i;
  }
  return false;
}

size_t Utf8Size(std::string_view cesu8) {
  size_t size = cesu8.size();
  for (size_t i = 0; i + 3 <= cesu8.size();) {
    const uint32_t c = SurrogateAt(cesu8, i);
    if (c == 0) {
      ++i;
    } else if (IsLead(c) && IsTrail(SurrogateAt(cesu8, i + 3))) {
      size -= 2;
      i += 6;
    } else {
      i += 3;  // U+FFFD has three bytes too
    }
  }
  return size;
}

void ConvertToUtf8(std::string_view cesu8, char* out) {
  for (size_t i = 0; i < cesu8.size();) {
    const uint32_t c = SurrogateAt(cesu8, i);
    if (c == 0) {
      *out++ = cesu8[i++];
      continue;
    }
    const uint32_t next = IsLead(c) ? SurrogateAt(cesu8, i + 3) : 0;
    if (IsTrail(next)) {
      const uint32_t full = 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00);
      *out++ = static_cast<char>(0xF0 | full >> 18);
      *out++ = static_cast<char>(0x80 | (full >> 12 & 0x3F));
      *out++ = static_cast<char>(0x80 | (full >> 6 & 0x3F));
      *out++ = static_cast<char>(0x80 | (full & 0x3F));
      i += 6;
    } else {
      out = Encode3(kReplacement, out);
      i += 3;
    }
  }
}

}  // namespace edge::js
