#include "runtime/url/percent_encode.h"

#include <algorithm>
#include <utility>

namespace edge::url {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

// What a lead byte asks for: how many bytes follow, and the range of the first of them (which rules out overlong forms, surrogates
// and values above U+10FFFF). All others must be 0x80..0xBF.
struct LeadByte {
  int continuation_count;  // -1: cannot lead
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xbf;
};

LeadByte ClassifyLeadByte(uint8_t byte) {
  if (byte < 0x80) return {0};
  if (byte >= 0xc2 && byte <= 0xdf) return {1};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {-1};
}

}  // namespace

void AppendPercentEncoded(std::string_view input, EncodeSet set, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  size_t run_begin = 0;
  for (size_t i = 0; i < input.size(); ++i) {
    if (!NeedsEncoding(input[i], set)) continue;
    out->append(input, run_begin, i - run_begin);
    run_begin = i + 1;
    const auto byte = static_cast<uint8_t>(input[i]);
    if (byte == ' ' && set == EncodeSet::kForm) {
      out->push_back('+');
    } else {
      const char escape[] = {'%', kHex[byte >> 4], kHex[byte & 15]};
      out->append(escape, sizeof(escape));
    }
  }
  out->append(input, run_begin, input.size() - run_begin);
}

void AppendPercentDecoded(std::string_view input, std::string* out) {
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == '%' && i + 2 < input.size()) {
      const int high = HexValue(input[i + 1]);
      const int low = HexValue(input[i + 2]);
      if (high >= 0 && low >= 0) {
        out->push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out->push_back(input[i]);
  }
}

std::string RepairUtf8(std::string bytes) {
  if (IsAscii(bytes)) return bytes;
  std::string repaired;
  repaired.reserve(bytes.size());
  size_t i = 0;
  while (i < bytes.size()) {
    const LeadByte lead = ClassifyLeadByte(static_cast<uint8_t>(bytes[i]));
    size_t end = i + 1;
    int missing = lead.continuation_count;
    while (missing > 0 && end < bytes.size()) {
      const auto byte = static_cast<uint8_t>(bytes[end]);
      const bool second = end == i + 1;
      if (byte < (second ? lead.second_min : 0x80) || byte > (second ? lead.second_max : 0xbf)) break;
      ++end;
      --missing;
    }
    if (missing == 0) {
      repaired.append(bytes, i, end - i);
    } else {
      repaired.append(kReplacement);
    }
    i = end;
  }
  return repaired;
}

}  // namespace edge::url
