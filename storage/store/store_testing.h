// For tests of the store and of what stands on it: a world with a disk in memory, an observer that remembers, and objects that are one
// table of keys and values.
#ifndef EDGE_STORAGE_STORE_STORE_TESTING_H_
#define EDGE_STORAGE_STORE_STORE_TESTING_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/store/object_store.h"

namespace edge::storage {

inline ObjectKey StoreTestKey(int object, std::string_view space = "app/Thing") {
  std::string id(64, '0');
  // The first digits spread over folders, the last are the number.
  uint64_t hash = MixHash(static_cast<uint64_t>(object));
  for (size_t i = 0; i < 4; ++i, hash >>= 4) id[i] = "0123456789abcdef"[hash & 15];
  for (size_t i = id.size(); object > 0; object /= 10) id[--i] = static_cast<char>('0' + object % 10);
  return {std::string(space), id};
}

inline ImageServices StoreTestServices() {
  auto drawn = std::make_shared<uint64_t>(0);
  return {.fill_random =
              [drawn](std::span<std::byte> out) {
                for (std::byte& byte : out) byte = static_cast<std::byte>(MixHash(++*drawn));
              },
          .wall_now = [] { return WallTime::FromUnixMilliseconds(1'700'000'000'000); }};
}

// Small, so that tests reach the limits; checkpoints only when somebody asks.
inline StoreOptions SmallStore(std::string_view directory = "data") {
  return {.directory = std::string(directory),
          .services = StoreTestServices(),
          .log = {.segment = ByteCount::KiB(64), .size_max = ByteCount::MiB(8)},
          .overlay_max = ByteCount::MiB(4),
          .log_checkpoint_bytes = ByteCount::MiB(4),
          .checkpoint_interval = Duration::Infinite(),
          .open_files_max = 4};
}

struct HeardFromStore final : StoreObserver {
  struct Lost {
    ObjectKey key;
    uint64_t epoch;
    absl::Status why;
  };
  int alarms_changed = 0;
  std::vector<Lost> lost;
  std::vector<absl::Status> dead;
  std::vector<std::string> notices;

  void OnAlarmsChanged() override { ++alarms_changed; }
  void OnLost(const ObjectKey& key, uint64_t epoch, const absl::Status& why) override { lost.push_back({key, epoch, why}); }
  void OnDead(const absl::Status& why) override { dead.push_back(why); }
  void OnNotice(std::string_view text) override { notices.emplace_back(text); }
  bool HasNotice(std::string_view part) const {
    for (const std::string& notice : notices) {
      if (notice.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

// --- an object as a table kv(k, v) ---

// Sets k to v (none: deletes it), in one transaction with the alarm. Does not wait for durability.
inline absl::Status Put(OwnedObject& object, std::string_view k, std::optional<std::string> v,
                        std::optional<AlarmChange> alarm = std::nullopt) {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, object.Image());
  EDGE_RETURN_IF_ERROR(image->Begin());
  const auto change = [&]() -> absl::Status {
    EDGE_RETURN_IF_ERROR(image->Execute("CREATE TABLE IF NOT EXISTS kv(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID"));
    std::string_view tail;
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement,
                          image->Prepare(v.has_value() ? "INSERT OR REPLACE INTO kv VALUES(?1, ?2)" : "DELETE FROM kv WHERE k = ?1", &tail,
                                         SqlAuthor::kPlatform));
    EDGE_RETURN_IF_ERROR(statement->Bind(1, std::string(k)));
    if (v.has_value()) EDGE_RETURN_IF_ERROR(statement->Bind(2, *v));
    absl::Status stepped = statement->Step().status();
    statement->Reset();
    return stepped;
  };
  if (absl::Status changed = change(); !changed.ok()) {
    image->Rollback();
    return changed;
  }
  return image->Commit(alarm).status();
}

inline absl::Status PutDurably(OwnedObject& object, std::string_view k, std::optional<std::string> v,
                               std::optional<AlarmChange> alarm = std::nullopt) {
  EDGE_RETURN_IF_ERROR(Put(object, k, std::move(v), alarm));
  return object.WaitDurable(object.committed());
}

inline absl::StatusOr<std::map<std::string, std::string>> ReadAll(OwnedObject& object) {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, object.Image());
  std::map<std::string, std::string> all;
  std::string_view tail;
  absl::StatusOr<std::unique_ptr<Statement>> prepared = image->Prepare("SELECT k, v FROM kv", &tail, SqlAuthor::kPlatform);
  if (absl::IsInvalidArgument(prepared.status())) return all;  // no such table yet
  EDGE_RETURN_IF_ERROR(prepared.status());
  std::unique_ptr<Statement> statement = *std::move(prepared);
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const Statement::Row step, statement->Step());
    if (step == Statement::Row::kDone) return all;
    all[std::string(statement->ColumnBytes(0))] = std::string(statement->ColumnBytes(1));
  }
}

// All of it as one line: "a=1 b=2", or the error.
inline std::string Dump(OwnedObject& object) {
  absl::StatusOr<std::map<std::string, std::string>> all = ReadAll(object);
  if (!all.ok()) return all.status().ToString();
  std::string text;
  for (const auto& [k, v] : *all) StrAppend(&text, text.empty() ? "" : " ", k, "=", v);
  return text;
}

// Copies all files, as a kill of the process would leave them.
inline void CopyDisk(Disk& from, Disk& to, const std::string& folder) {
  absl::StatusOr<std::vector<DirectoryEntry>> entries = from.List(folder);
  EDGE_CHECK_OK(entries.status());
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = StrCat(folder, "/", entry.name);
    if (entry.kind == DirectoryEntry::Kind::kDirectory) {
      CopyDisk(from, to, path);
      continue;
    }
    absl::StatusOr<std::string> content = ReadWholeFile(from, path);
    EDGE_CHECK_OK(content.status());
    absl::StatusOr<std::unique_ptr<File>> file = to.Open(path, OpenMode::kCreate);
    EDGE_CHECK_OK(file.status());
    EDGE_CHECK_OK((*file)->WriteAt(0, *content));
  }
}

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_STORE_TESTING_H_
