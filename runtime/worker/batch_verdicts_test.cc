// The precedence table of the contract sheet (7.2), one test per row.
#include "runtime/worker/batch_verdicts.h"

#include <gtest/gtest.h>

#include "runtime/base/str_cat.h"

namespace edge::worker {
namespace {

using Ended = BatchVerdicts::Ended;

// A batch of two messages, "a" and "b": what the calls warn of, and what becomes of both: "retry(5) ack".
struct Batch {
  BatchVerdicts verdicts{{"a", "b"}};
  std::string warnings;
  Batch& Ack() { return Hear(verdicts.Ack(0)); }
  Batch& Retry(BatchVerdicts::Delay delay = std::nullopt) { return Hear(verdicts.Retry(0, delay)); }
  Batch& AckAll() { return Hear(verdicts.AckAll()); }
  Batch& RetryAll(BatchVerdicts::Delay delay = std::nullopt) { return Hear(verdicts.RetryAll(delay)); }
  Batch& Hear(const std::string& warning) {
    if (!warning.empty()) StrAppend(&warnings, warning, "\n");
    return *this;
  }
  std::string End(Ended ended) const {
    std::string text;
    for (const BatchVerdicts::Verdict& verdict : verdicts.Final(ended)) {
      StrAppend(&text, text.empty() ? "" : " ", verdict.kind == BatchVerdicts::Verdict::Kind::kAck ? "ack" : "retry");
      if (verdict.delay.has_value()) StrAppend(&text, "(", verdict.delay->ToSeconds(), ")");
    }
    return text;
  }
};

constexpr Duration Seconds(int64_t n) { return Duration::Seconds(n); }

TEST(BatchVerdicts, TheHandlersEndDecidesWhatNobodyHasSpokenOf) {
  EXPECT_EQ(Batch().End(Ended::kWell), "ack ack");
  EXPECT_EQ(Batch().End(Ended::kBadly), "retry retry");
  EXPECT_EQ(Batch().Ack().End(Ended::kBadly), "ack retry");
  EXPECT_EQ(Batch().Retry().End(Ended::kWell), "retry ack");
  EXPECT_EQ(Batch().AckAll().End(Ended::kBadly), "ack ack");
  EXPECT_EQ(Batch().RetryAll(Seconds(3)).End(Ended::kWell), "retry(3) retry(3)");
}

TEST(BatchVerdicts, AckThenRetryIsAnAck) {
  Batch batch;
  EXPECT_EQ(batch.Ack().Retry().End(Ended::kWell), "ack ack");
  EXPECT_EQ(batch.warnings,
            "Received a call to retry() on message a after ack() was already called. Calling retry() on a message after calling ack() has "
            "no effect.\n");
}

TEST(BatchVerdicts, RetryThenAckIsARetry) {
  Batch batch;
  EXPECT_EQ(batch.Retry().Ack().End(Ended::kWell), "retry ack");
  EXPECT_EQ(batch.warnings,
            "Received a call to ack() on message a after retry() was already called. Calling ack() on a message after calling retry() has "
            "no effect.\n");
}

TEST(BatchVerdicts, TheLastDelayCounts) {
  Batch batch;
  EXPECT_EQ(batch.Retry(Seconds(1)).Retry(Seconds(2)).End(Ended::kWell), "retry(2) ack");
  EXPECT_EQ(batch.Retry().End(Ended::kWell), "retry(2) ack");
  EXPECT_EQ(batch.Retry(Seconds(0)).End(Ended::kWell), "retry(0) ack");
  EXPECT_EQ(batch.warnings, "");
}

TEST(BatchVerdicts, AckAllThenRetryIsAcked) {
  Batch batch;
  EXPECT_EQ(batch.AckAll().Retry().End(Ended::kBadly), "ack ack");
  EXPECT_EQ(
      batch.warnings,
      "Received a call to retry() on message a after ackAll() was already called. Calling retry() on a message after calling ackAll() "
      "has no effect.\n");
}

TEST(BatchVerdicts, RetryAllThenAckIsRetried) {
  Batch batch;
  EXPECT_EQ(batch.RetryAll().Ack().End(Ended::kWell), "retry retry");
  EXPECT_EQ(
      batch.warnings,
      "Received a call to ack() on message a after retryAll() was already called. Calling ack() on a message after calling retryAll() "
      "has no effect.\n");
}

TEST(BatchVerdicts, RetryAllThenRetryGivesTheMessageItsOwnDelay) {
  EXPECT_EQ(Batch().RetryAll(Seconds(7)).Retry(Seconds(1)).End(Ended::kWell), "retry(1) retry(7)");
}

TEST(BatchVerdicts, AckThenRetryAllKeepsTheAck) { EXPECT_EQ(Batch().Ack().RetryAll(Seconds(4)).End(Ended::kWell), "ack retry(4)"); }

TEST(BatchVerdicts, RetryThenAckAllKeepsTheRetry) { EXPECT_EQ(Batch().Retry(Seconds(4)).AckAll().End(Ended::kWell), "retry(4) ack"); }

TEST(BatchVerdicts, OfAckAllAndRetryAllTheFirstCounts) {
  Batch acked, retried;
  EXPECT_EQ(acked.AckAll().RetryAll().End(Ended::kBadly), "ack ack");
  EXPECT_EQ(acked.warnings,
            "Received a call to retryAll() after ackAll() was already called. Calling retryAll() after calling ackAll() has no effect.\n");
  EXPECT_EQ(retried.RetryAll().AckAll().End(Ended::kWell), "retry retry");
  EXPECT_EQ(retried.warnings,
            "Received a call to ackAll() after retryAll() was already called. Calling ackAll() after calling retryAll() has no effect.\n");
}

}  // namespace
}  // namespace edge::worker
