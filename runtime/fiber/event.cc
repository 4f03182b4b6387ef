#include "runtime/fiber/event.h"

#include "runtime/base/status_macros.h"

namespace edge {

void Event::Set() {
  set_ = true;
  waiters_.WakeAll();
}

absl::Status Event::Wait(Instant deadline) {
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  if (set_) return absl::OkStatus();
  EDGE_RETURN_IF_ERROR(waiters_.Wait(deadline));
  return scheduler_.CheckAlive();
}

}  // namespace edge
