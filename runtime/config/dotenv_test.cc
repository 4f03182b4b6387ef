#include "runtime/config/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::config {
namespace {

std::vector<std::string> Parse(std::string_view text) {
  const auto entries = ParseDotenv(text, ".dev.vars");
  if (!entries.ok()) return {std::string(entries.status().message())};
  std::vector<std::string> out;
  for (const DotenvEntry& entry : *entries) out.push_back(StrCat(entry.line, " ", entry.name, "=", entry.value));
  return out;
}

TEST(Dotenv, ReadsPlainValuesUpToACommentOrTheLineEnd) {
  EXPECT_THAT(Parse("# top\n"
                    "A=1\n"
                    "\n"
                    "  B = two words  # comment\n"
                    "export C=x\n"
                    "D=\n"
                    "export=yes\n"
                    "E.f-g: yaml\n"
                    "F=it's=fine\n"
                    "G=a#b"),
              testing::ElementsAre("2 A=1", "4 B=two words", "5 C=x", "6 D=", "7 export=yes", "8 E.f-g=yaml", "9 F=it's=fine", "10 G=a"));
}

TEST(Dotenv, QuotedValuesKeepBlanksHashesAndLines) {
  EXPECT_THAT(
      Parse("A=\" x # y \" # comment\n"
            "B='{\"a\": 1}'\n"
            "C=`it's \"q\"`\n"
            "D=\"-----BEGIN\n"
            "key\n"
            "END\"\n"
            "E='two\n"
            "lines'\n"
            "F=''"),
      testing::ElementsAre("1 A= x # y ", "2 B={\"a\": 1}", "3 C=it's \"q\"", "4 D=-----BEGIN\nkey\nEND", "7 E=two\nlines", "9 F="));
}

TEST(Dotenv, OnlyDoubleQuotesHaveEscapesAndOnlyForLineBreaks) {
  EXPECT_THAT(Parse(R"(A="x\ny\rz\t\\")"
                    "\n"
                    R"(B='x\ny')"
                    "\n"
                    R"(C=x\ny)"
                    "\n"
                    R"(D="say \"hi\"")"),
              testing::ElementsAre("1 A=x\ny\rz\\t\\\\", "2 B=x\\ny", "3 C=x\\ny", "4 D=say \\\"hi\\\""));
}

TEST(Dotenv, ABackslashBeforeTheOnlyQuoteThatCanCloseIsText) {
  EXPECT_THAT(Parse("A=\"C:\\\"\nB=2"), testing::ElementsAre("1 A=C:\\", "2 B=2"));
  EXPECT_THAT(Parse("A=\"x\\\" # c\nB=\"y\""), testing::ElementsAre("1 A=x\\", "2 B=y"));
}

TEST(Dotenv, AcceptsCarriageReturnsAndAByteOrderMark) {
  EXPECT_THAT(Parse("\xEF\xBB\xBF"
                    "A=1\r\nB=\"x\r\ny\"\r\rC=3\r\n"),
              testing::ElementsAre("1 A=1", "2 B=x\ny", "5 C=3"));
}

TEST(Dotenv, TheLastEntryOfANameCounts) { EXPECT_THAT(Parse("A=1\nB=2\nA=3\n"), testing::ElementsAre("2 B=2", "3 A=3")); }

TEST(Dotenv, EveryBadEntryIsReportedWithItsLine) {
  EXPECT_THAT(Parse("A=1\n"
                    "what is this\n"
                    "B=\"x\" y\n"
                    "=3\n"
                    "C=\"open\n"
                    "D=4\n"),
              testing::ElementsAre(".dev.vars:2: expected NAME=value; start the line with # if it is a comment\n"
                                   ".dev.vars:3: text after the closing quote; put all of the value in quotes\n"
                                   ".dev.vars:4: expected NAME=value; start the line with # if it is a comment\n"
                                   ".dev.vars:5: the quote \" is never closed; close it, or remove it"));
  EXPECT_THAT(Parse("A=1\nB=\xC3\x28\n"), testing::ElementsAre(".dev.vars:2: this is not UTF-8 text; save the file as UTF-8"));
}

RC_GTEST_PROP(Dotenv, AnyBytesGiveEntriesOrAnErrorWithItsPlace, (const std::vector<char>& bytes)) {
  std::string text;
  for (const char c : bytes) text += (c & 1) != 0 ? c : "A=\"'`\\\n\r# :"[static_cast<unsigned char>(c) % 11];
  const auto entries = ParseDotenv(text, "f");
  if (!entries.ok()) RC_ASSERT(entries.status().message().substr(0, 2) == "f:");
}

RC_GTEST_PROP(Dotenv, SingleQuotedTextReadsBackAsWritten, (const std::string& any)) {
  std::string text;
  for (const char c : any) {
    const char ascii = static_cast<char>(c & 0x7F);
    if (ascii != '\'' && ascii != '\r' && ascii != '\\') text += ascii;
  }
  const auto entries = ParseDotenv("A='" + text + "'", "f");
  RC_ASSERT(entries.ok());
  RC_ASSERT(entries->front().value == text);
}

}  // namespace
}  // namespace edge::config
