#include "runtime/base/time.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge {
namespace {

TEST(Duration, SaturatesInsteadOfOverflowing) {
  EXPECT_TRUE((Duration::Infinite() + Duration::Seconds(1)).IsInfinite());
  EXPECT_TRUE((Duration::Infinite() - Duration::Seconds(1)).IsInfinite());
  EXPECT_TRUE(Duration::Seconds(std::numeric_limits<int64_t>::max()).IsInfinite());
  EXPECT_TRUE((Instant::Infinite() + Duration::Seconds(1)).IsInfinite());
}

TEST(Duration, ConvertsBetweenUnits) {
  EXPECT_EQ(Duration::Seconds(2).ToMilliseconds(), 2000);
  EXPECT_EQ(Duration::Milliseconds(1500).ToSeconds(), 1);
  EXPECT_EQ(WallTime::FromUnixMilliseconds(1500).ToUnixNanoseconds(), 1'500'000'000);
}

RC_GTEST_PROP(Instant, DifferenceAndSumAreInverse, (int32_t start, int32_t length)) {
  const Instant a = Instant::FromNanoseconds(start);
  const Duration d = Duration::Microseconds(length);
  RC_ASSERT((a + d) - a == d);
}

}  // namespace
}  // namespace edge
