// ObjectImage: one object's SQLite database, whose pages are the object's committed pages and whose commits are page sets.
//
// SQLite runs over an own VFS with journal_mode=MEMORY, synchronous=OFF, locking_mode=EXCLUSIVE: it never opens a journal and never syncs;
// one write transaction ends in exactly one FCNTL_COMMIT_PHASETWO, where the VFS makes the PageSet and gives it to the sink. When that is
// durable is the log's business, and who must wait for it the output gate's.
//
// Transactions are the owner's: Begin, Commit, Rollback and savepoints are methods here, and an authorizer refuses what would get around
// them (BEGIN, SAVEPOINT, ATTACH, VACUUM INTO, most PRAGMAs) when a user's statement says it.
//
// One fiber at a time uses an image, from the first step of a statement to its reset. Reading may suspend (a page that is not in memory);
// nothing else does. A fiber that is suspended in here is never destroyed. SQLite needs up to 140 KB of native stack.
//
// SQLite can end a transaction by itself: ON CONFLICT ROLLBACK, RAISE(ROLLBACK), an interrupted write, an error of the disk or of memory.
// in_transaction() tells; savepoints are gone then too.
//
// Codes of SQL errors, wherever SQL runs: kFailedPrecondition: a constraint; kPermissionDenied: refused by the authorizer;
// kResourceExhausted: full, too big, out of memory, interrupted; kInvalidArgument: everything else that is the statement's fault. Their
// texts are what users see. What failed below SQLite comes through as it was: kDataLoss (damaged), kAborted (the node has crashed),
// kCancelled, and the sink's errors. After a failed read the image is of no use any more (failure()); after a refused commit it is.
#ifndef EDGE_STORAGE_IMAGE_OBJECT_IMAGE_H_
#define EDGE_STORAGE_IMAGE_OBJECT_IMAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "storage/image/committed_pages.h"
#include "storage/image/image_services.h"

namespace edge::storage {

struct ImageLimits {
  ByteCount database = ByteCount::GiB(10);      // beyond: SQLITE_FULL
  ByteCount transaction = ByteCount::MiB(128);  // pages changed by one transaction; beyond: SQLITE_FULL
  ByteCount value = ByteCount::MiB(2);          // a string, a blob or a row
  // Further limits are the contract's (contract sheet 3.6): 100 columns, 100 KB statement, 100 parameters, LIKE pattern 50 B, 127 function
  // arguments, expression depth 100, compound select 5, no attached databases.
};

// NULL, INTEGER, REAL, TEXT (UTF-8), BLOB.
struct Blob {
  std::string bytes;
};
using SqlValue = std::variant<std::nullptr_t, int64_t, double, std::string, Blob>;

class ObjectImage;

// What a connection has counted and SQL can ask for: last_insert_rowid(), changes(), total_changes().
struct SqlCounts {
  int64_t last_insert_rowid = 0;
  int64_t changes = 0;
  int64_t total_changes = 0;
};

// A prepared statement. Valid until the image closes.
class Statement {
 public:
  virtual ~Statement() = default;  // finalizes
  virtual int parameters() const = 0;
  virtual bool read_only() const = 0;
  // Between the first Step and Reset.
  virtual bool busy() const = 0;
  // 1-based, as SQLite. Values are copied.
  virtual absl::Status Bind(int index, const SqlValue& value) = 0;
  enum class Row : uint8_t { kRow, kDone };
  // Errors carry the text that users of the platform see: "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT". After an error or kDone,
  // Reset comes before the next Step. MAY SUSPEND.
  virtual absl::StatusOr<Row> Step() = 0;
  // Ends the execution; bindings are cleared. Also after an error.
  virtual void Reset() = 0;
  virtual int columns() const = 0;
  virtual std::string_view ColumnName(int column) const = 0;
  // Of the current row; text and blob views are valid until the next Step or Reset.
  enum class Type : uint8_t { kNull, kInteger, kReal, kText, kBlob };
  virtual Type ColumnType(int column) const = 0;
  virtual int64_t ColumnInteger(int column) const = 0;
  virtual double ColumnReal(int column) const = 0;
  virtual std::string_view ColumnBytes(int column) const = 0;
  // Rows looked at and rows written since the last Reset, nearly as the platform counts them (rowsRead, rowsWritten): it counts inside of a
  // patched SQLite; this counts a row for each step of a scan, and for a statement that only seeks, the rows it returns or changes.
  // Written: rows changed, triggers included, plus an entry for each index that an inserted or updated row is in; complete when the
  // statement is done.
  virtual uint64_t rows_read() const = 0;
  virtual uint64_t rows_written() const = 0;
};

// Whose SQL it is: a user's is checked by the authorizer and cannot see tables whose names begin with "_cf_".
enum class SqlAuthor : uint8_t { kUser, kPlatform };

class ObjectImage {
 public:
  // `pages` and `sink` are borrowed. An empty database is created by the first commit. `name` is for errors. kDataLoss: not a database of
  // ours. Others as `pages`. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<ObjectImage>> Open(CommittedPages& pages, CommitSink& sink, std::string name,
                                                           ImageServices services, const ImageLimits& limits = {});
  virtual ~ObjectImage() = default;  // rolls back what is open. REQUIRES: its statements are gone

