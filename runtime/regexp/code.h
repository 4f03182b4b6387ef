// The instructions that a pattern compiles to, run by the Matcher.
//
// A backtracking machine: a position in the subject, an array of slots and a stack. Slots 0..2n+1 are the capture bounds (-1: unset),
// those after them are registers of loops and lookarounds. Character instructions have a forward and, for lookbehind, a backward version.
#ifndef EDGE_RUNTIME_REGEXP_CODE_H_
#define EDGE_RUNTIME_REGEXP_CODE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/regexp/char_set.h"
#include "runtime/regexp/syntax.h"

namespace edge::regexp {

enum class Op : uint8_t {
  kMatch,
  kFail,
  kChar,  // unit c
  kCharBack,
  kChar2,  // unit c or unit a
  kChar2Back,
  kLiteral,  // literals[a, a+b)
  kLiteralBack,
  kClass,  // classes[a]
  kClassBack,
  kSplit,          // continue; on failure at a
  kSplitJump,      // jump to a; on failure continue
  kJump,           // to a
  kSave,           // slot a = position
  kSavePosition,   // register a = position
  kFailIfEmpty,    // fail if register a == position
  kResetCaptures,  // groups a <= number < b become unset
  kLoopInit,       // loops[a]
  kLoopTest,       // loops[a]
  kLoopBody,       // loops[a]
  kLoopEnd,        // loops[a]
  kRun,            // runs[a]
  kBackreference,  // group_lists[a, a+b); c: bit 0 ignore case
  kBackreferenceBack,
  kInputStart,
  kInputEnd,
  kLineStart,
  kLineEnd,
  kWordBoundary,  // c: 1 if the long s and the Kelvin sign are word characters
  kNotWordBoundary,
  kLookBegin,  // registers a (stack height) and a+1 (position)
  kLookEnd,
  kNegativeBegin,  // like kLookBegin; if the body fails, go on at b
  kNegativeEnd,
};

struct Inst {
  Op op = Op::kFail;
  uint16_t c = 0;
  uint32_t a = 0;
  uint32_t b = 0;
};

// A counted loop around a body that is more than one character.
struct Loop {
  uint32_t min = 0;
  uint32_t max = 0;
  uint32_t count_register = 0;
  uint32_t position_register = 0;  // 0: the body always consumes
  uint32_t first_group = 0;
  uint32_t end_group = 0;
  uint32_t test_pc = 0;
  uint32_t exit_pc = 0;
  Greed greed = Greed::kGreedy;
};

// A repeated single character: one stack entry for all its choices.
struct Run {
  uint32_t class_index = 0;
  uint32_t min = 0;
  uint32_t max = 0;
  Greed greed = Greed::kGreedy;
  // A greedy run that can only go on from its longest form (what follows cannot match a character of the run) leaves no choice behind.
  bool possessive = false;
  int32_t next_unit = -1;  // the unit that must follow, if known
};

struct Code {
  std::vector<Inst> insts;
  std::vector<CharClass> classes;
  std::vector<Loop> loops;
  std::vector<Run> runs;
  std::vector<uint32_t> group_lists;
  std::u16string literals;
  uint32_t capture_slots = 2;
  uint32_t slots = 2;
  bool full_unicode = false;
  bool anchored = false;
  bool has_first = false;   // a match starts with a unit of `first`
  int32_t first_unit = -1;  // if that is one unit below 256
  CharClass first{CharSet()};
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_CODE_H_
