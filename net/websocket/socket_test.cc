#include "net/websocket/socket.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/http/testing/pipe_world.h"
#include "net/http/upgrade.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

// Masks of zeros: a client's frames can be read in the clear.
class ZeroRandom final : public Random {
 public:
  uint64_t NextU64() override { return 0; }
  uint64_t Below(uint64_t) override { return 0; }
  bool Chance(Ratio) override { return false; }
  void Fill(std::span<std::byte> out) override { std::fill(out.begin(), out.end(), std::byte{0}); }
  std::unique_ptr<Random> Fork(std::string_view) override { return std::make_unique<ZeroRandom>(); }
};

constexpr MaskKey kNoMask = {};

// The frame of a client, by a mask of zeros.
std::string Masked(Opcode opcode, std::string_view payload) { return StrCat(FrameHeader(opcode, payload.size(), &kNoMask), payload); }
std::string Plain(Opcode opcode, std::string_view payload) { return StrCat(FrameHeader(opcode, payload.size(), nullptr), payload); }
std::string CloseBytes(int code, std::string_view reason = {}) {
  return StrCat(std::string(1, static_cast<char>(code >> 8)), std::string(1, static_cast<char>(code & 0xff)), reason);
}

class SocketTest : public testing::Test {
 protected:
  // Runs `test` with a server's socket on one end of a connection; wire_ is the other end, app() the end that the application has.
  void WithServer(std::function<void()> test, std::string received = {}, SocketLimits limits = {}) {
    Run(std::move(test), nullptr, std::move(received), limits);
  }
  void WithClient(std::function<void()> test) { Run(std::move(test), std::make_unique<ZeroRandom>(), {}, {}); }

  void Run(std::function<void()> test, std::unique_ptr<Random> mask, std::string received, SocketLimits limits) {
    world_.Run([&] {
      http::Upgrades upgrades(world_.scheduler());
      upgrades_ = &upgrades;
      auto listener = world_.network().Listen({.host = "server", .port = 80});
      ASSERT_TRUE(listener.ok());
      auto wire = world_.network().Connect((*listener)->Local(), world_.In(Duration::Seconds(1)));
      ASSERT_TRUE(wire.ok());
      auto connection = (*listener)->Accept(world_.In(Duration::Seconds(1)));
      ASSERT_TRUE(connection.ok());
      wire_ = *std::move(wire);
      End::Pair pair = End::MakePair(world_.scheduler());
      app_ = std::move(pair.first);
      upgrades.Adopt(1, std::make_unique<Socket>(world_.scheduler(), std::move(pair.second), std::move(mask), limits),
                     *std::move(connection), std::move(received));
      test();
      wire_ = nullptr;
      app_ = nullptr;
      upgrades.Drain(world_.In(Duration::Seconds(60))).IgnoreError();
    });
  }

  End& app() { return *app_; }
  size_t sockets() const { return upgrades_->size(); }

  void Say(std::string_view bytes) {
    ASSERT_TRUE(wire_->Write(std::span<const std::string_view>(&bytes, 1), world_.In(Duration::Seconds(100))).ok());
  }
  // What comes within a second; "<end>" at the end of the connection, "<reset>" at its loss.
  std::string Hear() {
    std::string heard;
    for (;;) {
      std::array<char, 4096> buffer;
      const absl::StatusOr<size_t> n = wire_->Read(buffer, world_.In(Duration::Seconds(1)));
      if (absl::IsDeadlineExceeded(n.status())) return heard;
      if (!n.ok()) return heard + "<reset>";
      if (*n == 0) return heard + "<end>";
      heard.append(buffer.data(), *n);
    }
  }
  void Settle() { ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Milliseconds(1)).ok()); }
  // What the application is told, as text.
  std::string Told() {
    Settle();
    std::string told;
    while (std::optional<Message> message = app().TryReceive()) {
      if (message->kind == Message::Kind::kClose) {
        StrAppend(&told, "close ", message->code, " ", message->data, "|");
      } else {
        StrAppend(&told, message->kind == Message::Kind::kText ? "text " : "binary ", message->data, "|");
      }
      Settle();
    }
    if (!app().loss().ok() && !app().close_received()) StrAppend(&told, "lost: ", app().loss().message());
    return told;
  }

  http::PipeWorld world_;
  http::Upgrades* upgrades_ = nullptr;
  std::unique_ptr<Connection> wire_;
  std::shared_ptr<End> app_;
};

