#include "storage/image/object_image.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/connection.h"
#include "storage/image/image_statement.h"

namespace edge::storage {

namespace {

constexpr int kIntegrityLines = 10;

class SqliteImage final : public ObjectImage {
 public:
  SqliteImage(CommittedPages& pages, CommitSink& sink, std::string name, ImageServices services, const ImageLimits& limits)
      : pages_(pages), sink_(sink), connection_(pages, sink, std::move(name), std::move(services), limits) {}

  ~SqliteImage() override {
    EDGE_CHECK(connection_.open_statements == 0)
        << connection_.name() << ": " << connection_.open_statements << " statements are still there";
    if (in_transaction()) Rollback();
  }

  absl::Status Open() {
    EDGE_RETURN_IF_ERROR(connection_.Open());
    const auto prepare = [this](std::string_view sql, Connection::Handle* out) {
      absl::StatusOr<Connection::Handle> handle = connection_.Prepare(sql, nullptr, SqlAuthor::kPlatform);
      if (handle.ok()) *out = std::move(*handle);
      return handle.status();
    };
    EDGE_RETURN_IF_ERROR(prepare("BEGIN", &begin_));
    EDGE_RETURN_IF_ERROR(prepare("COMMIT", &commit_));
    EDGE_RETURN_IF_ERROR(prepare("ROLLBACK", &rollback_));
    // Reads the first page and the schema: a file that is no database is found out here.
    return connection_.Execute("SELECT count(*) FROM sqlite_master");
  }

  absl::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view sql, std::string_view* tail, SqlAuthor author) override {
    EDGE_ASSIGN_OR_RETURN(Connection::Handle handle, connection_.Prepare(sql, tail, author));
    if (handle == nullptr) return std::unique_ptr<Statement>();
    ImageStatement::Counting counting;
    if (author == SqlAuthor::kUser) {
      const Authorizer& authorizer = connection_.authorizer();
      counting.looks_at_tables = authorizer.reads();
      counting.finds_rows = authorizer.reads() && !authorizer.inserted_table().has_value() &&
                            (authorizer.updated().has_value() || authorizer.deletes()) && !authorizer.changes_schema();
      // Copies: another statement is prepared here.
      const std::optional<std::string> inserted = authorizer.inserted_table();
      const std::optional<Authorizer::Updated> updated = authorizer.updated();
      if (inserted.has_value()) {
        EDGE_ASSIGN_OR_RETURN(counting.index_entries, connection_.IndexesOf(*inserted, ""));
      } else if (updated.has_value()) {
        EDGE_ASSIGN_OR_RETURN(counting.index_entries, connection_.IndexesOf(updated->table, updated->columns));
      }
    }
    return std::make_unique<ImageStatement>(connection_, std::move(handle), author, counting);
  }

  absl::Status Execute(std::string_view sql) override { return connection_.Execute(sql); }

  bool in_transaction() const override { return begin_ != nullptr && sqlite3_get_autocommit(sqlite3_db_handle(begin_.get())) == 0; }

  absl::Status Begin() override { return connection_.Run(begin_.get()); }

  absl::StatusOr<bool> Commit(std::optional<AlarmChange> alarm) override {
    if (!in_transaction()) {
      connection_.file().SetAlarm(std::nullopt);
      return absl::FailedPreconditionError("there is no transaction: a statement has ended it");
    }
    connection_.file().SetAlarm(alarm);
    absl::Status status = connection_.Run(commit_.get());
    if (connection_.vfs().committed()) return true;
    if (!status.ok()) {
      if (const absl::Status refusal = connection_.vfs().refusal(); !refusal.ok()) {
        status = absl::Status(status.code(), ToAbsl(StrCat(FromAbsl(status.message()), ": ", FromAbsl(refusal.message()))));
      }
      if (in_transaction()) Rollback();
      connection_.file().SetAlarm(std::nullopt);
      return status;
    }
    connection_.file().SetAlarm(std::nullopt);
    if (!alarm.has_value()) return false;
    // No page has been written, so SQLite has not asked for a commit.
    PageSet set;
    set.pages = pages_.pages();
    set.alarm = alarm;
    EDGE_RETURN_IF_ERROR(sink_.Commit(std::move(set)));
    return true;
  }

