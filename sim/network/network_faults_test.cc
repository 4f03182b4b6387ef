// Each fault of the network is seen to strike, and what must still hold is seen to hold.
#include <set>

#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "sim/fault/model.h"
#include "sim/network/network_fixture.h"

namespace edge::sim {
namespace {

uint64_t NetworkFaults(NetworkWorld& w) { return w.world.faults().injected()[static_cast<size_t>(FaultFamily::kNetwork)]; }

// A strategy under which a fault with a chance strikes, and everything else is mild.
struct Striking : MildStrategy {
  explicit Striking(const FaultSite& site) { Wish(site.name(), 1); }
};

// A break by `site` after `bytes`. The detail of a site is drawn for the number of bytes and for whether the write fails.
struct Breaking final : Striking {
  Breaking(const FaultSite& s, int64_t b, bool f) : Striking(s), site(s), bytes(b), fails(f) {}
  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
    if (point.name != site.detail.name) return Striking::Draw(point, key, distribution);
    const bool of_two = distribution.Clamp(1'000'000) == 1;
    return distribution.Clamp(of_two ? (fails ? 1 : 0) : bytes);
  }
  const FaultSite& site;
  const int64_t bytes;
  const bool fails;
};

void HealAll(NetworkWorld& w) {
  w.world.faults().Heal();
  w.fabric.Heal();
}

TEST(NetworkFaults, ARefusedConnectionSendsNothing) {
  Striking strategy(kNetworkRefused);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkRefused}));
  w.Run([&] {
    auto listener = w.Listen();
    const absl::Status refused = w.Connect().status();
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
    EXPECT_TRUE(absl::IsDeadlineExceeded(listener->Accept(w.In(Duration::Seconds(5))).status()));
    EXPECT_EQ(NetworkFaults(w), 1u);
    HealAll(w);
    EXPECT_TRUE(w.Connect().ok());
  });
}

TEST(NetworkFaults, AnAttemptThatHangsEndsAtItsDeadline) {
  Striking strategy(kNetworkConnectHangs);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkConnectHangs}));
  w.Run([&] {
    auto listener = w.Listen();
    const Instant deadline = w.In(Duration::Seconds(7));
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.client.network.Connect({"server1", 80}, deadline).status()));
    EXPECT_EQ(w.world.now(), deadline);
    EXPECT_TRUE(absl::IsDeadlineExceeded(listener->Accept(w.world.now()).status()));
    EXPECT_EQ(NetworkFaults(w), 1u);
    EXPECT_EQ(w.fabric.connections(), 0u);
  });
}

TEST(NetworkFaults, OrGoesOnWhenTheWorldHeals) {
  Striking strategy(kNetworkConnectHangs);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkConnectHangs}));
  w.Run([&] {
    auto listener = w.Listen();
    TaskGroup group(w.world.scheduler());
    absl::Status connected;
    EDGE_CHECK_OK(group.Spawn("connect", [&] { connected = w.client.network.Connect({"server1", 80}, Instant::Infinite()).status(); }));
    w.Sleep(Duration::Seconds(20));
    // The end of some partition is not the end of this.
    w.fabric.BeginPartition(1, "client1", "", PartitionShape::kBothWays);
    w.fabric.EndPartition(1);
    w.Sleep(Duration::Seconds(20));
    EXPECT_EQ(group.size(), 1u);
    HealAll(w);
    group.Wait();
    EXPECT_TRUE(connected.ok()) << connected;
  });
}

// How the ends of a connection see its break. `fails`: whether the write itself says so.
struct Break {
  std::string arrived;
  absl::Status server;
  absl::Status write;
  absl::Status client;
};

Break BreakBy(const FaultSite& site, int64_t detail, bool fails) {
  Breaking strategy(site, detail, fails);
  NetworkWorld w(strategy, OnlyFaults({&site}));
  Break result;
  w.Run([&] {
    auto pair = w.Open();
    result.write = w.Write(*pair.client, "0123456789");
    EXPECT_EQ(NetworkFaults(w), 1u);
    // The connection is broken: nothing that is written later arrives, whether its sender knows by now or not.
    w.Write(*pair.client, "ghost").IgnoreError();
    auto got = w.Read(*pair.server);
    result.arrived = got.bytes;
    result.server = got.status;
    const auto client = w.Read(*pair.client);
    EXPECT_EQ(client.bytes, "");
    result.client = client.status;
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*pair.client, "after")));
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*pair.server, "after")));
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*pair.server).status));
  });
  return result;
}

