// Decimal numbers for the engine: exact, shortest, and fast, from the C++ library, laid out as ECMAScript wants them.
#include <charconv>
#include <cmath>
#include <cstring>

#include "edge_engine.h"

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

extern "C" size_t edge_format_number(double value, char out[EDGE_NUMBER_CHARS_MAX]) {
  if (value == 0) {
    out[0] = '0';
    return 1;
  }
  char* p = out;
  if (value < 0) {
    *p++ = '-';
    value = -value;
  }
  if (value < 1e15 && value == std::floor(value)) {
    return static_cast<size_t>(std::to_chars(p, out + EDGE_NUMBER_CHARS_MAX, static_cast<uint64_t>(value)).ptr - out);
  }
  // Shortest digits that read back as the same number: "d.ddde[+-]xx".
  char text[EDGE_NUMBER_CHARS_MAX];
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  char digits[24];
  int count = 0;
  const char* s = text;
  for (; *s != 'e'; ++s) {
    if (*s != '.') digits[count++] = *s;
  }
  int exponent = 0;
  ++s;
  const bool negative = *s == '-';
  ++s;
  std::from_chars(s, end, exponent);
  if (negative) exponent = -exponent;
  const int point = exponent + 1;  // ECMAScript's n: the value is 0.digits * 10^n

  if (count <= point && point <= 21) {
    std::memcpy(p, digits, static_cast<size_t>(count));
    p += count;
    std::memset(p, '0', static_cast<size_t>(point - count));
    p += point - count;
  } else if (0 < point && point <= 21) {
    std::memcpy(p, digits, static_cast<size_t>(point));
    p += point;
    *p++ = '.';
    std::memcpy(p, digits + point, static_cast<size_t>(count - point));
    p += count - point;
  } else if (-6 < point && point <= 0) {
    *p++ = '0';
    *p++ = '.';
    std::memset(p, '0', static_cast<size_t>(-point));
    p += -point;
    std::memcpy(p, digits, static_cast<size_t>(count));
    p += count;
  } else {
    *p++ = digits[0];
    if (count > 1) {
      *p++ = '.';
      std::memcpy(p, digits + 1, static_cast<size_t>(count - 1));
      p += count - 1;
    }
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    p = std::to_chars(p, out + EDGE_NUMBER_CHARS_MAX, exponent < 0 ? -exponent : exponent).ptr;
  }
  return static_cast<size_t>(p - out);
}

extern "C" int edge_parse_number(const char* text, size_t length, unsigned accept, double* out) {
  const char* p = text;
  const char* const end = text + length;
  if (p < end && *p == '-') {
    if ((accept & EDGE_NUMBER_MINUS) == 0) return 0;
    ++p;
  }
  const char* const first = p;
  while (p < end && IsDigit(*p)) ++p;
  if (p == first) return 0;
  // "0x10", "007": forms with rules of their own.
  if (*first == '0' && (p - first > 1 || (p < end && *p != '.' && *p != 'e' && *p != 'E'))) return 0;
  bool simple = p - first <= 15;
  if ((accept & EDGE_NUMBER_FRACTION) != 0 && p + 1 < end && *p == '.' && IsDigit(p[1])) {
    simple = false;
    ++p;
    while (p < end && IsDigit(*p)) ++p;
  }
  if ((accept & EDGE_NUMBER_EXPONENT) != 0 && p < end && (*p == 'e' || *p == 'E')) {
    const char* q = p + 1;
    if (q < end && (*q == '+' || *q == '-')) ++q;
    if (q < end && IsDigit(*q)) {
      simple = false;
      while (q < end && IsDigit(*q)) ++q;
      p = q;
    }
  }
  if (p != end && (accept & EDGE_NUMBER_PREFIX) == 0) return 0;
  if (simple) {
    int64_t integer = 0;
    for (const char* q = first; q < p; ++q) integer = integer * 10 + (*q - '0');
    *out = first == text ? static_cast<double>(integer) : -static_cast<double>(integer);
    return 1;
  }
  const std::from_chars_result result = std::from_chars(text, p, *out);
  return result.ec == std::errc() && result.ptr == p;
}
