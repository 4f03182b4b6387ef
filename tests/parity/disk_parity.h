// What every Disk keeps while nothing fails (storage/disk.h). What survives a crash is the simulation's own test.
#ifndef EDGE_TESTS_PARITY_DISK_PARITY_H_
#define EDGE_TESTS_PARITY_DISK_PARITY_H_

#include "tests/parity/world.h"

namespace edge::parity {

template <typename World>
class DiskParity : public Parity<World> {
 protected:
  Disk& disk() { return this->world_.disk(); }
  std::string Content(std::string_view path) {
    auto content = ReadWholeFile(disk(), path);
    return content.ok() ? *content : content.status().ToString();
  }
  void Put(std::string_view path, std::string_view content) { EDGE_CHECK_OK(WriteWholeFile(disk(), path, content)); }
};
TYPED_TEST_SUITE_P(DiskParity);

TYPED_TEST_P(DiskParity, ReadsBackWhatWasWritten) {
  this->Run([&] {
    auto file = this->disk().Open("f", OpenMode::kCreateNew);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE((*file)->WriteAt(0, "hello world").ok());
    EXPECT_TRUE((*file)->WriteAt(6, "there").ok());
    EXPECT_TRUE((*file)->Sync().ok());
    EXPECT_EQ(*(*file)->Size(), 11u);
    char buffer[5];
    EXPECT_EQ(*(*file)->ReadAt(6, buffer), 5u);
    EXPECT_EQ(std::string_view(buffer, 5), "there");
    EXPECT_EQ(this->Content("f"), "hello there");
  });
}

TYPED_TEST_P(DiskParity, ReadsLessOnlyAtTheEnd) {
  this->Run([&] {
    this->Put("f", "12345");
    auto file = this->disk().Open("f", OpenMode::kReadOnly);
    ASSERT_TRUE(file.ok());
    char buffer[10];
    EXPECT_EQ(*(*file)->ReadAt(2, buffer), 3u);
    EXPECT_EQ(*(*file)->ReadAt(5, buffer), 0u);
    EXPECT_EQ(*(*file)->ReadAt(100, buffer), 0u);
    EXPECT_EQ(*(*file)->ReadAt(0, std::span<char>()), 0u);
  });
}

TYPED_TEST_P(DiskParity, WhatWasNeverWrittenIsZero) {
  this->Run([&] {
    auto file = this->disk().Open("f", OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE((*file)->WriteAt(5000, "x").ok());
    EXPECT_TRUE((*file)->Truncate(5002).ok());
    EXPECT_EQ(this->Content("f"), std::string(5000, '\0') + "x" + std::string(1, '\0'));
    EXPECT_TRUE((*file)->Truncate(2).ok());
    EXPECT_TRUE((*file)->Truncate(4).ok());
    EXPECT_EQ(this->Content("f"), std::string(4, '\0'));
  });
}

TYPED_TEST_P(DiskParity, OpenModes) {
  this->Run([&] {
    for (OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
      EXPECT_TRUE(absl::IsNotFound(this->disk().Open("absent", mode).status()));
    }
    EXPECT_TRUE(this->disk().Open("a/b/c", OpenMode::kCreate).ok());
    EXPECT_TRUE(this->disk().Open("d/e", OpenMode::kCreateNew).ok());
    this->Put("a/b/c", "kept");
    EXPECT_TRUE(absl::IsAlreadyExists(this->disk().Open("a/b/c", OpenMode::kCreateNew).status()));
    EXPECT_TRUE(this->disk().Open("a/b/c", OpenMode::kCreate).ok());
    EXPECT_TRUE(this->disk().Open("a/b/c", OpenMode::kReadWrite).ok());
    EXPECT_EQ(this->Content("a/b/c"), "kept");
    EXPECT_FALSE(this->disk().Open("a/b", OpenMode::kReadWrite).ok());
    auto read_only = this->disk().Open("a/b/c", OpenMode::kReadOnly);
    ASSERT_TRUE(read_only.ok());
    EXPECT_FALSE((*read_only)->WriteAt(0, "x").ok());
    EXPECT_EQ(this->Content("a/b/c"), "kept");
  });
}

TYPED_TEST_P(DiskParity, ListsByName) {
  this->Run([&] {
    this->Put("folder/b", "");
    this->Put("folder/a", "");
    this->Put("folder/c/inner", "");
    auto entries = this->disk().List("folder");
    ASSERT_TRUE(entries.ok()) << entries.status();
    ASSERT_EQ(entries->size(), 3u);
    EXPECT_EQ((*entries)[0].name, "a");
    EXPECT_EQ((*entries)[0].kind, DirectoryEntry::Kind::kFile);
    EXPECT_EQ((*entries)[1].name, "b");
    EXPECT_EQ((*entries)[2].name, "c");
    EXPECT_EQ((*entries)[2].kind, DirectoryEntry::Kind::kDirectory);
    EXPECT_TRUE(absl::IsNotFound(this->disk().List("absent").status()));
  });
}

TYPED_TEST_P(DiskParity, RenameReplaces) {
  this->Run([&] {
    this->Put("from", "new");
    this->Put("to", "old");
    auto open = this->disk().Open("to", OpenMode::kReadOnly);
    EXPECT_TRUE(this->disk().Rename("from", "to").ok());
    EXPECT_EQ(this->Content("to"), "new");
    EXPECT_TRUE(absl::IsNotFound(this->disk().Open("from", OpenMode::kReadOnly).status()));
    EXPECT_TRUE(absl::IsNotFound(this->disk().Rename("from", "to")));
    // An open file stays what it was.
    char buffer[3];
    EXPECT_EQ(*(*open)->ReadAt(0, buffer), 3u);
    EXPECT_EQ(std::string_view(buffer, 3), "old");
  });
}

TYPED_TEST_P(DiskParity, RemoveTakesFoldersAndForgivesAbsence) {
  this->Run([&] {
    this->Put("folder/inner/file", "x");
    EXPECT_TRUE(this->disk().Remove("folder").ok());
    EXPECT_TRUE(absl::IsNotFound(this->disk().List("folder").status()));
    EXPECT_TRUE(this->disk().Remove("folder").ok());
  });
}

TYPED_TEST_P(DiskParity, WholeFiles) {
  this->Run([&] {
    this->Put("f", "one");
    this->Put("f", "two");
    EXPECT_EQ(this->Content("f"), "two");
    EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile(this->disk(), "f", 2).status()));
    EXPECT_EQ(this->disk().List(".")->size(), 1u);
  });
}

