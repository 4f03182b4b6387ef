#include "runtime/regexp/parser.h"

#include <algorithm>

#include "runtime/base/status_macros.h"

namespace edge::regexp {

namespace {

bool IsDigit(int32_t c) { return c >= '0' && c <= '9'; }

}  // namespace

Parser::Parser(std::u16string_view pattern, const Flags& flags, const Limits& limits)
    : pattern_(pattern),
      limits_(limits),
      full_unicode_(flags.full_unicode()),
      unicode_sets_(flags.unicode_sets),
      ignore_case_(flags.ignore_case),
      multiline_(flags.multiline),
      dot_all_(flags.dot_all) {}

absl::StatusOr<Syntax> Parser::Parse() {
  if (pattern_.size() > limits_.pattern_units_max) return TooLargeError();
  CountGroups();
  if (captures_total_ > limits_.captures_max) return absl::ResourceExhaustedError("Too many captures");
  groups_.emplace_back();
  groups_.back().serial = next_serial_++;
  EDGE_RETURN_IF_ERROR(ParseTerms());
  if (groups_.size() > 1) return Error("Unterminated group");
  syntax_.root = CloseDisjunction();
  groups_.pop_back();
  if (TooLarge()) return TooLargeError();
  EDGE_RETURN_IF_ERROR(ResolveNames());
  syntax_.capture_count = captures_started_;
  return std::move(syntax_);
}

bool Parser::Eat(char16_t c) {
  if (Peek() != c) return false;
  ++at_;
  return true;
}

uint32_t Parser::Next(bool code_points) {
  const uint32_t c = pattern_[at_++];
  if (code_points && (c & 0xFC00) == 0xD800 && !AtEnd() && (Peek() & 0xFC00) == 0xDC00) {
    return 0x10000 + ((c & 0x3FF) << 10) + (pattern_[at_++] & 0x3FF);
  }
  return c;
}

// Whether \1 is a reference and \k a named one depends on groups that may come later.
void Parser::CountGroups() {
  int class_depth = 0;
  for (size_t i = 0; i < pattern_.size(); ++i) {
    const char16_t c = pattern_[i];
    if (c == '\\') {
      ++i;
    } else if (c == '[') {
      if (class_depth == 0 || unicode_sets_) ++class_depth;
    } else if (c == ']') {
      if (class_depth > 0) --class_depth;
    } else if (c == '(' && class_depth == 0) {
      const std::u16string_view rest = pattern_.substr(i + 1, 3);
      if (rest.substr(0, 1) != u"?") {
        ++captures_total_;
      } else if (rest.substr(0, 2) == u"?<" && rest != u"?<=" && rest != u"?<!") {
        ++captures_total_;
        has_named_groups_ = true;
      }
    }
  }
}

absl::Status Parser::ParseTerms() {
  while (!AtEnd()) {
    if (TooLarge()) return TooLargeError();
    switch (Peek()) {
      case '|':
        ++at_;
        CloseAlternative();
        continue;
      case '(':
        ++at_;
        EDGE_RETURN_IF_ERROR(OpenParenthesis());
        continue;
      case ')': {
        if (groups_.size() == 1) return Error("Unmatched ')'");
        ++at_;
        EDGE_RETURN_IF_ERROR(CloseParenthesis());
        Node* group = groups_.back().terms.back();
        if (group->kind == NodeKind::kLook && (full_unicode_ || group->direction == Direction::kBackward)) {
          const int32_t next = Peek();
          if (next == '*' || next == '+' || next == '?') return Error("Invalid quantifier");
          continue;
        }
        break;
      }
      case '^':
        ++at_;
        AddAtom(NewNode(multiline_ ? NodeKind::kLineStart : NodeKind::kInputStart));
        continue;
      case '$':
        ++at_;
        AddAtom(NewNode(multiline_ ? NodeKind::kLineEnd : NodeKind::kInputEnd));
        continue;
      case '*':
      case '+':
      case '?':
        return Error("Nothing to repeat");
      case '.': {
        ++at_;
        CharSet line_terminators;
        if (!dot_all_) {
          line_terminators.Add('\n');
          line_terminators.Add('\r');
          line_terminators.Add(0x2028, 0x2029);
        }
        line_terminators.Invert();
        AddAtom(NewSet(std::move(line_terminators)));
        break;
      }
      case '[':
        ++at_;
        EDGE_RETURN_IF_ERROR(ParseClass());
        break;
      case '\\':
        EDGE_RETURN_IF_ERROR(ParseAtomEscape());
        break;
      case '{': {
        const size_t start = at_;
        uint32_t min = 0;
        uint32_t max = 0;
        if (TryBraces(min, max)) return Error("Nothing to repeat");
        at_ = start;
        if (full_unicode_) return Error("Lone quantifier brackets");
        AddAtom(NewChar(NextCharacter()));
        break;
      }
      case '}':
      case ']':
        if (full_unicode_) return Error("Lone quantifier brackets");
        AddAtom(NewChar(NextCharacter()));
        break;
      default:
        AddAtom(NewChar(NextCharacter()));
        break;
    }
    Node* atom = groups_.back().terms.back();
    if (atom->kind == NodeKind::kWordBoundary || atom->kind == NodeKind::kNotWordBoundary) continue;
    EDGE_RETURN_IF_ERROR(ParseQuantifier(atom));
  }
  return absl::OkStatus();
}

absl::Status Parser::OpenParenthesis() {
  if (groups_.size() > limits_.group_nesting_max) return TooLargeError();
  OpenGroup group;
  group.ignore_case = ignore_case_;
  group.multiline = multiline_;
  group.dot_all = dot_all_;
  group.first_group = captures_started_ + 1;
  group.serial = next_serial_++;
  if (!Eat('?')) {
    group.kind = OpenGroup::Kind::kCapture;
    group.index = ++captures_started_;
  } else if (Eat(':')) {
    group.kind = OpenGroup::Kind::kPlain;
  } else if (Eat('=')) {
    group.kind = OpenGroup::Kind::kLook;
  } else if (Eat('!')) {
    group.kind = OpenGroup::Kind::kLook;
    group.sense = LookSense::kNegative;
  } else if (LookingAt(u"<=") || LookingAt(u"<!")) {
    group.kind = OpenGroup::Kind::kLook;
    group.direction = Direction::kBackward;
    group.sense = LookingAt(u"<!") ? LookSense::kNegative : LookSense::kPositive;
    at_ += 2;
  } else if (Eat('<')) {
    EDGE_RETURN_IF_ERROR(OpenNamedGroup(group));
  } else {
    EDGE_RETURN_IF_ERROR(ParseModifiers(group));
  }
  groups_.push_back(std::move(group));
  return absl::OkStatus();
}

absl::Status Parser::OpenNamedGroup(OpenGroup& group) {
  group.kind = OpenGroup::Kind::kCapture;
  group.index = ++captures_started_;
  absl::StatusOr<std::u16string> name = ParseGroupName();
  if (!name.ok()) return name.status();
  Path path;
  for (const OpenGroup& open : groups_) path.emplace_back(open.serial, static_cast<uint32_t>(open.alternatives.size()));

  const auto [entry, is_new] = name_indices_.emplace(*name, syntax_.names.size());
  if (is_new) {
    syntax_.names.push_back({*std::move(name), {}});
    name_paths_.emplace_back();
  }
  std::vector<Path>& others = name_paths_[entry->second];
  // Two groups may share a name if no match can pass through both: some group that holds both holds them in different alternatives.
  for (const Path& other : others) {
    bool exclusive = false;
    for (size_t i = 0; i < std::min(path.size(), other.size()) && path[i].first == other[i].first; ++i) {
      exclusive |= path[i].second != other[i].second;
    }
    if (!exclusive) return Error("Duplicate capture group name");
    Spend(other.size());
  }
  Spend(path.size());
  if (TooLarge()) return TooLargeError();
  syntax_.names[entry->second].indices.push_back(group.index);
  others.push_back(std::move(path));
  return absl::OkStatus();
}

// (?ims-ims:...). At least one flag, none twice.
absl::Status Parser::ParseModifiers(OpenGroup& group) {
  group.kind = OpenGroup::Kind::kPlain;
  std::u16string seen;
  bool value = true;
  for (;;) {
    const int32_t c = Peek();
    if (c == ':' && !seen.empty()) break;
    if (c == '-' && value) {
      value = false;
    } else if ((c == 'i' || c == 'm' || c == 's') && seen.find(static_cast<char16_t>(c)) == std::u16string::npos) {
      seen.push_back(static_cast<char16_t>(c));
      (c == 'i' ? ignore_case_ : c == 'm' ? multiline_ : dot_all_) = value;
    } else {
      return Error("Invalid group");
    }
    ++at_;
  }
  ++at_;
  return absl::OkStatus();
}

void Parser::CloseAlternative() {
  OpenGroup& group = groups_.back();
  group.alternatives.push_back(NewSequence(std::move(group.terms)));
  group.terms.clear();
}

Node* Parser::CloseDisjunction() {
  CloseAlternative();
  return NewAlternatives(std::move(groups_.back().alternatives));
}

absl::Status Parser::CloseParenthesis() {
  Node* body = CloseDisjunction();
  OpenGroup group = std::move(groups_.back());
  groups_.pop_back();
  ignore_case_ = group.ignore_case;
  multiline_ = group.multiline;
  dot_all_ = group.dot_all;

  Node* node = body;
  if (group.kind == OpenGroup::Kind::kCapture) {
    node = NewNode(NodeKind::kCapture);
    node->index = group.index;
    node->nullable = body->nullable;
    node->anchored = body->anchored;
    node->first = body->first;
    node->children = {body};
  } else if (group.kind == OpenGroup::Kind::kLook) {
    node = NewNode(NodeKind::kLook);
    node->sense = group.sense;
    node->direction = group.direction;
    node->children = {body};
  } else if (body->kind == NodeKind::kLook || body->kind == NodeKind::kWordBoundary || body->kind == NodeKind::kNotWordBoundary) {
    // An assertion in a plain group may be quantified, a bare one may not: the wrapper tells them apart.
    node = NewNode(NodeKind::kSequence);
    node->children = {body};
  }
  node->first_group = group.first_group;
  node->end_group = captures_started_ + 1;
  AddAtom(node);
  return absl::OkStatus();
}

uint32_t Parser::ReadDecimal() {
  uint64_t value = 0;
  while (IsDigit(Peek())) {
    value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(Peek() - '0'), kUnbounded);
    ++at_;
  }
  return static_cast<uint32_t>(value);
}

