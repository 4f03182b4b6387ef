#include "sim/shrink/shrink.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "rapidcheck/gtest.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kReset("network.reset_after", DecisionKind::kFault);
constexpr DecisionPoint kRefused("network.refused", DecisionKind::kFault);
constexpr DecisionPoint kCrash("process.crash", DecisionKind::kFault);
constexpr DecisionPoint kDiskFull("disk.full", DecisionKind::kFault);
constexpr DecisionPoint kNetworkFamily("plan.family.network", DecisionKind::kPlan);
constexpr DecisionPoint kNetworkSite("plan.site.network.reset_after", DecisionKind::kPlan);
constexpr DecisionPoint kPlanKind("plan.kind", DecisionKind::kPlan);
constexpr DecisionPoint kRequest(kRequestPoint, DecisionKind::kWorkload);
constexpr DecisionPoint kWhichNode("workload.node", DecisionKind::kWorkload);
constexpr DecisionPoint kMoment("workload.moment", DecisionKind::kDelay);
constexpr DecisionPoint kLatency("network.latency", DecisionKind::kDelay);
constexpr DecisionPoint kServiceLatency("service.latency", DecisionKind::kDelay);
constexpr DecisionPoint kFiber("schedule.fiber", DecisionKind::kSchedule);
constexpr DecisionPoint kNumber("workload.value", DecisionKind::kValue);

Decision Make(const DecisionPoint& point, Key key, int64_t value = 1, uint16_t actor = 0) {
  return {.point = &point, .actor = static_cast<ActorId>(actor), .key = key, .value = value};
}

// What a run is asked: which decisions are there, and their values.
class Set {
 public:
  explicit Set(std::span<const Decision> decisions) {
    for (const Decision& decision : decisions) values_[{std::string(decision.point->name), decision.key}] = decision.value;
  }
  int64_t Value(const DecisionPoint& point, Key key) const {
    const auto found = values_.find({std::string(point.name), key});
    return found == values_.end() ? 0 : found->second;
  }
  bool Has(const DecisionPoint& point, Key key) const { return Value(point, key) != 0; }
  size_t Count(const DecisionPoint& point) const {
    return static_cast<size_t>(
        std::count_if(values_.begin(), values_.end(), [&](const auto& entry) { return entry.first.first == point.name; }));
  }

 private:
  std::map<std::pair<std::string, Key>, int64_t> values_;
};

// A world of which only the verdict is known: a signature, or "" for a run that passes. What a request decides (its moment, its node, its
// latencies: their key is the request's) is used only if the request is made.
class FakeWorld {
 public:
  explicit FakeWorld(std::function<std::string(const Set&)> verdict) : verdict_(std::move(verdict)) {}

  Outcome Run(std::span<const Decision> decisions) {
    ++runs;
    std::set<uint64_t> hashes;
    uint64_t hash = 1;
    for (const Decision& decision : decisions) hash += CombineHash(IdOf(decision), static_cast<uint64_t>(decision.value));
    if (!seen_.insert(hash).second) ++repeated;
    const Set set(decisions);
    Outcome outcome;
    outcome.signature = verdict_(set);
    outcome.failed = !outcome.signature.empty();
    outcome.cost = Duration::Seconds(60);
    for (const Decision& decision : decisions) {
      const bool of_request = decision.point == &kMoment || decision.point == &kWhichNode || decision.point == &kLatency;
      if (!of_request || set.Has(kRequest, decision.key)) outcome.used.push_back(decision);
    }
    for (const Decision& decision : outcome.used) outcome.hash += CombineHash(IdOf(decision), static_cast<uint64_t>(decision.value));
    return outcome;
  }

  absl::StatusOr<ShrinkResult> Shrink(std::span<const Decision> failing, const ShrinkLimits& limits = {}) {
    return edge::sim::Shrink(
        failing, "lost update: POST /increment", [this](std::span<const Decision> d) { return Run(d); },
        [this] { return stop_after.has_value() && runs >= *stop_after; },
        [this](const ShrinkProgress& progress) { progress_lines.push_back(StrCat(progress.pass, " ", progress.left.decisions)); }, limits);
  }

