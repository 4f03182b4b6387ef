#include "sim/shrink/search.h"

#include <utility>

#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/shrink/kinds.h"

namespace edge::sim {

Search::Search(std::string_view signature, Run run, Stop out_of_time, const ShrinkLimits& limits)
    : signature_(signature), run_(run), out_of_time_(out_of_time), limits_(limits) {}

Search::Size Search::SizeOf(std::span<const Decision> decisions) {
  Size size;
  size.decisions = decisions.size();
  for (const Decision& decision : decisions) {
    // The distance from 0 stands for the distance from the mildest value, which only the run knows: it clamps.
    const uint64_t bits = static_cast<uint64_t>(decision.value);
    size.values += decision.value < 0 ? uint64_t{0} - bits : bits;
  }
  return size;
}

uint64_t Search::HashOf(std::span<const Decision> decisions) {
  uint64_t hash = MixHash(decisions.size());
  for (const Decision& decision : decisions) hash += CombineHash(IdOf(decision), static_cast<uint64_t>(decision.value));
  return hash;
}

bool Search::MayGoOn() {
  if (over()) return false;
  if (tries_ >= limits_.tries_max) {
    end_ = ShrinkEnd::kTries;
  } else if (virtual_time_ >= limits_.virtual_time_max) {
    end_ = ShrinkEnd::kVirtualTime;
  } else if (out_of_time_()) {
    end_ = ShrinkEnd::kStopped;
  }
  return !over();
}

Outcome Search::Perform(std::span<const Decision> candidate) {
  ++tries_;
  Outcome outcome = run_(candidate);
  virtual_time_ = virtual_time_ + outcome.cost;
  return outcome;
}

absl::Status Search::Begin(std::span<const Decision> failing) {
  current_.assign(failing.begin(), failing.end());
  Outcome outcome = Perform(current_);
  if (!outcome.failed) return absl::FailedPreconditionError("the run does not fail when its decisions are taken again");
  if (outcome.signature != signature_) {
    return absl::FailedPreconditionError(StrCat("the run fails in another way when its decisions are taken again: \"", outcome.signature,
                                                "\" instead of \"", signature_, "\""));
  }
  seen_to_fail_ = current_;
  hash_ = outcome.hash;
  current_is_seen_ = true;
  if (SizeOf(outcome.used).SmallerThan(SizeOf(current_))) {
    current_ = std::move(outcome.used);
    current_is_seen_ = false;
  }
  return absl::OkStatus();
}

bool Search::TryWithout(const absl::btree_set<uint64_t>& ids) {
  std::vector<Decision> candidate;
  candidate.reserve(current_.size());
  for (const Decision& decision : current_) {
    if (!ids.contains(IdOf(decision))) candidate.push_back(decision);
  }
  if (candidate.size() == current_.size()) return false;
  return Try(std::move(candidate));
}

bool Search::Try(std::vector<Decision> candidate) {
  const uint64_t hash = HashOf(candidate);
  if (known_.contains(hash) || !MayGoOn()) return false;
  Outcome outcome = Perform(candidate);
  const bool alike = outcome.failed && outcome.signature == signature_;
  if (outcome.failed && !alike && others_.size() < kOthersMax) others_.insert(outcome.signature);
  // A value that was clamped back to what it was is no step.
  if (!alike || !SizeOf(outcome.used).SmallerThan(SizeOf(current_))) {
    known_.insert(hash);
    return false;
  }
  ++steps_;
  hash_ = outcome.hash;
  current_is_seen_ = HashOf(outcome.used) == hash;
  current_ = std::move(outcome.used);
  seen_to_fail_ = std::move(candidate);
  return true;
}

void Search::Verify() {
  if (current_is_seen_) return;
  const Outcome outcome = Perform(current_);
  if (outcome.failed && outcome.signature == signature_) {
    hash_ = outcome.hash;
    seen_to_fail_ = current_;
  } else {
    current_ = seen_to_fail_;
  }
  current_is_seen_ = true;
}

}  // namespace edge::sim
