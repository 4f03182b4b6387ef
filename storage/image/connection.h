// Connection: one SQLite connection of an image, and the rules of every call into it: the VFS is told, the author is set, the error
// becomes a status.
#ifndef EDGE_STORAGE_IMAGE_CONNECTION_H_
#define EDGE_STORAGE_IMAGE_CONNECTION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite3.h"
#include "storage/image/authorizer.h"
#include "storage/image/image_file.h"
#include "storage/image/image_services.h"
#include "storage/image/object_image.h"
#include "storage/image/sql_functions.h"
#include "storage/image/vfs.h"

namespace edge::storage {

class Connection {
 public:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalizer>;

  // `pages` and `sink` are borrowed.
  Connection(CommittedPages& pages, CommitSink& sink, std::string name, ImageServices services, const ImageLimits& limits);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Opens and settles it. Errors as ObjectImage::Open. MAY SUSPEND.
  absl::Status Open();

  // As ObjectImage::Prepare. MAY SUSPEND.
  absl::StatusOr<Handle> Prepare(std::string_view sql, std::string_view* tail, SqlAuthor author);
  // One step on behalf of `author`: SQLITE_ROW or SQLITE_DONE. Fails from the first read that fails on, whatever SQLite says. MAY SUSPEND.
  absl::StatusOr<int> Step(sqlite3_stmt* statement, SqlAuthor author);
  // Ends the transaction by `rollback`, a prepared ROLLBACK; also in a lost connection.
  void Rollback(sqlite3_stmt* rollback);
  // Steps to the end and resets. MAY SUSPEND.
  absl::Status Run(sqlite3_stmt* statement);
  // Statements one after the other, by the platform. MAY SUSPEND.
  absl::Status Execute(std::string_view sql);

  absl::Status Error(int code) const;

  // Indexes of `table`, or those of them that one of `columns` is in ("|a|b|", in small letters; empty: all). MAY SUSPEND.
  absl::StatusOr<uint64_t> IndexesOf(const std::string& table, const std::string& columns);

  // As ObjectImage.
  SqlCounts counts() const { return functions_.counts(); }
  void ContinueFrom(const SqlCounts& counts);

  sqlite3* db() { return db_; }
  ImageFile& file() { return file_; }
  const ImageVfs& vfs() const { return vfs_; }
  const Authorizer& authorizer() const { return authorizer_; }
  const std::string& name() const { return name_; }

  int open_statements = 0;  // of users of the image

 private:
  const std::string name_;
  const ImageServices services_;
  const ImageLimits limits_;
  ImageFile file_;
  ImageVfs vfs_;
  Authorizer authorizer_;
  SqlFunctions functions_;
  sqlite3* db_ = nullptr;  // null until Open
  // By table; forgotten when the schema changes.
  std::map<std::string, uint64_t> indexes_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_CONNECTION_H_
