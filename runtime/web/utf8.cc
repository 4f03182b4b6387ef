#include "runtime/web/utf8.h"

namespace edge::web {
namespace {

// The length of the sequence that `lead` begins, and the range its second byte must be in; length 0: no lead byte.
struct Lead {
  int length;
  unsigned char low;
  unsigned char high;
};

constexpr Lead Classify(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// How many of the bytes at the front of `bytes` form a good (maybe unfinished) sequence.
size_t GoodPrefix(std::string_view bytes, const Lead& lead) {
  size_t good = 1;
  while (good < bytes.size() && good < static_cast<size_t>(lead.length)) {
    const auto c = static_cast<unsigned char>(bytes[good]);
    const unsigned char low = good == 1 ? lead.low : 0x80;
    const unsigned char high = good == 1 ? lead.high : 0xbf;
    if (c < low || c > high) break;
    ++good;
  }
  return good;
}

}  // namespace

bool IsValidUtf8(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const Lead lead = Classify(static_cast<unsigned char>(bytes[at]));
    if (lead.length == 0 || GoodPrefix(bytes.substr(at), lead) != static_cast<size_t>(lead.length)) return false;
    at += static_cast<size_t>(lead.length);
  }
  return true;
}

size_t IncompleteUtf8Tail(std::string_view bytes) {
  for (size_t tail = 1; tail <= 3 && tail <= bytes.size(); ++tail) {
    const std::string_view end = bytes.substr(bytes.size() - tail);
    const auto first = static_cast<unsigned char>(end[0]);
    if (first < 0x80) return 0;
    if (first < 0xc0) continue;
    const Lead lead = Classify(first);
    return lead.length > static_cast<int>(tail) && GoodPrefix(end, lead) == tail ? tail : 0;
  }
  return 0;
}

}  // namespace edge::web
