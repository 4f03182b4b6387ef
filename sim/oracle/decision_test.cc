#include "sim/oracle/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "rapidcheck/gtest.h"

namespace edge::sim {
namespace {

constexpr uint64_t kTop = std::numeric_limits<uint64_t>::max();

TEST(Distribution, TheEndsOfTheHashAreTheEndsOfTheRange) {
  EXPECT_EQ(Distribution::Uniform(-3, 5).Sample(0), -3);
  EXPECT_EQ(Distribution::Uniform(-3, 5).Sample(kTop), 5);
  EXPECT_EQ(Distribution::Tail(10, 1000).Sample(0), 10);
  EXPECT_EQ(Distribution::Tail(10, 1000).Sample(kTop), 1000);
  EXPECT_EQ(Distribution::Uniform(7, 7).Sample(kTop), 7);
}

TEST(Distribution, TheWidestRangeIsUsedWhole) {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Distribution::Uniform(kLow, kHigh).Sample(0), kLow);
  EXPECT_EQ(Distribution::Uniform(kLow, kHigh).Sample(kTop), kHigh);
  EXPECT_EQ(Distribution::Uniform(kLow, kHigh).Sample(uint64_t{1} << 63), 0);
}

TEST(Distribution, MostOfATailIsNearItsMildest) {
  int near = 0;
  for (uint64_t i = 0; i < 1000; ++i) near += Distribution::Tail(0, 1000).Sample(MixHash(i)) < 100 ? 1 : 0;
  EXPECT_NEAR(near, 562, 60);  // 0.1 ^ (1/4)
}

TEST(Distribution, AChanceComesAsOftenAsItSays) {
  int hits = 0;
  for (uint64_t i = 0; i < 10'000; ++i) hits += static_cast<int>(Distribution::Chance({1, 20}).Sample(MixHash(i)));
  EXPECT_NEAR(hits, 500, 80);
  EXPECT_EQ(Distribution::Chance({0, 1}).Sample(0), 0);
  EXPECT_EQ(Distribution::Chance({1, 1}).Sample(kTop), 1);
}

// A likelier fault strikes wherever the less likely one did.
TEST(Distribution, AHigherChanceHitsWhereALowerOneDoes) {
  for (uint64_t i = 0; i < 5000; ++i) {
    if (Distribution::Chance({1, 50}).Sample(MixHash(i)) == 0) continue;
    EXPECT_EQ(Distribution::Chance({4, 50}).Sample(MixHash(i)), 1);
  }
}

TEST(Distribution, AWeightOfZeroIsNeverSampled) {
  constexpr uint32_t kWeights[] = {0, 1, 0, 3};
  std::array<int, 4> counts = {};
  for (uint64_t i = 0; i < 4000; ++i) ++counts[static_cast<size_t>(Distribution::Weighted(kWeights).Sample(MixHash(i)))];
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[2], 0);
  EXPECT_NEAR(counts[3], 3000, 150);
}

TEST(Distribution, FingerprintsTellDistributionsApart) {
  constexpr uint32_t kOne[] = {1, 2};
  constexpr uint32_t kOther[] = {2, 1};
  const std::set<uint16_t> fingerprints = {
      Distribution::Uniform(0, 9).Fingerprint(),  Distribution::Uniform(0, 10).Fingerprint(),   Distribution::Uniform(1, 9).Fingerprint(),
      Distribution::Tail(0, 9).Fingerprint(),     Distribution::Chance({1, 9}).Fingerprint(),   Distribution::Chance({1, 10}).Fingerprint(),
      Distribution::Weighted(kOne).Fingerprint(), Distribution::Weighted(kOther).Fingerprint(),
  };
  EXPECT_EQ(fingerprints.size(), 8u);
  EXPECT_EQ(Distribution::Uniform(0, 9).Fingerprint(), Distribution::Uniform(0, 9).Fingerprint());
}

RC_GTEST_PROP(DistributionProperty, SamplesAndClampedValuesArePossible, (int64_t a, int64_t b, uint64_t hash, int64_t value)) {
  for (const Distribution& distribution :
       {Distribution::Uniform(std::min(a, b), std::max(a, b)), Distribution::Tail(std::min(a, b), std::max(a, b))}) {
    for (const int64_t got : {distribution.Sample(hash), distribution.Clamp(value)}) {
      RC_ASSERT(got >= std::min(a, b));
      RC_ASSERT(got <= std::max(a, b));
    }
    RC_ASSERT(distribution.Clamp(distribution.Sample(hash)) == distribution.Sample(hash));
    RC_ASSERT(distribution.Clamp(distribution.mildest()) == distribution.mildest());
  }
}

TEST(Distribution, ClampsWhatItCannotGive) {
  constexpr uint32_t kWeights[] = {1, 1, 1};
  EXPECT_EQ(Distribution::Weighted(kWeights).Clamp(2), 2);
  EXPECT_EQ(Distribution::Weighted(kWeights).Clamp(3), 0);
  EXPECT_EQ(Distribution::Weighted(kWeights).Clamp(-1), 0);
  EXPECT_EQ(Distribution::Chance({1, 2}).Clamp(17), 1);
  EXPECT_EQ(Distribution::Chance({0, 2}).Clamp(1), 0);
}

}  // namespace
}  // namespace edge::sim
