// Flags of a regular expression ("dgimsuvy").
#ifndef EDGE_RUNTIME_REGEXP_FLAGS_H_
#define EDGE_RUNTIME_REGEXP_FLAGS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace edge::regexp {

struct Flags {
  bool global = false;
  bool ignore_case = false;
  bool multiline = false;
  bool dot_all = false;
  bool unicode = false;
  bool unicode_sets = false;
  bool sticky = false;
  bool has_indices = false;

  // Whether the subject is read as code points (u or v).
  bool full_unicode() const { return unicode || unicode_sets; }
  friend bool operator==(const Flags&, const Flags&) = default;
};

// Reads the flags argument of the RegExp constructor. InvalidArgument, with V8's message, for an unknown or repeated flag and for u with v.
absl::StatusOr<Flags> ParseFlags(std::string_view text);

// The value of the `flags` accessor: the letters in alphabetical order.
std::string FlagsToString(const Flags& flags);

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_FLAGS_H_
