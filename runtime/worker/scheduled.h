// The scheduled event of a worker: what a cron trigger starts.
//
// One run: an isolate, the handler, what it has given to waitUntil; fifteen minutes for all of it. Its outcome is the first failure among
// them. Contract: contract sheet 9.1.
#ifndef EDGE_RUNTIME_WORKER_SCHEDULED_H_
#define EDGE_RUNTIME_WORKER_SCHEDULED_H_

#include <string>

#include "runtime/base/time.h"
#include "runtime/worker/invocation.h"

namespace edge::worker {

class Worker;

struct ScheduledEvent {
  std::string cron;    // the expression, as the configuration writes it
  WallTime scheduled;  // when it was due
  Duration cpu;        // what it may compute
};

struct ScheduledResult {
  Outcome outcome = Outcome::kPending;
  Failure failure;    // valid unless the outcome is kOk
  bool retry = true;  // the handler has not called noRetry()
};

// REQUIRES: the worker has been started. MAY SUSPEND.
ScheduledResult RunScheduled(Worker& worker, const ScheduledEvent& event);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SCHEDULED_H_
