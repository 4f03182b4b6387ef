#include "sim/machine/episode_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"
#include "sim/fault/model.h"
#include "sim/machine/machine_world_testing.h"

namespace edge::sim {
namespace {

// Two machines that beat every 10 ms, under only the given episodes, for as long as the safety phase lasts.
class Hospital {
 public:
  Hospital(uint64_t seed, std::vector<const FaultSite*> sites)
      : strategy_(seed),
        w(strategy_, {.plan = FaultOptions::Plan::kOnly, .only = std::move(sites)}),
        a(w.world, w.fabric, "a"),
        b(w.world, w.fabric, "b") {}

  // `watch` is called every 50 ms of the safety phase; `after` when all is healed.
  void Run(
      absl::AnyInvocable<void()> watch, absl::AnyInvocable<void()> after = [] {}) {
    w.Run([&] {
      for (Machine* machine : machines) machine->Start([this](const Seams& seams) { Beat(seams); });
      EpisodeDriver driver(w.world, machines, w.fabric);
      while (w.world.now() - w.world.start() < Duration::Seconds(60)) {
        w.Sleep(Duration::Milliseconds(50));
        watch();
      }
      ASSERT_TRUE(driver.Heal().ok());
      for (Machine* machine : machines) EXPECT_TRUE(machine->up() && !machine->paused()) << machine->name();
      w.Sleep(Duration::Seconds(100));  // what is still scheduled happens to nobody
      for (Machine* machine : machines) EXPECT_TRUE(machine->up() && !machine->paused()) << machine->name();
      after();
      for (Machine* machine : machines) {
        machine->Crash(CrashKind::kProcess);
        ASSERT_TRUE(machine->WaitDown().ok());
      }
    });
  }
  size_t Episodes() { return w.world.faults().episodes().size(); }
  uint64_t Injected(FaultFamily family) { return w.world.faults().injected()[static_cast<size_t>(family)]; }
  int Count(std::string_view label) {
    int count = 0;
    for (const Event& event : w.world.recorder().journal()) count += event.kind == EventKind::kLife && event.label == label;
    return count;
  }

 private:
  void Beat(const Seams& seams) {
    while (seams.scheduler.SleepFor(Duration::Milliseconds(10)).ok()) ++beats;
  }

  SeededStrategy strategy_;

