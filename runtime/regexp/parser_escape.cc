// What follows a backslash, outside and inside of classes.
#include "runtime/base/status_macros.h"
#include "runtime/regexp/parser.h"
#include "runtime/regexp/unicode_property.h"

namespace edge::regexp {

namespace {

bool IsDigit(int32_t c) { return c >= '0' && c <= '9'; }
bool IsOctal(int32_t c) { return c >= '0' && c <= '7'; }
bool IsLetter(int32_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c > 0; }
bool IsSyntaxCharacter(int32_t c) {
  return c > 0 && c < 128 && std::string_view("^$\\.*+?()[]{}|/").find(static_cast<char>(c)) != std::string_view::npos;
}

int HexValue(int32_t c) {
  if (IsDigit(c)) return c - '0';
  const int32_t lower = c | 0x20;
  return c > 0 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

CharSet Whitespace() {
  CharSet set(0x9, 0xD);
  set.Add(0x20);
  set.Add(0xA0);
  set.Add(0x1680);
  set.Add(0x2000, 0x200A);
  set.Add(0x2028, 0x2029);
  set.Add(0x202F);
  set.Add(0x205F);
  set.Add(0x3000);
  set.Add(0xFEFF);
  return set;
}

void AppendUtf16(std::u16string& out, uint32_t c) {
  if (c < 0x10000) {
    out.push_back(static_cast<char16_t>(c));
  } else {
    out.push_back(static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10)));
    out.push_back(static_cast<char16_t>(0xDC00 + ((c - 0x10000) & 0x3FF)));
  }
}

}  // namespace

absl::Status Parser::ParseAtomEscape() {
  ++at_;
  const int32_t c = Peek();
  if (c < 0) return Error("\\ at end of pattern");
  if (c == 'b' || c == 'B') {
    ++at_;
    AddAtom(NewNode(c == 'b' ? NodeKind::kWordBoundary : NodeKind::kNotWordBoundary));
    return absl::OkStatus();
  }
  if (c >= '1' && c <= '9') {
    const size_t start = at_;
    const uint32_t number = ReadDecimal();
    if (number <= captures_total_) {
      Node* node = NewBackreference();
      node->groups = {number};
      AddAtom(node);
      return absl::OkStatus();
    }
    at_ = start;
    if (full_unicode_) return Error("Invalid escape");
    AddAtom(NewChar(c >= '8' ? NextCharacter() : ReadLegacyOctal()));
    return absl::OkStatus();
  }
  if (c == 'k' && (full_unicode_ || has_named_groups_)) {
    ++at_;
    return ParseNamedReference().status();
  }
  absl::StatusOr<std::optional<ClassValue>> escape = TryClassEscape(/*in_class=*/false);
  if (!escape.ok()) return escape.status();
  if (escape->has_value()) {
    (*escape)->chars = Leaf(std::move((*escape)->chars));
    AddAtom(NewClass(*std::move(*escape)));
    return absl::OkStatus();
  }
  EDGE_ASSIGN_OR_RETURN(const uint32_t character, ParseCharacterEscape(/*in_class=*/false));
  AddAtom(NewChar(character));
  return absl::OkStatus();
}

// at_ is behind the backslash.
absl::StatusOr<uint32_t> Parser::ParseCharacterEscape(bool in_class) {
  const int32_t c = Peek();
  if (c < 0) return Error("\\ at end of pattern");
  switch (c) {
    case 'f':
      ++at_;
      return '\f';
    case 'n':
      ++at_;
      return '\n';
    case 'r':
      ++at_;
      return '\r';
    case 't':
      ++at_;
      return '\t';
    case 'v':
      ++at_;
      return '\v';
    case 'c': {
      const int32_t letter = Peek(1);
      if (IsLetter(letter) || (in_class && !full_unicode_ && (IsDigit(letter) || letter == '_'))) {
        at_ += 2;
        return static_cast<uint32_t>(letter) & 0x1F;
      }
      if (full_unicode_) return Error("Invalid Unicode escape");
      return '\\';  // the backslash alone; the c is read again as itself
    }
    case 'x': {
      ++at_;
      if (const std::optional<uint32_t> value = TryHex(2)) return *value;
      if (full_unicode_) return Error("Invalid escape");
      return 'x';
    }
    case 'u': {
      ++at_;
      if (const std::optional<uint32_t> value = TryUnicodeEscape(full_unicode_)) return *value;
      if (full_unicode_) return Error("Invalid Unicode escape");
      return 'u';
    }
    default:
      break;
  }
  if (IsDigit(c)) {
    if (full_unicode_) {
      if (c == '0' && !IsDigit(Peek(1))) {
        ++at_;
        return 0;
      }
      return Error(c >= '8' ? "Invalid escape" : in_class ? "Invalid class escape" : "Invalid decimal escape");
    }
    if (c <= '7') return ReadLegacyOctal();
  }
  if (full_unicode_) {
    if (!IsSyntaxCharacter(c) && !(in_class && c == '-')) return Error("Invalid escape");
  } else if (c == 'k' && has_named_groups_) {
    return Error("Invalid escape");
  }
  return NextCharacter();
}

