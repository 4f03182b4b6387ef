#include "sim/fault/faults.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/fault/model.h"
#include "sim/oracle/seeded_strategy.h"

namespace edge::sim {
namespace {

class TestClock final : public Clock {
 public:
  Instant Now() const override { return now; }
  WallTime WallNow() const override { return WallTime::FromUnixNanoseconds(now.ToNanoseconds()); }
  Instant now = Instant::FromNanoseconds(1'000'000'000);
};

// Everything that one plan needs.
struct Toy {
  Toy(Strategy& strategy, const FaultOptions& options)
      : recorder(clock, Keep::kJournal), oracle(strategy, recorder), faults(oracle, recorder, clock, clock.now, options) {}

  TestClock clock;
  Recorder recorder;
  Oracle oracle;
  Faults faults;
};

// Answers with the mildest, except at the points of these names.
class Scripted final : public Strategy {
 public:
  explicit Scripted(std::map<std::string, int64_t, std::less<>> values) : values_(std::move(values)) {}
  int64_t Draw(const DecisionPoint& point, Key, const Distribution& distribution) override {
    const auto found = values_.find(point.name);
    return found == values_.end() ? distribution.mildest() : distribution.Clamp(found->second);
  }
  size_t Pick(const DecisionPoint&, std::span<const Candidate>) override { return 0; }
  std::string_view name() const override { return "scripted"; }

 private:
  const std::map<std::string, int64_t, std::less<>> values_;
};

// Sixty seconds of four clients with a hundred requests, as the opportunities that they are.
uint64_t LiveThrough(Toy& run) {
  constexpr ActorId kClient{1};
  for (Key request = 0; request < 100; ++request) {
    run.clock.now = run.clock.now + Duration::Milliseconds(599);
    for (const FaultSite* const site : AllFaultSites()) {
      if (site->shape != FaultSite::Shape::kStrike) continue;
      // Connections are kept, and a call of the disk is rare so far.
      const bool seldom =
          site->family == FaultFamily::kDisk || site == &kNetworkRefused || site == &kNetworkConnectHangs || site == &kNetworkHalfCloseLost;
      if (seldom && request % 4 != 0) continue;
      // Some requests reach an object; alarms and WebSockets are an application's exception.
      if (site->family == FaultFamily::kObject && request % 3 != 0) continue;
      if ((site == &kObjectAlarmLate || site == &kObjectAlarmAgain || site == &kPlatformCronLate ||
           site->family == FaultFamily::kWebSocket || site->family == FaultFamily::kKv) &&
          request % 9 != 0)
        continue;
      // ... and few send to a queue.
      if (site->family == FaultFamily::kQueue && request % 36 != 0) continue;
      const Key opportunities = site->family == FaultFamily::kNetwork && !seldom ? 2 : 1;
      for (Key i = 0; i < opportunities; ++i) run.faults.Strikes(*site, kClient, CombineHash(request, i));
    }
  }
  for (const Episode& episode : run.faults.episodes()) run.faults.Began(episode, kClient);
  uint64_t faults = 0;
  for (const uint64_t count : run.faults.injected()) faults += count;
  return faults;
}

TEST(Faults, ARunHasAHandfulOfFaultsAndSomeHaveNoneOrOneSite) {
  constexpr int kRuns = 1000;
  std::vector<uint64_t> counts;
  int without_a_plan = 0;
  int of_one_site = 0;
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < kRuns; ++seed) {
    SeededStrategy strategy(seed);
    Toy run(strategy, {});
    int active = 0;
    for (const FaultSite* const site : AllFaultSites()) active += run.faults.IsActive(*site) ? 1 : 0;
    without_a_plan += active == 0 ? 1 : 0;
    of_one_site += active == 1 ? 1 : 0;
    counts.push_back(LiveThrough(run));
    for (const Event& event : run.recorder.journal()) {
      if (event.kind == EventKind::kFault) seen.insert(event.label);
    }
  }
  std::sort(counts.begin(), counts.end());

