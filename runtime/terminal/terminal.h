// Terminal: what edge prints. Answers go to standard output; the log and all messages go to standard error, one line per event.
#ifndef EDGE_RUNTIME_TERMINAL_TERMINAL_H_
#define EDGE_RUNTIME_TERMINAL_TERMINAL_H_

#include <cstdint>
#include <string>
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

  // From now on an event of the log is one JSON object on a line: time, level, source, message, and the ids of request and object if there
  // are any. `salt` makes the ids of this process differ from those of another one.
  void LogAsJson(uint64_t salt) {
    json_ = true;
    salt_ = salt;
  }

  // One event of the log: time, severity, source, text. The lines of a stack are indented under it.
  void Write(worker::Severity severity, std::string_view source, std::string_view text) override { WriteFor({}, severity, source, text); }
  void WriteFor(const worker::LogContext& context, worker::Severity severity, std::string_view source, std::string_view text) override;

 private:
  std::string JsonLine(const worker::LogContext& context, std::string_view level, std::string_view source, std::string_view text) const;

  const Clock& clock_;
  bool json_ = false;
  uint64_t salt_ = 0;
};

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_TERMINAL_TERMINAL_H_
