// ServiceEvent: one event that a worker gets from another worker: a request or a call, from its sending to the end of its waitUntil tasks.
//
//   caller's fiber                      a fiber of the worker that is called
//   ServiceStub::Send --> Start ------> waits until what the same sender sent before has begun; Worker::Acquire, a new invocation
//   Wait                                Begin: the handler is called    Serve: until nobody needs the event any more
//     ^------- Reply, Refuse <--------  Finish: waitUntil, then what is left is cancelled
//
// No bytes, no HTTP: heads, bodies and messages are handed over. An end of the caller's cancels the event; its waitUntil tasks keep their
// own grace.
#ifndef EDGE_RUNTIME_WORKER_SERVICE_EVENT_H_
#define EDGE_RUNTIME_WORKER_SERVICE_EVENT_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "runtime/base/time.h"
#include "runtime/fiber/event.h"
#include "runtime/worker/service_entry.h"

namespace edge::worker {

class Worker;
class WorkerIsolate;
struct Invocation;

class ServiceEvent : public std::enable_shared_from_this<ServiceEvent> {
 public:
  // `worker` is borrowed and outlives it; `key` is causal; `depth` as web::FetchRequest.
  ServiceEvent(Worker& worker, std::shared_ptr<const ServiceEntry> entry, uint64_t key, uint32_t depth);
  virtual ~ServiceEvent() = default;

  struct Departure {
    std::shared_ptr<ServiceEvent> before;  // what has to begin first; null: nothing
    Duration delay;                        // an adversary's
    uint64_t line = 0;                     // for ExecutionObserver::OnCallBegan
    uint64_t number = 0;
  };
  // Begins the life on the other side; where no fiber can be had it is refused. Once.
  void Start(Departure departure);
  // There will be no answer. Does nothing after the answer. Does not suspend.
  virtual void Refuse(const absl::Status& why) = 0;
  // The caller will hear that the connection was lost, whatever comes back.
  void LoseAnswer() { answer_lost_ = true; }

  uint64_t key() const { return key_; }
  // Its handler was called, or never will be.
  bool has_begun() const { return begun_.is_set(); }

 protected:
  // Calls the handler; has called SetBegun by the time it waits for something that the handler does. MAY SUSPEND.
  virtual void Begin(WorkerIsolate& isolate, Invocation& invocation) = 0;
  // Goes on until the event is over but for waitUntil. MAY SUSPEND.
  virtual void Serve(WorkerIsolate& isolate, Invocation& invocation) = 0;
  // Nobody wants it any more: if it has not begun, it never will.
  virtual bool unwanted() const = 0;
  virtual std::string_view kind() const = 0;

  void SetBegun();
  // The caller has lost interest: what the handler waits for ends. Does not suspend.
  void LoseCaller();
  // Nothing but waitUntil is to be waited for any more. Idempotent.
  void EndOnce();
  // Serve and Begin look at the state again.
  void Wake();
  bool answer_lost() const { return answer_lost_; }
  const ServiceEntry& entry() const { return *entry_; }
  Worker& worker() { return worker_; }
  // Valid between the beginning and the end of the event; null otherwise.
  WorkerIsolate* isolate() { return isolate_; }
  Invocation* invocation() { return invocation_; }

 private:
  void Run();
  void RunIn(WorkerIsolate& isolate, Invocation& invocation);
  // The platform may cancel an event at any time.
  void ConsiderCancel();

  Worker& worker_;
  const std::shared_ptr<const ServiceEntry> entry_;
  const uint64_t key_;
  const uint32_t depth_;
  Departure departure_;
  Event begun_;
  bool answer_lost_ = false;
  bool caller_lost_ = false;
  bool ending_ = false;
  WorkerIsolate* isolate_ = nullptr;
  Invocation* invocation_ = nullptr;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_EVENT_H_
