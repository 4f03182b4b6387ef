#include "runtime/regexp/unicode_property.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/uset.h>

#include <memory>

namespace edge::regexp {

namespace {

// ECMAScript's binary properties of characters.
constexpr UProperty kBinaryProperties[] = {
    UCHAR_ALPHABETIC,
    UCHAR_ASCII_HEX_DIGIT,
    UCHAR_BIDI_CONTROL,
    UCHAR_BIDI_MIRRORED,
    UCHAR_CASE_IGNORABLE,
    UCHAR_CASED,
    UCHAR_CHANGES_WHEN_CASEFOLDED,
    UCHAR_CHANGES_WHEN_CASEMAPPED,
    UCHAR_CHANGES_WHEN_LOWERCASED,
    UCHAR_CHANGES_WHEN_NFKC_CASEFOLDED,
    UCHAR_CHANGES_WHEN_TITLECASED,
    UCHAR_CHANGES_WHEN_UPPERCASED,
    UCHAR_DASH,
    UCHAR_DEFAULT_IGNORABLE_CODE_POINT,
    UCHAR_DEPRECATED,
    UCHAR_DIACRITIC,
    UCHAR_EMOJI,
    UCHAR_EMOJI_COMPONENT,
    UCHAR_EMOJI_MODIFIER,
    UCHAR_EMOJI_MODIFIER_BASE,
    UCHAR_EMOJI_PRESENTATION,
    UCHAR_EXTENDED_PICTOGRAPHIC,
    UCHAR_EXTENDER,
    UCHAR_GRAPHEME_BASE,
    UCHAR_GRAPHEME_EXTEND,
    UCHAR_HEX_DIGIT,
    UCHAR_IDS_BINARY_OPERATOR,
    UCHAR_IDS_TRINARY_OPERATOR,
    UCHAR_ID_CONTINUE,
    UCHAR_ID_START,
    UCHAR_IDEOGRAPHIC,
    UCHAR_JOIN_CONTROL,
    UCHAR_LOGICAL_ORDER_EXCEPTION,
    UCHAR_LOWERCASE,
    UCHAR_MATH,
    UCHAR_NONCHARACTER_CODE_POINT,
    UCHAR_PATTERN_SYNTAX,
    UCHAR_PATTERN_WHITE_SPACE,
    UCHAR_QUOTATION_MARK,
    UCHAR_RADICAL,
    UCHAR_REGIONAL_INDICATOR,
    UCHAR_S_TERM,
    UCHAR_SOFT_DOTTED,
    UCHAR_TERMINAL_PUNCTUATION,
    UCHAR_UNIFIED_IDEOGRAPH,
    UCHAR_UPPERCASE,
    UCHAR_VARIATION_SELECTOR,
    UCHAR_WHITE_SPACE,
    UCHAR_XID_CONTINUE,
    UCHAR_XID_START,
};

constexpr struct {
  std::string_view name;
  UProperty property;
} kStringProperties[] = {
    {"Basic_Emoji", UCHAR_BASIC_EMOJI},
    {"Emoji_Keycap_Sequence", UCHAR_EMOJI_KEYCAP_SEQUENCE},
    {"RGI_Emoji_Modifier_Sequence", UCHAR_RGI_EMOJI_MODIFIER_SEQUENCE},
    {"RGI_Emoji_Flag_Sequence", UCHAR_RGI_EMOJI_FLAG_SEQUENCE},
    {"RGI_Emoji_Tag_Sequence", UCHAR_RGI_EMOJI_TAG_SEQUENCE},
    {"RGI_Emoji_ZWJ_Sequence", UCHAR_RGI_EMOJI_ZWJ_SEQUENCE},
    {"RGI_Emoji", UCHAR_RGI_EMOJI},
};

struct CloseSet {
  void operator()(USet* set) const { uset_close(set); }
};
using OwnedSet = std::unique_ptr<USet, CloseSet>;

PropertyMembers Collect(const USet* set) {
  PropertyMembers members;
  const int32_t items = uset_getItemCount(set);
  for (int32_t i = 0; i < items; ++i) {
    UChar32 low = 0;
    UChar32 high = 0;
    UChar text[32];
    UErrorCode status = U_ZERO_ERROR;
    const int32_t length = uset_getItem(set, i, &low, &high, text, 32, &status);
    if (U_FAILURE(status)) continue;
    if (length == 0) {
      members.chars.Add(static_cast<uint32_t>(low), static_cast<uint32_t>(high));
      continue;
    }
    std::u32string string;
    for (int32_t at = 0; at < length;) {
      UChar32 c = 0;
      U16_NEXT(text, at, length, c);
      string.push_back(static_cast<char32_t>(c));
    }
    if (string.size() == 1) {
      members.chars.Add(string[0]);
    } else {
      members.strings.push_back(std::move(string));
    }
  }
  return members;
}

// Whether ICU's loose match of `name` was in fact an exact one.
bool IsNameOf(UProperty property, const std::string& name) {
  for (int choice = U_SHORT_PROPERTY_NAME;; ++choice) {
    const char* candidate = u_getPropertyName(property, static_cast<UPropertyNameChoice>(choice));
    if (candidate == nullptr) {
      if (choice > U_LONG_PROPERTY_NAME) return false;
      continue;  // a property without a short name
    }
    if (name == candidate) return true;
  }
}

bool IsNameOfValue(UProperty property, int32_t value, const std::string& name) {
  for (int choice = U_SHORT_PROPERTY_NAME;; ++choice) {
    const char* candidate = u_getPropertyValueName(property, value, static_cast<UPropertyNameChoice>(choice));
    if (candidate == nullptr) {
      if (choice > U_LONG_PROPERTY_NAME) return false;
      continue;
    }
    if (name == candidate) return true;
  }
}

std::optional<PropertyMembers> ValueSet(UProperty names, UProperty property, const std::string& value_name) {
  const int32_t value = u_getPropertyValueEnum(names, value_name.c_str());
  if (value == UCHAR_INVALID_CODE || !IsNameOfValue(names, value, value_name)) return std::nullopt;
  const OwnedSet set(uset_openEmpty());
  UErrorCode status = U_ZERO_ERROR;
  uset_applyIntPropertyValue(set.get(), property, value, &status);
  if (U_FAILURE(status)) return std::nullopt;
  return Collect(set.get());
}

}  // namespace

std::optional<PropertyMembers> LookUpProperty(std::string_view name_view, std::optional<std::string_view> value_view) {
  const std::string name(name_view);
  if (value_view.has_value()) {
    const std::string value(*value_view);
    if (name == "General_Category" || name == "gc") {
      return ValueSet(UCHAR_GENERAL_CATEGORY_MASK, UCHAR_GENERAL_CATEGORY_MASK, value);
    }
    if (name == "Script" || name == "sc") return ValueSet(UCHAR_SCRIPT, UCHAR_SCRIPT, value);
    if (name == "Script_Extensions" || name == "scx") return ValueSet(UCHAR_SCRIPT, UCHAR_SCRIPT_EXTENSIONS, value);
    return std::nullopt;
  }
  if (name == "Any") return PropertyMembers{.chars = CharSet(0, kMaxCodePoint)};
  if (name == "ASCII") return PropertyMembers{.chars = CharSet(0, 0x7F)};
  if (name == "Assigned") {
    std::optional<PropertyMembers> members = ValueSet(UCHAR_GENERAL_CATEGORY_MASK, UCHAR_GENERAL_CATEGORY_MASK, "Unassigned");
    if (members.has_value()) members->chars.Invert();
    return members;
  }
  if (std::optional<PropertyMembers> category = ValueSet(UCHAR_GENERAL_CATEGORY_MASK, UCHAR_GENERAL_CATEGORY_MASK, name)) {
    return category;
  }
  UErrorCode status = U_ZERO_ERROR;
  for (const auto& entry : kStringProperties) {
    if (entry.name != name) continue;
    const USet* set = u_getBinaryPropertySet(entry.property, &status);
    if (U_FAILURE(status)) return std::nullopt;
    PropertyMembers members = Collect(set);
    members.of_strings = true;
    return members;
  }
  for (const UProperty property : kBinaryProperties) {
    if (!IsNameOf(property, name)) continue;
    const USet* set = u_getBinaryPropertySet(property, &status);
    if (U_FAILURE(status)) return std::nullopt;
    return Collect(set);
  }
  return std::nullopt;
}

bool IsIdentifierStart(uint32_t c) { return c == '$' || c == '_' || u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ID_START); }

bool IsIdentifierPart(uint32_t c) {
  return c == '$' || c == '_' || c == 0x200C || c == 0x200D || u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ID_CONTINUE);
}

}  // namespace edge::regexp
