// Character classes: the legacy and u grammar, and the set notation of the v flag.
#include <algorithm>

#include "runtime/base/status_macros.h"
#include "runtime/regexp/parser.h"

namespace edge::regexp {

namespace {

bool IsOneOf(int32_t c, std::string_view set) { return c > 0 && c < 128 && set.find(static_cast<char>(c)) != std::string_view::npos; }

}  // namespace

// at_ is behind the [.
absl::Status Parser::ParseClass() {
  if (unicode_sets_) {
    EDGE_ASSIGN_OR_RETURN(ClassValue value, ParseSetClass(0));
    AddAtom(NewClass(std::move(value)));
  } else {
    EDGE_ASSIGN_OR_RETURN(ClassValue value, ParseLegacyClass());
    AddAtom(NewClass(std::move(value)));
  }
  return absl::OkStatus();
}

absl::StatusOr<ClassValue> Parser::ParseLegacyClass() {
  const bool negated = Eat('^');
  ClassValue value;
  while (!AtEnd() && Peek() != ']') {
    if (TooLarge()) return TooLargeError();
    uint32_t low = 0;
    EDGE_ASSIGN_OR_RETURN(const std::optional<ClassValue> first, ParseLegacyClassAtom(low));
    if (!Eat('-')) {
      first.has_value() ? value.chars.Add(first->chars) : value.chars.Add(low);
      continue;
    }
    if (AtEnd()) break;
    if (Peek() == ']') {
      first.has_value() ? value.chars.Add(first->chars) : value.chars.Add(low);
      value.chars.Add('-');
      break;
    }
    uint32_t high = 0;
    EDGE_ASSIGN_OR_RETURN(const std::optional<ClassValue> second, ParseLegacyClassAtom(high));
    if (first.has_value() || second.has_value()) {
      if (full_unicode_) return Error("Invalid character class");
      first.has_value() ? value.chars.Add(first->chars) : value.chars.Add(low);
      value.chars.Add('-');
      second.has_value() ? value.chars.Add(second->chars) : value.chars.Add(high);
      continue;
    }
    if (low > high) return Error("Range out of order in character class");
    value.chars.Add(low, high);
  }
  if (!Eat(']')) return Error("Unterminated character class");
  value.chars = Leaf(std::move(value.chars));
  if (negated) value.chars.Invert();
  return value;
}

// A class escape, or nullopt and the character `c`.
absl::StatusOr<std::optional<ClassValue>> Parser::ParseLegacyClassAtom(uint32_t& c) {
  if (!Eat('\\')) {
    c = NextCharacter();
    return std::nullopt;
  }
  if (Eat('b')) {
    c = '\b';
    return std::nullopt;
  }
  absl::StatusOr<std::optional<ClassValue>> escape = TryClassEscape(/*in_class=*/true);
  if (!escape.ok() || escape->has_value()) return escape;
  EDGE_ASSIGN_OR_RETURN(c, ParseCharacterEscape(/*in_class=*/true));
  return std::nullopt;
}

CharSet Parser::Leaf(CharSet set) {
  Spend(set.ranges().size());
  if (ignore_case_) CloseOverCase(set, relation());
  return set;
}

// Under the i flag two strings are the same element if their foldings are.
void Parser::AddClassString(ClassValue& value, std::u32string string) {
  if (string.size() == 1) {
    value.chars.Add(Leaf(CharSet(string[0], string[0])));
    return;
  }
  if (ignore_case_) {
    for (char32_t& c : string) c = Canonicalize(c, relation());
  }
  value.strings.insert(std::move(string));
}

void Parser::CombineClass(Operation operation, ClassValue& left, const ClassValue& right) const {
  switch (operation) {
    case Operation::kNone:
    case Operation::kUnion:
      left.chars.Add(right.chars);
      left.strings.insert(right.strings.begin(), right.strings.end());
      left.may_contain_strings |= right.may_contain_strings;
      break;
    case Operation::kIntersection:
      left.chars.Intersect(right.chars);
      std::erase_if(left.strings, [&](const std::u32string& s) { return !right.strings.contains(s); });
      left.may_contain_strings &= right.may_contain_strings;
      break;
    case Operation::kSubtraction:
      left.chars.Subtract(right.chars);
      std::erase_if(left.strings, [&](const std::u32string& s) { return right.strings.contains(s); });
      break;
  }
}

// at_ is behind the [. One class is a union, or an intersection, or a subtraction: never a mixture.
absl::StatusOr<ClassValue> Parser::ParseSetClass(uint32_t depth) {
  if (depth > limits_.class_nesting_max) return TooLargeError();
  const bool negated = Eat('^');
  ClassValue value;
  Operation operation = Operation::kNone;
  bool first = true;
  while (!Eat(']')) {
    if (AtEnd()) return Error("Unterminated character class");
    if (TooLarge()) return TooLargeError();
    const Operation next = LookingAt(u"--") ? Operation::kSubtraction : LookingAt(u"&&") ? Operation::kIntersection : Operation::kUnion;
    uint32_t low = 0;
    if (next != Operation::kUnion) {
      if (first || (operation != Operation::kNone && operation != next)) return Error("Invalid set operation in character class");
      operation = next;
      at_ += 2;
      if (next == Operation::kIntersection && Peek() == '&') return Error("Invalid character in character class");
      if (AtEnd()) return Error("Unterminated character class");
      EDGE_ASSIGN_OR_RETURN(std::optional<ClassValue> operand, ParseSetOperand(depth, low));
      if (!operand.has_value()) operand.emplace().chars = Leaf(CharSet(low, low));
      CombineClass(operation, value, *operand);
      continue;
    }
    if (operation == Operation::kIntersection || operation == Operation::kSubtraction) {
      return Error("Invalid set operation in character class");
    }
    EDGE_ASSIGN_OR_RETURN(std::optional<ClassValue> operand, ParseSetOperand(depth, low));
    if (!first) operation = Operation::kUnion;
    first = false;
    if (Peek() == '-' && Peek(1) != '-') {
      ++at_;
      if (AtEnd()) return Error("Unterminated character class");
      uint32_t high = 0;
      EDGE_ASSIGN_OR_RETURN(const std::optional<ClassValue> second, ParseSetOperand(depth, high));
      if (operand.has_value() || second.has_value()) return Error("Invalid character class");
      if (low > high) return Error("Range out of order in character class");
      value.chars.Add(Leaf(CharSet(low, high)));
      operation = Operation::kUnion;
      continue;
    }
    if (!operand.has_value()) operand.emplace().chars = Leaf(CharSet(low, low));
    CombineClass(Operation::kUnion, value, *operand);
  }
  if (negated) {
    if (value.may_contain_strings) return Error("Negated character class may contain strings");
    value.chars.Invert();
  }
  return value;
}

// A nested class or a class escape, or nullopt and the character `c`.
absl::StatusOr<std::optional<ClassValue>> Parser::ParseSetOperand(uint32_t depth, uint32_t& c) {
  if (Eat('[')) {
    EDGE_ASSIGN_OR_RETURN(ClassValue value, ParseSetClass(depth + 1));
    return value;
  }
  if (Peek() == '\\') {
    if (Peek(1) == 'q') {
      if (Peek(2) != '{') return Error("Invalid escape");
      at_ += 3;
      EDGE_ASSIGN_OR_RETURN(ClassValue value, ParseClassStrings());
      return value;
    }
    ++at_;
    absl::StatusOr<std::optional<ClassValue>> escape = TryClassEscape(/*in_class=*/true);
    if (!escape.ok() || escape->has_value()) return escape;
    --at_;
  }
  EDGE_ASSIGN_OR_RETURN(c, ParseSetCharacter());
  return std::nullopt;
}

absl::StatusOr<uint32_t> Parser::ParseSetCharacter() {
  if (Eat('\\')) {
    if (Eat('b')) return '\b';
    if (IsOneOf(Peek(), "&-!#%,:;<=>@`~")) return static_cast<uint32_t>(pattern_[at_++]);
    return ParseCharacterEscape(/*in_class=*/true);
  }
  const int32_t c = Peek();
  if (IsOneOf(c, "()[]{}/-|")) return Error("Invalid character in character class");
  if (c == Peek(1) && IsOneOf(c, "&!#$%*+,.:;<=>?@^`~")) return Error("Invalid set operation in character class");
  return NextCharacter();
}

// \q{abc|d}: at_ is behind the {.
absl::StatusOr<ClassValue> Parser::ParseClassStrings() {
  ClassValue value;
  std::u32string string;
  for (;;) {
    if (AtEnd()) return Error("Invalid escape");
    const bool closes = Peek() == '}';
    if (closes || Peek() == '|') {
      ++at_;
      value.may_contain_strings |= string.size() != 1;
      AddClassString(value, std::move(string));
      string.clear();
      if (closes) return value;
      continue;
    }
    EDGE_ASSIGN_OR_RETURN(const uint32_t c, ParseSetCharacter());
    string.push_back(c);
  }
}

}  // namespace edge::regexp
