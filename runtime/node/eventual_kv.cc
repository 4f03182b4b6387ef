#include "runtime/node/eventual_kv.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"

namespace edge {
namespace {

constexpr Duration kWindowMin = Duration::Seconds(60);  // how old a read may be, whatever the reader asks for
constexpr Duration kKept = Duration::Seconds(3600);     // versions; a longer cacheTtl sees no older ones
constexpr size_t kVersionsMax = 8;                      // of a key
constexpr Duration kBetweenWrites = Duration::Seconds(1);

absl::Status Lost() { return absl::UnavailableError("the connection to KV was lost"); }
bool IsExpired(const storage::KvEntry& entry, WallTime now) {
  return entry.expiration_s.has_value() && *entry.expiration_s <= now.ToUnixSeconds();
}

// Something that comes right before `key`; empty: there is nothing.
std::string Before(const std::string& key) {
  std::string before = key.substr(0, key.size() - 1);
  if (key.back() != '\0') before.append({static_cast<char>(static_cast<unsigned char>(key.back()) - 1), '\xff'});
  return before;
}

}  // namespace

EventualKv::~EventualKv() { EDGE_CHECK(forgotten_.size() == 0) << "not closed"; }

void EventualKv::Close() {
  forgotten_.Cancel();
  forgotten_.Wait();
}

const EventualKv::Version* EventualKv::ChooseStale(std::string_view id, const std::string& key, Duration window, uint64_t key_of_read,
                                                   uint64_t invocation) {
  const auto found = histories_.find({std::string(id), key});
  if (found == histories_.end()) return nullptr;
  const Instant now = scheduler_.clock().Now();
  std::vector<const Version*> allowed;  // newest first
  bool own = false;
  for (auto version = found->second.versions.rbegin(); version != found->second.versions.rend(); ++version) {
    if (now - version->current > window) break;
    own = own || version->writer == invocation;
    const bool negative = !version->entry.has_value() || IsExpired(*version->entry, WallNow());
    // An expired pair is gone everywhere; that it was there before does not make it absent before.
    if (negative && version->entry.has_value()) continue;
    if (negative && plants_ != nullptr && plants_->kv_no_negative_cache) continue;
    allowed.push_back(&*version);
  }
  if (allowed.empty() || !Strikes("kv.stale", key_of_read, Mischief::kStale)) return nullptr;
  if (own && !Strikes("kv.stale_own", key_of_read, Mischief::kStale)) return nullptr;
  return Strikes("kv.stale_far", key_of_read, Mischief::kStale) ? allowed.back() : allowed.front();
}

absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> EventualKv::Get(std::string_view id, std::span<const std::string> keys,
                                                                             Duration cache_ttl, const worker::KvCaller& caller) {
  if (Strikes("kv.error", caller.key, Mischief::kFailBefore)) return Lost();
  const Instant began = scheduler_.clock().Now();
  const WallTime calendar = WallNow();
  const Duration window = std::max(kWindowMin, cache_ttl);
  EDGE_ASSIGN_OR_RETURN(std::vector<std::optional<storage::KvEntry>> entries, store_.Get(id, keys, cache_ttl, caller));
  for (size_t i = 0; i < keys.size(); ++i) {
    const Version* const stale = ChooseStale(id, keys[i], window, CombineHash(caller.key, StableHash(keys[i])), caller.invocation);
    if (stale != nullptr) entries[i] = stale->entry;
    if (observer_ != nullptr) {
      observer_->OnRead(id, keys[i], entries[i], {.began = began, .calendar = calendar, .calendar_end = WallNow(), .window = window});
    }
  }
  return entries;
}

absl::Status EventualKv::WriteThrough(std::string_view id, const std::string& key, const std::optional<storage::KvEntry>& entry,
                                      const worker::KvCaller& caller) {
  return entry.has_value() ? store_.Put(id, key, *entry, caller) : store_.Delete(id, key, caller);
}

absl::Status EventualKv::Write(std::string_view id, const std::string& key, std::optional<storage::KvEntry> entry,
                               const worker::KvCaller& caller) {
  const Instant now = scheduler_.clock().Now();
  {
    History& history = HistoryOf(id, key);
    const bool soon = history.written.has_value() && now - *history.written < kBetweenWrites;
    if (soon && Strikes("kv.too_many", caller.key, Mischief::kFailBefore)) return absl::ResourceExhaustedError("429");
  }
  const MischiefChoice error = adversary_.Consider("kv.error", caller.key, {Mischief::kFailBefore, Mischief::kFailAfter});
  if (error.kind == Mischief::kFailBefore) return Lost();

  const uint64_t write = observer_ != nullptr ? observer_->OnWriteBegan(id, key, entry, WallNow()) : 0;
  const auto ended = [&](KvObserver::Written written) {
    if (observer_ != nullptr) observer_->OnWriteEnded(write, written, WallNow());
  };
  absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> before = store_.Get(id, {&key, 1}, kWindowMin, caller);
  if (!before.ok()) {
    ended(KvObserver::Written::kRefused);
    return before.status();
  }
  {
    History& history = HistoryOf(id, key);
    history.written = now;
    history.versions.push_back({.entry = std::move(before->front()), .current = now, .writer = caller.invocation});
    while (history.versions.size() > kVersionsMax || now - history.versions.front().current > kKept) history.versions.pop_front();
  }
  if (plants_ != nullptr && plants_->kv_acknowledges_early) {
    const absl::Status spawned = forgotten_.Spawn(
        "kv.early", [this, id = std::string(id), key, entry, caller] { WriteThrough(id, key, entry, caller).IgnoreError(); });
    if (spawned.ok()) {
      ended(KvObserver::Written::kAcknowledged);
      return absl::OkStatus();
    }
  }
  const absl::Status written = WriteThrough(id, key, entry, caller);
  ended(written.ok() ? KvObserver::Written::kAcknowledged : KvObserver::Written::kUnknown);
  if (written.ok() && error.kind == Mischief::kFailAfter) return Lost();
  return written;
}

absl::Status EventualKv::Put(std::string_view id, const std::string& key, storage::KvEntry entry, const worker::KvCaller& caller) {
  return Write(id, key, std::move(entry), caller);
}

absl::Status EventualKv::Delete(std::string_view id, const std::string& key, const worker::KvCaller& caller) {
  return Write(id, key, std::nullopt, caller);
}

absl::StatusOr<worker::KvStore::Page> EventualKv::List(std::string_view id, std::string_view prefix, std::string_view after, size_t limit,
                                                       const worker::KvCaller& caller) {
  if (Strikes("kv.error", caller.key, Mischief::kFailBefore)) return Lost();
  EDGE_ASSIGN_OR_RETURN(Page page, store_.List(id, prefix, after, limit, caller));
  // Up to where this page speaks of keys.
  const std::string end = page.complete || page.keys.empty() ? std::string() : page.keys.back().key;
  for (auto item = histories_.lower_bound({std::string(id), std::string(prefix)});
       item != histories_.end() && item->first.first == id && item->first.second.starts_with(prefix); ++item) {
    const std::string& key = item->first.second;
    if (key <= after && !after.empty()) continue;
    if (!end.empty() && key > end) break;
    const Version* const stale = ChooseStale(id, key, kWindowMin, CombineHash(caller.key, StableHash(key)), caller.invocation);
    if (stale == nullptr) continue;
    const auto place = std::lower_bound(page.keys.begin(), page.keys.end(), key,
                                        [](const storage::KvListed& listed, const std::string& name) { return listed.key < name; });
    const bool listed = place != page.keys.end() && place->key == key;
    if (!stale->entry.has_value()) {
      if (listed) page.keys.erase(place);
    } else if (listed) {
      place->metadata = stale->entry->metadata;
      place->expiration_s = stale->entry->expiration_s;
    } else if (page.keys.size() < limit) {
      page.keys.insert(place, {.key = key, .metadata = stale->entry->metadata, .expiration_s = stale->entry->expiration_s});
    }
  }
  if (!page.keys.empty() && Strikes("kv.list_short", caller.key, Mischief::kDrop)) {
    const size_t kept = caller.key % page.keys.size();
    const std::string next = kept > 0 ? page.keys[kept - 1].key : Before(page.keys.front().key);
    if (!next.empty()) {
      page.keys.resize(kept);
      page.complete = false;
      page.next = next;
    }
  }
  return page;
}

}  // namespace edge
