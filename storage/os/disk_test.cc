// What is OsDisk's own; what every Disk keeps is in tests/parity.
#include "storage/os/disk.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "runtime/base/check.h"
#include "runtime/seam/ready_order.h"

namespace edge {
namespace {

class OsDiskTest : public ::testing::Test {
 protected:
  OsDiskTest() {
    root_ = ::testing::TempDir() + "disk_XXXXXX";
    EDGE_CHECK(mkdtemp(root_.data()) != nullptr);
    disk_ = std::make_unique<OsDisk>(root_, scheduler_, pool_);
  }
  ~OsDiskTest() override { std::filesystem::remove_all(root_); }

  std::string root_;
  OsClock clock_;
  EpollLoop loop_{clock_};
  BlockingPool pool_{loop_};
  FifoOrder order_;
  Scheduler scheduler_{clock_, order_, loop_};
  std::unique_ptr<OsDisk> disk_;
};

TEST_F(OsDiskTest, WorksOutsideOfFibers) {
  EXPECT_TRUE(WriteWholeFile(*disk_, "folder/file", "content").ok());
  EXPECT_EQ(*ReadWholeFile(*disk_, "folder/file"), "content");
}

TEST_F(OsDiskTest, RelativePathsStartAtTheRootAndAbsoluteOnesDoNot) {
  ASSERT_TRUE(WriteWholeFile(*disk_, "file", "x").ok());
  EXPECT_TRUE(std::filesystem::exists(root_ + "/file"));
  EXPECT_EQ(*ReadWholeFile(*disk_, root_ + "/file"), "x");
}

TEST_F(OsDiskTest, RemovesALinkAndNotWhatItPointsTo) {
  ASSERT_TRUE(WriteWholeFile(*disk_, "target/file", "x").ok());
  std::filesystem::create_directory(root_ + "/folder");
  std::filesystem::create_symlink(root_ + "/target", root_ + "/folder/link");
  EXPECT_TRUE(disk_->Remove("folder").ok());
  EXPECT_EQ(*ReadWholeFile(*disk_, "target/file"), "x");
}

TEST_F(OsDiskTest, ErrorsNamePathAndReason) {
  EXPECT_EQ(disk_->Open("absent", OpenMode::kReadOnly).status().message(), "absent: open: No such file or directory");
  ASSERT_TRUE(WriteWholeFile(*disk_, "file", "x").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(disk_->Open("file/below", OpenMode::kReadOnly).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(disk_->Open(".", OpenMode::kReadOnly).status()));
  EXPECT_FALSE(disk_->Open("file/below", OpenMode::kCreate).ok());
}

TEST_F(OsDiskTest, AFullDiskIsResourceExhausted) {
  auto full = disk_->Open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_TRUE(absl::IsResourceExhausted((*full)->WriteAt(0, "x")));
}

TEST_F(OsDiskTest, AnUnsupportedSyncIsAnError) {
  // A pipe cannot be synced; the kernel says EINVAL. What matters is that the error arrives from the helper thread.
  ASSERT_EQ(mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  absl::Status status;
  EDGE_CHECK_OK(scheduler_.Spawn("f", [&] {
    auto pipe = disk_->Open("pipe", OpenMode::kReadWrite);
    ASSERT_TRUE(pipe.ok()) << pipe.status();
    status = (*pipe)->Sync();
  }));
  scheduler_.Run();
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace edge