  // The first statement of `sql`; `tail` is set to what follows it. A null statement: only white space and comments were left. Errors as
  // users see them: "near \"SELEC\": syntax error at offset 0: SQLITE_ERROR", "not authorized: SQLITE_AUTH"; offsets count from the
  // beginning of `sql`. MAY SUSPEND (it reads the schema).
  virtual absl::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view sql, std::string_view* tail, SqlAuthor author) = 0;
  // Statements whose results do not matter, for the platform's own: schema, VACUUM. Outside of Begin and Commit each is a transaction and a
  // page set. MAY SUSPEND.
  virtual absl::Status Execute(std::string_view sql) = 0;

  virtual bool in_transaction() const = 0;
  virtual absl::Status Begin() = 0;
  // `alarm` rides in the page set (also when no page has changed). True if there was anything to commit. On an error the transaction has
  // been rolled back: kFailedPrecondition with SQLite's text for violated deferred constraints, or for a writing statement that has not
  // been reset, or if SQLite has ended the transaction already; else as the sink. MAY SUSPEND.
  virtual absl::StatusOr<bool> Commit(std::optional<AlarmChange> alarm) = 0;
  virtual void Rollback() = 0;
  // Nested by depth: savepoint `depth` exists after it. kInvalidArgument: there is none (SQLite has ended the transaction). REQUIRES for
  // Savepoint: in_transaction.
  virtual absl::Status Savepoint(int depth) = 0;
  virtual absl::Status ReleaseSavepoint(int depth) = 0;
  virtual absl::Status RollbackToSavepoint(int depth) = 0;

  // Pages in use times their size; free pages do not count, as in the platform's databaseSize. MAY SUSPEND.
  virtual absl::StatusOr<uint64_t> DatabaseSizeBytes() = 0;
  // A user's statement asks `keep_going` each time it has made about this many steps of SQLite's virtual machine. False ends it:
  // "interrupted: SQLITE_INTERRUPT"; if it writes, the transaction is rolled back. Null: nobody is asked.
  virtual void SetProgress(int steps, bool (*keep_going)(void* data), void* data) = 0;
  // OK, or the failure of the first read that failed (damage, cancellation, crash). Everything but Rollback returns it from then on, and
  // nothing is committed: SQLite's extensions are not in order after failed reads. The owner closes the image and may open another one.
  virtual absl::Status failure() const = 0;

  // A user's PRAGMA has set something that another connection would not have (foreign_keys, case_sensitive_like ...).
  virtual bool has_settings() const = 0;
  // For an owner that closes the image and opens another one, so that a user's SQL sees no difference.
  virtual SqlCounts counts() const = 0;
  virtual void ContinueFrom(const SqlCounts& counts) = 0;

  // Gives cached memory back.
  virtual void ReleaseMemory() = 0;
  // PRAGMA integrity_check; OK or kDataLoss with its first lines. MAY SUSPEND.
  virtual absl::Status CheckIntegrity() = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_OBJECT_IMAGE_H_
