#include "net/websocket/end.h"

#include <gtest/gtest.h>

#include <string>

#include "net/http/testing/pipe_world.h"

namespace edge::websocket {
namespace {

class Listener final : public EndListener {
 public:
  void OnIncoming() override { ++told; }
  int told = 0;
};

class EndTest : public testing::Test {
 protected:
  void Run(absl::AnyInvocable<void()> body) { world_.Run(std::move(body)); }
  http::PipeWorld world_;
  End::Pair pair_ = End::MakePair(world_.scheduler());
  End& a() { return *pair_.first; }
  End& b() { return *pair_.second; }
};

TEST_F(EndTest, MessagesComeInOrderAndTheCloseIsTheLast) {
  ASSERT_TRUE(a().Send(Message::Text("one")).ok());
  ASSERT_TRUE(a().Send(Message::Binary("two")).ok());
  ASSERT_TRUE(a().Send(Message::Close(1000, "bye")).ok());
  EXPECT_EQ(a().Send(Message::Text("more")).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(b().TryReceive(), Message::Text("one"));
  EXPECT_EQ(b().TryReceive(), Message::Binary("two"));
  EXPECT_FALSE(b().close_received());
  EXPECT_EQ(b().TryReceive(), Message::Close(1000, "bye"));
  EXPECT_TRUE(b().close_received());
  EXPECT_EQ(b().TryReceive(), std::nullopt);
  EXPECT_TRUE(b().Send(Message::Text("the other direction goes on")).ok());
}

TEST_F(EndTest, TheListenerIsToldOfMessagesAndOfTheLossAndOfWhatIsThereAlready) {
  Listener listener;
  ASSERT_TRUE(a().Send(Message::Text("early")).ok());
  b().SetListener(&listener);
  EXPECT_EQ(listener.told, 1);
  ASSERT_TRUE(a().Send(Message::Text("late")).ok());
  EXPECT_EQ(listener.told, 2);
  pair_.first = nullptr;
  EXPECT_EQ(listener.told, 3);
  b().SetListener(nullptr);
}

TEST_F(EndTest, ADroppedEndIsALossBehindWhatItHadSent) {
  ASSERT_TRUE(a().Send(Message::Text("last words")).ok());
  pair_.first = nullptr;
  EXPECT_EQ(b().Send(Message::Text("x")).code(), absl::StatusCode::kUnavailable);
  Run([&] {
    EXPECT_EQ(*b().Receive(), Message::Text("last words"));
    EXPECT_EQ(b().Receive().status().code(), absl::StatusCode::kUnavailable);
  });
}

TEST_F(EndTest, LoseTellsTheOtherEndWhy) {
  a().Lose(absl::InvalidArgumentError("it broke the rules"));
  EXPECT_EQ(b().loss().message(), "it broke the rules");
  EXPECT_FALSE(a().Send(Message::Text("x")).ok());
}

TEST_F(EndTest, WhoSendsFasterThanTheOtherReceivesWaitsForRoom) {
  int sent = 0;
  Run([&] {
    ASSERT_TRUE(world_.scheduler()
                    .Spawn("sender",
                           [&] {
                             for (; sent < 10; ++sent) {
                               if (!a().WaitForRoom().ok()) return;
                               ASSERT_TRUE(a().Send(Message::Binary(std::string(100 << 10, 'x'))).ok());
                             }
                           })
                    .ok());
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(1)).ok());
    EXPECT_EQ(sent, 3);
    ASSERT_TRUE(b().Receive().ok());
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(1)).ok());
    EXPECT_EQ(sent, 4);
    pair_.second = nullptr;
  });
  EXPECT_EQ(sent, 4) << "nobody receives any more";
}

TEST_F(EndTest, WhoCannotWaitIsRefusedInTheEnd) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(a().Send(Message::Binary(std::string(31 << 20, 'x'))).ok());
  EXPECT_EQ(a().Send(Message::Binary(std::string(31 << 20, 'x'))).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(a().Send(Message::Close(1000)).ok()) << "a close always goes through";
}

TEST_F(EndTest, AReceiverIsWokenByAMessageAndByTheLoss) {
  std::string got;
  Run([&] {
    ASSERT_TRUE(world_.scheduler()
                    .Spawn("receiver",
                           [&] {
                             while (true) {
                               absl::StatusOr<Message> message = b().Receive();
                               if (!message.ok()) break;
                               got += message->data;
                             }
                             got += "!";
                           })
                    .ok());
    ASSERT_TRUE(world_.scheduler().Yield().ok());
    ASSERT_TRUE(a().Send(Message::Text("x")).ok());
    ASSERT_TRUE(world_.scheduler().Yield().ok());
    EXPECT_EQ(got, "x");
    a().Lose(absl::UnavailableError("gone"));
  });
  EXPECT_EQ(got, "x!");
}

}  // namespace
}  // namespace edge::websocket
