#include "runtime/js/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"

namespace edge::js {
namespace {

std::string ToCesu8(std::string_view utf8) {
  std::string out(Cesu8Size(utf8), '\0');
  ConvertToCesu8(utf8, out.data());
  return out;
}

std::string ToUtf8(std::string_view cesu8) {
  std::string out(Utf8Size(cesu8), '\0');
  ConvertToUtf8(cesu8, out.data());
  return out;
}

TEST(Utf8, ReplacesMaximalPartsLikeTheWhatwgDecoder) {
  EXPECT_EQ(ToCesu8("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(ToCesu8("\xF0\x9F\x98"), "\uFFFD");
  EXPECT_EQ(ToCesu8("\xF0\x9Fx"), "\uFFFDx");
  EXPECT_EQ(ToCesu8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(ToCesu8("\xC0\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(ToCesu8("\xE2\x82"), "\uFFFD");
  EXPECT_EQ(ToCesu8("\xF5\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(ToCesu8("\x80"), "\uFFFD");
}

TEST(Utf8, TurnsAstralCharactersIntoPairsAndBack) {
  EXPECT_EQ(ToCesu8("x😀y"), "x\xED\xA0\xBD\xED\xB8\x80y");
  EXPECT_EQ(ToUtf8("x\xED\xA0\xBD\xED\xB8\x80y"), "x😀y");
  EXPECT_EQ(ToUtf8("\xED\xA0\xBD"), "\uFFFD");
  EXPECT_EQ(ToUtf8("\xED\xB8\x80\xED\xA0\xBD"), "\uFFFD\uFFFD");
  EXPECT_EQ(ToUtf8("\xED\xA0\xBD\xED\xA0\xBD\xED\xB8\x80"), "\uFFFD😀");
  EXPECT_FALSE(HasSurrogates("\uD7FFé"));
  EXPECT_TRUE(HasSurrogates("\uD7FF\xED\xA0\xBD"));
}

RC_GTEST_PROP(Utf8, EveryTextSurvivesTheRoundTrip, ()) {
  std::string text;
  for (const uint32_t c : *rc::gen::container<std::vector<uint32_t>>(
           rc::gen::suchThat(rc::gen::oneOf(rc::gen::inRange<uint32_t>(1, 0x80), rc::gen::inRange<uint32_t>(0x80, 0x3000),
                                            rc::gen::inRange<uint32_t>(0xD000, 0x10000), rc::gen::inRange<uint32_t>(0x10000, 0x110000)),
                             [](uint32_t c) { return c < 0xD800 || c > 0xDFFF; }))) {
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += static_cast<char>(0xC0 | c >> 6);
      text += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      text += static_cast<char>(0xE0 | c >> 12);
      text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      text += static_cast<char>(0xF0 | c >> 18);
      text += static_cast<char>(0x80 | (c >> 12 & 0x3F));
      text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  const std::string inside = ToCesu8(text);
  RC_ASSERT(ToUtf8(inside) == text);
  RC_ASSERT((PlainPrefix(text) == text.size()) == (inside == text));
  RC_ASSERT(HasSurrogates(inside) == (inside != text));
}

}  // namespace
}  // namespace edge::js
