#include "net/http/upgrade.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "net/http/client.h"
#include "net/http/testing/http_world.h"
#include "net/http/testing/pipe_world.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

// What is done to an upgraded connection, as text.
using Journal = std::shared_ptr<std::string>;

// Answers every piece with the same piece; ends with the connection.
class Echo final : public UpgradedConnection {
 public:
  enum class Manners : uint8_t { kPolite, kDeaf };
  explicit Echo(Journal journal, Manners manners = Manners::kPolite) : journal_(std::move(journal)), manners_(manners) {}
  ~Echo() override { *journal_ += "gone "; }

  void Start(UpgradeHost& host, uint64_t key, std::unique_ptr<Connection> connection, std::string received) override {
    connection_ = std::move(connection);
    *journal_ += StrCat("start(", received, ") ");
    if (!received.empty()) Say(received);
    EDGE_CHECK_OK(host.Spawn(CombineHash(key, 1), "echo", [this, &host] {
      std::array<char, 100> buffer;
      for (;;) {
        const absl::StatusOr<size_t> n = connection_->Read(buffer, Instant::Infinite());
        if (!n.ok() || *n == 0) break;
        Say({buffer.data(), *n});
      }
      host.End(this);
    }));
  }
  void GoAway() override {
    *journal_ += "go-away ";
    if (manners_ == Manners::kPolite) connection_->Abort();
  }
  void Abort() override {
    *journal_ += "abort ";
    connection_->Abort();
  }

 private:
  void Say(std::string_view bytes) { connection_->Write(std::span<const std::string_view>(&bytes, 1), Instant::Infinite()).IgnoreError(); }

  const Journal journal_;
  const Manners manners_;
  std::unique_ptr<Connection> connection_;
};

const std::string kRequest = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

std::string WithoutDate(std::string answer) {
  if (const size_t at = answer.find("Date:"); at != std::string::npos) answer.erase(at, answer.find("\r\n", at) + 2 - at);
  return answer;
}

class UpgradeTest : public testing::Test {
 protected:
  HttpWorld::Body Upgrading(Echo::Manners manners = Echo::Manners::kPolite) {
    return [this, manners](Exchange& exchange) {
      ResponseHead head(101);
      ASSERT_TRUE(head.Add("X-Note", "yes").ok());
      upgraded_ = exchange.Upgrade(head, "echo", std::make_unique<Echo>(journal_, manners));
    };
  }
  Journal journal_ = std::make_shared<std::string>();
  absl::Status upgraded_;
};

