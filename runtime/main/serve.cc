#include "runtime/main/serve.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/application/application.h"
#include "runtime/node/node.h"
#include "runtime/node/recording_handler.h"
#include "runtime/node/request_log_writer.h"

namespace edge::cli {
namespace {

// What the user reads when the server is up.
std::string Greeting(const Command& command, const Application& application, const Endpoint& local, const Process& process) {
  const std::string url = absl::StrCat("http://", local.ToString());
  std::string text = absl::StrCat("edge serves ", application.code.name, " at ", url, "\n");
  const std::string program = ProgramAsTyped(process);
  switch (application.kind) {
    case Application::Kind::kExample:
      absl::StrAppend(&text, "There is no application in this folder, so this is the example that comes with edge. Try:\n  curl ", url,
                      "/api/hello?name=you\n  open ", url, "/ in a browser\nStart your own: ", program, " init my-app, then ", program,
                      " serve my-app");
      break;
    case Application::Kind::kSources:
    case Application::Kind::kBundle:
      absl::StrAppend(&text, "from ", application.directory,
                      command.mode == Command::Mode::kDevelopment ? " (--dev: errors are shown in the browser)" : "", ". Ctrl-C stops it.");
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

}  // namespace

int Serve(const Command& command, const Seams& seams, Terminal& terminal, Event& stop) {
  ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  absl::StatusOr<Application> application = loader.Load({command.directory, command.environment});
  if (!application.ok()) {
    terminal.Error(std::string(application.status().message()));
    return kExitUsage;
  }
  for (const std::string& notice : application->notices) terminal.Note(notice);

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
  Node node(seams, terminal, std::make_shared<const worker::WorkerCode>(application->code), std::move(options));
  if (const absl::Status started = node.StartWorker(); !started.ok()) {
    terminal.Error(absl::StrCat("the worker does not start:\n", std::string(started.message())));
    return kExitUsage;
  }
  if (const absl::Status listens = node.Listen(); !listens.ok()) {
    terminal.Error(ListenAdvice(listens, command));
    return kExitUsage;
  }
  terminal.Note(Greeting(command, *application, node.local(), seams.process));
  if (recording != nullptr) terminal.Note(absl::StrCat("requests are recorded in ", command.record));

  stop.Wait().IgnoreError();
  terminal.Note("edge stops: finishing the requests in flight");
  if (!node.Stop().ok()) terminal.Note("some requests did not finish within 30 s and were cut off");
  if (recording != nullptr) recording->Close();
  return kExitFine;
}

}  // namespace edge::cli
