#include "runtime/worker/batch_verdicts.h"

#include <string_view>

#include "runtime/base/str_cat.h"

namespace edge::worker {
namespace {

using Kind = BatchVerdicts::Verdict::Kind;

// As on the platform.
std::string Ignored(std::string_view call, std::string_view on, std::string_view earlier, std::string_view sentence) {
  return StrCat("Received a call to ", call, on, " after ", earlier, " was already called. Calling ", sentence, " has no effect.");
}

}  // namespace

std::string BatchVerdicts::Ack(size_t index) {
  if (all_.has_value() && all_->kind == Kind::kAck) return "";
  const std::string on = StrCat(" on message ", ids_[index]);
  if (all_.has_value()) return Ignored("ack()", on, "retryAll()", "ack() on a message after calling retryAll()");
  std::optional<Verdict>& said = said_[index];
  if (said.has_value() && said->kind == Kind::kRetry) return Ignored("ack()", on, "retry()", "ack() on a message after calling retry()");
  said = Verdict{Kind::kAck};
  return "";
}

std::string BatchVerdicts::Retry(size_t index, Delay delay) {
  const std::string on = StrCat(" on message ", ids_[index]);
  if (all_.has_value() && all_->kind == Kind::kAck) {
    return Ignored("retry()", on, "ackAll()", "retry() on a message after calling ackAll()");
  }
  std::optional<Verdict>& said = said_[index];
  if (said.has_value() && said->kind == Kind::kAck) return Ignored("retry()", on, "ack()", "retry() on a message after calling ack()");
  if (!said.has_value()) said = Verdict{Kind::kRetry};
  if (delay.has_value()) said->delay = delay;
  return "";
}

std::string BatchVerdicts::AckAll() {
  if (all_.has_value() && all_->kind == Kind::kRetry) return Ignored("ackAll()", "", "retryAll()", "ackAll() after calling retryAll()");
  all_ = Verdict{Kind::kAck};
  return "";
}

std::string BatchVerdicts::RetryAll(Delay delay) {
  if (all_.has_value() && all_->kind == Kind::kAck) return Ignored("retryAll()", "", "ackAll()", "retryAll() after calling ackAll()");
  if (!all_.has_value()) all_ = Verdict{Kind::kRetry};
  if (delay.has_value()) all_->delay = delay;
  return "";
}

std::vector<BatchVerdicts::Verdict> BatchVerdicts::Final(Ended ended) const {
  const Verdict otherwise = all_.value_or(Verdict{ended == Ended::kWell ? Kind::kAck : Kind::kRetry});
  std::vector<Verdict> verdicts;
  for (const std::optional<Verdict>& said : said_) verdicts.push_back(said.value_or(otherwise));
  return verdicts;
}

}  // namespace edge::worker
