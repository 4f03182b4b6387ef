#include "sim/report/text.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::sim {
namespace {

TEST(ElapsedText, HasAsManyDecimalsAsAskedFor) {
  EXPECT_EQ(ElapsedText(Duration::Milliseconds(12'345)), "+12.345 s");
  EXPECT_EQ(ElapsedText(Duration::Microseconds(7), 6), "+0.000007 s");
  EXPECT_EQ(ElapsedText(Duration::Nanoseconds(1), 9), "+0.000000001 s");
  EXPECT_EQ(ElapsedText(Duration::Milliseconds(-1'500)), "-1.500 s");
}

TEST(LengthText, UsesTheUnitThatFits) {
  EXPECT_EQ(LengthText(Duration::Nanoseconds(12)), "12 ns");
  EXPECT_EQ(LengthText(Duration::Microseconds(250)), "250 us");
  EXPECT_EQ(LengthText(Duration::Microseconds(1'234)), "1.2 ms");
  EXPECT_EQ(LengthText(Duration::Milliseconds(4'200)), "4.2 s");
  EXPECT_EQ(LengthText(Duration::Seconds(200)), "3 min 20 s");
  EXPECT_EQ(LengthText(Duration::Seconds(7'500)), "2 h 5 min");
}

TEST(Grouped, PutsCommas) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1'000), "1,000");
  EXPECT_EQ(Grouped(1'234'567), "1,234,567");
  EXPECT_EQ(Counted(1, "event"), "1 event");
  EXPECT_EQ(Counted(2'000, "event"), "2,000 events");
}

TEST(Printable, LeavesNothingThatATerminalWouldObey) {
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(Printable("a\nb\tc\r"), "a\\nb c\\x0d");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "1m"),
            "\\x9b1m");  // C1: an escape sequence in one character
  EXPECT_EQ(Printable("\xE2\x80\xAE"
                      "abc"),
            "\\u202eabc");  // right-to-left override
  EXPECT_EQ(Printable("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
}

TEST(Printable, ReplacesBrokenUtf8) {
  EXPECT_EQ(Printable("a\xFF"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Printable("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(Printable("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // an overlong slash
}

RC_GTEST_PROP(Printable, IsStableAndHasNoControls, (std::string text)) {
  const std::string once = Printable(text);
  RC_ASSERT(Printable(once) == once);
  for (const char c : once) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
}

TEST(Fit, CutsBetweenCharacters) {
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdefg", 6), "abc...");
  EXPECT_EQ(Fit("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4), "\xC3\xA9...");
  EXPECT_EQ(Fit("abcdef", 2), "..");
  EXPECT_EQ(Columns("\xC3\xA9x"), 2u);
  EXPECT_EQ(PadRight("\xC3\xA9", 3), "\xC3\xA9  ");
  EXPECT_EQ(PadLeft("7", 3), "  7");
}

}  // namespace
}  // namespace edge::sim
