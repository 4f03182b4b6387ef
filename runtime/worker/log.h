// Log: what a running node tells its operator, one line per event.
//
// A seam of its own kind: production writes to standard error, tests and simulations collect. A line never holds a line break: stacks are
// several lines of one event.
#ifndef EDGE_RUNTIME_WORKER_LOG_H_
#define EDGE_RUNTIME_WORKER_LOG_H_

#include <cstdint>
#include <string_view>

namespace edge::worker {

enum class Severity : uint8_t { kDebug, kInfo, kWarning, kError };

class Log {
 public:
  virtual ~Log() = default;
  // `source` names who speaks: a worker's name, or "edge". `text` may have several lines (a stack).
  virtual void Write(Severity severity, std::string_view source, std::string_view text) = 0;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_LOG_H_
