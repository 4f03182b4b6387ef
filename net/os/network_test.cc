// What is OsNetwork's own; what every Network keeps is in tests/parity.
#include "net/os/network.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "net/os/connection.h"
#include "runtime/base/check.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/ready_order.h"

namespace edge {
namespace {

// A parked connection is this and the kernel's socket.
static_assert(sizeof(OsConnection) <= 192);

class OsNetworkTest : public ::testing::Test {
 protected:
  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler_.Spawn("test", std::move(body)));
    scheduler_.Run();
  }
  Instant Patience() { return DeadlineIn(scheduler_, Duration::Seconds(20)); }
  std::unique_ptr<Listener> Listen(const std::string& host) {
    auto listener = network_.Listen({host, 0});
    EDGE_CHECK(listener.ok()) << listener.status().ToString();
    return *std::move(listener);
  }
  // Connects by `to` and says what the server sees as its peer.
  std::string PeerSeen(Listener& listener, const std::string& to) {
    auto client = network_.Connect({to, listener.Local().port}, Patience());
    if (!client.ok()) return client.status().ToString();
    auto server = listener.Accept(Patience());
    return server.ok() ? (*server)->Peer().host : server.status().ToString();
  }

  OsClock clock_;
  EpollLoop loop_{clock_};
  BlockingPool pool_{loop_};
  FifoOrder order_;
  Scheduler scheduler_{clock_, order_, loop_};
  OsNetwork network_{loop_, scheduler_, pool_};
};

bool HasIpv6() {
  Fd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = SocketAddress::Parse("::1", 0);
  return socket.valid() && bind(socket.get(), &address->base, address->size()) == 0;
}

