// LoadWorkerConfig: from a folder to a checked WorkerConfig.
//
//   DIR/wrangler.json | wrangler.jsonc | wrangler.toml  --document.h-->  values  --config_reader.h-->  WorkerConfig
//   DIR/.dev.vars[.ENVIRONMENT]                         --dotenv.h---->  secrets ------------------------^
//
// The folder's own file is read, the first of the three that exists, as wrangler does; folders above are not searched. All errors of a
// file are reported together. Meanings are wrangler's: what an environment inherits, how a worker is named in it, which secrets win.
#ifndef EDGE_RUNTIME_CONFIG_WRANGLER_H_
#define EDGE_RUNTIME_CONFIG_WRANGLER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "runtime/config/notice.h"
#include "runtime/config/worker_config.h"
#include "storage/disk.h"

namespace edge::config {

struct ConfigLimits {
  uint64_t file_bytes_max = 1u << 20;  // of each file read
};

struct LoadOptions {
  std::string environment;  // empty: the top level
  // Today, to refuse a compatibility date in the future. Without it any date is accepted (a warning if it is newer than this edge).
  std::optional<WallTime> now;
  ConfigLimits limits;
};

struct LoadedWorkerConfig {
  WorkerConfig config;
  std::vector<Notice> notices;  // by file, then line
};

// Finds, reads and checks the wrangler file of `directory` (empty or ".": the Disk's root). MAY SUSPEND.
// Errors, each with what to do about it:
//   kNotFound          no wrangler file in the folder
//   kInvalidArgument   one line "FILE:LINE: ..." for each problem, by line; then the warnings, since they often explain an error
//   kResourceExhausted a file larger than the limit
//   others             as the Disk gave them
absl::StatusOr<LoadedWorkerConfig> LoadWorkerConfig(Disk& disk, std::string_view directory, const LoadOptions& options);

// The wrangler file that LoadWorkerConfig would read; kNotFound if there is none. MAY SUSPEND.
absl::StatusOr<std::string> FindWranglerFile(Disk& disk, std::string_view directory);

// `path` below `directory`; `path` itself if it is absolute. A leading "./" goes.
std::string JoinPath(std::string_view directory, std::string_view path);

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_WRANGLER_H_
