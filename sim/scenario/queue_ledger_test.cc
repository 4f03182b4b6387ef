#include "sim/scenario/queue_ledger.h"

#include <gtest/gtest.h>

namespace edge::sim {
namespace {

using Fate = QueueObserver::Fate;

WallTime At(int64_t ms) { return WallTime::FromUnixMilliseconds(ms); }

struct QueueLedgerTest : ::testing::Test {
  Instant now = Instant::FromNanoseconds(1);
  QueueLedger ledger{[this] { return now; }};

  void Send(const std::string& queue = "q", const std::string& id = "a", int64_t due = 100) {
    ledger.OnSending(queue, {.id = id, .body = "b"}, At(due));
    ledger.OnSent(queue, id);
  }
  storage::Lease LeaseOf(int64_t token) { return {.sequence = 1, .token = token, .until_ms = 1000}; }
  void Deliver(int64_t attempts, int64_t taken = 100) {
    storage::QueuedMessage message;
    message.id = "a";
    message.body = "b";
    message.attempts = attempts;
    message.lease = LeaseOf(attempts);
    ledger.OnDelivered("q", message, 3, At(taken));
  }
  void Settle(Fate fate, int64_t token, int64_t at = 200, int64_t due = 200) {
    ledger.OnSettled("q", "a", {.fate = fate, .lease = LeaseOf(token), .settled = At(at), .due = At(due)});
  }
  std::string Found() const { return ledger.finding().check; }
};

TEST_F(QueueLedgerTest, ALifeWithoutMistakes) {
  Send();
  Deliver(1);
  Settle(Fate::kRetried, 1, 200, 300);
  Deliver(2, 300);
  Settle(Fate::kStale, 1);
  Settle(Fate::kAcked, 2);
  EXPECT_EQ(ledger.Unfinished({"q"}, At(1000)), 0u);
  EXPECT_EQ(Found(), "");
}

TEST_F(QueueLedgerTest, FindsADeliveryBeforeItIsDue) {
  Send();
  Deliver(1, 99);
  EXPECT_EQ(Found(), "queue.early");
}

TEST_F(QueueLedgerTest, FindsARetryBeforeItIsDue) {
  Send();
  Deliver(1);
  Settle(Fate::kRetried, 1, 200, 5000);
  Deliver(2, 4999);
  EXPECT_EQ(Found(), "queue.early");
}

TEST_F(QueueLedgerTest, FindsADeliveryAfterAnAck) {
  Send();
  Deliver(1);
  Settle(Fate::kAcked, 1);
  Deliver(2);
  EXPECT_EQ(Found(), "queue.after_ack");
}

TEST_F(QueueLedgerTest, FindsAnAckOfALeaseThatIsOver) {
  Send();
  Deliver(1);
  Deliver(2);
  Settle(Fate::kAcked, 1);
  EXPECT_EQ(Found(), "queue.stale_ack");
}

TEST_F(QueueLedgerTest, FindsAnAckAfterTheLeasesTime) {
  Send();
  Deliver(1);
  Settle(Fate::kAcked, 1, 1000);
  EXPECT_EQ(Found(), "queue.stale_ack");
}

TEST_F(QueueLedgerTest, FindsAttemptsThatGoBack) {
  Send();
  Deliver(2);
  Deliver(2);
  EXPECT_EQ(Found(), "queue.attempts");
}

TEST_F(QueueLedgerTest, FindsAttemptsBeyondTheLimit) {
  Send();
  Deliver(4);
  EXPECT_EQ(Found(), "queue.attempts");
}

TEST_F(QueueLedgerTest, FindsADeadLetterThatIsNowhere) {
  Send();
  Deliver(3);
  ledger.OnDeadLettered("q", "a", "dead", "letter");
  EXPECT_EQ(Found(), "queue.dead_letter");
}

TEST_F(QueueLedgerTest, ADeadLetterThatIsDurableIsFine) {
  Send();
  Deliver(3);
  Send("dead", "letter");
  ledger.OnDeadLettered("q", "a", "dead", "letter");
  EXPECT_EQ(Found(), "");
  ledger.OnSeen("dead", {"letter"});
  EXPECT_EQ(Found(), "");
  ledger.OnSeen("dead", {});
  EXPECT_EQ(Found(), "queue.lost");
}

TEST_F(QueueLedgerTest, FindsAMessageThatNeverComesAgain) {
  Send();
  Deliver(1);
  Settle(Fate::kStale, 1);
  now = now + Duration::Seconds(10);
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "");
  now = now + Duration::Seconds(60);
  ledger.CheckForgotten({}, At(1000), Duration::Seconds(60));
  ledger.CheckForgotten({"q"}, At(99), Duration::Seconds(60));
  EXPECT_EQ(Found(), "");
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "queue.lost");
}

TEST_F(QueueLedgerTest, WhatIsBeingHandledIsNotForgotten) {
  Send();
  Deliver(1);
  now = now + Duration::Seconds(600);
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "");
}

TEST_F(QueueLedgerTest, WhatWasInFlightWhenItsProcessEndedMayHaveBeenAcked) {
  Send();
  Deliver(1);
  ledger.OnStarted();
  now = now + Duration::Seconds(600);
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "");
  Deliver(2);
  Settle(Fate::kRetried, 2);
  now = now + Duration::Seconds(600);
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "queue.lost");
}

TEST_F(QueueLedgerTest, WhatItsSenderWasNotToldOfMayBeGone) {
  ledger.OnSending("q", {.id = "a", .body = "b"}, At(100));
  now = now + Duration::Seconds(600);
  ledger.CheckForgotten({"q"}, At(1000), Duration::Seconds(60));
  EXPECT_EQ(Found(), "");
  Deliver(1);
  EXPECT_EQ(Found(), "");
}

}  // namespace
}  // namespace edge::sim