TEST_F(OsNetworkTest, LiteralAddressesAndLocalhostNeedNoResolver) {
  Run([&] {
    auto listener = Listen("127.0.0.1");
    EXPECT_EQ(PeerSeen(*listener, "127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(PeerSeen(*listener, "localhost"), "127.0.0.1");
    EXPECT_EQ(Listen("localhost")->Local().host, "127.0.0.1");
  });
}

TEST_F(OsNetworkTest, Ipv6AndDualStack) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 on this machine";
  Run([&] {
    auto v6 = Listen("::1");
    EXPECT_EQ(v6->Local().host, "::1");
    EXPECT_EQ(PeerSeen(*v6, "[::1]"), "::1");
    // localhost tries 127.0.0.1 first, where nobody listens.
    EXPECT_EQ(PeerSeen(*v6, "localhost"), "::1");
    auto any = Listen("::");
    EXPECT_EQ(PeerSeen(*any, "::1"), "::1");
    EXPECT_EQ(PeerSeen(*any, "127.0.0.1"), "127.0.0.1");
  });
}

TEST_F(OsNetworkTest, ALocalSocketIsForThisUserAndReplacesWhatIsLeftOfAnother) {
  const std::string path = testing::TempDir() + "edge_network_test.sock";
  const Endpoint endpoint{"unix:" + path, 0};
  Run([&] {
    for (int i = 0; i < 2; ++i) {  // the second time over the file that the first listener left
      auto listener = network_.Listen(endpoint);
      ASSERT_TRUE(listener.ok()) << listener.status();
      struct stat status {};
      ASSERT_EQ(stat(path.c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777, 0600u);
      EXPECT_TRUE(absl::IsAlreadyExists(network_.Listen(endpoint).status()));
      EXPECT_TRUE((*listener)->Accept(Patience()).ok());  // that one looked whether somebody is there
      auto client = network_.Connect(endpoint, Patience());
      ASSERT_TRUE(client.ok()) << client.status();
      auto server = (*listener)->Accept(Patience());
      ASSERT_TRUE(server.ok());
      EXPECT_TRUE((*client)->Write(std::array{std::string_view("hi")}, Patience()).ok());
      char text[4] = {};
      EXPECT_EQ(*(*server)->Read(text, Patience()), 2u);
      EXPECT_STREQ(text, "hi");
      EXPECT_EQ((*server)->Peer().host, "unix:");
    }
    EXPECT_TRUE(absl::IsUnavailable(network_.Connect(endpoint, Patience()).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(network_.Listen({"unix:" + std::string(200, 'x'), 0}).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(network_.Listen({"unix:", 0}).status()));
  });
  unlink(path.c_str());
}

TEST_F(OsNetworkTest, AnUnknownNameIsUnavailableAndNamed) {
  Run([&] {
    const auto status = network_.Connect({"no-such-host.invalid", 80}, Patience()).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_NE(status.ToString().find("no-such-host.invalid"), std::string::npos) << status;
  });
}

TEST_F(OsNetworkTest, ARefusalNamesTheEndpoint) {
  Run([&] {
    const Endpoint gone = Listen("127.0.0.1")->Local();
    const auto status = network_.Connect(gone, Patience()).status();
    EXPECT_NE(status.ToString().find("cannot connect to " + gone.ToString() + ": Connection refused"), std::string::npos) << status;
  });
}

TEST_F(OsNetworkTest, OutOfDescriptorsKeepsTheConnectionPending) {
  Run([&] {
    auto listener = Listen("127.0.0.1");
    auto client = network_.Connect(listener->Local(), Patience());
    ASSERT_TRUE(client.ok());
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const Instant start = clock_.Now();
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(absl::IsResourceExhausted(listener->Accept(Patience()).status()));
    // The second to fourth tries waited 10, 20 and 40 ms.
    EXPECT_GE(clock_.Now() - start, Duration::Milliseconds(70));
    EXPECT_TRUE(absl::IsDeadlineExceeded(listener->Accept(DeadlineIn(scheduler_, Duration::Milliseconds(1))).status()));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(listener->Accept(Patience()).ok());
  });
}

TEST_F(OsNetworkTest, APeerThatAlwaysHasDataStarvesNobody) {
  Run([&] {
    auto listener = Listen("127.0.0.1");
    auto client = network_.Connect(listener->Local(), Patience());
    auto server = listener->Accept(Patience());
    ASSERT_TRUE(client.ok() && server.ok());
    EXPECT_TRUE((*client)
                    ->Write(std::array{std::string_view("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
                            Patience())
                    .ok());
    bool other_ran = false;
    TaskGroup group(scheduler_);
    EDGE_CHECK_OK(group.Spawn("other", [&] { other_ran = true; }));
    int reads_before_other = 0;
    for (int i = 0; i < 128; ++i) {
      char byte = 0;
      EXPECT_EQ(*(*server)->Read(std::span(&byte, 1), Patience()), 1u);
      if (!other_ran) ++reads_before_other;
    }
    EXPECT_LT(reads_before_other, 70);
    group.Wait();
  });
}

TEST_F(OsNetworkTest, AConnectThatNobodyAnswersMeetsItsDeadline) {
  Run([&] {
    // A full backlog: the kernel drops further handshakes.
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = *SocketAddress::Parse("127.0.0.1", 0);
    ASSERT_EQ(bind(socket.get(), &address.base, address.size()), 0);
    ASSERT_EQ(listen(socket.get(), 0), 0);
    socklen_t size = sizeof(address.v6);
    ASSERT_EQ(getsockname(socket.get(), &address.base, &size), 0);
    std::vector<std::unique_ptr<Connection>> filling;
    absl::Status status;
    for (int i = 0; i < 10 && status.ok(); ++i) {
      auto connection = network_.Connect(address.ToEndpoint(), DeadlineIn(scheduler_, Duration::Milliseconds(100)));
      status = connection.status();
      if (connection.ok()) filling.push_back(*std::move(connection));
    }
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  });
}

TEST_F(OsNetworkTest, LingeringEndsByItselfWhenThePeerNeverCloses) {
  OsNetwork impatient(loop_, scheduler_, pool_, {.linger = {.time_max = Duration::Milliseconds(30)}});
  Run([&] {
    auto listener = impatient.Listen({"127.0.0.1", 0});
    auto client = network_.Connect((*listener)->Local(), Patience());
    auto server = (*listener)->Accept(Patience());
    server->reset();
    char byte = 0;
    EXPECT_EQ(*(*client)->Read(std::span(&byte, 1), Patience()), 0u);
    EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(100)).ok());
    // The server's socket is gone by now: writing meets a reset.
    absl::Status status;
    for (int i = 0; i < 10 && status.ok(); ++i) {
      status = (*client)->Write(std::array{std::string_view("x")}, Patience());
      EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(5)).ok());
    }
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  });
}

TEST(SocketAddress, ParsesLiteralsAlone) {
  EXPECT_EQ(SocketAddress::Parse("10.1.2.3", 80)->ToEndpoint().ToString(), "10.1.2.3:80");
  EXPECT_EQ(SocketAddress::Parse("[2001:db8::1]", 443)->ToEndpoint().ToString(), "[2001:db8::1]:443");
  for (const char* bad : {"", "localhost", "1.2.3", "1.2.3.4.5", "::g", "[::1", "127.1"})
    EXPECT_FALSE(SocketAddress::Parse(bad, 1).has_value()) << bad;
}

}  // namespace
}  // namespace edge
