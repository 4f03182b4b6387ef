// Random patterns against a second, naive implementation: the standard's own definition in continuation passing style, which recurses
// and copies without regard to cost and shares no code with the engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/regexp/matcher.h"

namespace edge::regexp {
namespace {

struct State {
  int end = 0;
  std::vector<int> captures;  // start, end of each group; -1: unset
};
using Continuation = std::function<bool(const State&)>;

// A pattern that knows its text and how to match itself.
struct Term {
  std::string text;
  std::function<bool(const std::string& input, const State&, int direction, const Continuation&)> match;
};

// Makes random terms from a stream of numbers. `groups` counts the groups opened so far.
class Maker {
 public:
  explicit Maker(const std::vector<int>& choices) : choices_(choices) {}

  Term Disjunction(int depth) {
    Term left = Sequence(depth);
    if (Choose(3) != 1) return left;  // 0, which is all that comes at the end of the stream, ends everything
    Term right = Disjunction(depth - 1);
    return {left.text + "|" + right.text, [=](const auto& input, const State& x, int direction, const Continuation& next) {
              return left.match(input, x, direction, next) || right.match(input, x, direction, next);
            }};
  }
  int groups() const { return groups_; }

 private:
  int Choose(int options) { return at_ < choices_.size() ? choices_[at_++] % options : 0; }

  Term Sequence(int depth) {
    std::vector<Term> terms;
    for (int n = Choose(4); n > 0; --n) terms.push_back(Quantified(depth));
    std::string text;
    for (const Term& term : terms) text += term.text;
    return {text, [=](const std::string& input, const State& x, int direction, const Continuation& next) {
              std::function<bool(size_t, const State&)> step = [&](size_t i, const State& y) -> bool {
                if (i == terms.size()) return next(y);
                const Term& term = terms[direction > 0 ? i : terms.size() - 1 - i];
                return term.match(input, y, direction, [&, i](const State& z) { return step(i + 1, z); });
              };
              return step(0, x);
            }};
  }

  Term Quantified(int depth) {
    const int first_group = groups_;
    Term atom = Atom(depth);
    const int end_group = groups_;
    const struct {
      const char* text;
      int min;
      int max;
    } quantifiers[] = {{"*", 0, 99}, {"+", 1, 99}, {"?", 0, 1}, {"{2}", 2, 2}, {"{1,2}", 1, 2}, {"{2,}", 2, 99}, {"{0,2}", 0, 2}};
    if (Choose(5) > 1) return atom;
    const auto quantifier = quantifiers[Choose(7)];
    const bool greedy = Choose(2) == 0;
    return {"(?:" + atom.text + ")" + quantifier.text + (greedy ? "" : "?"),
            [=](const std::string& input, const State& x, int direction, const Continuation& next) {
              std::function<bool(int, int, const State&)> repeat = [&](int min, int max, const State& y) -> bool {
                if (max == 0) return next(y);
                const auto again = [&, min, max, at = y.end](const State& z) {
                  if (min == 0 && z.end == at) return false;
                  return repeat(min == 0 ? 0 : min - 1, max - 1, z);
                };
                State fresh = y;
                for (int i = 2 * first_group + 2; i < 2 * end_group + 2; ++i) fresh.captures[i] = -1;
                if (min > 0) return atom.match(input, fresh, direction, again);
                if (!greedy) return next(y) || atom.match(input, fresh, direction, again);
                return atom.match(input, fresh, direction, again) || next(y);
              };
              return repeat(quantifier.min, quantifier.max, x);
            }};
  }

  Term Atom(int depth) {
    const int kind = depth <= 0 ? Choose(5) : Choose(11);
    switch (kind) {
      case 0:
      case 1:
        return Character("a", "a");
      case 2:
        return Character("b", "b");
      case 3:
        return Character("[bc]", "bc");
      case 4:
        return Character(".", "abc");
      case 5:
      case 6:
        return Group(depth);
      case 7: {
        Term body = Disjunction(depth - 1);
        body.text = "(?:" + body.text + ")";
        return body;
      }
      case 8:
        return Look(depth);
      case 9:
        return Backreference();
      default:
        return Choose(2) == 0 ? Position("^", [](const std::string&, int at) { return at == 0; })
                              : Position("$", [](const std::string& input, int at) { return at == static_cast<int>(input.size()); });
    }
  }

  static Term Character(std::string text, std::string members) {
    return {text, [=](const std::string& input, const State& x, int direction, const Continuation& next) {
              const int at = direction > 0 ? x.end : x.end - 1;
              if (at < 0 || at >= static_cast<int>(input.size()) || members.find(input[at]) == std::string::npos) return false;
              State y = x;
              y.end += direction;
              return next(y);
            }};
  }

