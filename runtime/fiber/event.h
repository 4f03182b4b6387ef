// Event: a flag that fibers wait for. Set wakes all waiters and stays set until Reset.
#ifndef EDGE_RUNTIME_FIBER_EVENT_H_
#define EDGE_RUNTIME_FIBER_EVENT_H_

#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge {

class Event {
 public:
  explicit Event(Scheduler& scheduler) : scheduler_(scheduler), waiters_(scheduler) {}

  // Callable from fibers and from the poll loop.
  void Set();
  void Reset() { set_ = false; }
  bool is_set() const { return set_; }
  // OK once set, even if it was reset before the waiter ran. kDeadlineExceeded, kCancelled, kAborted. MAY SUSPEND.
  absl::Status Wait(Instant deadline = Instant::Infinite());

 private:
  Scheduler& scheduler_;
  bool set_ = false;
  WaitList waiters_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_EVENT_H_
