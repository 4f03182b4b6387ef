// SourceMap: from lines of a lowered bundle back to the user's own files.
//
// The engine knows lines, not columns, so of each generated line only the first mapping is kept: two integers a line. Parsing happens when
// the first stack trace is looked at, never on the way of a request.
#ifndef EDGE_RUNTIME_JS_SOURCE_MAP_H_
#define EDGE_RUNTIME_JS_SOURCE_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace edge::js {

class SourceMap {
 public:
  struct Position {
    std::string_view file;  // as in the map, after its sourceRoot; valid as long as the map
    int line;               // from 1
  };

  // A version 3 map without sections. kInvalidArgument says what is wrong.
  static absl::StatusOr<SourceMap> Parse(std::string_view json);

  // The origin of a generated line, counted from 1. Nothing if the line has no mapping.
  std::optional<Position> Lookup(int line) const;

 private:
  struct Entry {
    int32_t source = -1;
    int32_t line = 0;
  };

  std::vector<std::string> sources_;
  std::vector<Entry> lines_;
};

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_SOURCE_MAP_H_
