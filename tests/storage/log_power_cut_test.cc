// The log and the power: runs on real files and in memory, recorded, cut anywhere; and the bugs that this must see.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "rapidcheck/gtest.h"
#include "runtime/base/hash.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/testing/memory_disk.h"
#include "tests/parity/os_world.h"
#include "tests/storage/crash_images.h"
#include "tests/storage/log_workload.h"
#include "tests/storage/recording_disk.h"

// A larger number for the manual target.
#ifndef EDGE_POWER_CUT_IMAGES
#define EDGE_POWER_CUT_IMAGES 400
#endif

namespace edge {
namespace {

using Bug = RecordingDisk::Bug;

LogWorkload::Shape ShapeOf(uint64_t seed) {
  LogWorkload::Shape shape{.seed = seed};
  shape.log.segment = ByteCount::KiB(32 << seed % 2);
  shape.log.spare_files_max = 2;
  return shape;
}

// Fails one of `rarity` syncs.
std::function<bool(std::string_view)> FailsSometimes(uint64_t seed, uint64_t rarity) {
  return [seed, rarity, count = uint64_t{0}](std::string_view) mutable { return CombineHash(seed, ++count) % rarity == 0; };
}

// A run in memory, all of it and all its images from one seed.
struct MemoryRun {
  explicit MemoryRun(const LogWorkload::Shape& shape) : workload(shape), disk(world.scheduler, memory) {}
  std::optional<BadImage> BadOf(uint64_t images) {
    world.Run([&] { workload.Run(world.scheduler, disk, [this] { return disk.now(); }); });
    return FindBadImage(disk.recording(), {.images = images}, [&](const ImageView& view) { return workload.Verify(view); });
  }

  VirtualWorld world;
  MemoryDisk memory;
  LogWorkload workload;
  RecordingDisk disk;
};

TEST(LogPowerCutTest, RealFilesRecoverFromWhateverAPowerCutLeaves) {
  constexpr uint64_t kRuns = 4;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    parity::OsWorld world;
    RecordingDisk disk(world.scheduler(), world.disk());
    LogWorkload workload(ShapeOf(seed));
    world.Run([&] { workload.Run(world.scheduler(), disk, [&] { return disk.now(); }); });
    ASSERT_GT(workload.acknowledged(), 300u);
    ASSERT_FALSE(workload.trims().empty());
    const CrashPlan plan{.images = EDGE_POWER_CUT_IMAGES / kRuns, .seed = seed, .focus = workload.trims()};
    const auto bad = FindBadImage(disk.recording(), plan, [&](const ImageView& view) { return workload.Verify(view); });
    EXPECT_FALSE(bad.has_value()) << "run " << seed << ", " << bad->ToString();
  }
}

TEST(LogPowerCutTest, SoDoRunsInWhichSyncsFail) {
  uint64_t lost = 0, acknowledged = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    MemoryRun run(ShapeOf(seed));
    run.disk.set_fails(FailsSometimes(seed, 25));
    const auto bad = run.BadOf(EDGE_POWER_CUT_IMAGES / 10);
    EXPECT_FALSE(bad.has_value()) << "run " << seed << ", " << bad->ToString();
    lost += run.workload.lost();
    acknowledged += run.workload.acknowledged();
  }
  EXPECT_GT(lost, 20u) << "no sync has failed under anything";
  EXPECT_GT(acknowledged, 1000u);
}

// How many of 20 runs show the bug in 100 images.
int Caught(const std::function<void(MemoryRun&)>& plant, storage::PlantedLogBug planted = storage::PlantedLogBug::kNone) {
  int caught = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    LogWorkload::Shape shape = ShapeOf(seed);
    shape.log.planted = planted;
    MemoryRun run(shape);
    plant(run);
    caught += run.BadOf(100).has_value();
  }
  return caught;
}

TEST(LogPowerCutTest, SeesSyncsThatAreLeftOut) {
  EXPECT_EQ(Caught([](MemoryRun& run) { run.disk.set_bug(Bug::kSyncsIgnored); }), 20);
}

TEST(LogPowerCutTest, SeesNamesThatAreNotSynced) {
  EXPECT_EQ(Caught([](MemoryRun& run) { run.disk.set_bug(Bug::kDirectorySyncsIgnored); }), 20);
}

TEST(LogPowerCutTest, SeesFailedSyncsThatAreRetried) {
  EXPECT_GE(Caught([](MemoryRun& run) {
              run.disk.set_fails(FailsSometimes(7, 10));
              run.disk.set_bug(Bug::kFailedSyncsRetried);
            }),
            19);
}

TEST(LogPowerCutTest, SeesTornBatchesThatAreTaken) {
  EXPECT_GE(Caught([](MemoryRun&) {}, storage::PlantedLogBug::kTornBatchTaken), 15);
}

TEST(LogPowerCutTest, SeesNothingWhereNothingIsPlanted) {
  EXPECT_EQ(Caught([](MemoryRun&) {}), 0);
}

}  // namespace
}  // namespace edge
