// A match that takes too long or too much ends by its limits, says so, and leaves the Matcher usable.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/regexp/matcher.h"

namespace edge::regexp {
namespace {

std::shared_ptr<const Program> Compile(std::u16string_view pattern, std::string_view flags = "") {
  auto program = Program::Compile(pattern, *ParseFlags(flags), Limits());
  EXPECT_TRUE(program.ok()) << program.status();
  return *program;
}

MatchResult RunOn(Matcher& matcher, const Program& program, const std::string& subject) {
  std::vector<int32_t> captures(2 * program.capture_count());
  return matcher.Match(program, std::string_view(subject), 0, SearchMode::kSearch, absl::MakeSpan(captures));
}

TEST(MatcherLimits, CatastrophicPatternsStopByBudget) {
  const std::string subject = std::string(60, 'a') + "!";
  for (const char16_t* pattern :
       {u"(a+)+$", u"(a|aa)+$", u"(a*)*$", u"(?:a?){60}a{60}$", u"(.*)(.*)(.*)(.*)(.*)(.*)(.*)x", u"(?=(a+)+$)", u"(?:){2147483647}"}) {
    Matcher matcher({.steps_max = 1'000'000});
    EXPECT_EQ(RunOn(matcher, *Compile(pattern), subject), MatchResult::kOutOfSteps);
    EXPECT_GE(matcher.steps(), 1'000'000u);
    EXPECT_LE(matcher.steps(), 1'010'000u);
    EXPECT_EQ(RunOn(matcher, *Compile(u"a!"), subject), MatchResult::kMatch);
  }
}

TEST(MatcherLimits, TheHookSeesAllStepsAndCanStop) {
  struct Seen {
    uint64_t steps = 0;
    int calls = 0;
    int stop_after = 1000;
  };
  const auto hook = [](void* context, uint64_t steps) {
    Seen& seen = *static_cast<Seen*>(context);
    seen.steps += steps;
    return ++seen.calls >= seen.stop_after ? StepHook::Decision::kStop : StepHook::Decision::kContinue;
  };
  const auto program = Compile(u"(a+)+$");

  Seen all;
  Matcher matcher(MatchLimits(), {hook, &all});
  EXPECT_EQ(RunOn(matcher, *program, std::string(16, 'a') + "!"), MatchResult::kNoMatch);
  EXPECT_GT(all.calls, 5);
  EXPECT_LE(all.steps, matcher.steps());
  EXPECT_LT(matcher.steps() - all.steps, 2u * kStepsPerHook);

  Seen stops{.stop_after = 3};
  Matcher stopped(MatchLimits(), {hook, &stops});
  EXPECT_EQ(RunOn(stopped, *program, std::string(60, 'a') + "!"), MatchResult::kStopped);
  EXPECT_EQ(stops.calls, 3);
}

TEST(MatcherLimits, StepsAreAFunctionOfProgramAndSubject) {
  const auto program = Compile(u"(?:a|ab)(?:c|bcd)(d*)x");
  const std::string subject = "zzabcdabcdx";
  Matcher first((MatchLimits()));
  Matcher second((MatchLimits()));
  RunOn(second, *Compile(u"a+"), "aaaa");

  EXPECT_EQ(RunOn(first, *program, subject), MatchResult::kMatch);
  EXPECT_EQ(RunOn(second, *program, subject), MatchResult::kMatch);

  EXPECT_EQ(first.steps(), second.steps());
}

TEST(MatcherLimits, TheBacktrackStackIsBounded) {
  Matcher matcher({.backtrack_bytes_max = ByteCount::KiB(64)});
  EXPECT_EQ(RunOn(matcher, *Compile(u"(?:ab)*c"), std::string("ab") + std::string(10, 'x')), MatchResult::kNoMatch);
  std::string long_subject;
  for (int i = 0; i < 50000; ++i) long_subject += "ab";
  EXPECT_EQ(RunOn(matcher, *Compile(u"(?:ab)*c"), long_subject), MatchResult::kOutOfMemory);
  EXPECT_EQ(RunOn(matcher, *Compile(u"(?:(a)|(b))*c"), long_subject), MatchResult::kOutOfMemory);
  EXPECT_EQ(RunOn(matcher, *Compile(u"[ab]*c"), long_subject.substr(0, 1000)), MatchResult::kNoMatch);
  EXPECT_EQ(RunOn(matcher, *Compile(u"b$"), long_subject), MatchResult::kMatch);
}

TEST(MatcherLimits, ARunOfOneCharacterNeedsOneStackEntry) {
  Matcher matcher({.backtrack_bytes_max = ByteCount::KiB(1)});
  EXPECT_EQ(RunOn(matcher, *Compile(u"^.*a.*?b\\w+c"), std::string(100000, 'x') + "ayybzzc"), MatchResult::kMatch);
}

TEST(MatcherLimits, DeepNestingMatchesWithoutNativeRecursion) {
  std::u16string pattern;
  for (int i = 0; i < 2000; ++i) pattern += u"(?:";
  pattern += u"a";
  for (int i = 0; i < 2000; ++i) pattern += u")*";
  Matcher matcher({.steps_max = 10'000'000});
  EXPECT_EQ(RunOn(matcher, *Compile(pattern), "aaab"), MatchResult::kMatch);
}

}  // namespace
}  // namespace edge::regexp
