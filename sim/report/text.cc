#include "sim/report/text.h"

#include <algorithm>
#include <cstdio>

#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// A character at the beginning of `text`; length 0: broken UTF-8.
struct Character {
  uint32_t code = 0;
  size_t length = 0;
};

Character FirstCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  uint32_t code = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (too_long || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length};
}

// C0 and C1 controls, line and paragraph separators, and what changes the direction of the text around it.
bool IsUnfitForALine(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string Format(const char* format, double number) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), format, number);
  return buffer;
}

}  // namespace

std::string ElapsedText(Duration since_start, int decimals) {
  const int64_t ns = since_start.ToNanoseconds();
  const uint64_t magnitude = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  char buffer[64];
  const auto whole = static_cast<unsigned long long>(magnitude / 1'000'000'000);
  const auto rest = static_cast<unsigned long long>(magnitude % 1'000'000'000);
  unsigned long long scale = 1'000'000'000;
  for (int i = 0; i < decimals; ++i) scale /= 10;
  std::snprintf(buffer, sizeof(buffer), "%c%llu.%0*llu s", ns < 0 ? '-' : '+', whole, decimals, rest / std::max(1ull, scale));
  return buffer;
}

std::string LengthText(Duration length) {
  const int64_t ns = length.ToNanoseconds();
  const auto in = [&](double unit) { return static_cast<double>(ns) / unit; };
  if (ns < 1'000) return StrCat(ns, " ns");
  if (ns < 1'000'000) return Format(ns < 10'000 ? "%.1f us" : "%.0f us", in(1e3));
  if (ns < 1'000'000'000) return Format(ns < 10'000'000 ? "%.1f ms" : "%.0f ms", in(1e6));
  if (ns < 60'000'000'000) return Format(ns < 10'000'000'000 ? "%.1f s" : "%.0f s", in(1e9));
  const int64_t seconds = length.ToSeconds();
  if (seconds < 3600) return seconds % 60 == 0 ? StrCat(seconds / 60, " min") : StrCat(seconds / 60, " min ", seconds % 60, " s");
  return seconds / 60 % 60 == 0 ? StrCat(seconds / 3600, " h") : StrCat(seconds / 3600, " h ", seconds / 60 % 60, " min");
}

std::string Grouped(uint64_t number) {
  std::string digits = StrCat(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string Counted(uint64_t number, std::string_view noun) { return StrCat(Grouped(number), " ", noun, number == 1 ? "" : "s"); }

std::string Hex(uint64_t number) {
  char buffer[24];
  std::snprintf(buffer, sizeof(buffer), "%016llx", static_cast<unsigned long long>(number));
  return buffer;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (character.length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    if (character.code == '\n') {
      out += "\\n";
    } else if (character.code == '\t') {
      out += ' ';
    } else if (IsUnfitForALine(character.code)) {
      char buffer[16];
      std::snprintf(buffer, sizeof(buffer), character.code < 0x100 ? "\\x%02x" : "\\u%04x", character.code);
      out += buffer;
    } else {
      out += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return out;
}

std::string ValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = FirstCharacter(text).length;
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

size_t Columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Fit(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  const size_t keep = columns > 3 ? columns - 3 : 0;
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && seen++ == keep) break;
  }
  return StrCat(text.substr(0, at), std::string_view("...").substr(0, std::min<size_t>(columns, 3)));
}

std::string PadRight(std::string_view text, size_t columns) {
  const size_t has = Columns(text);
  return std::string(text) + std::string(has < columns ? columns - has : 0, ' ');
}

std::string PadLeft(std::string_view text, size_t columns) {
  const size_t has = Columns(text);
  return std::string(has < columns ? columns - has : 0, ' ') + std::string(text);
}

}  // namespace edge::sim
