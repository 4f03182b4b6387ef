// Syntax errors (messages as V8 gives them), flags, names, and the limits of compiling.
#include "runtime/regexp/program.h"

#include <gtest/gtest.h>

#include <string>

namespace edge::regexp {
namespace {

std::u16string Widen(std::string_view text) { return std::u16string(text.begin(), text.end()); }

absl::StatusOr<std::shared_ptr<const Program>> Compile(std::string_view pattern, std::string_view flags, const Limits& limits = Limits()) {
  return Program::Compile(Widen(pattern), *ParseFlags(flags), limits);
}

std::string Repeat(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(Program, SyntaxErrorsCarryTheMessageOfV8) {
  const struct {
    const char* pattern;
    const char* flags;
    const char* reason;
  } rows[] = {
      {"(", "", "Unterminated group"},
      {"(?:a", "u", "Unterminated group"},
      {")", "", "Unmatched ')'"},
      {"[", "", "Unterminated character class"},
      {"[b-a]", "gi", "Range out of order in character class"},
      {"\\", "", "\\ at end of pattern"},
      {"*", "", "Nothing to repeat"},
      {"a**", "", "Nothing to repeat"},
      {"{1}", "", "Nothing to repeat"},
      {"^*", "", "Nothing to repeat"},
      {"\\b+", "", "Nothing to repeat"},
      {"(?<=a)*", "", "Invalid quantifier"},
      {"(?=a)*", "u", "Invalid quantifier"},
      {"a{2,1}", "", "numbers out of order in {} quantifier"},
      {"a{1", "u", "Incomplete quantifier"},
      {"{", "u", "Lone quantifier brackets"},
      {"]", "u", "Lone quantifier brackets"},
      {"}", "v", "Lone quantifier brackets"},
      {"(?a)", "", "Invalid group"},
      {"(?-:a)", "", "Invalid group"},
      {"(?ii:a)", "", "Invalid group"},
      {"(?<1>a)", "", "Invalid capture group name"},
      {"(?<a", "", "Invalid capture group name"},
      {"(?<>a)", "", "Invalid capture group name"},
      {"(?<a>)(?<a>)", "", "Duplicate capture group name"},
      {"(?<a>(?<a>))", "", "Duplicate capture group name"},
      {"(?:(?<a>x)|y)(?<a>z)", "", "Duplicate capture group name"},
      {"(?<a>)\\k", "", "Invalid named reference"},
      {"(?<a>)\\k<b>", "", "Invalid named capture referenced"},
      {"\\k", "u", "Invalid named reference"},
      {"\\k<a>", "u", "Invalid named capture referenced"},
      {"\\1", "u", "Invalid escape"},
      {"\\00", "u", "Invalid decimal escape"},
      {"\\-", "u", "Invalid escape"},
      {"\\x", "u", "Invalid escape"},
      {"\\u", "u", "Invalid Unicode escape"},
      {"\\u{110000}", "u", "Invalid Unicode escape"},
      {"\\u{1", "u", "Invalid Unicode escape"},
      {"\\c", "u", "Invalid Unicode escape"},
      {"[\\1]", "u", "Invalid class escape"},
      {"[\\B]", "u", "Invalid escape"},
      {"[a-\\d]", "u", "Invalid character class"},
      {"\\p{Foo}", "u", "Invalid property name"},
      {"\\p{lu}", "u", "Invalid property name"},
      {"\\p{Script=Klingon}", "u", "Invalid property name"},
      {"\\p{Block=Latin}", "u", "Invalid property name"},
      {"\\p", "u", "Invalid property name"},
      {"[\\p{Foo}]", "u", "Invalid property name in character class"},
      {"\\p{RGI_Emoji}", "u", "Invalid property name"},
      {"\\P{RGI_Emoji}", "v", "Invalid property name"},
      {"[&&]", "v", "Invalid set operation in character class"},
      {"[a--b&&c]", "v", "Invalid set operation in character class"},
      {"[a-z--b]", "v", "Invalid set operation in character class"},
      {"[a&&&b]", "v", "Invalid character in character class"},
      {"[(]", "v", "Invalid character in character class"},
      {"[^\\q{ab}]", "v", "Negated character class may contain strings"},
      {"[^\\p{RGI_Emoji}]", "v", "Negated character class may contain strings"},
      {"[\\q]", "v", "Invalid escape"},
      {"[[a]", "v", "Unterminated character class"},
  };
  for (const auto& row : rows) {
    const auto program = Compile(row.pattern, row.flags);
    const std::string message = std::string("Invalid regular expression: /") + row.pattern + "/" + row.flags + ": " + row.reason;
    EXPECT_FALSE(program.ok()) << message;
    EXPECT_EQ(std::string(program.status().message()), message);
    EXPECT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Program, ErrorsNameThePatternInUtf8) {
  const auto program = Program::Compile(u"(\u00e9\U0001f600\xd83d", Flags(), Limits());
  EXPECT_EQ(std::string(program.status().message()), "Invalid regular expression: /(\u00e9\U0001f600\ufffd/: Unterminated group");
}

TEST(Program, KnowsItsGroupNamesInOrderOfAppearance) {
  const auto program = Compile("(?<b>x)(y)(?:(?<a>1)|(?<a>2))", "");

  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ((*program)->capture_count(), 5u);
  ASSERT_EQ((*program)->group_names().size(), 2u);
  EXPECT_EQ((*program)->group_names()[0].name, u"b");
  EXPECT_EQ((*program)->group_names()[0].indices, std::vector<uint32_t>({1}));
  EXPECT_EQ((*program)->group_names()[1].name, u"a");
  EXPECT_EQ((*program)->group_names()[1].indices, std::vector<uint32_t>({3, 4}));
}

TEST(Flags, AreReadAndWrittenInAlphabeticalOrder) {
  const auto flags = ParseFlags("ygd");
  ASSERT_TRUE(flags.ok());
  EXPECT_EQ(FlagsToString(*flags), "dgy");
  for (const char* bad : {"gg", "x", "uv", "G", "g "}) {
    EXPECT_EQ(std::string(ParseFlags(bad).status().message()), std::string("Invalid flags supplied to RegExp constructor '") + bad + "'");
  }
}

TEST(Limits, DeepNestingIsAnErrorAndNotACrash) {
  for (const char* open : {"(", "(?:", "(?=", "(?<!", "(?<n>|", "[(", "((((((((a"}) {
    EXPECT_FALSE(Compile(Repeat(open, 10000), "").ok());
  }
  EXPECT_EQ(Compile(Repeat("(", 10000) + Repeat(")", 10000), "").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compile(Repeat("(?:", 2000) + Repeat(")*", 2000), "").ok());
  EXPECT_EQ(Compile(Repeat("[", 10000) + Repeat("]", 10000), "v").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compile(Repeat("[", 32) + "a" + Repeat("]", 32), "v").ok());
}

TEST(Limits, LargePatternsAreErrors) {
  EXPECT_EQ(Compile(std::string(200000, 'a'), "").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compile(std::string(100000, 'a'), "").ok());
  EXPECT_EQ(Compile(Repeat("()", 40000), "").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compile(Repeat("()", 30000), "").ok());
}

TEST(Limits, ShortPatternsThatBlowUpAreErrors) {
  EXPECT_EQ(Compile(Repeat("\\p{L}", 20000), "u").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Compile(Repeat("\\p{RGI_Emoji}", 5000), "v").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Compile("[" + Repeat("\\p{L}", 20000) + "]", "u").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Compile(Repeat("(?<a>x)|", 10000), "").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compile(Repeat("\\p{L}", 300), "u").ok());
}

}  // namespace
}  // namespace edge::regexp
