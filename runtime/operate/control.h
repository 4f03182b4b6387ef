// The control socket: how an operator's command reaches the process that has a data directory open.
//
// ControlServer answers on a local socket in the data directory (only this user may connect); AskRunningProcess is the other end.
#ifndef EDGE_RUNTIME_OPERATE_CONTROL_H_
#define EDGE_RUNTIME_OPERATE_CONTROL_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/server.h"
#include "net/network.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/operate/operation.h"
#include "runtime/operate/service_operation.h"

namespace edge::operate {

class ControlServer {
 public:
  // Carries out what is asked of the services of this process. MAY SUSPEND.
  using Services = std::function<absl::StatusOr<std::string>(const ServiceOperation& operation)>;
  // All borrowed. `directory` is the data directory, `census` says what this process has in memory.
  ControlServer(Scheduler& scheduler, Network& network, Disk& disk, storage::ObjectStore& store, std::function<Population()> census,
                Services services, std::string_view directory);
  ~ControlServer();  // REQUIRES: not started, or Stop has returned

  // Errors as Network::Listen. MAY SUSPEND.
  absl::Status Start();
  // Lets running operations finish. Idempotent. MAY SUSPEND.
  void Stop();

 private:
  class Control;

  Scheduler& scheduler_;
  Network& network_;
  Disk& disk_;
  const std::string path_;  // of the socket
  std::unique_ptr<Control> handler_;
  std::unique_ptr<http::Server> server_;
};

// Asks the process that has `directory` open. kUnavailable: there is none. Other errors are the operation's. MAY SUSPEND.
absl::StatusOr<std::string> AskRunningProcess(Scheduler& scheduler, Network& network, std::string_view directory,
                                              const Operation& operation);
absl::StatusOr<std::string> AskRunningProcess(Scheduler& scheduler, Network& network, std::string_view directory,
                                              const ServiceOperation& operation);

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_CONTROL_H_
