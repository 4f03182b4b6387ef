// What every Network keeps while nothing fails (net/network.h).
#ifndef EDGE_TESTS_PARITY_NETWORK_PARITY_H_
#define EDGE_TESTS_PARITY_NETWORK_PARITY_H_

#include <array>

#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "tests/parity/world.h"

namespace edge::parity {

struct ConnectionPair {
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

class CountingCallback final : public ReadableCallback {
 public:
  explicit CountingCallback(Scheduler& scheduler) : called(scheduler) {}
  void OnReadable() override {
    ++count;
    called.Set();
  }
  int count = 0;
  Event called;
};

template <typename World>
class NetworkParity : public Parity<World> {
 protected:
  Network& network() { return this->world_.network(); }

  std::unique_ptr<Listener> Listen() {
    auto listener = network().Listen({World::kLoopback, 0});
    EDGE_CHECK(listener.ok()) << listener.status().ToString();
    return *std::move(listener);
  }

  ConnectionPair Pair() {
    std::unique_ptr<Listener> listener = Listen();
    ConnectionPair pair;
    TaskGroup group(this->scheduler());
    EDGE_CHECK_OK(group.Spawn("accept", [&] {
      auto accepted = listener->Accept(this->Patience());
      EDGE_CHECK(accepted.ok()) << accepted.status().ToString();
      pair.server = *std::move(accepted);
    }));
    auto connected = network().Connect(listener->Local(), this->Patience());
    EDGE_CHECK(connected.ok()) << connected.status().ToString();
    pair.client = *std::move(connected);
    group.Wait();
    return pair;
  }

  absl::Status Write(Connection& connection, std::string_view text) { return connection.Write(std::array{text}, this->Patience()); }

  // Reads until `bytes` have come, or the end; an error is returned as its text.
  std::string Read(Connection& connection, size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      std::array<char, 4096> buffer;
      auto got = connection.Read(std::span(buffer.data(), std::min(buffer.size(), bytes - all.size())), this->Patience());
      if (!got.ok()) return all + got.status().ToString();
      if (*got == 0) break;
      all.append(buffer.data(), *got);
    }
    return all;
  }
  std::string ReadToEnd(Connection& connection) { return Read(connection, SIZE_MAX); }
};
TYPED_TEST_SUITE_P(NetworkParity);

TYPED_TEST_P(NetworkParity, CarriesBytesBothWays) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    EXPECT_TRUE(this->Write(*client, "ping").ok());
    EXPECT_EQ(this->Read(*server, 4), "ping");
    const std::array<std::string_view, 4> pieces = {"po", "", "n", "g"};
    EXPECT_TRUE(server->Write(pieces, this->Patience()).ok());
    EXPECT_EQ(this->Read(*client, 4), "pong");
    EXPECT_TRUE(client->Write({}, this->Patience()).ok());
  });
}

TYPED_TEST_P(NetworkParity, NamesItsEnds) {
  this->Run([&] {
    auto listener = this->Listen();
    EXPECT_NE(listener->Local().port, 0);
    auto [client, server] = this->Pair();
    EXPECT_EQ(server->Peer().host, TypeParam::kLoopback);
    EXPECT_NE(server->Peer().port, 0);
    EXPECT_EQ(client->Peer().host, TypeParam::kLoopback);
  });
}

TYPED_TEST_P(NetworkParity, KeepsLargeTransfersInOrderUnderBackPressure) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    constexpr size_t kBytes = 20 << 20;
    std::string sent(kBytes, '\0');
    uint32_t state = 1;
    for (char& byte : sent) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < kBytes; at += 10'007) pieces.push_back(std::string_view(sent).substr(at, 10'007));
    TaskGroup group(this->scheduler());
    EDGE_CHECK_OK(group.Spawn("writer", [&, &writer = *client] {
      EXPECT_TRUE(writer.Write(pieces, this->Patience()).ok());
      EXPECT_TRUE(writer.CloseWrite().ok());
    }));
    EXPECT_TRUE(this->ReadToEnd(*server) == sent);
    group.Wait();
  });
}

