// Terminal: what edge prints. Answers go to standard output; the log and all messages go to standard error, one line per event.
#ifndef EDGE_RUNTIME_TERMINAL_TERMINAL_H_
#define EDGE_RUNTIME_TERMINAL_TERMINAL_H_

#include <string_view>

#include "runtime/seam/clock.h"
#include "runtime/worker/log.h"

namespace edge::cli {

class Terminal final : public worker::Log {
 public:
  explicit Terminal(const Clock& clock) : clock_(clock) {}

  // To standard output, followed by a line end.
  void Print(std::string_view text);
  // To standard error: "error: ...".
  void Error(std::string_view text);
  // To standard error as it is.
  void Note(std::string_view text);

  // One event of the log: time, severity, source, text. The lines of a stack are indented under it.
  void Write(worker::Severity severity, std::string_view source, std::string_view text) override;

 private:
  const Clock& clock_;
};

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_TERMINAL_TERMINAL_H_
