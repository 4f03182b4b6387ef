#include "runtime/regexp/case_folding.h"

#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace edge::regexp {

namespace {

uint32_t UpperOf(uint32_t c) {
  if (c > 0xFFFF) return c;
  const uint32_t simple = static_cast<uint32_t>(u_toupper(static_cast<UChar32>(c)));
  if (simple == c) return c;
  if (simple > 0xFFFF || (c >= 128 && simple < 128)) return c;
  // The full mapping decides: a form of several units leaves the character as it is.
  const UChar source = static_cast<UChar>(c);
  UChar target[8];
  UErrorCode status = U_ZERO_ERROR;
  const int32_t length = u_strToUpper(target, 8, &source, 1, "", &status);
  if (U_FAILURE(status) || length != 1) return c;
  return target[0];
}

uint32_t FoldOf(uint32_t c) { return static_cast<uint32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT)); }

// All characters whose equivalence class has more than one member, grouped by class. A pure function of the Unicode tables.
struct Table {
  std::vector<std::pair<uint32_t, uint32_t>> by_canonical;  // (canonical, member), sorted; the canonical one is a member itself

  explicit Table(CaseRelation relation) {
    const uint32_t end = relation == CaseRelation::kUpperCase ? 0x10000 : 0x20000;
    for (uint32_t c = 0; c < end; ++c) {
      const uint32_t canonical = relation == CaseRelation::kUpperCase ? UpperOf(c) : FoldOf(c);
      if (canonical == c) continue;
      by_canonical.emplace_back(canonical, c);
      by_canonical.emplace_back(canonical, canonical);
    }
    std::sort(by_canonical.begin(), by_canonical.end());
    by_canonical.erase(std::unique(by_canonical.begin(), by_canonical.end()), by_canonical.end());
  }
};

// Built at first use (about a millisecond), constant from then on.
const Table& TableOf(CaseRelation relation) {
  if (relation == CaseRelation::kUpperCase) {
    static const Table upper(CaseRelation::kUpperCase);
    return upper;
  }
  static const Table fold(CaseRelation::kSimpleFold);
  return fold;
}

bool IsAsciiLetter(uint32_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

}  // namespace

uint32_t Canonicalize(uint32_t c, CaseRelation relation) {
  if (relation == CaseRelation::kUpperCase) {
    if (c < 128) return c >= 'a' && c <= 'z' ? c - 32 : c;
    return UpperOf(c);
  }
  if (c < 128) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return FoldOf(c);
}

void CloseOverCase(CharSet& set, CaseRelation relation) {
  if (set.empty()) return;
  const bool only_ascii = set.ranges().back().high < 128;
  if (only_ascii) {
    // The two non-ASCII characters that fold into ASCII are the long s and the Kelvin sign.
    const std::vector<CharRange> ranges = set.ranges();
    for (const CharRange& range : ranges) {
      for (uint32_t c = range.low; c <= range.high; ++c) {
        if (!IsAsciiLetter(c)) continue;
        set.Add(c ^ 0x20);
        if (relation == CaseRelation::kSimpleFold && (c | 0x20) == 's') set.Add(0x17F);
        if (relation == CaseRelation::kSimpleFold && (c | 0x20) == 'k') set.Add(0x212A);
      }
    }
    return;
  }
  CharSet additions;
  const auto& table = TableOf(relation).by_canonical;
  // A few characters are looked up one by one, a large set is compared with the whole table.
  constexpr uint32_t kFewCharacters = 128;
  uint64_t count = 0;
  for (const CharRange& range : set.ranges()) count += range.high - range.low + 1;
  if (count <= kFewCharacters) {
    for (const CharRange& range : set.ranges()) {
      for (uint32_t c = range.low; c <= range.high; ++c) {
        const uint32_t canonical = Canonicalize(c, relation);
        auto it = std::lower_bound(table.begin(), table.end(), std::pair<uint32_t, uint32_t>(canonical, 0));
        for (; it != table.end() && it->first == canonical; ++it) additions.Add(it->second);
      }
    }
    set.Add(additions);
    return;
  }
  for (size_t i = 0; i < table.size();) {
    size_t end = i;
    bool any = false;
    bool all = true;
    for (; end < table.size() && table[end].first == table[i].first; ++end) {
      const bool contains = set.Contains(table[end].second);
      any |= contains;
      all &= contains;
    }
    if (any && !all) {
      for (size_t j = i; j < end; ++j) additions.Add(table[j].second);
    }
    i = end;
  }
  set.Add(additions);
}

}  // namespace edge::regexp
