#include "storage/store/plain_database.h"

#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sqlite3.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {
namespace {

constexpr size_t kHeaderBytes = 100;
constexpr size_t kPageSizeAt = 16, kWriteVersionAt = 18, kReadVersionAt = 19, kReservedAt = 20;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

absl::Status Wrong(sqlite3* db, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("the SQLite file cannot be imported: ", what, ": ", std::string_view(sqlite3_errmsg(db))));
}

absl::Status CheckIntegrity(sqlite3* db) {
  std::string said;
  const auto first_row = [](void* out, int, char** values, char**) {
    std::string& text = *static_cast<std::string*>(out);
    if (text.empty() && values[0] != nullptr) text = values[0];
    return 0;
  };
  if (sqlite3_exec(db, "PRAGMA integrity_check", first_row, &said, nullptr) != SQLITE_OK) return Wrong(db, "its integrity check");
  if (said != "ok") return absl::InvalidArgumentError(StrCat("the SQLite file cannot be imported, it is damaged: ", said));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ToOurPages(std::string_view database) {
  if (database.empty()) return std::string();  // a database without any content
  if (database.size() < kHeaderBytes || !database.starts_with(std::string_view("SQLite format 3\0", 16))) {
    return absl::InvalidArgumentError("not a SQLite file");
  }
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(database[at]); };
  const unsigned page_size = byte(kPageSizeAt) << 8 | byte(kPageSizeAt + 1);
  if (page_size != kPageBytes) {
    return absl::InvalidArgumentError(StrCat("the SQLite file has pages of ", page_size == 1 ? 65536 : page_size, " bytes, an object has ",
                                             kPageBytes, ": run `PRAGMA page_size=4096; VACUUM` on it"));
  }
  sqlite3* opened = nullptr;
  const int open = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr);
  const Database db(opened);
  if (open != SQLITE_OK) return Wrong(opened, "no memory database");
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(database.size()));
  if (copy == nullptr) return absl::ResourceExhaustedError("no memory for the SQLite file");
  std::memcpy(copy, database.data(), database.size());
  // A file whose WAL has been moved into it is a database like others; without its WAL it may lack its last transactions.
  copy[kWriteVersionAt] = copy[kReadVersionAt] = 1;
  const auto size = static_cast<sqlite3_int64>(database.size());
  if (sqlite3_deserialize(db.get(), "main", copy, size, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) !=
      SQLITE_OK) {
    return Wrong(db.get(), "it cannot be read");
  }
  EDGE_RETURN_IF_ERROR(CheckIntegrity(db.get()));
  if (byte(kReservedAt) != kPageReservedBytes) {
    int reserved = kPageReservedBytes;
    sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (sqlite3_exec(db.get(), "PRAGMA temp_store=MEMORY; VACUUM", nullptr, nullptr, nullptr) != SQLITE_OK) {
      return Wrong(db.get(), "it cannot be rewritten");
    }
  }
  sqlite3_int64 bytes = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> serialized(sqlite3_serialize(db.get(), "main", &bytes, 0), &sqlite3_free);
  if (serialized == nullptr) return absl::ResourceExhaustedError("no memory for the SQLite file");
  std::string pages(reinterpret_cast<const char*>(serialized.get()), static_cast<size_t>(bytes));
  if (pages.size() % kPageBytes != 0 || (!pages.empty() && static_cast<unsigned char>(pages[kReservedAt]) != kPageReservedBytes)) {
    return absl::InvalidArgumentError("the SQLite file cannot be imported: its pages cannot be rewritten as an object's");
  }
  for (size_t at = 0; at < pages.size(); at += kPageBytes) {
    ClearReserved(std::span<char, kPageBytes>(pages.begin() + static_cast<ptrdiff_t>(at), kPageBytes));
  }
  return pages;
}

}  // namespace edge::storage
