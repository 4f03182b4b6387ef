// The simulated network while nothing is wrong, and what crashes do to it. What every Network keeps is in tests/parity.
#include <set>

#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "sim/fault/model.h"
#include "sim/network/network_fixture.h"

namespace edge::sim {
namespace {

constexpr Duration kMildLatency = Duration::Microseconds(50);

class Callback final : public ReadableCallback {
 public:
  explicit Callback(absl::AnyInvocable<void()> then = nullptr) : then_(std::move(then)) {}
  void OnReadable() override {
    ++calls;
    if (then_ != nullptr) then_();
  }
  int calls = 0;

 private:
  absl::AnyInvocable<void()> then_;
};

// --- time and pieces ---

TEST(SimNetwork, TakesTheTimeThatItsCharacterSays) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    const Instant start = w.world.now();
    auto [client, server] = w.Open();
    EXPECT_EQ(w.world.now() - start, kMildLatency * 2);  // there and back
    const Instant sent = w.world.now();
    EXPECT_TRUE(w.Write(*client, "x").ok());
    EXPECT_EQ(w.world.now(), sent);
    EXPECT_EQ(w.Read(*server, 1).bytes, "x");
    EXPECT_EQ(w.world.now() - sent, kMildLatency);
  });
}

TEST(SimNetwork, ASlowLineTakesLongerForMoreBytes) {
  MildStrategy mild;
  mild.Wish("network.bandwidth", 3);
  NetworkWorld w(mild);
  w.Run([&] {
    auto [client, server] = w.Open();
    const Instant sent = w.world.now();
    EXPECT_TRUE(w.Write(*client, std::string(100'000, 'x')).ok());
    EXPECT_EQ(w.Read(*server, 100'000).bytes.size(), 100'000u);
    EXPECT_EQ(w.world.now() - sent, kMildLatency + Duration::Nanoseconds(400) * 100'000);
  });
}

TEST(SimNetwork, SomeConnectionsArriveByteByByte) {
  MildStrategy mild;
  mild.Wish("network.segments", 4);
  NetworkWorld w(mild);
  w.Run([&] {
    auto [client, server] = w.Open();
    EXPECT_TRUE(w.Write(*client, "hello").ok());
    char buffer[100];
    std::string pieces;
    while (pieces.size() < 10) {
      const auto got = server->Read(buffer, w.Patience());
      ASSERT_TRUE(got.ok());
      pieces += std::string(buffer, *got) + ",";
    }
    EXPECT_EQ(pieces, "h,e,l,l,o,");
    // A large transfer still takes few events.
    const uint64_t before = w.world.events_run();
    EXPECT_TRUE(w.Write(*client, std::string(200'000, 'x')).ok());
    EXPECT_EQ(w.Read(*server, 200'000).bytes.size(), 200'000u);
    EXPECT_LT(w.world.events_run() - before, 2'000u);
  });
}

TEST(SimNetwork, SomeReadsGetASingleByte) {
  MildStrategy mild;
  mild.Wish("network.reads", 3);
  NetworkWorld w(mild);
  w.Run([&] {
    auto [client, server] = w.Open();
    EXPECT_TRUE(w.Write(*client, "hello").ok());
    char buffer[100];
    EXPECT_EQ(*server->Read(buffer, w.Patience()), 1u);
    EXPECT_EQ(*server->Read(buffer, w.Patience()), 1u);
  });
}

TEST(SimNetwork, AFullWindowHoldsTheWriterUntilHalfOfItIsReadAndTheNewsIsBack) {
  MildStrategy mild;
  NetworkWorld w(mild, NoFaults(), kSmallWindow);
  w.Run([&] {
    auto [client, server] = w.Open();
    EXPECT_TRUE(w.Write(*client, std::string(200, 'a')).ok());
    Instant written;
    TaskGroup group(w.world.scheduler());
    EDGE_CHECK_OK(group.Spawn("writer", [&, &writer = *client] {
      EXPECT_TRUE(w.Write(writer, std::string(100, 'b')).ok());
      written = w.world.now();
    }));
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(written, Instant());
    EXPECT_EQ(w.Read(*server, 99).bytes.size(), 99u);
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(written, Instant());
    EXPECT_EQ(w.Read(*server, 1).bytes, "a");
    const Instant read = w.world.now();
    group.Wait();
    EXPECT_EQ(written - read, kMildLatency);
    EXPECT_EQ(w.Read(*server, 200).bytes, std::string(100, 'a') + std::string(100, 'b'));
  });
}

TEST(SimNetwork, AWriteThatMeetsItsDeadlineHasSentAPrefix) {
  MildStrategy mild;
  NetworkWorld w(mild, NoFaults(), kSmallWindow);
  w.Run([&] {
    auto [client, server] = w.Open();
    const std::string much(1000, 'm');
    EXPECT_TRUE(absl::IsDeadlineExceeded(client->Write(std::array{std::string_view(much)}, w.In(Duration::Seconds(1)))));
    EXPECT_TRUE(client->CloseWrite().ok());
    const auto got = w.Read(*server);
    EXPECT_TRUE(got.status.ok());
    EXPECT_EQ(got.bytes, std::string(200, 'm'));
  });
}

TEST(SimNetwork, AnEndThatWasDestroyedSwallowsForAWhileAndThenResets) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto [client, server] = w.Open();
    server.reset();
    EXPECT_TRUE(w.Write(*client, "into the void").ok());
    w.Sleep(Duration::Seconds(1));
    EXPECT_TRUE(w.Write(*client, "still swallowed").ok());
    EXPECT_EQ(w.Read(*client).bytes, "");
    w.Sleep(Duration::Seconds(3));
    EXPECT_TRUE(w.Write(*client, "too late").ok());
    w.Sleep(Duration::Seconds(1));
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*client, "x")));
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*client).status));
  });
}

// --- names and ports ---

TEST(SimNetwork, NamesAliasesAndLoopbackLeadToHosts) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.fabric.AddName("payments.test", "server1");
  w.Run([&] {
    auto listener = w.Listen(443);
    const auto refused = [&](SimNetwork& from, const Endpoint& to) { return from.Connect(to, w.Patience()).status(); };
    auto by_alias = w.client.network.Connect({"payments.test", 443}, w.Patience());
    ASSERT_TRUE(by_alias.ok()) << by_alias.status();
    EXPECT_EQ((*by_alias)->Peer().ToString(), "payments.test:443");
    auto accepted = listener->Accept(w.Patience());
    EXPECT_EQ((*accepted)->Peer().host, "client1");
    EXPECT_TRUE(absl::IsUnavailable(refused(w.client.network, {"localhost", 443})));
    EXPECT_TRUE(absl::IsUnavailable(refused(w.client.network, {"server1", 444})));
    const absl::Status unknown = refused(w.client.network, {"nowhere.test", 443});
    EXPECT_TRUE(absl::IsUnavailable(unknown));
    EXPECT_NE(unknown.message().find("nowhere.test"), absl::string_view::npos);

    // What listens on a loopback address is for its own host.
    auto local = w.server.network.Listen({"127.0.0.1", 8787});
    ASSERT_TRUE(local.ok());
    EXPECT_TRUE(absl::IsUnavailable(refused(w.client.network, {"server1", 8787})));
    EXPECT_TRUE(refused(w.server.network, {"localhost", 8787}).ok());
    EXPECT_TRUE(absl::IsInvalidArgument(w.server.network.Listen({"client1", 1}).status()));
    EXPECT_TRUE(absl::IsAlreadyExists(w.server.network.Listen({"0.0.0.0", 443}).status()));
  });
}

