// Node: one running edge: a worker behind an HTTP server, from the first isolate to the last response.
//
// It takes everything it touches through its seams and cannot know whether they are the machine's or a simulation's: `edge serve` makes
// one, `edge sim` makes several in one process.
//
//   StartWorker --> the first isolate; Listen --> serves; Stop: no new connections, requests in flight finish, waitUntil
//   too
#ifndef EDGE_RUNTIME_NODE_NODE_H_
#define EDGE_RUNTIME_NODE_NODE_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "net/http/client.h"
#include "net/http/server.h"
#include "runtime/node/seams.h"
#include "runtime/worker/http_front.h"
#include "runtime/worker/worker.h"

namespace edge {

struct NodeOptions {
  Endpoint listen;
  worker::ErrorDetail detail = worker::ErrorDetail::kHidden;
  Duration drain_time = Duration::Seconds(30);  // how long Stop lets requests in flight go on
  http::ServerLimits server;
  worker::IsolateNursery* nursery = nullptr;  // borrowed; warm isolates; null: every start is cold
  http::ClientLimits client;
  worker::ExecutionObserver* observer = nullptr;  // borrowed; null: nobody
  // Puts a handler of its own between the server and the worker (recording, watching); null: none.
  absl::AnyInvocable<std::unique_ptr<http::Handler>(http::Handler& worker)> decorate = nullptr;
};

class Node {
 public:
  // `seams` are copied; what they and the options refer to and `log` outlive the node.
  Node(const Seams& seams, worker::Log& log, std::shared_ptr<const worker::WorkerCode> code, NodeOptions options);
  ~Node();  // REQUIRES: not started, or Stop has returned

  // So that code that cannot start is told at once. Errors as WorkerIsolate::Start; then nothing runs. MAY SUSPEND.
  absl::Status StartWorker();
  // Begins to serve. Errors as Network::Listen; then nothing runs. REQUIRES: StartWorker has returned OK.
  absl::Status Listen();
  // Valid after Listen, with the real port.
  const Endpoint& local() const { return local_; }

  // Finishes what is in flight (at most drain_time) and ends the worker. kDeadlineExceeded: some requests were cut off. When the caller's
  // incarnation has crashed it returns at once, with everything ended. MAY SUSPEND.
  absl::Status Stop();

  worker::Worker& worker() { return *worker_; }
  const http::Server* server() const { return server_.get(); }

 private:
  http::Handler& Handler();

  const Seams seams_;
  NodeOptions options_;
  http::Client client_;  // what the worker's fetch() goes through
  worker::ClientSender sender_;
  std::unique_ptr<worker::Worker> worker_;
  std::unique_ptr<worker::HttpFront> front_;
  std::unique_ptr<http::Handler> decorator_;  // null if there is none
  std::unique_ptr<http::Server> server_;      // null until Listen
  Endpoint local_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_NODE_H_
