#include "storage/queue/queue.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

WallTime At(int64_t ms) { return WallTime::FromUnixMilliseconds(1'700'000'000'000 + ms); }

class QueueTest : public StoreTest {
 protected:
  std::unique_ptr<Queue> Make(std::string_view name = "orders", const QueuePlants& plants = {}) {
    return std::make_unique<Queue>(world_.scheduler, *store_, name, Duration::Seconds(1000), plants);
  }
  static void Send(Queue& queue, std::vector<std::string> bodies, int64_t at_ms, Duration delay = Duration::Zero()) {
    std::vector<NewMessage> messages;
    for (const std::string& body : bodies) messages.push_back({.id = StrCat("id-", body), .body = body, .delay = delay});
    const auto commit = queue.Send(messages, At(at_ms));
    EDGE_CHECK_OK(commit.status());
    EDGE_CHECK_OK(queue.WaitDurable(*commit));
  }
  static TakenMessages Take(Queue& queue, int64_t at_ms, size_t count = 10, int64_t deliveries_max = 4) {
    auto taken =
        queue.Take({.now = At(at_ms), .count_max = count, .visibility = Duration::Milliseconds(100), .deliveries_max = deliveries_max});
    EDGE_CHECK_OK(taken.status());
    EDGE_CHECK_OK(queue.WaitDurable(taken->commit));
    return *std::move(taken);
  }
  static SettledMessages Settle(Queue& queue, const Lease& lease, Verdict::Kind kind, int64_t at_ms, Duration delay = Duration::Zero()) {
    const Verdict verdict{.lease = lease, .kind = kind, .delay = delay};
    auto settled = queue.Settle({&verdict, 1}, At(at_ms));
    EDGE_CHECK_OK(settled.status());
    EDGE_CHECK_OK(queue.WaitDurable(settled->commit));
    return *std::move(settled);
  }
  static std::vector<std::string> Bodies(const std::vector<QueuedMessage>& messages) {
    std::vector<std::string> bodies;
    for (const QueuedMessage& message : messages) bodies.push_back(message.body);
    return bodies;
  }
  static constexpr Verdict::Kind kAck = Verdict::Kind::kAck, kRetry = Verdict::Kind::kRetry;
};

TEST_F(QueueTest, GivesWhatWasSentOnceWhileTheLeaseLastsAndNeverAfterTheAck) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"a", "b", "c"}, 0);
      const TakenMessages taken = Take(*queue, 0, 2);
      EXPECT_THAT(Bodies(taken.messages), ElementsAre("a", "b"));
      EXPECT_EQ(taken.messages[0].attempts, 1);
      EXPECT_EQ(taken.messages[0].id, "id-a");
      EXPECT_EQ(taken.messages[0].sent, At(0));
      EXPECT_THAT(Bodies(Take(*queue, 50).messages), ElementsAre("c"));
      EXPECT_EQ(Settle(*queue, taken.messages[0].lease, kAck, 60).acked, 1u);
      EXPECT_EQ(queue->State()->messages, 2u);
      EXPECT_EQ(queue->State()->in_flight, 2u);
      // b's lease expires at 100, c's at 150.
      EXPECT_THAT(Bodies(Take(*queue, 99).messages), IsEmpty());
      const TakenMessages again = Take(*queue, 100);
      EXPECT_THAT(Bodies(again.messages), ElementsAre("b"));
      EXPECT_EQ(again.messages[0].attempts, 2);
      // In the order in which they came back.
      EXPECT_THAT(Bodies(Take(*queue, 1000).messages), ElementsAre("c", "b"));
    }
    Close();
  });
}

TEST_F(QueueTest, AStaleTokenNeitherAcksNorRetries) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"a"}, 0);
      const Lease first = Take(*queue, 0).messages[0].lease;
      // Expired, though nobody has taken it since.
      EXPECT_EQ(Settle(*queue, first, kAck, 100).stale, 1u);
      const Lease second = Take(*queue, 100).messages[0].lease;
      EXPECT_EQ(Settle(*queue, first, kAck, 110).stale, 1u);
      EXPECT_EQ(Settle(*queue, first, kRetry, 110).stale, 1u);
      EXPECT_EQ(Settle(*queue, second, kAck, 110).acked, 1u);
      EXPECT_EQ(Settle(*queue, second, kAck, 110).stale, 1u);
      EXPECT_EQ(queue->State()->messages, 0u);
      EXPECT_EQ(queue->State()->bytes, 0u);
    }
    Close();
  });
}

