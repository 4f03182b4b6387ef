// KvService: the KV namespaces of a node over its store: one place, so that every read sees the last write.
#ifndef EDGE_RUNTIME_NODE_KV_SERVICE_H_
#define EDGE_RUNTIME_NODE_KV_SERVICE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "runtime/fiber/scheduler.h"
#include "runtime/seam/clock.h"
#include "runtime/worker/kv_store.h"
#include "runtime/worker/log.h"
#include "storage/kv/kv_namespace.h"

namespace edge {

class KvService final : public worker::KvStore {
 public:
  // All borrowed. Until Open, and after Close, nothing is there: kUnimplemented.
  KvService(Scheduler& scheduler, const Clock& clock, worker::Log& log) : scheduler_(scheduler), clock_(clock), log_(log) {}

  // Calls since the start: many keys at once are one; a failed one is counted there too.
  struct Counts {
    uint64_t gets = 0, puts = 0, deletes = 0, lists = 0;
    uint64_t failed = 0;
  };
  const Counts& counts() const { return counts_; }

  void Open(storage::ObjectStore& store) { store_ = &store; }
  // REQUIRES: no call is under way.
  void Close();

  absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> Get(std::string_view id, std::span<const std::string> keys,
                                                                   Duration cache_ttl, const worker::KvCaller& caller) override;
  absl::Status Put(std::string_view id, const std::string& key, storage::KvEntry entry, const worker::KvCaller& caller) override;
  absl::Status Delete(std::string_view id, const std::string& key, const worker::KvCaller& caller) override;
  absl::StatusOr<Page> List(std::string_view id, std::string_view prefix, std::string_view after, size_t limit,
                            const worker::KvCaller& caller) override;

 private:
  absl::StatusOr<storage::KvNamespace*> Find(std::string_view id);
  // As KvStore's errors; what they do not say is logged.
  absl::Status Told(std::string_view what, std::string_view id, const absl::Status& status);

  Scheduler& scheduler_;
  const Clock& clock_;
  worker::Log& log_;
  storage::ObjectStore* store_ = nullptr;
  Counts counts_;
  std::map<std::string, std::unique_ptr<storage::KvNamespace>, std::less<>> namespaces_;  // used so far, by identifier
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_KV_SERVICE_H_
