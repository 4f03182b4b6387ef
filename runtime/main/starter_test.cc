#include "runtime/main/starter.h"

#include <gtest/gtest.h>

#include "runtime/config/wrangler.h"
#include "storage/testing/memory_disk.h"

namespace edge::cli {
namespace {

TEST(Starter, NamesTheWorkerAfterItsFolder) {
  EXPECT_EQ(WorkerNameOf("/home/me/My App_2/"), "my-app-2");
  EXPECT_EQ(WorkerNameOf("shop"), "shop");
  EXPECT_EQ(WorkerNameOf("/tmp/---"), "my-worker");
}

TEST(Starter, WritesAnApplicationThatItsOwnConfigurationAccepts) {
  MemoryDisk disk;
  ASSERT_TRUE(WriteStarter(disk, "app").ok());

  const absl::StatusOr<config::LoadedWorkerConfig> loaded = config::LoadWorkerConfig(disk, "app", {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.name, "app");
  EXPECT_TRUE(loaded->notices.empty());
}

TEST(Starter, LeavesAFolderAloneThatHoldsSomething) {
  MemoryDisk disk;
  ASSERT_TRUE(WriteStarter(disk, "app").ok());

  EXPECT_TRUE(absl::IsAlreadyExists(WriteStarter(disk, "app")));
}

}  // namespace
}  // namespace edge::cli
