// ObjectDirectory: which Durable Objects of a worker are live on this node: starts them at their first event, ends those that are idle or
// broken, wakes those whose alarm is due.
//
//   ObjectStub::Send --> Deliver(id, event) --> live: LiveObject::Deliver
//                                               else: a fiber makes the LiveObject, hands it what has come meanwhile, activates it
//
// An object that ends leaves the directory at once: the next event begins a new activation, while a fiber of the directory sees the old one
// to its end. One fiber sweeps idle objects, one follows the store's alarms: neither needs a timer per object. Contract: contract
// sheet 3.2, 3.7, 3.9.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_DIRECTORY_H_
#define EDGE_RUNTIME_WORKER_OBJECT_DIRECTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/log.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/open_databases.h"
#include "runtime/worker/worker_code.h"
#include "runtime/worker/worker_services.h"
#include "storage/store/object_store.h"

namespace edge::worker {

class ObjectAlarms;
class ObjectSockets;
class Worker;

class ObjectDirectory {
 public:
  // All borrowed.
  ObjectDirectory(const WorkerServices& services, Worker& worker, const WorkerCode& code);
  ~ObjectDirectory();  // REQUIRES: Shutdown has returned

  // Where the objects' state is. Before Start; without it no object can be used.
  void UseStore(storage::ObjectStore* store) { store_ = store; }
  // Begins to wake objects for their alarms.
  void Start();
  // Ends all objects: what is running gets "Network connection lost.". MAY SUSPEND.
  void Shutdown();

  // One event for the object; it will be answered, or refused. Returns what stubs that have reached this activation share. Does not
  // suspend.
  std::shared_ptr<Breakage> Deliver(const ObjectClass& object_class, const storage::ObjectKey& id, std::string_view name,
                                    std::shared_ptr<ObjectEvent> event);
  // Null: none of that name.
  const ObjectClass* FindClass(std::string_view name) const;
  const ObjectClass* ClassOfSpace(std::string_view space) const;

  // Runs `f` on a fiber that is cancelled with the directory, not with whoever asks for it. False: no fiber could be had.
  bool Spawn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> f);

  // As storage::StoreObserver, whoever is told.
  void OnLost(const storage::ObjectKey& id, uint64_t epoch, const absl::Status& why);
  void OnAlarmsChanged();

  // --- for LiveObject ---
  const WorkerServices& services() const { return services_; }
  const WorkerCode& code() const { return code_; }
  Worker& worker() { return worker_; }
  storage::ObjectStore* store() { return store_; }
  ObjectSockets& sockets() { return *sockets_; }
  OpenDatabases& databases() { return databases_; }
  void OnEnded(LiveObject& object);
  // A handler of the class has been called.
  void CountEntry(const ObjectClass& object_class) { ++events_[object_class.name]; }
  // How often, by class; what never was is not in it.
  const std::map<std::string, uint64_t>& entries() const { return events_; }
  // An event of it is over: it may have become idle.
  void OnQuieter(LiveObject& object);
  void Report(Severity severity, const LiveObject& object, std::string_view text);

  size_t live() const { return live_; }
  // Objects that are not live and have connected WebSockets.
  size_t hibernating() const;
  // Hibernatable ones, of all objects.
  size_t web_sockets() const;
  // Activations since the start.
  uint64_t activations() const { return activations_; }

 private:
  struct Entry {
    const ObjectClass* object_class = nullptr;
    std::string name;
    std::vector<std::shared_ptr<ObjectEvent>> waiting;  // until `live` is there
    bool overload_reported = false;                     // of these
    std::shared_ptr<Breakage> breakage = std::make_shared<Breakage>();
    std::unique_ptr<LiveObject> live;
  };

  bool SpawnOwn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> f);
  void MakeLive(const storage::ObjectKey& id, uint64_t key);
  void Sweep();

  const WorkerServices& services_;
  Worker& worker_;
  const WorkerCode& code_;
  storage::ObjectStore* store_ = nullptr;
  std::map<storage::ObjectKey, Entry> entries_;
  size_t live_ = 0;
  size_t ending_ = 0;
  std::vector<std::shared_ptr<LiveObject>> ended_late_;  // for want of a fiber
  uint64_t activations_ = 0;
  bool closing_ = false;
  bool sweeping_ = false;
  Instant next_sweep_ = Instant::Infinite();
  Event sweep_sooner_;
  OpenDatabases databases_;
  std::unique_ptr<ObjectAlarms> alarms_;
  std::unique_ptr<ObjectSockets> sockets_;
  TaskGroup fibers_;                        // objects begin and end on them
  TaskGroup helpers_;                       // the others
  std::map<std::string, uint64_t> events_;  // that have begun, by class
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_DIRECTORY_H_
