#include "runtime/gate/input_gate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::gate {
namespace {

struct GateWorld : VirtualWorld {
  GateWorld() : gate(scheduler) {}

  // An event that runs for `time` once it is let in.
  void Event(TaskGroup& group, std::string name, Section section, Duration time = Duration::Milliseconds(1)) {
    auto ticket = std::shared_ptr<InputGate::Ticket>(gate.Take(section));
    EDGE_CHECK_OK(group.Spawn(name, [this, name, time, ticket] {
      if (const absl::Status in = gate.Wait(*ticket); !in.ok()) {
        log.push_back(name + ": " + std::string(in.message()));
        return;
      }
      log.push_back(name + " in");
      EDGE_CHECK_OK(scheduler.SleepFor(time));
      log.push_back(name + " out");
      gate.Leave(*ticket);
    }));
  }

  InputGate gate;
  std::vector<std::string> log;
};
using Lines = std::vector<std::string>;

TEST(InputGate, LetsOneEventInAtATimeInTheOrderOfComing) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    for (const char* name : {"a", "b", "c"}) world.Event(group, name, kNoSection);
    group.Wait();
    EXPECT_TRUE(world.gate.idle());
  });
  EXPECT_EQ(world.log, (Lines{"a in", "a out", "b in", "b out", "c in", "c out"}));
}

TEST(InputGate, ATicketThatIsNotWaitedForYetKeepsItsPlace) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    auto early = world.gate.Take(kNoSection);
    world.Event(group, "late", kNoSection);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_TRUE(world.log.empty());
    early.reset();
    group.Wait();
  });
  EXPECT_EQ(world.log, (Lines{"late in", "late out"}));
}

TEST(InputGate, AHoldKeepsEverybodyOut) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    auto turn = world.gate.Take(kNoSection);
    EDGE_CHECK_OK(world.gate.Wait(*turn));
    world.gate.Hold(kNoSection);
    world.gate.Leave(*turn);
    world.Event(group, "b", kNoSection);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_TRUE(world.log.empty());
    world.gate.Release(kNoSection);
    group.Wait();
  });
  EXPECT_EQ(world.log, (Lines{"b in", "b out"}));
}

TEST(InputGate, ASectionLetsOnlyItsOwnEventsIn) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    world.Event(group, "before", kNoSection);
    const Section section = *world.gate.BeginSection(kNoSection);
    world.Event(group, "begins", section);
    world.Event(group, "outside", kNoSection);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    world.Event(group, "inside", section);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_EQ(world.log, (Lines{"begins in", "begins out", "inside in", "inside out"}));
    world.gate.EndSection(section);
    group.Wait();
    EXPECT_TRUE(world.gate.idle());
  });
  EXPECT_EQ(world.log,
            (Lines{"begins in", "begins out", "inside in", "inside out", "before in", "before out", "outside in", "outside out"}));
}

TEST(InputGate, SectionsOpenedSideBySideComeOneAfterTheOther) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    const Section one = *world.gate.BeginSection(kNoSection), two = *world.gate.BeginSection(kNoSection);
    world.Event(group, "one", one);
    world.Event(group, "two", two);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_EQ(world.log, (Lines{"one in", "one out"}));
    world.gate.EndSection(one);
    world.Event(group, "of one, late", one);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_EQ(world.log, (Lines{"one in", "one out", "two in", "two out"}));
    world.gate.EndSection(two);
    group.Wait();
  });
  EXPECT_EQ(world.log.back(), "of one, late out") << "what outlives its section is an event like others";
}

TEST(InputGate, SectionsNest) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    const Section outer = *world.gate.BeginSection(kNoSection);
    world.Event(group, "outer", outer);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    const Section inner = *world.gate.BeginSection(outer);
    EXPECT_EQ(world.gate.OuterOf(inner), outer);
    world.Event(group, "outer again", outer);
    world.Event(group, "inner", inner);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_EQ(world.log.back(), "inner out");
    world.gate.EndSection(inner);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(5)));
    EXPECT_EQ(world.log.back(), "outer again out");
    world.gate.EndSection(outer);
    group.Wait();
  });
  Section section = kNoSection;
  for (int i = 0; i < kSectionDepthMax; ++i) section = *world.gate.BeginSection(section);
  EXPECT_TRUE(absl::IsResourceExhausted(world.gate.BeginSection(section).status()));
}

TEST(InputGate, ABrokenGateTellsEverybody) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    world.Event(group, "a", kNoSection);
    world.Event(group, "b", kNoSection);
    EDGE_CHECK_OK(world.scheduler.Yield());
    world.gate.Break(absl::UnknownError("reset"));
    world.gate.Break(absl::UnknownError("again"));
    world.Event(group, "c", kNoSection);
    group.Wait();
  });
  EXPECT_EQ(world.log, (Lines{"a in", "b: reset", "c: reset", "a out"}));
}

TEST(InputGate, WhoGivesUpLetsTheNextOneIn) {
  GateWorld world;
  world.Run([&] {
    TaskGroup group(world.scheduler);
    world.Event(group, "a", kNoSection, Duration::Milliseconds(10));
    EDGE_CHECK_OK(world.scheduler.Yield());
    auto ticket = world.gate.Take(kNoSection);
    world.Event(group, "c", kNoSection);
    EXPECT_TRUE(absl::IsDeadlineExceeded(world.gate.Wait(*ticket, world.time.Now() + Duration::Milliseconds(1))));
    group.Wait();
  });
  EXPECT_EQ(world.log, (Lines{"a in", "a out", "c in", "c out"}));
}

}  // namespace
}  // namespace edge::gate
