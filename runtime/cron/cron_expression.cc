#include "runtime/cron/cron_expression.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::cron {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kMinutesOfDay = 24 * 60;
constexpr int64_t kDaysOfCycle = 146'097;  // 400 years, after which the calendar repeats itself

struct Date {
  int64_t year = 1970;
  int month = 1, day = 1;
};

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Of the proleptic Gregorian calendar; the year is taken to begin in March, so that the day that is not always there comes last.
Date DateOf(int64_t day) {
  const int64_t shifted = day + 719'468;
  const int64_t cycle = FloorDivide(shifted, kDaysOfCycle);
  const int64_t day_of_cycle = shifted - cycle * kDaysOfCycle;
  const int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
  const int64_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  date.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  date.year = year_of_cycle + cycle * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

int DaysIn(int64_t year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// 0: Sunday.
int WeekdayOf(int64_t day) {
  const int64_t from_sunday = (day + 4) % 7;
  return static_cast<int>(from_sunday < 0 ? from_sunday + 7 : from_sunday);
}

constexpr uint32_t Bit(int n) { return uint32_t{1} << n; }

constexpr std::string_view kMonths[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view kWeekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
  const char* name;
  int min, max;
  std::span<const std::string_view> names = {};  // of min, min + 1, ...
};
constexpr Field kFields[] = {
    {"minute", 0, 59}, {"hour", 0, 23}, {"day of the month", 1, 31}, {"month", 1, 12, kMonths}, {"day of the week", 1, 7, kWeekdays}};
enum FieldIndex : uint8_t { kMinute, kHour, kDay, kMonth, kWeekday };

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace

// Reads one expression.
class Parser {
 public:
  explicit Parser(CronExpression& out) : out_(out) {}

  absl::Status Read(std::string_view text) {
    std::vector<std::string> fields;
    size_t at = 0;
    while (at < text.size()) {
      const size_t begin = text.find_first_not_of(" \t", at);
      if (begin == std::string_view::npos) break;
      const size_t end = std::min(text.find_first_of(" \t", begin), text.size());
      fields.push_back(Upper(text.substr(begin, end - begin)));
      at = end;
    }
    if (fields.size() != 5) {
      return absl::InvalidArgumentError(
          StrCat("it has ", fields.size(), " fields; write five: minute, hour, day of the month, month, day of the week"));
    }
    uint64_t hours = 0, months = 0, days = 0, weekdays = 0;
    EDGE_RETURN_IF_ERROR(ReadField(kMinute, fields[kMinute], out_.minutes_));
    EDGE_RETURN_IF_ERROR(ReadField(kHour, fields[kHour], hours));
    EDGE_RETURN_IF_ERROR(ReadField(kDay, fields[kDay], days));
    EDGE_RETURN_IF_ERROR(ReadField(kMonth, fields[kMonth], months));
    EDGE_RETURN_IF_ERROR(ReadField(kWeekday, fields[kWeekday], weekdays));
    out_.hours_ = static_cast<uint32_t>(hours);
    out_.months_ = static_cast<uint32_t>(months);
    out_.days_ = static_cast<uint32_t>(days);
    out_.weekdays_ = static_cast<uint32_t>(weekdays >> 1);  // 1 is Sunday
    out_.any_day_ = fields[kDay] == "*";
    out_.any_weekday_ = fields[kWeekday] == "*";
    return absl::OkStatus();
  }

 private:
  absl::Status Wrong(FieldIndex field, std::string_view item, std::string_view why) const {
    return absl::InvalidArgumentError(StrCat("the ", kFields[field].name, " \"", item, "\" ", why));
  }

  absl::StatusOr<int> Value(FieldIndex field, std::string_view item, std::string_view text) const {
    const Field& known = kFields[field];
    for (size_t i = 0; i < known.names.size(); ++i) {
      if (text == known.names[i]) return known.min + static_cast<int>(i);
    }
    int value = 0;
    bool number = !text.empty() && text.size() <= 4;
    for (const char c : text) {
      if (c < '0' || c > '9') number = false;
      if (number) value = value * 10 + (c - '0');
    }
    if (!number) {
      return Wrong(field, item,
                   StrCat("is not understood: write a number from ", known.min, " to ", known.max,
                          known.names.empty() ? "" : StrCat(" or ", known.names.front(), " to ", known.names.back())));
    }
    if (value < known.min || value > known.max) {
      std::string why = StrCat("is out of range: ", known.min, " to ", known.max);
      if (field == kWeekday) why.append(", 1 is Sunday");
      return Wrong(field, item, why);
    }
    return value;
  }

  absl::Status ReadField(FieldIndex field, std::string_view text, uint64_t& bits) {
    size_t begin = 0;
    for (;;) {
      const size_t comma = std::min(text.find(',', begin), text.size());
      const std::string_view item = text.substr(begin, comma - begin);
      if (item.empty()) return Wrong(field, text, "has an empty item");
      EDGE_RETURN_IF_ERROR(ReadItem(field, item, bits));
      if (comma == text.size()) return absl::OkStatus();
      begin = comma + 1;
    }
  }

  // What only days have. True: it was that.
  absl::StatusOr<bool> ReadSpecial(FieldIndex field, std::string_view item) {
    if (field == kDay) {
      if (item == "L") {
        out_.days_before_last_ |= Bit(0);
        return true;
      }
      if (item == "LW" || item == "WL") {
        out_.last_weekday_ = true;
        return true;
      }
      if (item.starts_with("L-")) {
        EDGE_ASSIGN_OR_RETURN(const int before, Value(field, item, item.substr(2)));
        if (before > 30) return Wrong(field, item, "is out of range: L-1 to L-30");
        out_.days_before_last_ |= Bit(before);
        return true;
      }
      if (item.ends_with('W')) {
        EDGE_ASSIGN_OR_RETURN(const int day, Value(field, item, item.substr(0, item.size() - 1)));
        out_.nearest_weekday_ |= Bit(day);
        return true;
      }
    }
    if (field == kWeekday) {
      if (item == "L") {
        return Wrong(field, item, "does not say which day: write for example 6L, the last Friday");
      }
      if (item.ends_with('L')) {
        EDGE_ASSIGN_OR_RETURN(const int day, Value(field, item, item.substr(0, item.size() - 1)));
        out_.last_of_kind_ |= Bit(day - 1);
        return true;
      }
      if (const size_t hash = item.find('#'); hash != std::string_view::npos) {
        EDGE_ASSIGN_OR_RETURN(const int day, Value(field, item, item.substr(0, hash)));
        const std::string_view which = item.substr(hash + 1);
        if (which.size() != 1 || which[0] < '1' || which[0] > '5') return Wrong(field, item, "is out of range: #1 to #5");
        out_.nth_of_kind_[static_cast<size_t>(which[0] - '0')] |= Bit(day - 1);
        return true;
      }
    }
    return false;
  }

  absl::Status ReadItem(FieldIndex field, std::string_view item, uint64_t& bits) {
    EDGE_ASSIGN_OR_RETURN(const bool special, ReadSpecial(field, item));
    if (special) return absl::OkStatus();
    const Field& known = kFields[field];
    std::string_view range = item;
    int step = 1;
    const size_t slash = item.find('/');
    if (slash != std::string_view::npos) {
      range = item.substr(0, slash);
      const std::string_view text = item.substr(slash + 1);
      step = 0;
      for (const char c : text) {
        if (c < '0' || c > '9' || text.size() > 4) return Wrong(field, item, "has a step that is no number");
        step = step * 10 + (c - '0');
      }
      if (step == 0) return Wrong(field, item, "has a step of nothing: write a number from 1");
    }
    int from = known.min, to = known.max;
    if (range != "*") {
      // A name has no '-' in it.
      const size_t dash = range.find('-');
      EDGE_ASSIGN_OR_RETURN(from, Value(field, item, range.substr(0, dash)));
      if (dash != std::string_view::npos) {
        EDGE_ASSIGN_OR_RETURN(to, Value(field, item, range.substr(dash + 1)));
        if (to < from) return Wrong(field, item, "ends before it begins: write it as two, with a comma");
      } else if (slash == std::string_view::npos) {
        to = from;
      }
    }
    for (int value = from; value <= to; value += step) bits |= uint64_t{1} << value;
    return absl::OkStatus();
  }

  CronExpression& out_;
};

absl::StatusOr<CronExpression> CronExpression::Parse(std::string_view text) {
  CronExpression expression;
  expression.text_ = std::string(text);
  EDGE_RETURN_IF_ERROR(Parser(expression).Read(text));
  if (!expression.NextDay(0).has_value())
    return absl::InvalidArgumentError("no day ever matches it: no such day of the month is in its months");
  return expression;
}

bool CronExpression::MatchesDay(int64_t day) const {
  const Date date = DateOf(day);
  if ((months_ & Bit(date.month)) == 0) return false;
  if (any_day_ && any_weekday_) return true;
  const int last = DaysIn(date.year, date.month);
  const int weekday = WeekdayOf(day);
  if (!any_day_) {
    if ((days_ & Bit(date.day)) != 0 || (days_before_last_ & Bit(last - date.day)) != 0) return true;
    const bool working_day = weekday >= 1 && weekday <= 5;
    if (working_day && nearest_weekday_ != 0) {
      // Itself; a Saturday's is the day before, a Sunday's the day after, unless that is in another month.
      uint32_t stands_for = Bit(date.day);
      if (weekday == 5 && date.day < last) stands_for |= Bit(date.day + 1);
      if (weekday == 1 && date.day > 1) stands_for |= Bit(date.day - 1);
      if (weekday == 1 && date.day == 3) stands_for |= Bit(1);
      if (weekday == 5 && date.day == last - 2) stands_for |= Bit(last);
      if ((nearest_weekday_ & stands_for) != 0) return true;
    }
    if (last_weekday_ && working_day && (date.day == last || (weekday == 5 && date.day >= last - 2))) return true;
  }
  if (!any_weekday_) {
    if ((weekdays_ & Bit(weekday)) != 0) return true;
    if ((last_of_kind_ & Bit(weekday)) != 0 && date.day + kDaysOfWeek > last) return true;
    if ((nth_of_kind_[static_cast<size_t>((date.day - 1) / kDaysOfWeek + 1)] & Bit(weekday)) != 0) return true;
  }
  return false;
}

std::optional<int64_t> CronExpression::NextDay(int64_t day) const {
  for (int64_t i = 0; i < kDaysOfCycle; ++i) {
    if (MatchesDay(day + i)) return day + i;
  }
  return std::nullopt;
}

bool CronExpression::Matches(WallTime minute) const {
  const int64_t minutes = FloorDivide(minute.ToUnixMilliseconds(), kMinuteMs);
  const int64_t day = FloorDivide(minutes, kMinutesOfDay);
  const int64_t of_day = minutes - day * kMinutesOfDay;
  return ((minutes_ >> (of_day % 60)) & 1) != 0 && ((hours_ >> (of_day / 60)) & 1) != 0 && MatchesDay(day);
}

WallTime CronExpression::Next(WallTime after) const {
  int64_t minute = FloorDivide(after.ToUnixMilliseconds(), kMinuteMs) + 1;
  int64_t day = FloorDivide(minute, kMinutesOfDay);
  int64_t of_day = minute - day * kMinutesOfDay;
  for (;;) {
    const std::optional<int64_t> matching = NextDay(day);
    EDGE_CHECK(matching.has_value()) << text_;
    if (*matching != day) of_day = 0;
    day = *matching;
    for (int64_t hour = of_day / 60; hour < 24; ++hour) {
      if (((hours_ >> hour) & 1) == 0) continue;
      const int64_t from = hour == of_day / 60 ? of_day % 60 : 0;
      const uint64_t left = minutes_ >> from;
      if (left == 0) continue;
      minute = day * kMinutesOfDay + hour * 60 + from + std::countr_zero(left);
      return WallTime::FromUnixMilliseconds(minute * kMinuteMs);
    }
    ++day;
    of_day = 0;
  }
}

}  // namespace edge::cron
