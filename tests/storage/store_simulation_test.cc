// What the store promises, over many seeds of crashes and failing disks; and that each planted bug breaks a promise within few.
#include <gtest/gtest.h>

#include <string>

#include "runtime/base/str_cat.h"
#include "tests/storage/store_simulation.h"

#ifndef EDGE_STORE_SEEDS
#define EDGE_STORE_SEEDS 150
#endif

namespace edge {
namespace {

TEST(StoreSimulation, KeepsItsPromises) {
  StoreSeedResult sum;
  for (uint64_t seed = 1; seed <= EDGE_STORE_SEEDS; ++seed) {
    const StoreSeedResult result =
        RunStoreSeed(seed, {.faults = seed % 3 == 0 ? StoreSeedOptions::Faults::kNone : StoreSeedOptions::Faults::kSome});
    for (const std::string& violation : result.violations) ADD_FAILURE() << "seed " << seed << ": " << violation.substr(0, 500);
    if (::testing::Test::HasFailure()) return;
    sum.commits += result.commits;
    sum.acknowledged += result.acknowledged;
    sum.undone += result.undone;
    sum.stale_refused += result.stale_refused;
    sum.checkpoints += result.checkpoints;
    sum.checkpoints_failed += result.checkpoints_failed;
    sum.objects_verified += result.objects_verified;
    sum.generations_failed += result.generations_failed;
    sum.deaths += result.deaths;
    sum.exports += result.exports;
  }
  RecordProperty("commits", StrCat(sum.commits, ", acknowledged ", sum.acknowledged, ", undone ", sum.undone));
  RecordProperty("checkpoints", StrCat(sum.checkpoints, ", failed ", sum.checkpoints_failed));
  RecordProperty("objects_verified", StrCat(sum.objects_verified));
  RecordProperty("generations_failed", StrCat(sum.generations_failed, ", logs that died ", sum.deaths));
  EXPECT_GT(sum.acknowledged, 1000u);
  EXPECT_GT(sum.undone, 10u);
  EXPECT_GT(sum.stale_refused, 100u);
  EXPECT_GT(sum.checkpoints, 100u);
  EXPECT_GT(sum.checkpoints_failed, 0u);
  EXPECT_GT(sum.generations_failed, 0u);
  EXPECT_GT(sum.exports, 0u);
}

// Seeds until the first violation; 0: none of them has any.
uint64_t SeedsUntilFound(const StoreSeedOptions& options, uint64_t seeds_max) {
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) {
    const StoreSeedResult result = RunStoreSeed(seed, options);
    if (result.violations.empty()) continue;
    ::testing::Test::RecordProperty("found", StrCat("seed ", seed, ": ", result.violations[0].substr(0, 300)));
    return seed;
  }
  return 0;
}

using Faults = StoreSeedOptions::Faults;

TEST(StorePlants, AnEpochThatIsNotBumpedIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.keep_epoch = true}, .faults = Faults::kNone}, 20), 0u);
}
TEST(StorePlants, AStaleOwnerThatIsNotFencedIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.accept_superseded = true}, .faults = Faults::kNone}, 20), 0u);
}
TEST(StorePlants, AnAlarmOutsideOfItsRecordIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.alarm_apart = true}, .faults = Faults::kNone}, 50), 0u);
}
TEST(StorePlants, ATrimBeforeTheSyncIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.trim_before_sync = true}, .faults = Faults::kNone}, 100), 0u);
}
TEST(StorePlants, AMissingSyncOfBasesIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.no_base_sync = true}, .faults = Faults::kNone}, 100), 0u);
}
TEST(StorePlants, AFailedSyncThatIsRetriedAndBelievedIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.base_sync_retried = true}, .faults = Faults::kSome}, 200), 0u);
}
TEST(StorePlants, AMissingSyncOfNamesIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.no_folder_sync = true}, .faults = Faults::kNone}, 200), 0u);
}
TEST(StorePlants, AHoleInTheWholePageRuleIsFound) {
  EXPECT_NE(SeedsUntilFound({.plants = {.whole_pages_from_end = true}, .faults = Faults::kNone}, 100), 0u);
}

}  // namespace
}  // namespace edge
