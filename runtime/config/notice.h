// Notice: something about a configuration that the user should know and that does not stop the start.
#ifndef EDGE_RUNTIME_CONFIG_NOTICE_H_
#define EDGE_RUNTIME_CONFIG_NOTICE_H_

#include <cstdint>
#include <string>

namespace edge::config {

struct Notice {
  enum class Severity : uint8_t {
    kNote,     // as intended, for information ("routes is ignored here")
    kWarning,  // probably not what was meant (an unknown key)
  };
  Severity severity = Severity::kWarning;
  std::string file;
  int line = 0;  // 1-based; 0 where no line is to blame
  std::string text;

  // "wrangler.toml:3: warning: ..."
  std::string ToString() const {
    return file + (line > 0 ? ":" + std::to_string(line) : "") + (severity == Severity::kNote ? ": note: " : ": warning: ") + text;
  }
  bool operator==(const Notice&) const = default;
};

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_NOTICE_H_