TEST_F(SocketTest, PassesMessagesBothWays) {
  WithServer([&] {
    Say(Masked(Opcode::kText, "hello") + Masked(Opcode::kBinary, "\x01\x02"));
    EXPECT_EQ(Told(), "text hello|binary \x01\x02|");
    ASSERT_TRUE(app().Send(Message::Text("one")).ok());
    ASSERT_TRUE(app().Send(Message::Binary("two")).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kText, "one") + Plain(Opcode::kBinary, "two"));
  });
}

TEST_F(SocketTest, HasNoFiberWhileNothingHappens) {
  WithServer([&] {
    Say(Masked(Opcode::kText, "a"));
    EXPECT_EQ(Told(), "text a|");
    EXPECT_EQ(world_.scheduler().live_fibers(), 2u) << "this test's own, and the one that keeps time for all";
    Say(Masked(Opcode::kText, "b").substr(0, 3));
    Settle();
    EXPECT_EQ(world_.scheduler().live_fibers(), 2u) << "in the middle of a frame too";
    Say(Masked(Opcode::kText, "b").substr(3));
    EXPECT_EQ(Told(), "text b|");
  });
}

TEST_F(SocketTest, AnIdlePeerIsPingedAndLostIfItStaysSilent) {
  WithServer([&] {
    Say(Masked(Opcode::kText, "a"));
    EXPECT_EQ(Told(), "text a|");
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(58)).ok());
    EXPECT_EQ(Hear(), "");
    EXPECT_EQ(Hear(), Plain(Opcode::kPing, ""));
    Say(Masked(Opcode::kPong, ""));
    EXPECT_EQ(Told(), "") << "nobody else hears of it";
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(61)).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kPing, "")) << "and again";
    // Now its power is cut: the network says nothing.
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(27)).ok());
    EXPECT_EQ(Told(), "");
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(3)).ok());
    EXPECT_EQ(Told(), "lost: the peer has not answered a ping");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, WhoSpeaksIsNotPingedNorWhoWaitsForTheApplication) {
  world_.network().SetCapacity(64 << 10);
  WithServer([&] {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(30)).ok());
      Say(Masked(Opcode::kText, "a"));
      EXPECT_EQ(Told(), "text a|");
    }
    EXPECT_EQ(Hear(), "");
    // The application receives nothing: nothing is read from the connection either, and what the peer may have said is not its fault.
    size_t said = 0;
    ASSERT_TRUE(world_.scheduler()
                    .Spawn("peer",
                           [&] {
                             const std::string frame = Masked(Opcode::kBinary, std::string(64 << 10, 'x'));
                             for (; said < 40; ++said) Say(frame);
                           })
                    .ok());
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(95)).ok());
    EXPECT_LT(said, 12u);
    size_t received = 0;
    while (received < 40) received += app().Receive().ok() ? 1 : 0;
    EXPECT_EQ(said, 40u);
    EXPECT_EQ(sockets(), 1u);
  });
}

TEST_F(SocketTest, ReadsWhatCameBehindTheHandshake) {
  WithServer([&] { EXPECT_EQ(Told(), "text early|"); }, Masked(Opcode::kText, "early"));
}

TEST_F(SocketTest, AnswersPingsItself) {
  WithServer([&] {
    Say(Masked(Opcode::kPing, "are you there?") + Masked(Opcode::kPong, "unasked"));
    EXPECT_EQ(Hear(), Plain(Opcode::kPong, "are you there?"));
    EXPECT_EQ(Told(), "");
  });
}

TEST_F(SocketTest, AClientMasksWhatItSends) {
  WithClient([&] {
    ASSERT_TRUE(app().Send(Message::Text("hi")).ok());
    EXPECT_EQ(Hear(), Masked(Opcode::kText, "hi"));
    Say(Plain(Opcode::kPing, "p"));
    EXPECT_EQ(Hear(), Masked(Opcode::kPong, "p"));
  });
}