TEST(NetworkFaults, ResetBeforeLosesTheBytesAndBothEndsSeeAReset) {
  for (const bool fails : {false, true}) {
    const Break seen = BreakBy(kNetworkResetBefore, 0, fails);
    EXPECT_EQ(seen.arrived, "");
    EXPECT_TRUE(absl::IsUnavailable(seen.server)) << seen.server;
    EXPECT_TRUE(absl::IsUnavailable(seen.client)) << seen.client;
    EXPECT_EQ(absl::IsUnavailable(seen.write), fails) << seen.write;
  }
}

TEST(NetworkFaults, ResetAfterDeliversTheBytesAndTheSenderCannotKnow) {
  for (const bool fails : {false, true}) {
    const Break seen = BreakBy(kNetworkResetAfter, 0, fails);
    EXPECT_EQ(seen.arrived, "0123456789");
    EXPECT_TRUE(absl::IsUnavailable(seen.server)) << seen.server;
    EXPECT_TRUE(absl::IsUnavailable(seen.client)) << seen.client;
    EXPECT_EQ(absl::IsUnavailable(seen.write), fails) << seen.write;
  }
}

TEST(NetworkFaults, ACutWriteArrivesAsAPrefix) {
  for (const int64_t bytes : {1, 4, 9}) {
    const Break seen = BreakBy(kNetworkWriteCut, bytes, false);
    EXPECT_EQ(seen.arrived, std::string("0123456789").substr(0, static_cast<size_t>(bytes)));
    EXPECT_TRUE(absl::IsUnavailable(seen.server)) << seen.server;
    EXPECT_TRUE(absl::IsUnavailable(seen.client)) << seen.client;
  }
}

TEST(NetworkFaults, AnAbortDoesNotOvertakeTheNewsOfABreak) {
  Breaking strategy(kNetworkWriteCut, 5, false);
  strategy.Wish("network.abort_overtakes", 1);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkWriteCut}));
  w.Run([&] {
    auto pair = w.Open();
    w.Write(*pair.client, "0123456789").IgnoreError();
    pair.client->Abort();
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*pair.server).status));
  });
}

TEST(NetworkFaults, ABreakThatAWriteReportsEndsTheReadOfItsEndToo) {
  Breaking strategy(kNetworkResetAfter, 0, true);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkResetAfter}));
  w.Run([&] {
    auto pair = w.Open();
    absl::Status read;
    TaskGroup group(w.world.scheduler());
    EDGE_CHECK_OK(group.Spawn("reader", [&] { read = w.Read(*pair.client).status; }));
    w.Sleep(Duration::Seconds(1));
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*pair.client, "x")));
    const Instant broken = w.world.now();
    group.Wait();
    EXPECT_TRUE(absl::IsUnavailable(read)) << read;
    EXPECT_EQ(w.world.now(), broken);
  });
}

TEST(NetworkFaults, AndTellsOneWhoIsParked) {
  struct Counter final : ReadableCallback {
    void OnReadable() override { ++calls; }
    int calls = 0;
  } counter;
  Breaking strategy(kNetworkResetAfter, 0, true);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkResetAfter}));
  w.Run([&] {
    auto pair = w.Open();
    pair.client->NotifyReadable(&counter);
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*pair.client, "x")));
    EXPECT_EQ(counter.calls, 0);
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(counter.calls, 1);
  });
}

TEST(NetworkFaults, ABreakEndsAWriterThatWaitsForRoom) {
  Striking strategy(kNetworkResetAfter);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkResetAfter}), kSmallWindow);
  w.Run([&] {
    auto pair = w.Open();
    absl::Status written;
    TaskGroup group(w.world.scheduler());
    EDGE_CHECK_OK(group.Spawn("writer", [&] { written = w.Write(*pair.server, std::string(1000, 'w')); }));
    w.Sleep(Duration::Seconds(1));
    EXPECT_EQ(group.size(), 1u);
    EXPECT_TRUE(w.Write(*pair.client, "x").ok());
    group.Wait();
    EXPECT_TRUE(absl::IsUnavailable(written)) << written;
  });
}

