// The files that `edge init` writes: a small TypeScript application.
#ifndef EDGE_RUNTIME_MAIN_STARTER_H_
#define EDGE_RUNTIME_MAIN_STARTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "storage/disk.h"

namespace edge::cli {

struct StarterFile {
  std::string path;  // relative to the application's folder
  std::string content;
};

// `name` is the worker's name, made of the folder's.
std::vector<StarterFile> StarterFiles(std::string_view name);

// Letters, digits and dashes of the folder's last part, as a worker's name must be; "my-worker" if nothing is left.
std::string WorkerNameOf(std::string_view directory);

// kAlreadyExists: the folder is not empty. MAY SUSPEND.
absl::Status WriteStarter(Disk& disk, const std::string& directory);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_STARTER_H_
