#include "runtime/bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/testing/memory_disk.h"

namespace edge::bundle {
namespace {

using ::testing::HasSubstr;

TEST(LoadBundle, RefusesFilesThatAreNotTheOnesItWasBuiltWith) {
  MemoryDisk disk;
  disk.Put("/b/bundle.json", R"({"format_version":1,"content_hash":"0","compatibility_date":"","compatibility_flags":[],
                                 "main":"a.js","exports":[],"inputs":[]})");
  disk.Put("/b/worker.js", "x");
  disk.Put("/b/worker.js.map", "{}");

  const absl::Status status = LoadBundle(disk, "/b").status();

  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(LoadBundle, NamesTheFileThatIsMissing) {
  MemoryDisk disk;

  const absl::Status status = LoadBundle(disk, "/nothing").status();

  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nothing is not a bundle: it has no bundle.json"));
}

struct MalformedCase {
  const char* json;
  const char* message;
};

class MalformedMetadata : public ::testing::TestWithParam<MalformedCase> {};

TEST_P(MalformedMetadata, IsRefusedByName) {
  const absl::Status status = ParseBundleMetadata(GetParam().json).status();

  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedMetadata,
    ::testing::Values(MalformedCase{"", "not JSON"}, MalformedCase{"[]", "not an object"},
                      MalformedCase{"{}", "\"format_version\" is missing"},
                      MalformedCase{R"({"format_version":2})", "format version 2, but this edge reads version 1"},
                      MalformedCase{R"({"format_version":1})", "\"content_hash\" is missing"},
                      MalformedCase{R"({"format_version":1,"content_hash":3})", "\"content_hash\" is missing or not a string"},
                      MalformedCase{R"({"format_version":1,"content_hash":"a","compatibility_date":"","compatibility_flags":[1]})",
                                    "holds something that is not a string"}));

}  // namespace
}  // namespace edge::bundle
