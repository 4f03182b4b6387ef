// Program: a compiled regular expression.
//
// Immutable and without a link to any JavaScript engine: one Program serves any number of RegExp objects, matches and isolates. What is
// particular to one match (position, captures, the stack) is in a Matcher.
#ifndef EDGE_RUNTIME_REGEXP_PROGRAM_H_
#define EDGE_RUNTIME_REGEXP_PROGRAM_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/regexp/code.h"
#include "runtime/regexp/flags.h"
#include "runtime/regexp/limits.h"
#include "runtime/regexp/syntax.h"

namespace edge::regexp {

class Program {
 public:
  // Compiles `pattern` (the text between the slashes, UTF-16). Errors, all to be thrown as a SyntaxError with the status' message, which is
  // V8's ("Invalid regular expression: /(/: Unterminated group"): InvalidArgument for a syntax error, ResourceExhausted for a limit.
  // Uses the native stack in bounded measure (42 KB measured at worst, ICU included).
  static absl::StatusOr<std::shared_ptr<const Program>> Compile(std::u16string_view pattern, const Flags& flags, const Limits& limits);

  const Flags& flags() const { return flags_; }
  // Number of groups, the whole match included: a match yields this many (start, end) pairs.
  uint32_t capture_count() const { return code_.capture_slots / 2; }
  // In order of appearance. A name in several alternatives has several indices, of which at most one is set in a match.
  const std::vector<NamedGroup>& group_names() const { return group_names_; }
  // Approximate memory, for the accounting of a cache.
  size_t ByteSize() const;

  const Code& code() const { return code_; }

 private:
  Program(const Flags& flags, Code code, std::vector<NamedGroup> names)
      : flags_(flags), code_(std::move(code)), group_names_(std::move(names)) {}

  const Flags flags_;
  const Code code_;
  const std::vector<NamedGroup> group_names_;
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_PROGRAM_H_
