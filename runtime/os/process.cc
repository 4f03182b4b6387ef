#include "runtime/os/process.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/os/child.h"

namespace edge {
namespace {

ProcessIdentity ReadIdentity() {
  ProcessIdentity self;
  self.name = "edge";
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  // Nanoseconds of the start: later starts have larger ones, as long as the calendar does not step back.
  self.incarnation = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length > 0) self.executable.assign(path, static_cast<size_t>(length));
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (processors > 0) self.processors = static_cast<unsigned>(processors);
  if (const char* user = getenv("BUILD_WORKING_DIRECTORY")) {
    self.working_directory = user;
  } else if (getcwd(path, sizeof(path)) != nullptr) {
    self.working_directory = path;
  }
  return self;
}

}  // namespace

OsProcess::OsProcess(EpollLoop& loop, Scheduler& scheduler) : loop_(loop), scheduler_(scheduler), self_(ReadIdentity()) {}

absl::StatusOr<ChildResult> OsProcess::Spawn(const ChildOptions& options, Instant deadline) {
  EDGE_CHECK(scheduler_.current() != nullptr) << "only a fiber can wait for a child";
  EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Child> child, Child::Start(loop_, scheduler_, options));
  return child->RunToEnd(options.input, options.output_bytes_max, deadline);
}

void OsProcess::Exit(int code) {
  fflush(nullptr);
  _exit(code);
}

std::optional<std::string> OsProcess::Environment(std::string_view name) const {
  const char* value = getenv(std::string(name).c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace edge
