// ImageStatement: a Statement over a SQLite connection.
#ifndef EDGE_STORAGE_IMAGE_IMAGE_STATEMENT_H_
#define EDGE_STORAGE_IMAGE_IMAGE_STATEMENT_H_

#include <cstdint>
#include <string_view>

#include "storage/image/connection.h"
#include "storage/image/object_image.h"

namespace edge::storage {

class ImageStatement final : public Statement {
 public:
  // What SQLite's own counters do not say.
  struct Counting {
    uint64_t index_entries = 0;   // that each inserted or updated row writes
    bool looks_at_tables = true;  // any at all
    bool finds_rows = false;      // rows are changed where they are found: each has been read
  };
  // `connection` is borrowed.
  ImageStatement(Connection& connection, Connection::Handle handle, SqlAuthor author, const Counting& counting);
  ~ImageStatement() override;

  int parameters() const override { return sqlite3_bind_parameter_count(handle_.get()); }
  bool read_only() const override { return sqlite3_stmt_readonly(handle_.get()) != 0; }
  bool busy() const override { return sqlite3_stmt_busy(handle_.get()) != 0; }
  absl::Status Bind(int index, const SqlValue& value) override;
  absl::StatusOr<Row> Step() override;
  void Reset() override;
  int columns() const override { return sqlite3_column_count(handle_.get()); }
  std::string_view ColumnName(int column) const override;
  Type ColumnType(int column) const override;
  int64_t ColumnInteger(int column) const override { return sqlite3_column_int64(handle_.get(), column); }
  double ColumnReal(int column) const override { return sqlite3_column_double(handle_.get(), column); }
  std::string_view ColumnBytes(int column) const override;
  uint64_t rows_read() const override;
  uint64_t rows_written() const override { return rows_written_; }

 private:
  Connection& connection_;
  const Connection::Handle handle_;
  const SqlAuthor author_;
  const Counting counting_;
  // Since the last Reset.
  uint64_t rows_returned_ = 0;
  uint64_t rows_changed_ = 0;
  uint64_t rows_written_ = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_IMAGE_STATEMENT_H_
