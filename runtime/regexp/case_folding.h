// Case-insensitive comparison as ECMAScript defines it (22.2.2.7.3 Canonicalize).
//
// There are two relations. Without the u and v flags two code units are equal if their upper case forms are (of forms with several units,
// and of a step from non-ASCII into ASCII, the unit itself stands). With them, Unicode's simple case folding decides. Classes are
// closed under the relation when a pattern is compiled, so that matching looks at the raw character; only backreferences
// canonicalize while matching.
#ifndef EDGE_RUNTIME_REGEXP_CASE_FOLDING_H_
#define EDGE_RUNTIME_REGEXP_CASE_FOLDING_H_

#include <cstdint>

#include "runtime/regexp/char_set.h"

namespace edge::regexp {

enum class CaseRelation : uint8_t { kUpperCase, kSimpleFold };

// The representative of the characters that equal `c` under `relation`.
uint32_t Canonicalize(uint32_t c, CaseRelation relation);

// Adds every character that equals a member of the set.
void CloseOverCase(CharSet& set, CaseRelation relation);

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_CASE_FOLDING_H_
