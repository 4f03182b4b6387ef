// SqlSession: the SQL statements of one activation that its JavaScript runs: prepared once, and stepped as somebody asks for rows.
//
//   Exec(sql, bindings) --> SqlCursor --> rows, one at a time
//                             '-- owns the statement while it is being stepped; then it goes back to the session's cache
//
// A cursor belongs to a JavaScript object and may outlive the session: it then has no statement any more. Statements that write are run to
// their end at once, and the rows they return are kept, so that no write is in the middle when a turn ends and is committed.
#ifndef EDGE_RUNTIME_DURABLE_SQL_SESSION_H_
#define EDGE_RUNTIME_DURABLE_SQL_SESSION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/image/object_image.h"

namespace edge::durable {

class SqlSession;

class SqlCursor {
 public:
  ~SqlCursor();
  SqlCursor(const SqlCursor&) = delete;
  SqlCursor& operator=(const SqlCursor&) = delete;

  // There is a current row.
  bool has_row() const { return has_row_; }
  const std::vector<std::string>& columns() const { return columns_; }

  // A value of the current row. Views are valid until Advance.
  struct Value {
    storage::Statement::Type type = storage::Statement::Type::kNull;
    int64_t integer = 0;
    double real = 0;
    std::string_view bytes;
  };
  Value ValueOf(int column) const;

  // Goes to the next row. An error ends the cursor. `keep_going` is asked while it runs long (SqlSession::Exec). MAY SUSPEND.
  absl::Status Advance(absl::AnyInvocable<bool()> keep_going);

  // Why there will be no further row although nobody has seen the last one; OK: that is not so.
  const absl::Status& closed() const { return closed_; }

  uint64_t rows_read() const;
  uint64_t rows_written() const;

 private:
  friend class SqlSession;
  explicit SqlCursor(SqlSession& session) : session_(&session) {}

  SqlSession* session_;                            // null once the session has let go of it
  std::unique_ptr<storage::Statement> statement_;  // null: at the end, closed, or all rows are in `rows_`
  std::string cache_key_;                          // empty: the statement is not kept
  std::vector<std::string> columns_;
  std::deque<std::vector<storage::SqlValue>> rows_;  // of a statement that writes
  bool has_row_ = false;
  absl::Status closed_;
  uint64_t rows_read_ = 0, rows_written_ = 0;  // of a statement that is done
};

class SqlSession {
 public:
  // How the session gets its database, and how it opens a transaction before it writes. Outlives the session.
  class Storage {
   public:
    virtual ~Storage() = default;
    virtual absl::StatusOr<storage::ObjectImage*> Image() = 0;
    virtual absl::Status BeforeSqlWrite() = 0;
    // A statement has failed: SQLite may have ended the transaction.
    virtual void AfterSqlError() = 0;
  };

  explicit SqlSession(Storage& storage) : storage_(storage) {}
  ~SqlSession() { Close(); }
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  // Runs all statements of `sql`; the bindings are the last one's, whose rows the cursor gives. Errors as storage::Statement, and the
  // platform's own texts. `keep_going` is asked every kProgressSteps of SQLite's machine; false ends the statement: "interrupted". MAY
  // SUSPEND.
  absl::StatusOr<std::shared_ptr<SqlCursor>> Exec(std::string_view sql, std::span<const storage::SqlValue> bindings,
                                                  absl::AnyInvocable<bool()> keep_going);

  // Cursors that still have rows.
  size_t open_cursors() const { return open_.size(); }
  // They end with this error.
  void CloseCursors(const absl::Status& why);
  // The same, and forgets all statements: the database is about to be closed.
  void Close();

  static constexpr int kProgressSteps = 5000;

 private:
  friend class SqlCursor;
  struct Cached {
    std::unique_ptr<storage::Statement> statement;
    uint64_t used = 0;
  };
  // Each holds memory that no isolate accounts for.
  static constexpr size_t kOpenMax = 1000;
  static constexpr size_t kCachedMax = 100;
  static constexpr size_t kCachedTextMax = 16 * 1024;
  // What rows that a writing statement returns may hold.
  static constexpr size_t kReturnedBytesMax = 32 << 20;

  struct Running;  // sets who is asked for as long as it lives
  absl::Status Start(SqlCursor& cursor, std::span<const storage::SqlValue> bindings);
  absl::Status RunToEnd(SqlCursor& cursor);
  absl::Status Step(SqlCursor& cursor);
  // The statement of the cursor is done with: back into the cache, or gone.
  void Finish(SqlCursor& cursor);

  Storage& storage_;
  storage::ObjectImage* watched_ = nullptr;  // the image whose progress is watched
  absl::AnyInvocable<bool()>* keep_going_ = nullptr;
  std::map<std::string, Cached, std::less<>> cache_;
  uint64_t uses_ = 0;
  std::vector<SqlCursor*> open_;  // those that have a statement
};

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_SQL_SESSION_H_
