#include "runtime/regexp/compiler.h"

#include <algorithm>

namespace edge::regexp {

namespace {

Op Directed(Op forward, Op backward, Direction direction) { return direction == Direction::kForward ? forward : backward; }

bool HasGroups(const Node& node) { return node.end_group > node.first_group; }

}  // namespace

Compiler::Compiler(const Syntax& syntax, const Flags& flags, const Limits& limits) : syntax_(syntax), limits_(limits) {
  code_.full_unicode = flags.full_unicode();
}

absl::StatusOr<Code> Compiler::Compile() {
  code_.capture_slots = 2 * (syntax_.capture_count + 1);
  code_.slots = code_.capture_slots;
  Visit(syntax_.root, Direction::kForward);
  while (!tasks_.empty()) {
    if (code_.insts.size() > limits_.instructions_max) return absl::ResourceExhaustedError("Regular expression too large");
    Step();
  }
  Emit(Op::kMatch);
  FinishRuns();

  const Node& root = *syntax_.root;
  code_.anchored = root.anchored;
  if (!root.nullable) {
    code_.has_first = true;
    CharSet first;
    for (uint32_t c = 0; c < 256; ++c) {
      if (root.first[c]) first.Add(c);
    }
    if (root.first[256]) first.Add(256, kMaxCodePoint);
    code_.first = CharClass(first);
    const auto& ranges = first.ranges();
    if (ranges.size() == 1 && ranges[0].low == ranges[0].high) code_.first_unit = static_cast<int32_t>(ranges[0].low);
  }
  return std::move(code_);
}

uint32_t Compiler::Emit(Op op, uint32_t a, uint32_t b, uint16_t c) {
  code_.insts.push_back({op, c, a, b});
  return Here() - 1;
}

uint32_t Compiler::NewRegisters(uint32_t count) {
  const uint32_t first = code_.slots;
  code_.slots += count;
  return first;
}

uint32_t Compiler::ClassIndex(const CharSet& set) {
  CharClass made(set);
  // The same few classes (\d, \w, [^/]) recur; looking at the latest ones keeps compiling linear.
  const size_t size = code_.classes.size();
  for (size_t i = size; i > 0 && i + 8 > size; --i) {
    if (code_.classes[i - 1] == made) return static_cast<uint32_t>(i - 1);
  }
  code_.classes.push_back(std::move(made));
  return static_cast<uint32_t>(size);
}

void Compiler::Step() {
  const Task task = tasks_.back();
  tasks_.pop_back();
  switch (task.node->kind) {
    case NodeKind::kSequence:
      return StepSequence(task);
    case NodeKind::kAlternatives:
      return StepAlternatives(task);
    case NodeKind::kCapture:
      return StepCapture(task);
    case NodeKind::kRepeat:
      return StepRepeat(task);
    case NodeKind::kLook:
      return StepLook(task);
    default:
      return EmitLeaf(*task.node, task.direction);
  }
}

void Compiler::StepSequence(Task task) {
  const std::vector<Node*>& children = task.node->children;
  const auto child = [&](uint32_t i) -> const Node& {
    return *children[task.direction == Direction::kForward ? i : children.size() - 1 - i];
  };
  if (task.phase >= children.size()) return;
  // Neighbouring characters become one literal.
  std::u16string text;
  uint32_t next = task.phase;
  while (next < children.size() && child(next).kind == NodeKind::kChar && IsUnit(child(next).c)) {
    text.push_back(static_cast<char16_t>(child(next).c));
    ++next;
  }
  if (text.size() > 1) {
    if (task.direction == Direction::kBackward) std::reverse(text.begin(), text.end());
    EmitLiteral(text, task.direction);
    task.phase = next;
    tasks_.push_back(task);
    return;
  }
  const Node& node = child(task.phase);
  Again(task);
  Visit(&node, task.direction);
}

void Compiler::StepAlternatives(Task task) {
  const std::vector<Node*>& children = task.node->children;
  if (task.phase > 0) {
    if (task.phase < children.size()) {
      // The jumps behind the alternatives form a list through their targets until the end is known.
      const uint32_t jump = Emit(Op::kJump, task.aux);
      task.aux = jump;
      code_.insts[task.pc].a = Here();
    } else {
      for (uint32_t jump = task.aux; jump != 0;) {
        const uint32_t following = code_.insts[jump].a;
        code_.insts[jump].a = Here();
        jump = following;
      }
      return;
    }
  }
  const Node* alternative = children[task.phase];
  if (task.phase + 1 < children.size()) task.pc = Emit(Op::kSplit);
  Again(task);
  Visit(alternative, task.direction);
}

void Compiler::StepCapture(Task task) {
  const bool first_end = (task.phase == 0) == (task.direction == Direction::kForward);
  Emit(Op::kSave, 2 * task.node->index + (first_end ? 0 : 1));
  if (task.phase > 0) return;
  Again(task);
  Visit(task.node->children[0], task.direction);
}

void Compiler::StepRepeat(Task task) {
  const Node& node = *task.node;
  const Node& body = *node.children[0];
  if (node.min == 1 && node.max == 1) return Visit(&body, task.direction);
  if (task.direction == Direction::kForward && body.kind == NodeKind::kSet) return EmitRun(node, body.set);
  if (task.direction == Direction::kForward && body.kind == NodeKind::kChar) return EmitRun(node, CharSet(body.c, body.c));

  const bool greedy = node.greed == Greed::kGreedy;
  if (node.min == 1 && node.max == kUnbounded && !body.nullable) {
    if (task.phase == 0) {
      task.pc = Here();
      if (HasGroups(node)) Emit(Op::kResetCaptures, node.first_group, node.end_group);
      Again(task);
      return Visit(&body, task.direction);
    }
    Emit(greedy ? Op::kSplitJump : Op::kSplit, task.pc);
    return;
  }
  if (node.min != 0 || (node.max != 1 && node.max != kUnbounded)) return StepCountedLoop(task);

  // x? and x*.
  if (task.phase == 0) {
    task.pc = Emit(greedy ? Op::kSplit : Op::kSplitJump);
    if (body.nullable) {
      task.aux = NewRegisters(1);
      Emit(Op::kSavePosition, task.aux);
    }
    if (HasGroups(node) && node.max != 1) Emit(Op::kResetCaptures, node.first_group, node.end_group);
    Again(task);
    return Visit(&body, task.direction);
  }
  if (body.nullable) Emit(Op::kFailIfEmpty, task.aux);
  if (node.max != 1) Emit(Op::kJump, task.pc);
  code_.insts[task.pc].a = Here();
}

void Compiler::StepCountedLoop(Task task) {
  const Node& node = *task.node;
  const Node& body = *node.children[0];
  if (task.phase == 0) {
    task.aux = static_cast<uint32_t>(code_.loops.size());
    Loop& loop = code_.loops.emplace_back();
    loop.min = node.min;
    loop.max = node.max;
    loop.greed = node.greed;
    loop.count_register = NewRegisters(1);
    if (body.nullable) loop.position_register = NewRegisters(1);
    if (HasGroups(node)) {
      loop.first_group = node.first_group;
      loop.end_group = node.end_group;
    }
    Emit(Op::kLoopInit, task.aux);
    loop.test_pc = Emit(Op::kLoopTest, task.aux);
    Emit(Op::kLoopBody, task.aux);
    Again(task);
    return Visit(&body, task.direction);
  }
  Emit(Op::kLoopEnd, task.aux);
  code_.loops[task.aux].exit_pc = Here();
}

void Compiler::StepLook(Task task) {
  const Node& node = *task.node;
  const bool positive = node.sense == LookSense::kPositive;
  if (task.phase == 0) {
    task.aux = NewRegisters(2);
    task.pc = Emit(positive ? Op::kLookBegin : Op::kNegativeBegin, task.aux);
    Again(task);
    return Visit(node.children[0], node.direction);
  }
  Emit(positive ? Op::kLookEnd : Op::kNegativeEnd, task.aux);
  code_.insts[task.pc].b = Here();
}

void Compiler::EmitLeaf(const Node& node, Direction direction) {
  switch (node.kind) {
    case NodeKind::kChar:
      EmitChar(node.c, direction);
      break;
    case NodeKind::kSet:
      EmitSet(node.set, direction);
      break;
    case NodeKind::kBackreference: {
      const uint32_t list = static_cast<uint32_t>(code_.group_lists.size());
      code_.group_lists.insert(code_.group_lists.end(), node.groups.begin(), node.groups.end());
      Emit(Directed(Op::kBackreference, Op::kBackreferenceBack, direction), list, static_cast<uint32_t>(node.groups.size()),
           node.ignore_case ? 1 : 0);
      break;
    }
    case NodeKind::kInputStart:
      Emit(Op::kInputStart);
      break;
    case NodeKind::kInputEnd:
      Emit(Op::kInputEnd);
      break;
    case NodeKind::kLineStart:
      Emit(Op::kLineStart);
      break;
    case NodeKind::kLineEnd:
      Emit(Op::kLineEnd);
      break;
    case NodeKind::kWordBoundary:
      Emit(Op::kWordBoundary, 0, 0, code_.full_unicode && node.ignore_case ? 1 : 0);
      break;
    case NodeKind::kNotWordBoundary:
      Emit(Op::kNotWordBoundary, 0, 0, code_.full_unicode && node.ignore_case ? 1 : 0);
      break;
    default:
      break;  // kEmpty
  }
}

void Compiler::EmitChar(uint32_t c, Direction direction) {
  if (IsUnit(c)) {
    Emit(Directed(Op::kChar, Op::kCharBack, direction), 0, 0, static_cast<uint16_t>(c));
  } else if (c >= 0x10000) {
    // Positions are at code point boundaries, so the two units of the pair can be compared as they are.
    const char16_t pair[] = {static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10)), static_cast<char16_t>(0xDC00 + ((c - 0x10000) & 0x3FF)),
                             0};
    EmitLiteral(pair, direction);
  } else {
    EmitSet(CharSet(c, c), direction);  // a lone surrogate must not match half of a pair
  }
}

