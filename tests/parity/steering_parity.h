// What every ReadyOrder and Adversary keeps (runtime/seam/ready_order.h, adversary.h).
#ifndef EDGE_TESTS_PARITY_STEERING_PARITY_H_
#define EDGE_TESTS_PARITY_STEERING_PARITY_H_

#include <algorithm>
#include <vector>

#include "tests/parity/world.h"

namespace edge::parity {

template <typename World>
class SteeringParity : public Parity<World> {};
TYPED_TEST_SUITE_P(SteeringParity);

TYPED_TEST_P(SteeringParity, AnOrderPicksOneOfTheOffered) {
  std::vector<Candidate> candidates;
  for (uint64_t i = 1; i <= 20; ++i) {
    candidates.push_back({.key = i * 7919, .turn = i % 3});
    EXPECT_LT(this->world_.order().PickNext(candidates), candidates.size());
  }
}

TYPED_TEST_P(SteeringParity, EveryRunnableFiberRunsInTheEnd) {
  std::vector<int> ran;
  this->Run([&] {
    for (int i = 0; i < 50; ++i) {
      this->Spawn([&, i] {
        for (int turn = 0; turn < 5; ++turn) EXPECT_TRUE(this->scheduler().Yield().ok());
        ran.push_back(i);
      });
    }
  });
  std::sort(ran.begin(), ran.end());
  ASSERT_EQ(ran.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ran[i], i);
}

TYPED_TEST_P(SteeringParity, AnAdversaryDoesOnlyWhatIsAllowed) {
  this->Run([&] {
    for (uint64_t key = 0; key < 200; ++key) {
      const MischiefChoice choice = this->world_.adversary().Consider("parity.point", key, {Mischief::kDelay, Mischief::kDuplicate});
      EXPECT_TRUE(choice.kind == Mischief::kNothing || choice.kind == Mischief::kDelay || choice.kind == Mischief::kDuplicate);
      EXPECT_GE(choice.delay, Duration::Zero());
      EXPECT_EQ(this->world_.adversary().Consider("parity.point", key, {}).kind, Mischief::kNothing);
    }
  });
}

REGISTER_TYPED_TEST_SUITE_P(SteeringParity, AnOrderPicksOneOfTheOffered, EveryRunnableFiberRunsInTheEnd, AnAdversaryDoesOnlyWhatIsAllowed);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_STEERING_PARITY_H_
