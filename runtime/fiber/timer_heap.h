// TimerHeap: which suspended fiber's deadline comes next.
//
// A binary heap of (deadline, order of arming); every fiber knows its place, so that disarming is O(log n), and the usual case, a deadline
// later than all others that is disarmed soon, touches only the end. A fiber has at most one deadline: it waits for one thing at a time.
// Deadlines of one instant fire in the order of arming.
#ifndef EDGE_RUNTIME_FIBER_TIMER_HEAP_H_
#define EDGE_RUNTIME_FIBER_TIMER_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/time.h"

namespace edge {

class Fiber;

class TimerHeap {
 public:
  static constexpr size_t kNotArmed = SIZE_MAX;

  bool empty() const { return heap_.empty(); }
  // Infinite if empty.
  Instant NextDeadline() const { return heap_.empty() ? Instant::Infinite() : heap_[0].deadline; }
  // REQUIRES: the fiber is not armed; deadline is finite.
  void Arm(Fiber* fiber, Instant deadline);
  // Nothing if the fiber is not armed.
  void Disarm(Fiber* fiber);
  // The fiber with the earliest deadline at or before `now`, disarmed; null if none.
  Fiber* PopDue(Instant now);

 private:
  struct Entry {
    Instant deadline;
    uint64_t sequence;
    Fiber* fiber;
  };
  static bool Before(const Entry& a, const Entry& b) {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
  }
  void Place(size_t index, const Entry& entry);
  void SiftUp(size_t hole, const Entry& entry);
  void SiftDown(size_t hole, const Entry& entry);
  void RemoveAt(size_t index);

  std::vector<Entry> heap_;
  uint64_t next_sequence_ = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_TIMER_HEAP_H_
