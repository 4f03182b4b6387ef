#include "sim/machine/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "sim/machine/machine_world_testing.h"

namespace edge::sim {
namespace {

TEST(Machine, BootsAProgramWithSeamsOfItsOwn) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1", {.environment = {{"MODE", "test"}}});
  w.Run([&] {
    std::string seen;
    machine.Start([&](const Seams& seams) {
      EXPECT_EQ(seams.scheduler.CurrentDomain()->name(), "node1#1");
      seen = seams.process.Self().name + "/" + std::to_string(seams.process.Self().incarnation) + "/" + *seams.process.Environment("MODE");
      EXPECT_TRUE(WriteWholeFile(seams.disk, "f", "x").ok());
    });
    EXPECT_TRUE(machine.up());
    EXPECT_TRUE(machine.WaitDown().ok());
    EXPECT_EQ(seen, "node1/1/test");
    EXPECT_EQ(machine.exit_code(), 0);
    EXPECT_TRUE(machine.down());
  });
}

TEST(Machine, ACrashEndsEveryFiberAndNothingDoneOnTheWayOutHasAnEffect) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1");
  w.Run([&] {
    int ended = 0;
    machine.Start([&](const Seams& seams) {
      auto file = *seams.disk.Open("f", OpenMode::kCreate);
      EXPECT_TRUE(file->WriteAt(0, "alive").ok());
      TaskGroup group(seams.scheduler);
      for (int i = 0; i < 5; ++i) {
        EDGE_CHECK_OK(group.Spawn("worker", [&] {
          EXPECT_TRUE(IsCrashed(seams.scheduler.SleepFor(Duration::Seconds(1000))));
          EXPECT_TRUE(IsCrashed(file->WriteAt(0, "ghost")));
          EXPECT_TRUE(IsCrashed(seams.network.Connect({"node2", 80}, Instant::Infinite()).status()));
          EXPECT_TRUE(IsCrashed(seams.scheduler.Spawn("child", [] {})));
          seams.process.Exit(7);
          ++ended;
        }));
      }
      group.Wait();
    });
    w.Sleep(Duration::Milliseconds(100));
    machine.Crash(CrashKind::kProcess);
    EXPECT_FALSE(machine.up());
    EXPECT_FALSE(machine.down());
    EXPECT_TRUE(machine.WaitDown().ok());
    EXPECT_EQ(ended, 5);
    EXPECT_EQ(machine.exit_code(), std::nullopt);
    EXPECT_EQ((*machine.platter().Open("f", OpenMode::kReadOnly))->content.size(), 5u);
  });
}

TEST(Machine, ARestartKeepsWhatIsDurableAndIsANewIncarnation) {
  MachineWorld w;
  w.LosesAllUnsynced();
  Machine machine(w.world, w.fabric, "node1");
  std::vector<std::string> found;  // of the scratch file only the name was synced, with that of the other
  w.Run([&] {
    machine.Start([&](const Seams& seams) {
      auto content = ReadWholeFile(seams.disk, "state");
      found.push_back(content.ok() ? *content : "none");
      auto unsynced = ReadWholeFile(seams.disk, "scratch");
      found.push_back(unsynced.ok() ? *unsynced : "none");
      const std::string mark = std::to_string(seams.process.Self().incarnation);
      EXPECT_TRUE(WriteWholeFile(seams.disk, "state", mark).ok());
      EXPECT_TRUE((*seams.disk.Open("scratch", OpenMode::kCreate))->WriteAt(0, mark).ok());
      EXPECT_TRUE(IsCrashed(seams.scheduler.SleepFor(Duration::Seconds(1000))));
    });
    for (const CrashKind kind : {CrashKind::kProcess, CrashKind::kPower, CrashKind::kPower}) {
      w.Sleep(Duration::Milliseconds(200));
      machine.Crash(kind);
      EXPECT_TRUE(machine.Restart().ok());
    }
    w.Sleep(Duration::Milliseconds(200));
    machine.Crash(CrashKind::kProcess);
    EXPECT_TRUE(machine.WaitDown().ok());
  });
  EXPECT_EQ(found, (std::vector<std::string>{"none", "none", "1", "1", "2", "", "3", ""}));
  EXPECT_EQ(machine.incarnations(), 4u);
}