// {n}, {n,} or {n,m}. False: it is none of these; at_ is anywhere then.
bool Parser::TryBraces(uint32_t& min, uint32_t& max) {
  if (!Eat('{') || !IsDigit(Peek())) return false;
  min = ReadDecimal();
  max = min;
  if (Eat(',')) max = IsDigit(Peek()) ? ReadDecimal() : kUnbounded;
  return Eat('}');
}

absl::Status Parser::ParseQuantifier(Node* atom) {
  uint32_t min = 0;
  uint32_t max = kUnbounded;
  if (Peek() == '{') {
    const size_t start = at_;
    if (!TryBraces(min, max)) {
      if (full_unicode_) return Error("Incomplete quantifier");
      at_ = start;
      return absl::OkStatus();
    }
    if (max < min) return Error("numbers out of order in {} quantifier");
  } else if (Eat('*')) {
  } else if (Eat('+')) {
    min = 1;
  } else if (Eat('?')) {
    max = 1;
  } else {
    return absl::OkStatus();
  }
  const Greed greed = Eat('?') ? Greed::kLazy : Greed::kGreedy;
  groups_.back().terms.back() = NewRepeat(atom, min, max, greed, atom->first_group);
  return absl::OkStatus();
}

absl::Status Parser::ResolveNames() {
  for (const PendingName& pending : pending_names_) {
    const auto known = name_indices_.find(pending.name);
    if (known == name_indices_.end()) return Error("Invalid named capture referenced");
    pending.node->groups = syntax_.names[known->second].indices;
    Spend(pending.node->groups.size());
    if (TooLarge()) return TooLargeError();
  }
  return absl::OkStatus();
}

}  // namespace edge::regexp