TEST(SimNetwork, PortsOfClientsAreCausalAndUniqueWhileAlive) {
  const auto ports = [](int connects_before) {
    MildStrategy mild;
    NetworkWorld w(mild);
    std::set<uint16_t> seen;
    uint16_t causal = 0;
    w.Run([&] {
      auto listener = w.Listen();
      std::vector<std::unique_ptr<Connection>> open;
      for (int i = 0; i < connects_before; ++i) {
        open.push_back(*w.Connect());
        open.push_back(*listener->Accept(w.Patience()));
        EXPECT_TRUE(seen.insert(open.back()->Peer().port).second);
      }
      TaskGroup group(w.world.scheduler());
      EDGE_CHECK_OK(w.world.scheduler().SpawnKeyed(77, nullptr, "other", [&] { open.push_back(*w.Connect()); }));
      auto accepted = listener->Accept(w.Patience());
      causal = (*accepted)->Peer().port;
      EXPECT_TRUE(seen.insert(causal).second);
      w.Sleep(Duration::Seconds(1));
    });
    return causal;
  };
  EXPECT_EQ(ports(0), ports(300));
}

TEST(SimNetwork, NothingIsLeftOfConnectionsThatAreOver) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    for (int i = 0; i < 50; ++i) {
      auto [client, server] = w.Open();
      EXPECT_TRUE(w.Write(*client, "x").ok());
      if (i % 2 == 0) server->Abort();
    }
    w.Connect().IgnoreError();
    w.Sleep(Duration::Seconds(5));
    EXPECT_EQ(w.fabric.connections(), 0u);
  });
}

