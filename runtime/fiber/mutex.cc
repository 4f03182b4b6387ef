#include "runtime/fiber/mutex.h"

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge {

absl::Status FiberMutex::Lock(Instant deadline) {
  Fiber* const self = scheduler_.current();
  EDGE_CHECK(self != nullptr) << "only a fiber can lock";
  EDGE_CHECK(owner_ != self) << "FiberMutex is not recursive";
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  if (owner_ == nullptr) {
    owner_ = self;
    return absl::OkStatus();
  }
  EDGE_RETURN_IF_ERROR(waiters_.Wait(deadline));
  EDGE_CHECK(owner_ == self);  // Unlock passed it on
  absl::Status alive = scheduler_.CheckAlive();
  if (!alive.ok()) Unlock();
  return alive;
}

bool FiberMutex::TryLock() {
  EDGE_CHECK(scheduler_.current() != nullptr) << "only a fiber can lock";
  if (owner_ != nullptr) return false;
  owner_ = scheduler_.current();
  return true;
}

void FiberMutex::Unlock() {
  EDGE_CHECK(HeldByCurrent()) << "unlocked by a fiber that does not hold it";
  owner_ = waiters_.WakeOne();
}

size_t FiberMutex::waiting() const { return waiters_.size(); }

}  // namespace edge