TEST(Machine, CrashesBetweenAnyTwoTurns) {
  std::vector<int> steps;
  for (uint64_t turns = 0; turns < 8; ++turns) {
    MachineWorld w;
    Machine machine(w.world, w.fabric, "node1");
    int step = 0;
    w.Run([&] {
      machine.Start([&](const Seams& seams) {
        while (seams.scheduler.Yield().ok() && step < 100) ++step;
      });
      machine.CrashAfterTurns(CrashKind::kPower, turns);
      EXPECT_TRUE(machine.WaitDown().ok());
    });
    steps.push_back(step);
  }
  // The first turn only begins to yield.
  EXPECT_EQ(steps, (std::vector<int>{0, 0, 1, 2, 3, 4, 5, 6}));
}

// Two fibers of a machine, one of which may do more: where the other's turns are chosen, it dies there in both worlds.
TEST(Machine, WhereItDiesIsATurnAndNotANumberOfTurns) {
  const auto step_of_death = [](uint64_t place, int more) {
    MachineWorld w;
    Machine machine(w.world, w.fabric, "node1");
    int step = 0;
    w.Run([&] {
      machine.Start([&](const Seams& seams) {
        EXPECT_TRUE(seams.scheduler
                        .Spawn("more",
                               [&seams, more] {
                                 for (int i = 0; i < more && seams.scheduler.SleepFor(Duration::Microseconds(700)).ok(); ++i) {
                                 }
                               })
                        .ok());
        while (step < 10'000 && seams.scheduler.SleepFor(Duration::Milliseconds(1)).ok()) ++step;
      });
      machine.AfterTurnOf(place, [&machine] { machine.Crash(CrashKind::kProcess); });
      EXPECT_TRUE(machine.WaitDown().ok());
    });
    return step;
  };
  std::set<int> steps;
  int same = 0;
  constexpr int kPlaces = 60;
  for (uint64_t place = 1; place <= kPlaces; ++place) {
    const int step = step_of_death(place, 5);
    steps.insert(step);
    const int busier = step_of_death(place, 10'000);
    EXPECT_LE(busier, step) << place;
    same += busier == step;
  }
  // It may be one of the turns that there are more.
  EXPECT_GT(same, kPlaces / 4);
  EXPECT_GT(steps.size(), size_t{kPlaces} / 3);
  EXPECT_EQ(*steps.begin(), 0);
  EXPECT_GT(*steps.rbegin(), 100);
}

TEST(Machine, ATurnsCallCanBeTakenBack) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1");
  w.Run([&] {
    machine.Start([&](const Seams& seams) {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(seams.scheduler.Yield().ok());
    });
    machine.CrashAfterTurns(CrashKind::kProcess, 5);
    machine.AfterTurns(0, nullptr);
    EXPECT_TRUE(machine.WaitDown().ok());
  });
  EXPECT_EQ(machine.exit_code(), 0);
}

TEST(Machine, ExitEndsTheIncarnationWithItsCode) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1");
  w.Run([&] {
    machine.Start([&](const Seams& seams) {
      seams.process.Exit(3);
      EXPECT_TRUE(IsCrashed(seams.scheduler.SleepFor(Duration::Seconds(1))));
    });
    EXPECT_TRUE(machine.WaitDown().ok());
    EXPECT_EQ(machine.exit_code(), 3);
    EXPECT_EQ(w.Life(), "start exit down");
  });
}

TEST(Machine, APauseStopsItsFibersAndNobodyElses) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1");
  w.Run([&] {
    int beats = 0;
    machine.Start([&](const Seams& seams) {
      while (seams.scheduler.SleepFor(Duration::Milliseconds(10)).ok()) ++beats;
    });
    w.Sleep(Duration::Milliseconds(105));
    EXPECT_EQ(beats, 10);
    machine.Pause();
    EXPECT_TRUE(machine.paused());
    w.Sleep(Duration::Milliseconds(1000));
    EXPECT_EQ(beats, 10);
    machine.Resume();
    w.Sleep(Duration::Milliseconds(50));
    EXPECT_GT(beats, 12);
    machine.Pause();
    machine.Crash(CrashKind::kProcess);
    EXPECT_TRUE(machine.WaitDown().ok());
    EXPECT_EQ(w.Life(), "start pause resume pause crash down");
  });
}