// --- parked connections ---

TEST(SimNetwork, ACallbackMayDestroyItsConnection) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    Callback callback([&] { pair.server.reset(); });
    pair.server->NotifyReadable(&callback);
    EXPECT_TRUE(w.Write(*pair.client, "one").ok());
    EXPECT_TRUE(w.Write(*pair.client, "two").ok());
    EXPECT_TRUE(w.Read(*pair.client).status.ok());
    EXPECT_EQ(callback.calls, 1);
    EXPECT_EQ(pair.server, nullptr);
    pair.client.reset();
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(w.fabric.connections(), 0u);
  });
}

TEST(SimNetwork, ACallbackTellsOfAReset) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    Callback callback;
    pair.server->NotifyReadable(&callback);
    pair.client->Abort();
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(callback.calls, 1);
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*pair.server).status));
  });
}

TEST(SimNetwork, ACrashedOwnerIsNotCalled) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    Callback callback;
    pair.server->NotifyReadable(&callback);
    EXPECT_TRUE(w.Write(*pair.client, "x").ok());
    w.server.domain.Crash();
    w.Sleep(Duration::Seconds(1));
    pair.server->NotifyReadable(&callback);
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(callback.calls, 0);
  });
}

// --- crashes ---

TEST(SimNetworkCrash, EveryCallOfADeadIncarnationIsRefusedWithoutEffect) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    auto listener = w.client.network.Listen({"client1", 1});
    w.client.domain.Crash();
    const uint64_t hash = w.world.recorder().hash();
    char buffer[8];
    EXPECT_TRUE(IsCrashed(w.Write(*pair.client, "ghost")));
    EXPECT_TRUE(IsCrashed(pair.client->Read(buffer, w.Patience()).status()));
    EXPECT_TRUE(IsCrashed(pair.client->CloseWrite()));
    EXPECT_TRUE(IsCrashed(w.Connect().status()));
    EXPECT_TRUE(IsCrashed(w.client.network.Listen({"client1", 2}).status()));
    EXPECT_TRUE(IsCrashed((*listener)->Accept(w.Patience()).status()));
    pair.client->Abort();
    EXPECT_EQ(w.world.recorder().hash(), hash);
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(*pair.server, w.In(Duration::Seconds(60))).status));
  });
}

TEST(SimNetworkCrash, ThePeerOfADeadProcessIsResetAfterWhatWasSent) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    EXPECT_TRUE(w.Write(*pair.client, "last words").ok());
    w.fabric.HostDied(w.client.domain, HostDeath::kProcess);
    w.client.domain.Crash();
    const auto got = w.Read(*pair.server);
    EXPECT_EQ(got.bytes, "last words");
    EXPECT_TRUE(absl::IsUnavailable(got.status)) << got.status;
  });
}

