// CharSet: a set of code points as sorted, disjoint, non-adjacent ranges.
//
// The parser builds character classes from it (union, complement, the set operations of the v flag, closure under case). The compiler
// turns the finished set into a CharClass: a bitmap for the first 256 code points and a binary search for the rest.
#ifndef EDGE_RUNTIME_REGEXP_CHAR_SET_H_
#define EDGE_RUNTIME_REGEXP_CHAR_SET_H_

#include <cstdint>
#include <vector>

namespace edge::regexp {

inline constexpr uint32_t kMaxCodePoint = 0x10FFFF;

struct CharRange {
  uint32_t low = 0;
  uint32_t high = 0;  // inclusive
  friend bool operator==(const CharRange&, const CharRange&) = default;
};

class CharSet {
 public:
  CharSet() = default;
  CharSet(uint32_t low, uint32_t high) : ranges_{{low, high}} {}

  // Adds low..high, both inclusive. REQUIRES: low <= high <= kMaxCodePoint.
  void Add(uint32_t low, uint32_t high);
  void Add(uint32_t c) { Add(c, c); }
  void Add(const CharSet& other);

  // Replaces the set by its complement within 0..kMaxCodePoint.
  void Invert();
  void Intersect(const CharSet& other);
  void Subtract(const CharSet& other);

  bool Contains(uint32_t c) const;
  bool Overlaps(uint32_t low, uint32_t high) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<CharRange>& ranges() const;

 private:
  // Additions may come in any order (a long class would otherwise cost a memmove for each); every reader sorts first.
  void Sort() const;

  mutable std::vector<CharRange> ranges_;
  mutable bool sorted_ = true;
};

// A finished set, for matching.
class CharClass {
 public:
  explicit CharClass(const CharSet& set);

  bool Contains(uint32_t c) const {
    if (c < 256) return (low_[c >> 6] >> (c & 63)) & 1;
    return ContainsHigh(c);
  }
  const uint64_t* low() const { return low_; }
  const std::vector<CharRange>& high() const { return high_; }
  friend bool operator==(const CharClass&, const CharClass&) = default;

 private:
  bool ContainsHigh(uint32_t c) const;

  uint64_t low_[4] = {0, 0, 0, 0};
  std::vector<CharRange> high_;  // the part at and above 256
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_CHAR_SET_H_