  void Rollback() override {
    if (!in_transaction()) return;
    connection_.Rollback(rollback_.get());
  }

  absl::Status Savepoint(int depth) override {
    EDGE_CHECK(in_transaction()) << connection_.name();
    return connection_.Execute(StrCat("SAVEPOINT _cf_", depth));
  }
  absl::Status ReleaseSavepoint(int depth) override { return connection_.Execute(StrCat("RELEASE _cf_", depth)); }
  absl::Status RollbackToSavepoint(int depth) override { return connection_.Execute(StrCat("ROLLBACK TO _cf_", depth)); }

  absl::StatusOr<uint64_t> DatabaseSizeBytes() override {
    EDGE_ASSIGN_OR_RETURN(const uint64_t all, Number("PRAGMA page_count"));
    EDGE_ASSIGN_OR_RETURN(const uint64_t free, Number("PRAGMA freelist_count"));
    return (all - free) * kPageBytes;
  }

  void SetProgress(int steps, bool (*keep_going)(void* data), void* data) override {
    keep_going_ = keep_going;
    keep_going_data_ = data;
    if (keep_going == nullptr) return sqlite3_progress_handler(connection_.db(), 0, nullptr, nullptr);
    sqlite3_progress_handler(
        connection_.db(), steps,
        [](void* self) {
          auto& image = *static_cast<SqliteImage*>(self);
          if (image.connection_.authorizer().author() == SqlAuthor::kPlatform) return 0;
          return image.keep_going_(image.keep_going_data_) ? 0 : 1;
        },
        this);
  }

  absl::Status failure() const override { return connection_.vfs().lost(); }

  bool has_settings() const override { return connection_.authorizer().changed_settings(); }
  SqlCounts counts() const override { return connection_.counts(); }
  void ContinueFrom(const SqlCounts& counts) override { connection_.ContinueFrom(counts); }

  void ReleaseMemory() override { sqlite3_db_release_memory(connection_.db()); }

  absl::Status CheckIntegrity() override {
    EDGE_ASSIGN_OR_RETURN(Connection::Handle check,
                          connection_.Prepare(StrCat("PRAGMA integrity_check(", kIntegrityLines, ")"), nullptr, SqlAuthor::kPlatform));
    std::string found;
    while (true) {
      EDGE_ASSIGN_OR_RETURN(const int row, connection_.Step(check.get(), SqlAuthor::kPlatform));
      if (row != SQLITE_ROW) break;
      const auto* line = reinterpret_cast<const char*>(sqlite3_column_text(check.get(), 0));
      if (line == nullptr || std::string_view(line) == "ok") continue;
      StrAppend(&found, found.empty() ? "" : "; ", line);
    }
    if (found.empty()) return absl::OkStatus();
    return absl::DataLossError(StrCat(connection_.name(), ": ", found));
  }

 private:
  absl::StatusOr<uint64_t> Number(std::string_view sql) {
    EDGE_ASSIGN_OR_RETURN(Connection::Handle query, connection_.Prepare(sql, nullptr, SqlAuthor::kPlatform));
    EDGE_ASSIGN_OR_RETURN(const int row, connection_.Step(query.get(), SqlAuthor::kPlatform));
    return row == SQLITE_ROW ? static_cast<uint64_t>(sqlite3_column_int64(query.get(), 0)) : 0;
  }

  CommittedPages& pages_;
  CommitSink& sink_;
  Connection connection_;
  // Null until Open has come that far; they go before the connection does.
  Connection::Handle begin_, commit_, rollback_;
  bool (*keep_going_)(void* data) = nullptr;
  void* keep_going_data_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectImage>> ObjectImage::Open(CommittedPages& pages, CommitSink& sink, std::string name,
                                                               ImageServices services, const ImageLimits& limits) {
  auto image = std::make_unique<SqliteImage>(pages, sink, std::move(name), std::move(services), limits);
  EDGE_RETURN_IF_ERROR(image->Open());
  return image;
}

}  // namespace edge::storage
