// QueueStore: the queues of a node, as code that sends to them sees them.
#ifndef EDGE_RUNTIME_WORKER_QUEUE_STORE_H_
#define EDGE_RUNTIME_WORKER_QUEUE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "storage/queue/queue.h"

namespace edge::worker {

// Who asks.
struct QueueCaller {
  uint64_t key = 0;         // causal, of this operation
  uint64_t invocation = 0;  // causal, of the event that it belongs to
};

// What a queue holds, messages in flight and delayed ones included.
struct QueueMetrics {
  uint64_t messages = 0;
  uint64_t bytes = 0;              // of their bodies
  std::optional<WallTime> oldest;  // when the oldest was sent
};

struct OutgoingMessage {
  storage::MessageFormat format = storage::MessageFormat::kJson;
  std::string body;
  Duration delay;
};

// Errors of both: kUnavailable: the connection was lost, and the messages may have been stored; kResourceExhausted: the queue takes no
// more; kUnimplemented: the node keeps no state; kInternal: everything else, which the log explains. MAY SUSPEND.
class QueueStore {
 public:
  virtual ~QueueStore() = default;
  // Durable when it returns OK: all of them, or none.
  virtual absl::StatusOr<QueueMetrics> Send(std::string_view queue, std::vector<OutgoingMessage> messages, const QueueCaller& caller) = 0;
  virtual absl::StatusOr<QueueMetrics> Metrics(std::string_view queue, const QueueCaller& caller) = 0;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_QUEUE_STORE_H_
