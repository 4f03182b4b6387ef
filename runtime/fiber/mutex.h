// FiberMutex: one fiber at a time, in the order of asking.
//
// Held across suspensions (that is its purpose: an isolate or a database connection stays with one fiber while it waits). Not recursive.
#ifndef EDGE_RUNTIME_FIBER_MUTEX_H_
#define EDGE_RUNTIME_FIBER_MUTEX_H_

#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge {

class FiberMutex {
 public:
  explicit FiberMutex(Scheduler& scheduler) : scheduler_(scheduler), waiters_(scheduler) {}

  // MAY SUSPEND. On an error (kDeadlineExceeded, kCancelled, kAborted) the lock is not held.
  absl::Status Lock(Instant deadline = Instant::Infinite());
  // False if it is held. Does not look at deadline, cancellation or crash.
  bool TryLock();
  // Hands the lock to the longest waiting fiber. REQUIRES: HeldByCurrent().
  void Unlock();
  bool held() const { return owner_ != nullptr; }
  bool HeldByCurrent() const { return owner_ != nullptr && owner_ == scheduler_.current(); }
  size_t waiting() const;

 private:
  Scheduler& scheduler_;
  Fiber* owner_ = nullptr;
  WaitList waiters_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_MUTEX_H_
