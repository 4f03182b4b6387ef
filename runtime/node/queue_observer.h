// QueueObserver: told of what happens to each message: for checks.
#ifndef EDGE_RUNTIME_NODE_QUEUE_OBSERVER_H_
#define EDGE_RUNTIME_NODE_QUEUE_OBSERVER_H_

#include <cstdint>
#include <string_view>

#include "runtime/base/time.h"
#include "storage/queue/queue.h"

namespace edge {

class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  // A message is about to be stored; it must not be delivered before `due`.
  virtual void OnSending(std::string_view queue, const storage::NewMessage& message, WallTime due) = 0;
  // It is durable, and its sender may hear of it.
  virtual void OnSent(std::string_view queue, std::string_view id) = 0;
  // A consumer gets it now; it was taken at `taken`. `deliveries_max`: how often that may happen.
  virtual void OnDelivered(std::string_view queue, const storage::QueuedMessage& message, int64_t deliveries_max, WallTime taken) = 0;
  enum class Fate : uint8_t {
    kAcked,
    kRetried,
    kStale,    // the lease was over: nothing has happened
    kUnknown,  // an earlier attempt to say so may have been stored, or the lease was over
    kDropped,  // delivered too often, and there is no dead-letter queue
  };
  struct Settlement {
    Fate fate;
    storage::Lease lease;
    WallTime settled;  // when it was stored
    WallTime due;      // of a retry: it must not be delivered again before
  };
  // That is durable.
  virtual void OnSettled(std::string_view queue, std::string_view id, const Settlement& settlement) = 0;
  // It was delivered too often, and has left for the dead-letter queue, where it is `letter`.
  virtual void OnDeadLettered(std::string_view queue, std::string_view id, std::string_view dead_letter_queue, std::string_view letter) = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_QUEUE_OBSERVER_H_
