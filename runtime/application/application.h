// From what the user names on the command line to code that can be started: a folder with a wrangler file, a bundle, or the built-in
// example.
#ifndef EDGE_RUNTIME_APPLICATION_APPLICATION_H_
#define EDGE_RUNTIME_APPLICATION_APPLICATION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/bundle/bundler.h"
#include "runtime/config/wrangler.h"
#include "runtime/seam/clock.h"
#include "runtime/seam/process.h"
#include "runtime/worker/worker_code.h"
#include "storage/disk.h"

namespace edge::cli {

// How the user starts this program here: `bazel run` leaves no `edge` on the PATH.
std::string ProgramAsTyped(const Process& process);

struct Application {
  worker::WorkerCode code;
  bundle::Bundle bundle;
  std::vector<std::string> notices;  // for the terminal, in order
  std::string directory;             // absolute; empty for the built-in example
  enum class Kind : uint8_t { kSources, kBundle, kExample } kind = Kind::kSources;
};

struct ApplicationRequest {
  std::string directory;  // as the user gave it; empty: the folder the user stands in, else the example
  std::string environment;
};

class ApplicationLoader {
 public:
  // All borrowed.
  ApplicationLoader(const Clock& clock, Disk& disk, Process& process) : clock_(clock), disk_(disk), process_(process) {}

  // kNotFound, kInvalidArgument, kFailedPrecondition: the user's to mend; the text says where and how. MAY SUSPEND.
  absl::StatusOr<Application> Load(const ApplicationRequest& request);

  // Several that run in one process, the first of which gets the traffic, linked to each other (link.h). Empty: as one request for no
  // folder. Errors as Load and LinkWorkers. MAY SUSPEND.
  absl::StatusOr<std::vector<Application>> LoadAll(const std::vector<std::string>& directories, const std::string& environment);

  // Bundles the sources and writes a deployable folder: the bundle and worker.json (name, variables, limits; no secrets). Empty `output`:
  // into the cache. Returns the folder. MAY SUSPEND.
  absl::StatusOr<std::string> BuildTo(const ApplicationRequest& request, std::string_view output, std::vector<std::string>& notices);

  // `path` below the folder the user stands in, unless it is absolute.
  std::string Absolute(std::string_view path) const;

 private:
  absl::StatusOr<Application> LoadSources(const std::string& directory, const std::string& environment);
  absl::StatusOr<Application> LoadBundleFolder(const std::string& directory, const std::string& environment);
  absl::StatusOr<Application> LoadExample();

  const Clock& clock_;
  Disk& disk_;
  Process& process_;
};

// Their codes, as a node takes them.
worker::WorkerCodes CodesOf(const std::vector<Application>& applications);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_APPLICATION_APPLICATION_H_
