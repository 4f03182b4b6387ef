#include "runtime/config/config_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/str_cat.h"
#include "runtime/config/guide_text.h"

namespace edge::config {
namespace {

std::string_view KindText(KeyKind kind) { return kind == KeyKind::kSupported ? "read" : kind == KeyKind::kIgnored ? "ignored" : "refused"; }
std::string_view ScopeText(KeyScope scope) {
  return scope == KeyScope::kTopLevel ? "top level only" : scope == KeyScope::kInherited ? "inherited" : "not inherited";
}

TEST(ConfigKeys, TheGuideHasALineForEveryKey) {
  const std::string_view guide = kConfigurationGuide;
  size_t rows = 0;
  for (size_t at = guide.find("\n| `"); at != std::string_view::npos; at = guide.find("\n| `", at + 1)) ++rows;
  EXPECT_EQ(rows, ConfigKeys().size());
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string row = StrCat("\n| `", key.name, "` | ", KindText(key.kind), " | ", ScopeText(key.scope), " | ", key.note, " |\n");
    EXPECT_NE(guide.find(row), std::string_view::npos) << "docs/configuration.md lacks the line:" << row;
  }
}

TEST(ConfigKeys, AreFoundByTheirExactName) {
  for (const ConfigKey& key : ConfigKeys()) EXPECT_EQ(FindConfigKey(key.name), &key);
  EXPECT_EQ(FindConfigKey(""), nullptr);
  EXPECT_EQ(FindConfigKey("Main"), nullptr);
  EXPECT_EQ(FindConfigKey("zzz"), nullptr);
}

TEST(ConfigKeys, AskingForNothingIsNoUseOfAFeature) {
  const auto asks_for_nothing = [](std::string_view json) {
    const auto document = ParseJson(StrCat("{\"x\":", json, "}"), "f");
    return AsksForNothing(*document->root().Find("x"));
  };
  for (const char* nothing : {"null", "false", "[]", "{}", "{\"crons\":[]}", "{\"producers\":[],\"consumers\":[]}"}) {
    EXPECT_TRUE(asks_for_nothing(nothing)) << nothing;
  }
  for (const char* something : {"true", "0", "\"\"", "[{\"binding\":\"B\"}]", "{\"crons\":[\"* * * * *\"]}"}) {
    EXPECT_FALSE(asks_for_nothing(something)) << something;
  }
}

TEST(Nearest, FindsTypingErrorsAndNothingFarther) {
  const std::vector<std::string_view> words = {"main", "name", "compatibility_date", "vars"};
  EXPECT_EQ(Nearest("mian", words), "main");
  EXPECT_EQ(Nearest("compatability_date", words), "compatibility_date");
  EXPECT_EQ(Nearest("var", words), "vars");
  EXPECT_EQ(Nearest("nmae", words), "name");
  EXPECT_EQ(Nearest("widgets", words), "");
  EXPECT_EQ(Nearest(std::string(1000, 'm'), words), "");
}

}  // namespace
}  // namespace edge::config
