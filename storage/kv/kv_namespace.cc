#include "storage/kv/kv_namespace.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {
namespace {

// Of a value; SQLite takes 2 MiB as one value or row.
constexpr size_t kPieceBytes = 1024 * 1024;
constexpr size_t kManyBytesMax = 25 << 20;  // values of several keys together
constexpr int64_t kExpiredPerWrite = 16;    // removed by each write
constexpr int kReadsMax = 4;                // of what was undone each time

// Keys are BLOBs: compared byte by byte. The first piece of a value is in its row, after what a list reads.
constexpr std::array<std::string_view, 1> kSchema = {
    "CREATE TABLE pair(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, expiration INTEGER, metadata TEXT NOT NULL, pieces INTEGER NOT "
    "NULL,"
    " value BLOB NOT NULL);"
    "CREATE INDEX pair_expiration ON pair(expiration) WHERE expiration IS NOT NULL;"
    "CREATE TABLE piece(pair INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(pair, number))"};

SqlValue BlobOf(std::string_view bytes) { return Blob{std::string(bytes)}; }

std::optional<int64_t> ExpirationIn(const Statement& row, int column) {
  if (row.ColumnType(column) == Statement::Type::kNull) return std::nullopt;
  return row.ColumnInteger(column);
}

bool IsExpired(std::optional<int64_t> expiration_s, WallTime now) {
  return expiration_s.has_value() && *expiration_s <= now.ToUnixSeconds();
}

struct Found {
  int64_t id = 0;
  int64_t pieces = 0;
};

absl::StatusOr<std::optional<Found>> Find(SystemSession& db, std::string_view key) {
  std::optional<Found> found;
  EDGE_RETURN_IF_ERROR(db.Rows("SELECT id, pieces FROM pair WHERE key = ?", {BlobOf(key)}, [&](const Statement& row) {
    found = {.id = row.ColumnInteger(0), .pieces = row.ColumnInteger(1)};
    return absl::OkStatus();
  }));
  return found;
}

absl::Status Remove(SystemSession& db, const Found& found) {
  if (found.pieces > 1) EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM piece WHERE pair = ?", {found.id}));
  return db.Run("DELETE FROM pair WHERE id = ?", {found.id});
}

absl::Status RemoveExpired(SystemSession& db, WallTime now) {
  std::vector<Found> expired;
  EDGE_RETURN_IF_ERROR(db.Rows("SELECT id, pieces FROM pair WHERE expiration <= ? ORDER BY expiration, id LIMIT ?",
                               {now.ToUnixSeconds(), kExpiredPerWrite}, [&](const Statement& row) {
                                 expired.push_back({.id = row.ColumnInteger(0), .pieces = row.ColumnInteger(1)});
                                 return absl::OkStatus();
                               }));
  for (const Found& found : expired) EDGE_RETURN_IF_ERROR(Remove(db, found));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<KvEntry>> GetOne(SystemSession& db, std::string_view key, WallTime now) {
  std::optional<KvEntry> entry;
  Found found;
  EDGE_RETURN_IF_ERROR(
      db.Rows("SELECT id, pieces, expiration, metadata, value FROM pair WHERE key = ?", {BlobOf(key)}, [&](const Statement& row) {
        found = {.id = row.ColumnInteger(0), .pieces = row.ColumnInteger(1)};
        const std::optional<int64_t> expiration_s = ExpirationIn(row, 2);
        if (IsExpired(expiration_s, now)) return absl::OkStatus();
        entry = {.value = std::string(row.ColumnBytes(4)), .metadata = std::string(row.ColumnBytes(3)), .expiration_s = expiration_s};
        return absl::OkStatus();
      }));
  if (!entry.has_value() || found.pieces <= 1) return entry;
  entry->value.reserve(static_cast<size_t>(found.pieces) * kPieceBytes);
  EDGE_RETURN_IF_ERROR(db.Rows("SELECT bytes FROM piece WHERE pair = ? ORDER BY number", {found.id}, [&](const Statement& row) {
    entry->value.append(row.ColumnBytes(0));
    return absl::OkStatus();
  }));
  return entry;
}

// The first key that no longer begins with `prefix`; empty: all keys from `prefix` on do.
std::string EndOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace

absl::StatusOr<ObjectKey> KvNamespace::KeyOf(std::string_view id) {
  if (id.empty() || id.size() > kIdBytesMax) {
    return absl::InvalidArgumentError(
        StrCat("the identifier of a KV namespace is of 1 to ", kIdBytesMax, " bytes; this one has ", id.size()));
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string space = "edge/kv/";
  for (const char c : id) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-') {
      space.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      space.append({'.', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return OnlyObjectOf(space);
}

KvNamespace::KvNamespace(Scheduler& scheduler, ObjectStore& store, ObjectKey key) : object_(scheduler, store, std::move(key), kSchema) {}

absl::Status KvNamespace::Write(absl::FunctionRef<absl::Status(SystemSession& db)> body) {
  EDGE_ASSIGN_OR_RETURN(const SystemObject::Commit commit, object_.Write(body));
  return object_.WaitDurable(commit);
}

absl::Status KvNamespace::Read(absl::FunctionRef<absl::Status(SystemSession& db)> body) {
  absl::Status status;
  for (int i = 0; i < kReadsMax; ++i) {
    SystemObject::Commit seen;
    EDGE_RETURN_IF_ERROR(object_.Read([&](SystemSession& db) -> absl::Status {
      EDGE_RETURN_IF_ERROR(body(db));
      seen = object_.last_commit();
      return absl::OkStatus();
    }));
    if (object_.IsDurable(seen)) return absl::OkStatus();
    status = object_.WaitDurable(seen);
    if (!absl::IsUnavailable(status)) return status;
  }
  return status;
}

absl::StatusOr<std::vector<std::optional<KvEntry>>> KvNamespace::Get(std::span<const std::string> keys, WallTime now) {
  std::vector<std::optional<KvEntry>> entries;
  EDGE_RETURN_IF_ERROR(Read([&](SystemSession& db) -> absl::Status {
    entries.clear();
    entries.reserve(keys.size());
    size_t bytes = 0;
    for (const std::string& key : keys) {
      EDGE_ASSIGN_OR_RETURN(std::optional<KvEntry> entry, GetOne(db, key, now));
      if (entry.has_value()) bytes += entry->value.size();
      if (keys.size() > 1 && bytes > kManyBytesMax) return absl::OutOfRangeError("the values are too large together");
      entries.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }));
  return entries;
}

absl::Status KvNamespace::Put(std::string_view key, const KvEntry& entry, WallTime now) {
  const size_t pieces = std::max<size_t>(1, (entry.value.size() + kPieceBytes - 1) / kPieceBytes);
  const auto piece = [&](size_t number) { return BlobOf(std::string_view(entry.value).substr(number * kPieceBytes, kPieceBytes)); };
  const SqlValue expiration = entry.expiration_s.has_value() ? SqlValue(*entry.expiration_s) : SqlValue(nullptr);
  return Write([&](SystemSession& db) -> absl::Status {
    EDGE_RETURN_IF_ERROR(RemoveExpired(db, now));
    EDGE_ASSIGN_OR_RETURN(const std::optional<Found> found, Find(db, key));
    int64_t id = 0;
    if (found.has_value()) {
      id = found->id;
      if (found->pieces > 1) EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM piece WHERE pair = ?", {id}));
      EDGE_RETURN_IF_ERROR(db.Run("UPDATE pair SET expiration = ?, metadata = ?, pieces = ?, value = ? WHERE id = ?",
                                  {expiration, entry.metadata, static_cast<int64_t>(pieces), piece(0), id}));
    } else {
      EDGE_ASSIGN_OR_RETURN(id, db.Number("INSERT INTO pair(key, expiration, metadata, pieces, value) VALUES(?, ?, ?, ?, ?) RETURNING id",
                                          {BlobOf(key), expiration, entry.metadata, static_cast<int64_t>(pieces), piece(0)}));
    }
    for (size_t i = 1; i < pieces; ++i) {
      EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO piece(pair, number, bytes) VALUES(?, ?, ?)", {id, static_cast<int64_t>(i), piece(i)}));
    }
    return absl::OkStatus();
  });
}

absl::Status KvNamespace::Delete(std::string_view key, WallTime now) {
  return Write([&](SystemSession& db) -> absl::Status {
    EDGE_RETURN_IF_ERROR(RemoveExpired(db, now));
    EDGE_ASSIGN_OR_RETURN(const std::optional<Found> found, Find(db, key));
    return found.has_value() ? Remove(db, *found) : absl::OkStatus();
  });
}

absl::StatusOr<KvPage> KvNamespace::List(std::string_view prefix, std::string_view after, size_t limit, WallTime now) {
  // One more than asked for tells whether there are more.
  const auto asked = static_cast<int64_t>(limit) + 1;
  const std::string end = EndOfPrefix(prefix);
  KvPage page;
  EDGE_RETURN_IF_ERROR(Read([&](SystemSession& db) {
    page = {};
    const auto take = [&](const Statement& row) {
      if (page.keys.size() == limit) {
        page.complete = false;
      } else {
        page.keys.push_back(
            {.key = std::string(row.ColumnBytes(0)), .metadata = std::string(row.ColumnBytes(2)), .expiration_s = ExpirationIn(row, 1)});
      }
      return absl::OkStatus();
    };
    if (end.empty()) {
      return db.Rows(
          "SELECT key, expiration, metadata FROM pair WHERE key >= ? AND key > ? AND coalesce(expiration > ?, 1) ORDER BY key LIMIT ?",
          {BlobOf(prefix), BlobOf(after), now.ToUnixSeconds(), asked}, take);
    }
    return db.Rows(
        "SELECT key, expiration, metadata FROM pair WHERE key >= ? AND key > ? AND key < ? AND coalesce(expiration > ?, 1) ORDER BY key "
        "LIMIT ?",
        {BlobOf(prefix), BlobOf(after), BlobOf(end), now.ToUnixSeconds(), asked}, take);
  }));
  return page;
}

absl::StatusOr<int64_t> KvNamespace::KeptPairs() {
  int64_t count = 0;
  EDGE_RETURN_IF_ERROR(Read([&](SystemSession& db) -> absl::Status {
    EDGE_ASSIGN_OR_RETURN(count, db.Number("SELECT count(*) FROM pair", {}));
    return absl::OkStatus();
  }));
  return count;
}

}  // namespace edge::storage
