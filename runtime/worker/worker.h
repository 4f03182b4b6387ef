// Worker: one deployed worker: its code and the isolates that run it.
//
// An event goes to an isolate that is neither condemned nor stuck in a long computation; if there is none, a new one is started, up to a
// limit; beyond that events wait for the isolate with the fewest. Many isolates of one worker exist at once on the platform too, so
// module globals persist only sometimes (contract sheet 1.2).
#ifndef EDGE_RUNTIME_WORKER_WORKER_H_
#define EDGE_RUNTIME_WORKER_WORKER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/random.h"
#include "runtime/worker/log.h"
#include "runtime/worker/worker_code.h"
#include "runtime/worker/worker_isolate.h"
#include "runtime/worker/worker_services.h"

namespace edge::worker {

class Worker {
 public:
  // The code is shared by every worker that runs it, in simulations by many at once.
  Worker(const WorkerServices& services, std::shared_ptr<const WorkerCode> code);
  ~Worker();  // REQUIRES: Shutdown has returned

  // Starts the first isolate, so that code that cannot start is told at once. Errors as WorkerIsolate::Start. MAY SUSPEND.
  absl::Status Start();

  // An isolate for one more event, counted until Release. Errors as WorkerIsolate::Start. MAY SUSPEND.
  absl::StatusOr<WorkerIsolate*> Acquire();
  // The event that Acquire was called for is over; drops the isolate if it was condemned and this was its last. MAY SUSPEND.
  void Release(WorkerIsolate* isolate);

  // Runs `finish` (an invocation's waitUntil phase) on a fiber of the worker, so that the connection is free.
  void Detach(absl::AnyInvocable<void()> finish);

  // Waits for detached work, then ends all isolates. REQUIRES: no event is running. MAY SUSPEND.
  void Shutdown();

  // Isolates that exist, condemned ones with running events among them.
  size_t isolates() const { return slots_.size(); }
  // What the worker's module exports: empty until Start has returned OK.
  const EntryPoints& entry_points() const { return entry_points_; }
  // How often events entered, by handler ("fetch"; others cannot be entered yet); what never was is not in it.
  std::map<std::string, uint64_t> entries() const;
  const WorkerCode& code() const { return *code_; }
  Log& log() { return services_.log; }
  const WorkerServices& services() const { return services_; }

 private:
  struct Slot {
    std::unique_ptr<WorkerIsolate> isolate;
    size_t events = 0;
  };

  Slot* Pick();

  const WorkerServices services_;
  const std::shared_ptr<const WorkerCode> code_;
  std::vector<std::unique_ptr<Slot>> slots_;
  FiberMutex starting_;  // one isolate starts at a time
  uint64_t next_number_ = 1;
  TaskGroup detached_;
  EntryPoints entry_points_;
  uint64_t fetches_ = 0;  // of isolates that are gone
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_H_
