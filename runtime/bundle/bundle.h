// Bundle: one application, bundled and lowered, as a folder.
//
//   worker.js       one ES5 function expression: (function (edge) {...; return exports})
//   worker.js.map   from its lines to the user's files
//   bundle.json     what it is (hash, exports, compatibility date and flags) and what it was made from (inputs with their hashes)
//
// The folder is self-contained: running it needs neither Node nor the sources. The lowering tool (lower/) writes it, whole or not at all.
// The hash covers everything the runtime sees and nothing of where the bundle was made, so that the same sources give the same hash
// anywhere.
#ifndef EDGE_RUNTIME_BUNDLE_BUNDLE_H_
#define EDGE_RUNTIME_BUNDLE_BUNDLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/disk.h"

namespace edge::bundle {

inline constexpr int64_t kFormatVersion = 1;

struct BundleInput {
  std::string path;    // absolute, or relative to the application's folder
  std::string sha256;  // empty: a file that must not exist (it would be taken instead of another)
};

struct BundleMetadata {
  std::string content_hash;  // 64 hexadecimal digits
  std::string compatibility_date;
  std::vector<std::string> compatibility_flags;
  std::string main;                  // the entry module, relative to the application's folder
  std::vector<std::string> exports;  // the entry module's export names
  std::vector<BundleInput> inputs;
};

struct Bundle {
  std::string directory;
  std::string code;        // worker.js
  std::string source_map;  // worker.js.map, JSON
  BundleMetadata metadata;
};

// Reads bundle.json's text. kInvalidArgument: not a bundle of this format version; the message names what is wrong.
absl::StatusOr<BundleMetadata> ParseBundleMetadata(std::string_view json);

// Loads the bundle in `directory`. kNotFound: there is none. kInvalidArgument: not a bundle of this format. kDataLoss: its files are not
// those it was written with. MAY SUSPEND.
absl::StatusOr<Bundle> LoadBundle(Disk& disk, std::string_view directory);

}  // namespace edge::bundle

#endif  // EDGE_RUNTIME_BUNDLE_BUNDLE_H_
