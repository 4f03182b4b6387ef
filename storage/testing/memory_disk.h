// MemoryDisk: a Disk of strings for unit tests.
//
// Everything is durable at once, nothing fails by itself and nothing suspends; what a crash does to a disk is SimDisk's business. Paths are
// normalized, so "a/b", "./a/b" and "/a/b" are one file. A file that is open stays readable after it is removed or replaced.
#ifndef EDGE_STORAGE_TESTING_MEMORY_DISK_H_
#define EDGE_STORAGE_TESTING_MEMORY_DISK_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/disk.h"

namespace edge {

class MemoryDisk : public Disk {
 public:
  // Makes or replaces a file, its folders included.
  void Put(std::string_view path, std::string_view content);
  // From now on every call that names `path` returns `status` (OK: works again).
  void FailWith(std::string_view path, absl::Status status);

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override;
  absl::Status SyncDirectory(std::string_view path) override;
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  using Content = std::shared_ptr<std::string>;

  absl::Status FailureOf(const std::string& path) const;
  bool IsFolder(const std::string& path) const;
  void MakeFoldersOf(std::string_view path);

  // By normalized path ("a/b", the root is ""). A folder is a null content; the root exists without an entry.
  std::map<std::string, Content> entries_;
  std::map<std::string, absl::Status> failures_;
  std::map<std::string, std::weak_ptr<DiskLock>> locks_;
};

}  // namespace edge

#endif  // EDGE_STORAGE_TESTING_MEMORY_DISK_H_
