#include "runtime/main/serve.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/application/application.h"
#include "runtime/main/metrics.h"
#include "runtime/main/services.h"
#include "runtime/main/state_directory.h"
#include "runtime/node/node.h"
#include "runtime/node/recording_handler.h"
#include "runtime/node/request_log_writer.h"
#include "runtime/operate/admin.h"
#include "runtime/operate/control.h"
#include "runtime/operate/request_meter.h"

namespace edge::cli {
namespace {

// What the user reads when the server is up.
std::string Greeting(const Command& command, const std::vector<Application>& applications, const Endpoint& local, const std::string& state,
                     const Process& process) {
  const std::string url = absl::StrCat("http://", local.ToString());
  const Application& application = applications.front();
  std::string text = absl::StrCat("edge serves ", application.code.name, " at ", url, "\n");
  const std::string program = ProgramAsTyped(process);
  switch (application.kind) {
    case Application::Kind::kExample:
      absl::StrAppend(&text, "There is no application in this folder, so this is the example that comes with edge: a chat. Try:\n  open ",
                      url, "/ in two browser windows\n  curl ", url,
                      "/rooms/lobby/messages -d '{\"id\": \"1\", \"author\": \"me\", \"text\": \"hello\"}'\n", "What is said is kept in ",
                      state, ".\nStart your own: ", program, " init my-app, then ", program, " serve my-app");
      break;
    case Application::Kind::kSources:
    case Application::Kind::kBundle:
      absl::StrAppend(&text, "from ", application.directory,
                      command.mode == Command::Mode::kDevelopment ? " (--dev: errors are shown in the browser)" : "", ".");
      for (size_t i = 1; i < applications.size(); ++i) {
        absl::StrAppend(&text, "\nIn the same process: ", applications[i].code.name, " from ", applications[i].directory, ".");
      }
      absl::StrAppend(&text, " Ctrl-C stops it.");
      break;
  }
  return text;
}

std::string ListenAdvice(const absl::Status& status, const Command& command) {
  if (absl::IsAlreadyExists(status)) {
    return absl::StrCat("port ", command.port, " of ", command.host, " is in use. Stop the other program or choose another port: --port ",
                        command.port + 1, " (0: any free one)");
  }
  return absl::StrCat("cannot listen on ", command.host, ":", command.port, ": ", std::string(status.message()));
}

std::unique_ptr<http::Handler> Recorded(http::Handler& worker, const Command& command, const Seams& seams, RequestLogWriter& recording) {
  RecordingOptions options;
  if (command.secrets == Command::Secrets::kRecorded) options.secrets = RecordingOptions::Secrets::kRecorded;
  return std::make_unique<RecordingHandler>(worker, seams.clock, options,
                                            [&recording](const RecordedRequest& request) { recording.Append(request); });
}

bool IsLoopback(std::string_view host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }

}  // namespace

int Serve(const Command& command, const Seams& seams, Terminal& terminal, Event& stop) {
  if (command.log_format == Command::LogFormat::kJson) terminal.LogAsJson(seams.random.NextU64());
  ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  absl::StatusOr<std::vector<Application>> applications = loader.LoadAll(command.directories, command.environment);
  if (!applications.ok()) {
    terminal.Error(std::string(applications.status().message()));
    return kExitUsage;
  }
  for (const Application& application : *applications) {
    for (const std::string& notice : application.notices) terminal.Note(notice);
  }

  std::unique_ptr<RequestLogWriter> recording;  // null: nobody records
  NodeOptions options = {
      .listen = {command.host, command.port},
      .detail = command.mode == Command::Mode::kDevelopment ? worker::ErrorDetail::kShown : worker::ErrorDetail::kHidden};
  if (!command.record.empty()) {
    absl::StatusOr<std::unique_ptr<RequestLogWriter>> opened =
        RequestLogWriter::Open(seams.scheduler, seams.disk, terminal, loader.Absolute(command.record));
    if (!opened.ok()) {
      terminal.Error(absl::StrCat("cannot record requests: ", std::string(opened.status().message())));
      return kExitUsage;
    }
    recording = *std::move(opened);
    options.decorate = [&](http::Handler& worker) { return Recorded(worker, command, seams, *recording); };
  }
  Node* running = nullptr;  // for the route
  std::unique_ptr<ScheduledRoute> scheduled;
  if (command.test_scheduled) {
    options.decorate = [&, inner = std::move(options.decorate)](http::Handler& worker) mutable -> std::unique_ptr<http::Handler> {
      scheduled = std::make_unique<ScheduledRoute>(worker, running, seams.clock);
      return inner ? inner(*scheduled) : std::make_unique<ScheduledRoute>(worker, running, seams.clock);
    };
  }
  const bool has_admin = !command.admin_host.empty();
  operate::RequestCounts requests;
  if (has_admin) {
    options.decorate = [&, inner = std::move(options.decorate)](http::Handler& worker) mutable -> std::unique_ptr<http::Handler> {
      std::unique_ptr<http::Handler> handler = inner ? inner(worker) : std::make_unique<operate::BorrowedHandler>(worker);
      return std::make_unique<operate::RequestMeter>(std::move(handler), seams.clock, requests);
    };
  }
  options.store.directory = StateDirectory(command, seams);
  const std::string state = options.store.directory;
  Node node(seams, terminal, CodesOf(*applications), std::move(options));
  running = &node;
  if (const absl::Status started = node.StartWorkers(); !started.ok()) {
    terminal.Error(absl::StrCat("the worker does not start:\n", std::string(started.message())));
    return kExitUsage;
  }
  std::unique_ptr<operate::ControlServer> control;  // null: the worker has no state
  if (node.store() != nullptr) {
    control = std::make_unique<operate::ControlServer>(
        seams.scheduler, seams.network, seams.disk, *node.store(), [&node] { return CensusOf(node.workers()); },
        [&node, &seams](const operate::ServiceOperation& operation) { return AnswerServices(node, seams.clock.WallNow(), operation); },
        state);
    if (const absl::Status listens = control->Start(); !listens.ok()) {
      terminal.Note(absl::StrCat("edge objects and edge backup cannot reach this process: ", std::string(listens.message())));
    }
  }
  if (const absl::Status listens = node.Listen(); !listens.ok()) {
    terminal.Error(ListenAdvice(listens, command));
    if (control != nullptr) control->Stop();
    return kExitUsage;
  }
  operate::AdminServer admin(seams.scheduler, seams.network,
                             [&, started = seams.clock.WallNow()] { return MetricsOf(node, requests, seams, started); });
  if (has_admin) {
    if (const absl::Status listens = admin.Start({command.admin_host, command.admin_port}); !listens.ok()) {
      terminal.Error(absl::StrCat("cannot listen on the admin address ", Endpoint{command.admin_host, command.admin_port}.ToString(), ": ",
                                  std::string(listens.message())));
      if (control != nullptr) control->Stop();
      node.Stop().IgnoreError();
      return kExitUsage;
    }
    terminal.Note(absl::StrCat("metrics are at http://", admin.local().ToString(), "/metrics"));
    if (!IsLoopback(command.admin_host))
      terminal.Note("... for everybody who can reach that address: nobody is asked for a password there");
  }
  terminal.Note(Greeting(command, *applications, node.local(), state, seams.process));
  if (recording != nullptr) terminal.Note(absl::StrCat("requests are recorded in ", command.record));

  stop.Wait().IgnoreError();
  terminal.Note("edge stops: finishing the requests in flight");
  admin.Stop();
  if (control != nullptr) control->Stop();
  if (!node.Stop().ok()) terminal.Note("some requests did not finish within 30 s and were cut off");
  if (recording != nullptr) recording->Close();
  return kExitFine;
}

}  // namespace edge::cli
