#include "storage/image/connection.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {

namespace {

constexpr char kTransactionText[] =
    "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN "
    "TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because "
    "it "
    "interacts correctly with Durable Objects' automatic atomic write coalescing.";

// A row is longer than the longest value in it.
constexpr uint64_t kRowBytesBesideValue = 100'000;

// Which constraint was violated; empty: none.
std::string_view ConstraintName(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_CHECK:
      return "SQLITE_CONSTRAINT_CHECK";
    case SQLITE_CONSTRAINT_COMMITHOOK:
      return "SQLITE_CONSTRAINT_COMMITHOOK";
    case SQLITE_CONSTRAINT_DATATYPE:
      return "SQLITE_CONSTRAINT_DATATYPE";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "SQLITE_CONSTRAINT_FOREIGNKEY";
    case SQLITE_CONSTRAINT_FUNCTION:
      return "SQLITE_CONSTRAINT_FUNCTION";
    case SQLITE_CONSTRAINT_NOTNULL:
      return "SQLITE_CONSTRAINT_NOTNULL";
    case SQLITE_CONSTRAINT_PINNED:
      return "SQLITE_CONSTRAINT_PINNED";
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return "SQLITE_CONSTRAINT_PRIMARYKEY";
    case SQLITE_CONSTRAINT_ROWID:
      return "SQLITE_CONSTRAINT_ROWID";
    case SQLITE_CONSTRAINT_TRIGGER:
      return "SQLITE_CONSTRAINT_TRIGGER";
    case SQLITE_CONSTRAINT_UNIQUE:
      return "SQLITE_CONSTRAINT_UNIQUE";
    case SQLITE_CONSTRAINT_VTAB:
      return "SQLITE_CONSTRAINT_VTAB";
    default:
      return "";
  }
}

std::string_view CodeName(int code) {
  switch (code & 0xff) {
    case SQLITE_ERROR:
      return "SQLITE_ERROR";
    case SQLITE_INTERNAL:
      return "SQLITE_INTERNAL";
    case SQLITE_PERM:
      return "SQLITE_PERM";
    case SQLITE_ABORT:
      return "SQLITE_ABORT";
    case SQLITE_BUSY:
      return "SQLITE_BUSY";
    case SQLITE_LOCKED:
      return "SQLITE_LOCKED";
    case SQLITE_NOMEM:
      return "SQLITE_NOMEM";
    case SQLITE_READONLY:
      return "SQLITE_READONLY";
    case SQLITE_INTERRUPT:
      return "SQLITE_INTERRUPT";
    case SQLITE_IOERR:
      return "SQLITE_IOERR";
    case SQLITE_CORRUPT:
      return "SQLITE_CORRUPT";
    case SQLITE_NOTFOUND:
      return "SQLITE_NOTFOUND";
    case SQLITE_FULL:
      return "SQLITE_FULL";
    case SQLITE_CANTOPEN:
      return "SQLITE_CANTOPEN";
    case SQLITE_PROTOCOL:
      return "SQLITE_PROTOCOL";
    case SQLITE_SCHEMA:
      return "SQLITE_SCHEMA";
    case SQLITE_TOOBIG:
      return "SQLITE_TOOBIG";
    case SQLITE_CONSTRAINT:
      return "SQLITE_CONSTRAINT";
    case SQLITE_MISMATCH:
      return "SQLITE_MISMATCH";
    case SQLITE_MISUSE:
      return "SQLITE_MISUSE";
    case SQLITE_AUTH:
      return "SQLITE_AUTH";
    case SQLITE_RANGE:
      return "SQLITE_RANGE";
    case SQLITE_NOTADB:
      return "SQLITE_NOTADB";
    default:
      return "SQLITE_UNKNOWN";
  }
}

absl::StatusCode StatusCodeOf(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_BUSY:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return absl::StatusCode::kDataLoss;
    case SQLITE_INTERNAL:
    case SQLITE_MISUSE:
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kInvalidArgument;
  }
}

}  // namespace