TEST(NetworkFaults, ALostHalfCloseIsSilence) {
  Striking strategy(kNetworkHalfCloseLost);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkHalfCloseLost}));
  w.Run([&] {
    auto pair = w.Open();
    EXPECT_TRUE(w.Write(*pair.client, "request").ok());
    EXPECT_TRUE(pair.client->CloseWrite().ok());
    const auto got = w.ReadUntil(*pair.server, w.In(Duration::Seconds(40)));
    EXPECT_EQ(got.bytes, "request");
    EXPECT_TRUE(absl::IsDeadlineExceeded(got.status)) << got.status;
    EXPECT_TRUE(absl::IsUnavailable(w.Write(*pair.client, "more")));
    // The other direction is whole.
    EXPECT_TRUE(w.Write(*pair.server, "answer").ok());
    EXPECT_EQ(w.Read(*pair.client, 6).bytes, "answer");
    EXPECT_EQ(NetworkFaults(w), 1u);
    HealAll(w);
    EXPECT_TRUE(w.Read(*pair.server).status.ok());
  });
}

TEST(NetworkFaults, AConnectionThatIsDestroyedMayBeSilentToo) {
  Striking strategy(kNetworkHalfCloseLost);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkHalfCloseLost}));
  w.Run([&] {
    auto pair = w.Open();
    pair.client.reset();
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(*pair.server, w.In(Duration::Seconds(40))).status));
    HealAll(w);
    EXPECT_TRUE(w.Read(*pair.server).status.ok());
  });
}

// Found by the property test: the end that hung was told after the bytes before it had died with their sender.
TEST(NetworkFaults, ALostEndIsNotTheNewsOfBytesThatDiedWithTheirHost) {
  Striking strategy(kNetworkHalfCloseLost);
  strategy.Wish("network.death_overtakes", 1);
  strategy.Wish("network.jitter", 10'000'000);  // an end and a reset of the same moment arrive apart
  NetworkWorld w(strategy, OnlyFaults({&kNetworkHalfCloseLost}));
  w.Run([&] {
    std::vector<NetworkWorld::Pair> pairs;
    for (int i = 0; i < 8; ++i) pairs.push_back(w.Open());
    for (NetworkWorld::Pair& pair : pairs) {
      EXPECT_TRUE(w.Write(*pair.client, "last words").ok());
      EXPECT_TRUE(pair.client->CloseWrite().ok());
    }
    w.fabric.HostDied(w.client.domain, HostDeath::kPower);
    w.client.domain.Crash();
    w.world.After(Duration::Seconds(1), 1, [&] { HealAll(w); });
    TaskGroup readers(w.world.scheduler());
    for (NetworkWorld::Pair& pair : pairs) {
      EDGE_CHECK_OK(readers.Spawn("reader", [&] {
        const auto got = w.Read(*pair.server);
        EXPECT_EQ(got.bytes, "");
        EXPECT_TRUE(absl::IsUnavailable(got.status)) << got.status;
      }));
    }
    readers.Wait();
  });
}

TEST(NetworkFaults, AStallOnlyDelaysAndKeepsTheOrder) {
  Striking strategy(kNetworkStall);
  strategy.Wish(kNetworkStall.length.name, 12'000'000);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkStall}));
  w.Run([&] {
    auto pair = w.Open();
    const Instant sent = w.world.now();
    EXPECT_TRUE(w.Write(*pair.client, "one").ok());
    strategy.Wish(kNetworkStall.name(), 0);
    EXPECT_TRUE(w.Write(*pair.client, "two").ok());
    EXPECT_EQ(w.Read(*pair.server, 6).bytes, "onetwo");
    EXPECT_GE(w.world.now() - sent, Duration::Seconds(12));
    EXPECT_EQ(NetworkFaults(w), 1u);
  });
}

TEST(NetworkFaults, WhatIsStalledComesSoonAfterTheWorldHeals) {
  Striking strategy(kNetworkStall);
  strategy.Wish(kNetworkStall.length.name, 30'000'000);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkStall}));
  w.Run([&] {
    auto pair = w.Open();
    EXPECT_TRUE(w.Write(*pair.client, "one").ok());
    w.Sleep(Duration::Seconds(2));
    HealAll(w);
    const Instant healed = w.world.now();
    EXPECT_EQ(w.Read(*pair.server, 3).bytes, "one");
    EXPECT_LT(w.world.now() - healed, Duration::Milliseconds(100));
    EXPECT_TRUE(w.Write(*pair.client, "two").ok());
    EXPECT_EQ(w.Read(*pair.server, 3).bytes, "two");
    EXPECT_LT(w.world.now() - healed, Duration::Milliseconds(200));
  });
}

