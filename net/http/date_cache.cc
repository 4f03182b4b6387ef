#include "net/http/date_cache.h"

namespace edge::http {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr const char* kDayNames[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct CivilDate {
  int64_t year;
  int month;  // 1..12
  int day;    // 1..31
};

// The proleptic Gregorian calendar, in years that begin in March so that the leap day comes last.
CivilDate ToCivil(int64_t days_since_1970) {
  int64_t shifted = days_since_1970 + 719'468;  // since 0000-03-01
  int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  int64_t day_of_era = shifted - era * 146'097;
  int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t march_month = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  int month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0), .month = month, .day = day};
}

void AppendDigits(std::string& out, int64_t value, int width) {
  char digits[8];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits, static_cast<size_t>(width));
}

}  // namespace

std::string FormatHttpDate(WallTime time) {
  int64_t seconds = time.ToUnixSeconds();
  int64_t days = seconds / kSecondsPerDay;
  int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  CivilDate date = ToCivil(days);
  int64_t weekday = ((days + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  std::string out;
  out.reserve(29);
  out.append(kDayNames[weekday]).append(", ");
  AppendDigits(out, date.day, 2);
  out.append(" ").append(kMonthNames[date.month - 1]).append(" ");
  AppendDigits(out, date.year, 4);
  out.append(" ");
  AppendDigits(out, second_of_day / 3600, 2);
  out.append(":");
  AppendDigits(out, second_of_day / 60 % 60, 2);
  out.append(":");
  AppendDigits(out, second_of_day % 60, 2);
  out.append(" GMT");
  return out;
}

}  // namespace edge::http