  EXPECT_NEAR(without_a_plan, kRuns / 10, kRuns / 25);
  EXPECT_NEAR(of_one_site, kRuns / 5, kRuns / 20);
  EXPECT_GE(counts[kRuns / 2], 3u);
  EXPECT_LE(counts[kRuns / 2], 14u);
  EXPECT_LE(counts[kRuns * 95 / 100], 44u);
  // Every site that the contract allows bites in some run.
  for (const FaultSite* const site : AllFaultSites()) {
    EXPECT_EQ(seen.contains(std::string(site->name())), site->allowed_by != FaultSite::AllowedBy::kOnRequest) << site->name();
  }
}

TEST(Faults, TheMildestPlanHasNoFaults) {
  Scripted strategy({});
  Toy run(strategy, {});
  EXPECT_EQ(LiveThrough(run), 0u);
  EXPECT_TRUE(run.oracle.decisions().empty());
}

// Taking back one decision of a plan turns one thing off and nothing on.
TEST(Faults, EachDecisionTakenBackOnlyTakesFaultsAway) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SeededStrategy seeded(seed);
    Toy full(seeded, {});
    LiveThrough(full);
    const auto faults_of = [](const Toy& run) {
      std::multiset<std::pair<std::string, Key>> faults;
      for (const Event& event : run.recorder.journal()) {
        if (event.kind == EventKind::kFault) faults.insert({event.label, event.key});
      }
      return faults;
    };
    const auto all = faults_of(full);
    for (const Decision& taken : full.oracle.decisions()) {
      // The recorded values, except for the one.
      class Without final : public Strategy {
       public:
        Without(std::span<const Decision> decisions, const Decision& taken) : decisions_(decisions), taken_(taken) {}
        int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
          for (const Decision& decision : decisions_) {
            if (&decision != &taken_ && decision.point == &point && decision.key == key) return distribution.Clamp(decision.value);
          }
          return distribution.mildest();
        }
        size_t Pick(const DecisionPoint&, std::span<const Candidate>) override { return 0; }
        std::string_view name() const override { return "without"; }

       private:
        const std::span<const Decision> decisions_;
        const Decision& taken_;
      } without(full.oracle.decisions(), taken);
      if (taken.point->kind == DecisionKind::kDelay) continue;  // moves or shortens, takes nothing away
      Toy less(without, {});
      LiveThrough(less);
      const auto remaining = faults_of(less);
      EXPECT_TRUE(std::includes(all.begin(), all.end(), remaining.begin(), remaining.end())) << seed << " " << taken.point->name;
      if (taken.point->kind == DecisionKind::kFault) {
        EXPECT_EQ(remaining.size() + 1, all.size()) << seed << " " << taken.point->name;
      }
      if (taken.point->name == "plan.kind") {
        EXPECT_TRUE(remaining.empty());
      }
      if (taken.point->name.starts_with("plan.family.")) {
        const std::string family(taken.point->name.substr(std::string_view("plan.family.").size()));
        for (const auto& [label, key] : remaining) EXPECT_FALSE(label.starts_with(family + ".")) << label;
      }
    }
  }
}

TEST(Faults, StrikesFallIntoTheSafetyPhaseAndEndWithTheHeal) {
  Scripted strategy({{"network.refused", 1}});
  FaultOptions options{.safety_phase = Duration::Seconds(60), .plan = FaultOptions::Plan::kAll};
  Toy run(strategy, options);
  constexpr ActorId kClient{1};

  EXPECT_TRUE(run.faults.Strikes(kNetworkRefused, kClient, 1));
  run.clock.now = run.clock.now + Duration::Seconds(60);
  EXPECT_TRUE(run.faults.Strikes(kNetworkRefused, kClient, 2));
  run.clock.now = run.clock.now + Duration::Nanoseconds(1);
  EXPECT_FALSE(run.faults.Strikes(kNetworkRefused, kClient, 3));

  Toy healed(strategy, options);
  healed.faults.Heal();
  EXPECT_FALSE(healed.faults.Strikes(kNetworkRefused, kClient, 1));
  EXPECT_TRUE(healed.faults.healed());
}

