// The queue event of a worker: a batch of messages for its queue() handler.
//
// One run: an isolate, the handler, what it has given to waitUntil; fifteen minutes for all of it. What was said about single messages
// survives whatever the handler's end is, also a limit's. Contract: contract sheet 7.2.
#ifndef EDGE_RUNTIME_WORKER_QUEUE_EVENT_H_
#define EDGE_RUNTIME_WORKER_QUEUE_EVENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "runtime/base/time.h"
#include "runtime/worker/batch_verdicts.h"
#include "runtime/worker/invocation.h"
#include "runtime/worker/queue_store.h"
#include "storage/queue/queue.h"

namespace edge::worker {

class Worker;

struct QueueEvent {
  std::string queue;
  std::span<const storage::QueuedMessage> messages;
  QueueMetrics metrics;
  Duration wall;     // for all of it
  uint64_t key = 0;  // causal
};

struct QueueResult {
  Outcome outcome = Outcome::kPending;
  Failure failure;                               // valid unless the outcome is kOk
  std::vector<BatchVerdicts::Verdict> verdicts;  // of each message
};

// Calls `done` once, when the outcome is known: after the waitUntil tasks, or before them under the compatibility flag
// queue_consumer_no_wait_for_wait_until. REQUIRES: the worker has been started. MAY SUSPEND; `done` may, too.
void RunQueueBatch(Worker& worker, const QueueEvent& event, absl::FunctionRef<void(QueueResult result)> done);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_QUEUE_EVENT_H_
