// AppNode: one machine of a simulated world running the application: a real Node on simulated seams, started again after each crash.
//
// Around the node: its log and its worker's executions go into the recorder, and a watching handler notes which requests the worker has
// begun and how their answers ended, named by the client's CF-Ray header; that is what lets a check tell a platform's mistake from a fault.
#ifndef EDGE_SIM_SCENARIO_APP_NODE_H_
#define EDGE_SIM_SCENARIO_APP_NODE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fiber/event.h"
#include "runtime/node/node.h"
#include "runtime/worker/isolate_nursery.h"
#include "runtime/worker/worker_code.h"
#include "sim/machine/machine.h"
#include "sim/scenario/cron_ledger.h"
#include "sim/scenario/kv_ledger.h"
#include "sim/scenario/object_ledger.h"
#include "sim/scenario/queue_ledger.h"
#include "sim/world.h"

namespace edge::sim {

// What happened to one attempt at a node, by ray.
struct Served {
  std::string node;
  uint64_t incarnation = 0;
  Instant begin;
  Instant end;
  enum class End : uint8_t { kRunning, kAnswered, kCutOff } ended = End::kRunning;
  int times = 0;  // that the worker began it: more than once is the platform's mistake
};

// How a worker's handler ended otherwise than well.
struct Incident {
  Instant time;
  std::string node;
  worker::Outcome outcome = worker::Outcome::kOk;
  std::string message;
  uint64_t key = 0;
};

// What the nodes of a run have in common.
struct NodeLedger {
  explicit NodeLedger(World& world);

  std::map<uint64_t, Served> served;  // by ray
  std::vector<Incident> incidents;
  uint64_t entered = 0;                     // events whose handler has been called
  worker::EntryPoints entry_points;         // what the workers export
  std::map<std::string, uint64_t> entries;  // how often events entered, by handler
  std::vector<std::string> problems;        // a node that could not start, a stop that was not clean
  ObjectLedger objects;
  KvLedger kv;
  CronLedger crons;
  QueueLedger queues;
};

// Plants a mistake in the platform, for tests of the checks: what one incarnation of a node uses instead of its seams and options.
class NodeTamper {
 public:
  using Factory = std::function<std::unique_ptr<NodeTamper>(const Seams& seams)>;
  virtual ~NodeTamper() = default;
  virtual Seams Tampered(const Seams& seams) { return seams; }
  virtual void Tamper(NodeOptions& options) {}
};

class AppNode {
 public:
  // All borrowed.
  AppNode(World& world, Machine& machine, worker::WorkerCodes codes, worker::IsolateNursery* nursery, NodeLedger& ledger,
          NodeTamper::Factory tamper);
  ~AppNode();  // REQUIRES: the machine is down

  // Starts the machine, and the node again each time it is started, or ends with an error. MAY SUSPEND.
  void Start();
  // Waits until it listens. kDeadlineExceeded; kFailedPrecondition: the worker cannot start. MAY SUSPEND.
  absl::Status WaitUntilServing(Instant deadline);
  // Asks the running incarnation to finish what it does and end. MAY SUSPEND.
  absl::Status StopGracefully(Instant deadline);
  // From now on one that ends by itself is not started again. MAY SUSPEND.
  void LeaveDown();
  // What a restart would find on the disk goes into the ledger of objects. REQUIRES: the machine is down, or has just been started.
  void LookAtState();
  // The node's own.
  WallTime WallNow() const { return world_.clock().WallNow() + machine_.skew(); }

  Machine& machine() { return machine_; }
  static constexpr uint16_t kPort = 8787;

 private:
  class SimLog;
  class Watcher;
  class WatchingHandler;
  class ObjectWatcher;
  struct Incarnation;

  void Run(const Seams& seams);
  // What the workers export, and how often they were entered, goes into the ledger.
  void NoteEntries(worker::WorkerSet& workers);
  storage::StoreOptions StoreOf() const;
  // As a supervisor does with a process that has ended with an error: it is started again, a little later.
  void StartAgainLater();
  // A start may fail because of the disk's faults; otherwise it is the application's fault.
  bool DiskTrouble() const;
  // An outside service has taken a request and never answers it.
  bool ServiceHangs() const;

  World& world_;
  Machine& machine_;
  const worker::WorkerCodes codes_;
  worker::IsolateNursery* const nursery_;
  NodeLedger& ledger_;
  const NodeTamper::Factory tamper_;
  Incarnation* running_ = nullptr;  // null while down
  edge::Event serving_;
  absl::Status start_status_;
  storage::StoreOptions store_;  // of the last incarnation
  uint64_t restarts_ = 0;
  int supervisors_ = 0;
  bool leave_down_ = false;
  edge::Event left_down_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_APP_NODE_H_