TYPED_TEST_P(NetworkParity, AWriterWaitsForAReaderThatDoesNotRead) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    const std::string much(64 << 20, 'x');
    EXPECT_TRUE(absl::IsDeadlineExceeded(
        client->Write(std::array{std::string_view(much)}, DeadlineIn(this->scheduler(), Duration::Milliseconds(300)))));
    server->Abort();
  });
}

TYPED_TEST_P(NetworkParity, HalfCloseEndsOneDirection) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    EXPECT_TRUE(this->Write(*client, "request").ok());
    EXPECT_TRUE(client->CloseWrite().ok());
    EXPECT_EQ(this->ReadToEnd(*server), "request");
    EXPECT_EQ(this->ReadToEnd(*server), "");  // an end stays an end
    EXPECT_TRUE(this->Write(*server, "answer").ok());
    server.reset();
    EXPECT_EQ(this->ReadToEnd(*client), "answer");
    EXPECT_FALSE(this->Write(*client, "more").ok());
  });
}

TYPED_TEST_P(NetworkParity, ADestroyedConnectionStillDeliversThoughItsInputIsUnread) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    EXPECT_TRUE(this->Write(*client, std::string(10'000, 'u')).ok());
    EXPECT_EQ(this->Read(*server, 1), "u");
    EXPECT_TRUE(this->Write(*server, "too large").ok());
    server.reset();
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_EQ(this->ReadToEnd(*client), "too large");
  });
}

TYPED_TEST_P(NetworkParity, AReadThatMeetsItsDeadlineHarmsNothing) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    char buffer[8];
    EXPECT_TRUE(absl::IsDeadlineExceeded(server->Read(buffer, this->Shortly()).status()));
    EXPECT_TRUE(absl::IsDeadlineExceeded(server->Read(buffer, this->world_.clock().Now()).status()));
    EXPECT_TRUE(this->Write(*client, "late").ok());
    EXPECT_EQ(this->Read(*server, 4), "late");
  });
}

TYPED_TEST_P(NetworkParity, AbortIsAResetForThePeerAndEndsOwnWaits) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    absl::Status own;
    TaskGroup group(this->scheduler());
    EDGE_CHECK_OK(group.Spawn("reader", [&, &reader = *client] {
      char buffer[8];
      own = reader.Read(buffer, this->Patience()).status();
    }));
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    client->Abort();
    client->Abort();
    group.Wait();
    EXPECT_TRUE(absl::IsUnavailable(own)) << own;
    EXPECT_TRUE(absl::IsUnavailable(this->Write(*client, "x")));
    char buffer[8];
    EXPECT_TRUE(absl::IsUnavailable(server->Read(buffer, this->Patience()).status()));
  });
}

TYPED_TEST_P(NetworkParity, ACancelledReadSaysSo) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    absl::Status status;
    TaskGroup group(this->scheduler());
    EDGE_CHECK_OK(group.Spawn("reader", [&, &reader = *client] {
      char buffer[8];
      status = reader.Read(buffer, Instant::Infinite()).status();
    }));
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    group.Cancel();
    group.Wait();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
}

TYPED_TEST_P(NetworkParity, ACrashedReaderIsToldSoEvenWhenThereIsInput) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    Domain domain(this->scheduler(), "node");
    absl::Status first;
    absl::Status second;
    EDGE_CHECK_OK(this->scheduler().SpawnIn(&domain, "reader", [&, &reader = *client] {
      char buffer[8];
      first = reader.Read(buffer, Instant::Infinite()).status();
      second = reader.Read(buffer, Instant::Infinite()).status();
    }));
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_TRUE(this->Write(*server, "input").ok());
    domain.Crash();
    EXPECT_TRUE(domain.Wait(this->Patience()).ok());
    EXPECT_TRUE(IsCrashed(first)) << first;
    EXPECT_TRUE(IsCrashed(second)) << second;
  });
}

