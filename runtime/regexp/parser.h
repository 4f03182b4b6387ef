// Parser: pattern text to syntax tree (ECMAScript 2024, 22.2.1 and annex B.1.2).
//
// Without the u and v flags the pattern is read as code units and the web's legacy grammar applies; with them as code points and strictly.
// Groups are kept on an explicit stack, so a deeply nested pattern reaches a limit, not the end of the fiber's native stack. The
// inline modifiers of ECMAScript 2025, (?i:...), and duplicate names in different alternatives are understood too.
#ifndef EDGE_RUNTIME_REGEXP_PARSER_H_
#define EDGE_RUNTIME_REGEXP_PARSER_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/regexp/case_folding.h"
#include "runtime/regexp/flags.h"
#include "runtime/regexp/limits.h"
#include "runtime/regexp/syntax.h"

namespace edge::regexp {

// What a character class denotes: single characters and, with the v flag, strings.
struct ClassValue {
  CharSet chars;
  std::set<std::u32string> strings;  // the empty string and those of two and more code points
  bool may_contain_strings = false;  // the static semantics of that name: decides if a negation is legal
};

class Parser {
 public:
  Parser(std::u16string_view pattern, const Flags& flags, const Limits& limits);

  // Parses the whole pattern; call once. Errors: InvalidArgument (syntax) and ResourceExhausted (limits). The message is the reason alone,
  // without the pattern.
  absl::StatusOr<Syntax> Parse();

 private:
  // One open group, or the whole pattern.
  struct OpenGroup {
    enum class Kind { kPattern, kCapture, kPlain, kLook } kind = Kind::kPattern;
    uint32_t index = 0;
    Direction direction = Direction::kForward;
    LookSense sense = LookSense::kPositive;
    bool ignore_case = false;  // of the outside, restored when the group closes
    bool multiline = false;
    bool dot_all = false;
    uint32_t first_group = 0;
    uint32_t serial = 0;
    std::vector<Node*> alternatives;
    std::vector<Node*> terms;
  };
  // Where a group stands: which groups are open around it, and in which of their alternatives.
  using Path = std::vector<std::pair<uint32_t, uint32_t>>;
  struct PendingName {
    Node* node;
    std::u16string name;
  };
  enum class Operation { kNone, kUnion, kIntersection, kSubtraction };

  // parser.cc: terms, groups, quantifiers.
  absl::Status ParseTerms();
  absl::Status OpenParenthesis();
  absl::Status OpenNamedGroup(OpenGroup& group);
  absl::Status ParseModifiers(OpenGroup& group);
  absl::Status CloseParenthesis();
  void CloseAlternative();
  Node* CloseDisjunction();
  absl::Status ParseQuantifier(Node* atom);
  bool TryBraces(uint32_t& min, uint32_t& max);
  uint32_t ReadDecimal();
  absl::Status ResolveNames();
  void CountGroups();

  // parser_escape.cc: what follows a backslash.
  absl::Status ParseAtomEscape();
  absl::StatusOr<uint32_t> ParseCharacterEscape(bool in_class);
  absl::StatusOr<bool> ParseNamedReference();
  absl::StatusOr<std::u16string> ParseGroupName();
  std::optional<uint32_t> TryUnicodeEscape(bool code_points);
  std::optional<uint32_t> TryHex(int digits);
  uint32_t ReadLegacyOctal();
  // Reads d, D, s, S, w, W, p{..} or P{..} (at_ is at the letter). nullopt: it is none of them, nothing was read.
  absl::StatusOr<std::optional<ClassValue>> TryClassEscape(bool in_class);
  absl::StatusOr<ClassValue> ParseProperty(bool in_class);

  // parser_class.cc: [...].
  absl::Status ParseClass();
  absl::StatusOr<ClassValue> ParseLegacyClass();
  absl::StatusOr<std::optional<ClassValue>> ParseLegacyClassAtom(uint32_t& c);
  absl::StatusOr<ClassValue> ParseSetClass(uint32_t depth);
  absl::StatusOr<std::optional<ClassValue>> ParseSetOperand(uint32_t depth, uint32_t& c);
  absl::StatusOr<uint32_t> ParseSetCharacter();
  absl::StatusOr<ClassValue> ParseClassStrings();
  void AddClassString(ClassValue& value, std::u32string string);
  void CombineClass(Operation operation, ClassValue& left, const ClassValue& right) const;
  // One element of a set-notation class, closed under case where that applies.
  CharSet Leaf(CharSet set);

  // Nodes (parser_nodes.cc).
  Node* NewNode(NodeKind kind);
  Node* NewChar(uint32_t c);
  Node* NewSet(CharSet set);
  Node* NewSequence(std::vector<Node*> children);
  Node* NewAlternatives(std::vector<Node*> children);
  Node* NewRepeat(Node* atom, uint32_t min, uint32_t max, Greed greed, uint32_t first_group);
  Node* NewBackreference();
  Node* NewClass(ClassValue value);
  CharSet WordCharacters() const;
  void AddAtom(Node* node) { groups_.back().terms.push_back(node); }

  bool AtEnd() const { return at_ >= pattern_.size(); }
  // The code unit at `at_ + offset`, or -1 beyond the end.
  int32_t Peek(size_t offset = 0) const { return at_ + offset < pattern_.size() ? pattern_[at_ + offset] : -1; }
  bool Eat(char16_t c);
  bool LookingAt(std::u16string_view text) const { return pattern_.substr(at_, text.size()) == text; }
  // Reads one character: a code point if `code_points`, else a code unit. REQUIRES: !AtEnd().
  uint32_t Next(bool code_points);
  uint32_t NextCharacter() { return Next(full_unicode_); }
  // Counts towards limits_.compile_work_max.
  void Spend(size_t work) { work_ += work; }
  bool TooLarge() const { return work_ > limits_.compile_work_max; }
  static absl::Status TooLargeError() { return absl::ResourceExhaustedError("Regular expression too large"); }
  CaseRelation relation() const { return full_unicode_ ? CaseRelation::kSimpleFold : CaseRelation::kUpperCase; }
  static absl::Status Error(const char* reason) { return absl::InvalidArgumentError(reason); }

  const std::u16string_view pattern_;
  const Limits& limits_;
  const bool full_unicode_;
  const bool unicode_sets_;
  // The modifiers in force at at_.
  bool ignore_case_;
  bool multiline_;
  bool dot_all_;

  size_t at_ = 0;
  Syntax syntax_;
  std::vector<OpenGroup> groups_;
  uint32_t captures_started_ = 0;
  uint32_t captures_total_ = 0;    // of the whole pattern, known from a first pass
  bool has_named_groups_ = false;  // likewise
  uint32_t next_serial_ = 0;
  uint64_t work_ = 0;
  std::map<std::u16string, size_t> name_indices_;  // name -> index in syntax_.names
  std::vector<PendingName> pending_names_;
  std::vector<std::vector<Path>> name_paths_;  // of each of syntax_.names, the places of its groups
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_PARSER_H_
