// Compiler: syntax tree to instructions. Walks the tree with an explicit stack.
#ifndef EDGE_RUNTIME_REGEXP_COMPILER_H_
#define EDGE_RUNTIME_REGEXP_COMPILER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/regexp/code.h"
#include "runtime/regexp/flags.h"
#include "runtime/regexp/limits.h"
#include "runtime/regexp/syntax.h"

namespace edge::regexp {

class Compiler {
 public:
  Compiler(const Syntax& syntax, const Flags& flags, const Limits& limits);

  // Call once. ResourceExhausted if the code would exceed limits.instructions_max.
  absl::StatusOr<Code> Compile();

 private:
  // A node whose code is being made. `phase` counts how far it is; `pc` and `aux` are places to patch.
  struct Task {
    const Node* node;
    Direction direction;
    uint32_t phase = 0;
    uint32_t pc = 0;
    uint32_t aux = 0;
  };

  void Step();
  void StepSequence(Task task);
  void StepAlternatives(Task task);
  void StepCapture(Task task);
  void StepRepeat(Task task);
  void StepCountedLoop(Task task);
  void StepLook(Task task);
  void EmitLeaf(const Node& node, Direction direction);
  void EmitChar(uint32_t c, Direction direction);
  void EmitLiteral(const std::u16string& text, Direction direction);
  void EmitSet(const CharSet& set, Direction direction);
  void EmitRun(const Node& repeat, const CharSet& set);
  void FinishRuns();

  uint32_t Emit(Op op, uint32_t a = 0, uint32_t b = 0, uint16_t c = 0);
  uint32_t Here() const { return static_cast<uint32_t>(code_.insts.size()); }
  uint32_t NewRegisters(uint32_t count);
  uint32_t ClassIndex(const CharSet& set);
  // Whether comparing single units decides `c`.
  bool IsUnit(uint32_t c) const { return c < 0x10000 && !(code_.full_unicode && (c & 0xF800) == 0xD800); }
  void Again(Task task) {
    ++task.phase;
    tasks_.push_back(task);
  }
  void Visit(const Node* node, Direction direction) { tasks_.push_back({node, direction}); }

  const Syntax& syntax_;
  const Limits& limits_;
  Code code_;
  std::vector<Task> tasks_;
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_COMPILER_H_
