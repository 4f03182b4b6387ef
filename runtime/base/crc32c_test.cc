#include "runtime/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"

namespace edge {
namespace {

// RFC 3720, B.4.
TEST(Crc32c, IsTheChecksumOfTheStandard) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending.push_back(c);
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
}

RC_GTEST_PROP(Crc32c, GoesOnWhereItStopped, (const std::string& a, const std::string& b)) {
  RC_ASSERT(Crc32c(b, Crc32c(a)) == Crc32c(a + b));
}

RC_GTEST_PROP(Crc32c, SeesEveryFlippedBit, (std::string bytes, uint32_t place)) {
  RC_PRE(!bytes.empty());
  const uint32_t before = Crc32c(bytes);
  bytes[place / 8 % bytes.size()] ^= static_cast<char>(1 << place % 8);
  RC_ASSERT(Crc32c(bytes) != before);
}

}  // namespace
}  // namespace edge
