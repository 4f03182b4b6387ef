// Duration, Instant, WallTime: time with its unit in the type.
//
// There are two clocks and they are different things. An Instant is a point of the monotonic clock: it orders events and times waits.
// A WallTime is a point of the calendar: it can step backwards and must never time a wait. A Duration is the difference of two Instants.
// All are 64-bit nanosecond counts with value semantics; arithmetic saturates at infinity instead of overflowing.
#ifndef EDGE_RUNTIME_BASE_TIME_H_
#define EDGE_RUNTIME_BASE_TIME_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace edge {

namespace time_internal {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

constexpr int64_t Scale(int64_t n, int64_t factor) {
  int64_t out = 0;
  if (__builtin_mul_overflow(n, factor, &out)) return (n < 0) == (factor < 0) ? kMax : kMin;
  return out;
}

// Infinity absorbs what is added to it.
constexpr int64_t Add(int64_t a, int64_t b) {
  if (a == kMax || b == kMax) return kMax;
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return a < 0 ? kMin : kMax;
  return out;
}

constexpr int64_t Subtract(int64_t a, int64_t b) {
  if (a == kMax) return kMax;
  int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) return a < 0 ? kMin : kMax;
  return out;
}

}  // namespace time_internal

class Duration {
 public:
  constexpr Duration() = default;

  static constexpr Duration Nanoseconds(int64_t n) { return Duration(n); }
  static constexpr Duration Microseconds(int64_t n) { return Duration(time_internal::Scale(n, 1'000)); }
  static constexpr Duration Milliseconds(int64_t n) { return Duration(time_internal::Scale(n, 1'000'000)); }
  static constexpr Duration Seconds(int64_t n) { return Duration(time_internal::Scale(n, 1'000'000'000)); }
  static constexpr Duration Zero() { return Duration(); }
  static constexpr Duration Infinite() { return Duration(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t ToNanoseconds() const { return ns_; }
  constexpr int64_t ToMicroseconds() const { return ns_ / 1'000; }
  constexpr int64_t ToMilliseconds() const { return ns_ / 1'000'000; }
  constexpr int64_t ToSeconds() const { return ns_ / 1'000'000'000; }
  constexpr bool IsInfinite() const { return ns_ == std::numeric_limits<int64_t>::max(); }

  constexpr auto operator<=>(const Duration&) const = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(time_internal::Add(a.ns_, b.ns_)); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(time_internal::Subtract(a.ns_, b.ns_)); }
  friend constexpr Duration operator*(Duration a, int64_t n) { return Duration(time_internal::Scale(a.ns_, n)); }
  friend constexpr Duration operator/(Duration a, int64_t n) { return a.IsInfinite() ? a : Duration(a.ns_ / n); }

 private:
  explicit constexpr Duration(int64_t ns) : ns_(ns) {}

  int64_t ns_ = 0;
};

// A point of the monotonic clock. Its origin is the clock's own; only differences mean anything.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant FromNanoseconds(int64_t ns) { return Instant(ns); }
  static constexpr Instant Infinite() { return Instant(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t ToNanoseconds() const { return ns_; }
  constexpr bool IsInfinite() const { return ns_ == std::numeric_limits<int64_t>::max(); }

  constexpr auto operator<=>(const Instant&) const = default;
  friend constexpr Instant operator+(Instant a, Duration d) { return Instant(time_internal::Add(a.ns_, d.ToNanoseconds())); }
  friend constexpr Instant operator-(Instant a, Duration d) { return Instant(time_internal::Subtract(a.ns_, d.ToNanoseconds())); }
  friend constexpr Duration operator-(Instant a, Instant b) { return Duration::Nanoseconds(time_internal::Subtract(a.ns_, b.ns_)); }

 private:
  explicit constexpr Instant(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

// A point of the calendar: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored (as POSIX and JavaScript do).
class WallTime {
 public:
  constexpr WallTime() = default;
  static constexpr WallTime FromUnixNanoseconds(int64_t ns) { return WallTime(ns); }
  static constexpr WallTime FromUnixMilliseconds(int64_t ms) { return WallTime(time_internal::Scale(ms, 1'000'000)); }

  constexpr int64_t ToUnixNanoseconds() const { return ns_; }
  constexpr int64_t ToUnixMilliseconds() const { return ns_ / 1'000'000; }
  constexpr int64_t ToUnixSeconds() const { return ns_ / 1'000'000'000; }

  constexpr auto operator<=>(const WallTime&) const = default;
  friend constexpr WallTime operator+(WallTime a, Duration d) { return WallTime(time_internal::Add(a.ns_, d.ToNanoseconds())); }
  friend constexpr Duration operator-(WallTime a, WallTime b) { return Duration::Nanoseconds(time_internal::Subtract(a.ns_, b.ns_)); }

 private:
  explicit constexpr WallTime(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_TIME_H_
