// What every Random keeps (runtime/seam/random.h).
#ifndef EDGE_TESTS_PARITY_RANDOM_PARITY_H_
#define EDGE_TESTS_PARITY_RANDOM_PARITY_H_

#include <array>
#include <set>

#include "tests/parity/world.h"

namespace edge::parity {

template <typename World>
class RandomParity : public Parity<World> {};
TYPED_TEST_SUITE_P(RandomParity);

TYPED_TEST_P(RandomParity, BelowStaysBelowAndReachesEveryValue) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(this->world_.random().Below(7));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(this->world_.random().Below(1), 0u);
  const uint64_t large = (uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(this->world_.random().Below(large), large);
}

TYPED_TEST_P(RandomParity, ChanceIsExactAtItsEnds) {
  int heads = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(this->world_.random().Chance({0, 10}));
    EXPECT_TRUE(this->world_.random().Chance({10, 10}));
    heads += this->world_.random().Chance({1, 4});
  }
  EXPECT_GT(heads, 150);
  EXPECT_LT(heads, 350);
}

TYPED_TEST_P(RandomParity, FillWritesEveryByteAndNothingElse) {
  for (size_t size : {0, 1, 7, 500, 513, 5000}) {
    std::vector<std::byte> touched(size);
    std::vector<std::byte> bytes(size + 1, std::byte{0xa5});
    for (int round = 0; round < 12; ++round) {
      this->world_.random().Fill(std::span(bytes.data(), size));
      for (size_t i = 0; i < size; ++i) touched[i] |= bytes[i] ^ std::byte{0xa5};
    }
    for (size_t i = 0; i < size; ++i) EXPECT_NE(touched[i], std::byte{0}) << i << " of " << size;
    EXPECT_EQ(bytes[size], std::byte{0xa5});
  }
}

TYPED_TEST_P(RandomParity, DrawsAndForksDiffer) {
  std::set<uint64_t> seen;
  auto a = this->world_.random().Fork("a");
  auto b = this->world_.random().Fork("b");
  auto inner = a->Fork("a");
  for (int i = 0; i < 100; ++i) {
    for (Random* random : {&this->world_.random(), a.get(), b.get(), inner.get()}) EXPECT_TRUE(seen.insert(random->NextU64()).second);
  }
}

REGISTER_TYPED_TEST_SUITE_P(RandomParity, BelowStaysBelowAndReachesEveryValue, ChanceIsExactAtItsEnds, FillWritesEveryByteAndNothingElse,
                            DrawsAndForksDiffer);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_RANDOM_PARITY_H_
