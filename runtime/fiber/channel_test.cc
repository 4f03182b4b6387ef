#include "runtime/fiber/channel.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"

namespace edge {
namespace {

TEST(Channel, TheBoundHoldsTheSenderBack) {
  VirtualWorld world;
  Channel<int> channel(world.scheduler, 2);
  int sent = 0;
  EDGE_CHECK_OK(world.scheduler.Spawn("sender", [&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(channel.Send(i).ok());
      ++sent;
    }
    channel.Close();
  }));
  EDGE_CHECK_OK(world.scheduler.Spawn("receiver", [&] {
    EXPECT_EQ(sent, 2);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(*channel.Receive(), i);
    EXPECT_TRUE(absl::IsOutOfRange(channel.Receive().status()));
  }));
  world.scheduler.Run();
  EXPECT_EQ(sent, 10);
}

TEST(Channel, CloseDeliversWhatWasSentAndWakesEveryone) {
  VirtualWorld world;
  world.Run([&] {
    Channel<std::unique_ptr<int>> channel(world.scheduler, 1);
    TaskGroup group(world.scheduler);
    EXPECT_TRUE(channel.Send(std::make_unique<int>(7)).ok());
    EDGE_CHECK_OK(group.Spawn("blocked", [&] { EXPECT_TRUE(absl::IsFailedPrecondition(channel.Send(nullptr))); }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    channel.Close();
    group.Wait();
    EXPECT_EQ(**channel.Receive(), 7);
    EXPECT_TRUE(absl::IsOutOfRange(channel.Receive().status()));
    EXPECT_TRUE(absl::IsFailedPrecondition(channel.Send(nullptr)));
  });
}

TEST(Channel, DeadlinesOnBothSides) {
  VirtualWorld world;
  world.Run([&] {
    Channel<int> channel(world.scheduler, 1);
    const auto soon = [&] { return DeadlineIn(world.scheduler, Duration::Seconds(1)); };
    EXPECT_TRUE(absl::IsDeadlineExceeded(channel.Receive(soon()).status()));
    EXPECT_TRUE(channel.Send(1).ok());
    EXPECT_TRUE(absl::IsDeadlineExceeded(channel.Send(2, soon())));
    EXPECT_EQ(*channel.Receive(), 1);
    EXPECT_EQ(channel.size(), 0u);
  });
}

TEST(Channel, TryNeverWaits) {
  VirtualWorld world;
  Channel<std::string> channel(world.scheduler, 1);
  std::string value = "kept";
  EXPECT_FALSE(channel.TryReceive().has_value());
  EXPECT_TRUE(channel.TrySend(value));
  value = "kept";
  EXPECT_FALSE(channel.TrySend(value));
  EXPECT_EQ(value, "kept");
  EXPECT_EQ(*channel.TryReceive(), "kept");
  channel.Close();
  EXPECT_FALSE(channel.TrySend(value));
}

TEST(Channel, ACancelledReceiverPassesItsTurnOn) {
  VirtualWorld world;
  world.Run([&] {
    Channel<int> channel(world.scheduler, 4);
    TaskGroup doomed(world.scheduler);
    TaskGroup alive(world.scheduler);
    int received = 0;
    EDGE_CHECK_OK(doomed.Spawn("doomed", [&] { EXPECT_TRUE(absl::IsCancelled(channel.Receive().status())); }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EDGE_CHECK_OK(alive.Spawn("alive", [&] { received = *channel.Receive(); }));
    EXPECT_TRUE(world.scheduler.Yield().ok());
    EXPECT_TRUE(channel.Send(5).ok());
    doomed.Cancel();
    doomed.Wait();
    alive.Wait();
    EXPECT_EQ(received, 5);
  });
}

// Whatever the numbers of senders, receivers and places: every value arrives once, each sender's in its order.
RC_GTEST_PROP(Channel, LosesAndReordersNothing, ()) {
  const int senders = *rc::gen::inRange(1, 6);
  const int receivers = *rc::gen::inRange(1, 6);
  const size_t capacity = *rc::gen::inRange<size_t>(1, 5);
  const int each = *rc::gen::inRange(0, 20);
  VirtualWorld world(SchedulerLimits{.stack = ByteCount::KiB(32)});
  Channel<std::pair<int, int>> channel(world.scheduler, capacity);
  std::vector<std::vector<int>> received(senders);
  world.Run([&] {
    TaskGroup sending(world.scheduler);
    TaskGroup receiving(world.scheduler);
    for (int sender = 0; sender < senders; ++sender) {
      EDGE_CHECK_OK(sending.Spawn("s", [&, sender] {
        for (int i = 0; i < each; ++i) EDGE_CHECK_OK(channel.Send({sender, i}));
      }));
    }
    for (int receiver = 0; receiver < receivers; ++receiver) {
      EDGE_CHECK_OK(receiving.Spawn("r", [&] {
        for (auto value = channel.Receive(); value.ok(); value = channel.Receive()) received[value->first].push_back(value->second);
      }));
    }
    sending.Wait();
    channel.Close();
    receiving.Wait();
  });
  std::vector<int> expected(each);
  for (int i = 0; i < each; ++i) expected[i] = i;
  for (const auto& values : received) RC_ASSERT(values == expected);
}

}  // namespace
}  // namespace edge
