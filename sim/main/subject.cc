#include "sim/main/subject.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "runtime/application/application.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/node/request_log.h"
#include "sim/scenario/routes.h"

namespace edge::sim {
namespace {

constexpr char kScenarioFile[] = "edge.sim.json";

absl::StatusOr<std::string> ReadFile(Disk& disk, const std::string& path, const char* what) {
  absl::StatusOr<std::string> text = ReadWholeFile(disk, path);
  if (!text.ok()) return absl::NotFoundError(StrCat("cannot read the ", what, " ", path, ": ", std::string(text.status().message())));
  return text;
}

// One operation per recorded request that is not like one before it.
absl::Status FromRecording(const std::string& text, const std::string& file, Scenario& scenario) {
  EDGE_ASSIGN_OR_RETURN(const std::vector<RecordedRequest> requests, ParseRequestLog(text, file));
  if (requests.empty()) return absl::InvalidArgumentError(StrCat(file, ": holds no requests; record some: edge serve --record ", file));
  for (const RecordedRequest& request : requests) {
    Operation operation;
    operation.method = request.method;
    operation.target = request.target;
    operation.headers = request.headers;
    operation.body = request.body;
    operation.from = StrCat(file, ":", request.line);
    Operation* same = nullptr;
    size_t namesakes = 0;
    for (Operation& other : scenario.operations) {
      if (other.method == operation.method && other.target == operation.target) {
        ++namesakes;
        if (other.body == operation.body && other.headers == operation.headers) same = &other;
      }
    }
    if (same != nullptr) {
      ++same->weight;
      continue;
    }
    operation.name = StrCat(operation.method, " ", operation.target, namesakes == 0 ? "" : StrCat(" (", namesakes + 1, ")"));
    scenario.operations.push_back(std::move(operation));
  }
  return absl::OkStatus();
}

void FromRoutes(std::string_view script, Scenario& scenario) {
  for (const RouteGuess& route : FindRoutes(script)) {
    Operation operation;
    operation.method = route.method.empty() ? "GET" : route.method;
    operation.target = route.path;
    operation.name = operation.method + " " + operation.target;
    operation.from = "a route string in the bundle";
    scenario.operations.push_back(std::move(operation));
  }
  if (!scenario.operations.empty()) return;
  // An application that looks at no path answers any.
  scenario.operations.push_back({.name = "GET /", .method = "GET", .target = "/", .from = "no route string was found"});
}

}  // namespace

absl::StatusOr<LoadedSubject> LoadSubject(const Seams& seams, const SimOptions& options) {
  cli::ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  EDGE_ASSIGN_OR_RETURN(std::vector<cli::Application> applications, loader.LoadAll(options.directories, options.environment));
  // The one that gets the requests, and where the scenario is.
  const cli::Application& application = applications.front();
  LoadedSubject subject;
  subject.application = application.code.name;
  for (const cli::Application& each : applications) {
    subject.notices.insert(subject.notices.end(), each.notices.begin(), each.notices.end());
  }
  subject.bundle_hash = application.bundle.metadata.content_hash;
  subject.exported = application.bundle.metadata.exports;
  if (subject.bundle_hash.empty()) subject.bundle_hash = absl::StrFormat("%016x", StableHash(application.code.script));
  if (applications.size() > 1) {
    std::string all;
    for (const cli::Application& each : applications) StrAppend(&all, each.code.name, "\n", each.code.script, "\n");
    subject.bundle_hash = absl::StrFormat("%016x", StableHash(all));
  }
  const std::string home = application.directory.empty() ? loader.Absolute("") : application.directory;
  subject.artifacts = options.output.empty() ? StrCat(home, "/.edge/sim") : loader.Absolute(options.output);

  Scenario& scenario = subject.run.scenario;
  if (!options.scenario_file.empty()) {
    const std::string path = loader.Absolute(options.scenario_file);
    EDGE_ASSIGN_OR_RETURN(const std::string text, ReadFile(seams.disk, path, "scenario"));
    EDGE_ASSIGN_OR_RETURN(scenario, ParseScenario(text, options.scenario_file));
    subject.workload = options.scenario_file;
  } else if (const std::string beside = StrCat(home, "/", kScenarioFile);
             !application.directory.empty() && seams.disk.Open(beside, OpenMode::kReadOnly).ok()) {
    EDGE_ASSIGN_OR_RETURN(const std::string text, ReadFile(seams.disk, beside, "scenario"));
    EDGE_ASSIGN_OR_RETURN(scenario, ParseScenario(text, kScenarioFile));
    subject.workload = kScenarioFile;
  }
  if (!options.requests_file.empty()) {
    const std::string path = loader.Absolute(options.requests_file);
    EDGE_ASSIGN_OR_RETURN(const std::string text, ReadFile(seams.disk, path, "recording"));
    scenario.operations.clear();
    EDGE_RETURN_IF_ERROR(FromRecording(text, options.requests_file, scenario));
    subject.workload = options.requests_file;
  }
  if (scenario.operations.empty() && scenario.sockets.empty()) {
    FromRoutes(application.code.script, scenario);
    subject.workload = scenario.operations.size() == 1 && scenario.operations[0].from.starts_with("no ")
                           ? "no route strings were found in the bundle: GET / alone"
                           : StrCat(scenario.operations.size(), " route strings found in the bundle");
  }
  if (scenario.name.empty()) scenario.name = subject.application;
  subject.scenario_hash = absl::StrFormat("%016x", StableHash(ScenarioJson(scenario)));
  subject.run.codes = cli::CodesOf(applications);
  subject.nursery = std::make_unique<worker::WarmNursery>();
  subject.run.nursery = subject.nursery.get();
  return subject;
}

}  // namespace edge::sim
