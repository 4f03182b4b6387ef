#include "runtime/url/host.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>

#include "runtime/url/idna.h"
#include "runtime/url/percent_encode.h"

namespace edge::url {
namespace {

using Ipv6Pieces = std::array<uint16_t, 8>;

// What a byte of a domain asks for. A domain without any of these is written as it stands.
enum ByteClass : uint8_t {
  kForbiddenHost = 1 << 0,
  kForbiddenDomain = 1 << 1,  // contains kForbiddenHost
  kPercent = 1 << 2,
  kUpperCase = 1 << 3,
  kNonAscii = 1 << 4,
};

consteval std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  for (int byte = 0; byte < 256; ++byte) {
    if (byte < 0x20 || byte == 0x7f) classes[byte] |= kForbiddenDomain;
    if (byte >= 'A' && byte <= 'Z') classes[byte] |= kUpperCase;
    if (byte >= 0x80) classes[byte] |= kNonAscii;
  }
  for (const char c : std::string_view("\0\t\n\r #/:<>?@[\\]^|", 17)) {
    classes[static_cast<uint8_t>(c)] |= kForbiddenHost | kForbiddenDomain;
  }
  classes[static_cast<uint8_t>('%')] |= kForbiddenDomain | kPercent;
  return classes;
}

constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();

int ClassesOf(std::string_view text) {
  int classes = 0;
  for (const char c : text) classes |= kByteClasses[static_cast<uint8_t>(c)];
  return classes;
}

void AppendHex(uint16_t value, std::string* out) {
  char digits[4];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, 16).ptr;
  out->append(digits, end);
}

// Reads up to four hex digits; the count read is in `*length`.
uint16_t ReadHex(std::string_view text, size_t* length) {
  uint16_t value = 0;
  *length = 0;
  while (*length < 4 && *length < text.size() && HexValue(text[*length]) >= 0) {
    value = static_cast<uint16_t>(value * 16 + HexValue(text[*length]));
    ++*length;
  }
  return value;
}

// The dotted tail of an IPv6 address, as four bytes in decimal without leading zeros.
std::optional<uint32_t> ParseDottedTail(std::string_view text) {
  uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    size_t digits = 0;
    uint32_t value = 0;
    while (digits < text.size() && IsAsciiDigit(text[digits])) {
      if (digits == 1 && value == 0) return std::nullopt;
      value = value * 10 + static_cast<uint32_t>(text[digits] - '0');
      if (value > 255) return std::nullopt;
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    address = address * 256 + value;
  }
  if (!text.empty()) return std::nullopt;
  return address;
}

std::optional<Ipv6Pieces> ParseIpv6(std::string_view text) {
  Ipv6Pieces pieces{};
  size_t count = 0;
  std::optional<size_t> compress;  // The index that "::" stands before.
  if (text.starts_with(':')) {
    if (!text.starts_with("::")) return std::nullopt;
    text.remove_prefix(2);
    compress = ++count;
  }
  while (!text.empty()) {
    if (count == pieces.size()) return std::nullopt;
    if (text.front() == ':') {
      if (compress.has_value()) return std::nullopt;
      text.remove_prefix(1);
      compress = ++count;
      continue;
    }
    size_t length = 0;
    const uint16_t value = ReadHex(text, &length);
    if (length < text.size() && text[length] == '.') {
      const std::optional<uint32_t> tail = ParseDottedTail(text);
      if (count > 6 || !tail.has_value()) return std::nullopt;
      pieces[count++] = static_cast<uint16_t>(*tail >> 16);
      pieces[count++] = static_cast<uint16_t>(*tail & 0xffff);
      break;
    }
    text.remove_prefix(length);
    if (!text.empty()) {
      if (text.front() != ':') return std::nullopt;
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
    }
    pieces[count++] = value;
  }
  if (compress.has_value()) {
    // The pieces after "::" go to the end; what they leave behind is zero.
    std::rotate(pieces.begin() + static_cast<ptrdiff_t>(*compress), pieces.begin() + static_cast<ptrdiff_t>(count), pieces.end());
  } else if (count != pieces.size()) {
    return std::nullopt;
  }
  return pieces;
}

// Lower-case, shortest, with the first of the longest runs of at least two zero pieces as "::".
void AppendIpv6(const Ipv6Pieces& pieces, std::string* out) {
  size_t run_begin = pieces.size();
  size_t run_length = 1;
  for (size_t begin = 0; begin < pieces.size();) {
    size_t end = begin;
    while (end < pieces.size() && pieces[end] == 0) ++end;
    if (end - begin > run_length) {
      run_begin = begin;
      run_length = end - begin;
    }
    begin = end + 1;
  }
  for (size_t i = 0; i < pieces.size();) {
    if (i == run_begin) {
      out->append(i == 0 ? "::" : ":");
      i += run_length;
      continue;
    }
    AppendHex(pieces[i], out);
    if (++i < pieces.size()) out->push_back(':');
  }
}

