// BatchVerdicts: what a consumer has said about the messages of one batch, and what follows from it. No JavaScript.
//
//   m.ack(); m.retry()        ack; the retry is ignored, with a warning        retryAll(); m.ack()     retry; the ack is ignored, likewise
//   m.retry(); m.ack()        retry; the ack is ignored, likewise              m.ack(); retryAll()     m is acked, the others are retried
//   m.retry({a}); m.retry({b})   retry with the delay b                        m.retry(); ackAll()     m is retried, the others are acked
//   ackAll(); m.retry()       acked; the retry is ignored, likewise            ackAll(); retryAll()    the first of them counts, and
//   reverse
//
// Of what nobody has spoken, the handler's end decides: ack if it went well, else retry. Contract: contract sheet 7.2.
#ifndef EDGE_RUNTIME_WORKER_BATCH_VERDICTS_H_
#define EDGE_RUNTIME_WORKER_BATCH_VERDICTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.h"

namespace edge::worker {

class BatchVerdicts {
 public:
  using Delay = std::optional<Duration>;  // none: the consumer's retry_delay
  struct Verdict {
    enum class Kind : uint8_t { kAck, kRetry } kind = Kind::kAck;
    Delay delay = std::nullopt;  // of a retry
    bool operator==(const Verdict&) const = default;
  };

  explicit BatchVerdicts(std::vector<std::string> ids) : ids_(std::move(ids)), said_(ids_.size()) {}

  // Each returns the warning that is due; empty: none. REQUIRES: index < size().
  std::string Ack(size_t index);
  std::string Retry(size_t index, Delay delay);
  std::string AckAll();
  std::string RetryAll(Delay delay);

  enum class Ended : uint8_t { kWell, kBadly };
  // Of each message in the batch's order.
  std::vector<Verdict> Final(Ended ended) const;
  size_t size() const { return ids_.size(); }

 private:
  const std::vector<std::string> ids_;
  std::vector<std::optional<Verdict>> said_;  // of single messages
  std::optional<Verdict> all_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_BATCH_VERDICTS_H_
