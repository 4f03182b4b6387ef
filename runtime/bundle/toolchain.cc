#include "runtime/bundle/toolchain.h"

#include <optional>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/bundle/sha256.h"

// Made by embed.sh.
extern "C" {
extern const char edge_embedded_lower_begin[];
extern const char edge_embedded_lower_end[];
extern const char edge_embedded_esbuild_begin[];
extern const char edge_embedded_esbuild_end[];
}

namespace edge::bundle {
namespace {

bool HasSize(Disk& disk, std::string_view path, size_t size) {
  absl::StatusOr<std::unique_ptr<File>> file = disk.Open(path, OpenMode::kReadOnly);
  if (!file.ok()) return false;
  absl::StatusOr<uint64_t> actual = (*file)->Size();
  return actual.ok() && *actual == size;
}

// A file that was renamed into place is whole, so its size tells it from a damaged one well enough.
absl::Status Unpack(Disk& disk, const Process& process, std::string_view path, std::string_view content) {
  if (HasSize(disk, path, content.size())) return absl::OkStatus();
  const std::string own = StrCat(path, ".", process.Self().incarnation);
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk, own, content));
  return disk.Rename(own, path);
}

}  // namespace

ToolchainFiles EmbeddedToolchain() {
  auto view = [](const char* begin, const char* end) { return std::string_view(begin, static_cast<size_t>(end - begin)); };
  return {.lower_cjs = view(edge_embedded_lower_begin, edge_embedded_lower_end),
          .esbuild = view(edge_embedded_esbuild_begin, edge_embedded_esbuild_end)};
}

std::string ToolchainHash(const ToolchainFiles& files) {
  // esbuild's program is named by its size alone: hashing ten megabytes at every start would cost more than it tells, since the version
  // that lower.cjs was bundled with is in lower.cjs.
  return Sha256Hex(StrCat(Sha256Hex(files.lower_cjs), " ", files.esbuild.size())).substr(0, 16);
}

std::string ToolchainFolder(const Process& process, std::string_view fallback) {
  const std::optional<std::string> cache = process.Environment("XDG_CACHE_HOME");
  if (cache.has_value() && cache->starts_with('/')) return StrCat(*cache, "/edge");
  const std::optional<std::string> home = process.Environment("HOME");
  if (home.has_value() && home->starts_with('/') && *home != "/") return StrCat(*home, "/.cache/edge");
  return std::string(fallback);
}

absl::StatusOr<InstalledToolchain> InstallToolchain(Disk& disk, const Process& process, const ToolchainFiles& files,
                                                    std::string_view folder) {
  const std::string directory = StrCat(folder, "/toolchain-", ToolchainHash(files));
  InstalledToolchain installed{.lower_cjs = StrCat(directory, "/lower.cjs"), .esbuild = StrCat(directory, "/esbuild")};
  EDGE_RETURN_IF_ERROR(Unpack(disk, process, installed.esbuild, files.esbuild));
  EDGE_RETURN_IF_ERROR(Unpack(disk, process, installed.lower_cjs, files.lower_cjs));
  return installed;
}

}  // namespace edge::bundle
