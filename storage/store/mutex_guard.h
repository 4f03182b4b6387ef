// MutexGuard: holds a FiberMutex for a scope, if it could be had.
#ifndef EDGE_STORAGE_STORE_MUTEX_GUARD_H_
#define EDGE_STORAGE_STORE_MUTEX_GUARD_H_

#include "absl/status/status.h"
#include "runtime/fiber/mutex.h"

namespace edge::storage {

class MutexGuard {
 public:
  // MAY SUSPEND.
  explicit MutexGuard(FiberMutex& mutex) : mutex_(mutex), status_(mutex.Lock()) {}
  ~MutexGuard() {
    if (status_.ok()) mutex_.Unlock();
  }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;
  // Not OK: it is not held (FiberMutex::Lock).
  const absl::Status& status() const { return status_; }

 private:
  FiberMutex& mutex_;
  const absl::Status status_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_MUTEX_GUARD_H_