// A part of an IPv4 address: decimal, 0x hexadecimal or 0 octal. Values too large for any address saturate.
std::optional<uint64_t> ParseIpv4Number(std::string_view text) {
  constexpr uint64_t kSaturated = uint64_t{1} << 40;
  if (text.empty()) return std::nullopt;
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    radix = 16;
  } else if (text.size() >= 2 && text.front() == '0') {
    text.remove_prefix(1);
    radix = 8;
  }
  uint64_t value = 0;
  for (const char c : text) {
    const int digit = HexValue(c);
    if (digit < 0 || digit >= radix) return std::nullopt;
    value = std::min(value * static_cast<uint64_t>(radix) + static_cast<uint64_t>(digit), kSaturated);
  }
  return value;
}

std::string_view WithoutTrailingDot(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  return domain;
}

// True where the last label is all digits or a 0x number: the domain must then be an IPv4 address.
bool EndsInNumber(std::string_view domain) {
  domain = WithoutTrailingDot(domain);
  const size_t dot = domain.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? domain : domain.substr(dot + 1);
  if (last.empty() || !IsAsciiDigit(last.front())) return false;
  return std::all_of(last.begin(), last.end(), IsAsciiDigit) || ParseIpv4Number(last).has_value();
}

std::optional<uint32_t> ParseIpv4(std::string_view domain) {
  domain = WithoutTrailingDot(domain);
  std::array<uint64_t, 4> numbers{};
  size_t count = 0;
  while (true) {
    if (count == numbers.size()) return std::nullopt;
    const size_t end = std::min(domain.find('.'), domain.size());
    const std::optional<uint64_t> number = ParseIpv4Number(domain.substr(0, end));
    if (!number.has_value()) return std::nullopt;
    numbers[count++] = *number;
    if (end == domain.size()) break;
    domain.remove_prefix(end + 1);
  }
  // The last number fills the bytes that the ones before it leave.
  const uint64_t last = numbers[count - 1];
  if (last >= uint64_t{1} << (8 * (5 - count))) return std::nullopt;
  uint64_t address = last;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (numbers[i] > 255) return std::nullopt;
    address += numbers[i] << (8 * (3 - i));
  }
  return static_cast<uint32_t>(address);
}

void AppendIpv4(uint32_t address, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->append(std::to_string((address >> shift) & 255));
    if (shift > 0) out->push_back('.');
  }
}

// Appends `domain`, percent-decoded by now, in its ASCII form.
bool AppendDomain(std::string_view domain, int classes, std::string* out) {
  if ((classes & kNonAscii) != 0) {
    const size_t begin = out->size();
    if (!IdnaMapper::Get().AppendAscii(domain, out)) return false;
    return out->size() > begin && (ClassesOf(std::string_view(*out).substr(begin)) & kForbiddenDomain) == 0;
  }
  if ((classes & kForbiddenDomain) != 0) return false;
  if ((classes & kUpperCase) == 0) {
    out->append(domain);
  } else {
    std::transform(domain.begin(), domain.end(), std::back_inserter(*out), AsciiLower);
  }
  return true;
}

bool AppendDomainOrIpv4(std::string_view input, std::string* out) {
  if (input.empty()) return false;
  const size_t begin = out->size();
  const int classes = ClassesOf(input);
  if ((classes & kPercent) != 0) {
    std::string decoded;
    AppendPercentDecoded(input, &decoded);
    if (!AppendDomain(decoded, ClassesOf(decoded), out)) return false;
  } else if (!AppendDomain(input, classes, out)) {
    return false;
  }
  const std::string_view domain = std::string_view(*out).substr(begin);
  if (!EndsInNumber(domain)) return true;
  const std::optional<uint32_t> address = ParseIpv4(domain);
  if (!address.has_value()) return false;
  out->resize(begin);
  AppendIpv4(*address, out);
  return true;
}

}  // namespace

bool AppendHost(std::string_view input, HostKind kind, std::string* out) {
  if (input.starts_with('[')) {
    if (!input.ends_with(']')) return false;
    const std::optional<Ipv6Pieces> pieces = ParseIpv6(input.substr(1, input.size() - 2));
    if (!pieces.has_value()) return false;
    out->push_back('[');
    AppendIpv6(*pieces, out);
    out->push_back(']');
    return true;
  }
  if (kind == HostKind::kDomain) return AppendDomainOrIpv4(input, out);
  if ((ClassesOf(input) & kForbiddenHost) != 0) return false;
  AppendPercentEncoded(input, EncodeSet::kC0Control, out);
  return true;
}

}  // namespace edge::url
