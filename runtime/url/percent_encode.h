// Percent-encoding as the URL standard defines it: the encode sets, and helpers that encode, decode and repair UTF-8.
//
// Every helper works on bytes. That is exact, because each set of the standard holds every code point above U+007E: a byte of a
// multi-byte UTF-8 sequence is always encoded, and no set tells one such code point from another. All helpers append to a string that
// the caller owns, take time linear in their input, and cannot fail.
#ifndef EDGE_RUNTIME_URL_PERCENT_ENCODE_H_
#define EDGE_RUNTIME_URL_PERCENT_ENCODE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace edge::url {

// Which bytes are written as %XX. One bit each, so that one table answers for all of them.
enum class EncodeSet : uint8_t {
  kC0Control = 1 << 0,
  kFragment = 1 << 1,
  kQuery = 1 << 2,
  kSpecialQuery = 1 << 3,
  kPath = 1 << 4,
  kUserinfo = 1 << 5,
  kComponent = 1 << 6,  // what encodeURIComponent() encodes
  kForm = 1 << 7,       // application/x-www-form-urlencoded
};

namespace percent_encode_internal {

consteval std::array<uint8_t, 256> MakeTable() {
  std::array<uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, int sets) {
    for (const char c : characters) table[static_cast<uint8_t>(c)] |= static_cast<uint8_t>(sets);
  };
  for (int byte = 0; byte < 256; ++byte) {
    if (byte < 0x20 || byte > 0x7e) table[byte] = 0xff;
  }
  // Each of these sets holds the ones before it: query, path, userinfo, component, form. The fragment set stands apart.
  const int form = static_cast<int>(EncodeSet::kForm);
  const int component = form | static_cast<int>(EncodeSet::kComponent);
  const int userinfo = component | static_cast<int>(EncodeSet::kUserinfo);
  const int path = userinfo | static_cast<int>(EncodeSet::kPath);
  const int query = path | static_cast<int>(EncodeSet::kQuery) | static_cast<int>(EncodeSet::kSpecialQuery);
  add(" \"<>`", static_cast<int>(EncodeSet::kFragment));
  add(" \"#<>", query);
  add("'", static_cast<int>(EncodeSet::kSpecialQuery));
  add("?^`{}", path);
  add("/:;=@[\\]|", userinfo);
  add("$%&+,", component);  // '%' here alone: under every smaller set an escape in the input stays as it is.
  add("!'()~", form);
  return table;
}

inline constexpr std::array<uint8_t, 256> kTable = MakeTable();

}  // namespace percent_encode_internal

// True where `byte` is written as %XX under `set`.
inline bool NeedsEncoding(char byte, EncodeSet set) {
  return (percent_encode_internal::kTable[static_cast<uint8_t>(byte)] & static_cast<uint8_t>(set)) != 0;
}

// Appends `input` to `*out`, the bytes in `set` as upper-case %XX. Under kForm a space becomes '+'.
// REQUIRES: `input` does not point into `*out`.
void AppendPercentEncoded(std::string_view input, EncodeSet set, std::string* out);

// Appends `input` to `*out` with each %XX replaced by its byte; a '%' without two hex digits after it stays. The result is bytes, not
// necessarily UTF-8. REQUIRES: `input` does not point into `*out`.
void AppendPercentDecoded(std::string_view input, std::string* out);

// Returns `bytes` decoded as UTF-8 without BOM handling: every maximal part of an ill-formed sequence becomes U+FFFD.
std::string RepairUtf8(std::string bytes);

// The value of a hex digit, or -1.
inline int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsAsciiAlpha(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
inline char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_PERCENT_ENCODE_H_
