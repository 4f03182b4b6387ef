#include "runtime/websocket/hibernatable_sockets.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::websocket {
namespace {

class Recorder final : public SocketEvents {
 public:
  void OnMessage(const std::shared_ptr<HibernatableSocket>& socket, Message message) override {
    Note(StrCat(socket->number(), message.kind == Message::Kind::kText ? " text " : " binary ", message.data));
    if (during_message) during_message(socket);
  }
  void OnClose(const std::shared_ptr<HibernatableSocket>& socket, uint16_t code, std::string reason, Ending ending) override {
    Note(StrCat(socket->number(), " close ", code, " ", reason, ending == Ending::kClean ? " clean" : " not clean"));
  }
  void OnError(const std::shared_ptr<HibernatableSocket>& socket, std::string message) override {
    Note(StrCat(socket->number(), " error ", message));
  }

  std::vector<std::string> Take() { return std::exchange(said_, {}); }
  std::function<void(const std::shared_ptr<HibernatableSocket>&)> during_message;

 private:
  void Note(std::string text) { said_.push_back(std::move(text)); }
  std::vector<std::string> said_;
};

using Said = std::vector<std::string>;

class HibernatableSocketsTest : public testing::Test {
 protected:
  using Reply = WebSocketOptions::CloseReply;

  ~HibernatableSocketsTest() override {
    sockets_ = nullptr;
    Run();
  }

  void Make(Reply reply = Reply::kManual) {
    sockets_ = std::make_unique<HibernatableSockets>(world_.scheduler, fibers_, recorder_, reply, 1);
  }
  // Accepts one; the other end of its channel is returned: the client.
  std::shared_ptr<End> Accept(std::vector<std::string> tags = {}) {
    if (sockets_ == nullptr) Make();
    End::Pair ends = End::MakePair(world_.scheduler);
    WebSocketCore core;
    core.end = std::move(ends.first);
    core.attachment = "kept";
    core.has_attachment = true;
    absl::StatusOr<std::shared_ptr<HibernatableSocket>> accepted = sockets_->Accept(core, std::move(tags));
    EXPECT_TRUE(accepted.ok());
    EXPECT_EQ(core.phase, WebSocketCore::Phase::kReleased);
    return std::move(ends.second);
  }
  void Run() { world_.scheduler.RunReady(); }
  Said After(absl::Status sent) {
    EXPECT_TRUE(sent.ok()) << sent;
    Run();
    return recorder_.Take();
  }

