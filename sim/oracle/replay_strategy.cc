#include "sim/oracle/replay_strategy.h"

#include <algorithm>

namespace edge::sim {
namespace {

uint64_t PlaceOf(const DecisionPoint& point, Key key) { return CombineHash(StableHash(point.name), key); }

template <typename Entry>
auto LowerBound(std::vector<Entry>& entries, uint64_t place) {
  return std::lower_bound(entries.begin(), entries.end(), place, [](const Entry& entry, uint64_t p) { return entry.place < p; });
}

template <typename Entry>
void SortByPlace(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.place < b.place; });
}

}  // namespace

ReplayStrategy::ReplayStrategy(std::span<const Decision> decisions, Match match) : match_(match), used_(decisions.size(), false) {
  for (size_t i = 0; i < decisions.size(); ++i) {
    const Decision& decision = decisions[i];
    const uint64_t place = PlaceOf(*decision.point, decision.key);
    if (decision.point->kind == DecisionKind::kSchedule) {
      overtakings_.push_back({place, static_cast<uint64_t>(std::max<int64_t>(decision.value, 1)), decision.number, i});
    } else {
      values_.push_back({place, decision.shape, decision.value, i});
    }
  }
  SortByPlace(values_);
  SortByPlace(overtakings_);
  by_number_.resize(overtakings_.size());
  for (size_t i = 0; i < by_number_.size(); ++i) by_number_[i] = i;
  std::sort(by_number_.begin(), by_number_.end(), [this](size_t a, size_t b) {
    const Overtaking& left = overtakings_[a];
    const Overtaking& right = overtakings_[b];
    return left.number != right.number ? left.number < right.number : left.decision < right.decision;
  });
}

void ReplayStrategy::Use(size_t decision) {
  if (used_[decision]) return;
  used_[decision] = true;
  ++used_count_;
}

std::vector<size_t> ReplayStrategy::Unused() const {
  std::vector<size_t> unused;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) unused.push_back(i);
  }
  return unused;
}

int64_t ReplayStrategy::Draw(const DecisionPoint& point, Key key, const Distribution& distribution) {
  const uint64_t place = PlaceOf(point, key);
  const auto begin = LowerBound(values_, place);
  if (begin == values_.end() || begin->place != place) return distribution.mildest();
  // Several only if one key was drawn more than once. Equal distributions gave equal values, and all of these have been found now.
  const uint16_t shape = distribution.Fingerprint();
  const Value* found = nullptr;
  for (auto at = begin; at != values_.end() && at->place == place; ++at) {
    if (at->shape != shape) continue;
    if (found == nullptr) found = &*at;
    if (at->value == found->value) Use(at->decision);
  }
  if (found == nullptr) {
    // Drawn from something else than it was: in the same run, a second draw of the key, the first of which was the mildest.
    if (match_ == Match::kSameRun && !departed_) return distribution.mildest();
    found = &*begin;
    Use(found->decision);
  }
  return distribution.Clamp(found->value);
}

size_t ReplayStrategy::Pick(const DecisionPoint& point, std::span<const Candidate> candidates) {
  ++picks_;
  return match_ == Match::kSameRun && !departed_ ? PickRecorded(point, candidates) : PickAligned(point, candidates);
}

size_t ReplayStrategy::PickRecorded(const DecisionPoint& point, std::span<const Candidate> candidates) {
  if (next_ == by_number_.size()) return 0;
  Overtaking& next = overtakings_[by_number_[next_]];
  if (next.number > picks_) return 0;
  if (next.number == picks_ && next.older < candidates.size() && PlaceOf(point, TurnKey(candidates[next.older])) == next.place) {
    ++next_;
    next.done = true;
    Use(next.decision);
    return next.older;
  }
  departed_ = true;
  return PickAligned(point, candidates);
}

ReplayStrategy::Overtaking* ReplayStrategy::NextOf(uint64_t place) {
  for (auto at = LowerBound(overtakings_, place); at != overtakings_.end() && at->place == place; ++at) {
    if (!at->done) return &*at;
  }
  return nullptr;
}

size_t ReplayStrategy::PickAligned(const DecisionPoint& point, std::span<const Candidate> candidates) {
  size_t picked = 0;
  Overtaking* earliest = nullptr;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Overtaking* const next = NextOf(PlaceOf(point, TurnKey(candidates[i])));
    // With more older ones waiting than then, its time has not come: at the recorded pick they had gone.
    if (next == nullptr || next->older < i) continue;
    if (earliest == nullptr || next->decision < earliest->decision) {
      earliest = next;
      picked = i;
    }
  }
  if (earliest == nullptr) return 0;
  Use(earliest->decision);
  // The oldest overtakes nobody: what was recorded may be about a later turn of the same name.
  earliest->done = picked != 0;
  return picked;
}

}  // namespace edge::sim
