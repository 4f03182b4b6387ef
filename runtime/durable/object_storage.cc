#include "runtime/durable/object_storage.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::durable {

namespace {

using storage::AlarmChange;
using storage::ObjectImage;
using storage::SqlAuthor;
using storage::SqlValue;
using storage::Statement;

constexpr std::string_view kConstraintText =
    "Durable Object was reset and rolled back to its last known good state because the application left the database in a state where "
    "constraints were violated: ";

// A statement that is reset when its use is over.
class Use {
 public:
  explicit Use(Statement* statement) : statement_(statement) {}
  ~Use() { statement_->Reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() const { return statement_; }

 private:
  Statement* statement_;
};

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// The first text behind everything that begins with `prefix`; none: there is no such text.
std::optional<std::string> AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

struct ObjectStorage::Impl final : SqlSession::Storage {
  explicit Impl(storage::OwnedObject& object) : object(object), session(*this) {}

  // --- SqlSession::Storage ---
  absl::StatusOr<ObjectImage*> Image() override {
    if (image == nullptr) {
      EDGE_ASSIGN_OR_RETURN(image, object.Image());
      image->ContinueFrom(counts);
    }
    return image;
  }
  absl::Status BeforeSqlWrite() override {
    // The user's SQL may drop nothing of ours, but it may be what makes the first commit.
    return BeforeWrite(Confirm::kRequired);
  }
  void AfterSqlError() override { NoticeEnd(); }

  absl::Status OpenTransaction() {
    EDGE_RETURN_IF_ERROR(failed);
    EDGE_RETURN_IF_ERROR(Image().status());
    if (open) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(image->Begin());
    open = true;
    return absl::OkStatus();
  }
  absl::Status BeforeWrite(Confirm confirm) {
    EDGE_RETURN_IF_ERROR(OpenTransaction());
    written = true;
    if (confirm == Confirm::kRequired) confirm_required = true;
    return absl::OkStatus();
  }

  // SQLite gives up a transaction by itself on ROLLBACK conflicts, on interrupts and when it fails. What was written since is gone although
  // JavaScript has been told that it was done, so the instance has to go as well.
  void NoticeEnd() {
    if (!open || image->in_transaction() || !failed.ok()) return;
    failed = absl::InternalError("Durable Object was reset: a SQL statement has rolled back the implicit transaction.");
  }

  absl::StatusOr<Statement*> Prepared(std::string_view sql) {
    EDGE_RETURN_IF_ERROR(Image().status());
    auto found = statements.find(sql);
    if (found == statements.end()) {
      EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, image->Prepare(sql, nullptr, SqlAuthor::kPlatform));
      found = statements.emplace(sql, std::move(statement)).first;
    }
    return found->second.get();
  }

  // Runs a statement without rows; true if it changed one.
  absl::StatusOr<bool> Run(std::string_view sql, std::initializer_list<SqlValue> bindings) {
    EDGE_ASSIGN_OR_RETURN(Statement * statement, Prepared(sql));
    const Use use(statement);
    int index = 0;
    for (const SqlValue& value : bindings) EDGE_RETURN_IF_ERROR(use->Bind(++index, value));
    const absl::StatusOr<Statement::Row> row = use->Step();
    if (!row.ok()) {
      NoticeEnd();
      return row.status();
    }
    return use->rows_written() > 0;
  }

  // Whether one of our tables is there.
  absl::StatusOr<bool> Exists(std::string_view table, std::optional<bool>& known) {
    if (!known.has_value()) {
      EDGE_ASSIGN_OR_RETURN(Statement * statement, Prepared("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"));
      const Use use(statement);
      EDGE_RETURN_IF_ERROR(use->Bind(1, std::string(table)));
      EDGE_ASSIGN_OR_RETURN(const Statement::Row row, use->Step());
      known = row == Statement::Row::kRow;
    }
    return *known;
  }
  absl::StatusOr<bool> KvExists() { return Exists("_cf_KV", kv_exists); }
  absl::StatusOr<bool> MetadataExists() { return Exists("_cf_METADATA", metadata_exists); }