TEST_F(SocketTest, ACloseOfThePeerWaitsForOursAndThenTheConnectionEnds) {
  WithServer([&] {
    Say(Masked(Opcode::kClose, CloseBytes(1000, "bye")));
    EXPECT_EQ(Told(), "close 1000 bye|");
    EXPECT_EQ(Hear(), "") << "whether and how to answer is the application's";
    ASSERT_TRUE(app().Send(Message::Text("a last word")).ok());
    ASSERT_TRUE(app().Send(Message::Close(1000, "bye too")).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kText, "a last word") + Plain(Opcode::kClose, CloseBytes(1000, "bye too")) + "<end>");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, OurCloseWaitsForThePeers) {
  WithServer([&] {
    ASSERT_TRUE(app().Send(Message::Close(4000, "enough")).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kClose, CloseBytes(4000, "enough")));
    Say(Masked(Opcode::kText, "still") + Masked(Opcode::kPing, "x") + Masked(Opcode::kClose, CloseBytes(4000)));
    EXPECT_EQ(Told(), "text still|close 4000 |");
    EXPECT_EQ(Hear(), "<end>") << "behind a close nothing is sent, no pong either";
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, ACloseWithoutACodeHasNoPayload) {
  WithServer([&] {
    Say(Masked(Opcode::kClose, ""));
    EXPECT_EQ(Told(), "close 1005 |");
    ASSERT_TRUE(app().Send(Message::Close(kNoStatus)).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kClose, "") + "<end>");
  });
}

TEST_F(SocketTest, AClientLeavesTheEndOfTheConnectionToTheServer) {
  WithClient([&] {
    ASSERT_TRUE(app().Send(Message::Close(1000)).ok());
    EXPECT_EQ(Hear(), Masked(Opcode::kClose, CloseBytes(1000)));
    Say(Plain(Opcode::kClose, CloseBytes(1000)));
    EXPECT_EQ(Told(), "close 1000 |");
    EXPECT_EQ(Hear(), "");
    EXPECT_EQ(sockets(), 1u);
    ASSERT_TRUE(wire_->CloseWrite().ok());
    EXPECT_EQ(Hear(), "<end>");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, APeerThatNeverAnswersACloseIsDropped) {
  WithServer([&] {
    ASSERT_TRUE(app().Send(Message::Close(1000)).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kClose, CloseBytes(1000)));
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(8)).ok());
    EXPECT_EQ(sockets(), 1u);
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(3)).ok());
    EXPECT_EQ(sockets(), 0u);
    EXPECT_EQ(Told(), "lost: the closing handshake was not completed");
    EXPECT_EQ(Hear(), "<reset>");
  });
}

