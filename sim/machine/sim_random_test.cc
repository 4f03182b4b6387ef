#include "sim/machine/sim_random.h"

#include <gtest/gtest.h>

#include "runtime/fiber/virtual_time.h"
#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {
namespace {

class SimRandomTest : public ::testing::Test {
 protected:
  SimRandom First(Key incarnation = 1) { return SimRandom(oracle, recorder, ActorId::kWorld, incarnation); }

  VirtualTime time;
  SeededStrategy strategy{7};
  Recorder recorder{time, Keep::kJournal};
  Oracle oracle{strategy, recorder};
};

TEST_F(SimRandomTest, AForkDependsOnItsStreamAndItsLabelAlone) {
  SimRandom a = First(), b = First();

  b.NextU64();
  b.Fork("other")->NextU64();

  EXPECT_EQ(a.Fork("invocation/1")->NextU64(), b.Fork("invocation/1")->NextU64());
  EXPECT_NE(a.Fork("invocation/1")->NextU64(), a.Fork("invocation/2")->NextU64());
}

TEST_F(SimRandomTest, AForkOfAForkIsNotTheForkOfItsLabel) {
  SimRandom random = First();

  EXPECT_NE(random.Fork("a")->Fork("b")->NextU64(), random.Fork("b")->NextU64());
  EXPECT_NE(random.Fork("a")->Fork("a")->NextU64(), random.Fork("a")->NextU64());
}

TEST_F(SimRandomTest, EachIncarnationAndEachSeedHasItsOwnStream) {
  SeededStrategy other_strategy(8);
  Oracle other(other_strategy, recorder);
  SimRandom other_seed(other, recorder, ActorId::kWorld, 1);

  const uint64_t value = First(1).NextU64();

  EXPECT_EQ(First(1).NextU64(), value);
  EXPECT_NE(First(2).NextU64(), value);
  EXPECT_NE(other_seed.NextU64(), value);
}

TEST_F(SimRandomTest, AnIncarnationsRandomnessIsOneDecision) {
  SimRandom random = First();
  for (int i = 0; i < 100; ++i) random.Fork(std::to_string(i))->NextU64();

  EXPECT_EQ(oracle.decisions().size(), 1u);
}

TEST_F(SimRandomTest, WhatIsDrawnIsInTheHashOfTheRun) {
  std::byte bytes[16];
  const uint64_t before = recorder.hash();
  SimRandom random = First();
  random.Fill(bytes);

  EXPECT_NE(recorder.hash(), before);
  EXPECT_EQ(recorder.CountOf(EventKind::kRandom), 1u);
  EXPECT_NE(recorder.journal().back().bytes_hash, 0u);
}

}  // namespace
}  // namespace edge::sim
