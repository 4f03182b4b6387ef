// Node construction: where the properties that the compiler needs are derived.
#include <algorithm>

#include "runtime/regexp/parser.h"

namespace edge::regexp {

namespace {

constexpr size_t kOtherUnits = 256;

FirstUnits FirstOf(const CharSet& set) {
  FirstUnits first;
  for (const CharRange& range : set.ranges()) {
    for (uint32_t c = range.low; c <= std::min<uint32_t>(range.high, 255); ++c) first.set(c);
    if (range.high >= 256) first.set(kOtherUnits);
  }
  return first;
}

}  // namespace

Node* Parser::NewNode(NodeKind kind) {
  Node& node = syntax_.nodes.emplace_back();
  node.kind = kind;
  node.ignore_case = ignore_case_;
  node.anchored = kind == NodeKind::kInputStart;
  return &node;
}

Node* Parser::NewChar(uint32_t c) {
  if (ignore_case_) {
    CharSet set(c, c);
    CloseOverCase(set, relation());
    if (set.ranges().size() > 1 || set.ranges()[0].low != set.ranges()[0].high) return NewSet(std::move(set));
  }
  Node* node = NewNode(NodeKind::kChar);
  node->c = c;
  node->nullable = false;
  node->first.set(std::min<size_t>(c, kOtherUnits));
  return node;
}

Node* Parser::NewSet(CharSet set) {
  Node* node = NewNode(NodeKind::kSet);
  node->nullable = false;
  node->first = FirstOf(set);
  Spend(set.ranges().size());
  node->set = std::move(set);
  return node;
}

Node* Parser::NewSequence(std::vector<Node*> children) {
  if (children.size() == 1) return children[0];
  Node* node = NewNode(children.empty() ? NodeKind::kEmpty : NodeKind::kSequence);
  for (const Node* child : children) {
    if (node->nullable) node->first |= child->first;
    node->nullable &= child->nullable;
    // A child that needs the start of the input anchors the whole: whatever stands before it consumes nothing or fails.
    node->anchored |= child->anchored;
  }
  node->children = std::move(children);
  return node;
}

Node* Parser::NewAlternatives(std::vector<Node*> children) {
  if (children.size() == 1) return children[0];
  // a|b|[cd] is one set: no choice to come back to.
  if (std::all_of(children.begin(), children.end(),
                  [](const Node* n) { return n->kind == NodeKind::kChar || n->kind == NodeKind::kSet; })) {
    CharSet set;
    for (const Node* child : children) child->kind == NodeKind::kChar ? set.Add(child->c) : set.Add(child->set);
    return NewSet(std::move(set));
  }
  Node* node = NewNode(NodeKind::kAlternatives);
  node->nullable = false;
  node->anchored = true;
  for (const Node* child : children) {
    node->first |= child->first;
    node->nullable |= child->nullable;
    node->anchored &= child->anchored;
  }
  node->children = std::move(children);
  return node;
}

Node* Parser::NewRepeat(Node* atom, uint32_t min, uint32_t max, Greed greed, uint32_t first_group) {
  Node* node = NewNode(max == 0 ? NodeKind::kEmpty : NodeKind::kRepeat);
  if (max == 0) return node;
  node->min = min;
  node->max = max;
  node->greed = greed;
  node->first_group = first_group;
  node->end_group = atom->end_group;
  node->nullable = min == 0 || atom->nullable;
  node->anchored = min > 0 && atom->anchored;
  node->first = atom->first;
  node->children = {atom};
  return node;
}

Node* Parser::NewBackreference() {
  Node* node = NewNode(NodeKind::kBackreference);
  node->first.set();
  return node;
}

// Longer strings are tried before shorter ones; single characters count as strings of length 1.
Node* Parser::NewClass(ClassValue value) {
  if (value.strings.empty()) return NewSet(std::move(value.chars));
  std::vector<std::u32string> strings(value.strings.begin(), value.strings.end());
  std::stable_sort(strings.begin(), strings.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::vector<Node*> alternatives;
  bool chars_added = value.chars.empty();
  for (const std::u32string& string : strings) {
    if (string.empty() && !chars_added) {
      alternatives.push_back(NewSet(value.chars));
      chars_added = true;
    }
    std::vector<Node*> sequence;
    Spend(8 * string.size());
    for (const char32_t c : string) sequence.push_back(NewChar(c));
    alternatives.push_back(NewSequence(std::move(sequence)));
  }
  if (!chars_added) alternatives.push_back(NewSet(std::move(value.chars)));
  return NewAlternatives(std::move(alternatives));
}

CharSet Parser::WordCharacters() const {
  CharSet set;
  set.Add('0', '9');
  set.Add('A', 'Z');
  set.Add('_');
  set.Add('a', 'z');
  if (full_unicode_ && ignore_case_) CloseOverCase(set, CaseRelation::kSimpleFold);
  return set;
}

}  // namespace edge::regexp