TEST(NetworkFaults, ASpikeOfLatencyIsShorter) {
  Striking strategy(kNetworkLatencySpike);
  strategy.Wish(kNetworkLatencySpike.length.name, INT64_MAX);
  NetworkWorld w(strategy, OnlyFaults({&kNetworkLatencySpike}));
  w.Run([&] {
    auto pair = w.Open();
    const Instant sent = w.world.now();
    EXPECT_TRUE(w.Write(*pair.client, "one").ok());
    EXPECT_EQ(w.Read(*pair.server, 3).bytes, "one");
    EXPECT_GE(w.world.now() - sent, Duration::Seconds(2));
    EXPECT_LE(w.world.now() - sent, Duration::Seconds(3));
    EXPECT_EQ(NetworkFaults(w), 1u);
  });
}

// --- episodes ---

TEST(NetworkPartition, HoldsWhatIsSentAndDeliversItAfterwards) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    EXPECT_TRUE(w.Write(*pair.client, "on the way,").ok());
    w.fabric.BeginPartition(1, "client1", "server1", PartitionShape::kBothWays);
    EXPECT_TRUE(w.Write(*pair.client, "held").ok());
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(*pair.server, w.In(Duration::Seconds(5))).status));
    w.fabric.EndPartition(1);
    const Instant over = w.world.now();
    EXPECT_EQ(w.Read(*pair.server, 15).bytes, "on the way,held");
    EXPECT_LT(w.world.now() - over, Duration::Milliseconds(100));
    EXPECT_TRUE(w.Write(*pair.server, "back").ok());
    EXPECT_EQ(w.Read(*pair.client, 4).bytes, "back");
  });
}

TEST(NetworkPartition, HoldsAttemptsToConnect) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto listener = w.Listen();
    for (const PartitionShape shape : {PartitionShape::kBothWays, PartitionShape::kOutgoing, PartitionShape::kIncoming}) {
      w.fabric.BeginPartition(1, "client1", "", shape);
      EXPECT_TRUE(absl::IsDeadlineExceeded(w.client.network.Connect({"server1", 80}, w.In(Duration::Seconds(2))).status()));
      TaskGroup group(w.world.scheduler());
      absl::Status connected;
      EDGE_CHECK_OK(group.Spawn("connect", [&] { connected = w.Connect().status(); }));
      w.Sleep(Duration::Seconds(2));
      EXPECT_EQ(group.size(), 1u);
      w.fabric.EndPartition(1);
      group.Wait();
      EXPECT_TRUE(connected.ok()) << connected;
    }
  });
}

TEST(NetworkPartition, OneWayLetsTheOtherWayPass) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    w.fabric.BeginPartition(1, "server1", "", PartitionShape::kOutgoing);
    EXPECT_TRUE(w.Write(*pair.client, "ping").ok());
    EXPECT_EQ(w.Read(*pair.server, 4).bytes, "ping");
    EXPECT_TRUE(w.Write(*pair.server, "pong").ok());
    EXPECT_TRUE(absl::IsDeadlineExceeded(w.ReadUntil(*pair.client, w.In(Duration::Seconds(3))).status));
    w.fabric.EndPartition(1);
    EXPECT_EQ(w.Read(*pair.client, 4).bytes, "pong");
  });
}

TEST(NetworkPartition, OthersAreNotTouchedNorIsTheHostItself) {
  MildStrategy mild;
  NetworkWorld w(mild);
  NetworkWorld::Actor third(w, "client2");
  w.Run([&] {
    auto listener = w.Listen();
    w.fabric.BeginPartition(1, "client1", "server1", PartitionShape::kBothWays);
    EXPECT_TRUE(third.network.Connect({"server1", 80}, w.In(Duration::Seconds(2))).ok());
    EXPECT_TRUE(w.server.network.Connect({"localhost", 80}, w.In(Duration::Seconds(2))).ok());
    EXPECT_FALSE(w.client.network.Connect({"server1", 80}, w.In(Duration::Seconds(2))).ok());
  });
}

TEST(NetworkPartition, AVeryLongOneEndsWithResetsOfWhatItHeld) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto held = w.Open();
    auto idle = w.Open();
    w.fabric.BeginPartition(1, "client1", "server1", PartitionShape::kBothWays);
    EXPECT_TRUE(w.Write(*held.client, "held").ok());
    w.Sleep(Duration::Seconds(15));
    w.fabric.EndPartition(1);
    const auto server = w.Read(*held.server);
    EXPECT_EQ(server.bytes, "");
    EXPECT_TRUE(absl::IsUnavailable(server.status)) << server.status;
    EXPECT_TRUE(absl::IsUnavailable(w.Read(*held.client).status));
    EXPECT_TRUE(w.Write(*idle.client, "idle").ok());
    EXPECT_EQ(w.Read(*idle.server, 4).bytes, "idle");
  });
}

