// Process: the seam to the process itself: its identity, its environment, its children and its end.
#ifndef EDGE_RUNTIME_SEAM_PROCESS_H_
#define EDGE_RUNTIME_SEAM_PROCESS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"

namespace edge {

struct ProcessIdentity {
  std::string name;               // "edge" in production, the node's name in a simulation
  uint64_t incarnation;           // a new one after every start; never reused
  std::string executable;         // absolute path of the running binary; empty in a simulation
  unsigned processors = 1;        // that this process may use
  std::string working_directory;  // where the user stands (BUILD_WORKING_DIRECTORY under `bazel run`)
};

struct ChildResult {
  int exit_code = 0;  // 128 + signal number if it was killed by one
  std::string out;    // what it wrote to standard output
  std::string err;    // ... to standard error
};

struct ChildOptions {
  std::vector<std::string> arguments;    // [0] is the program: a path, or a name looked up in PATH
  std::string working_directory;         // empty: the parent's
  std::vector<std::string> environment;  // "NAME=value" added to the parent's
  std::string input;                     // its standard input
  size_t output_bytes_max = 64u << 20;   // kResourceExhausted beyond this
};

class Process {
 public:
  virtual ~Process() = default;
  virtual const ProcessIdentity& Self() const = 0;
  // Runs a child to its end. kNotFound: no such program. kDeadlineExceeded: killed at the deadline. MAY SUSPEND.
  virtual absl::StatusOr<ChildResult> Spawn(const ChildOptions& options, Instant deadline) = 0;
  // Ends this process (production: exit; simulation: the node's incarnation) with the given code. Returns only in a simulation.
  virtual void Exit(int code) = 0;
  virtual std::optional<std::string> Environment(std::string_view name) const = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_PROCESS_H_
