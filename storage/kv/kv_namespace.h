// KvNamespace: the keys and values of one KV namespace: a system object on the one log (space "edge/kv/ID").
//
// Every call is one transaction and returns when what it did, or has seen, is durable: a reader is never told of a value that a crash
// could take back. Keys are ordered by their bytes. A pair whose expiration has come is invisible at once; it is removed a little later,
// some with every write. A value longer than what SQLite takes as one is kept in pieces.
//
// It knows nothing of limits, of locations or of caches: those are the platform's, above (runtime/worker/kv_binding.h, runtime/node).
#ifndef EDGE_STORAGE_KV_KV_NAMESPACE_H_
#define EDGE_STORAGE_KV_KV_NAMESPACE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "storage/system/system_object.h"

namespace edge::storage {

struct KvEntry {
  std::string value;
  std::string metadata;                 // JSON text; empty: none
  std::optional<int64_t> expiration_s;  // Unix time from which on the pair does not exist
  bool operator==(const KvEntry&) const = default;
};

struct KvListed {
  std::string key;
  std::string metadata;
  std::optional<int64_t> expiration_s;
  bool operator==(const KvListed&) const = default;
};

struct KvPage {
  std::vector<KvListed> keys;  // in order
  bool complete = true;        // there are no more
};

class KvNamespace {
 public:
  static constexpr size_t kIdBytesMax = 64;
  // Where the namespace of that identifier is kept; different for different identifiers. kInvalidArgument: empty or too long.
  static absl::StatusOr<ObjectKey> KeyOf(std::string_view id);

  // `store` is borrowed. REQUIRES: a key of KeyOf.
  KvNamespace(Scheduler& scheduler, ObjectStore& store, ObjectKey key);

  // In the order of `keys`. Errors: kOutOfRange: the values of several keys are more than 25 MiB together; kUnavailable: the storage
  // was reset while reading; others as SystemObject. MAY SUSPEND.
  absl::StatusOr<std::vector<std::optional<KvEntry>>> Get(std::span<const std::string> keys, WallTime now);
  // Durable when it returns OK. kUnavailable: whether it was stored is not known. kResourceExhausted: no room. MAY SUSPEND.
  absl::Status Put(std::string_view key, const KvEntry& entry, WallTime now);
  // OK if there is no such key. Errors as Put. MAY SUSPEND.
  absl::Status Delete(std::string_view key, WallTime now);
  // Keys that begin with `prefix` and come after `after` (empty: from the first), at most `limit`. Errors as Get. MAY SUSPEND.
  absl::StatusOr<KvPage> List(std::string_view prefix, std::string_view after, size_t limit, WallTime now);

  // Pairs that are kept, expired ones that have not been removed yet among them. MAY SUSPEND.
  absl::StatusOr<int64_t> KeptPairs();
  void CloseIdle() { object_.CloseIdle(); }
  const ObjectKey& key() const { return object_.key(); }

 private:
  absl::Status Write(absl::FunctionRef<absl::Status(SystemSession& db)> body);
  // Until what `body` has seen is durable; reads anew if it was undone instead.
  absl::Status Read(absl::FunctionRef<absl::Status(SystemSession& db)> body);

  SystemObject object_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_KV_KV_NAMESPACE_H_
