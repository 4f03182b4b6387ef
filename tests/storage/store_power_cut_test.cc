// The store and the power: runs on real files and in memory, recorded, cut anywhere, also inside of checkpoints that follow each other.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/hash.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/testing/memory_disk.h"
#include "tests/parity/os_world.h"
#include "tests/storage/crash_images.h"
#include "tests/storage/recording_disk.h"
#include "tests/storage/store_workload.h"

// A larger number for the manual target.
#ifndef EDGE_POWER_CUT_IMAGES
#define EDGE_POWER_CUT_IMAGES 200
#endif

namespace edge {
namespace {

using Bug = RecordingDisk::Bug;

std::function<bool(std::string_view)> FailsSometimes(uint64_t seed, uint64_t rarity) {
  return [seed, rarity, count = uint64_t{0}](std::string_view) mutable { return CombineHash(seed, ++count) % rarity == 0; };
}

struct MemoryRun {
  explicit MemoryRun(const StoreWorkload::Shape& shape) : seed(shape.seed), workload(shape), disk(world.scheduler, memory) {}
  std::optional<BadImage> BadOf(uint64_t images) {
    world.Run([&] { workload.Run(world.scheduler, disk, [this] { return disk.now(); }); });
    return FindBadImage(disk.recording(), {.images = images, .focus = workload.checkpoints()},
                        [&](const ImageView& view) { return workload.Verify(view); });
  }

  const uint64_t seed;
  VirtualWorld world;
  MemoryDisk memory;
  StoreWorkload workload;
  RecordingDisk disk;
};

TEST(StorePowerCutTest, RealFilesRecoverFromWhateverAPowerCutLeaves) {
  constexpr uint64_t kRuns = 4;
  uint64_t removed = 0, imported = 0;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    parity::OsWorld world;
    RecordingDisk disk(world.scheduler(), world.disk());
    StoreWorkload workload({.seed = seed});
    world.Run([&] { workload.Run(world.scheduler(), disk, [&] { return disk.now(); }); });
    ASSERT_GT(workload.acknowledged(), 300u);
    ASSERT_EQ(workload.checkpoints().size(), 6u);
    removed += workload.removed();
    imported += workload.imported();
    const CrashPlan plan{.images = EDGE_POWER_CUT_IMAGES / kRuns, .seed = seed, .focus = workload.checkpoints()};
    const auto bad = FindBadImage(disk.recording(), plan, [&](const ImageView& view) { return workload.Verify(view); });
    EXPECT_FALSE(bad.has_value()) << "run " << seed << ", " << bad->ToString();
  }
  EXPECT_GT(removed, 0u);
  EXPECT_GT(imported, 0u);
}

TEST(StorePowerCutTest, SoDoRunsInWhichSyncsFail) {
  uint64_t lost = 0, acknowledged = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    MemoryRun run({.seed = seed, .transactions = 100});
    run.disk.set_fails(FailsSometimes(seed, 30));
    const auto bad = run.BadOf(EDGE_POWER_CUT_IMAGES / 10);
    EXPECT_FALSE(bad.has_value()) << "run " << seed << ", " << bad->ToString();
    lost += run.workload.lost();
    acknowledged += run.workload.acknowledged();
  }
  EXPECT_GT(lost, 5u) << "no sync has failed under anything";
  EXPECT_GT(acknowledged, 300u);
}

// How many of 10 runs show the bug in 60 images.
int Caught(const std::function<void(MemoryRun&)>& plant, storage::StorePlants plants = {}) {
  int caught = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    MemoryRun run({.seed = seed, .transactions = 100, .plants = plants});
    plant(run);
    caught += run.BadOf(60).has_value();
  }
  return caught;
}

TEST(StorePowerCutTest, SeesSyncsThatAreLeftOut) {
  EXPECT_GE(Caught([](MemoryRun& run) { run.disk.set_bug(Bug::kSyncsIgnored); }), 9);
  EXPECT_GE(Caught([](MemoryRun& run) { run.disk.set_bug(Bug::kDirectorySyncsIgnored); }), 9);
  EXPECT_GE(Caught([](MemoryRun&) {}, {.no_base_sync = true}), 9);
  EXPECT_GE(Caught([](MemoryRun&) {}, {.no_folder_sync = true}), 9);
}

TEST(StorePowerCutTest, SeesFailedSyncsThatAreRetriedAndBelieved) {
  const auto of_all = [](MemoryRun& run) { run.disk.set_fails(FailsSometimes(run.seed, 15)); };
  const auto of_bases = [](MemoryRun& run) {
    run.disk.set_fails(
        [fails = FailsSometimes(run.seed, 2)](std::string_view path) mutable { return path.ends_with(".sqlite") && fails(path); });
  };
  EXPECT_GE(Caught([&](MemoryRun& run) {
              of_all(run);
              run.disk.set_bug(Bug::kFailedSyncsRetried);
            }),
            5);
  EXPECT_GE(Caught(of_bases, {.base_sync_retried = true}), 5);
  EXPECT_EQ(Caught(of_bases), 0);
}

TEST(StorePowerCutTest, SeesALogThatIsTrimmedTooEarly) {
  EXPECT_GE(Caught([](MemoryRun&) {}, {.trim_before_sync = true}), 9);
}

TEST(StorePowerCutTest, SeesNothingWhereNothingIsPlanted) {
  EXPECT_EQ(Caught([](MemoryRun&) {}), 0);
}

}  // namespace
}  // namespace edge
