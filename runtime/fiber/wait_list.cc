#include "runtime/fiber/wait_list.h"

#include "runtime/base/check.h"

namespace edge {

WaitList::~WaitList() { EDGE_CHECK(waiting_.empty()) << waiting_.size() << " fibers wait on something that is being destroyed"; }

absl::Status WaitList::Wait(Instant deadline) {
  EDGE_CHECK(scheduler_.current() != nullptr) << "only a fiber can wait";
  Waiter waiter{.fiber = scheduler_.current()};
  waiting_.PushBack(&waiter);
  while (!waiter.woken) {
    absl::Status status = scheduler_.Suspend(deadline);
    if (waiter.woken) break;
    if (!status.ok()) {
      waiting_.Remove(&waiter);
      return status;
    }
  }
  return absl::OkStatus();
}

void WaitList::WaitShielded() {
  EDGE_CHECK(scheduler_.current() != nullptr) << "only a fiber can wait";
  Waiter waiter{.fiber = scheduler_.current()};
  waiting_.PushBack(&waiter);
  while (!waiter.woken) scheduler_.SuspendShielded();
}

Fiber* WaitList::WakeOne() {
  Waiter* waiter = waiting_.PopFront();
  if (waiter == nullptr) return nullptr;
  waiter->woken = true;
  scheduler_.Wake(waiter->fiber);
  return waiter->fiber;
}

void WaitList::WakeAll() {
  while (WakeOne() != nullptr) {
  }
}

}  // namespace edge