  VirtualWorld world_;
  TaskGroup fibers_{world_.scheduler};
  Recorder recorder_;
  std::unique_ptr<HibernatableSockets> sockets_;
};

TEST_F(HibernatableSocketsTest, MessagesBecomeEventsInOrderAndNothingRunsInBetween) {
  auto client = Accept();
  ASSERT_TRUE(client->Send(Message::Text("one")).ok());
  ASSERT_TRUE(client->Send(Message::Binary("two")).ok());
  EXPECT_EQ(After(client->Send(Message::Text("three"))), (Said{"1 text one", "1 binary two", "1 text three"}));
  EXPECT_EQ(world_.scheduler.live_fibers(), 0u);
  EXPECT_EQ(sockets_->Get(std::nullopt)[0]->attachment, "kept");
}

TEST_F(HibernatableSocketsTest, WhatCameBeforeTheAcceptanceIsDeliveredToo) {
  Make();
  End::Pair ends = End::MakePair(world_.scheduler);
  ASSERT_TRUE(ends.second->Send(Message::Text("early")).ok());
  WebSocketCore core;
  core.end = std::move(ends.first);
  ASSERT_TRUE(sockets_->Accept(core, {}).ok());
  Run();
  EXPECT_EQ(recorder_.Take(), (Said{"1 text early"}));
}

TEST_F(HibernatableSocketsTest, OneEventOfASocketAtATimeWhileOthersGoOn) {
  Event gate(world_.scheduler);
  auto slow = Accept();
  auto other = Accept();
  recorder_.during_message = [&](const std::shared_ptr<HibernatableSocket>& socket) {
    if (socket->number() == 1) gate.Wait().IgnoreError();
  };
  ASSERT_TRUE(slow->Send(Message::Text("a")).ok());
  ASSERT_TRUE(slow->Send(Message::Text("b")).ok());
  EXPECT_EQ(After(other->Send(Message::Text("c"))), (Said{"1 text a", "2 text c"}));
  gate.Set();
  Run();
  EXPECT_EQ(recorder_.Take(), (Said{"1 text b"}));
}

TEST_F(HibernatableSocketsTest, ASocketWhoseEventsWaitHoldsUpItsSender) {
  Event gate(world_.scheduler);
  auto client = Accept();
  recorder_.during_message = [&](const std::shared_ptr<HibernatableSocket>&) { gate.Wait().IgnoreError(); };
  ASSERT_TRUE(client->Send(Message::Text("a")).ok());
  Run();
  ASSERT_TRUE(client->Send(Message::Binary(std::string(End::kRoomBytes, 'x'))).ok());
  bool room = false;
  ASSERT_TRUE(world_.scheduler.Spawn("sender", [&] { room = client->WaitForRoom().ok(); }).ok());
  Run();
  EXPECT_FALSE(room);
  gate.Set();
  Run();
  EXPECT_TRUE(room);
}

TEST_F(HibernatableSocketsTest, TheAutoResponseIsGivenWithoutAnEvent) {
  auto client = Accept();
  sockets_->SetAutoResponse(HibernatableSockets::AutoResponse{"ping", "pong"});
  EXPECT_EQ(sockets_->Get(std::nullopt)[0]->auto_response_time(), std::nullopt);
  EXPECT_EQ(After(client->Send(Message::Text("ping"))), Said{});
  EXPECT_EQ(client->TryReceive(), Message::Text("pong"));
  EXPECT_TRUE(sockets_->Get(std::nullopt)[0]->auto_response_time().has_value());
  EXPECT_EQ(After(client->Send(Message::Binary("ping"))), (Said{"1 binary ping"})) << "bytes are no text";
  EXPECT_EQ(After(client->Send(Message::Text("ping!"))), (Said{"1 text ping!"}));
  sockets_->SetAutoResponse(std::nullopt);
  EXPECT_EQ(After(client->Send(Message::Text("ping"))), (Said{"1 text ping"}));
}

TEST_F(HibernatableSocketsTest, ACloseIsTheLastEventAndTheSocketIsForgotten) {
  auto client = Accept();
  EXPECT_EQ(After(client->Send(Message::Close(4000, "bye"))), (Said{"1 close 4000 bye clean"}));
  EXPECT_TRUE(sockets_->empty());
}

TEST_F(HibernatableSocketsTest, ACloseIsAnsweredByItselfWhereThePlatformDoesSo) {
  Make(Reply::kAutomatic);
  auto client = Accept();
  EXPECT_EQ(After(client->Send(Message::Close(4000, "bye"))), (Said{"1 close 4000 bye clean"}));
  EXPECT_EQ(client->TryReceive(), Message::Close(4000, "bye"));
}

TEST_F(HibernatableSocketsTest, ALostConnectionIsACloseThatIsNotCleanAndAViolationIsAnError) {
  auto lost = Accept();
  auto bad = Accept();
  ASSERT_TRUE(lost->Send(Message::Text("last")).ok());
  lost = nullptr;
  Run();
  EXPECT_EQ(recorder_.Take(), (Said{"1 text last", "1 close 1006 WebSocket disconnected without sending Close frame. not clean"}));
  bad->Lose(absl::InvalidArgumentError("a reserved bit is set"));
  Run();
  EXPECT_EQ(recorder_.Take(), (Said{"2 error WebSocket protocol error: a reserved bit is set"}));
  EXPECT_TRUE(sockets_->empty());
}

TEST_F(HibernatableSocketsTest, ASocketThatItsOwnerDropsIsReportedAsLost) {
  auto client = Accept();
  recorder_.during_message = [](const std::shared_ptr<HibernatableSocket>& socket) {
    socket->end->Lose(absl::UnavailableError("dropped"));
  };
  EXPECT_EQ(After(client->Send(Message::Text("x"))),
            (Said{"1 text x", "1 close 1006 WebSocket disconnected without sending Close frame. not clean"}));
  EXPECT_FALSE(client->loss().ok());
}

TEST_F(HibernatableSocketsTest, SocketsAreFoundByTagInTheOrderOfAcceptance) {
  auto a = Accept({"x", "y"});
  auto b = Accept({"y"});
  auto c = Accept();
  const auto numbers = [&](std::optional<std::string_view> tag) {
    std::vector<uint64_t> found;
    for (const auto& socket : sockets_->Get(tag)) found.push_back(socket->number());
    return found;
  };
  EXPECT_EQ(numbers(std::nullopt), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(numbers("y"), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(numbers("x"), (std::vector<uint64_t>{1}));
  EXPECT_EQ(numbers("z"), std::vector<uint64_t>{});
}

TEST_F(HibernatableSocketsTest, AResetDropsAllInTheMiddleOfAnEventToo) {
  Event gate(world_.scheduler);
  auto a = Accept();
  auto b = Accept();
  recorder_.during_message = [&](const std::shared_ptr<HibernatableSocket>&) { gate.Wait().IgnoreError(); };
  ASSERT_TRUE(a->Send(Message::Text("one")).ok());
  ASSERT_TRUE(a->Send(Message::Text("never")).ok());
  Run();
  sockets_ = nullptr;
  EXPECT_FALSE(a->loss().ok());
  EXPECT_FALSE(b->loss().ok());
  gate.Set();
  Run();
  EXPECT_EQ(recorder_.Take(), (Said{"1 text one"}));
}

TEST_F(HibernatableSocketsTest, ThereIsALimit) {
  Make();
  std::vector<std::shared_ptr<End>> clients;
  for (size_t i = 0; i < HibernatableSockets::kSocketsMax; ++i) clients.push_back(Accept());
  End::Pair ends = End::MakePair(world_.scheduler);
  WebSocketCore core;
  core.end = std::move(ends.first);
  const auto refused = sockets_->Accept(core, {});
  EXPECT_EQ(refused.status().message(), "only 32768 websockets can be accepted on a single Durable Object instance");
  EXPECT_EQ(core.phase, WebSocketCore::Phase::kUnaccepted);
}

}  // namespace
}  // namespace edge::websocket