TEST(SimNetworkCrash, OrOfTheLastWordsNothingArrives) {
  MildStrategy mild;
  mild.Wish("network.death_overtakes", 1);
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    EXPECT_TRUE(w.Write(*pair.client, "last words").ok());
    w.fabric.HostDied(w.client.domain, HostDeath::kProcess);
    w.client.domain.Crash();
    const auto got = w.Read(*pair.server);
    EXPECT_EQ(got.bytes, "");
    EXPECT_TRUE(absl::IsUnavailable(got.status)) << got.status;
  });
}

TEST(SimNetworkCrash, DestructionByADeadIncarnationIsAResetAndNoEnd) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    w.client.domain.Crash();
    pair.client.reset();
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*pair.server).status));
  });
}

TEST(SimNetworkCrash, ConnectingToADeadProcessIsRefused) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto listener = w.Listen();
    auto pending = w.Connect();
    w.fabric.HostDied(w.server.domain, HostDeath::kProcess);
    w.server.domain.Crash();
    EXPECT_TRUE(absl::IsUnavailable(w.Connect().status()));
    EXPECT_TRUE(absl::IsUnavailable(w.Read(**pending).status));
    // Its successor may have the port at once.
    Domain second(w.world.scheduler(), "server1#2");
    SimNetwork network(w.fabric, "server1", w.server.id, &second);
    auto again = network.Listen({"server1", 80});
    ASSERT_TRUE(again.ok()) << again.status();
    listener.reset();
    EXPECT_TRUE(w.Connect().ok());
  });
}

TEST(SimNetworkCrash, AMachineWithoutPowerIsSilentUntilItIsBack) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto listener = w.Listen();
    auto client = w.Connect();
    auto server = listener->Accept(w.Patience());
    w.fabric.HostDied(w.server.domain, HostDeath::kPower);
    w.server.domain.Crash();
    server->reset();
    listener.reset();
    EXPECT_TRUE(w.Write(**client, "anybody?").ok());
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(**client, w.In(Duration::Seconds(60))).status));
    // An attempt to connect hangs, and goes on when the machine is up.
    absl::Status connected;
    TaskGroup group(w.world.scheduler());
    EDGE_CHECK_OK(group.Spawn("connect", [&] { connected = w.Connect().status(); }));
    w.Sleep(Duration::Seconds(10));
    EXPECT_EQ(group.size(), 1u);

    Domain second(w.world.scheduler(), "server1#2");
    SimNetwork network(w.fabric, "server1", w.server.id, &second);
    auto again = network.Listen({"server1", 80});
    ASSERT_TRUE(again.ok()) << again.status();
    group.Wait();
    EXPECT_TRUE(connected.ok()) << connected;
    // The old connection means nothing to the new incarnation.
    EXPECT_TRUE(w.Write(**client, "anybody now?").ok());
    EXPECT_TRUE(absl::IsUnavailable(w.Read(**client).status));
  });
}

TEST(SimNetworkCrash, HealingTellsThePeersOfTheSilent) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    w.fabric.HostDied(w.server.domain, HostDeath::kPower);
    w.server.domain.Crash();
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(*pair.client, w.In(Duration::Seconds(60))).status));
    w.world.faults().Heal();
    w.fabric.Heal();
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*pair.client).status));
  });
}

TEST(SimNetworkCrash, AWaitThatAnIncarnationSuspendedEndsCrashed) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto listener = w.Listen();
    absl::Status accept;
    absl::Status connect;
    EDGE_CHECK_OK(
        w.world.scheduler().SpawnIn(&w.server.domain, "accept", [&] { accept = listener->Accept(Instant::Infinite()).status(); }));
    w.Sleep(Duration::Seconds(1));
    w.server.domain.Crash();
    EDGE_CHECK_OK(w.server.domain.Wait());
    EXPECT_TRUE(IsCrashed(accept)) << accept;

    EDGE_CHECK_OK(w.world.scheduler().SpawnIn(&w.client.domain, "connect", [&] { connect = w.Connect().status(); }));
    EDGE_CHECK_OK(w.world.scheduler().Yield());
    w.client.domain.Crash();
    EDGE_CHECK_OK(w.client.domain.Wait());
    EXPECT_TRUE(IsCrashed(connect)) << connect;
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(w.fabric.connections(), 0u);
  });
}