TEST_F(UpgradeTest, TheConnectionIsHandedOverWithWhatHadCome) {
  HttpWorld world(Upgrading());
  auto client = world.Connect();
  EXPECT_EQ(WithoutDate(world.Ask(*client, kRequest + "early")),
            "HTTP/1.1 101 Switching Protocols\r\nX-Note: yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
  EXPECT_EQ(world.Ask(*client, "hello"), "hello");
  EXPECT_EQ(world.server().connections(), 0u);
  EXPECT_EQ(world.server().upgraded_connections(), 1u);
  client->Send("GET / HTTP/1.1\r\n\r\n");
  world.Run();
  EXPECT_EQ(world.handled(), 1) << "it is HTTP no more";
}

TEST_F(UpgradeTest, ARequestWithABodyOrOfHttp10IsNotUpgraded) {
  HttpWorld world(Upgrading());
  EXPECT_TRUE(world.Ask("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nContent-Length: 1\r\n\r\nx").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(upgraded_.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(world.Ask("GET / HTTP/1.0\r\nUpgrade: echo\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(*journal_, "gone gone ");
}

TEST_F(UpgradeTest, AStopTellsUpgradedConnectionsToGoAway) {
  HttpWorld world(Upgrading());
  auto client = world.Connect();
  world.Ask(*client, kRequest);
  EXPECT_TRUE(world.Drain(world.now() + Duration::Seconds(5)).ok());
  EXPECT_EQ(*journal_, "start() go-away gone ");
}

TEST_F(UpgradeTest, AStopAbortsThoseThatStayAtItsDeadline) {
  HttpWorld world(Upgrading(Echo::Manners::kDeaf));
  auto client = world.Connect();
  world.Ask(*client, kRequest);
  world.StartDrain(world.now() + Duration::Seconds(5));
  EXPECT_FALSE(world.drained());
  world.Advance(Duration::Seconds(5));
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.drain_status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*journal_, "start() go-away abort gone ");
}

TEST_F(UpgradeTest, AClientThatIsGoneGetsNoUpgrade) {
  HttpWorld world([this](Exchange& exchange) {
    upgraded_ = exchange.Flush();
    EXPECT_TRUE(exchange.Upgrade(ResponseHead(101), "echo", std::make_unique<Echo>(journal_)).ok());
  });
  auto client = world.Connect();
  client->Send(kRequest);
  client->Reset();
  world.Run();
  EXPECT_EQ(world.server().upgraded_connections(), 0u);
  EXPECT_TRUE(world.server().connections() == 0);
}

// A client that asks for an upgrade, and a server, in one process.
TEST_F(UpgradeTest, AClientAsksAndTakesTheConnectionOver) {
  class Up final : public Handler {
   public:
    explicit Up(Journal journal) : journal_(std::move(journal)) {}
    void Handle(Exchange& exchange) override {
      asked = std::string(exchange.head().Find("upgrade").value_or("nothing"));
      if (asked == "echo") {
        exchange.Upgrade(ResponseHead(101), "echo", std::make_unique<Echo>(journal_)).IgnoreError();
      } else {
        exchange.Respond(ResponseHead(426), "no").IgnoreError();
      }
    }
    std::string asked;

   private:
    const Journal journal_;
  };
  // Says something when it starts and hears the echo of it.
  class Speaker final : public UpgradedConnection {
   public:
    explicit Speaker(std::string& heard) : heard_(heard) {}
    void Start(UpgradeHost& host, uint64_t, std::unique_ptr<Connection> connection, std::string received) override {
      constexpr std::string_view kWord = "word";
      EDGE_CHECK_OK(connection->Write(std::span<const std::string_view>(&kWord, 1), Instant::Infinite()));
      std::array<char, 100> buffer;
      const absl::StatusOr<size_t> n = connection->Read(buffer, Instant::Infinite());
      heard_ = received + std::string(buffer.data(), n.value_or(0));
      connection = nullptr;
      host.End(this);
    }
    void GoAway() override {}
    void Abort() override {}

   private:
    std::string& heard_;
  };
  PipeWorld world;
  std::string heard;
  world.Run([&] {
    Up up(std::make_shared<std::string>());
    auto listener = world.network().Listen({.host = "server", .port = 80});
    Server server(world.scheduler(), *std::move(listener), up, {});
    ASSERT_TRUE(server.Start().ok());
    Client client(world.scheduler(), world.network());
    ClientRequest request = {.host = {.host = "server", .port = 80}, .authority = "server", .upgrade = "echo"};
    {
      auto exchange = client.Send(request, nullptr, Instant::Infinite());
      ASSERT_TRUE(exchange.ok()) << exchange.status();
      ASSERT_EQ((*exchange)->head().status, 101);
      (*exchange)->Upgrade(std::make_unique<Speaker>(heard));
    }
    EXPECT_EQ(heard, "word");
    request.upgrade = "other";
    {
      auto exchange = client.Send(request, nullptr, Instant::Infinite());
      ASSERT_TRUE(exchange.ok()) << exchange.status();
      EXPECT_EQ((*exchange)->head().status, 426);
      EXPECT_EQ(*ReadWholeBody(**exchange), "no");
    }
    request.upgrade = "";
    {
      auto exchange = client.Send(request, nullptr, Instant::Infinite());
      ASSERT_TRUE(exchange.ok()) << exchange.status();
      EXPECT_EQ(up.asked, "nothing");
    }
    client.Shutdown(world.In(Duration::Seconds(1)));
    EXPECT_TRUE(server.Drain(world.In(Duration::Seconds(1))).ok());
  });
}

}  // namespace
}  // namespace edge::http
