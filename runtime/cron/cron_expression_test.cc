#include "runtime/cron/cron_expression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ctime>
#include <functional>
#include <set>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::cron {
namespace {

// A date by the machine's calendar, not by the code under test.
std::tm Broken(int64_t unix_s) {
  const auto time = static_cast<std::time_t>(unix_s);
  std::tm tm = {};
  gmtime_r(&time, &tm);
  return tm;
}
int64_t UnixOf(int year, int month, int day, int hour = 0, int minute = 0) {
  std::tm tm = {};
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  tm.tm_mday = day;
  tm.tm_hour = hour;
  tm.tm_min = minute;
  return timegm(&tm);
}
WallTime At(int64_t unix_s) { return WallTime::FromUnixMilliseconds(unix_s * 1000); }
std::string Shown(WallTime time) {
  char text[40];
  const std::tm tm = Broken(time.ToUnixSeconds());
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm);
  return text;
}
// The first `count` times after 2026-01-01 00:00.
std::vector<std::string> First(std::string_view text, int count) {
  const auto expression = CronExpression::Parse(text);
  if (!expression.ok()) return {std::string(expression.status().message())};
  std::vector<std::string> times;
  WallTime time = At(UnixOf(2026, 1, 1));
  while (count-- > 0) {
    time = expression->Next(time);
    times.push_back(Shown(time));
  }
  return times;
}
using Times = std::vector<std::string>;
std::string ErrorOf(std::string_view text) { return std::string(CronExpression::Parse(text).status().message()); }

TEST(CronExpression, NamesMinutesHoursAndDays) {
  EXPECT_EQ(First("*/30 * * * *", 3), (Times{"2026-01-01 00:30", "2026-01-01 01:00", "2026-01-01 01:30"}));
  EXPECT_EQ(First("5,10-12 3 * * *", 5),
            (Times{"2026-01-01 03:05", "2026-01-01 03:10", "2026-01-01 03:11", "2026-01-01 03:12", "2026-01-02 03:05"}));
  EXPECT_EQ(First("50/4 23 31 * *", 4), (Times{"2026-01-31 23:50", "2026-01-31 23:54", "2026-01-31 23:58", "2026-03-31 23:50"}));
  EXPECT_EQ(First("0 0 1 jan,Jul *", 3), (Times{"2026-07-01 00:00", "2027-01-01 00:00", "2027-07-01 00:00"}));
  EXPECT_EQ(First("  0\t0  29 2 * ", 3), (Times{"2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"}));
}

TEST(CronExpression, SundayIsTheFirstDayOfTheWeek) {
  EXPECT_EQ(First("0 0 * * 1", 2), (Times{"2026-01-04 00:00", "2026-01-11 00:00"}));
  EXPECT_EQ(First("0 0 * * SUN", 2), First("0 0 * * 1", 2));
  EXPECT_EQ(First("0 0 * * MON-FRI", 4), (Times{"2026-01-02 00:00", "2026-01-05 00:00", "2026-01-06 00:00", "2026-01-07 00:00"}));
  EXPECT_EQ(First("0 0 * * 7", 1), (Times{"2026-01-03 00:00"}));
}

TEST(CronExpression, OneOfTwoRestrictedDaysIsEnough) {
  EXPECT_EQ(First("0 0 15 * FRI", 4), (Times{"2026-01-02 00:00", "2026-01-09 00:00", "2026-01-15 00:00", "2026-01-16 00:00"}));
}

TEST(CronExpression, CountsFromTheEndOfTheMonth) {
  EXPECT_EQ(First("0 0 L * *", 3), (Times{"2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"}));
  EXPECT_EQ(First("0 0 L-2 2 *", 3), (Times{"2026-02-26 00:00", "2027-02-26 00:00", "2028-02-27 00:00"}));
  // 2026-01-31 is a Saturday, 2026-05-31 a Sunday.
  EXPECT_EQ(First("59 23 LW * *", 5),
            (Times{"2026-01-30 23:59", "2026-02-27 23:59", "2026-03-31 23:59", "2026-04-30 23:59", "2026-05-29 23:59"}));
  EXPECT_EQ(First("0 18 * * 6L", 2), (Times{"2026-01-30 18:00", "2026-02-27 18:00"}));
  EXPECT_EQ(First("0 18 * * friL", 2), First("0 18 * * 6L", 2));
}

TEST(CronExpression, KnowsTheNearestWeekdayAndTheNthOfItsKind) {
  // 2026-08-15 is a Saturday, 2026-02-15 and 2026-03-15 are Sundays, 2026-02-01 is a Sunday, 2026-08-01 a Saturday.
  EXPECT_EQ(First("0 0 15W 2,3,8 *", 3), (Times{"2026-02-16 00:00", "2026-03-16 00:00", "2026-08-14 00:00"}));
  EXPECT_EQ(First("0 0 1W 2,8 *", 2), (Times{"2026-02-02 00:00", "2026-08-03 00:00"}));
  EXPECT_EQ(First("0 0 31W 1,5 *", 2), (Times{"2026-01-30 00:00", "2026-05-29 00:00"}));
  EXPECT_EQ(First("0 0 * * 2#1", 2), (Times{"2026-01-05 00:00", "2026-02-02 00:00"}));
  EXPECT_EQ(First("0 0 * * THU#5", 2), (Times{"2026-01-29 00:00", "2026-04-30 00:00"}));
}

