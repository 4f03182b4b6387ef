#include "runtime/regexp/matcher.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "runtime/base/check.h"
#include "runtime/regexp/case_folding.h"

namespace edge::regexp {

namespace {

constexpr int32_t kIntMax = std::numeric_limits<int32_t>::max();

bool IsLead(uint32_t unit) { return (unit & 0xFC00) == 0xD800; }
bool IsTrail(uint32_t unit) { return (unit & 0xFC00) == 0xDC00; }
bool IsLineTerminator(uint32_t unit) { return unit == '\n' || unit == '\r' || unit == 0x2028 || unit == 0x2029; }

bool IsWord(uint32_t unit) {
  return (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || (unit >= '0' && unit <= '9') || unit == '_';
}

}  // namespace

// One match: the interpreter for one kind of subject. Code points differ from units only in UTF-16 under the u or v flag.
template <typename Unit, bool kCodePoints>
class Machine {
 public:
  Machine(Matcher& matcher, const Program& program, const Unit* subject, int32_t length)
      : matcher_(matcher),
        code_(program.code()),
        insts_(code_.insts.data()),
        subject_(subject),
        length_(length),
        stack_(matcher.stack_),
        slots_(matcher.slots_.data()),
        relation_(code_.full_unicode ? CaseRelation::kSimpleFold : CaseRelation::kUpperCase) {
    Refill();
  }

  MatchResult Search(int32_t start, SearchMode mode) {
    if (IsInsidePair(start)) --start;
    if (code_.anchored && start > 0) return MatchResult::kNoMatch;
    for (int32_t position = start;; position = NextPosition(position)) {
      if (code_.has_first) {
        const int32_t found = mode == SearchMode::kAtStart ? (CanStart(position) ? position : length_) : FindStart(position);
        fuel_ -= (found - position) >> 4;
        position = found;
        if (position >= length_) return MatchResult::kNoMatch;
      }
      if (!Charge(1 + (code_.capture_slots >> 5))) return stop_reason_;
      const MatchResult result = RunAt(position);
      if (result != MatchResult::kNoMatch) return result;
      if (code_.anchored || mode == SearchMode::kAtStart || position >= length_) return MatchResult::kNoMatch;
    }
  }

  uint64_t steps() const { return steps_told_ + static_cast<uint64_t>(fuel_given_ - fuel_); }

 private:
  void Refill() {
    const uint64_t left = matcher_.limits_.steps_max - std::min(matcher_.limits_.steps_max, steps_told_);
    fuel_given_ = static_cast<int64_t>(std::min<uint64_t>(left, kStepsPerHook));
    fuel_ = fuel_given_;
  }

  // Counts work. False: the match must end with stop_reason_.
  bool Charge(int64_t steps) {
    fuel_ -= steps;
    return fuel_ > 0 || OutOfFuel();
  }

  [[gnu::noinline]] bool OutOfFuel() {
    const uint64_t taken = static_cast<uint64_t>(fuel_given_ - fuel_);
    steps_told_ += taken;
    fuel_ = fuel_given_ = 0;
    if (matcher_.hook_.call != nullptr && matcher_.hook_.call(matcher_.hook_.context, taken) == StepHook::Decision::kStop) {
      stop_reason_ = MatchResult::kStopped;
      return false;
    }
    Refill();
    if (fuel_ > 0) return true;
    stop_reason_ = MatchResult::kOutOfSteps;
    return false;
  }

  bool CanStart(int32_t position) const { return position < length_ && code_.first.Contains(subject_[position]); }

  int32_t FindStart(int32_t position) const {
    if (position >= length_) return length_;
    if (code_.first_unit >= 0) {
      if constexpr (sizeof(Unit) == 1) {
        const void* found = std::memchr(subject_ + position, code_.first_unit, static_cast<size_t>(length_ - position));
        return found == nullptr ? length_ : static_cast<int32_t>(static_cast<const Unit*>(found) - subject_);
      } else {
        while (position < length_ && subject_[position] != code_.first_unit) ++position;
        return position;
      }
    }
    while (position < length_ && !code_.first.Contains(subject_[position])) position = NextPosition(position);
    return std::min(position, length_);
  }

  int32_t NextPosition(int32_t position) const {
    if (kCodePoints && position + 1 < length_ && IsLead(subject_[position]) && IsTrail(subject_[position + 1])) return position + 2;
    return position + 1;
  }

