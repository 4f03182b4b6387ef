// EventualKv: KV as it looks on a platform with many places: a read may come from the cache of a place that has not heard of the last
// write.
//
// It stands in front of a node's KvService, remembers for a while what each key was before it was written, and asks the adversary what a
// call meets. What it may answer with is what the contract allows (contract sheet 4.2 to 4.4): a version (absence is one) that was current
// within the last max(60 s, cacheTtl), never one that has expired, value and metadata of one write. In production nobody makes one.
//
// What an adversary is asked (key: causal; of the operation, and of the key where there are several): kv.stale {stale: the version before
// the last write} · kv.stale_far {stale: the oldest that is allowed} · kv.stale_own {stale: although this very event has written since} ·
// kv.list_short {drop: a page has fewer keys, or none, and is not the last} · kv.too_many {fail-before: the key was written less than a
// second ago} · kv.error {fail-before; fail-after: the write is done and the answer lost}.
#ifndef EDGE_RUNTIME_NODE_EVENTUAL_KV_H_
#define EDGE_RUNTIME_NODE_EVENTUAL_KV_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/adversary.h"
#include "runtime/worker/kv_store.h"
#include "runtime/worker/plants.h"

namespace edge {

// Told of every operation: for checks.
class KvObserver {
 public:
  using Entry = std::optional<storage::KvEntry>;  // none: there is no such pair
  virtual ~KvObserver() = default;
  // A number for OnWriteEnded.
  virtual uint64_t OnWriteBegan(std::string_view id, const std::string& key, const Entry& entry, WallTime now) = 0;
  enum class Written : uint8_t { kAcknowledged, kRefused, kUnknown };
  virtual void OnWriteEnded(uint64_t write, Written written, WallTime now) = 0;
  // What a read has seen. `window`: how old that may be.
  struct Read {
    Instant began;
    WallTime calendar;      // when it began
    WallTime calendar_end;  // now
    Duration window;
  };
  virtual void OnRead(std::string_view id, const std::string& key, const Entry& seen, const Read& read) = 0;
};

class EventualKv final : public worker::KvStore {
 public:
  // All borrowed. `plants` and `observer` may be null.
  EventualKv(worker::KvStore& store, Scheduler& scheduler, Adversary& adversary, const worker::Plants* plants, KvObserver* observer)
      : store_(store), scheduler_(scheduler), adversary_(adversary), plants_(plants), observer_(observer), forgotten_(scheduler) {}
  ~EventualKv() override;

  absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> Get(std::string_view id, std::span<const std::string> keys,
                                                                   Duration cache_ttl, const worker::KvCaller& caller) override;
  absl::Status Put(std::string_view id, const std::string& key, storage::KvEntry entry, const worker::KvCaller& caller) override;
  absl::Status Delete(std::string_view id, const std::string& key, const worker::KvCaller& caller) override;
  absl::StatusOr<Page> List(std::string_view id, std::string_view prefix, std::string_view after, size_t limit,
                            const worker::KvCaller& caller) override;
  // Ends what a plant has left behind. MAY SUSPEND.
  void Close();

 private:
  // What a key was before a write.
  struct Version {
    std::optional<storage::KvEntry> entry;
    Instant current;  // it certainly was, then
    uint64_t writer;  // the event that has replaced it
  };
  struct History {
    std::deque<Version> versions;  // oldest first
    std::optional<Instant> written;
  };

  History& HistoryOf(std::string_view id, const std::string& key) { return histories_[{std::string(id), key}]; }
  bool Strikes(std::string_view point, uint64_t key, Mischief kind) { return adversary_.Consider(point, key, {kind}).kind == kind; }
  // What the reader gets instead of what is there; null: what is there.
  const Version* ChooseStale(std::string_view id, const std::string& key, Duration window, uint64_t key_of_read, uint64_t invocation);
  absl::Status Write(std::string_view id, const std::string& key, std::optional<storage::KvEntry> entry, const worker::KvCaller& caller);
  absl::Status WriteThrough(std::string_view id, const std::string& key, const std::optional<storage::KvEntry>& entry,
                            const worker::KvCaller& caller);
  WallTime WallNow() const { return scheduler_.clock().WallNow(); }

  worker::KvStore& store_;
  Scheduler& scheduler_;
  Adversary& adversary_;
  const worker::Plants* const plants_;
  KvObserver* const observer_;
  std::map<std::pair<std::string, std::string>, History> histories_;  // by identifier and key
  TaskGroup forgotten_;                                               // writes that a plant has acknowledged too early
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_EVENTUAL_KV_H_