  absl::Status Require(std::string_view sql, std::optional<bool>& known) {
    EDGE_RETURN_IF_ERROR(Run(sql, {}).status());
    known = true;
    return absl::OkStatus();
  }

  absl::Status DropEverything();
  absl::Status SetAlarm(const std::optional<StoredAlarm>& alarm, Confirm confirm);

  // What a rollback may have taken away has to be looked up again.
  void ForgetTables() {
    kv_exists.reset();
    metadata_exists.reset();
  }
  void EndTransaction() {
    open = false;
    written = false;
    confirm_required = false;
    alarm.reset();
    savepoints.clear();
  }

  // What is not in the database, as it was when a savepoint began.
  struct Beside {
    std::optional<AlarmChange> alarm;
    bool alarm_hidden;
    bool written;
  };

  storage::OwnedObject& object;
  SqlSession session;
  ObjectImage* image = nullptr;
  storage::SqlCounts counts;  // as of when the database was closed
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> statements;
  std::optional<bool> kv_exists, metadata_exists;

  // The implicit transaction.
  bool open = false;
  bool written = false;  // something has been written in it that no savepoint has taken back
  bool confirm_required = false;
  std::optional<AlarmChange> alarm;  // rides in the commit
  std::vector<Beside> savepoints;
  absl::Status failed;  // what EndTurn will say
  bool alarm_hidden = false;