 public:
  MachineWorld w;
  Machine a;
  Machine b;
  const std::array<Machine*, 2> machines = {&a, &b};
  int beats = 0;
};

TEST(EpisodeDriver, CrashesAndRestarts) {
  for (const FaultSite* site : {&kProcessCrash, &kProcessPowerLoss}) {
    Hospital hospital(1, {site});
    int seen_down = 0;
    hospital.Run([&] {
      for (Machine* machine : hospital.machines) seen_down += !machine->up();
    });
    ASSERT_GT(hospital.Episodes(), 0u);
    EXPECT_GT(seen_down, 0);
    EXPECT_GT(hospital.Injected(FaultFamily::kProcess), 0u);
    EXPECT_EQ(static_cast<uint64_t>(hospital.Count(site == &kProcessCrash ? "crash" : "power_loss")),
              hospital.Injected(FaultFamily::kProcess) + (site == &kProcessCrash ? 2 : 0));  // at the end each is crashed by the test
  }
}

// The turn is drawn, so that over the seeds a machine dies after its first turn, and long after.
TEST(EpisodeDriver, ACrashComesSomeTurnsAfterItsBeginning) {
  std::vector<Duration> delays;
  for (uint64_t seed = 1; seed < 12; ++seed) {
    Hospital hospital(seed, {&kProcessPowerLoss});
    hospital.Run([] {});
    const std::vector<Episode>& episodes = hospital.w.world.faults().episodes();
    for (const Event& event : hospital.w.world.recorder().journal()) {
      if (event.kind != EventKind::kLife || event.label != "power_loss") continue;
      Duration delay = Duration::Infinite();
      for (const Episode& episode : episodes) {
        const Instant middle = episode.begin + (episode.end - episode.begin) / 2;
        if (episode.begin <= event.time && event.time <= middle) delay = std::min(delay, event.time - episode.begin);
      }
      EXPECT_FALSE(delay.IsInfinite()) << "a crash outside of its episode";
      delays.push_back(delay);
    }
  }
  ASSERT_GT(delays.size(), 3u);
  std::sort(delays.begin(), delays.end());
  EXPECT_GT(delays.back() - delays.front(), Duration::Milliseconds(200));
}

TEST(EpisodeDriver, PausesAndResumes) {
  Hospital hospital(3, {&kProcessPause});
  int seen_paused = 0;
  hospital.Run([&] {
    for (Machine* machine : hospital.machines) seen_paused += machine->paused();
  });
  EXPECT_GT(seen_paused, 0);
  EXPECT_EQ(hospital.Count("pause"), hospital.Count("resume"));
}

TEST(EpisodeDriver, SkewPassesAndStepsStayUntilTheHeal) {
  Hospital skewed(4, {&kClockSkew});
  int seen = 0;
  skewed.Run([&] { seen += skewed.a.skew() != Duration::Zero() || skewed.b.skew() != Duration::Zero(); });
  EXPECT_GT(seen, 0);
  EXPECT_GT(skewed.Injected(FaultFamily::kClock), 0u);

  Hospital stepped(5, {&kClockStep});
  bool seen_stepped = false, still = false;
  stepped.Run(
      [&] {
        still = stepped.a.skew() != Duration::Zero() || stepped.b.skew() != Duration::Zero();
        EXPECT_TRUE(still || !seen_stepped);
        seen_stepped = seen_stepped || still;
      },
      [&] { EXPECT_TRUE(stepped.a.skew() == Duration::Zero() && stepped.b.skew() == Duration::Zero()); });
  EXPECT_TRUE(seen_stepped);
}

TEST(EpisodeDriver, SlowsDisksForATime) {
  Hospital hospital(6, {&kDiskSlow});
  int64_t slowest = 1;
  hospital.Run([&] {
    for (Machine* machine : hospital.machines) slowest = std::max(slowest, machine->platter().slowness());
  });
  EXPECT_GT(slowest, 1);
  EXPECT_EQ(hospital.a.platter().slowness(), 1);
  EXPECT_EQ(hospital.b.platter().slowness(), 1);
}

TEST(EpisodeDriver, HandsTheNetworksEpisodesToTheFabric) {
  for (const FaultSite* site : {&kNetworkPartition, &kNetworkSlow}) {
    Hospital hospital(7, {site});
    hospital.Run([] {});
    ASSERT_GT(hospital.Episodes(), 0u);
    EXPECT_EQ(hospital.Injected(FaultFamily::kNetwork), hospital.Episodes());
  }
}

TEST(EpisodeDriver, OverlappingTroublesOfAllKindsEndHealed) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Hospital hospital(seed, {&kProcessCrash, &kProcessPowerLoss, &kProcessPause, &kClockSkew, &kClockStep, &kDiskSlow, &kNetworkPartition});
    hospital.Run([] {});
    EXPECT_GT(hospital.beats, 1000);
  }
}

TEST(EpisodeDriver, TheSameSeedIsTheSameRun) {
  const auto run = [](uint64_t seed) {
    Hospital hospital(seed, {&kProcessCrash, &kProcessPowerLoss, &kProcessPause, &kClockSkew, &kDiskSlow});
    hospital.Run([] {});
    return hospital.w.world.recorder().hash();
  };
  for (uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(run(seed), run(seed));
  EXPECT_NE(run(1), run(2));
}

TEST(EpisodeDriver, AWorldWithoutMachinesStillHasItsNetworkEpisodes) {
  SeededStrategy strategy(1);
  MachineWorld w(strategy, {.plan = FaultOptions::Plan::kOnly, .only = {&kProcessCrash, &kNetworkSlow}});
  w.Run([&] {
    EpisodeDriver driver(w.world, {}, w.fabric);
    w.Sleep(Duration::Seconds(70));
    EXPECT_TRUE(driver.Heal().ok());
  });
}

}  // namespace
}  // namespace edge::sim
