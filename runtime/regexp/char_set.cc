#include "runtime/regexp/char_set.h"

#include <algorithm>

namespace edge::regexp {

namespace {

// The first range that ends at or after `c`.
std::vector<CharRange>::const_iterator Find(const std::vector<CharRange>& ranges, uint32_t c) {
  return std::partition_point(ranges.begin(), ranges.end(), [c](const CharRange& range) { return range.high < c; });
}

}  // namespace

void CharSet::Add(uint32_t low, uint32_t high) {
  if (ranges_.empty()) {
    ranges_.push_back({low, high});
    return;
  }
  CharRange& last = ranges_.back();
  if (sorted_ && low > last.high) {
    if (low == last.high + 1) {
      last.high = high;
    } else {
      ranges_.push_back({low, high});
    }
    return;
  }
  ranges_.push_back({low, high});
  sorted_ = false;
}

void CharSet::Add(const CharSet& other) {
  for (const CharRange& range : other.ranges()) Add(range.low, range.high);
}

void CharSet::Sort() const {
  if (sorted_) return;
  std::sort(ranges_.begin(), ranges_.end(), [](const CharRange& a, const CharRange& b) { return a.low < b.low; });
  size_t out = 0;
  for (size_t i = 1; i < ranges_.size(); ++i) {
    if (ranges_[i].low <= ranges_[out].high + 1) {
      ranges_[out].high = std::max(ranges_[out].high, ranges_[i].high);
    } else {
      ranges_[++out] = ranges_[i];
    }
  }
  ranges_.resize(out + 1);
  sorted_ = true;
}

void CharSet::Invert() {
  Sort();
  std::vector<CharRange> result;
  uint32_t next = 0;
  for (const CharRange& range : ranges_) {
    if (range.low > next) result.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kMaxCodePoint) result.push_back({next, kMaxCodePoint});
  ranges_ = std::move(result);
}

void CharSet::Intersect(const CharSet& other) {
  Sort();
  const std::vector<CharRange>& theirs = other.ranges();
  std::vector<CharRange> result;
  size_t i = 0;
  size_t j = 0;
  while (i < ranges_.size() && j < theirs.size()) {
    const uint32_t low = std::max(ranges_[i].low, theirs[j].low);
    const uint32_t high = std::min(ranges_[i].high, theirs[j].high);
    if (low <= high) result.push_back({low, high});
    if (ranges_[i].high < theirs[j].high) {
      ++i;
    } else {
      ++j;
    }
  }
  ranges_ = std::move(result);
}

void CharSet::Subtract(const CharSet& other) {
  CharSet complement = other;
  complement.Invert();
  Intersect(complement);
}

bool CharSet::Contains(uint32_t c) const { return Overlaps(c, c); }

bool CharSet::Overlaps(uint32_t low, uint32_t high) const {
  Sort();
  const auto it = Find(ranges_, low);
  return it != ranges_.end() && it->low <= high;
}

const std::vector<CharRange>& CharSet::ranges() const {
  Sort();
  return ranges_;
}

CharClass::CharClass(const CharSet& set) {
  for (const CharRange& range : set.ranges()) {
    for (uint32_t c = range.low; c <= std::min<uint32_t>(range.high, 255); ++c) low_[c >> 6] |= uint64_t{1} << (c & 63);
    if (range.high >= 256) high_.push_back({std::max<uint32_t>(range.low, 256), range.high});
  }
}

bool CharClass::ContainsHigh(uint32_t c) const {
  const auto it = Find(high_, c);
  return it != high_.end() && it->low <= c;
}

}  // namespace edge::regexp
