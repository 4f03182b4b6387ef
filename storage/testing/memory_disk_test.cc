#include "storage/testing/memory_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace edge {
namespace {

std::vector<std::string> Names(const absl::StatusOr<std::vector<DirectoryEntry>>& entries) {
  std::vector<std::string> out;
  if (!entries.ok()) return {std::string(entries.status().ToString())};
  for (const DirectoryEntry& entry : *entries) out.push_back(entry.name + (entry.kind == DirectoryEntry::Kind::kDirectory ? "/" : ""));
  return out;
}

TEST(MemoryDisk, ReadsWhatWasWrittenUnderAnySpellingOfThePath) {
  MemoryDisk disk;

  ASSERT_TRUE(WriteWholeFile(disk, "./a/b/../c.txt", "hello").ok());

  EXPECT_EQ(*ReadWholeFile(disk, "/a/c.txt"), "hello");
  EXPECT_THAT(Names(disk.List("a")), testing::ElementsAre("c.txt"));
}

TEST(MemoryDisk, OpenModesDecideWhatMustExist) {
  MemoryDisk disk;
  EXPECT_TRUE(absl::IsNotFound(disk.Open("f", OpenMode::kReadOnly).status()));
  EXPECT_TRUE(absl::IsNotFound(disk.Open("f", OpenMode::kReadWrite).status()));

  EXPECT_TRUE(disk.Open("d/f", OpenMode::kCreate).ok());

  EXPECT_TRUE(absl::IsAlreadyExists(disk.Open("d/f", OpenMode::kCreateNew).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(disk.Open("d", OpenMode::kCreateNew).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(disk.Open("d", OpenMode::kReadOnly).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(disk.Open("d/f/g", OpenMode::kCreate).status()));
  EXPECT_TRUE(absl::IsPermissionDenied((*disk.Open("d/f", OpenMode::kReadOnly))->WriteAt(0, "x")));
}

TEST(MemoryDisk, WritesPastTheEndLeaveZeros) {
  MemoryDisk disk;
  const std::unique_ptr<File> file = *disk.Open("f", OpenMode::kCreate);

  ASSERT_TRUE(file->WriteAt(3, "x").ok());

  EXPECT_EQ(*file->Size(), 4u);
  EXPECT_EQ(*ReadWholeFile(disk, "f"), std::string("\0\0\0x", 4));
  ASSERT_TRUE(file->Truncate(1).ok());
  EXPECT_EQ(*file->Size(), 1u);
}

TEST(MemoryDisk, AnOpenFileOutlivesItsName) {
  MemoryDisk disk;
  disk.Put("f", "old");
  const std::unique_ptr<File> file = *disk.Open("f", OpenMode::kReadOnly);

  disk.Put("f", "new");

  std::string buffer(3, ' ');
  EXPECT_EQ(*file->ReadAt(0, buffer), 3u);
  EXPECT_EQ(buffer, "old");
}

TEST(MemoryDisk, RemovesAndRenamesFoldersWithAllThatIsInThem) {
  MemoryDisk disk;
  disk.Put("a/x/1", "one");
  disk.Put("a/x/2", "two");
  disk.Put("ab", "beside");

  ASSERT_TRUE(disk.Rename("a", "c/d").ok());

  EXPECT_EQ(*ReadWholeFile(disk, "c/d/x/2"), "two");
  EXPECT_TRUE(absl::IsNotFound(disk.List("a").status()));
  EXPECT_THAT(Names(disk.List("")), testing::ElementsAre("ab", "c/"));
  ASSERT_TRUE(disk.Remove("c/d/x").ok());
  EXPECT_THAT(Names(disk.List("c/d")), testing::IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(disk.Rename("gone", "x")));
  EXPECT_TRUE(disk.Remove("gone").ok());
}

TEST(MemoryDisk, FailsWhereToldTo) {
  MemoryDisk disk;
  disk.Put("f", "x");

  disk.FailWith("f", absl::DataLossError("EIO"));
  EXPECT_TRUE(absl::IsDataLoss(ReadWholeFile(disk, "f").status()));

  disk.FailWith("f", absl::OkStatus());
  EXPECT_TRUE(ReadWholeFile(disk, "f").ok());
}

}  // namespace
}  // namespace edge
