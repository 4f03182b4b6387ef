#include "runtime/url/percent_encode.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::url {
namespace {

constexpr std::string_view kPunctuation = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

std::string Encode(std::string_view input, EncodeSet set) {
  std::string out;
  AppendPercentEncoded(input, set, &out);
  return out;
}

std::string Decode(std::string_view input) {
  std::string out;
  AppendPercentDecoded(input, &out);
  return out;
}

// The printable ASCII characters in `set`.
std::string Members(EncodeSet set) {
  std::string members;
  for (const char c : kPunctuation) {
    if (NeedsEncoding(c, set)) members.push_back(c);
  }
  return members;
}

TEST(PercentEncode, EachSetHoldsThePunctuationOfTheStandard) {
  EXPECT_EQ(Members(EncodeSet::kC0Control), "");
  EXPECT_EQ(Members(EncodeSet::kFragment), " \"<>`");
  EXPECT_EQ(Members(EncodeSet::kQuery), " \"#<>");
  EXPECT_EQ(Members(EncodeSet::kSpecialQuery), " \"#'<>");
  EXPECT_EQ(Members(EncodeSet::kPath), " \"#<>?^`{}");
  EXPECT_EQ(Members(EncodeSet::kUserinfo), " \"#/:;<=>?@[\\]^`{|}");
  EXPECT_EQ(Members(EncodeSet::kComponent), " \"#$%&+,/:;<=>?@[\\]^`{|}");
  EXPECT_EQ(Members(EncodeSet::kForm), " !\"#$%&'()+,/:;<=>?@[\\]^`{|}~");
}

TEST(PercentEncode, EverySetHoldsControlsAndBytesAboveAsciiAndNoLetterOrDigit) {
  for (int bit = 0; bit < 8; ++bit) {
    const auto set = static_cast<EncodeSet>(1 << bit);
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      if (byte < 0x20 || byte >= 0x7f) {
        EXPECT_TRUE(NeedsEncoding(c, set)) << byte;
      } else if (IsAsciiAlpha(c) || IsAsciiDigit(c)) {
        EXPECT_FALSE(NeedsEncoding(c, set)) << byte;
      }
    }
  }
}

TEST(PercentEncode, WritesUpperCaseEscapesBetweenPlainRuns) {
  EXPECT_EQ(Encode("a b\xc3\xa9\x7f", EncodeSet::kPath), "a%20b%C3%A9%7F");
  EXPECT_EQ(Encode("", EncodeSet::kPath), "");
  EXPECT_EQ(Encode(std::string_view("\0", 1), EncodeSet::kC0Control), "%00");
}

TEST(PercentEncode, WritesASpaceAsPlusInFormsAlone) {
  EXPECT_EQ(Encode(" +", EncodeSet::kForm), "+%2B");
  EXPECT_EQ(Encode(" +", EncodeSet::kComponent), "%20%2B");
}

TEST(PercentDecode, LeavesWhatIsNoEscape) {
  EXPECT_EQ(Decode("%41%4a%4A"), "AJJ");
  EXPECT_EQ(Decode("%"), "%");
  EXPECT_EQ(Decode("%4"), "%4");
  EXPECT_EQ(Decode("%4g%%41"), "%4g%A");
}

TEST(RepairUtf8, KeepsWellFormedText) {
  const std::string text = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xef\xbb\xbf";
  EXPECT_EQ(RepairUtf8(text), text);
}

TEST(RepairUtf8, ReplacesEachMaximalPartOfAnIllFormedSequenceOnce) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(RepairUtf8("\x80"), r);
  EXPECT_EQ(RepairUtf8("\xc0\xaf"), r + r);          // overlong
  EXPECT_EQ(RepairUtf8("\xed\xa0\x80"), r + r + r);  // surrogate
  EXPECT_EQ(RepairUtf8("\xf0\x9f\x98"), r);          // cut off at the end
  EXPECT_EQ(RepairUtf8("\xf0\x9f\x98x"), r + "x");   // cut off by ASCII
  EXPECT_EQ(RepairUtf8("\xe2\x82\xe2\x82\xac"), r + "\xe2\x82\xac");
  EXPECT_EQ(RepairUtf8("\xf4\x90\x80\x80"), r + r + r + r);  // above U+10FFFF
  EXPECT_EQ(RepairUtf8("\xff"), r);
}

RC_GTEST_PROP(PercentEncode, ComponentEncodingIsUndoneByDecoding, (const std::string& bytes)) {
  RC_ASSERT(Decode(Encode(bytes, EncodeSet::kComponent)) == bytes);
}

RC_GTEST_PROP(RepairUtf8, IsIdempotent, (const std::string& bytes)) {
  const std::string once = RepairUtf8(bytes);
  RC_ASSERT(RepairUtf8(once) == once);
}

}  // namespace
}  // namespace edge::url
