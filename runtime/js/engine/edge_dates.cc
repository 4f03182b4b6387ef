// Dates in the free forms that JavaScript engines accept besides ISO 8601: "Tue, 21 Nov 2023 10:20:30 GMT", "Nov 21, 2023 10:20 PM",
// "Tue Nov 21 2023 10:20:30 GMT+0100 (CET)", "11/21/2023", "2023-11-21 10:20:30". Local time is UTC.
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "edge_engine.h"

namespace {

// Days since 1970-01-01 of a day in the Gregorian calendar; month from 0.
int64_t DaysFromCivil(int64_t year, int month, int64_t day) {
  const int m = month + 1;
  year -= m <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

// The index of a word in a list of three-letter names, by its first three letters; -1 if it is none.
int NameIndex(const char* word, size_t size, const char* names) {
  if (size < 3) return -1;
  for (int i = 0; names[i * 3] != '\0'; ++i) {
    if (std::memcmp(word, names + i * 3, 3) == 0) return i;
  }
  return -1;
}

struct Parser {
  const char* p;
  int64_t numbers[3] = {0, 0, 0};  // day, month, year in the order of the text, without a month given by name
  int number_digits[3] = {0, 0, 0};
  int number_count = 0;
  int month = -1;
  int64_t hour = 0, minute = 0, second = 0, millisecond = 0;
  bool has_time = false;
  int half = -1;  // 0: AM, 1: PM
  bool has_zone = false;
  int64_t zone_minutes = 0;

  bool Number(int64_t* value, int* digits) {
    *value = 0;
    *digits = 0;
    while (std::isdigit(static_cast<unsigned char>(*p))) {
      if (++*digits > 9) return false;
      *value = *value * 10 + (*p++ - '0');
    }
    return *digits > 0;
  }

  bool Time(int64_t first) {
    if (has_time) return false;
    has_time = true;
    hour = first;
    int digits = 0;
    ++p;
    if (!Number(&minute, &digits)) return false;
    if (*p == ':') {
      ++p;
      if (!Number(&second, &digits)) return false;
      if (*p == '.') {
        ++p;
        int64_t scale = 100;
        if (!std::isdigit(static_cast<unsigned char>(*p))) return false;
        for (; std::isdigit(static_cast<unsigned char>(*p)); ++p, scale /= 10) millisecond += scale * (*p - '0');
      }
    }
    return true;
  }

  // "+0100", "-05:30", "+1"
  bool Offset() {
    const int sign = *p++ == '-' ? -1 : 1;
    int64_t value = 0;
    int digits = 0;
    if (!Number(&value, &digits)) return false;
    int64_t minutes = digits <= 2 ? value * 60 : value / 100 * 60 + value % 100;
    if (digits <= 2 && *p == ':') {
      ++p;
      int64_t rest = 0;
      if (!Number(&rest, &digits)) return false;
      minutes += rest;
    }
    has_zone = true;
    zone_minutes = sign * minutes;
    return true;
  }

  bool Word() {
    char word[12];
    size_t size = 0;
    while (std::isalpha(static_cast<unsigned char>(*p))) {
      if (size == sizeof word - 1) return false;
      word[size++] = static_cast<char>(std::tolower(static_cast<unsigned char>(*p++)));
    }
    word[size] = '\0';
    if (*p == '.') ++p;
    const auto is = [&](const char* text) { return std::strcmp(word, text) == 0; };
    if (is("am") || is("pm")) {
      half = word[0] == 'p' ? 1 : 0;
      return true;
    }
    if (is("z") || is("gmt") || is("utc") || is("ut")) {
      has_zone = true;
      return true;
    }
    if (is("t") && number_count == 3) return true;
    constexpr struct {
      const char* name;
      int hours;
    } kZones[] = {{"est", -5}, {"edt", -4}, {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};
    for (const auto& zone : kZones) {
      if (is(zone.name)) {
        has_zone = true;
        zone_minutes = zone.hours * 60;
        return true;
      }
    }
    const int named = NameIndex(word, size, "janfebmaraprmayjunjulaugsepoctnovdec");
    if (named >= 0) {
      if (month >= 0) return false;
      month = named;
      return true;
    }
    return NameIndex(word, size, "sunmontuewedthufrisat") >= 0 && number_count == 0;
  }

  bool Parse() {
    while (*p != '\0') {
      if (std::isdigit(static_cast<unsigned char>(*p))) {
        int64_t value = 0;
        int digits = 0;
        if (!Number(&value, &digits)) return false;
        if (*p == ':') {
          if (!Time(value)) return false;
        } else {
          if (number_count == 3) return false;
          number_digits[number_count] = digits;
          numbers[number_count++] = value;
        }
      } else if (std::isalpha(static_cast<unsigned char>(*p))) {
        if (!Word()) return false;
      } else if ((*p == '+' || *p == '-') && (has_time || has_zone)) {
        if (!Offset()) return false;
      } else if (*p == '(') {
        int depth = 0;
        do {
          if (*p == '(') ++depth;
          if (*p == ')') --depth;
          if (*p == '\0') return false;
          ++p;
        } while (depth > 0);
      } else if (*p == ' ' || *p == ',' || *p == '/' || *p == '-' || *p == '\t') {
        ++p;
      } else {
        return false;
      }
    }
    return true;
  }
};

}  // namespace

extern "C" double edge_parse_date(const char* text) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Parser parser{.p = text};
  if (!parser.Parse()) return kNaN;
  int64_t year = 0;
  int64_t day = 1;
  int year_digits = 0;
  const int64_t* n = parser.numbers;
  const int* digits = parser.number_digits;
  if (parser.month >= 0) {
    // "21 Nov 2023", "Nov 21 2023", "2023 Nov 21", "Nov 2023"
    if (parser.number_count == 2) {
      const int y = digits[0] > 2 ? 0 : 1;
      year = n[y];
      year_digits = digits[y];
      day = n[1 - y];
    } else if (parser.number_count == 1 && digits[0] > 2) {
      year = n[0];
      year_digits = digits[0];
    } else {
      return kNaN;
    }
  } else {
    if (parser.number_count != 3) return kNaN;
    const bool year_first = digits[0] > 2;  // "2023/11/21", else "11/21/2023"
    year = n[year_first ? 0 : 2];
    year_digits = digits[year_first ? 0 : 2];
    parser.month = static_cast<int>(n[year_first ? 1 : 0]) - 1;
    day = n[year_first ? 2 : 1];
  }
  if (year_digits <= 2) year += year < 50 ? 2000 : 1900;
  if (parser.half >= 0) {
    if (parser.hour < 1 || parser.hour > 12) return kNaN;
    parser.hour = parser.hour % 12 + parser.half * 12;
  }
  if (parser.month < 0 || parser.month > 11 || day < 1 || day > 31 || parser.hour > 24 || parser.minute > 59 || parser.second > 59)
    return kNaN;
  const int64_t seconds =
      DaysFromCivil(year, parser.month, day) * 86400 + parser.hour * 3600 + parser.minute * 60 + parser.second - parser.zone_minutes * 60;
  const double ms = static_cast<double>(seconds) * 1000 + static_cast<double>(parser.millisecond);
  return std::fabs(ms) <= 8.64e15 ? ms : kNaN;
}
