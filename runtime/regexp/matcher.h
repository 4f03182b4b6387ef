// Matcher: runs Programs on subjects.
//
// It owns the memory that matching needs (slots, backtrack stack) and keeps it from match to match: one Matcher per isolate is enough, and
// one runs one match at a time. Nothing recurses natively.
//
// Work is counted in steps, a pure function of program and subject: one for each place tried, branch, loop turn and backtrack, and a
// fraction for each character skipped over. Every kStepsPerHook steps the hook is called, so that the owner can charge CPU time, yield the
// fiber, or stop a match whose time is up.
#ifndef EDGE_RUNTIME_REGEXP_MATCHER_H_
#define EDGE_RUNTIME_REGEXP_MATCHER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "runtime/regexp/backtrack_stack.h"
#include "runtime/regexp/limits.h"
#include "runtime/regexp/program.h"

namespace edge::regexp {

enum class MatchResult {
  kMatch,
  kNoMatch,
  kOutOfSteps,   // MatchLimits::steps_max
  kStopped,      // the hook said so
  kOutOfMemory,  // MatchLimits::backtrack_bytes_max
};

enum class SearchMode {
  kSearch,   // the first match at or after the start
  kAtStart,  // a match at the start or none (the y flag)
};

inline SearchMode ModeOf(const Flags& flags) { return flags.sticky ? SearchMode::kAtStart : SearchMode::kSearch; }

struct StepHook {
  enum class Decision { kContinue, kStop };
  // `steps` were taken since the last call. It may suspend the fiber; the subject must stay where it is and the Matcher unused meanwhile.
  Decision (*call)(void* context, uint64_t steps) = nullptr;
  void* context = nullptr;
};

inline constexpr int64_t kStepsPerHook = 16384;

class Matcher {
 public:
  explicit Matcher(const MatchLimits& limits, StepHook hook = {}) : limits_(limits), hook_(hook), stack_(limits.backtrack_bytes_max) {}
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // Looks for a match in `subject` from `start` (a lastIndex, in code units) on. On kMatch `captures` holds (start, end) of each group in
  // code units, -1 for a group that took no part; otherwise it is untouched. With the u or v flag a `start` in the middle of a surrogate
  // pair means the pair's beginning. MAY SUSPEND if the hook does. REQUIRES: captures.size() >= 2 * program.capture_count(); subject
  // shorter than 2^31 - 1 units; in the byte version every byte < 0x80.
  MatchResult Match(const Program& program, std::string_view subject, size_t start, SearchMode mode, absl::Span<int32_t> captures);
  MatchResult Match(const Program& program, std::u16string_view subject, size_t start, SearchMode mode, absl::Span<int32_t> captures);

  // Steps of the latest match, those not yet told to the hook included.
  uint64_t steps() const { return steps_; }

 private:
  template <typename Unit, bool kCodePoints>
  friend class Machine;

  template <typename Unit, bool kCodePoints>
  MatchResult Run(const Program& program, std::basic_string_view<Unit> subject, size_t start, SearchMode mode,
                  absl::Span<int32_t> captures);

  const MatchLimits limits_;
  const StepHook hook_;
  BacktrackStack stack_;
  std::vector<int32_t> slots_;
  uint64_t steps_ = 0;
  bool running_ = false;
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_MATCHER_H_
