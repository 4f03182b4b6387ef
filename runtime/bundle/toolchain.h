// Toolchain: the lowering tool that travels inside the edge binary.
//
// The binary carries the tool (lower.cjs: our passes with Babel in one file) and esbuild's own program, so that bundling works wherever
// the binary is copied to. Both are files only when they are needed: the first use writes them to a folder named by their hash, later uses
// find them there. Running the tool needs Node.js 18 or newer on the PATH; running a bundle does not.
#ifndef EDGE_RUNTIME_BUNDLE_TOOLCHAIN_H_
#define EDGE_RUNTIME_BUNDLE_TOOLCHAIN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/seam/process.h"
#include "storage/disk.h"

namespace edge::bundle {

// Views of the binary's own data: valid as long as the process.
struct ToolchainFiles {
  std::string_view lower_cjs;
  std::string_view esbuild;
};

ToolchainFiles EmbeddedToolchain();

// 16 hexadecimal digits that change with either file.
std::string ToolchainHash(const ToolchainFiles& files);

struct InstalledToolchain {
  std::string lower_cjs;  // paths
  std::string esbuild;
};

// Where the toolchain is unpacked: $XDG_CACHE_HOME/edge, ~/.cache/edge, or `fallback` without a home.
std::string ToolchainFolder(const Process& process, std::string_view fallback);

// Makes sure that the files are in `folder`/toolchain-<hash>; two processes may do so at the same time. Errors: the Disk's. MAY SUSPEND.
absl::StatusOr<InstalledToolchain> InstallToolchain(Disk& disk, const Process& process, const ToolchainFiles& files,
                                                    std::string_view folder);

}  // namespace edge::bundle

#endif  // EDGE_RUNTIME_BUNDLE_TOOLCHAIN_H_