  static Term Position(std::string text, std::function<bool(const std::string&, int)> holds) {
    return {text, [=](const std::string& input, const State& x, int, const Continuation& next) { return holds(input, x.end) && next(x); }};
  }

  Term Group(int depth) {
    const int index = ++groups_;
    const Term body = Disjunction(depth - 1);
    return {"(" + body.text + ")", [=](const std::string& input, const State& x, int direction, const Continuation& next) {
              return body.match(input, x, direction, [&](const State& y) {
                State z = y;
                z.captures[2 * index] = std::min(x.end, y.end);
                z.captures[2 * index + 1] = std::max(x.end, y.end);
                return next(z);
              });
            }};
  }

  Term Look(int depth) {
    const bool ahead = Choose(2) == 0;
    const bool positive = Choose(2) == 0;
    const Term body = Disjunction(depth - 1);
    const std::string open = std::string("(?") + (ahead ? "" : "<") + (positive ? "=" : "!");
    return {open + body.text + ")", [=](const std::string& input, const State& x, int, const Continuation& next) {
              std::optional<State> found;
              body.match(input, x, ahead ? 1 : -1, [&](const State& y) {
                found = y;
                return true;
              });
              if (!positive) return !found.has_value() && next(x);
              if (!found.has_value()) return false;
              found->end = x.end;
              return next(*found);
            }};
  }

  Term Backreference() {
    if (groups_ == 0) return Character("c", "c");
    const int index = 1 + Choose(groups_);
    return {"(?:\\" + std::to_string(index) + ")", [=](const std::string& input, const State& x, int direction, const Continuation& next) {
              if (x.captures[2 * index] < 0) return next(x);
              const int length = x.captures[2 * index + 1] - x.captures[2 * index];
              State y = x;
              y.end += direction * length;
              if (y.end < 0 || y.end > static_cast<int>(input.size())) return false;
              const int begin = std::min(x.end, y.end);
              if (input.compare(begin, length, input, x.captures[2 * index], length) != 0) return false;
              return next(y);
            }};
  }

  const std::vector<int>& choices_;
  size_t at_ = 0;
  int groups_ = 0;
};

std::vector<int> NaiveMatch(const Term& term, int groups, const std::string& input) {
  for (int start = 0; start <= static_cast<int>(input.size()); ++start) {
    State state{start, std::vector<int>(2 * groups + 2, -1)};
    std::vector<int> result;
    const auto matched = [&](const State& end) {
      result = end.captures;
      result[0] = start;
      result[1] = end.end;
      return true;
    };
    if (term.match(input, state, 1, matched)) return result;
  }
  return {};
}

void CheckOne(const std::vector<int>& choices, const std::string& input) {
  Maker maker(choices);
  const Term term = maker.Disjunction(4);
  const std::string what = "/" + term.text + "/ on \"" + input + "\"";

  const auto program = Program::Compile(std::u16string(term.text.begin(), term.text.end()), Flags(), Limits());
  if (!program.ok()) RC_FAIL(what + ": " + program.status().ToString());
  std::vector<int32_t> captures(2 * (*program)->capture_count());
  Matcher matcher({.steps_max = 20'000});
  const MatchResult result = matcher.Match(**program, std::string_view(input), 0, SearchMode::kSearch, absl::MakeSpan(captures));
  // What costs the engine much costs the naive matcher forever.
  if (result == MatchResult::kOutOfSteps) return;

  if (result != MatchResult::kMatch) captures.clear();
  const std::vector<int> expected = NaiveMatch(term, maker.groups(), input);
  if (!std::equal(captures.begin(), captures.end(), expected.begin(), expected.end())) {
    RC_FAIL(what + " is " + rc::toString(captures) + ", expected " + rc::toString(expected));
  }
}

RC_GTEST_PROP(Oracle, TheEngineAgreesWithTheDefinition, ()) {
  // Full size at once, and many small patterns in a case: it is their number that finds things.
  const auto choices = rc::gen::resize(rc::kNominalSize, rc::gen::container<std::vector<int>>(80, rc::gen::inRange(0, 2520)));
  const auto input = rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::elementOf(std::string("aabc"))));
  for (const auto& [pattern, subject] :
       *rc::gen::container<std::vector<std::pair<std::vector<int>, std::string>>>(100, rc::gen::pair(choices, input))) {
    CheckOne(pattern, subject);
  }
}

}  // namespace
}  // namespace edge::regexp