  int32_t PreviousPosition(int32_t position) const {
    if (kCodePoints && position > 1 && IsTrail(subject_[position - 1]) && IsLead(subject_[position - 2])) return position - 2;
    return position - 1;
  }

  bool IsInsidePair(int32_t position) const {
    return kCodePoints && position > 0 && position < length_ && IsTrail(subject_[position]) && IsLead(subject_[position - 1]);
  }

  // The character between two neighbouring positions.
  uint32_t CharacterIn(int32_t begin, int32_t end) const {
    if (kCodePoints && end - begin == 2) return 0x10000 + ((subject_[begin] & 0x3FFu) << 10) + (subject_[begin + 1] & 0x3FFu);
    return subject_[begin];
  }

  bool IsWordAt(int32_t position, bool folded) const {
    if (position < 0 || position >= length_) return false;
    const uint32_t unit = subject_[position];
    return IsWord(unit) || (folded && (unit == 0x17F || unit == 0x212A));
  }

  bool SetSlot(uint32_t slot, int32_t value) {
    const int32_t old = slots_[slot];
    slots_[slot] = value;
    // With no choice left nothing goes back to the old value: a failure ends this attempt.
    return stack_.empty() || stack_.Push(BacktrackStack::kRestore, slot, old);
  }

  bool ResetCaptures(uint32_t first, uint32_t end) {
    fuel_ -= (end - first) >> 3;
    for (uint32_t slot = 2 * first; slot < 2 * end; ++slot) {
      if (slots_[slot] != -1 && !SetSlot(slot, -1)) return false;
    }
    return true;
  }

  // Takes characters of `members` from `position`, at most `max`; `taken` says how many.
  int32_t Scan(const CharClass& members, int32_t position, uint32_t max, uint32_t& taken) const {
    const int32_t begin = position;
    if constexpr (kCodePoints) {
      uint32_t count = 0;
      while (count < max && position < length_) {
        const int32_t next = NextPosition(position);
        if (!members.Contains(CharacterIn(position, next))) break;
        position = next;
        ++count;
      }
      taken = count;
    } else {
      const int32_t end = max < static_cast<uint32_t>(length_ - position) ? position + static_cast<int32_t>(max) : length_;
      while (position < end && members.Contains(subject_[position])) ++position;
      taken = static_cast<uint32_t>(position - begin);
    }
    return position;
  }

  bool BackreferenceMatches(const Inst& inst, int32_t& position) {
    for (uint32_t i = 0; i < inst.b; ++i) {
      const uint32_t group = code_.group_lists[inst.a + i];
      const int32_t begin = slots_[2 * group];
      const int32_t end = slots_[2 * group + 1];
      if (begin < 0 || end < 0) continue;
      const int32_t length = end - begin;
      fuel_ -= length >> 3;
      const bool backward = inst.op == Op::kBackreferenceBack;
      if (length > (backward ? position : length_ - position)) return false;
      const int32_t other = backward ? position - length : position;
      if (!Equal(begin, other, length, inst.c != 0)) return false;
      position = backward ? other : other + length;
      // A captured lone surrogate does not equal half of a pair.
      return !IsInsidePair(position);
    }
    return true;  // no group of the name took part
  }

  bool Equal(int32_t a, int32_t b, int32_t length, bool ignore_case) const {
    if (!ignore_case) return std::equal(subject_ + a, subject_ + a + length, subject_ + b);
    for (int32_t i = 0; i < length;) {
      const int32_t next = std::min(NextPosition(a + i), a + length) - a;
      const int32_t next_b = std::min(NextPosition(b + i), b + length) - b;
      if (next != next_b) return false;
      const uint32_t left = CharacterIn(a + i, a + next);
      const uint32_t right = CharacterIn(b + i, b + next);
      if (left != right && Canonicalize(left, relation_) != Canonicalize(right, relation_)) return false;
      i = next;
    }
    return true;
  }

  MatchResult RunAt(int32_t start);

