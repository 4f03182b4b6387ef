// KvStore: the KV namespaces of a node, as code that runs somewhere sees them.
//
// Where code runs matters: the platform answers reads from a cache of the place (contract sheet 4.2). In production one node is one place
// and every read sees the last write; a simulation's store may answer as other places would.
#ifndef EDGE_RUNTIME_WORKER_KV_STORE_H_
#define EDGE_RUNTIME_WORKER_KV_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "storage/kv/kv_namespace.h"

namespace edge::worker {

// Who asks.
struct KvCaller {
  uint64_t key = 0;         // causal, of this operation
  uint64_t invocation = 0;  // causal, of the event that it belongs to
};

// Errors of all: kResourceExhausted: too many writes of that key; kOutOfRange: many values, more than 25 MiB together; kUnavailable: the
// connection was lost, and a write may have been done; kInternal: everything else, which the log explains. All MAY SUSPEND.
class KvStore {
 public:
  virtual ~KvStore() = default;
  // In the order of `keys`. `cache_ttl`: how old an answer may be; at least 60 s on the platform.
  virtual absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> Get(std::string_view id, std::span<const std::string> keys,
                                                                           Duration cache_ttl, const KvCaller& caller) = 0;
  // Durable when it returns OK.
  virtual absl::Status Put(std::string_view id, const std::string& key, storage::KvEntry entry, const KvCaller& caller) = 0;
  virtual absl::Status Delete(std::string_view id, const std::string& key, const KvCaller& caller) = 0;
  struct Page {
    std::vector<storage::KvListed> keys;
    bool complete = true;
    std::string next;  // what the next page comes after; valid unless complete. Not necessarily the last of `keys`
  };
  virtual absl::StatusOr<Page> List(std::string_view id, std::string_view prefix, std::string_view after, size_t limit,
                                    const KvCaller& caller) = 0;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_KV_STORE_H_
