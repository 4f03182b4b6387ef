// What every Clock keeps (runtime/seam/clock.h).
#ifndef EDGE_TESTS_PARITY_CLOCK_PARITY_H_
#define EDGE_TESTS_PARITY_CLOCK_PARITY_H_

#include "tests/parity/world.h"

namespace edge::parity {

template <typename World>
class ClockParity : public Parity<World> {};
TYPED_TEST_SUITE_P(ClockParity);

TYPED_TEST_P(ClockParity, IsConstantDuringOneTurn) {
  this->Run([&] {
    const Instant now = this->world_.clock().Now();
    const WallTime wall = this->world_.clock().WallNow();
    volatile uint64_t work = 0;
    for (int i = 0; i < 1'000'000; ++i) work = work + 1;
    EXPECT_EQ(this->world_.clock().Now(), now);
    EXPECT_EQ(this->world_.clock().WallNow(), wall);
  });
}

TYPED_TEST_P(ClockParity, ASleepLastsAtLeastAsLongAsAsked) {
  this->Run([&] {
    const Instant before = this->world_.clock().Now();
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(3)).ok());
    EXPECT_GE(this->world_.clock().Now() - before, Duration::Milliseconds(3));
  });
}

TYPED_TEST_P(ClockParity, NeverRunsBackwards) {
  this->Run([&] {
    Instant last = this->world_.clock().Now();
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(this->scheduler().Yield().ok());
      EXPECT_GE(this->world_.clock().Now(), last);
      last = this->world_.clock().Now();
    }
  });
}

TYPED_TEST_P(ClockParity, DeadlinesComeInOrder) {
  std::string order;
  this->Run([&] {
    const Instant start = this->world_.clock().Now();
    for (int ms : {9, 3, 6}) {
      this->Spawn([this, ms, start, &order] {
        EXPECT_TRUE(this->scheduler().SleepUntil(start + Duration::Milliseconds(ms)).ok());
        order += std::to_string(ms);
      });
    }
  });
  EXPECT_EQ(order, "369");
}

TYPED_TEST_P(ClockParity, TheCalendarIsPastThisCodesBirth) {
  this->Run([&] { EXPECT_GT(this->world_.clock().WallNow(), WallTime::FromUnixMilliseconds(1'700'000'000'000)); });
}

REGISTER_TYPED_TEST_SUITE_P(ClockParity, IsConstantDuringOneTurn, ASleepLastsAtLeastAsLongAsAsked, NeverRunsBackwards, DeadlinesComeInOrder,
                            TheCalendarIsPastThisCodesBirth);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_CLOCK_PARITY_H_
