#include "runtime/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "rapidcheck/gtest.h"

namespace edge {
namespace {

// These values are part of every recorded trace: a change here is a change of format.
TEST(StableHash, NeverChangesItsValues) {
  EXPECT_EQ(MixHash(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(StableHash("edge"), 0xe341f4670271a966u);
  EXPECT_EQ(CombineHash(1, 2), 0x04746312460f4ac0u);
}

TEST(StableHash, TellsNeighboursApart) {
  std::set<uint64_t> seen;
  std::string text;
  for (int length = 0; length < 64; ++length) {
    EXPECT_TRUE(seen.insert(StableHash(text)).second) << length;
    text.push_back('\0');
  }
  EXPECT_NE(CombineHash(1, 2), CombineHash(2, 1));
  EXPECT_NE(CombineHash(0, 0), 0u);
}

RC_GTEST_PROP(StableHash, DependsOnEveryByte, (std::string text, uint8_t change)) {
  RC_PRE(!text.empty() && change != 0);
  const uint64_t before = StableHash(text);
  text[*rc::gen::inRange<size_t>(0, text.size())] ^= static_cast<char>(change);
  RC_ASSERT(StableHash(text) != before);
}

}  // namespace
}  // namespace edge