// --- the record ---

// A conversation with something of everything.
void Converse(NetworkWorld& w) {
  w.Run([&] {
    auto listener = w.Listen();
    TaskGroup group(w.world.scheduler());
    for (int i = 0; i < 5; ++i) {
      EDGE_CHECK_OK(group.Spawn("client", [&, i] {
        auto connection = w.Connect();
        if (!connection.ok()) return;
        for (int turn = 0; turn < 3; ++turn) {
          if (!w.Write(**connection, std::string(static_cast<size_t>(100 * i + 1), 'q')).ok()) return;
          if (!w.Read(**connection, 10).status.ok()) return;
        }
      }));
    }
    EDGE_CHECK_OK(group.Spawn("server", [&] {
      for (int i = 0; i < 5; ++i) {
        auto accepted = listener->Accept(w.Patience());
        if (!accepted.ok()) return;
        EDGE_CHECK_OK(group.Spawn("serve", [&w, connection = *std::move(accepted)]() mutable {
          char buffer[64];
          for (;;) {
            const auto got = connection->Read(buffer, w.In(Duration::Seconds(20)));
            if (!got.ok() || *got == 0 || !w.Write(*connection, "0123456789").ok()) return;
          }
        }));
      }
    }));
    group.Wait();
  });
}

uint64_t HashOf(uint64_t seed, Keep keep, FaultOptions::Plan plan) {
  SeededStrategy strategy(seed);
  WorldOptions options;
  options.keep = keep;
  options.faults.plan = plan;
  NetworkWorld w(strategy, options);
  Converse(w);
  return w.world.recorder().hash();
}

TEST(SimNetworkRecord, TheSameSeedIsTheSameRunAndAnotherIsAnother) {
  for (const auto plan : {FaultOptions::Plan::kNone, FaultOptions::Plan::kAll}) {
    std::set<uint64_t> hashes;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const uint64_t hash = HashOf(seed, Keep::kHash, plan);
      EXPECT_EQ(hash, HashOf(seed, Keep::kHash, plan));
      EXPECT_EQ(hash, HashOf(seed, Keep::kJournal, plan)) << "previews are not part of the run";
      EXPECT_TRUE(hashes.insert(hash).second);
    }
  }
}

TEST(SimNetworkRecord, ArrowsHaveTwoEndsAndBytesCount) {
  const auto journal = [](std::string_view text) {
    MildStrategy mild;
    WorldOptions options = NoFaults();
    options.keep = Keep::kJournal;
    NetworkWorld w(mild, options);
    w.Run([&] {
      auto pair = w.Open();
      EXPECT_TRUE(w.Write(*pair.client, text).ok());
      EXPECT_EQ(w.Read(*pair.server, text.size()).bytes, text);
    });
    return w.world.recorder().journal();
  };
  const auto one = journal("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto find = [](const std::vector<Event>& events, EventKind kind) {
    return *std::find_if(events.begin(), events.end(), [kind](const Event& event) { return event.kind == kind; });
  };
  const Event send = find(one, EventKind::kSend);
  const Event deliver = find(one, EventKind::kDeliver);
  EXPECT_EQ(send.note, "GET / HTTP/1.1");
  EXPECT_EQ(send.value, 27);
  EXPECT_EQ(deliver.value, 27);
  EXPECT_NE(send.message, 0u);
  EXPECT_EQ(send.message, deliver.message);
  EXPECT_EQ(send.actor, deliver.peer);
  EXPECT_EQ(send.peer, deliver.actor);
  EXPECT_EQ(deliver.time - send.time, kMildLatency);
  for (const Event& event : one) {
    if (event.kind == EventKind::kConnect && event.label == "network.arrived") {
      EXPECT_EQ(event.message, find(one, EventKind::kConnect).message);
    }
  }
  const auto other = journal("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_NE(find(other, EventKind::kSend).bytes_hash, send.bytes_hash);
  EXPECT_NE(find(other, EventKind::kDeliver).bytes_hash, deliver.bytes_hash);
}

}  // namespace
}  // namespace edge::sim