TEST_F(SocketTest, AnApplicationThatNeverAnswersACloseLosesTheConnection) {
  WithServer([&] {
    Say(Masked(Opcode::kClose, CloseBytes(1000)));
    EXPECT_EQ(Told(), "close 1000 |");
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(31)).ok());
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, AConnectionThatEndsWithoutACloseIsALossBehindWhatCameBefore) {
  WithServer([&] {
    Say(Masked(Opcode::kText, "x"));
    wire_ = nullptr;
    EXPECT_EQ(Told(), "text x|lost: the peer closed the connection");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, AResetIsALoss) {
  WithServer([&] {
    wire_->Abort();
    EXPECT_TRUE(Told().starts_with("lost: "));
    EXPECT_EQ(app().loss().code(), absl::StatusCode::kUnavailable);
  });
}

TEST_F(SocketTest, AnApplicationThatGoesWithoutACloseEndsTheConnectionBehindWhatItSaid) {
  WithServer([&] {
    ASSERT_TRUE(app().Send(Message::Text("last")).ok());
    app_ = nullptr;
    EXPECT_EQ(Hear(), Plain(Opcode::kText, "last") + "<end>");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, AViolationIsAnsweredWithItsCodeAndTheApplicationIsToldWhich) {
  struct Row {
    std::string bytes;
    int code;
    std::string why;
  };
  const std::vector<Row> rows = {
      {"\x83\x80" + std::string(4, '\0'), 1002, "a reserved opcode"},
      {Masked(Opcode::kText, "\xff"), 1007, "a text message is not UTF-8"},
      {Masked(Opcode::kBinary, std::string(2000, 'x')), 1009, "the message is too large"},
  };
  for (const Row& row : rows) {
    WithServer(
        [&] {
          Say(Masked(Opcode::kText, "good") + row.bytes);
          EXPECT_EQ(Hear(), Plain(Opcode::kClose, CloseBytes(row.code, row.why)) + "<end>");
          EXPECT_EQ(Told(), StrCat("text good|lost: ", row.why));
          EXPECT_EQ(app().loss().code(), absl::StatusCode::kInvalidArgument);
          EXPECT_EQ(sockets(), 0u);
        },
        {}, {.message_bytes = 1000});
  }
}

TEST_F(SocketTest, DoesNotReadFasterThanTheApplicationReceives) {
  world_.network().SetCapacity(64 << 10);
  WithServer([&] {
    size_t said = 0;
    ASSERT_TRUE(world_.scheduler()
                    .Spawn("peer",
                           [&] {
                             const std::string frame = Masked(Opcode::kBinary, std::string(64 << 10, 'x'));
                             for (; said < 40; ++said) Say(frame);
                           })
                    .ok());
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(5)).ok());
    EXPECT_LT(said, 12u);
    size_t received = 0;
    while (received < 40) received += app().Receive().ok() ? 1 : 0;
    EXPECT_EQ(said, 40u);
  });
}

TEST_F(SocketTest, APeerThatTakesNothingIsLostAfterAWhile) {
  world_.network().SetCapacity(64 << 10);
  WithServer([&] {
    ASSERT_TRUE(app().Send(Message::Binary(std::string(1 << 20, 'x'))).ok());
    ASSERT_TRUE(world_.scheduler().SleepFor(Duration::Seconds(31)).ok());
    EXPECT_TRUE(Told().starts_with("lost: "));
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, PongsAndMessagesDoNotMixWhileThePeerReadsSlowly) {
  world_.network().SetCapacity(1000);
  WithServer([&] {
    const std::string large(10'000, 'L');
    ASSERT_TRUE(app().Send(Message::Text(large)).ok());
    Settle();
    Say(Masked(Opcode::kPing, "p"));
    Settle();
    ASSERT_TRUE(app().Send(Message::Text("after")).ok());
    EXPECT_EQ(Hear(), Plain(Opcode::kText, large) + Plain(Opcode::kPong, "p") + Plain(Opcode::kText, "after"));
  });
}

TEST_F(SocketTest, GoingAwaySaysSoAndPassesTheAnswerOn) {
  WithServer([&] {
    upgrades_->GoAway();
    EXPECT_EQ(Hear(), Plain(Opcode::kClose, CloseBytes(1001)));
    ASSERT_TRUE(app().Send(Message::Text("too late")).ok());
    Say(Masked(Opcode::kClose, CloseBytes(1001)));
    EXPECT_EQ(Told(), "close 1001 |");
    EXPECT_EQ(Hear(), "<end>");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, AStopEndsSocketsThatDoNotEndThemselves) {
  WithServer([&] {
    EXPECT_EQ(upgrades_->Drain(world_.In(Duration::Seconds(2))).code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(Told(), "lost: the node has stopped");
    EXPECT_EQ(sockets(), 0u);
  });
}

TEST_F(SocketTest, LargeMessagesPassWhole) {
  WithServer([&] {
    std::string large(3 << 20, '\0');
    for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
    ASSERT_TRUE(world_.scheduler().Spawn("peer", [&] { Say(Masked(Opcode::kBinary, large)); }).ok());
    absl::StatusOr<Message> got = app().Receive();
    ASSERT_TRUE(got.ok());
    EXPECT_TRUE(got->data == large);
    ASSERT_TRUE(app().Send(*std::move(got)).ok());
    EXPECT_TRUE(Hear() == Plain(Opcode::kBinary, large));
  });
}

}  // namespace
}  // namespace edge::websocket
