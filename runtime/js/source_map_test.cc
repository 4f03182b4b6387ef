#include "runtime/js/source_map.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::js {
namespace {

std::string Map(const std::string& mappings) {
  return R"({"version":3,"sources":["a.ts","dir/b.ts"],"names":[],"mappings":")" + mappings + "\"}";
}

TEST(SourceMap, FindsTheFirstMappingOfALine) {
  // Line 1: a.ts:1. Line 2: none. Line 3: b.ts:11 then a.ts:1. Line 4: a column without a source only.
  const auto map = SourceMap::Parse(Map("AAAA;;ACUA,GDVA;E"));
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_TRUE(map->Lookup(1).has_value());
  EXPECT_EQ(map->Lookup(1)->file, "a.ts");
  EXPECT_EQ(map->Lookup(1)->line, 1);
  EXPECT_FALSE(map->Lookup(2).has_value());
  ASSERT_TRUE(map->Lookup(3).has_value());
  EXPECT_EQ(map->Lookup(3)->file, "dir/b.ts");
  EXPECT_EQ(map->Lookup(3)->line, 11);
  EXPECT_FALSE(map->Lookup(4).has_value());
  EXPECT_FALSE(map->Lookup(0).has_value());
  EXPECT_FALSE(map->Lookup(5).has_value());
}

TEST(SourceMap, JoinsTheSourceRoot) {
  const auto map = SourceMap::Parse(R"({"version":3,"sourceRoot":"src","sources":["x.ts",null],"mappings":"AAAA;ACAA"})");
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->Lookup(1)->file, "src/x.ts");
  EXPECT_FALSE(map->Lookup(2).has_value());
}

TEST(SourceMap, RefusesWhatIsNotAMap) {
  for (const char* text :
       {"", "[]", "{}", R"({"version":2,"sources":[],"mappings":""})", R"({"version":3,"mappings":""})", R"({"version":3,"sources":[]})"}) {
    EXPECT_EQ(SourceMap::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  for (const char* mappings : {"AA", "A!AA", "AAAAAA", "AEAA", "ADAA", "AADA", "g", "gggggggggggggggggA"}) {
    EXPECT_EQ(SourceMap::Parse(Map(mappings)).status().code(), absl::StatusCode::kInvalidArgument) << mappings;
  }
}

RC_GTEST_PROP(SourceMap, NeverFailsHardOnAnyMappings, (const std::vector<uint8_t>& bytes)) {
  std::string mappings;
  for (const uint8_t b : bytes) mappings += "ABCDEFGHghijk+/,;,;AAAA"[b % 23];
  const auto map = SourceMap::Parse(Map(mappings));
  if (map.ok()) {
    for (int line = -1; line < 50; ++line) (void)map->Lookup(line);
  }
}

}  // namespace
}  // namespace edge::js
