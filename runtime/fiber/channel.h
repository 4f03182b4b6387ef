// Channel<T>: a bounded queue between fibers.
//
// Send waits for room, Receive for a value: the bound is the back-pressure. Close ends it from either side: what was sent before is still
// received, then Receive says so. Values come out in the order in which their Sends returned; waiting fibers are served oldest first.
#ifndef EDGE_RUNTIME_FIBER_CHANNEL_H_
#define EDGE_RUNTIME_FIBER_CHANNEL_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge {

template <typename T>
class Channel {
 public:
  // `capacity`: values held at most. REQUIRES: capacity > 0.
  Channel(Scheduler& scheduler, size_t capacity) : scheduler_(scheduler), capacity_(capacity), senders_(scheduler), receivers_(scheduler) {
    EDGE_CHECK(capacity > 0);
  }

  // MAY SUSPEND. kFailedPrecondition: closed. kDeadlineExceeded, kCancelled, kAborted. On an error the value was not sent and is gone.
  absl::Status Send(T value, Instant deadline = Instant::Infinite()) {
    EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
    while (!closed_ && values_.size() >= capacity_) EDGE_RETURN_IF_ERROR(WaitTurn(senders_, deadline));
    if (closed_) return absl::FailedPreconditionError("channel closed");
    values_.push_back(std::move(value));
    receivers_.WakeOne();
    // Two receivers may have made room while one sender was being woken.
    if (values_.size() < capacity_) senders_.WakeOne();
    return absl::OkStatus();
  }

  // False if full or closed; the value is then untouched. Callable from the poll loop.
  bool TrySend(T& value) {
    if (closed_ || values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    receivers_.WakeOne();
    return true;
  }

  // MAY SUSPEND. kOutOfRange: closed and empty. kDeadlineExceeded, kCancelled, kAborted.
  absl::StatusOr<T> Receive(Instant deadline = Instant::Infinite()) {
    EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
    while (values_.empty()) {
      if (closed_) return absl::OutOfRangeError("channel closed");
      EDGE_RETURN_IF_ERROR(WaitTurn(receivers_, deadline));
    }
    return Take();
  }

  // Empty if there is no value now.
  std::optional<T> TryReceive() { return values_.empty() ? std::nullopt : std::optional<T>(Take()); }

  // Wakes everyone who waits. Idempotent.
  void Close() {
    closed_ = true;
    senders_.WakeAll();
    receivers_.WakeAll();
  }

  bool closed() const { return closed_; }
  size_t size() const { return values_.size(); }

 private:
  T Take() {
    T value = std::move(values_.front());
    values_.pop_front();
    senders_.WakeOne();
    if (!values_.empty()) receivers_.WakeOne();
    return value;
  }

  // A fiber that was woken but has been cancelled or has crashed meanwhile passes its turn on.
  absl::Status WaitTurn(WaitList& list, Instant deadline) {
    EDGE_RETURN_IF_ERROR(list.Wait(deadline));
    absl::Status alive = scheduler_.CheckAlive();
    if (!alive.ok()) list.WakeOne();
    return alive;
  }

  Scheduler& scheduler_;
  const size_t capacity_;
  bool closed_ = false;
  std::deque<T> values_;
  WaitList senders_;
  WaitList receivers_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_CHANNEL_H_