Connection::Connection(CommittedPages& pages, CommitSink& sink, std::string name, ImageServices services, const ImageLimits& limits)
    : name_(std::move(name)),
      services_(std::move(services)),
      limits_(limits),
      file_(pages, sink, limits.transaction),
      vfs_(file_, services_),
      functions_(services_) {
  EDGE_CHECK(services_.fill_random != nullptr && services_.wall_now != nullptr);
}

Connection::~Connection() {
  if (db_ == nullptr) return;
  vfs_.EnterSqlite();
  EDGE_CHECK(sqlite3_close(db_) == SQLITE_OK) << name_ << ": a statement is still there";
}

absl::Status Connection::Open() {
  absl::StatusOr<sqlite3*> opened = vfs_.OpenConnection();
  if (IsCrashed(opened.status())) return opened.status();
  if (!opened.ok()) {
    // What could not be read may have named its file, and so the object.
    const std::string_view why = FromAbsl(opened.status().message());
    if (why.find(std::string_view(name_).substr(name_.rfind('/') + 1)) != std::string_view::npos) return opened.status();
    return absl::Status(opened.status().code(), StrCat(name_, ": ", why));
  }
  db_ = *opened;

  const std::pair<int, int64_t> limits[] = {
      {SQLITE_LIMIT_LENGTH, static_cast<int64_t>(limits_.value.bytes() + kRowBytesBesideValue)},
      {SQLITE_LIMIT_SQL_LENGTH, 100'000},
      {SQLITE_LIMIT_COLUMN, 100},
      {SQLITE_LIMIT_EXPR_DEPTH, 100},
      {SQLITE_LIMIT_COMPOUND_SELECT, 5},
      {SQLITE_LIMIT_VDBE_OP, 25'000},
      {SQLITE_LIMIT_FUNCTION_ARG, 127},
      // VACUUM attaches its scratch database; users are refused by the authorizer.
      {SQLITE_LIMIT_ATTACHED, 1},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
  };
  for (const auto& [limit, value] : limits) sqlite3_limit(db_, limit, static_cast<int>(value));

  // The shadow tables of full-text indexes and the schema itself are not for users' hands.
  EDGE_CHECK(sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr) == SQLITE_OK);
  EDGE_CHECK(sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr) == SQLITE_OK);
  int reserved = kPageReservedBytes;
  EDGE_CHECK(sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved) == SQLITE_OK);

  functions_.Install(db_);

  // SQLite has undone everything when it says so; what it wrote meanwhile is of no use any more.
  sqlite3_rollback_hook(
      db_, [](void* file) { static_cast<ImageFile*>(file)->Rollback(); }, &file_);
  authorizer_.Install(db_);

  // The lock first: the journal's mode depends on it. Overwriting what is deleted would only make commits longer.
  return Execute(StrCat("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; ",
                        "PRAGMA secure_delete=OFF; PRAGMA page_size=", kPageBytes,
                        "; PRAGMA max_page_count=", std::max<uint64_t>(1, limits_.database.bytes() / kPageBytes)));
}

absl::Status Connection::Error(int code) const {
  if (!vfs_.failure().ok()) return vfs_.failure();  // SQLite knows only that something failed below it
  if ((code & 0xff) == SQLITE_AUTH && authorizer_.refused_transaction()) return absl::PermissionDeniedError(kTransactionText);
  const absl::StatusCode status = StatusCodeOf(code);
  std::string text = sqlite3_errmsg(db_);
  if (const int offset = sqlite3_error_offset(db_); offset >= 0) StrAppend(&text, " at offset ", offset);
  StrAppend(&text, ": ", CodeName(code));
  if (const std::string_view extended = ConstraintName(sqlite3_extended_errcode(db_)); !extended.empty()) {
    StrAppend(&text, " (extended: ", extended, ")");
  }
  // What is not the statement's fault should say where.
  if (status == absl::StatusCode::kDataLoss || status == absl::StatusCode::kInternal) text = StrCat(name_, ": ", text);
  return absl::Status(status, text);
}

