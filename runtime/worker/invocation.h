// Invocation: one event given to a worker (an HTTP request, an event of a Durable Object), from its first instruction to the end of its
// last waitUntil task.
//
// It owns what the event started: tasks (fibers that wait for input or output), timers, waitUntil promises and the CPU budget. When it
// ends, whatever is still running is cancelled: a promise that nobody handed to waitUntil may be dropped once the response is done
// (contract sheet 1.2). JavaScript refers to it by number, never by pointer, because a promise may settle long after its invocation is
// gone.
#ifndef EDGE_RUNTIME_WORKER_INVOCATION_H_
#define EDGE_RUNTIME_WORKER_INVOCATION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/js/isolate.h"
#include "runtime/seam/random.h"
#include "runtime/web/web.h"
#include "runtime/worker/outgoing_fetch.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

class BatchVerdicts;
class LiveObject;
class ServiceHold;
struct ServiceEntry;

// How an invocation's handler ended; names as the platform's tail outcomes (contract sheet 1.4).
enum class Outcome : uint8_t { kPending, kOk, kException, kExceededCpu, kExceededMemory, kHung, kCanceled };

struct Failure {
  Outcome outcome = Outcome::kException;
  std::string message;  // one line
  std::string stack;    // as shown to the developer: message and frames in the user's own files; may be empty
};

struct Invocation {
  Invocation(Scheduler& scheduler, uint64_t id, uint64_t key, const WorkerLimits& limits)
      : id(id),
        key(key),
        cpu{limits.InstructionsOf(limits.cpu)},
        subrequests(limits.subrequests_max, limits.connections_max),
        tasks(scheduler),
        progress(scheduler) {}

  const uint64_t id;                    // in its isolate
  const uint64_t key;                   // causal: names what the event starts
  uint64_t children = 0;                // fibers started so far, for their keys
  std::unique_ptr<Random> random;       // null until the event draws
  js::CpuBudget cpu;                    // what is left of its CPU limit
  Outcome outcome = Outcome::kPending;  // of the handler's promise
  Failure failure;                      // valid if the outcome is a failure
  Failure wait_until_failure;           // the first of what waitUntil was given; no message: none failed
  BatchVerdicts* batch = nullptr;       // of a queue event, until it is over: what its handler says; null: anything else
  bool no_retry = false;                // a scheduled event's handler has said so
  web::OutgoingResponse response;       // valid if the outcome is kOk

  // The response body being streamed: set by the reaction to a read.
  enum class Chunk : uint8_t { kNone, kWaiting, kReady, kEnd, kFailed };
  Chunk chunk_state = Chunk::kNone;
  std::string chunk;

  // Of events of a Durable Object: whose; null: a request to the worker. Its timers, tasks and fetches belong to the object and may outlive
  // the event; its CPU time is the object's.
  LiveObject* object = nullptr;
  bool over = false;                // the event itself has ended
  uint64_t storage_operations = 0;  // so far, for their keys
  uint32_t depth = 0;               // events of workers and objects, one inside of the other, that have led to this one
  uint32_t service_operations = 0;  // so far, against their limit

  // Of an event that another worker has sent: what of the worker it is for; null: anything else. Constant once it has begun.
  const ServiceEntry* entry = nullptr;
  std::weak_ptr<ServiceHold> session;  // ... and what keeps it going, if it is a call
  absl::Status thrown;                 // ... and what its fetch handler threw, for the caller
  std::deque<uint64_t> calls_in;       // of what it has given away: in the order in which they came, not begun yet

  size_t timers_pending = 0;
  uint64_t timers_started = 0;
  size_t wait_until_pending = 0;
  size_t web_sockets = 0;    // accepted, and not over yet
  bool started = false;      // the handler has been called; until then the event may go to another isolate
  bool finished = false;     // no JavaScript runs on its behalf any more
  bool client_gone = false;  // nobody waits for the response

  Subrequests subrequests;
  std::vector<std::shared_ptr<InvocationFetch>> fetches;  // not over yet, or not long ago; closed at the end

  TaskGroup tasks;
  Event progress;      // something that the waiting fiber looks at has changed: WorkerIsolate::AwaitProgress
  size_t waiting = 0;  // fibers that await it
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_INVOCATION_H_