TYPED_TEST_P(DiskParity, SyncsTakeTurnsWithOtherFibers) {
  int synced = 0;
  this->Run([&] {
    for (int i = 0; i < 8; ++i) {
      this->Spawn([&, i] {
        auto file = this->disk().Open("f" + std::to_string(i), OpenMode::kCreate);
        EXPECT_TRUE((*file)->WriteAt(0, "x").ok());
        EXPECT_TRUE((*file)->Sync().ok());
        EXPECT_TRUE(this->disk().SyncDirectory(".").ok());
        ++synced;
      });
    }
  });
  EXPECT_EQ(synced, 8);
  this->Run([&] { EXPECT_TRUE(absl::IsNotFound(this->disk().SyncDirectory("absent"))); });
}

TYPED_TEST_P(DiskParity, ALockIsForOneUntilItIsGivenBack) {
  this->Run([&] {
    auto first = this->disk().Lock("data/LOCK");
    ASSERT_TRUE(first.ok()) << first.status();
    const absl::Status second = this->disk().Lock("data/LOCK").status();
    EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
    EXPECT_NE(second.message().find("data/LOCK: in use by "), std::string::npos) << second;
    EXPECT_TRUE(this->disk().Lock("other/LOCK").ok());
    first->reset();
    EXPECT_TRUE(this->disk().Lock("data/LOCK").ok());
  });
}

REGISTER_TYPED_TEST_SUITE_P(DiskParity, ReadsBackWhatWasWritten, ReadsLessOnlyAtTheEnd, WhatWasNeverWrittenIsZero, OpenModes, ListsByName,
                            RenameReplaces, RemoveTakesFoldersAndForgivesAbsence, WholeFiles, SyncsTakeTurnsWithOtherFibers,
                            ALockIsForOneUntilItIsGivenBack);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_DISK_PARITY_H_
