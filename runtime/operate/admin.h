// AdminServer: what a running process says of itself over HTTP, at an address of its own: GET /metrics.
//
// It asks nobody who they are: it belongs on a loopback address, or behind something that asks.
#ifndef EDGE_RUNTIME_OPERATE_ADMIN_H_
#define EDGE_RUNTIME_OPERATE_ADMIN_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "net/http/server.h"
#include "net/network.h"
#include "runtime/fiber/scheduler.h"

namespace edge::operate {

class AdminServer {
 public:
  // In Prometheus' text format (MetricsText). MAY SUSPEND.
  using Metrics = std::function<std::string()>;

  // All borrowed, but for `metrics`.
  AdminServer(Scheduler& scheduler, Network& network, Metrics metrics);
  ~AdminServer();  // REQUIRES: Stop has returned, or Start has not returned OK

  // Errors as Network::Listen.
  absl::Status Start(const Endpoint& listen);
  // With the real port; valid after Start.
  const Endpoint& local() const { return local_; }
  // Answers what is under way. Idempotent. MAY SUSPEND.
  void Stop();

 private:
  class Pages;

  Scheduler& scheduler_;
  Network& network_;
  const std::unique_ptr<http::Handler> pages_;
  std::unique_ptr<http::Server> server_;  // null unless it serves
  Endpoint local_;
};

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_ADMIN_H_
