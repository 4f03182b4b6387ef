// OsDisk: the Disk seam over a folder of the machine's file system.
//
// Reads and writes go straight to the page cache and do not suspend; Sync and SyncDirectory run on a helper thread while the fiber waits
// (outside of fibers: at once). A sync that has begun is waited for even by a cancelled fiber.
#ifndef EDGE_STORAGE_OS_DISK_H_
#define EDGE_STORAGE_OS_DISK_H_

#include <string>

#include "runtime/fiber/scheduler.h"
#include "runtime/os/blocking_pool.h"
#include "storage/disk.h"

namespace edge {

class OsDisk final : public Disk {
 public:
  // Relative paths start at `root`. Scheduler and pool are borrowed; they outlive the disk and its files.
  OsDisk(std::string root, Scheduler& scheduler, BlockingPool& pool);

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override;
  absl::Status SyncDirectory(std::string_view path) override;
  // flock: also against other OsDisks of this process. The holder's process id stands in the file.
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  std::string Full(std::string_view path) const;

  const std::string root_;
  Scheduler& scheduler_;
  BlockingPool& pool_;
};

}  // namespace edge

#endif  // EDGE_STORAGE_OS_DISK_H_