TEST(CronExpression, SaysWhichFieldIsWrong) {
  EXPECT_EQ(ErrorOf("* * * *"), "it has 4 fields; write five: minute, hour, day of the month, month, day of the week");
  EXPECT_EQ(ErrorOf(""), "it has 0 fields; write five: minute, hour, day of the month, month, day of the week");
  EXPECT_EQ(ErrorOf("60 * * * *"), "the minute \"60\" is out of range: 0 to 59");
  EXPECT_EQ(ErrorOf("* 24 * * *"), "the hour \"24\" is out of range: 0 to 23");
  EXPECT_EQ(ErrorOf("* * 0 * *"), "the day of the month \"0\" is out of range: 1 to 31");
  EXPECT_EQ(ErrorOf("* * * 13 *"), "the month \"13\" is out of range: 1 to 12");
  EXPECT_EQ(ErrorOf("* * * * 0"), "the day of the week \"0\" is out of range: 1 to 7, 1 is Sunday");
  EXPECT_EQ(ErrorOf("* * * * SUNDAY"), "the day of the week \"SUNDAY\" is not understood: write a number from 1 to 7 or SUN to SAT");
  EXPECT_EQ(ErrorOf("5-3 * * * *"), "the minute \"5-3\" ends before it begins: write it as two, with a comma");
  EXPECT_EQ(ErrorOf("*/0 * * * *"), "the minute \"*/0\" has a step of nothing: write a number from 1");
  EXPECT_EQ(ErrorOf("*/x * * * *"), "the minute \"*/X\" has a step that is no number");
  EXPECT_EQ(ErrorOf("1,,2 * * * *"), "the minute \"1,,2\" has an empty item");
  EXPECT_EQ(ErrorOf("* L * * *"), "the hour \"L\" is not understood: write a number from 0 to 23");
  EXPECT_EQ(ErrorOf("* * * * L"), "the day of the week \"L\" does not say which day: write for example 6L, the last Friday");
  EXPECT_EQ(ErrorOf("* * * * 2#6"), "the day of the week \"2#6\" is out of range: #1 to #5");
  EXPECT_EQ(ErrorOf("0 0 30 2 *"), "no day ever matches it: no such day of the month is in its months");
  EXPECT_EQ(ErrorOf("0 0 31 4,6,9,11 *"), "no day ever matches it: no such day of the month is in its months");
  EXPECT_EQ(ErrorOf("0 0 30 2 MON"), "");
}

TEST(CronExpression, LeapYearsAreTheCalendars) {
  const auto expression = CronExpression::Parse("0 0 29 2 *");
  ASSERT_TRUE(expression.ok());
  EXPECT_EQ(Shown(expression->Next(At(UnixOf(2096, 3, 1)))), "2104-02-29 00:00");
  EXPECT_EQ(Shown(expression->Next(At(UnixOf(1996, 3, 1)))), "2000-02-29 00:00");
  EXPECT_EQ(Shown(expression->Next(At(UnixOf(1967, 3, 1)))), "1968-02-29 00:00");
}

// One item of a field and what it means, item by item and day by day.
struct Item {
  std::string text;
  std::function<bool(const std::tm&, int last)> matches;
};
Item Special(int kind, int n) {
  const int day = n % 31 + 1, weekday = n % 7;
  const auto is_working = [](int wday) { return wday >= 1 && wday <= 5; };
  switch (kind) {
    case 0:
      return {"L", [](const std::tm& t, int last) { return t.tm_mday == last; }};
    case 1:
      return {StrCat("L-", day % 30 + 1), [d = day % 30 + 1](const std::tm& t, int last) { return t.tm_mday == last - d; }};
    case 2:
      return {StrCat(day, "W"), [day, is_working](const std::tm& t, int last) {
                if (day > last) return false;
                const auto wday = [&](int d) { return ((t.tm_wday + d - t.tm_mday) % 7 + 7) % 7; };
                int best = -1;
                for (int distance = 0; distance <= 2 && best < 0; ++distance) {
                  for (const int d : {day - distance, day + distance}) {
                    if (best < 0 && d >= 1 && d <= last && is_working(wday(d))) best = d;
                  }
                }
                return t.tm_mday == best;
              }};
    case 3:
      return {"LW", [is_working](const std::tm& t, int last) {
                int d = last;
                while (!is_working(((t.tm_wday + d - t.tm_mday) % 7 + 7) % 7)) --d;
                return t.tm_mday == d;
              }};
    case 4:
      return {StrCat(weekday + 1, "L"), [weekday](const std::tm& t, int last) { return t.tm_wday == weekday && t.tm_mday > last - 7; }};
    default:
      return {StrCat(weekday + 1, "#", n % 5 + 1),
              [weekday, k = n % 5](const std::tm& t, int) { return t.tm_wday == weekday && (t.tm_mday - 1) / 7 == k; }};
  }
}

