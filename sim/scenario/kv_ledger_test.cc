#include "sim/scenario/kv_ledger.h"

#include <gtest/gtest.h>

namespace edge::sim {
namespace {

using Written = KvObserver::Written;

constexpr Duration kMinute = Duration::Seconds(60);

struct KvLedgerTest : ::testing::Test {
  Instant At(int64_t second) { return Instant::FromNanoseconds(second * 1'000'000'000); }
  WallTime Wall(int64_t second) { return WallTime::FromUnixMilliseconds((1'700'000'000 + second) * 1000); }
  // A write from second `begin` to `end`; none: nobody knows.
  void Write(KvObserver::Entry entry, int64_t begin, std::optional<int64_t> end) {
    now = At(begin);
    const uint64_t number = ledger.OnWriteBegan("ns", "k", entry, Wall(begin));
    if (!end.has_value()) return ledger.OnWriteEnded(number, Written::kUnknown, Wall(begin));
    now = At(*end);
    ledger.OnWriteEnded(number, Written::kAcknowledged, Wall(*end));
  }
  void Put(std::string value, int64_t begin, std::optional<int64_t> end) { Write(storage::KvEntry{.value = std::move(value)}, begin, end); }
  // A read at that second of a value; empty: of nothing. What is wrong with it.
  std::string Read(std::string value, int64_t second, Duration window = kMinute) {
    now = At(second);
    KvObserver::Entry seen;
    if (!value.empty()) seen = storage::KvEntry{.value = std::move(value)};
    ledger.OnRead("ns", "k", seen, {At(second), Wall(second), Wall(second), window});
    return ledger.problem();
  }

  Instant now;
  bool stale = true;
  KvLedger ledger{[this] { return now; }, [this] { return stale; }};
};

TEST_F(KvLedgerTest, AReadMayBeAsOldAsItsWindow) {
  EXPECT_EQ(Read("", 1), "");
  Put("a", 10, 11);
  Put("b", 20, 21);
  EXPECT_EQ(Read("b", 22), "");
  EXPECT_EQ(Read("a", 80), "");
  EXPECT_EQ(Read("", 70), "");
  EXPECT_EQ(Read("a", 200, Duration::Seconds(300)), "");
  EXPECT_EQ(Read("a", 82), "a read of the key \"k\" gave \"a\", although a later write had been acknowledged more than 60 s before");
}

TEST_F(KvLedgerTest, AbsenceIsAsOldAsAnyValue) {
  Put("a", 10, 11);
  EXPECT_EQ(Read("", 71), "");
  EXPECT_NE(Read("", 72), "");
}

TEST_F(KvLedgerTest, WithoutStalenessAnAcknowledgedWriteIsSeen) {
  stale = false;
  Put("a", 10, 11);
  EXPECT_EQ(Read("a", 12), "");
  EXPECT_EQ(Read("", 12), "a read of the key \"k\" gave nothing, although a later write had been acknowledged before it began");
}

TEST_F(KvLedgerTest, WhatWasNeverPutCannotBeRead) {
  Put("a", 10, 11);
  EXPECT_EQ(Read("c", 12), "a read of the key \"k\" gave \"c\", which was never put");
}

TEST_F(KvLedgerTest, AWriteOfUnknownOutcomeMayBeDoneAtAnyTimeOrNever) {
  stale = false;
  Put("a", 10, 11);
  Put("b", 12, std::nullopt);
  EXPECT_EQ(Read("a", 13), "");
  EXPECT_EQ(Read("b", 14), "");
  EXPECT_EQ(Read("a", 15), "");
  Put("c", 20, 21);
  EXPECT_EQ(Read("b", 22), "");
  EXPECT_NE(Read("a", 22), "");
}

TEST_F(KvLedgerTest, WritesAtTheSameTimeMayBeInEitherOrder) {
  stale = false;
  now = At(1);
  const uint64_t a = ledger.OnWriteBegan("ns", "k", storage::KvEntry{.value = "a"}, Wall(1));
  now = At(2);
  const uint64_t b = ledger.OnWriteBegan("ns", "k", storage::KvEntry{.value = "b"}, Wall(2));
  now = At(3);
  ledger.OnWriteEnded(b, Written::kAcknowledged, Wall(3));
  now = At(4);
  ledger.OnWriteEnded(a, Written::kAcknowledged, Wall(4));
  EXPECT_EQ(Read("a", 5), "");
  EXPECT_EQ(Read("b", 5), "");
}

TEST_F(KvLedgerTest, WhatHasExpiredIsGoneAndNotSeen) {
  stale = false;
  const storage::KvEntry entry = {.value = "x", .metadata = "1", .expiration_s = 1'700'000'070};
  Write(entry, 10, 11);
  ledger.OnRead("ns", "k", entry, {At(60), Wall(69), Wall(69), Duration::Zero()});
  EXPECT_EQ(ledger.problem(), "");
  EXPECT_EQ(Read("", 70), "");
  ledger.OnRead("ns", "k", entry, {At(71), Wall(71), Wall(71), Duration::Zero()});
  EXPECT_EQ(ledger.problem(), "a read of the key \"k\" gave \"x\" with the metadata 1, which had expired");
}

TEST_F(KvLedgerTest, ADeletedPairIsGone) {
  stale = false;
  Put("a", 10, 11);
  Write(std::nullopt, 12, 13);
  EXPECT_EQ(Read("", 14), "");
  EXPECT_NE(Read("a", 14), "");
}

}  // namespace
}  // namespace edge::sim