TEST(NetworkPartition, HoldsTheNewsThatThereIsRoom) {
  MildStrategy mild;
  NetworkWorld w(mild, NoFaults(), kSmallWindow);
  w.Run([&] {
    auto pair = w.Open();
    TaskGroup group(w.world.scheduler());
    EDGE_CHECK_OK(group.Spawn("writer", [&] { EXPECT_TRUE(w.Write(*pair.client, std::string(300, 'w')).ok()); }));
    w.Sleep(Duration::Seconds(1));
    w.fabric.BeginPartition(1, "server1", "", PartitionShape::kOutgoing);
    EXPECT_EQ(w.Read(*pair.server, 200).bytes.size(), 200u);
    w.Sleep(Duration::Seconds(5));
    EXPECT_EQ(group.size(), 1u);
    w.fabric.EndPartition(1);
    group.Wait();
    EXPECT_EQ(w.Read(*pair.server, 100).bytes.size(), 100u);
  });
}

TEST(NetworkPartition, HealingTheWorldEndsItWithoutResets) {
  MildStrategy mild;
  NetworkWorld w(mild);
  w.Run([&] {
    auto pair = w.Open();
    w.fabric.BeginPartition(1, "client1", "", PartitionShape::kBothWays);
    EXPECT_TRUE(w.Write(*pair.client, "held").ok());
    w.Sleep(Duration::Seconds(30));
    HealAll(w);
    EXPECT_EQ(w.Read(*pair.server, 4).bytes, "held");
  });
}

TEST(NetworkEpisodes, EachShapeOfPartitionComesOutOfSomePick) {
  std::set<std::string> seen;
  for (uint64_t pick = 0; pick < 64; ++pick) {
    MildStrategy mild;
    NetworkWorld w(mild, OnlyFaults({}));
    w.Run([&] {
      auto listener = w.Listen();
      auto client = w.Connect();
      auto server = listener->Accept(w.Patience());
      const Episode episode = {
          .site = &kNetworkPartition, .key = 9, .begin = w.world.now(), .end = w.In(Duration::Seconds(5)), .pick = pick};
      w.fabric.Begin(episode);
      EXPECT_EQ(NetworkFaults(w), 1u);
      EXPECT_TRUE(w.Write(**client, "a").ok());
      EXPECT_TRUE(w.Write(**server, "b").ok());
      const bool up = w.ReadUntil(**server, w.In(Duration::Seconds(1)), 1).bytes.empty();
      const bool down = w.ReadUntil(**client, w.In(Duration::Seconds(1)), 1).bytes.empty();
      seen.insert(std::string(up ? "up " : "") + (down ? "down" : ""));
      w.fabric.End(episode);
      w.Sleep(Duration::Seconds(1));
      EXPECT_TRUE(w.Write(**client, "c").ok());
      EXPECT_EQ(w.Read(**server, up ? 2 : 1).bytes, up ? "ac" : "c");
    });
  }
  EXPECT_EQ(seen, (std::set<std::string>{"up ", "down", "up down"}));
}

TEST(NetworkEpisodes, ASlowNetworkOnlyDelays) {
  MildStrategy mild;
  NetworkWorld w(mild, OnlyFaults({}));
  w.Run([&] {
    auto pair = w.Open();
    const Episode episode = {.site = &kNetworkSlow, .key = 9, .begin = w.world.now(), .end = w.In(Duration::Seconds(5)), .pick = 181};
    w.fabric.Begin(episode);
    EXPECT_EQ(NetworkFaults(w), 1u);
    const Instant sent = w.world.now();
    EXPECT_TRUE(w.Write(*pair.client, "slow").ok());
    EXPECT_EQ(w.Read(*pair.server, 4).bytes, "slow");
    EXPECT_EQ(w.world.now() - sent, Duration::Microseconds(50) * 100);
    w.fabric.End(episode);
    const Instant again = w.world.now();
    EXPECT_TRUE(w.Write(*pair.client, "fast").ok());
    EXPECT_EQ(w.Read(*pair.server, 4).bytes, "fast");
    EXPECT_EQ(w.world.now() - again, Duration::Microseconds(50));
  });
}

}  // namespace
}  // namespace edge::sim
