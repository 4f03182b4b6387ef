#include "runtime/bundle/source_map.h"

#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"

namespace edge::bundle {
namespace {

SourceMap Parsed(const std::string& mappings) {
  absl::StatusOr<SourceMap> map = SourceMap::Parse(R"({"version":3,"sources":["a.ts","b.ts"],"mappings":")" + mappings + "\"}");
  EXPECT_TRUE(map.ok()) << map.status();
  return *std::move(map);
}

TEST(SourceMap, GivesTheFirstMappingOfALine) {
  // Line 1: a.ts 3:5 at column 0, then a.ts 4:1. Line 3: b.ts.
  const SourceMap map = Parsed("AAEI,IACJ;;ACAA");

  ASSERT_TRUE(map.Lookup(1).has_value());
  EXPECT_EQ(map.Lookup(1)->file, "a.ts");
  EXPECT_EQ(map.Lookup(1)->line, 3);
  EXPECT_EQ(map.Lookup(1)->column, 5);
  EXPECT_EQ(map.Lookup(3)->file, "b.ts");
}

TEST(SourceMap, KnowsNothingOfUnmappedLines) {
  const SourceMap map = Parsed("AAAA;;");

  EXPECT_FALSE(map.Lookup(2).has_value());
  EXPECT_FALSE(map.Lookup(0).has_value());
  EXPECT_FALSE(map.Lookup(100).has_value());
}

TEST(SourceMap, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"sources":[],"mappings":"AAAA"})", R"({"sources":["a"],"mappings":"!"})",
                           R"({"sources":["a"],"mappings":"AAAD"})", R"({"sources":["a"],"mappings":"gggggggggggg"})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SourceMap::Parse(text).status())) << text;
  }
}

RC_GTEST_PROP(SourceMap, NeverFailsOtherwiseThanByStatus, (const std::string& mappings)) {
  std::string safe;
  for (const char c : mappings) safe.push_back("ABCDgz019+/,;;"[static_cast<unsigned char>(c) % 14]);
  const absl::StatusOr<SourceMap> map = SourceMap::Parse(R"({"version":3,"sources":["a.ts"],"mappings":")" + safe + "\"}");
  if (map.ok()) {
    for (int line = 0; line < 20; ++line) map->Lookup(line);
  }
}

}  // namespace
}  // namespace edge::bundle
