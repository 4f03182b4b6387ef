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
#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/random.h"
#include "runtime/worker/log.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/worker_code.h"
#include "runtime/worker/worker_isolate.h"
#include "runtime/worker/worker_services.h"

namespace edge::worker {

class Worker {
 public:
  // The code is shared by every worker that runs it, in simulations by many at once.
  Worker(const WorkerServices& services, std::shared_ptr<const WorkerCode> code);
  ~Worker();  // REQUIRES: Shutdown has returned

  // Where the state of its Durable Objects is kept; borrowed. Before Start; a worker that has classes of objects cannot use them without.
  void UseStore(storage::ObjectStore& store);
  // Its Durable Objects; null: its code has none.
  ObjectDirectory* objects() { return objects_.get(); }

  // Starts the first isolate, so that code that cannot start is told at once. Errors as WorkerIsolate::Start. MAY SUSPEND.
  absl::Status Start();

  // Requests and objects have isolates apart, as on the platform, where they are on different machines: module globals are not shared
  // between them, and a limit that one exceeds does not end the others.
  enum class Use : uint8_t { kRequests, kObjects };
  // An isolate for one more event, or for one object, counted until Release. Errors as WorkerIsolate::Start. MAY SUSPEND.
  absl::StatusOr<WorkerIsolate*> Acquire(Use use = Use::kRequests);
  // The isolate for an activation of an object, `key` (causal) by name. Objects share one in production; on the platform two objects of a
  // class may share an isolate or not, so an adversary may give this one an isolate of its own, which ends with the activation. Likewise.
  absl::StatusOr<WorkerIsolate*> AcquireForObject(uint64_t key);
  // The event that Acquire was called for is over; drops the isolate if it was condemned and this was its last. MAY SUSPEND.
  void Release(WorkerIsolate* isolate);

  // Runs `finish` (an invocation's waitUntil phase) on a fiber of the worker, so that the connection is free.
  void Detach(absl::AnyInvocable<void()> finish);
  // How long waitUntil work of the invocation may go on. The platform may drop it (contract sheet 1.5).
  Duration GraceOf(const Invocation& invocation);

  // Runs an event that another worker has sent on a fiber of the worker. False: none could be had.
  bool SpawnService(uint64_t key, std::string_view label, absl::AnyInvocable<void()> run);
  // Something that may be cut off when the worker ends.
  bool SpawnHelper(uint64_t key, std::string_view label, absl::AnyInvocable<void()> run);
  // Such an event is over but for its waitUntil tasks, until OnServiceEnded.
  void OnServiceEnding() { ++services_ending_; }
  void OnServiceEnded();
  // An entrypoint was entered: "rpc", "class Admin".
  void CountEntry(const std::string& what) { ++service_entries_[what]; }

  // Waits for detached work, then ends all objects and isolates: the three steps below. REQUIRES: no event is running. MAY SUSPEND.
  void Shutdown();
  // The steps of Shutdown, for a WorkerSet that takes each with all of its workers. MAY SUSPEND.
  void FinishDetached();
  void EndObjects();
  void EndIsolates();
  // There is detached work.
  bool finishing() const { return detached_.size() > 0 || services_ending_ > 0; }

  // Isolates that exist, condemned ones with running events among them.
  size_t isolates() const { return slots_.size(); }
  size_t heap_bytes() const;  // of them
  // What the worker's module exports: empty until Start has returned OK.
  const EntryPoints& entry_points() const { return entry_points_; }
  // How often events entered, by handler ("fetch") and class of objects ("class ChatRoom"); what never was is not in it.
  std::map<std::string, uint64_t> entries() const;
  const WorkerCode& code() const { return *code_; }
  Log& log() { return services_.log; }
  const WorkerServices& services() const { return services_; }

 private:
  struct Slot {
    std::unique_ptr<WorkerIsolate> isolate;
    Use use = Use::kRequests;
    size_t events = 0;
    bool alone = false;  // of one activation of an object; nobody else gets it
  };

  Slot* Pick(Use use);
  Slot* PickForObject();
  // It gets no further object if there is another way.
  bool IsFull(const Slot& slot) const;
  // REQUIRES: starting_ is held.
  absl::StatusOr<Slot*> StartOne(Use use, uint64_t number);

  const WorkerServices services_;
  const std::shared_ptr<const WorkerCode> code_;
  std::unique_ptr<ObjectDirectory> objects_;
  std::vector<std::unique_ptr<Slot>> slots_;
  FiberMutex starting_;  // one isolate starts at a time
  uint64_t next_number_ = 1;
  TaskGroup detached_;
  TaskGroup service_events_;
  TaskGroup helpers_;
  size_t services_ending_ = 0;
  Event service_ended_;
  std::map<std::string, uint64_t> service_entries_;
  EntryPoints entry_points_;
  uint64_t fetches_ = 0;    // of isolates that are gone
  uint64_t scheduled_ = 0;  // likewise
  uint64_t batches_ = 0;    // likewise
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_H_