TEST_F(QueueTest, WithoutTokensAnOldHolderAcksWhatANewOneHas) {
  Run([&] {
    Open();
    {
      auto queue = Make("orders", {.lease_without_token = true});
      Send(*queue, {"a"}, 0);
      const Lease first = Take(*queue, 0).messages[0].lease;
      Take(*queue, 100);
      EXPECT_EQ(Settle(*queue, first, kAck, 110).acked, 1u);
    }
    Close();
  });
}

TEST_F(QueueTest, DelaysAreNeverEarlyAndOneWakeUpServesAll) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"late"}, 0, Duration::Milliseconds(500));
      Send(*queue, {"now"}, 0);
      // Not a whole millisecond: rounded up.
      Send(*queue, {"fraction"}, 0, Duration::Microseconds(10'500));
      auto look = *queue->Look(At(0), 10);
      EXPECT_EQ(look.due, 1u);
      EXPECT_EQ(look.next, At(11));
      const TakenMessages taken = Take(*queue, 0);
      EXPECT_THAT(Bodies(taken.messages), ElementsAre("now"));
      EXPECT_THAT(Bodies(Take(*queue, 10).messages), IsEmpty());
      EXPECT_THAT(Bodies(Take(*queue, 11).messages), ElementsAre("fraction"));
      EXPECT_EQ(queue->Look(At(11), 10)->next, At(100));
      Settle(*queue, taken.messages[0].lease, kRetry, 50, Duration::Milliseconds(1000));
      EXPECT_THAT(Bodies(Take(*queue, 499).messages), ElementsAre("fraction"));
      EXPECT_THAT(Bodies(Take(*queue, 500).messages), ElementsAre("late"));
      EXPECT_THAT(Bodies(Take(*queue, 1049).messages), ElementsAre("fraction", "late"));
      EXPECT_THAT(Bodies(Take(*queue, 1050).messages), ElementsAre("now"));
    }
    Close();
  });
}

TEST_F(QueueTest, WhatWasDeliveredOftenEnoughIsExhaustedNotDelivered) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"poison"}, 0);
      for (int i = 1; i <= 3; ++i) {
        const TakenMessages taken = Take(*queue, i, 10, 3);
        ASSERT_EQ(taken.messages.size(), 1u);
        EXPECT_EQ(taken.messages[0].attempts, i);
        Settle(*queue, taken.messages[0].lease, kRetry, i);
      }
      Send(*queue, {"good"}, 4);
      TakenMessages taken = Take(*queue, 5, 10, 3);
      EXPECT_THAT(Bodies(taken.exhausted), ElementsAre("poison"));
      EXPECT_THAT(Bodies(taken.messages), ElementsAre("good"));
      // It stays until somebody acks it, and its count stays.
      taken = Take(*queue, 500, 10, 3);
      EXPECT_EQ(taken.exhausted[0].attempts, 3);
      Settle(*queue, taken.exhausted[0].lease, kAck, 501);
      EXPECT_THAT(Bodies(Take(*queue, 5000, 10, 3).exhausted), IsEmpty());
    }
    Close();
  });
}

TEST_F(QueueTest, AKilledNodesDeliveriesComeBackWithTheirCountPullersKeepTheirs) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"a", "b"}, 0);
      Take(*queue, 0, 1);
      const auto pulled = queue->Take({.now = At(1), .visibility = Duration::Seconds(60), .holder = LeaseHolder::kPull});
      EDGE_CHECK_OK(queue->WaitDurable(pulled->commit));
      AfterKill([&](ObjectStore& store, HeardFromStore&) {
        Queue again(world_.scheduler, store, "orders");
        EXPECT_EQ(*again.Release(LeaseHolder::kPush, At(10)), 1u);
        const TakenMessages taken = Take(again, 10);
        ASSERT_THAT(Bodies(taken.messages), ElementsAre("a"));
        EXPECT_EQ(taken.messages[0].attempts, 2);
        EXPECT_EQ(Settle(again, pulled->messages[0].lease, kAck, 11).acked, 1u);
      });
    }
    Close();
  });
}