TYPED_TEST_P(NetworkParity, AParkedConnectionTellsOfDataOnce) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    CountingCallback callback(this->scheduler());
    server->NotifyReadable(&callback);
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_EQ(callback.count, 0);

    EXPECT_TRUE(this->Write(*client, "one").ok());
    EXPECT_TRUE(callback.called.Wait(this->Patience()).ok());
    EXPECT_EQ(this->Read(*server, 3), "one");
    EXPECT_TRUE(this->Write(*client, "two").ok());
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_EQ(callback.count, 1);

    // Parked again with the data already there.
    callback.called.Reset();
    server->NotifyReadable(&callback);
    EXPECT_EQ(callback.count, 1);  // from the poll loop, never from within the call
    EXPECT_TRUE(callback.called.Wait(this->Patience()).ok());
    EXPECT_EQ(this->Read(*server, 3), "two");
  });
}

TYPED_TEST_P(NetworkParity, AParkedConnectionTellsOfTheEnd) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    CountingCallback callback(this->scheduler());
    server->NotifyReadable(&callback);
    client.reset();
    EXPECT_TRUE(callback.called.Wait(this->Patience()).ok());
    EXPECT_EQ(this->ReadToEnd(*server), "");
    callback.called.Reset();
    server->NotifyReadable(&callback);
    EXPECT_TRUE(callback.called.Wait(this->Patience()).ok());
  });
}

TYPED_TEST_P(NetworkParity, AParkingTakenBackTellsNothing) {
  this->Run([&] {
    auto [client, server] = this->Pair();
    CountingCallback callback(this->scheduler());
    server->NotifyReadable(&callback);
    server->NotifyReadable(nullptr);
    EXPECT_TRUE(this->Write(*client, "x").ok());
    EXPECT_EQ(this->Read(*server, 1), "x");
    server->NotifyReadable(&callback);
    server.reset();
    EXPECT_TRUE(this->scheduler().SleepFor(Duration::Milliseconds(5)).ok());
    EXPECT_EQ(callback.count, 0);
  });
}

TYPED_TEST_P(NetworkParity, AnAddressInUseIsSaidSo) {
  this->Run([&] {
    auto listener = this->Listen();
    EXPECT_TRUE(absl::IsAlreadyExists(this->network().Listen(listener->Local()).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(this->network().Listen({"not an address", 80}).status()));
  });
}

TYPED_TEST_P(NetworkParity, NobodyListeningIsARefusal) {
  this->Run([&] {
    const Endpoint gone = this->Listen()->Local();
    EXPECT_TRUE(absl::IsUnavailable(this->network().Connect(gone, this->Patience()).status()));
  });
}

TYPED_TEST_P(NetworkParity, AcceptTakesADeadlineAndGoesOn) {
  this->Run([&] {
    auto listener = this->Listen();
    EXPECT_TRUE(absl::IsDeadlineExceeded(listener->Accept(this->Shortly()).status()));
    auto client = this->network().Connect(listener->Local(), this->Patience());
    EXPECT_TRUE(client.ok()) << client.status();
    EXPECT_TRUE(listener->Accept(this->Patience()).ok());
  });
}

TYPED_TEST_P(NetworkParity, ConnectionsNotYetAcceptedAreReset) {
  this->Run([&] {
    auto listener = this->Listen();
    auto client = this->network().Connect(listener->Local(), this->Patience());
    ASSERT_TRUE(client.ok());
    listener.reset();
    char buffer[8];
    EXPECT_TRUE(absl::IsUnavailable((*client)->Read(buffer, this->Patience()).status()));
  });
}

REGISTER_TYPED_TEST_SUITE_P(NetworkParity, CarriesBytesBothWays, NamesItsEnds, KeepsLargeTransfersInOrderUnderBackPressure,
                            AWriterWaitsForAReaderThatDoesNotRead, HalfCloseEndsOneDirection,
                            ADestroyedConnectionStillDeliversThoughItsInputIsUnread, AReadThatMeetsItsDeadlineHarmsNothing,
                            AbortIsAResetForThePeerAndEndsOwnWaits, ACancelledReadSaysSo, ACrashedReaderIsToldSoEvenWhenThereIsInput,
                            AParkedConnectionTellsOfDataOnce, AParkedConnectionTellsOfTheEnd, AParkingTakenBackTellsNothing,
                            AnAddressInUseIsSaidSo, NobodyListeningIsARefusal, AcceptTakesADeadlineAndGoesOn,
                            ConnectionsNotYetAcceptedAreReset);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_NETWORK_PARITY_H_