  Matcher& matcher_;
  const Code& code_;
  const Inst* const insts_;
  const Unit* const subject_;
  const int32_t length_;
  BacktrackStack& stack_;
  int32_t* const slots_;
  const CaseRelation relation_;
  int64_t fuel_ = 0;
  int64_t fuel_given_ = 0;
  uint64_t steps_told_ = 0;
  MatchResult stop_reason_ = MatchResult::kNoMatch;
};

// The interpreter. `goto backtrack` is failure: it resumes at the latest choice.
template <typename Unit, bool kCodePoints>
MatchResult Machine<Unit, kCodePoints>::RunAt(int32_t start) {
  std::fill(slots_, slots_ + code_.capture_slots, -1);
  stack_.Clear();
  slots_[0] = start;
  int32_t position = start;
  const Inst* inst = insts_;
  const Inst* straight_from = inst;
  // Goes on at `target`. Straight code costs nothing by itself, so a long stretch of it is charged when it is left.
  const auto go = [&](const Inst* target) {
    fuel_ -= (inst - straight_from) >> 4;
    inst = straight_from = target;
  };
  for (;;) {
    switch (inst->op) {
      case Op::kMatch:
        slots_[1] = position;
        return MatchResult::kMatch;
      case Op::kFail:
        goto backtrack;
      case Op::kChar:
        if (position >= length_ || subject_[position] != inst->c) goto backtrack;
        ++position;
        break;
      case Op::kCharBack:
        if (position == 0 || subject_[position - 1] != inst->c) goto backtrack;
        --position;
        break;
      case Op::kChar2:
        if (position >= length_ || (subject_[position] != inst->c && subject_[position] != inst->a)) goto backtrack;
        ++position;
        break;
      case Op::kChar2Back:
        if (position == 0 || (subject_[position - 1] != inst->c && subject_[position - 1] != inst->a)) goto backtrack;
        --position;
        break;
      case Op::kLiteral: {
        const int32_t size = static_cast<int32_t>(inst->b);
        fuel_ -= size >> 5;
        if (length_ - position < size || !std::equal(subject_ + position, subject_ + position + size, code_.literals.data() + inst->a))
          goto backtrack;
        position += size;
        break;
      }
      case Op::kLiteralBack: {
        const int32_t size = static_cast<int32_t>(inst->b);
        fuel_ -= size >> 5;
        if (position < size || !std::equal(subject_ + position - size, subject_ + position, code_.literals.data() + inst->a))
          goto backtrack;
        position -= size;
        break;
      }
      case Op::kClass: {
        if (position >= length_) goto backtrack;
        const int32_t next = NextPosition(position);
        if (!code_.classes[inst->a].Contains(CharacterIn(position, next))) goto backtrack;
        position = next;
        break;
      }
      case Op::kClassBack: {
        if (position == 0) goto backtrack;
        const int32_t previous = PreviousPosition(position);
        if (!code_.classes[inst->a].Contains(CharacterIn(previous, position))) goto backtrack;
        position = previous;
        break;
      }
      case Op::kSplit:
        if (!stack_.Push(BacktrackStack::kChoice, inst->a, position)) return MatchResult::kOutOfMemory;
        if (!Charge(1)) return stop_reason_;
        break;
      case Op::kSplitJump:
        if (!stack_.Push(BacktrackStack::kChoice, static_cast<uint32_t>(inst - insts_) + 1, position)) return MatchResult::kOutOfMemory;
        if (!Charge(1)) return stop_reason_;
        go(insts_ + inst->a);
        continue;
      case Op::kJump:
        go(insts_ + inst->a);
        continue;
      case Op::kSave:
      case Op::kSavePosition:
        if (!SetSlot(inst->a, position)) return MatchResult::kOutOfMemory;
        break;
      case Op::kFailIfEmpty:
        if (slots_[inst->a] == position) goto backtrack;
        break;
      case Op::kResetCaptures:
        if (!ResetCaptures(inst->a, inst->b)) return MatchResult::kOutOfMemory;
        break;
      case Op::kLoopInit:
        if (!SetSlot(code_.loops[inst->a].count_register, 0)) return MatchResult::kOutOfMemory;
        break;
      case Op::kLoopTest: {
        if (!Charge(1)) return stop_reason_;
        const Loop& loop = code_.loops[inst->a];
        const uint32_t count = static_cast<uint32_t>(slots_[loop.count_register]);
        if (count < loop.min) break;
        if (loop.max == kUnbounded || count < loop.max) {
          const bool greedy = loop.greed == Greed::kGreedy;
          const uint32_t other = greedy ? loop.exit_pc : loop.test_pc + 1;
          if (!stack_.Push(BacktrackStack::kChoice, other, position)) return MatchResult::kOutOfMemory;
          if (greedy) break;
        }
        go(insts_ + loop.exit_pc);
        continue;
      }
      case Op::kLoopBody: {
        const Loop& loop = code_.loops[inst->a];
        const int32_t count = slots_[loop.count_register];
        if (count < kIntMax && !SetSlot(loop.count_register, count + 1)) return MatchResult::kOutOfMemory;
        if (loop.position_register != 0 && !SetSlot(loop.position_register, position)) return MatchResult::kOutOfMemory;
        if (!ResetCaptures(loop.first_group, loop.end_group)) return MatchResult::kOutOfMemory;
        break;
      }
      case Op::kLoopEnd: {
        const Loop& loop = code_.loops[inst->a];
        // A turn that is not needed for the minimum must consume.
        if (loop.position_register != 0 && slots_[loop.position_register] == position &&
            static_cast<uint32_t>(slots_[loop.count_register]) > loop.min) {
          goto backtrack;
        }
        go(insts_ + loop.test_pc);
        continue;
      }
      case Op::kRun: {
        const Run& run = code_.runs[inst->a];
        const CharClass& members = code_.classes[run.class_index];
        uint32_t taken = 0;
        const int32_t shortest = Scan(members, position, run.min, taken);
        if (!Charge(1 + ((shortest - position) >> 3))) return stop_reason_;
        if (taken < run.min) goto backtrack;
        const uint32_t more = run.max == kUnbounded ? static_cast<uint32_t>(kIntMax) : std::min<uint32_t>(run.max - run.min, kIntMax);
        if (run.greed == Greed::kLazy) {
          position = shortest;
          if (more == 0) break;
          if (!stack_.Push(BacktrackStack::kLazyRun, static_cast<uint32_t>(inst - insts_), position, static_cast<int32_t>(more))) {
            return MatchResult::kOutOfMemory;
          }
          // If the shortest form cannot go on, the entry is taken at once.
          if (run.next_unit >= 0 && (position >= length_ || subject_[position] != run.next_unit)) goto backtrack;
          break;
        }
        const int32_t longest = Scan(members, shortest, more, taken);
        if (!Charge((longest - shortest) >> 3)) return stop_reason_;
        position = longest;
        if (run.possessive || longest == shortest) break;
        if (run.next_unit < 0 || (position < length_ && subject_[position] == run.next_unit)) {
          if (!stack_.Push(BacktrackStack::kGreedyRun, static_cast<uint32_t>(inst - insts_), shortest, PreviousPosition(longest))) {
            return MatchResult::kOutOfMemory;
          }
          break;
        }
        if (!stack_.Push(BacktrackStack::kGreedyRun, static_cast<uint32_t>(inst - insts_), shortest, longest))
          return MatchResult::kOutOfMemory;
        goto backtrack;
      }
      case Op::kBackreference:
      case Op::kBackreferenceBack:
        if (!Charge(1)) return stop_reason_;
        if (!BackreferenceMatches(*inst, position)) goto backtrack;
        break;
      case Op::kInputStart:
        if (position != 0) goto backtrack;
        break;
      case Op::kInputEnd:
        if (position != length_) goto backtrack;
        break;
      case Op::kLineStart:
        if (position != 0 && !IsLineTerminator(subject_[position - 1])) goto backtrack;
        break;
      case Op::kLineEnd:
        if (position != length_ && !IsLineTerminator(subject_[position])) goto backtrack;
        break;
      case Op::kWordBoundary:
        if (IsWordAt(position - 1, inst->c != 0) == IsWordAt(position, inst->c != 0)) goto backtrack;
        break;
      case Op::kNotWordBoundary:
        if (IsWordAt(position - 1, inst->c != 0) != IsWordAt(position, inst->c != 0)) goto backtrack;
        break;
      case Op::kLookBegin:
      case Op::kNegativeBegin:
        // The registers need no restore: nothing goes back into a lookaround that has ended.
        slots_[inst->a] = static_cast<int32_t>(stack_.size());
        slots_[inst->a + 1] = position;
        if (inst->op == Op::kNegativeBegin && !stack_.Push(BacktrackStack::kChoice, inst->b, position)) return MatchResult::kOutOfMemory;
        if (!Charge(1)) return stop_reason_;
        break;
      case Op::kLookEnd:
        fuel_ -= static_cast<int64_t>(stack_.size() - static_cast<size_t>(slots_[inst->a])) >> 3;
        stack_.Commit(static_cast<size_t>(slots_[inst->a]), code_.capture_slots);
        position = slots_[inst->a + 1];
        break;
      case Op::kNegativeEnd:
        for (const size_t height = static_cast<size_t>(slots_[inst->a]); stack_.size() > height; stack_.Pop()) {
          if (stack_.top().kind == BacktrackStack::kRestore) slots_[stack_.top().target] = stack_.top().a;
        }
        goto backtrack;
    }
    ++inst;
    continue;

  backtrack:
    if (!Charge(1)) return stop_reason_;
    for (;; stack_.Pop()) {
      if (stack_.empty()) return MatchResult::kNoMatch;
      BacktrackStack::Entry& entry = stack_.top();
      if (entry.kind == BacktrackStack::kRestore) {
        slots_[entry.target] = entry.a;
        continue;
      }
      go(insts_ + entry.target);
      if (entry.kind == BacktrackStack::kChoice) {
        position = entry.a;
        stack_.Pop();
        break;
      }
      const Run& run = code_.runs[inst->a];
      if (entry.kind == BacktrackStack::kGreedyRun) {
        const int32_t shortest = entry.a;
        int32_t end = entry.b;
        if (run.next_unit >= 0) {
          while (end >= shortest && (end >= length_ || subject_[end] != run.next_unit)) end = PreviousPosition(end);
          if (!Charge((entry.b - end) >> 3)) return stop_reason_;
          if (end < shortest) continue;
        }
        position = end;
        if (end == shortest) {
          stack_.Pop();
        } else {
          entry.b = PreviousPosition(end);
        }
        ++inst;
        break;
      }
      const CharClass& members = code_.classes[run.class_index];
      int32_t end = entry.a;
      bool found = false;
      while (entry.b > 0 && end < length_) {
        const int32_t next = NextPosition(end);
        if (!members.Contains(CharacterIn(end, next))) break;
        end = next;
        --entry.b;
        if (run.next_unit < 0 || (end < length_ && subject_[end] == run.next_unit)) {
          found = true;
          break;
        }
      }
      if (!Charge((end - entry.a) >> 3)) return stop_reason_;
      if (!found) continue;
      entry.a = end;
      position = end;
      ++inst;
      break;
    }
  }
}

template <typename Unit, bool kCodePoints>
MatchResult Matcher::Run(const Program& program, std::basic_string_view<Unit> subject, size_t start, SearchMode mode,
                         absl::Span<int32_t> captures) {
  const Code& code = program.code();
  EDGE_CHECK(!running_) << "a Matcher runs one match at a time";
  EDGE_CHECK(captures.size() >= code.capture_slots && subject.size() < static_cast<size_t>(kIntMax));
  if (start > subject.size()) return MatchResult::kNoMatch;
  if (slots_.size() < code.slots) slots_.resize(code.slots);

  running_ = true;
  using Raw = std::conditional_t<sizeof(Unit) == 1, unsigned char, Unit>;
  Machine<Raw, kCodePoints> machine(*this, program, reinterpret_cast<const Raw*>(subject.data()), static_cast<int32_t>(subject.size()));
  const MatchResult result = machine.Search(static_cast<int32_t>(start), mode);
  running_ = false;

  steps_ = machine.steps();
  if (result == MatchResult::kMatch) std::copy_n(slots_.begin(), code.capture_slots, captures.begin());
  stack_.Trim();
  return result;
}

MatchResult Matcher::Match(const Program& program, std::string_view subject, size_t start, SearchMode mode, absl::Span<int32_t> captures) {
  return Run<char, false>(program, subject, start, mode, captures);
}

MatchResult Matcher::Match(const Program& program, std::u16string_view subject, size_t start, SearchMode mode,
                           absl::Span<int32_t> captures) {
  if (program.flags().full_unicode()) return Run<char16_t, true>(program, subject, start, mode, captures);
  return Run<char16_t, false>(program, subject, start, mode, captures);
}

}  // namespace edge::regexp
