#include "runtime/worker/connection_slots.h"

#include <utility>

#include "runtime/base/check.h"

namespace edge::worker {

ConnectionSlots::~ConnectionSlots() { EDGE_CHECK(places_ == 0) << places_ << " fetches outlive their invocation"; }

ConnectionSlots::Place::Place(Scheduler& scheduler, ConnectionSlots& slots) : slots_(&slots), granted_(scheduler) {
  ++slots.places_;
  if (slots.free_ > 0) {
    --slots.free_;
    granted_.Set();
  } else {
    slots.line_.push_back(this);
  }
}

absl::Status ConnectionSlots::Place::Wait() {
  if (slots_ == nullptr) return absl::FailedPreconditionError("the place in the line has been given up");
  return granted_.Wait();
}

void ConnectionSlots::Place::Leave() {
  if (slots_ == nullptr) return;
  ConnectionSlots& slots = *std::exchange(slots_, nullptr);
  --slots.places_;
  if (!granted_.is_set()) {
    std::erase(slots.line_, this);
    return;
  }
  if (slots.line_.empty()) {
    ++slots.free_;
    return;
  }
  Place* const next = slots.line_.front();
  slots.line_.pop_front();
  next->granted_.Set();
}

}  // namespace edge::worker