// One to three octal digits, value at most 0377.
uint32_t Parser::ReadLegacyOctal() {
  uint32_t value = static_cast<uint32_t>(pattern_[at_++] - '0');
  for (int more = 0; more < 2 && IsOctal(Peek()) && value < 32; ++more) value = value * 8 + static_cast<uint32_t>(pattern_[at_++] - '0');
  return value;
}

std::optional<uint32_t> Parser::TryHex(int digits) {
  uint32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const int digit = HexValue(Peek(static_cast<size_t>(i)));
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  at_ += static_cast<size_t>(digits);
  return value;
}

// at_ is behind the u. nullopt: not an escape, nothing was read.
std::optional<uint32_t> Parser::TryUnicodeEscape(bool code_points) {
  const size_t start = at_;
  if (code_points && Eat('{')) {
    uint32_t value = 0;
    int digits = 0;
    for (; HexValue(Peek()) >= 0; ++at_, ++digits) {
      value = value * 16 + static_cast<uint32_t>(HexValue(Peek()));
      if (value > kMaxCodePoint) break;
    }
    if (digits > 0 && Eat('}')) return value;
    at_ = start;
    return std::nullopt;
  }
  const std::optional<uint32_t> lead = TryHex(4);
  if (!lead.has_value() || !code_points || (*lead & 0xFC00) != 0xD800) return lead;
  const size_t after_lead = at_;
  if (Eat('\\') && Eat('u')) {
    const std::optional<uint32_t> trail = TryHex(4);
    if (trail.has_value() && (*trail & 0xFC00) == 0xDC00) return 0x10000 + ((*lead & 0x3FF) << 10) + (*trail & 0x3FF);
  }
  at_ = after_lead;
  return lead;
}

// at_ is behind the k. The value is always true.
absl::StatusOr<bool> Parser::ParseNamedReference() {
  if (!Eat('<')) return Error("Invalid named reference");
  EDGE_ASSIGN_OR_RETURN(std::u16string name, ParseGroupName());
  Node* node = NewBackreference();
  pending_names_.push_back({node, std::move(name)});
  AddAtom(node);
  return true;
}

// at_ is behind the <; reads the > too. Names are code points in every mode.
absl::StatusOr<std::u16string> Parser::ParseGroupName() {
  std::u16string name;
  while (!AtEnd()) {
    uint32_t c = Next(/*code_points=*/true);
    if (c == '>' && !name.empty()) return name;
    if (c == '\\') {
      if (!Eat('u')) break;
      const std::optional<uint32_t> escape = TryUnicodeEscape(/*code_points=*/true);
      if (!escape.has_value()) return Error("Invalid Unicode escape");
      c = *escape;
    }
    if (!(name.empty() ? IsIdentifierStart(c) : IsIdentifierPart(c))) break;
    AppendUtf16(name, c);
  }
  return Error("Invalid capture group name");
}

absl::StatusOr<std::optional<ClassValue>> Parser::TryClassEscape(bool in_class) {
  const int32_t c = Peek();
  ClassValue value;
  switch (c) {
    case 'd':
    case 'D':
      value.chars = CharSet('0', '9');
      break;
    case 's':
    case 'S':
      value.chars = Whitespace();
      break;
    case 'w':
    case 'W':
      value.chars = WordCharacters();
      break;
    case 'p':
    case 'P': {
      if (!full_unicode_) return std::nullopt;
      EDGE_ASSIGN_OR_RETURN(value, ParseProperty(in_class));
      return value;
    }
    default:
      return std::nullopt;
  }
  ++at_;
  if (c < 'a') value.chars.Invert();
  return value;
}

absl::StatusOr<ClassValue> Parser::ParseProperty(bool in_class) {
  const absl::Status error = Error(in_class ? "Invalid property name in character class" : "Invalid property name");
  const bool negated = Peek() == 'P';
  ++at_;
  if (!Eat('{')) return error;
  std::string name;
  std::optional<std::string> value;
  while (!Eat('}')) {
    const int32_t c = Peek();
    if (c == '=' && !value.has_value()) {
      value.emplace();
    } else if (IsDigit(c) || IsLetter(c) || c == '_') {
      (value.has_value() ? *value : name).push_back(static_cast<char>(c));
    } else {
      return error;
    }
    ++at_;
  }
  std::optional<PropertyMembers> members = LookUpProperty(name, value);
  if (!members.has_value()) return error;
  if (members->of_strings && (negated || !unicode_sets_)) return error;

  constexpr size_t kLookUpWork = 256;  // even a property of few ranges costs ICU some microseconds
  Spend(kLookUpWork + members->chars.ranges().size() + members->strings.size());
  ClassValue result;
  result.chars = std::move(members->chars);
  result.may_contain_strings = members->of_strings;
  for (std::u32string& string : members->strings) AddClassString(result, std::move(string));
  // Only the v flag folds before it complements.
  if (unicode_sets_) result.chars = Leaf(std::move(result.chars));
  if (negated) result.chars.Invert();
  return result;
}

}  // namespace edge::regexp
