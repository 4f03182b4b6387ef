// SourceMap: from a line of worker.js to the user's file and line.
//
// The engine reports lines without columns, so a lookup gives the first mapping on the line; lowering keeps every statement on a line of
// its own for that reason. Parsing decodes all mappings once (a Hono application: some thousand lines) and keeps one entry a line.
#ifndef EDGE_RUNTIME_BUNDLE_SOURCE_MAP_H_
#define EDGE_RUNTIME_BUNDLE_SOURCE_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace edge::bundle {

struct SourcePosition {
  std::string_view file;  // as in the map: relative to the application's folder; valid as long as the map
  int line = 0;           // from 1
  int column = 0;         // from 1
};

class SourceMap {
 public:
  // kInvalidArgument: not a version 3 source map.
  static absl::StatusOr<SourceMap> Parse(std::string_view json);

  // `line` counts from 1. Nothing for a line that comes from no source (helpers).
  std::optional<SourcePosition> Lookup(int line) const;

 private:
  struct Entry {
    int32_t source = -1;  // -1: none
    int32_t line = 0;
    int32_t column = 0;
  };

  std::vector<std::string> sources_;
  std::vector<Entry> lines_;  // [i]: line i + 1
};

}  // namespace edge::bundle

#endif  // EDGE_RUNTIME_BUNDLE_SOURCE_MAP_H_
