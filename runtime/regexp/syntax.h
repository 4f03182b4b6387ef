// The syntax tree of a pattern, between parser and compiler.
//
// Nodes live in one arena and point at each other freely. Every property that the compiler needs (can it match the empty string, with
// which code units may it start, which groups are inside) is computed when a node is made, from children that are complete by then, so
// that nobody walks the tree recursively.
#ifndef EDGE_RUNTIME_REGEXP_SYNTAX_H_
#define EDGE_RUNTIME_REGEXP_SYNTAX_H_

#include <bitset>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "runtime/regexp/char_set.h"
#include "runtime/regexp/flags.h"

namespace edge::regexp {

// The code units with which a match of a node may start: one bit per unit below 256, the last bit for all others.
using FirstUnits = std::bitset<257>;

inline constexpr uint32_t kUnbounded = std::numeric_limits<uint32_t>::max();

enum class NodeKind : uint8_t {
  kEmpty,
  kChar,           // `c`
  kSet,            // one character of `set`
  kSequence,       // `children`
  kAlternatives,   // `children`
  kCapture,        // group number `index` around children[0]
  kRepeat,         // children[0], `min` to `max` times
  kLook,           // lookaround over children[0]
  kBackreference,  // to the one group of `groups` that took part
  kInputStart,
  kInputEnd,
  kLineStart,
  kLineEnd,
  kWordBoundary,
  kNotWordBoundary,
};

enum class Greed : uint8_t { kGreedy, kLazy };
enum class Direction : uint8_t { kForward, kBackward };
enum class LookSense : uint8_t { kPositive, kNegative };

struct Node {
  NodeKind kind = NodeKind::kEmpty;
  bool nullable = true;   // may match without consuming
  bool anchored = false;  // can match at the start of the input alone
  bool ignore_case = false;
  Greed greed = Greed::kGreedy;
  Direction direction = Direction::kForward;
  LookSense sense = LookSense::kPositive;
  uint32_t c = 0;
  uint32_t index = 0;
  uint32_t min = 0;
  uint32_t max = 0;
  // Capture groups inside: first_group <= number < end_group.
  uint32_t first_group = 0;
  uint32_t end_group = 0;
  FirstUnits first;
  CharSet set;
  std::vector<uint32_t> groups;
  std::vector<Node*> children;
};

// A named group, with all the group numbers that carry the name (several, if they are in different alternatives).
struct NamedGroup {
  std::u16string name;
  std::vector<uint32_t> indices;
};

struct Syntax {
  std::deque<Node> nodes;
  Node* root = nullptr;
  uint32_t capture_count = 0;  // without group 0
  std::vector<NamedGroup> names;
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_SYNTAX_H_
