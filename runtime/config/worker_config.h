// WorkerConfig: what a wrangler file says about one worker in one environment, checked and with the defaults filled in.
#ifndef EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_
#define EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edge::config {

// A member of `env`: of `vars`, or a secret.
struct Variable {
  enum class Kind : uint8_t {
    kText,  // the JavaScript string `value`
    kJson,  // what JSON.parse makes of `value`
  };
  std::string name;
  Kind kind = Kind::kText;
  std::string value;
  int line = 0;  // in the wrangler file or the secrets file
  bool operator==(const Variable&) const = default;
};

// Files whose path matches one of `globs` are imported as `type`.
struct ModuleRule {
  enum class Type : uint8_t { kEsModule, kCommonJs, kCompiledWasm, kText, kData };
  enum class Then : uint8_t {
    kStop,         // later rules of the same type, the built-in ones included, no longer apply
    kFallThrough,  // they apply as well
  };
  Type type = Type::kText;
  std::vector<std::string> globs;
  Then then = Then::kStop;
  bool operator==(const ModuleRule&) const = default;
};

enum class Bundling : uint8_t { kBundle, kTakeAsIs };

// Paths are openable through the Disk that the configuration was read from: they begin with base_dir unless they were absolute.
struct WorkerConfig {
  std::string name;         // with "-ENVIRONMENT" unless the environment sets a name of its own
  std::string environment;  // empty: the top level
  std::string file;         // the wrangler file
  std::string base_dir;     // its folder, as it was given to LoadWorkerConfig

  std::string main;  // exists
  std::optional<std::string> tsconfig;
  std::optional<std::string> jsx_factory, jsx_fragment;
  std::vector<std::pair<std::string, std::string>> alias;   // module -> module or path relative to base_dir
  std::vector<std::pair<std::string, std::string>> define;  // name -> expression
  std::vector<ModuleRule> rules;
  Bundling bundling = Bundling::kBundle;

  std::string compatibility_date;                // valid; kNewestKnownDate where the file has none
  std::vector<std::string> compatibility_flags;  // no contradictions; unknown ones included

  std::vector<Variable> vars;     // without those that a secret replaces
  std::vector<Variable> secrets;  // of .dev.vars; never to be logged

  std::optional<int64_t> cpu_ms_max;       // limits.cpu_ms
  std::optional<int64_t> subrequests_max;  // limits.subrequests
};

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_
