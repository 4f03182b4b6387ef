// Search: the best set of decisions so far, and whether a smaller one fails in the same way.
//
// A candidate counts only if it fails with the signature that is looked for: one that passes, or that fails in another way (slippage), is
// forgotten, and never run a second time. What counts is then not the candidate but what its run really used, because most of what is
// taken away leaves decisions behind that nobody asks for any more. So each step makes the set smaller: fewer decisions, or as many with
// smaller values; that is why shrinking ends.
#ifndef EDGE_SIM_SHRINK_SEARCH_H_
#define EDGE_SIM_SHRINK_SEARCH_H_

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "sim/shrink/outcome.h"

namespace edge::sim {

struct ShrinkLimits {
  uint64_t tries_max = 1'500;
  Duration virtual_time_max = Duration::Infinite();  // of all tries together
  // A pass over the very many (delays, schedule) ends after this part of the tries that are left, so that others have their turn.
  uint64_t share_of_long_passes = 3;
  uint64_t tries_of_a_long_pass_min = 64;
  // Beyond so many faults and requests, pairs of them are not tried.
  size_t pairs_of_max = 16;
  // The delays and values whose sizes are tried one by one.
  size_t values_max = 32;
};

enum class ShrinkEnd : uint8_t {
  kMinimal,      // taking away any one of the decisions that are left makes the failure go away, or another
  kTries,        // ShrinkLimits::tries_max
  kVirtualTime,  // ShrinkLimits::virtual_time_max
  kStopped,      // out_of_time said so
};

class Search {
 public:
  using Run = absl::FunctionRef<Outcome(std::span<const Decision>)>;
  using Stop = absl::FunctionRef<bool()>;

  // `run` and `out_of_time` are borrowed. `out_of_time` is asked before each try.
  Search(std::string_view signature, Run run, Stop out_of_time, const ShrinkLimits& limits);

  // Runs the decisions as they are. kFailedPrecondition: they do not fail, or not with the signature.
  absl::Status Begin(std::span<const Decision> failing);

  // Whether the decisions without those of these ids fail alike; if so they are current() now. False also when none of the ids is there, or
  // when the search is over.
  bool TryWithout(const absl::btree_set<uint64_t>& ids);
  // The same with other values. `candidate` has smaller ones: see above.
  bool Try(std::vector<Decision> candidate);

  // Runs the best set itself, whatever the limits say, if what is known of it is only that a larger one used it; should it not fail alike,
  // the last set that was seen to fail takes its place.
  void Verify();

  const std::vector<Decision>& current() const { return current_; }
  uint64_t hash() const { return hash_; }  // of the run of current()
  bool over() const { return end_ != ShrinkEnd::kMinimal; }
  // kMinimal as long as nothing has ended the search.
  ShrinkEnd end() const { return end_; }
  uint64_t tries() const { return tries_; }
  uint64_t tries_left() const { return tries_ < limits_.tries_max ? limits_.tries_max - tries_ : 0; }
  // How many steps have made the set smaller.
  uint64_t steps() const { return steps_; }
  Duration virtual_time() const { return virtual_time_; }
  // Other ways in which candidates failed, at most kOthersMax.
  const std::set<std::string>& others() const { return others_; }
  const ShrinkLimits& limits() const { return limits_; }

  static constexpr size_t kOthersMax = 8;

 private:
  struct Size {
    size_t decisions = 0;
    absl::uint128 values = 0;
    bool SmallerThan(const Size& other) const { return decisions != other.decisions ? decisions < other.decisions : values < other.values; }
  };
  static Size SizeOf(std::span<const Decision> decisions);
  // Of a set: the order does not matter.
  static uint64_t HashOf(std::span<const Decision> decisions);
  bool MayGoOn();
  Outcome Perform(std::span<const Decision> candidate);

  const std::string signature_;
  const Run run_;
  const Stop out_of_time_;
  const ShrinkLimits limits_;

  std::vector<Decision> current_;
  std::vector<Decision> seen_to_fail_;  // the last that was run itself and failed alike
  bool current_is_seen_ = false;        // current_ is that one
  uint64_t hash_ = 0;
  absl::btree_set<uint64_t> known_;  // candidates that are no good
  std::set<std::string> others_;
  ShrinkEnd end_ = ShrinkEnd::kMinimal;
  uint64_t tries_ = 0;
  uint64_t steps_ = 0;
  Duration virtual_time_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SHRINK_SEARCH_H_