TEST_F(QueueTest, AFailedSyncTakesBackSendsAndAcksWhole) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"a"}, 0);
      const TakenMessages taken = Take(*queue, 0);
      FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
      const NewMessage lost{.id = "x", .body = "lost"};
      const auto sent = queue->Send({&lost, 1}, At(1));
      const Verdict ack{.lease = taken.messages[0].lease};
      const auto acked = queue->Settle({&ack, 1}, At(1));
      EXPECT_TRUE(absl::IsUnavailable(queue->WaitDurable(*sent)));
      EXPECT_FALSE(queue->WaitDurable(acked->commit).ok());
      Heal();
      EXPECT_EQ(queue->State()->messages, 1u);
      EXPECT_THAT(Bodies(Take(*queue, 100).messages), ElementsAre("a"));
    }
    Close();
  });
}

TEST_F(QueueTest, RetentionDeletesTheOldAlsoWhileLeasedAndPurgeAll) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"old", "older"}, 0);
      Send(*queue, {"young"}, 600'000);
      const TakenMessages taken = Take(*queue, 999'950, 1);
      EXPECT_EQ(queue->Look(At(999'950), 10)->next, At(1'000'000));
      EXPECT_EQ(*queue->Expire(At(999'999)), 0u);
      EXPECT_EQ(*queue->Expire(At(1'000'000)), 2u);
      EXPECT_EQ(queue->State()->messages, 1u);
      EXPECT_EQ(queue->State()->oldest, At(600'000));
      EXPECT_EQ(Settle(*queue, taken.messages[0].lease, kAck, 1'000'001).acked, 1u);
      EXPECT_THAT(Bodies(Take(*queue, 1'000'002).messages), ElementsAre("young"));
      EXPECT_EQ(*queue->Purge(), 1u);
      EXPECT_EQ(queue->State()->messages, 0u);
      EXPECT_EQ(queue->State()->in_flight, 0u);
      EXPECT_EQ(queue->State()->bytes, 0u);
      EXPECT_EQ(queue->Look(At(2'000'000), 10)->next, std::nullopt);
    }
    Close();
  });
}

TEST_F(QueueTest, PeekShowsAllInOrderAndTakesNothing) {
  Run([&] {
    Open();
    {
      auto queue = Make();
      Send(*queue, {"a", "b", "c"}, 0);
      Take(*queue, 0, 1);
      const auto all = queue->Peek(0, 10);
      EXPECT_THAT(Bodies(*all), ElementsAre("a", "b", "c"));
      EXPECT_EQ((*all)[0].attempts, 1);
      EXPECT_EQ((*all)[1].attempts, 0);
      EXPECT_THAT(Bodies(*queue->Peek((*all)[0].sequence, 1)), ElementsAre("b"));
      EXPECT_THAT(Bodies(Take(*queue, 1).messages), ElementsAre("b", "c"));
    }
    Close();
  });
}

TEST(QueueName, IsLowerCaseAndShort) {
  for (const char* good : {"a", "orders-2", "a_b", "0"}) EXPECT_TRUE(IsQueueName(good)) << good;
  for (const std::string& bad : {std::string(), std::string("A"), std::string("a/b"), std::string("a.b"), std::string(64, 'a')}) {
    EXPECT_FALSE(IsQueueName(bad)) << bad;
  }
}

// --- against a model ---

struct ModelMessage {
  std::string body;
  int64_t due = 0, until = 0, token = 0, attempts = 0;
  bool leased = false;
};

// Any sequence of calls, failed syncs and restarts in between, gives what a list of messages gives. What was not waited for may be lost.
class QueueModelTest : public QueueTest {
 protected:
  void Play() {
    Open();
    auto queue = Make();
    int64_t now = 0;
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      now += *rc::gen::inRange(0, 60);
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
        case 1: {
          std::vector<std::string> bodies;
          const int64_t delay = *rc::gen::element(0, 0, 30, 200);
          for (int n = *rc::gen::inRange(1, 5); n > 0; --n) bodies.push_back(StrCat("m", ++sent_));
          Send(*queue, bodies, now, Duration::Milliseconds(delay));
          for (const std::string& body : bodies) model_[++sequence_] = {.body = body, .due = now + delay};
          break;
        }
        case 2:
        case 3:
          TakeBoth(*queue, now);
          break;
        case 4:
        case 5:
          SettleBoth(*queue, now);
          break;
        case 6: {
          queue.reset();
          Restart();
          queue = Make();
          EDGE_CHECK_OK(queue->Release(LeaseHolder::kPush, At(now)).status());
          for (auto& [seq, message] : model_) {
            if (message.leased) message.leased = false, message.due = std::min(now, message.until);
          }
          break;
        }
        case 7: {
          // Whatever is not waited for is undone by a failed sync, whole.
          FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
          const NewMessage lost{.id = "x", .body = "lost"};
          const auto sent = queue->Send({&lost, 1}, At(now));
          const auto taken = queue->Take({.now = At(now), .visibility = Duration::Milliseconds(100)});
          RC_ASSERT(sent.ok() && taken.ok());
          RC_ASSERT(!queue->WaitDurable(taken->commit).ok());
          Heal();
          break;
        }
      }
      const auto state = queue->State();
      RC_ASSERT(state.ok());
      RC_ASSERT(state->messages == model_.size());
      Look(*queue, now);
    }
    queue.reset();
    Close();
  }

  void Look(Queue& queue, int64_t now) {
    size_t due = 0;
    std::optional<int64_t> next;
    for (const auto& [seq, message] : model_) {
      const int64_t at = message.leased ? message.until : message.due;
      if (at <= now) {
        ++due;
      } else if (!next.has_value() || at < *next) {
        next = at;
      }
    }
    const auto look = queue.Look(At(now), 1000);
    RC_ASSERT(look.ok());
    RC_ASSERT(look->due == due);
    if (next.has_value()) RC_ASSERT(look->next == At(*next));
  }

  void TakeBoth(Queue& queue, int64_t now) {
    const size_t count = *rc::gen::inRange<size_t>(1, 6);
    for (auto& [seq, message] : model_) {
      if (message.leased && message.until <= now) message.leased = false, message.due = message.until;
    }
    const TakenMessages taken = Take(queue, now, count, 3);
    std::vector<std::pair<int64_t, int64_t>> order;
    for (const auto& [seq, message] : model_) {
      if (!message.leased && message.due <= now) order.emplace_back(message.due, seq);
    }
    std::sort(order.begin(), order.end());
    std::vector<std::string> expected, exhausted;
    for (const auto& [due, seq] : order) {
      if (expected.size() == count) break;
      ModelMessage& message = model_[seq];
      message.leased = true;
      message.until = now + 100;
      const bool over = message.attempts >= 3;
      if (!over) ++message.attempts;
      (over ? exhausted : expected).push_back(message.body);
    }
    RC_ASSERT(Bodies(taken.messages) == expected);
    RC_ASSERT(Bodies(taken.exhausted) == exhausted);
    for (const auto& list : {taken.messages, taken.exhausted}) {
      for (const QueuedMessage& message : list) {
        ModelMessage& known = model_[message.sequence];
        RC_ASSERT(message.body == known.body && message.attempts == known.attempts && message.lease.token > last_token_);
        known.token = message.lease.token;
        leases_.push_back(message.lease);
      }
    }
    if (!leases_.empty()) last_token_ = std::max(last_token_, leases_.back().token);
  }

  void SettleBoth(Queue& queue, int64_t now) {
    if (leases_.empty()) return;
    const Lease lease = *rc::gen::elementOf(leases_);
    const auto kind = *rc::gen::element(kAck, kRetry);
    const auto found = model_.find(lease.sequence);
    const bool valid = found != model_.end() && found->second.leased && found->second.token == lease.token &&
                       lease.until_ms > At(now).ToUnixMilliseconds();
    const SettledMessages settled = Settle(queue, lease, kind, now, Duration::Milliseconds(20));
    RC_ASSERT(settled.stale == (valid ? 0u : 1u));
    if (!valid) return;
    if (kind == kAck) {
      model_.erase(found);
    } else {
      found->second.leased = false;
      found->second.due = now + 20;
    }
  }

  std::map<int64_t, ModelMessage> model_;
  std::vector<Lease> leases_;
  int64_t sent_ = 0, sequence_ = 0, last_token_ = 0;
};

TEST_F(QueueModelTest, BehavesLikeAListOfMessages) {
  rc::check([] {
    struct OneWorld final : QueueModelTest {
      void TestBody() override {}
      void Once() {
        Run([&] { Play(); });
      }
    };
    OneWorld().Once();
  });
}

}  // namespace
}  // namespace edge::storage
