// CronExpression: when something is due, in the words of cron as the platform reads them, in UTC.
//
//   minute 0-59   hour 0-23   day of month 1-31   month 1-12 or JAN-DEC   day of week 1-7 (1 is Sunday) or SUN-SAT
//
//   *  any    a,b  a list    a-b  a range    */n, a-b/n, a/n  every n-th of them
//   day of month: L the last day, L-n so many before it, nW the weekday nearest to the n-th in its month, LW the last weekday
//   day of week: nL the last of its kind in the month, n#k the k-th of its kind
//
// If both days are restricted, either is enough. Contract: contract sheet 9.1.
#ifndef EDGE_RUNTIME_CRON_CRON_EXPRESSION_H_
#define EDGE_RUNTIME_CRON_CRON_EXPRESSION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"

namespace edge::cron {

class CronExpression {
 public:
  // kInvalidArgument: names the field and what is wrong with it; also for an expression that no day ever matches.
  static absl::StatusOr<CronExpression> Parse(std::string_view text);

  // The first minute after `after` that is due; always on a whole minute.
  WallTime Next(WallTime after) const;
  // Whether the minute that begins at `minute` is due.
  bool Matches(WallTime minute) const;
  const std::string& text() const { return text_; }

 private:
  friend class Parser;
  static constexpr int kDaysOfWeek = 7;

  // `day` counts from 1970-01-01.
  bool MatchesDay(int64_t day) const;
  // The first day from `day` on that matches; none: not within the calendar's cycle.
  std::optional<int64_t> NextDay(int64_t day) const;

  std::string text_;
  uint64_t minutes_ = 0;  // bit n: minute n
  uint32_t hours_ = 0;
  uint32_t months_ = 0;
  // Days of the month.
  bool any_day_ = false;
  uint32_t days_ = 0;
  uint32_t days_before_last_ = 0;  // bit n: n days before the last
  uint32_t nearest_weekday_ = 0;   // bit n: to day n
  bool last_weekday_ = false;
  // Days of the week, 0 is Sunday.
  bool any_weekday_ = false;
  uint32_t weekdays_ = 0;
  uint32_t last_of_kind_ = 0;
  std::array<uint32_t, 6> nth_of_kind_ = {};  // [k] from 1: bits of days of the week
};

}  // namespace edge::cron

#endif  // EDGE_RUNTIME_CRON_CRON_EXPRESSION_H_
