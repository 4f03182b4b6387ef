// ConnectionSlots: the platform's rule that at most six fetches of an invocation wait for response headers at a time (contract:
// docs/limits.md).
//
// Who comes when all slots are taken waits in line, in the order of coming, and never fails for it. A Place is taken when fetch() is
// called, so that the line is in the order of the calls, whatever order their fibers run in.
#ifndef EDGE_RUNTIME_WORKER_CONNECTION_SLOTS_H_
#define EDGE_RUNTIME_WORKER_CONNECTION_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"

namespace edge::worker {

class ConnectionSlots {
 public:
  explicit ConnectionSlots(uint32_t slots_max) : free_(slots_max) {}
  ~ConnectionSlots();  // REQUIRES: no Place is held
  ConnectionSlots(const ConnectionSlots&) = delete;
  ConnectionSlots& operator=(const ConnectionSlots&) = delete;

  // A slot, or a place in the line for one.
  class Place {
   public:
    Place(Scheduler& scheduler, ConnectionSlots& slots);
    ~Place() { Leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Returns when the slot is there. kCancelled, kAborted; kFailedPrecondition after Leave. MAY SUSPEND.
    absl::Status Wait();
    // Gives the slot to the next in line, or leaves the line. Idempotent.
    void Leave();

   private:
    friend class ConnectionSlots;

    ConnectionSlots* slots_;  // null after Leave
    Event granted_;
  };

  size_t waiting() const { return line_.size(); }

 private:
  uint32_t free_;
  size_t places_ = 0;
  std::deque<Place*> line_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_CONNECTION_SLOTS_H_
