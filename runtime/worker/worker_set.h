// WorkerSet: the workers of one node, by name. The first one gets the HTTP traffic; the others are reached through bindings.
//
//   HttpFront --> front()                    a binding's stub --> Find("billing") --> Worker::Acquire, ObjectDirectory::Deliver
//
// Each worker has isolates, limits, an environment and objects of its own; what they share is the node: its scheduler, its store, its way
// out. They end together, in steps: a worker that has nothing to do any more may still be called by another one.
#ifndef EDGE_RUNTIME_WORKER_WORKER_SET_H_
#define EDGE_RUNTIME_WORKER_WORKER_SET_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "runtime/worker/worker.h"
#include "runtime/worker/worker_code.h"
#include "runtime/worker/worker_services.h"
#include "storage/store/object_store.h"

namespace edge::worker {

class WorkerSet {
 public:
  // A worker for each code. REQUIRES: at least one, and no two of a name (CheckWorkerNames). What the services refer to outlives the set.
  WorkerSet(const WorkerServices& services, const WorkerCodes& codes);
  ~WorkerSet();  // REQUIRES: Shutdown has returned, or Start was not called

  // As Worker::UseStore, for all.
  void UseStore(storage::ObjectStore& store);
  // Starts them one after the other. Errors as WorkerIsolate::Start, with the worker's name in front if there are several; a binding
  // that names an entrypoint which the other worker does not export is kInvalidArgument too. MAY SUSPEND.
  absl::Status Start();
  // Waits for what they still do, then ends all objects, then all isolates. REQUIRES: no event from outside is running. MAY SUSPEND.
  void Shutdown();

  Worker& front() { return *workers_.front(); }
  // Null: no worker is called that.
  Worker* Find(std::string_view name);
  std::span<const std::unique_ptr<Worker>> all() const { return workers_; }

  // As storage::StoreObserver, whoever is told.
  void OnLost(const storage::ObjectKey& id, uint64_t epoch, const absl::Status& why);
  void OnAlarmsChanged();

 private:
  // Bindings name entrypoints that exist.
  absl::Status CheckEntrypoints();

  std::vector<std::unique_ptr<Worker>> workers_;  // in the order given
};

// kInvalidArgument: there is none, or two have the same name; the text names it.
absl::Status CheckWorkerNames(const WorkerCodes& codes);
// Whether any of them keeps something in the store.
bool NeedStore(const WorkerCodes& codes);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_SET_H_