RC_GTEST_PROP(CronExpression, IsWhatTheCalendarSaysMinuteByMinute, ()) {
  struct Numbers {
    std::string text;
    std::set<int> values;
  };
  const auto numbers = [](int min, int max, bool dense) {
    Numbers out;
    if (*rc::gen::inRange(0, 3) == 0) {
      out.text = "*";
      for (int v = min; v <= max; ++v) out.values.insert(v);
      return out;
    }
    const int items = *rc::gen::inRange(1, 4);
    for (int i = 0; i < items; ++i) {
      const int a = *rc::gen::inRange(min, max + 1), b = *rc::gen::inRange(a, max + 1), step = *rc::gen::inRange(1, dense ? 5 : 20);
      const int kind = *rc::gen::inRange(0, 5);
      if (!out.text.empty()) out.text.append(",");
      StrAppend(&out.text, kind == 0   ? StrCat(a)
                           : kind == 1 ? StrCat(a, "-", b)
                           : kind == 2 ? StrCat(a, "-", b, "/", step)
                           : kind == 3 ? StrCat(a, "/", step)
                                       : StrCat("*/", step));
      const int from = kind == 4 ? min : a, to = kind == 0 ? a : kind <= 2 ? b : max;
      for (int v = from; v <= to; v += kind >= 2 ? step : 1) out.values.insert(v);
    }
    return out;
  };
  const Numbers minute = numbers(0, 59, false), hour = numbers(0, 23, false), month = numbers(1, 12, true);
  Numbers day = numbers(1, 31, false), weekday = numbers(1, 7, true);
  std::vector<Item> specials;
  const int special_count = *rc::gen::inRange(0, 3);
  for (int i = 0; i < special_count; ++i) {
    const int kind = *rc::gen::inRange(0, 6);
    Numbers& field = kind <= 3 ? day : weekday;
    const Item item = Special(kind, *rc::gen::inRange(0, 217));
    if (field.text == "*")
      field = {.text = item.text};
    else
      field.text.append(",").append(item.text);
    specials.push_back(item);
  }
  const std::string text = StrCat(minute.text, " ", hour.text, " ", day.text, " ", month.text, " ", weekday.text);
  const auto expression = CronExpression::Parse(text);
  const auto day_matches = [&](int64_t unix_s) {
    const std::tm t = Broken(unix_s);
    if (!month.values.contains(t.tm_mon + 1)) return false;
    const bool any_day = day.text == "*", any_weekday = weekday.text == "*";
    if (any_day && any_weekday) return true;
    int last = 28;
    while (Broken(unix_s + int64_t{86400} * (last + 1 - t.tm_mday)).tm_mon == t.tm_mon) ++last;
    if (!any_day && day.values.contains(t.tm_mday)) return true;
    if (!any_weekday && weekday.values.contains(t.tm_wday + 1)) return true;
    for (const Item& item : specials) {
      if (item.matches(t, last)) return true;
    }
    return false;
  };
  const int64_t start = UnixOf(1999, 1, 1) + int64_t{60} * *rc::gen::inRange(0, 60 * 24 * 365 * 6);
  // Day by day first: what comes next may be years away.
  int64_t expected = -1;
  for (int64_t time = start - start % 60 + 60, days = 0; days < 366 * 9 && expected < 0;) {
    if (!day_matches(time)) {
      time = time - time % 86400 + 86400;
      ++days;
      continue;
    }
    const std::tm t = Broken(time);
    if (minute.values.contains(t.tm_min) && hour.values.contains(t.tm_hour))
      expected = time;
    else
      time += 60;
  }
  RC_ASSERT(expression.ok() == (expected >= 0));
  if (!expression.ok()) return;
  RC_LOG() << text << " from " << Shown(At(start));
  RC_ASSERT(Shown(expression->Next(At(start))) == Shown(At(expected)));
  RC_ASSERT(expression->Matches(At(expected)));
  // What it says of a minute agrees with what it says comes next.
  const int64_t any = start + int64_t{60} * *rc::gen::inRange(0, 100'000);
  RC_ASSERT(expression->Matches(At(any)) == (expression->Next(At(any - any % 60 - 60)) == At(any - any % 60)));
}

// Whatever is written there: an error or an expression, never a crash.
RC_GTEST_PROP(CronExpression, AnyTextIsReadOrRefused, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123459*,-/#LWSUNJA ?x\xff")));
  const auto expression = CronExpression::Parse(text);
  if (expression.ok()) RC_ASSERT(expression->Matches(expression->Next(At(0))));
}

}  // namespace
}  // namespace edge::cron
