// Node: one running edge: workers behind an HTTP server, from the first isolate to the last response. The first worker gets the traffic.
//
// It takes everything it touches through its seams and cannot know whether they are the machine's or a simulation's: `edge serve` makes
// one, `edge sim` makes several in one process.
//
//   StartWorkers --> recovers the data directory, the first isolates; Listen --> serves; Stop: no new connections, requests in flight
//   finish, waitUntil too
#ifndef EDGE_RUNTIME_NODE_NODE_H_
#define EDGE_RUNTIME_NODE_NODE_H_

#include <memory>
#include <span>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "net/http/client.h"
#include "net/http/server.h"
#include "runtime/node/cron_service.h"
#include "runtime/node/eventual_kv.h"
#include "runtime/node/kv_service.h"
#include "runtime/node/queue_service.h"
#include "runtime/node/seams.h"
#include "runtime/worker/http_front.h"
#include "runtime/worker/object_observer.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/worker.h"
#include "runtime/worker/worker_set.h"
#include "storage/store/object_store.h"

namespace edge {

struct NodeOptions {
  Endpoint listen;
  worker::ErrorDetail detail = worker::ErrorDetail::kHidden;
  Duration drain_time = Duration::Seconds(30);  // how long Stop lets requests in flight go on
  http::ServerLimits server;
  worker::IsolateNursery* nursery = nullptr;  // borrowed; warm isolates; null: every start is cold
  http::ClientLimits client;
  worker::ExecutionObserver* observer = nullptr;  // borrowed; null: nobody
  // Where Durable Objects, KV and queues are kept, if a worker has any; `store.directory` empty: nowhere, and they cannot be used.
  storage::StoreOptions store;
  const worker::Plants* plants = nullptr;     // borrowed; null, but in tests of the simulation
  worker::ObjectObserver* objects = nullptr;  // borrowed; null: nobody watches Durable Objects
  // Where reads of KV come from: in production from here, in a simulation from any place of the platform.
  enum class KvPlaces : uint8_t { kHere, kAnywhere } kv_places = KvPlaces::kHere;
  KvObserver* kv = nullptr;         // borrowed; null: nobody watches KV; kAnywhere only
  CronObserver* crons = nullptr;    // borrowed; null: nobody watches cron
  QueueObserver* queues = nullptr;  // borrowed; null: nobody watches queues
  // Puts a handler of its own between the server and the worker (recording, watching); null: none.
  absl::AnyInvocable<std::unique_ptr<http::Handler>(http::Handler& worker)> decorate = nullptr;
};

class Node {
 public:
  // `seams` are copied; what they and the options refer to and `log` outlive the node. `codes` as WorkerSet.
  Node(const Seams& seams, worker::Log& log, worker::WorkerCodes codes, NodeOptions options);
  ~Node();  // REQUIRES: not started, or Stop has returned

  // So that code that cannot start, or state that cannot be read, is told at once. Errors as WorkerIsolate::Start and ObjectStore::Open;
  // then nothing runs. MAY SUSPEND.
  absl::Status StartWorkers();
  // Begins to serve. Errors as Network::Listen; then nothing runs. REQUIRES: StartWorkers has returned OK.
  absl::Status Listen();
  // Valid after Listen, with the real port.
  const Endpoint& local() const { return local_; }

  // Finishes what is in flight (at most drain_time) and ends the workers. kDeadlineExceeded: some requests were cut off. When the caller's
  // incarnation has crashed it returns at once, with everything ended. MAY SUSPEND.
  absl::Status Stop();

  worker::WorkerSet& workers() { return workers_; }
  // Null: the workers have nothing to keep, or they have not been started.
  storage::ObjectStore* store() { return store_.get(); }
  // Of the workers that have cron expressions; none until they are started.
  std::span<const std::unique_ptr<CronService>> crons() const { return crons_; }
  KvService& kv() { return kv_; }
  QueueService& queues() { return queues_; }
  const http::Server* server() const { return server_.get(); }

 private:
  // What the store has to say.
  class Keeper;

  http::Handler& Handler();
  absl::Status OpenStore();
  absl::Status StartCrons();
  absl::Status StartQueues();
  worker::WorkerServices ServicesOf();
  // Ends the workers and gives their state back.
  absl::Status Close();

  const Seams seams_;
  worker::Log& log_;
  const worker::WorkerCodes codes_;
  NodeOptions options_;
  http::Client client_;  // what the workers' fetch() goes through
  worker::ClientSender sender_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<storage::ObjectStore> store_;  // null if there is nothing to keep
  KvService kv_;
  QueueService queues_;
  std::unique_ptr<EventualKv> anywhere_;  // null: reads of KV come from here
  worker::WorkerSet workers_;
  std::vector<std::unique_ptr<CronService>> crons_;
  worker::HttpFront front_;
  std::unique_ptr<http::Handler> decorator_;  // null if there is none
  std::unique_ptr<http::Server> server_;      // null until Listen
  Endpoint local_;
  Instant drain_until_;  // of Stop
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_NODE_H_
