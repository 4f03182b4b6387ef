#include "runtime/node/kv_service.h"

#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {

void KvService::Close() {
  namespaces_.clear();
  store_ = nullptr;
}

absl::StatusOr<storage::KvNamespace*> KvService::Find(std::string_view id) {
  if (store_ == nullptr) return absl::UnimplementedError("KV is not available: this node keeps no state.");
  const auto found = namespaces_.find(id);
  if (found != namespaces_.end()) return found->second.get();
  EDGE_ASSIGN_OR_RETURN(storage::ObjectKey key, storage::KvNamespace::KeyOf(id));
  auto made = std::make_unique<storage::KvNamespace>(scheduler_, *store_, std::move(key));
  return namespaces_.emplace(std::string(id), std::move(made)).first->second.get();
}

absl::Status KvService::Told(std::string_view what, std::string_view id, const absl::Status& status) {
  if (!status.ok()) ++counts_.failed;
  if (status.ok() || absl::IsUnavailable(status) || absl::IsAborted(status) || absl::IsCancelled(status) || absl::IsUnimplemented(status) ||
      absl::IsOutOfRange(status)) {
    return status;
  }
  log_.Write(worker::Severity::kError, "kv", StrCat(what, " in the namespace ", id, " failed: ", FromAbsl(status.message())));
  return absl::InternalError("KV failed");
}

absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> KvService::Get(std::string_view id, std::span<const std::string> keys,
                                                                            Duration /*cache_ttl*/, const worker::KvCaller& /*caller*/) {
  ++counts_.gets;
  absl::StatusOr<storage::KvNamespace*> found = Find(id);
  if (!found.ok()) return Told("get", id, found.status());
  absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> entries = (*found)->Get(keys, clock_.WallNow());
  if (!entries.ok()) return Told("get", id, entries.status());
  return entries;
}

absl::Status KvService::Put(std::string_view id, const std::string& key, storage::KvEntry entry, const worker::KvCaller& /*caller*/) {
  ++counts_.puts;
  absl::StatusOr<storage::KvNamespace*> found = Find(id);
  return Told("put", id, found.ok() ? (*found)->Put(key, entry, clock_.WallNow()) : found.status());
}

absl::Status KvService::Delete(std::string_view id, const std::string& key, const worker::KvCaller& /*caller*/) {
  ++counts_.deletes;
  absl::StatusOr<storage::KvNamespace*> found = Find(id);
  return Told("delete", id, found.ok() ? (*found)->Delete(key, clock_.WallNow()) : found.status());
}

absl::StatusOr<worker::KvStore::Page> KvService::List(std::string_view id, std::string_view prefix, std::string_view after, size_t limit,
                                                      const worker::KvCaller& /*caller*/) {
  ++counts_.lists;
  absl::StatusOr<storage::KvNamespace*> found = Find(id);
  if (!found.ok()) return Told("list", id, found.status());
  absl::StatusOr<storage::KvPage> page = (*found)->List(prefix, after, limit, clock_.WallNow());
  if (!page.ok()) return Told("list", id, page.status());
  Page told = {.keys = std::move(page->keys), .complete = page->complete};
  if (!told.complete && !told.keys.empty()) told.next = told.keys.back().key;
  return told;
}

}  // namespace edge
