#include "sim/scenario/kv_ledger.h"

#include <algorithm>

#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr size_t kShownBytes = 60;

std::string Shown(const KvObserver::Entry& entry) {
  if (!entry.has_value()) return "nothing";
  return StrCat("\"", entry->value.substr(0, kShownBytes), entry->value.size() > kShownBytes ? "...\"" : "\"",
                entry->metadata.empty() ? "" : StrCat(" with the metadata ", entry->metadata.substr(0, kShownBytes)));
}

}  // namespace

uint64_t KvLedger::OnWriteBegan(std::string_view id, const std::string& key, const Entry& entry, WallTime now) {
  latest_ = std::max(latest_, now);
  const uint64_t number = writes_.size();
  writes_.push_back({.entry = entry, .begin = now_()});
  by_key_[{std::string(id), key}].push_back(number);
  return number;
}

void KvLedger::OnWriteEnded(uint64_t write, Written written, WallTime now) {
  latest_ = std::max(latest_, now);
  if (written == Written::kAcknowledged) writes_[write].end = now_();
  writes_[write].refused = written == Written::kRefused;
}

bool KvLedger::ReplacedBefore(const std::vector<uint64_t>& writes, const Write* write, Instant time) const {
  return std::any_of(writes.begin(), writes.end(), [&](uint64_t number) {
    const Write& other = writes_[number];
    if (&other == write || other.end.IsInfinite() || other.end >= time) return false;
    // Before the first write there was nothing.
    return write == nullptr || (!write->end.IsInfinite() && other.begin > write->end);
  });
}

void KvLedger::OnRead(std::string_view id, const std::string& key, const Entry& seen, const Read& read) {
  ++reads_;
  latest_ = std::max({latest_, read.calendar, read.calendar_end});
  if (!problem_.empty()) return;
  const Duration window = may_be_stale_() ? read.window : Duration::Zero();
  const std::vector<uint64_t>& writes = by_key_[{std::string(id), key}];
  const Instant since = read.began + (Duration::Zero() - window);
  const auto expired = [](const Entry& entry, WallTime at) {
    return entry.has_value() && entry->expiration_s.has_value() && *entry->expiration_s <= at.ToUnixSeconds();
  };
  if (expired(seen, read.calendar)) {
    problem_ = StrCat("a read of the key \"", key, "\" gave ", Shown(seen), ", which had expired");
    return;
  }
  bool known = !seen.has_value();
  if (!seen.has_value() && !ReplacedBefore(writes, nullptr, since)) return;
  for (const uint64_t number : writes) {
    const Write& write = writes_[number];
    if (write.refused) continue;
    const bool same = seen.has_value() ? write.entry == seen : !write.entry.has_value() || expired(write.entry, latest_);
    if (!same) continue;
    known = true;
    if (!ReplacedBefore(writes, &write, since)) return;
  }
  problem_ =
      !known ? StrCat("a read of the key \"", key, "\" gave ", Shown(seen), ", which was never put")
             : StrCat("a read of the key \"", key, "\" gave ", Shown(seen), ", although a later write had been acknowledged ",
                      window > Duration::Zero() ? StrCat("more than ", window.ToSeconds(), " s before") : std::string("before it began"));
}

}  // namespace edge::sim