TEST(Machine, ItsCalendarMayBeWrongAndStaysSoOverARestart) {
  MachineWorld w;
  Machine machine(w.world, w.fabric, "node1");
  w.Run([&] {
    const auto off = [&](const Clock& clock) {
      return clock.WallNow() - (WallTime::FromUnixMilliseconds(1'790'000'000'000) + (w.world.now() - w.world.start()));
    };
    machine.SetSkew(Duration::Seconds(-5));
    std::vector<int64_t> seen;
    machine.Start([&](const Seams& seams) {
      seen.push_back(off(seams.clock).ToSeconds());
      EXPECT_TRUE(IsCrashed(seams.scheduler.SleepFor(Duration::Seconds(1000))));
    });
    w.Sleep(Duration::Milliseconds(1));
    EXPECT_EQ(off(w.world.clock()).ToSeconds(), 0);
    machine.Crash(CrashKind::kPower);
    EXPECT_TRUE(machine.Restart().ok());
    w.Sleep(Duration::Milliseconds(1));
    machine.Crash(CrashKind::kPower);
    EXPECT_TRUE(machine.WaitDown().ok());
    EXPECT_EQ(seen, (std::vector<int64_t>{-5, -5}));
  });
}

TEST(Machine, TheDeadAreNotReachableAndTheRestartedAre) {
  MachineWorld w;
  Machine server(w.world, w.fabric, "server");
  Machine client(w.world, w.fabric, "client");
  w.Run([&] {
    server.Start([&](const Seams& seams) {
      auto listener = seams.network.Listen({"server", 80});
      ASSERT_TRUE(listener.ok()) << listener.status();
      for (;;) {
        auto connection = (*listener)->Accept(Instant::Infinite());
        if (!connection.ok()) return;
        const std::string hello = std::to_string(seams.process.Self().incarnation);
        (*connection)->Write(std::array<std::string_view, 1>{hello}, Instant::Infinite()).IgnoreError();
      }
    });
    std::string heard;
    const auto call = [&](const Seams& seams) {
      auto connection = seams.network.Connect({"server", 80}, DeadlineIn(seams.scheduler, Duration::Seconds(5)));
      char buffer[16];
      if (connection.ok()) {
        auto got = (*connection)->Read(buffer, DeadlineIn(seams.scheduler, Duration::Seconds(5)));
        heard += got.ok() ? std::string(buffer, *got) : "reset";
      } else {
        heard += absl::IsUnavailable(connection.status()) ? "refused" : "silence";
      }
      heard += " ";
    };
    const auto run_client = [&] {
      client.Start(call);
      EXPECT_TRUE(client.WaitDown().ok());
    };
    w.Sleep(Duration::Milliseconds(1));
    run_client();
    server.Crash(CrashKind::kProcess);
    EXPECT_TRUE(server.WaitDown().ok());
    run_client();
    EXPECT_TRUE(server.Restart().ok());
    w.Sleep(Duration::Milliseconds(1));
    run_client();
    server.Crash(CrashKind::kPower);
    EXPECT_TRUE(server.WaitDown().ok());
    run_client();
    EXPECT_EQ(heard, "1 refused 2 silence ");
  });
}

// The same seed gives the same run, crash and all; another gives another.
TEST(Machine, ARunWithCrashesIsDeterministic) {
  const auto run = [](uint64_t seed) {
    SeededStrategy strategy(seed);
    MachineWorld w(strategy);
    Machine machine(w.world, w.fabric, "node1");
    w.Run([&] {
      machine.Start([&](const Seams& seams) {
        TaskGroup group(seams.scheduler);
        for (int i = 0; i < 4; ++i) {
          // Refused where the crash came before the program's first turn.
          (void)group.Spawn("writer", [&, i] {
            auto file = seams.disk.Open("f" + std::to_string(i), OpenMode::kCreate);
            while (file.ok() && (*file)->WriteAt(seams.random.Below(5000), "some bytes").ok() && (*file)->Sync().ok()) {
            }
          });
        }
        group.Wait();
      });
      for (uint64_t crash = 0; crash < 5; ++crash) {
        w.Sleep(Duration::Milliseconds(50));
        machine.CrashAfterTurns(CrashKind::kPower, 17 + crash);
        w.Sleep(Duration::Milliseconds(200));
        EXPECT_TRUE(machine.Restart().ok());
      }
      machine.Crash(CrashKind::kProcess);
      EXPECT_TRUE(machine.WaitDown().ok());
    });
    return w.world.recorder().hash();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_EQ(run(2), run(2));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace edge::sim
