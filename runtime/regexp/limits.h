// Limits of compiling and of matching. Reaching one is an error that names it, or a MatchResult, never a crash.
#ifndef EDGE_RUNTIME_REGEXP_LIMITS_H_
#define EDGE_RUNTIME_REGEXP_LIMITS_H_

#include <cstdint>

#include "runtime/base/byte_count.h"

namespace edge::regexp {

struct Limits {
  uint32_t pattern_units_max = 1 << 17;
  uint32_t group_nesting_max = 2000;
  uint32_t class_nesting_max = 32;  // of the v flag; the only part of the parser that uses the native stack
  uint32_t captures_max = 32767;
  // What a short pattern can blow up: the ranges of its sets (\p{L} has 650), the characters of its class strings, and the places of its
  // names. Bounds time (about 50 ms) and memory (about 20 MB) of compiling.
  uint32_t compile_work_max = 1 << 20;
  uint32_t instructions_max = 1 << 20;
};

struct MatchLimits {
  uint64_t steps_max = uint64_t{1} << 62;
  ByteCount backtrack_bytes_max = ByteCount::MiB(16);
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_LIMITS_H_