TEST(Faults, AStrikeIsRecordedAndCountedByFamily) {
  Scripted strategy({{"disk.full", 1}});
  Toy run(strategy, {.plan = FaultOptions::Plan::kAll});
  constexpr ActorId kNode{3};

  EXPECT_TRUE(run.faults.Strikes(kDiskFull, kNode, 77));
  EXPECT_FALSE(run.faults.Strikes(kDiskReadError, kNode, 77));

  const Event& event = run.recorder.journal().back();
  EXPECT_EQ(event.kind, EventKind::kFault);
  EXPECT_EQ(event.label, "disk.full");
  EXPECT_EQ(event.actor, kNode);
  EXPECT_EQ(event.key, 77u);
  EXPECT_EQ(run.faults.injected()[static_cast<size_t>(FaultFamily::kDisk)], 1u);
  EXPECT_EQ(run.faults.injected()[static_cast<size_t>(FaultFamily::kNetwork)], 0u);
}

TEST(Faults, ARecordedStrikeStrikesOutsideOfItsWindow) {
  // An active site whose windows were taken away.
  Scripted strategy({{"plan.kind", 2}, {"plan.family.client", 1}, {"plan.site.client.disconnect", 1}, {"client.disconnect", 1}});
  Toy run(strategy, {});
  EXPECT_TRUE(run.faults.Strikes(kClientDisconnect, ActorId{1}, 1));
  EXPECT_FALSE(run.faults.Strikes(kClientImpatient, ActorId{1}, 1));
}

TEST(Faults, TheContractDecidesWhatAPlanMayHave) {
  Scripted strategy({{"platform.cancel_wait_until", 1}, {"platform.recycle_isolate", 1}, {"disk.sync_lost", 1}});
  constexpr ActorId kNode{1};

  Toy cloudflare(strategy, {.contract = Contract::kCloudflare, .plan = FaultOptions::Plan::kAll});
  EXPECT_TRUE(cloudflare.faults.Strikes(kPlatformCancelWaitUntil, kNode, 1));
  EXPECT_TRUE(cloudflare.faults.Strikes(kPlatformRecycleIsolate, kNode, 1));
  EXPECT_FALSE(cloudflare.faults.Strikes(kDiskSyncLost, kNode, 1));

  Toy edge(strategy, {.contract = Contract::kEdge, .plan = FaultOptions::Plan::kAll});
  EXPECT_FALSE(edge.faults.Strikes(kPlatformCancelWaitUntil, kNode, 1));
  EXPECT_TRUE(edge.faults.Strikes(kPlatformRecycleIsolate, kNode, 1));

  Toy lying(strategy, {.plan = FaultOptions::Plan::kAll, .on_request = {&kDiskSyncLost}});
  EXPECT_TRUE(lying.faults.Strikes(kDiskSyncLost, kNode, 1));

  Toy off(strategy, {.plan = FaultOptions::Plan::kAll, .families_off = {FaultFamily::kPlatform}});
  EXPECT_FALSE(off.faults.Strikes(kPlatformRecycleIsolate, kNode, 1));

  Toy only(strategy, {.plan = FaultOptions::Plan::kOnly, .only = {&kPlatformCancelWaitUntil}});
  EXPECT_TRUE(only.faults.Strikes(kPlatformCancelWaitUntil, kNode, 1));
  EXPECT_FALSE(only.faults.Strikes(kPlatformRecycleIsolate, kNode, 1));

  Toy none(strategy, {.plan = FaultOptions::Plan::kNone});
  EXPECT_FALSE(none.faults.Strikes(kPlatformRecycleIsolate, kNode, 1));
}

TEST(Faults, SwarmsOfManySeedsNeverBreakTheContract) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SeededStrategy strategy(seed);
    Toy run(strategy, {.contract = Contract::kEdge, .families_off = {FaultFamily::kClock}});
    for (const FaultSite* const site : AllFaultSites()) {
      if (site->allowed_by != FaultSite::AllowedBy::kBoth || site->family == FaultFamily::kClock) {
        EXPECT_FALSE(run.faults.IsActive(*site)) << seed << " " << site->name();
      }
    }
  }
}

