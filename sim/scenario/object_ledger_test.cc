#include "sim/scenario/object_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace edge::sim {
namespace {

using storage::AlarmChange;
using storage::kPageBytes;
using storage::PageSet;
using ::testing::HasSubstr;
using Durability = worker::ObjectObserver::Durability;

const storage::ObjectKey kId = {"app/Thing", std::string(64, 'a')};

class ObjectLedgerTest : public ::testing::Test {
 protected:
  void Activate(uint64_t epoch, uint64_t txid, uint32_t pages, std::optional<WallTime> alarm = std::nullopt) {
    ledger_.OnActivated(kId, epoch, {.txid = txid, .pages = pages, .alarm = alarm});
  }
  // A commit that writes one whole page of `fill`.
  void Commit(uint64_t epoch, uint64_t txid, char fill, std::optional<AlarmChange> alarm = std::nullopt) {
    PageSet set{.epoch = epoch, .txid = txid, .pages = 1, .alarm = std::move(alarm)};
    set.ranges.push_back({1, 0, kPageBytes});
    set.bytes.assign(kPageBytes, fill);
    ledger_.OnCommitted(kId, set);
  }
  void Release(uint64_t epoch, uint64_t txid) { ledger_.OnReleased(kId, epoch, txid, Durability::kDurable); }
  void Recover(uint64_t txid, std::string database, std::optional<WallTime> alarm = std::nullopt) {
    ledger_.OnRecovered({{kId, {.txid = txid, .alarm = alarm, .database = std::move(database)}}});
  }
  static std::string Page(char fill) { return std::string(kPageBytes, fill); }
  std::string Found() const { return ledger_.finding().has_value() ? ledger_.finding()->check : ""; }

  ObjectLedger ledger_{[] { return "+1.000 s"; }};
};

constexpr WallTime At(int64_t ms) { return WallTime::FromUnixMilliseconds(ms); }

TEST_F(ObjectLedgerTest, AQuietLifeIsNoFinding) {
  Activate(1, 0, 0);
  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  Commit(1, 1, 'a');
  ledger_.OnTurnEnded(kId, 1);
  Release(1, 1);
  Commit(1, 2, 'b');  // nobody learns of it
  Recover(1, Page('a'));
  Activate(2, 1, 1);
  Commit(2, 2, 'c');
  Release(2, 2);
  Recover(2, Page('c'));
  EXPECT_EQ(Found(), "") << ledger_.finding()->message;
}

TEST_F(ObjectLedgerTest, WhatWasRevealedMayNotBeGone) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Commit(1, 2, 'b');
  Release(1, 2);
  Recover(1, Page('a'));
  EXPECT_EQ(Found(), "object.lost_write");
  EXPECT_THAT(ledger_.finding()->message, HasSubstr("transaction 2 was revealed at +1.000 s"));
}

TEST_F(ObjectLedgerTest, ARevealedObjectMayNotDisappear) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Release(1, 1);
  ledger_.OnRecovered({});
  EXPECT_EQ(Found(), "object.lost_write");
}

TEST_F(ObjectLedgerTest, OneThatNobodyHasSeenMay) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  ledger_.OnRecovered({});
  EXPECT_EQ(Found(), "");
}

TEST_F(ObjectLedgerTest, AnActivationFindsWhatWasRevealed) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Release(1, 1);
  Activate(2, 0, 0);
  EXPECT_EQ(Found(), "object.lost_write");
}

TEST_F(ObjectLedgerTest, NothingIsInvented) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Recover(2, Page('a'));
  EXPECT_EQ(Found(), "object.content");
}

TEST_F(ObjectLedgerTest, EveryByteIsThatOfOnePrefix) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Commit(1, 2, 'b');
  std::string mixed = Page('b');
  mixed[17] = 'a';
  Recover(2, mixed);
  EXPECT_EQ(Found(), "object.content");
}

TEST_F(ObjectLedgerTest, NothingLeavesBeforeItIsDurable) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  ledger_.OnReleased(kId, 1, 1, Durability::kNotDurable);
  EXPECT_EQ(Found(), "object.undurable_effect");
}

TEST_F(ObjectLedgerTest, AnOlderActivationNeitherCommitsNorSpeaks) {
  Activate(1, 0, 0);
  Activate(2, 0, 0);
  Commit(1, 1, 'a');
  EXPECT_EQ(Found(), "object.two_instances");
}

TEST_F(ObjectLedgerTest, NorDoesOneThatIsOver) {
  Activate(1, 0, 0);
  ledger_.OnEnded(kId, 1);
  Release(1, 0);
  EXPECT_EQ(Found(), "object.two_instances");
}

TEST_F(ObjectLedgerTest, EpochsGrow) {
  Activate(2, 0, 0);
  Activate(2, 0, 0);
  EXPECT_EQ(Found(), "object.two_instances");
}

TEST_F(ObjectLedgerTest, AStorageOperationKeepsOthersOut) {
  Activate(1, 0, 0);
  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  ledger_.OnStorageBegan(kId, 1);
  ledger_.OnStorageBegan(kId, 1);
  ledger_.OnTurnEnded(kId, 1);
  for (int i = 0; i < 2; ++i) {
    ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
    ledger_.OnStorageEnded(kId, 1);
    ledger_.OnTurnEnded(kId, 1);
  }
  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  ledger_.OnTurnEnded(kId, 1);
  EXPECT_EQ(Found(), "");

  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  ledger_.OnStorageBegan(kId, 1);
  ledger_.OnTurnEnded(kId, 1);
  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  ledger_.OnEvent(kId, 1, "fetch");
  ledger_.OnTurnEnded(kId, 1);
  EXPECT_EQ(Found(), "object.gate_hole");
  EXPECT_THAT(ledger_.finding()->message, HasSubstr("(fetch)"));
}

