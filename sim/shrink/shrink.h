// Shrink: from the decisions of a failing run to the few that matter.
//
// A run of a minute has some thousands of decisions that are not the mildest; the failure needs a handful. Each try takes some away and
// runs the rest (everything else mildest); Search says whether that still fails in the same way. What people care about goes first:
//
//   families of faults -> actors -> single faults -> episodes -> requests -> the rest of the plan
//     -> delays to nothing -> schedule to first in, first out -> data -> smaller values -> pairs
//
// again and again until nothing more goes. Taking away goes in halves (all, halves, quarters ... singles), which needs few tries when few
// matter. Pairs are tried last, because two requests may be needed or not needed only together. Deterministic, apart from `out_of_time`.
#ifndef EDGE_SIM_SHRINK_SHRINK_H_
#define EDGE_SIM_SHRINK_SHRINK_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "sim/shrink/kinds.h"
#include "sim/shrink/outcome.h"
#include "sim/shrink/search.h"

namespace edge::sim {

struct ShrinkProgress {
  std::string_view pass;  // "faults", "requests" ...: what is being tried
  uint64_t tries = 0;
  Tally left;
};

struct ShrinkResult {
  std::vector<Decision> decisions;  // they fail with the signature; their points are those of the decisions given or used by runs
  uint64_t hash = 0;                // of their run
  Tally before;
  Tally after;
  ShrinkEnd end = ShrinkEnd::kMinimal;
  uint64_t tries = 0;
  Duration virtual_time;
  std::vector<std::string> other_failures;  // signatures of candidates that failed in another way: worth a look of their own
};

// The smallest set found of `failing` whose run fails with `signature`, also when it ended early (ShrinkResult::end). kFailedPrecondition:
// `failing` itself does not fail like that; the text says what it does. `on_progress` is called after each try.
absl::StatusOr<ShrinkResult> Shrink(std::span<const Decision> failing, std::string_view signature, Search::Run run,
                                    Search::Stop out_of_time, absl::FunctionRef<void(const ShrinkProgress&)> on_progress,
                                    const ShrinkLimits& limits = {});

// "38 faults, 96 requests, 210 schedule choices, 2,904 delays -> 1 fault, 2 requests, 0 schedule choices, 3 delays (143 tries)"
std::string DescribeShrink(const ShrinkResult& result);

}  // namespace edge::sim

#endif  // EDGE_SIM_SHRINK_SHRINK_H_
