#include "runtime/web/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"

namespace edge::web {
namespace {

TEST(Utf8, KnowsWhatTheStandardCallsValid) {
  EXPECT_TRUE(IsValidUtf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsValidUtf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(IsValidUtf8("\xe2\x82"));          // cut
  EXPECT_FALSE(IsValidUtf8("\x80"));
}

TEST(Utf8, FindsTheTailThatMoreBytesCouldComplete) {
  EXPECT_EQ(IncompleteUtf8Tail("abc"), 0u);
  EXPECT_EQ(IncompleteUtf8Tail("a\xc3"), 1u);
  EXPECT_EQ(IncompleteUtf8Tail("a\xe2\x82"), 2u);
  EXPECT_EQ(IncompleteUtf8Tail("\xf0\x9f\x98"), 3u);
  EXPECT_EQ(IncompleteUtf8Tail("\xe2\x82\xac"), 0u);
  EXPECT_EQ(IncompleteUtf8Tail("\xed\xa0"), 0u);  // can never become valid
  EXPECT_EQ(IncompleteUtf8Tail("\xff"), 0u);
}

RC_GTEST_PROP(Utf8, AnyCutOfValidTextLeavesAValidHead, (uint8_t at_seed)) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  const size_t at = at_seed % (text.size() + 1);
  const std::string head = text.substr(0, at);
  const size_t tail = IncompleteUtf8Tail(head);
  RC_ASSERT(IsValidUtf8(std::string_view(head).substr(0, head.size() - tail)));
}

}  // namespace
}  // namespace edge::web
