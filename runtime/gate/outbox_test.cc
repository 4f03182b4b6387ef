#include "runtime/gate/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::gate {
namespace {

struct FakeLog final : Durability {
  explicit FakeLog(Scheduler& scheduler) : moved(scheduler) {}
  bool IsDurable(uint64_t position) const override { return position <= durable; }
  absl::Status WaitDurable(uint64_t position) override {
    while (position > durable && failure.ok()) {
      moved.Reset();
      if (absl::Status waited = moved.Wait(); !waited.ok()) return waited;
    }
    return position <= durable ? absl::OkStatus() : failure;
  }
  void OnNotDurable(const absl::Status& why) override { lost = why; }
  void MoveTo(uint64_t position) {
    durable = position;
    moved.Set();
  }
  uint64_t durable = 0;
  absl::Status failure, lost;
  Event moved;
};

struct OutboxWorld : VirtualWorld {
  OutboxWorld() : log(scheduler), outbox(scheduler, log) {}
  void Say(std::string text) {
    outbox.Push(1, [this, text](const absl::Status& status) {
      said.push_back(status.ok() ? text : StrCat(text, ": ", std::string(status.message())));
    });
  }
  void Turn(std::string text, uint64_t position) {
    Say(std::move(text));
    outbox.Seal(position);
    outbox.Flush();
  }
  void Settle() { EDGE_CHECK_OK(scheduler.SleepFor(Duration::Milliseconds(1))); }

  FakeLog log;
  Outbox outbox;
  std::vector<std::string> said;
};
using Lines = std::vector<std::string>;

TEST(Outbox, NothingLeavesBeforeItsTurnIsOver) {
  OutboxWorld world;
  world.Run([&] {
    world.Say("a");
    world.outbox.Flush();
    EXPECT_TRUE(world.said.empty());
    world.outbox.Seal(0);
    world.outbox.Flush();
    EXPECT_EQ(world.said, (Lines{"a"}));
    world.outbox.Close();
  });
}

TEST(Outbox, WaitsForTheLogAndKeepsTheOrder) {
  OutboxWorld world;
  world.Run([&] {
    world.Turn("a", 10);
    world.Turn("b", 10);
    world.Turn("c", 20);
    world.Settle();
    EXPECT_TRUE(world.said.empty());
    world.log.MoveTo(10);
    world.Settle();
    EXPECT_EQ(world.said, (Lines{"a", "b"}));
    world.log.MoveTo(20);
    world.Turn("d", 20);
    world.Settle();
    EXPECT_EQ(world.said, (Lines{"a", "b", "c", "d"}));
    world.outbox.Close();
  });
}

TEST(Outbox, ALaterReadOnlyAnswerWaitsForAnEarlierWrite) {
  OutboxWorld world;
  world.Run([&] {
    world.Turn("wrote", 10);
    world.Turn("read", 10);
    world.Settle();
    EXPECT_TRUE(world.said.empty());
    world.outbox.Break(absl::UnknownError("reset"));
    world.outbox.Close();
  });
  EXPECT_EQ(world.said, (Lines{"wrote: reset", "read: reset"}));
}

TEST(Outbox, TellsItsOwnerThatTheLogFailedAndSaysNothing) {
  OutboxWorld world;
  world.Run([&] {
    world.Turn("a", 10);
    world.Settle();
    world.log.failure = absl::DataLossError("sync failed");
    world.log.moved.Set();
    world.Settle();
    EXPECT_TRUE(absl::IsDataLoss(world.log.lost));
    EXPECT_TRUE(world.said.empty()) << "the owner breaks it";
    world.outbox.Break(absl::UnknownError("reset"));
    world.Turn("b", 0);
    world.outbox.Close();
  });
  EXPECT_EQ(world.said, (Lines{"a: reset", "b: reset"}));
}

}  // namespace
}  // namespace edge::gate