absl::StatusOr<Connection::Handle> Connection::Prepare(std::string_view sql, std::string_view* tail, SqlAuthor author) {
  if (!vfs_.lost().ok()) return vfs_.lost();
  Authorizer::Scope scope(authorizer_, author);
  vfs_.EnterSqlite();
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  // Beyond SQLite's own type the length is certainly too long; it says so in its own words.
  const int length = static_cast<int>(std::min<size_t>(sql.size(), INT32_MAX));
  const int code = sqlite3_prepare_v3(db_, sql.data() == nullptr ? "" : sql.data(), length, 0, &statement, &rest);
  Handle handle(statement);
  if (code != SQLITE_OK || !vfs_.failure().ok()) return Error(code);
  // SQLite ends at a zero byte.
  if (tail != nullptr) *tail = statement == nullptr ? std::string_view() : sql.substr(static_cast<size_t>(rest - sql.data()));
  if (authorizer_.changes_schema()) indexes_.clear();
  return handle;
}

absl::StatusOr<int> Connection::Step(sqlite3_stmt* statement, SqlAuthor author) {
  if (!vfs_.lost().ok()) return vfs_.lost();
  Authorizer::Scope scope(authorizer_, author);
  vfs_.EnterSqlite();
  if (sqlite3_stmt_readonly(statement) == 0) functions_.NoteWrite();
  const int code = sqlite3_step(statement);
  if ((code == SQLITE_ROW || code == SQLITE_DONE) && vfs_.failure().ok()) return code;
  return Error(code);
}

void Connection::ContinueFrom(const SqlCounts& counts) {
  sqlite3_set_last_insert_rowid(db_, counts.last_insert_rowid);
  functions_.ContinueFrom(counts);
}

void Connection::Rollback(sqlite3_stmt* rollback) {
  vfs_.EnterSqlite();
  // An error here is the one that has made SQLite give up the transaction already.
  sqlite3_step(rollback);
  sqlite3_reset(rollback);
  EDGE_CHECK(sqlite3_get_autocommit(db_) != 0) << name_ << ": " << sqlite3_errmsg(db_);
}

absl::Status Connection::Run(sqlite3_stmt* statement) {
  absl::StatusOr<int> code = SQLITE_ROW;
  while (code.ok() && *code == SQLITE_ROW) code = Step(statement, SqlAuthor::kPlatform);
  sqlite3_reset(statement);
  return code.status();
}

absl::Status Connection::Execute(std::string_view sql) {
  while (true) {
    EDGE_ASSIGN_OR_RETURN(Handle statement, Prepare(sql, &sql, SqlAuthor::kPlatform));
    if (statement == nullptr) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(Run(statement.get()));
  }
}

absl::StatusOr<uint64_t> Connection::IndexesOf(const std::string& table, const std::string& columns) {
  const std::string known = StrCat(table, columns.empty() ? "" : "\n", columns);
  if (auto it = indexes_.find(known); it != indexes_.end()) return it->second;
  // The primary key of a table without rowids is the table, not an index. Of an index on an expression nobody knows what it depends on.
  EDGE_ASSIGN_OR_RETURN(Handle query, Prepare("SELECT count(*) FROM pragma_index_list(?1) AS l WHERE (l.origin <> 'pk' OR NOT (SELECT wr "
                                              "FROM pragma_table_list(?1) WHERE schema = 'main')) AND (?2 = '' OR EXISTS (SELECT 1 FROM "
                                              "pragma_index_xinfo(l.name) AS x WHERE x.key AND (x.name IS NULL OR instr(?2, '|' || "
                                              "lower(x.name) || '|'))))",
                                              nullptr, SqlAuthor::kPlatform));
  sqlite3_bind_text(query.get(), 1, table.data(), static_cast<int>(table.size()), SQLITE_STATIC);
  sqlite3_bind_text(query.get(), 2, columns.data(), static_cast<int>(columns.size()), SQLITE_STATIC);
  EDGE_RETURN_IF_ERROR(Step(query.get(), SqlAuthor::kPlatform).status());
  return indexes_[known] = static_cast<uint64_t>(sqlite3_column_int64(query.get(), 0));
}

}  // namespace edge::storage