TEST(Faults, AStrikeIsWhateverElseStrikes) {
  size_t strikes_max = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    // The second world does three times as much; what both do fares alike.
    std::array<std::vector<Key>, 2> struck;
    for (const bool busy : {false, true}) {
      SeededStrategy strategy(seed);
      Toy run(strategy, {});
      for (Key i = 0; i < 3'000; ++i) {
        run.clock.now = run.clock.now + Duration::Milliseconds(20);
        for (Key more = 1; busy && more < 3; ++more) run.faults.Strikes(kNetworkStall, ActorId{1}, CombineHash(i, more));
        if (run.faults.Strikes(kNetworkStall, ActorId{1}, i)) struck[busy ? 1 : 0].push_back(i);
      }
    }
    EXPECT_EQ(struck[0], struck[1]) << seed;
    strikes_max = std::max(strikes_max, struck[0].size());
  }
  EXPECT_GT(strikes_max, 50u);
}

TEST(Faults, AWorldThatDoesVeryMuchStillHasAnEndOfStrikesOfOneSite) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SeededStrategy strategy(seed);
    Toy run(strategy, {.strikes_per_site_max = 5});
    for (Key i = 0; i < 60'000; ++i) {
      run.clock.now = run.clock.now + Duration::Milliseconds(1);
      run.faults.Strikes(kNetworkStall, ActorId{1}, i);
    }
    EXPECT_LE(run.faults.injected()[static_cast<size_t>(FaultFamily::kNetwork)], 5u);
  }
}

TEST(Faults, EpisodesLieInsideTheSafetyPhaseInOrder) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SeededStrategy strategy(seed);
    const Duration phase = Duration::Milliseconds(seed % 3 == 0 ? 700 : 60'000);
    Toy run(strategy, {.safety_phase = phase});
    const Instant start = Instant::FromNanoseconds(1'000'000'000);
    Instant last = start;
    for (const Episode& episode : run.faults.episodes()) {
      EXPECT_GE(episode.begin, last);
      EXPECT_GT(episode.end, episode.begin) << episode.site->name();
      EXPECT_LE(episode.end, start + phase);
      last = episode.begin;
    }
  }
}

TEST(Faults, AStrikesLengthAndShapeStayWithinTheirBounds) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededStrategy strategy(seed);
    Toy run(strategy, {.plan = FaultOptions::Plan::kAll});
    const Duration length = run.faults.LengthOf(kNetworkStall, ActorId{1}, seed, Duration::Seconds(30));
    EXPECT_GE(length, Duration::Zero());
    EXPECT_LE(length, Duration::Seconds(30));
    EXPECT_LT(run.faults.ShapeOf(kNetworkWriteCut, ActorId{1}, seed, 3), 3u);
    EXPECT_EQ(run.faults.ShapeOf(kNetworkWriteCut, ActorId{1}, seed, 1), 0u);
    EXPECT_EQ(run.faults.LengthOf(kNetworkStall, ActorId{1}, seed, Duration::Zero()), Duration::Zero());
  }
}

TEST(Faults, AtLeastOneOperationIsInUseAndEachIsLeftOutSomewhere) {
  constexpr size_t kOperations = 3;
  std::array<int, kOperations> left_out = {};
  int whole = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SeededStrategy strategy(seed);
    Toy run(strategy, {});
    size_t used = 0;
    for (size_t i = 0; i < kOperations; ++i) {
      const bool uses = run.faults.UsesOperation(i, kOperations);
      EXPECT_EQ(run.faults.UsesOperation(i, kOperations), uses);
      used += uses ? 1 : 0;
      left_out[i] += uses ? 0 : 1;
    }
    EXPECT_GE(used, 1u) << seed;
    whole += used == kOperations ? 1 : 0;
  }
  for (const int count : left_out) EXPECT_GT(count, 40);
  EXPECT_GT(whole, 100);
}

TEST(FaultsDeathTest, RefusesASiteThatIsNotInTheTable) {
  Scripted strategy({});
  Toy run(strategy, {.plan = FaultOptions::Plan::kAll});
  const FaultSite copy = kNetworkRefused;
  EXPECT_DEATH(run.faults.Strikes(copy, ActorId{1}, 1), "not in the table");
  EXPECT_DEATH(run.faults.Strikes(kProcessCrash, ActorId{1}, 1), "is an episode");
}

}  // namespace
}  // namespace edge::sim
