#include "runtime/fiber/timer_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/fiber/fiber.h"

namespace edge {
namespace {

// Against the plainest thing that can be right: a list searched for its first minimum.
RC_GTEST_PROP(TimerHeap, BehavesLikeASortedList, ()) {
  struct Armed {
    int64_t deadline;
    Fiber* fiber;
  };
  TimerHeap heap;
  std::deque<Fiber> fibers;
  std::vector<Armed> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::inRange(0, 30)));
  for (const auto& [action, number] : steps) {
    if (action < 3) {
      fibers.emplace_back();
      heap.Arm(&fibers.back(), Instant::FromNanoseconds(number));
      model.push_back({number, &fibers.back()});
    } else if (action == 3 && !model.empty()) {
      const auto victim = model.begin() + static_cast<ptrdiff_t>(number % model.size());
      heap.Disarm(victim->fiber);
      heap.Disarm(victim->fiber);  // of no effect
      model.erase(victim);
    } else if (action > 3) {
      const auto first =
          std::min_element(model.begin(), model.end(), [](const Armed& a, const Armed& b) { return a.deadline < b.deadline; });
      Fiber* const popped = heap.PopDue(Instant::FromNanoseconds(number));
      if (first == model.end() || first->deadline > number) {
        RC_ASSERT(popped == nullptr);
      } else {
        RC_ASSERT(popped == first->fiber);
        RC_ASSERT(popped->timer_index == TimerHeap::kNotArmed);
        model.erase(first);
      }
    }
    RC_ASSERT(heap.empty() == model.empty());
  }
}

TEST(TimerHeap, EqualDeadlinesFireInTheOrderOfArming) {
  TimerHeap heap;
  std::deque<Fiber> fibers(100);
  for (Fiber& fiber : fibers) heap.Arm(&fiber, Instant::FromNanoseconds(5));
  EXPECT_EQ(heap.PopDue(Instant::FromNanoseconds(4)), nullptr);
  for (Fiber& fiber : fibers) EXPECT_EQ(heap.PopDue(Instant::FromNanoseconds(5)), &fiber);
  EXPECT_TRUE(heap.NextDeadline().IsInfinite());
}

}  // namespace
}  // namespace edge