  storage::Position confirmed = 0, last = 0;
};

ObjectStorage::ObjectStorage(storage::OwnedObject& object) : object_(object), impl_(std::make_unique<Impl>(object)) {}
ObjectStorage::~ObjectStorage() { Discard(); }

absl::StatusOr<std::optional<std::string>> ObjectStorage::Get(std::string_view key) {
  EDGE_ASSIGN_OR_RETURN(const bool exists, impl_->KvExists());
  if (!exists) return std::nullopt;
  EDGE_ASSIGN_OR_RETURN(Statement * statement, impl_->Prepared("SELECT value FROM _cf_KV WHERE key = ?"));
  const Use use(statement);
  EDGE_RETURN_IF_ERROR(use->Bind(1, std::string(key)));
  EDGE_ASSIGN_OR_RETURN(const Statement::Row row, use->Step());
  if (row == Statement::Row::kDone) return std::nullopt;
  return std::string(use->ColumnBytes(0));
}

absl::Status ObjectStorage::Put(std::string_view key, std::string_view value, Confirm confirm) {
  EDGE_RETURN_IF_ERROR(impl_->BeforeWrite(confirm));
  EDGE_ASSIGN_OR_RETURN(const bool exists, impl_->KvExists());
  if (!exists) {
    EDGE_RETURN_IF_ERROR(impl_->Require("CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID", impl_->kv_exists));
  }
  return impl_
      ->Run("INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {std::string(key), storage::Blob{std::string(value)}})
      .status();
}

absl::StatusOr<bool> ObjectStorage::Delete(std::string_view key, Confirm confirm) {
  EDGE_ASSIGN_OR_RETURN(const bool exists, impl_->KvExists());
  if (!exists) return false;
  EDGE_RETURN_IF_ERROR(impl_->BeforeWrite(confirm));
  return impl_->Run("DELETE FROM _cf_KV WHERE key = ?", {std::string(key)});
}

absl::Status ObjectStorage::List(const ListOptions& options, absl::AnyInvocable<bool(std::string_view key, std::string_view value)> row) {
  EDGE_ASSIGN_OR_RETURN(const bool exists, impl_->KvExists());
  if (!exists) return absl::OkStatus();
  // The smallest key that is wanted, and the smallest one beyond. In the order of bytes a text is followed by itself and a zero.
  std::string first = options.prefix.value_or("");
  if (options.start.has_value()) first = std::max(first, *options.start);
  if (options.start_after.has_value()) first = std::max(first, *options.start_after + std::string(1, '\0'));
  std::optional<std::string> end = options.end;
  if (options.prefix.has_value()) {
    const std::optional<std::string> after = AfterPrefix(*options.prefix);
    if (after.has_value() && (!end.has_value() || *after < *end)) end = after;
  }
  const bool descending = options.order == ListOptions::Order::kDescending;
  const int64_t limit = options.limit.has_value() ? static_cast<int64_t>(std::min<uint64_t>(*options.limit, INT64_MAX)) : -1;
  std::string_view sql;
  if (end.has_value()) {
    sql = descending ? "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND key < ?3 ORDER BY key DESC LIMIT ?2"
                     : "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND key < ?3 ORDER BY key LIMIT ?2";
  } else {
    sql = descending ? "SELECT key, value FROM _cf_KV WHERE key >= ?1 ORDER BY key DESC LIMIT ?2"
                     : "SELECT key, value FROM _cf_KV WHERE key >= ?1 ORDER BY key LIMIT ?2";
  }
  EDGE_ASSIGN_OR_RETURN(Statement * statement, impl_->Prepared(sql));
  const Use use(statement);
  EDGE_RETURN_IF_ERROR(use->Bind(1, std::move(first)));
  EDGE_RETURN_IF_ERROR(use->Bind(2, limit));
  if (end.has_value()) EDGE_RETURN_IF_ERROR(use->Bind(3, *std::move(end)));
  while (true) {
    EDGE_ASSIGN_OR_RETURN(const Statement::Row step, use->Step());
    if (step == Statement::Row::kDone || !row(use->ColumnBytes(0), use->ColumnBytes(1))) return absl::OkStatus();
  }
}

absl::Status ObjectStorage::Impl::DropEverything() {
  // Foreign keys are looked at when all is gone, not in between; this ends with the transaction.
  EDGE_RETURN_IF_ERROR(image->Execute("PRAGMA defer_foreign_keys = ON"));
  // Virtual tables first: they take the tables with them that they consist of. Indexes and triggers go with their tables and views.
  for (const std::string_view kind : {"virtual", "view", "table"}) {
    std::vector<std::string> names;
    {
      EDGE_ASSIGN_OR_RETURN(Statement * statement, Prepared("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = ?"));
      const Use use(statement);
      EDGE_RETURN_IF_ERROR(use->Bind(1, std::string(kind)));
      while (true) {
        EDGE_ASSIGN_OR_RETURN(const Statement::Row row, use->Step());
        if (row == Statement::Row::kDone) break;
        names.emplace_back(use->ColumnBytes(0));
      }
    }
    for (const std::string& name : names) {
      if (name == "_cf_METADATA" || name == "sqlite_schema") continue;
      if (name == "sqlite_sequence") {
        EDGE_RETURN_IF_ERROR(image->Execute("DELETE FROM sqlite_sequence"));
      } else {
        EDGE_RETURN_IF_ERROR(image->Execute(StrCat(kind == "view" ? "DROP VIEW " : "DROP TABLE ", Quoted(name))));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ObjectStorage::DeleteAll(DeleteAlarm alarm, Confirm confirm) {
  EDGE_CHECK(impl_->savepoints.empty()) << object_.key().ToString() << ": deleteAll within a transaction";
  impl_->session.CloseCursors(absl::CancelledError("SQLite query was canceled because the database was deleted."));
  EDGE_RETURN_IF_ERROR(impl_->BeforeWrite(confirm));
  EDGE_RETURN_IF_ERROR(impl_->image->Savepoint(1));
  absl::Status status = impl_->DropEverything();
  impl_->ForgetTables();
  if (!status.ok()) {
    impl_->NoticeEnd();
    if (impl_->failed.ok()) {
      EDGE_RETURN_IF_ERROR(impl_->image->RollbackToSavepoint(1));
      EDGE_RETURN_IF_ERROR(impl_->image->ReleaseSavepoint(1));
    }
    return status;
  }
  EDGE_RETURN_IF_ERROR(impl_->image->ReleaseSavepoint(1));
  return alarm == DeleteAlarm::kYes ? impl_->SetAlarm(std::nullopt, confirm) : absl::OkStatus();
}

absl::StatusOr<ObjectImage*> ObjectStorage::Image() { return impl_->Image(); }
SqlSession& ObjectStorage::sql() { return impl_->session; }
absl::Status ObjectStorage::BeforeWrite(Confirm confirm) { return impl_->BeforeWrite(confirm); }

absl::StatusOr<int> ObjectStorage::BeginSavepoint() {
  EDGE_RETURN_IF_ERROR(impl_->OpenTransaction());
  const int depth = static_cast<int>(impl_->savepoints.size()) + 1;
  EDGE_RETURN_IF_ERROR(impl_->image->Savepoint(depth));
  impl_->savepoints.push_back({impl_->alarm, impl_->alarm_hidden, impl_->written});
  return depth;
}

absl::Status ObjectStorage::ReleaseSavepoint(int depth) {
  EDGE_RETURN_IF_ERROR(impl_->failed);
  if (depth < 1 || depth > static_cast<int>(impl_->savepoints.size()))
    return absl::FailedPreconditionError("There is no such transaction.");
  EDGE_RETURN_IF_ERROR(impl_->image->ReleaseSavepoint(depth));
  impl_->savepoints.resize(static_cast<size_t>(depth) - 1);
  return absl::OkStatus();
}

absl::Status ObjectStorage::RollbackSavepoint(int depth) {
  EDGE_RETURN_IF_ERROR(impl_->failed);
  if (depth < 1 || depth > static_cast<int>(impl_->savepoints.size()))
    return absl::FailedPreconditionError("There is no such transaction.");
  EDGE_RETURN_IF_ERROR(impl_->image->RollbackToSavepoint(depth));
  EDGE_RETURN_IF_ERROR(impl_->image->ReleaseSavepoint(depth));
  impl_->ForgetTables();
  const Impl::Beside& before = impl_->savepoints[static_cast<size_t>(depth) - 1];
  impl_->alarm = before.alarm;
  impl_->alarm_hidden = before.alarm_hidden;
  impl_->written = before.written;
  impl_->savepoints.resize(static_cast<size_t>(depth) - 1);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StoredAlarm>> ObjectStorage::Alarm() {
  EDGE_ASSIGN_OR_RETURN(const bool exists, impl_->MetadataExists());
  if (!exists) return std::nullopt;
  EDGE_ASSIGN_OR_RETURN(Statement * statement, impl_->Prepared("SELECT a, b, c FROM _cf_METADATA WHERE key = 'alarm'"));
  const Use use(statement);
  EDGE_ASSIGN_OR_RETURN(const Statement::Row row, use->Step());
  if (row == Statement::Row::kDone) return std::nullopt;
  return StoredAlarm{.scheduled = WallTime::FromUnixNanoseconds(use->ColumnInteger(0)),
                     .due = WallTime::FromUnixNanoseconds(use->ColumnInteger(1)),
                     .failures = static_cast<uint32_t>(use->ColumnInteger(2))};
}

absl::Status ObjectStorage::Impl::SetAlarm(const std::optional<StoredAlarm>& set, Confirm confirm) {
  EDGE_ASSIGN_OR_RETURN(const bool exists, MetadataExists());
  alarm_hidden = false;
  if (!set.has_value()) {
    if (!exists) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(BeforeWrite(confirm));
    EDGE_ASSIGN_OR_RETURN(const bool deleted, Run("DELETE FROM _cf_METADATA WHERE key = 'alarm'", {}));
    if (deleted) alarm = AlarmChange{};
    return absl::OkStatus();
  }
  EDGE_RETURN_IF_ERROR(BeforeWrite(confirm));
  if (!exists) {
    EDGE_RETURN_IF_ERROR(Require("CREATE TABLE _cf_METADATA (key TEXT PRIMARY KEY, a, b, c) WITHOUT ROWID", metadata_exists));
  }
  EDGE_RETURN_IF_ERROR(Run("INSERT OR REPLACE INTO _cf_METADATA VALUES ('alarm', ?, ?, ?)",
                           {set->scheduled.ToUnixNanoseconds(), set->due.ToUnixNanoseconds(), static_cast<int64_t>(set->failures)})
                           .status());
  alarm = AlarmChange{.due = set->due};
  return absl::OkStatus();
}

absl::Status ObjectStorage::SetAlarm(const std::optional<StoredAlarm>& alarm, Confirm confirm) { return impl_->SetAlarm(alarm, confirm); }

absl::StatusOr<std::optional<StoredAlarm>> ObjectStorage::VisibleAlarm() {
  if (impl_->alarm_hidden) return std::nullopt;
  return Alarm();
}

void ObjectStorage::BeginAlarmRun() { impl_->alarm_hidden = true; }

ObjectStorage::AlarmRun ObjectStorage::EndAlarmRun() {
  return std::exchange(impl_->alarm_hidden, false) ? AlarmRun::kUntouched : AlarmRun::kReplaced;
}

absl::Status ObjectStorage::EndTurn() {
  Impl& impl = *impl_;
  if (const absl::Status why = failure(); !why.ok()) {
    Discard();
    return why;
  }
  if (!impl.open || !impl.savepoints.empty()) return absl::OkStatus();
  if (!impl.written) {
    // Everything was taken back by savepoints: SQLite would write pages that have not changed.
    impl.image->Rollback();
    impl.EndTransaction();
    return absl::OkStatus();
  }
  const absl::StatusOr<bool> committed = impl.image->Commit(impl.alarm);
  const bool confirm = impl.confirm_required;
  impl.EndTransaction();
  if (!committed.ok()) {
    impl.ForgetTables();
    if (absl::IsFailedPrecondition(committed.status()))
      return absl::FailedPreconditionError(StrCat(kConstraintText, std::string(committed.status().message())));
    return committed.status();
  }
  if (*committed) {
    impl.last = object_.committed();
    if (confirm) impl.confirmed = impl.last;
  }
  return absl::OkStatus();
}

absl::Status ObjectStorage::failure() const {
  if (!impl_->failed.ok()) return impl_->failed;
  return impl_->image != nullptr ? impl_->image->failure() : absl::OkStatus();
}

bool ObjectStorage::in_savepoint() const { return !impl_->savepoints.empty(); }

void ObjectStorage::Discard() {
  Impl& impl = *impl_;
  impl.session.CloseCursors(absl::CancelledError("The storage of this Durable Object instance has been closed."));
  if (impl.open && impl.image->in_transaction()) impl.image->Rollback();
  impl.EndTransaction();
  impl.ForgetTables();
  impl.failed = absl::OkStatus();
}

bool ObjectStorage::has_database() const { return impl_->image != nullptr; }

bool ObjectStorage::may_close_database() const {
  const Impl& impl = *impl_;
  return impl.image != nullptr && !impl.open && impl.savepoints.empty() && impl.session.open_cursors() == 0 && failure().ok() &&
         !impl.image->in_transaction() && !impl.image->has_settings();
}

void ObjectStorage::CloseDatabase() {
  Discard();
  if (impl_->image != nullptr) impl_->counts = impl_->image->counts();
  impl_->session.Close();
  impl_->statements.clear();
  impl_->image = nullptr;
  object_.CloseImage();
}

storage::Position ObjectStorage::confirmed_position() const { return impl_->confirmed; }
storage::Position ObjectStorage::last_position() const { return impl_->last; }

}  // namespace edge::durable
