// The properties that \p{...} may name (UnicodeMatchProperty and its tables), answered by ICU.
//
// Names match exactly, as ECMAScript demands (ICU's own look-up is loose), and only the properties of the standard's tables are known.
// Which characters a property has depends on the Unicode version of the ICU that is linked.
#ifndef EDGE_RUNTIME_REGEXP_UNICODE_PROPERTY_H_
#define EDGE_RUNTIME_REGEXP_UNICODE_PROPERTY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/regexp/char_set.h"

namespace edge::regexp {

struct PropertyMembers {
  CharSet chars;
  std::vector<std::u32string> strings;  // of the properties of strings (RGI_Emoji, ...), those with more than one code point
  bool of_strings = false;
};

// The members of \p{name} (`value` empty) or \p{name=value}. nullopt: no such property or value.
std::optional<PropertyMembers> LookUpProperty(std::string_view name, std::optional<std::string_view> value);

bool IsIdentifierStart(uint32_t c);
bool IsIdentifierPart(uint32_t c);

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_UNICODE_PROPERTY_H_
