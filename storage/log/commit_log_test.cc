#include "storage/log/commit_log.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/log/log_testing.h"
#include "storage/log/testing/log_world.h"

namespace edge::storage {
namespace {

using Stop = LogRecovery::Stop;

class CommitLogTest : public ::testing::Test, protected LogWorld {};

TEST_F(CommitLogTest, TellsAtTheNextOpeningWhatWasAppended) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(recovery.stop, Stop::kClean);
    AppendDurably("one");
    AppendDurably(std::string(10'000, 'x'));
    Append("three");
    EXPECT_TRUE(Close().ok());

    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(recovery.stop, Stop::kClean);
    EXPECT_EQ(recovery.records, 3u);
    ExpectAllTold();
    AppendDurably("four");
    EXPECT_TRUE(Close().ok());

    ASSERT_TRUE(Open(0).ok());
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(CommitLogTest, AppendsOfOneTurnShareABatch) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 100; ++i) Append("x");
    EXPECT_LT(log->durable(), log->end());
    EXPECT_TRUE(log->WaitDurable(log->end(), Instant::Infinite()).ok());
    EXPECT_GE(log->durable(), log->end());
    EXPECT_EQ(log->stats().batches, 1u);
    EXPECT_EQ(log->stats().records, 100u);
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(CommitLogTest, AWaiterWaitsForItsOwnBatchOnly) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    const Position first = AppendDurably("x");
    EXPECT_TRUE(log->WaitDurable(first, world.time.Now()).ok());
    const Position second = Append("y");
    EXPECT_TRUE(absl::IsDeadlineExceeded(log->WaitDurable(second, world.time.Now())));
    EXPECT_TRUE(absl::IsInvalidArgument(log->WaitDurable(second + 1, Instant::Infinite())));
    EXPECT_TRUE(log->WaitDurable(second, Instant::Infinite()).ok());
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(CommitLogTest, GoesOnOverManyFilesAndTransactionsLargerThanOne) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 100; ++i) AppendDurably(std::string(static_cast<size_t>(i * 100), static_cast<char>('a' + i % 26)));
    AppendDurably(std::string(300'000, 'L'));
    AppendDurably("behind");
    EXPECT_GT(Files().size(), 5u);
    EXPECT_TRUE(Close().ok());
    ASSERT_TRUE(Open().ok());
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(CommitLogTest, TrimRecyclesFilesAndSurvivesARestart) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    AppendDurably(std::string(200'000, 'L'));
    Position trimmed = 0;
    for (int i = 0; i < 500; ++i) {
      trimmed = AppendDurably(std::string(3000, 'x'));
      if (i % 10 == 0) {
        ASSERT_TRUE(log->Trim(trimmed).ok());
      }
      EXPECT_LE(Files().size(), 5u);
      EXPECT_LE(log->size_bytes(), 100'000u);
    }
    EXPECT_TRUE(absl::IsInvalidArgument(log->Trim(trimmed + 10'000)));
    ASSERT_TRUE(log->Trim(trimmed).ok());
    AppendDurably("after");
    EXPECT_TRUE(Close().ok());

    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(recovery.begin, trimmed);
    EXPECT_LT(told.records.size(), 50u);
    EXPECT_EQ(told.records.back(), expected.back());
    EXPECT_TRUE(Close().ok());
    EXPECT_TRUE(absl::IsDataLoss(Open(0)));
    EXPECT_TRUE(absl::IsDataLoss(Open(recovery.end + 100'000)));
    ASSERT_TRUE(Open(trimmed).ok());
    EXPECT_EQ(told.records.size(), 1u);
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(CommitLogTest, AKilledProcessLosesNothingAndItsLastBatchIsReported) {
  world.Run([&] {
    RunAndKill([&] {
      ASSERT_TRUE(Open().ok());
      AppendDurably("one");
      AppendDurably("two");
    });
    size_t files = 0;
    for (int i = 0; i < 5; ++i) {
      RunAndKill([&] { ASSERT_TRUE(Open().ok()); });
      EXPECT_EQ(recovery.stop, i == 0 ? Stop::kWholeTail : Stop::kClean);
      ExpectAllTold();
      if (i > 1) {
        EXPECT_EQ(Files().size(), files) << "each start leaves a file behind";
      }
      files = Files().size();
    }
    RunAndKill([&] {
      ASSERT_TRUE(Open().ok());
      AppendDurably("three");
    });
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(recovery.stop, Stop::kWholeTail);
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

}  // namespace
}  // namespace edge::storage
