// WaitList: fibers that wait for one thing, oldest first. Events, mutexes, channels and task groups are made of it.
//
// Waking takes the fiber off the list at that moment, and what was woken reports OK even when its deadline, a cancellation or a crash comes
// before it runs: whoever passes something on by WakeOne (a lock) can rely on it to have arrived.
#ifndef EDGE_RUNTIME_FIBER_WAIT_LIST_H_
#define EDGE_RUNTIME_FIBER_WAIT_LIST_H_

#include <cstddef>

#include "absl/status/status.h"
#include "runtime/fiber/intrusive_list.h"
#include "runtime/fiber/scheduler.h"

namespace edge {

class WaitList {
 public:
  explicit WaitList(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~WaitList();  // REQUIRES: nobody waits

  // Queues the current fiber until it is woken. kDeadlineExceeded, kCancelled, kAborted: it was not woken and is off the list. MAY SUSPEND.
  absl::Status Wait(Instant deadline);
  // The same, ended by waking alone. MAY SUSPEND.
  void WaitShielded();
  // Wakes the oldest and returns it; null if nobody waits.
  Fiber* WakeOne();
  void WakeAll();

  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }

 private:
  // Lives in the stack frame of the waiting fiber.
  struct Waiter {
    Fiber* fiber;
    bool woken = false;
    ListHook<Waiter> hook;
  };

  Scheduler& scheduler_;
  IntrusiveList<Waiter, &Waiter::hook> waiting_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_WAIT_LIST_H_
