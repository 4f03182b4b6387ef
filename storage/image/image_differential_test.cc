#include "storage/image/image_differential.h"

#include <gtest/gtest.h>

namespace edge::storage {
namespace {

TEST(ImageDifferential, HoldsWhatPlainSqliteHolds) {
  DifferentialCounts counts;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const DifferentialResult result = RunDifferential({.seed = seed, .transactions = 400});
    ASSERT_EQ(result.mismatch, "");
    counts += result.counts;
  }
  // Each of them has been there, or the test tests less than it says.
  EXPECT_GT(counts.commits, 1000u);
  for (uint64_t count :
       {counts.failed_statements, counts.rollbacks, counts.savepoints, counts.crashes, counts.checkpoints, counts.failed_checkpoints,
        counts.torn_pages, counts.vacuums, counts.refused_commits, counts.failed_reads, counts.dumps, counts.integrity_checks}) {
    EXPECT_GT(count, 5u) << Describe(counts);
  }
}

TEST(ImageDifferential, IsTheSameForTheSameSeed) {
  const DifferentialResult first = RunDifferential({.seed = 9, .transactions = 100});
  const DifferentialResult second = RunDifferential({.seed = 9, .transactions = 100});
  EXPECT_EQ(Describe(first.counts), Describe(second.counts));
}

// The harness must see what it is for.
int SeedsThatFind(Mutation mutation) {
  int found = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    found += RunDifferential({.seed = seed, .transactions = 400, .mutation = mutation}).mismatch.empty() ? 0 : 1;
  }
  return found;
}
TEST(ImageDifferential, FindsAReplayThatIgnoresShrinking) { EXPECT_GE(SeedsThatFind(Mutation::kReplayIgnoresShrink), 1); }
TEST(ImageDifferential, FindsAReplayThatCombinesRanges) { EXPECT_EQ(SeedsThatFind(Mutation::kReplayXors), 4); }
TEST(ImageDifferential, FindsDifferencesToATornBasePage) { EXPECT_GE(SeedsThatFind(Mutation::kNothingIsWhole), 1); }

}  // namespace
}  // namespace edge::storage
