// Test tables: one row is a pattern, a subject and the captures expected of it.
#ifndef EDGE_RUNTIME_REGEXP_MATCH_TABLE_H_
#define EDGE_RUNTIME_REGEXP_MATCH_TABLE_H_

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/regexp/matcher.h"

namespace edge::regexp {

// A literal with its NUL characters.
struct Text {
  template <size_t kSize>
  constexpr Text(const char16_t (&text)[kSize]) : view(text, kSize - 1) {}
  std::u16string_view view;
};

struct Row {
  Text pattern;
  const char* flags;
  Text subject;
  size_t start;
  const char* expected;  // "start-end" of each group, "." for one that took no part; "none": no match
};

inline std::string Describe(MatchResult result, const std::vector<int32_t>& captures) {
  if (result == MatchResult::kNoMatch) return "none";
  if (result != MatchResult::kMatch) return "stopped: " + std::to_string(static_cast<int>(result));
  std::string text;
  for (size_t i = 0; i < captures.size(); i += 2) {
    if (i > 0) text += " ";
    text += captures[i] < 0 ? "." : std::to_string(captures[i]) + "-" + std::to_string(captures[i + 1]);
  }
  return text;
}

// Matches in UTF-16 and, where the subject allows, in bytes. Both must say `row.expected`.
inline void CheckRow(const Row& row) {
  const auto flags = ParseFlags(row.flags);
  ASSERT_TRUE(flags.ok());
  const auto program = Program::Compile(row.pattern.view, *flags, Limits());
  ASSERT_TRUE(program.ok()) << program.status();
  Matcher matcher((MatchLimits()));
  std::vector<int32_t> captures(2 * (*program)->capture_count());
  const MatchResult wide = matcher.Match(**program, row.subject.view, row.start, ModeOf(*flags), absl::MakeSpan(captures));
  EXPECT_EQ(Describe(wide, captures), row.expected);

  const std::string bytes(row.subject.view.begin(), row.subject.view.end());
  for (const char16_t unit : row.subject.view) {
    if (unit >= 0x80) return;
  }
  const MatchResult narrow = matcher.Match(**program, std::string_view(bytes), row.start, ModeOf(*flags), absl::MakeSpan(captures));
  EXPECT_EQ(Describe(narrow, captures), row.expected) << "as bytes";
}

inline void Check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    std::string pattern;
    for (const char16_t unit : row.pattern.view)
      pattern += unit < 0x80 ? std::string(1, static_cast<char>(unit)) : "<" + std::to_string(unit) + ">";
    SCOPED_TRACE("/" + pattern + "/" + row.flags);
    CheckRow(row);
  }
}

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_MATCH_TABLE_H_