TEST_F(ObjectLedgerTest, ASectionLetsInWhatBelongsToIt) {
  Activate(1, 0, 0);
  const auto turn = [&](gate::Section section) {
    ledger_.OnTurnBegan(kId, 1, section);
    ledger_.OnTurnEnded(kId, 1);
  };
  ledger_.OnSectionOpened(kId, 1, 1, gate::kNoSection);
  ledger_.OnSectionOpened(kId, 1, 2, gate::kNoSection);  // in line behind the first
  turn(gate::kNoSection);                                // none has begun
  turn(1);
  ledger_.OnSectionOpened(kId, 1, 3, 1);
  turn(3);
  turn(3);
  ledger_.OnSectionClosed(kId, 1, 3);
  turn(1);
  turn(3);  // what was left of it
  ledger_.OnSectionClosed(kId, 1, 1);
  turn(gate::kNoSection);
  turn(2);
  EXPECT_EQ(Found(), "") << ledger_.finding()->message;
  turn(gate::kNoSection);
  EXPECT_EQ(Found(), "object.section_hole");
}

TEST_F(ObjectLedgerTest, AlarmsAreNotEarly) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  ledger_.OnAlarmBegan(kId, 1, At(1000), At(999));
  EXPECT_EQ(Found(), "object.alarm_early");
}

TEST_F(ObjectLedgerTest, OneRunAtATime) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  ledger_.OnAlarmBegan(kId, 1, At(1000), At(1000));
  ledger_.OnAlarmBegan(kId, 1, At(1000), At(1001));
  EXPECT_EQ(Found(), "object.alarm_twice");
}

TEST_F(ObjectLedgerTest, NoneAfterADelete) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  Commit(1, 2, 'a', AlarmChange{});
  ledger_.OnAlarmBegan(kId, 1, At(1000), At(1000));
  EXPECT_EQ(Found(), "object.alarm_deleted");
}

TEST_F(ObjectLedgerTest, AnAlarmIsOverdueUntilItHasBegun) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  EXPECT_EQ(ledger_.Overdue(At(999)), "");
  EXPECT_NE(ledger_.Overdue(At(1000)), "");
  ledger_.OnAlarmBegan(kId, 1, At(1000), At(1000));
  EXPECT_EQ(ledger_.Overdue(At(1000)), "");
  // That run was lost with its activation.
  Activate(2, 1, 1, At(1000));
  EXPECT_NE(ledger_.Overdue(At(1000)), "");
  ledger_.CheckOverdue(At(2000));
  EXPECT_EQ(Found(), "object.alarm_lost");
}

TEST_F(ObjectLedgerTest, AnAlarmThatWasNeverDurableIsNotOverdue) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Commit(1, 2, 'a', AlarmChange{At(1000)});
  ledger_.OnRolledBack(kId, 1);
  EXPECT_EQ(ledger_.Overdue(At(5000)), "");
}

TEST_F(ObjectLedgerTest, WhatAFailedSyncHasUndoneIsInDoubt) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Release(1, 1);
  Commit(1, 2, 'b');
  ledger_.OnRolledBack(kId, 1);
  Activate(2, 1, 1);
  Commit(2, 2, 'c');
  Recover(2, Page('b'));
  EXPECT_EQ(Found(), "") << "nothing newer was durable";
}

TEST_F(ObjectLedgerTest, TheDoubtLastsOverRestarts) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Release(1, 1);
  Commit(1, 2, 'b');
  ledger_.OnRolledBack(kId, 1);
  Recover(1, Page('a'));
  Recover(2, Page('b'));
  Recover(1, Page('a'));
  EXPECT_EQ(Found(), "");
}

TEST_F(ObjectLedgerTest, UntilSomethingNewerIsDurable) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a');
  Release(1, 1);
  Commit(1, 2, 'b');
  ledger_.OnRolledBack(kId, 1);
  const storage::ObjectKey other = {"app/Thing", std::string(64, 'b')};
  ledger_.OnActivated(other, 3, {});
  ledger_.OnCommitted(other, {.epoch = 3, .txid = 1, .pages = 0});
  ledger_.OnReleased(other, 3, 1, Durability::kDurable);
  ledger_.OnRecovered({{kId, {.txid = 2, .database = Page('b')}}, {other, {.txid = 1}}});
  EXPECT_EQ(Found(), "object.content");
}

TEST_F(ObjectLedgerTest, TheAlarmComesBackWithItsTransaction) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  Recover(1, Page('a'), std::nullopt);
  EXPECT_EQ(Found(), "object.alarm_lost");
}

TEST_F(ObjectLedgerTest, AWakeUpThatRunsNothingRemovesNothing) {
  Activate(1, 0, 0);
  Commit(1, 1, 'a', AlarmChange{At(1000)});
  ledger_.OnTurnBegan(kId, 1, gate::kNoSection);
  ledger_.OnEvent(kId, 1, "alarm");
  Commit(1, 2, 'a', AlarmChange{});
  EXPECT_EQ(Found(), "object.alarm_lost");
}

}  // namespace
}  // namespace edge::sim
