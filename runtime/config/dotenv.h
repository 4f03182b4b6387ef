// .dev.vars: secrets for one machine, in the format of dotenv files.
//
//   # a comment
//   API_KEY=plain text up to the line's end     # or up to a '#'
//   export GREETING="two\nlines"                # double quotes: \n and \r are escapes
//   JSON='{"a": 1}'                             # single quotes and backticks: as written; every quoted text may span lines
//
// The rules are those of the dotenv package that wrangler reads the file with, so that a file means the same in both. One difference:
// where dotenv silently skips or guesses (a line without '=', a quote that is never closed), this is an error with its line.
#ifndef EDGE_RUNTIME_CONFIG_DOTENV_H_
#define EDGE_RUNTIME_CONFIG_DOTENV_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace edge::config {

struct DotenvEntry {
  std::string name;
  std::string value;
  int line = 0;
  bool operator==(const DotenvEntry&) const = default;
};

// In the order of the file; of several entries of one name only the last one. `file` is for messages.
// Error: kInvalidArgument, one line "FILE:LINE: what is wrong; what to do" for each bad entry.
absl::StatusOr<std::vector<DotenvEntry>> ParseDotenv(std::string_view text, std::string_view file);

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_DOTENV_H_