  size_t runs = 0;
  size_t repeated = 0;
  std::optional<size_t> stop_after;
  std::vector<std::string> progress_lines;

 private:
  std::function<std::string(const Set&)> verdict_;
  std::set<uint64_t> seen_;
};

constexpr char kLost[] = "lost update: POST /increment";
constexpr char kOther[] = "request.hung: GET /";

// As many decisions as a run of a minute has: 4 clients, 25 requests each, some faults, latencies everywhere.
std::vector<Decision> TypicalRun() {
  std::vector<Decision> decisions = {Make(kPlanKind, 0, 2), Make(kNetworkFamily, 0), Make(kNetworkSite, 0)};
  for (Key key = 0; key < 6; ++key) decisions.push_back(Make(kCrash, 1000 + key));
  for (Key request = 0; request < 100; ++request) {
    const uint16_t client = static_cast<uint16_t>(1 + request / 25);
    decisions.push_back(Make(kRequest, request, 1 + static_cast<int64_t>(request % 3), client));
    decisions.push_back(Make(kWhichNode, request, 1, client));
    decisions.push_back(Make(kMoment, request, 1'000'000 + static_cast<int64_t>(request), client));
    decisions.push_back(Make(kLatency, request, 40'000, client));
    for (Key n = 0; n < 20; ++n) decisions.push_back(Make(kServiceLatency, 100'000 + request * 100 + n, 77'000));
    for (Key n = 0; n < 5; ++n) decisions.push_back(Make(kFiber, request * 100 + n));
    if (request % 5 == 0) decisions.push_back(Make(kReset, request, 1, client));
    if (request % 7 == 0) decisions.push_back(Make(kRefused, request, 1, client));
  }
  return decisions;
}

std::multiset<std::string> NamesOf(std::span<const Decision> decisions) {
  std::multiset<std::string> names;
  for (const Decision& decision : decisions) names.insert(StrCat(decision.point->name, " ", decision.key, "=", decision.value));
  return names;
}

using Names = std::multiset<std::string>;

TEST(Shrink, FindsTheOneFaultThatMatters) {
  FakeWorld world([](const Set& set) { return set.Has(kReset, 35) ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(NamesOf(result->decisions), (Names{"network.reset_after 35=1"}));
  EXPECT_EQ(result->end, ShrinkEnd::kMinimal);
  EXPECT_LE(result->tries, 60u);
  EXPECT_EQ(result->before.faults, 41u);
  EXPECT_EQ(result->before.requests, 100u);
  EXPECT_EQ(result->after, (Tally{.decisions = 1, .faults = 1}));
  EXPECT_EQ(result->tries, world.runs);
  EXPECT_EQ(result->virtual_time, Duration::Seconds(60 * static_cast<int64_t>(world.runs)));
}

TEST(Shrink, FindsTwoRequestsOfTwoClientsAndTheFaultBetweenThem) {
  FakeWorld world([](const Set& set) { return set.Has(kRequest, 3) && set.Has(kRequest, 97) && set.Has(kReset, 60) ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(NamesOf(result->decisions), (Names{"network.reset_after 60=1", "workload.request 3=1", "workload.request 97=1"}));
  EXPECT_LE(result->tries, 150u);
}

TEST(Shrink, KeepsOneOfEachKindIfAllAreNeeded) {
  FakeWorld world([](const Set& set) {
    return set.Has(kCrash, 1003) && set.Has(kRequest, 50) && set.Value(kMoment, 50) > 900'000 && set.Has(kFiber, 5003) &&
                   set.Has(kNetworkFamily, 0)
               ? kLost
               : "";
  });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->decisions.size(), 5u);
  EXPECT_EQ(result->after, (Tally{.decisions = 5, .faults = 1, .requests = 1, .schedule = 1, .delays = 1}));
  EXPECT_LE(result->tries, 300u);
}

TEST(Shrink, NeverRunsTheSameSetTwice) {
  FakeWorld world([](const Set& set) { return set.Has(kRequest, 3) && set.Has(kReset, 60) && set.Value(kMoment, 3) > 0 ? kLost : ""; });

  ASSERT_TRUE(world.Shrink(TypicalRun()).ok());

  EXPECT_EQ(world.repeated, 0u);
}

TEST(Shrink, DoesNotSlipToAnotherFailure) {
  // Without the crash the run fails all the same, but otherwise.
  FakeWorld world([](const Set& set) {
    if (!set.Has(kReset, 35)) return "";
    return set.Has(kCrash, 1002) ? kLost : kOther;
  });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(NamesOf(result->decisions), (Names{"network.reset_after 35=1", "process.crash 1002=1"}));
  EXPECT_EQ(result->other_failures, std::vector<std::string>{kOther});
}

TEST(Shrink, GetsPastWhatIsNeededOnlyInPairs) {
  // An even number of the two: one alone hides the failure.
  FakeWorld world([](const Set& set) {
    const bool balanced = set.Has(kRequest, 10) == set.Has(kRequest, 90);
    return balanced && set.Has(kReset, 35) ? kLost : "";
  });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(NamesOf(result->decisions), (Names{"network.reset_after 35=1"}));
}

TEST(Shrink, CopesWithAFailureThatComesAndGoes) {
  // Non-monotone: more than 3 and fewer than 30 of the faults hide it, however they are chosen.
  FakeWorld world([](const Set& set) {
    const size_t faults = set.Count(kReset) + set.Count(kRefused);
    return set.Has(kReset, 35) && (faults <= 3 || faults >= 30) ? kLost : "";
  });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->after.faults, 1u);
  EXPECT_EQ(result->after.requests, 0u);
  EXPECT_EQ(result->after.delays, 0u);
}

TEST(Shrink, LowersValuesToWhereTheyStillMatter) {
  FakeWorld world([](const Set& set) {
    return set.Has(kRequest, 98) && set.Value(kMoment, 98) >= 200'000 && set.Value(kNumber, 7) >= 13 && set.Value(kNumber, 8) <= -5 ? kLost
                                                                                                                                    : "";
  });
  std::vector<Decision> run = TypicalRun();
  run.push_back(Make(kNumber, 7, 100));
  run.push_back(Make(kNumber, 8, -100));
  run.push_back(Make(kNumber, 9, 100));

  const absl::StatusOr<ShrinkResult> result = world.Shrink(run);

  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->decisions.size(), 4u);
  const Set left(result->decisions);
  EXPECT_EQ(left.Value(kRequest, 98), 1) << "the simplest operation";
  EXPECT_GE(left.Value(kMoment, 98), 200'000);
  EXPECT_LE(left.Value(kMoment, 98), 240'000);
  EXPECT_GE(left.Value(kNumber, 7), 13);
  EXPECT_LE(left.Value(kNumber, 7), 15);
  EXPECT_LE(left.Value(kNumber, 8), -5);
  EXPECT_GE(left.Value(kNumber, 8), -6);
}

TEST(Shrink, ExtremeValuesDoNotOverflow) {
  FakeWorld world([](const Set& set) { return set.Value(kNumber, 1) < -10 && set.Value(kNumber, 2) > 10 ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(
      std::vector<Decision>{Make(kNumber, 1, std::numeric_limits<int64_t>::min()), Make(kNumber, 2, std::numeric_limits<int64_t>::max())});

  ASSERT_TRUE(result.ok()) << result.status();
  const Set left(result->decisions);
  EXPECT_GE(left.Value(kNumber, 1), -12);
  EXPECT_LE(left.Value(kNumber, 2), 12);
}

TEST(Shrink, AValueThatIsClampedBackIsNoStep) {
  size_t runs = 0;
  const auto run = [&](std::span<const Decision> decisions) {
    ++runs;
    Outcome outcome;
    outcome.used.assign(decisions.begin(), decisions.end());
    for (Decision& decision : outcome.used) decision.value = std::max<int64_t>(decision.value, 50);
    outcome.failed = !decisions.empty();
    outcome.signature = kLost;
    return outcome;
  };

  const absl::StatusOr<ShrinkResult> result = Shrink(
      std::vector<Decision>{Make(kLatency, 1, 60)}, kLost, run, [] { return false; }, [](const ShrinkProgress&) {});

  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->decisions.size(), 1u);
  EXPECT_EQ(result->decisions[0].value, 50);
  EXPECT_LE(runs, 12u);
}

TEST(Shrink, KeepsTheBestSoFarWhenItIsStopped) {
  FakeWorld world([](const Set& set) { return set.Has(kRequest, 3) && set.Has(kReset, 60) ? kLost : ""; });
  world.stop_after = 12;

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->end, ShrinkEnd::kStopped);
  EXPECT_LT(result->decisions.size(), TypicalRun().size());
  EXPECT_EQ(world.Run(result->decisions).signature, kLost);
  EXPECT_LE(result->tries, 13u) << "the last is the proof of the result";
}

TEST(Shrink, EndsAtItsLimits) {
  FakeWorld world([](const Set& set) { return set.Count(kServiceLatency) >= 1500 ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> tries = world.Shrink(TypicalRun(), {.tries_max = 200});
  const absl::StatusOr<ShrinkResult> time = world.Shrink(TypicalRun(), {.virtual_time_max = Duration::Seconds(60 * 50)});

  ASSERT_TRUE(tries.ok() && time.ok());
  EXPECT_EQ(tries->end, ShrinkEnd::kTries);
  EXPECT_LE(tries->tries, 201u);
  EXPECT_EQ(time->end, ShrinkEnd::kVirtualTime);
  EXPECT_LE(time->tries, 51u);
}

TEST(Shrink, ManyNeededDelaysDoNotKeepTheOthersWaiting) {
  FakeWorld world(
      [](const Set& set) { return set.Count(kServiceLatency) >= 900 && set.Has(kReset, 60) && set.Has(kFiber, 5003) ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->after.faults, 1u);
  EXPECT_EQ(result->after.schedule, 1u);
}

TEST(Shrink, RefusesARunThatDoesNotFailAgain) {
  FakeWorld passes([](const Set&) { return ""; });
  FakeWorld fails_otherwise([](const Set&) { return kOther; });

  const absl::Status passed = passes.Shrink(TypicalRun()).status();
  const absl::Status otherwise = fails_otherwise.Shrink(TypicalRun()).status();

  EXPECT_TRUE(absl::IsFailedPrecondition(passed)) << passed;
  EXPECT_TRUE(absl::IsFailedPrecondition(otherwise)) << otherwise;
  EXPECT_NE(std::string(otherwise.message()).find(kOther), std::string::npos) << otherwise;
}

TEST(Shrink, AFailureThatNeedsNothingIsLeftWithNothing) {
  FakeWorld world([](const Set&) { return kLost; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->decisions.empty());
  EXPECT_LE(result->tries, 20u);
}

TEST(Shrink, AResultThatDoesNotHoldItselfIsNotGivenOut) {
  // A run that misreports what it used: without the plan the fault would not strike.
  const auto run = [](std::span<const Decision> decisions) {
    const Set set(decisions);
    Outcome outcome;
    outcome.failed = set.Has(kReset, 1) && set.Has(kNetworkFamily, 0);
    outcome.signature = kLost;
    for (const Decision& decision : decisions) {
      if (decision.point != &kNetworkFamily) outcome.used.push_back(decision);
    }
    return outcome;
  };

  const absl::StatusOr<ShrinkResult> result = Shrink(
      std::vector<Decision>{Make(kReset, 1), Make(kNetworkFamily, 0)}, kLost, run, [] { return false; }, [](const ShrinkProgress&) {});

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(NamesOf(result->decisions), (Names{"network.reset_after 1=1", "plan.family.network 0=1"}));
}

TEST(Shrink, ShowsItsProgress) {
  FakeWorld world([](const Set& set) { return set.Has(kRequest, 3) && set.Has(kReset, 60) ? kLost : ""; });

  const absl::StatusOr<ShrinkResult> result = world.Shrink(TypicalRun());

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(world.progress_lines.front().starts_with("fault families")) << world.progress_lines.front();
  EXPECT_TRUE(world.progress_lines.back().ends_with(" 2")) << world.progress_lines.back();
  EXPECT_EQ(DescribeShrink(*result),
            absl::StrFormat("41 faults, 100 requests, 500 schedule choices, 2,200 delays -> 1 fault, 1 request, 0 schedule choices, "
                            "0 delays (%d tries)",
                            result->tries));
}

TEST(Kinds, AFaultAndItsPlanBelongToOneFamily) {
  EXPECT_EQ(FamilyOf(Make(kReset, 1)), "network");
  EXPECT_EQ(FamilyOf(Make(kNetworkFamily, 1)), "network");
  EXPECT_EQ(FamilyOf(Make(kNetworkSite, 1)), "network");
  EXPECT_EQ(FamilyOf(Make(kPlanKind, 1)), "");
  EXPECT_EQ(FamilyOf(Make(kLatency, 1)), "") << "a delay is no fault";
  EXPECT_TRUE(IsEpisode(Make(kCrash, 1)));
  EXPECT_FALSE(IsEpisode(Make(kDiskFull, 1)));
}

// --- properties ---

// Fails if, of some groups of needed decisions, at least one is there as a whole.
struct Puzzle {
  std::vector<Decision> decisions;
  std::vector<std::set<size_t>> needed;  // indices
};

Puzzle AnyPuzzle() {
  const DecisionPoint* const points[] = {&kReset, &kRefused, &kCrash, &kDiskFull, &kNetworkSite, &kRequest, &kFiber, &kNumber};
  Puzzle puzzle;
  const size_t size = *rc::gen::inRange<size_t>(1, 40);
  for (size_t i = 0; i < size; ++i) {
    puzzle.decisions.push_back(Make(*points[*rc::gen::inRange<size_t>(0, std::size(points))], i, *rc::gen::inRange<int64_t>(1, 1000),
                                    *rc::gen::inRange<uint16_t>(0, 4)));
  }
  const size_t groups = *rc::gen::inRange<size_t>(1, 4);
  for (size_t g = 0; g < groups; ++g) {
    puzzle.needed.push_back(*rc::gen::container<std::set<size_t>>(rc::gen::inRange<size_t>(0, size)));
  }
  return puzzle;
}

std::string Solve(const Puzzle& puzzle, const Set& set) {
  for (const std::set<size_t>& group : puzzle.needed) {
    if (std::all_of(group.begin(), group.end(), [&](size_t i) { return set.Has(*puzzle.decisions[i].point, puzzle.decisions[i].key); }))
      return kLost;
  }
  // Now and then something else fails: never a way out.
  return set.Count(kRequest) % 3 == 1 ? kOther : "";
}

RC_GTEST_PROP(ShrinkProperty, TheResultFailsAlikeAndNothingCanBeTakenAway, ()) {
  const Puzzle puzzle = AnyPuzzle();
  FakeWorld world([&](const Set& set) { return Solve(puzzle, set); });
  const absl::StatusOr<ShrinkResult> result = world.Shrink(puzzle.decisions);

  RC_ASSERT((result.ok() || Solve(puzzle, Set(puzzle.decisions)) != kLost));
  if (!result.ok()) return;
  RC_ASSERT(result->end == ShrinkEnd::kMinimal);
  RC_ASSERT(Solve(puzzle, Set(result->decisions)) == kLost);
  for (size_t i = 0; i < result->decisions.size(); ++i) {
    std::vector<Decision> fewer = result->decisions;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
    RC_ASSERT(Solve(puzzle, Set(fewer)) != kLost);
  }
}

RC_GTEST_PROP(ShrinkProperty, OneGroupOfCulpritsIsFoundExactly, ()) {
  Puzzle puzzle = AnyPuzzle();
  puzzle.needed.resize(1);
  FakeWorld world([&](const Set& set) { return Solve(puzzle, set); });
  const absl::StatusOr<ShrinkResult> result = world.Shrink(puzzle.decisions);

  RC_ASSERT(result.ok());
  RC_ASSERT(result->decisions.size() == puzzle.needed[0].size());
  RC_ASSERT(world.repeated == 0u);
}

}  // namespace
}  // namespace edge::sim
