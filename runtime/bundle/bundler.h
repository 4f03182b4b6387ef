// Bundler: from an application's folder to a bundle, by the shortest way that is right.
//
//   request --(index)--> cached bundle --(inputs unchanged?)--> done: no Node, no child process
//                               \-- no --> node lower.cjs --> cached bundle
//
// The cache is addressed by content: <cache>/<content hash>/ is a bundle, <cache>/index/<request> names the bundle that the request gave
// last. A bundle records the hash of every file it was made from, and the names that would have won over one of them had they existed.
// A bundle that its request no longer gives is removed, so that the cache does not grow with every change. Deleting the cache costs one
// build.
#ifndef EDGE_RUNTIME_BUNDLE_BUNDLER_H_
#define EDGE_RUNTIME_BUNDLE_BUNDLER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "runtime/bundle/bundle.h"
#include "runtime/bundle/toolchain.h"
#include "runtime/seam/clock.h"
#include "runtime/seam/process.h"
#include "storage/disk.h"

namespace edge::bundle {

// Files that match `glob` (relative to the root) are imported as text or as bytes.
struct ImportRule {
  enum class Type : uint8_t { kText, kData } type = Type::kText;
  std::string glob;
};

struct BundleRequest {
  std::string root;  // the application's folder, absolute
  std::string main;  // the entry module, relative to root
  std::string compatibility_date;
  std::vector<std::string> compatibility_flags;
  std::vector<std::pair<std::string, std::string>> define;  // global name -> JSON value or identifier
  std::vector<std::pair<std::string, std::string>> alias;   // import -> what is imported instead
  std::vector<ImportRule> rules;                            // the first that matches
  std::string tsconfig;                                     // empty: the one beside the sources
};

struct BundlerOptions {
  std::string cache_directory;  // empty: <root>/.edge/cache/bundles
  std::string node = "node";    // the program, looked up in PATH
  Duration build_time_max = Duration::Seconds(120);
};

enum class BundleOrigin : uint8_t { kCache, kBuilt };

struct BuildResult {
  Bundle bundle;
  BundleOrigin origin = BundleOrigin::kBuilt;
  std::string warnings;  // for the terminal; empty when there are none or the bundle is from the cache
};

class Bundler {
 public:
  // All must outlive the bundler.
  Bundler(const Clock& clock, Disk& disk, Process& process, ToolchainFiles toolchain, BundlerOptions options)
      : clock_(clock), disk_(disk), process_(process), toolchain_(toolchain), options_(std::move(options)) {}

  // The bundle of an application. kInvalidArgument: the application's code is wrong; the message is the diagnostics, ready to print.
  // kFailedPrecondition: Node.js is missing or too old. kDeadlineExceeded: it took too long. kInternal: a fault of the tool.
  // Otherwise the Disk's errors. MAY SUSPEND.
  absl::StatusOr<BuildResult> Build(const BundleRequest& request);

  // Writes `bundle` as a folder of its own, replacing what is there. MAY SUSPEND.
  absl::Status Export(const Bundle& bundle, std::string_view directory);

 private:
  std::string RequestKey(const BundleRequest& request) const;
  std::string CacheDirectory(const BundleRequest& request) const;
  absl::StatusOr<std::string> IndexedHash(std::string_view index_path);
  absl::StatusOr<Bundle> FindCached(const BundleRequest& request, std::string_view index_path);
  bool InputsUnchanged(const BundleRequest& request, const BundleMetadata& metadata);
  absl::StatusOr<ChildResult> RunTool(const BundleRequest& request);

  const Clock& clock_;
  Disk& disk_;
  Process& process_;
  const ToolchainFiles toolchain_;
  const BundlerOptions options_;
};

}  // namespace edge::bundle

#endif  // EDGE_RUNTIME_BUNDLE_BUNDLER_H_
