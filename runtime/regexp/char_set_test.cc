#include "runtime/regexp/char_set.h"

#include <gtest/gtest.h>

#include <bitset>
#include <utility>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/regexp/case_folding.h"

namespace edge::regexp {
namespace {

using Spans = std::vector<std::pair<uint32_t, uint32_t>>;

// Ranges around 256, where a CharClass changes its representation.
rc::Gen<Spans> AnySpans() {
  return rc::gen::container<Spans>(rc::gen::pair(rc::gen::inRange<uint32_t>(200, 300), rc::gen::inRange<uint32_t>(0, 12)));
}

std::pair<CharSet, std::bitset<400>> Build(const Spans& spans) {
  std::pair<CharSet, std::bitset<400>> built;
  for (const auto& [low, length] : spans) {
    built.first.Add(low, low + length);
    for (uint32_t c = low; c <= low + length; ++c) built.second.set(c);
  }
  return built;
}

RC_GTEST_PROP(CharSet, OperationsAreThoseOfSets, ()) {
  const auto [a, a_bits] = Build(*AnySpans());
  const auto [b, b_bits] = Build(*AnySpans());
  CharSet both = a;
  both.Intersect(b);
  CharSet either = a;
  either.Add(b);
  CharSet without = a;
  without.Subtract(b);
  CharSet inverse = a;
  inverse.Invert();
  const CharClass finished(either);

  for (uint32_t c = 0; c < 400; ++c) {
    RC_ASSERT(both.Contains(c) == (a_bits[c] && b_bits[c]));
    RC_ASSERT(either.Contains(c) == (a_bits[c] || b_bits[c]));
    RC_ASSERT(without.Contains(c) == (a_bits[c] && !b_bits[c]));
    RC_ASSERT(inverse.Contains(c) == !a_bits[c]);
    RC_ASSERT(finished.Contains(c) == either.Contains(c));
  }
  for (size_t i = 1; i < either.ranges().size(); ++i) RC_ASSERT(either.ranges()[i].low > either.ranges()[i - 1].high + 1);
  RC_ASSERT(inverse.Contains(kMaxCodePoint));
}

// A closed set contains a character exactly if it contains the character's representative; closing a few characters and closing
// many take different ways.
TEST(CaseFolding, ClosedSetsContainWholeClasses) {
  for (const CaseRelation relation : {CaseRelation::kUpperCase, CaseRelation::kSimpleFold}) {
    for (const auto& [low, high] : Spans{{'a', 'c'}, {0x3B1, 0x3B9}, {0x100, 0x2FF}, {0x10400, 0x10410}, {0x1E00, 0x1FFF}, {'k', 0x130}}) {
      CharSet set(low, high);
      CloseOverCase(set, relation);
      CharSet canonical;
      for (uint32_t c = low; c <= high; ++c) canonical.Add(Canonicalize(c, relation));
      const uint32_t end = relation == CaseRelation::kUpperCase ? 0x10000 : 0x11000;
      for (uint32_t c = 0; c < end; ++c) ASSERT_EQ(set.Contains(c), canonical.Contains(Canonicalize(c, relation))) << c;
    }
  }
}

}  // namespace
}  // namespace edge::regexp
