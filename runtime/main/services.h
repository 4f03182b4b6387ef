// `edge kv`, `edge cron run`, and /cdn-cgi/handler/scheduled: what operators and developers ask of KV and cron.
#ifndef EDGE_RUNTIME_MAIN_SERVICES_H_
#define EDGE_RUNTIME_MAIN_SERVICES_H_

#include <string>

#include "absl/status/statusor.h"
#include "net/http/server.h"
#include "runtime/main/command_line.h"
#include "runtime/node/node.h"
#include "runtime/node/seams.h"
#include "runtime/operate/service_operation.h"
#include "runtime/terminal/terminal.h"

namespace edge::cli {

// The command itself: asks the process that serves, or opens the state (KV only). The exit code. MAY SUSPEND.
int OperateServices(const Command& command, const Seams& seams, Terminal& terminal);

// The other end: in the process that serves. Errors as operate::OperateKv and CronService::RunNow. MAY SUSPEND.
absl::StatusOr<std::string> AnswerServices(Node& node, WallTime now, const operate::ServiceOperation& operation);

// Runs the scheduled handler of the first worker for GET /cdn-cgi/handler/scheduled?cron=TEXT&time=MS (both may be missing) and answers
// with its outcome; everything else goes to the worker. For development: anybody who reaches the port may ask.
class ScheduledRoute final : public http::Handler {
 public:
  // `worker` is borrowed; `node` is set before the first request.
  ScheduledRoute(http::Handler& worker, Node* const& node, const Clock& clock) : worker_(worker), node_(node), clock_(clock) {}
  void Handle(http::Exchange& exchange) override;

 private:
  http::Handler& worker_;
  Node* const& node_;
  const Clock& clock_;
};

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_SERVICES_H_
