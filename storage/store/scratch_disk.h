// ScratchDisk: another disk that is only read: what is written, renamed or removed here stays in memory and is gone with this object.
//
// For looking at a data directory by recovering it, without changing a byte of it.
#ifndef EDGE_STORAGE_STORE_SCRATCH_DISK_H_
#define EDGE_STORAGE_STORE_SCRATCH_DISK_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/disk.h"

namespace edge::storage {

class ScratchDisk final : public Disk {
 public:
  // `below` is borrowed and must not change meanwhile. Paths are compared as they are written.
  explicit ScratchDisk(Disk& below) : below_(below) {}

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;  // files only
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override;
  absl::Status SyncDirectory(std::string_view path) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  class Content;
  class Handle;
  // The file, with nothing written yet if it is only below. MAY SUSPEND.
  absl::StatusOr<std::shared_ptr<Content>> Find(std::string_view path);
  bool IsGone(std::string_view path) const;

  Disk& below_;
  std::map<std::string, std::shared_ptr<Content>, std::less<>> files_;
  std::set<std::string, std::less<>> gone_;  // files and folders of below_ that are not there any more
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_SCRATCH_DISK_H_
