#include "runtime/config/compatibility.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace edge::config {
namespace {

TEST(Compatibility, DatesAreDaysOfTheCalendar) {
  EXPECT_EQ(ParseDate("1970-01-01"), 0);
  EXPECT_EQ(ParseDate("1969-12-31"), -1);
  EXPECT_EQ(ParseDate("2000-03-01"), 11017);
  EXPECT_EQ(ParseDate("2024-02-29"), 19782);
  for (const char* bad : {"", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "2024-01-00", "2024-1-1", "24-01-01",
                          "2024/01/01", "2024-01-01 ", "0000-01-01", "2024-0a-01", "-024-01-01"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
}

TEST(Compatibility, EveryFlagIsFoundByBothNamesAndHasAValidDate) {
  std::set<std::string_view> names;
  for (const CompatibilityFlag& flag : CompatibilityFlags()) {
    EXPECT_EQ(FindCompatibilityFlag(flag.enable), &flag);
    EXPECT_TRUE(names.insert(flag.enable).second) << flag.enable;
    if (!flag.disable.empty()) {
      EXPECT_EQ(FindCompatibilityFlag(flag.disable), &flag);
      EXPECT_TRUE(names.insert(flag.disable).second) << flag.disable;
    }
    EXPECT_TRUE(flag.default_on.empty() || ParseDate(flag.default_on).has_value()) << flag.enable;
    EXPECT_LE(flag.default_on, kNewestKnownDate) << flag.enable;
  }
  EXPECT_EQ(FindCompatibilityFlag(""), nullptr);
  EXPECT_EQ(FindCompatibilityFlag("nope"), nullptr);
}

TEST(Compatibility, FlagsOverrideWhatTheDateSays) {
  const std::vector<std::string> none, on{"queues_json_messages"}, off{"no_queues_json_messages"};

  EXPECT_FALSE(CompatibilityEnabled("queues_json_messages", "2024-03-17", none));
  EXPECT_TRUE(CompatibilityEnabled("queues_json_messages", "2024-03-18", none));
  EXPECT_TRUE(CompatibilityEnabled("queues_json_messages", "2021-01-01", on));
  EXPECT_FALSE(CompatibilityEnabled("queues_json_messages", "2026-01-01", off));
  EXPECT_FALSE(CompatibilityEnabled("experimental", "2026-01-01", none));
}

}  // namespace
}  // namespace edge::config
