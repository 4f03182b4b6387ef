#include "runtime/fiber/timer_heap.h"

#include "runtime/base/check.h"
#include "runtime/fiber/fiber.h"

namespace edge {

void TimerHeap::Place(size_t index, const Entry& entry) {
  heap_[index] = entry;
  entry.fiber->timer_index = index;
}

void TimerHeap::SiftUp(size_t hole, const Entry& entry) {
  while (hole > 0) {
    const size_t parent = (hole - 1) / 2;
    if (!Before(entry, heap_[parent])) break;
    Place(hole, heap_[parent]);
    hole = parent;
  }
  Place(hole, entry);
}

void TimerHeap::SiftDown(size_t hole, const Entry& entry) {
  const size_t size = heap_.size();
  for (;;) {
    size_t child = 2 * hole + 1;
    if (child >= size) break;
    if (child + 1 < size && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], entry)) break;
    Place(hole, heap_[child]);
    hole = child;
  }
  Place(hole, entry);
}

void TimerHeap::Arm(Fiber* fiber, Instant deadline) {
  EDGE_CHECK(fiber->timer_index == kNotArmed && !deadline.IsInfinite());
  heap_.push_back({});
  SiftUp(heap_.size() - 1, {deadline, next_sequence_++, fiber});
}

void TimerHeap::RemoveAt(size_t index) {
  EDGE_CHECK(index < heap_.size());
  heap_[index].fiber->timer_index = kNotArmed;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && Before(last, heap_[(index - 1) / 2])) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

void TimerHeap::Disarm(Fiber* fiber) {
  if (fiber->timer_index != kNotArmed) RemoveAt(fiber->timer_index);
}

Fiber* TimerHeap::PopDue(Instant now) {
  if (heap_.empty() || heap_[0].deadline > now) return nullptr;
  Fiber* fiber = heap_[0].fiber;
  RemoveAt(0);
  return fiber;
}

}  // namespace edge