void Compiler::EmitLiteral(const std::u16string& text, Direction direction) {
  const uint32_t at = static_cast<uint32_t>(code_.literals.size());
  code_.literals += text;
  Emit(Directed(Op::kLiteral, Op::kLiteralBack, direction), at, static_cast<uint32_t>(text.size()));
}

void Compiler::EmitSet(const CharSet& set, Direction direction) {
  const std::vector<CharRange>& ranges = set.ranges();
  if (ranges.empty()) {
    Emit(Op::kFail);
    return;
  }
  const uint32_t first = ranges[0].low;
  if (ranges.size() == 1 && ranges[0].high == first && IsUnit(first)) return EmitChar(first, direction);
  const bool pair =
      ranges.size() == 2 ? ranges[0].high == first && ranges[1].low == ranges[1].high : ranges.size() == 1 && ranges[0].high == first + 1;
  const uint32_t second = ranges.back().high;
  if (pair && IsUnit(first) && IsUnit(second)) {
    Emit(Directed(Op::kChar2, Op::kChar2Back, direction), second, 0, static_cast<uint16_t>(first));
    return;
  }
  Emit(Directed(Op::kClass, Op::kClassBack, direction), ClassIndex(set));
}

void Compiler::EmitRun(const Node& repeat, const CharSet& set) {
  const uint32_t run = static_cast<uint32_t>(code_.runs.size());
  code_.runs.push_back({.class_index = ClassIndex(set), .min = repeat.min, .max = repeat.max, .greed = repeat.greed});
  Emit(Op::kRun, run);
}

// What follows a run decides how much of its choice is worth keeping.
void Compiler::FinishRuns() {
  for (size_t pc = 0; pc < code_.insts.size(); ++pc) {
    if (code_.insts[pc].op != Op::kRun) continue;
    Run& run = code_.runs[code_.insts[pc].a];
    size_t next = pc + 1;
    while (code_.insts[next].op == Op::kSave) ++next;
    const Inst& follower = code_.insts[next];
    if (follower.op == Op::kChar) run.next_unit = follower.c;
    if (follower.op == Op::kLiteral) run.next_unit = code_.literals[follower.a];
    run.possessive = follower.op == Op::kInputEnd || follower.op == Op::kMatch;
    if (run.next_unit >= 0 && (run.next_unit & 0xF800) != 0xD800) {
      run.possessive = !code_.classes[run.class_index].Contains(static_cast<uint32_t>(run.next_unit));
    }
  }
}

}  // namespace edge::regexp
