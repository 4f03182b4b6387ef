#include "storage/image/image_statement.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace edge::storage {

ImageStatement::ImageStatement(Connection& connection, Connection::Handle handle, SqlAuthor author, const Counting& counting)
    : connection_(connection), handle_(std::move(handle)), author_(author), counting_(counting) {
  ++connection_.open_statements;
}

ImageStatement::~ImageStatement() { --connection_.open_statements; }

absl::Status ImageStatement::Bind(int index, const SqlValue& value) {
  sqlite3_stmt* statement = handle_.get();
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
    int operator()(int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
    int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
    int operator()(const std::string& text) const {
      return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    int operator()(const Blob& blob) const {
      // A null pointer would bind NULL.
      return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_TRANSIENT);
    }
  };
  const int code = std::visit(Binder{statement, index}, value);
  return code == SQLITE_OK ? absl::OkStatus() : connection_.Error(code);
}

absl::StatusOr<Statement::Row> ImageStatement::Step() {
  const int64_t changes_before = sqlite3_total_changes64(connection_.db());
  absl::StatusOr<int> code = connection_.Step(handle_.get(), author_);
  if (!code.ok()) return code.status();
  // SQLite adds a statement's changes to the total when the statement is done.
  const auto changes = static_cast<uint64_t>(sqlite3_total_changes64(connection_.db()) - changes_before);
  rows_changed_ += changes;
  rows_written_ += changes * (1 + counting_.index_entries);
  if (*code == SQLITE_DONE) return Row::kDone;
  ++rows_returned_;
  return Row::kRow;
}

void ImageStatement::Reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  for (int counter : {0, SQLITE_STMTSTATUS_FULLSCAN_STEP, SQLITE_STMTSTATUS_AUTOINDEX, SQLITE_STMTSTATUS_SORT}) {
    sqlite3_stmt_status(handle_.get(), counter, 1);
  }
  rows_returned_ = 0;
  rows_changed_ = 0;
  rows_written_ = 0;
}

std::string_view ImageStatement::ColumnName(int column) const {
  const char* name = sqlite3_column_name(handle_.get(), column);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

Statement::Type ImageStatement::ColumnType(int column) const {
  switch (sqlite3_column_type(handle_.get(), column)) {
    case SQLITE_INTEGER:
      return Type::kInteger;
    case SQLITE_FLOAT:
      return Type::kReal;
    case SQLITE_TEXT:
      return Type::kText;
    case SQLITE_BLOB:
      return Type::kBlob;
    default:
      return Type::kNull;
  }
}

std::string_view ImageStatement::ColumnBytes(int column) const {
  // The pointer first: asking for it may convert, which changes the length.
  const void* bytes = sqlite3_column_type(handle_.get(), column) == SQLITE_BLOB
                          ? sqlite3_column_blob(handle_.get(), column)
                          : static_cast<const void*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

uint64_t ImageStatement::rows_read() const {
  // SQLite counts the steps of a scan by kind: number 0, which has no name, is a scan of a part of an index or table. The first row of a
  // scan is no step.
  uint64_t steps = 0;
  for (int counter : {0, SQLITE_STMTSTATUS_FULLSCAN_STEP, SQLITE_STMTSTATUS_AUTOINDEX}) {
    steps += static_cast<uint64_t>(sqlite3_stmt_status(handle_.get(), counter, 0));
  }
  if (!counting_.looks_at_tables && steps == 0) return 0;
  // A sort is a second scan, of what was sorted.
  const auto sorts = static_cast<uint64_t>(sqlite3_stmt_status(handle_.get(), SQLITE_STMTSTATUS_SORT, 0));
  const uint64_t scanned = steps > 0 || (sorts > 0 && rows_returned_ > 0) ? steps + 1 + sorts : 0;
  return std::max({scanned, rows_returned_, counting_.finds_rows ? rows_changed_ : 0});
}

}  // namespace edge::storage
