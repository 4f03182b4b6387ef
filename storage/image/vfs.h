// ImageVfs: SQLite's file system that consists of one file, an ImageFile.
//
// Settings that ObjectImage makes before the first read (journal in memory, no sync, exclusive lock) leave a short list of what SQLite
// still does: reads, writes and cuts of whole pages of the main file, and at the end of each write transaction one
// SQLITE_FCNTL_COMMIT_PHASETWO. Everything else is refused here, journals and temporary files first of all, so that a setting that slipped
// is an error instead of a commit that nobody hears of.
//
// Only xRead may suspend. What the process has in common over all SQLite connections is therefore set anew wherever a connection goes on:
// SQLite draws journal nonces and, in tables that have used up their rowids, rowids from one generator (EnterSqlite). random() is
// overridden per connection; the time is per VFS, and each image has its own.
#ifndef EDGE_STORAGE_IMAGE_VFS_H_
#define EDGE_STORAGE_IMAGE_VFS_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite3.h"
#include "storage/image/image_file.h"
#include "storage/image/image_services.h"

namespace edge::storage {

class ImageVfs {
 public:
  // `file` and `services` are borrowed.
  ImageVfs(ImageFile& file, const ImageServices& services);
  ImageVfs(const ImageVfs&) = delete;
  ImageVfs& operator=(const ImageVfs&) = delete;

  // Opens the connection. kDataLoss: the first page is not that of a database of ours. MAY SUSPEND.
  absl::StatusOr<sqlite3*> OpenConnection();

  // To be called before SQLite is: forgets the last failure, sets SQLite's generator.
  void EnterSqlite();
  // What went wrong below SQLite since EnterSqlite, or why the connection is lost; OK: nothing.
  const absl::Status& failure() const { return lost_.ok() ? failure_ : lost_; }
  // A read has failed. From then on nothing is committed: SQLite's extensions are not in order after that (full-text search keeps what it
  // had not written yet, and writes it into the next transaction).
  const absl::Status& lost() const { return lost_; }
  // Why the sink had no room for a commit since EnterSqlite; OK: nothing. SQLite says only that the database is full.
  const absl::Status& refusal() const { return refusal_; }
  // A commit has given the sink something since EnterSqlite.
  bool committed() const { return committed_; }

 private:
  friend struct VfsCalls;  // SQLite's callbacks
  // What SQLite allocates and casts.
  struct OpenFile {
    sqlite3_file base;  // first: SQLite sees a sqlite3_file
    ImageVfs* vfs;
  };

  void SeedSqlite();
  int Fail(absl::Status status, int code);

  ImageFile& file_;
  const ImageServices& services_;
  sqlite3_vfs vfs_{};
  bool open_ = false;
  // Page 1 while a connection is being opened: SQLite reads its header then, and must not suspend.
  const std::array<char, kPageBytes>* first_page_ = nullptr;

  uint64_t seed_ = 0;
  uint64_t seeds_used_ = 0;
  absl::Status failure_;
  absl::Status lost_;
  absl::Status refusal_;
  bool committed_ = false;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_VFS_H_
