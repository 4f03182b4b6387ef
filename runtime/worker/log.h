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

// On whose behalf something is said. 0 or empty: nobody's.
struct LogContext {
  uint64_t request = 0;           // causal key of the event
  std::string_view object_class;  // of a Durable Object: "WORKER/CLASS"
  std::string_view object;        // ... and its id
};

class Log {
 public:
  virtual ~Log() = default;
  // `source` names who speaks: a worker's name, or "edge". `text` may have several lines (a stack).
  virtual void Write(Severity severity, std::string_view source, std::string_view text) = 0;
  // The same, for who wants to know more.
  virtual void WriteFor(const LogContext& context, Severity severity, std::string_view source, std::string_view text) {
    Write(severity, source, text);
  }
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_LOG_H_
