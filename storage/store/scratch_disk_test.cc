#include "storage/store/scratch_disk.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/testing/memory_disk.h"

namespace edge::storage {
namespace {

std::string Content(Disk& disk, std::string_view path) {
  auto content = ReadWholeFile(disk, path);
  return content.ok() ? *content : std::string(content.status().ok() ? "" : "none");
}

TEST(ScratchDisk, ShowsChangesAndMakesNone) {
  MemoryDisk below;
  below.Put("d/a", std::string(10'000, 'a'));
  below.Put("d/b", "b");
  below.Put("d/sub/c", "c");
  ScratchDisk disk(below);

  auto file = *disk.Open("d/a", OpenMode::kReadWrite);
  EXPECT_TRUE(file->WriteAt(5000, "xyz").ok());
  EXPECT_EQ(Content(disk, "d/a"), std::string(5000, 'a') + "xyz" + std::string(4997, 'a'));
  EXPECT_TRUE(file->Truncate(10).ok());
  EXPECT_TRUE(file->WriteAt(12, "end").ok());
  EXPECT_EQ(Content(disk, "d/a"), std::string(10, 'a') + std::string("\0\0end", 5));
  EXPECT_TRUE(disk.Remove("d/sub").ok());
  EXPECT_EQ(Content(disk, "d/sub/c"), "none");
  EXPECT_TRUE(WriteWholeFile(disk, "d/b", "new").ok());
  EXPECT_EQ(Content(disk, "d/b"), "new");
  EXPECT_TRUE(disk.Open("e/new", OpenMode::kCreateNew).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(disk.Open("e/new", OpenMode::kCreateNew).status()));
  EXPECT_TRUE(absl::IsNotFound(disk.Open("e/other", OpenMode::kReadWrite).status()));
  EXPECT_EQ(disk.List("d")->size(), 2u);
  EXPECT_EQ(disk.List("e")->size(), 1u);
  EXPECT_TRUE(absl::IsNotFound(disk.List("d/sub").status()));

  EXPECT_EQ(Content(below, "d/a"), std::string(10'000, 'a'));
  EXPECT_EQ(Content(below, "d/b"), "b");
  EXPECT_EQ(Content(below, "d/sub/c"), "c");
  EXPECT_TRUE(absl::IsNotFound(below.List("e").status()));
}

}  // namespace
}  // namespace edge::storage
