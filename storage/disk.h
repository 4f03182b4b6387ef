// Disk: the seam to durable bytes and names.
//
// Nothing written is durable before Sync returns OK; no created, removed or renamed name is durable before SyncDirectory of its folder
// returns OK. After a failed Sync the state of what was written since the last good one is unknown, and a later Sync proves nothing about
// it. Paths are absolute or relative to the node's root. Versions: OsDisk (storage/os), SimDisk (sim).
//
// Errors of all calls: kNotFound, kAlreadyExists, kPermissionDenied, kResourceExhausted (ENOSPC), kDataLoss (EIO), kAborted "crashed".
#ifndef EDGE_STORAGE_DISK_H_
#define EDGE_STORAGE_DISK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace edge {

class File {
 public:
  virtual ~File() = default;  // closes; syncs nothing
  // Reads up to buffer.size() bytes; fewer only at the end of the file. MAY SUSPEND.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) = 0;
  // Writes all of `data`. MAY SUSPEND.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view data) = 0;
  // MAY SUSPEND.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  virtual absl::StatusOr<uint64_t> Size() = 0;
};

enum class OpenMode : uint8_t {
  kReadOnly,
  kReadWrite,
  kCreate /* read-write, made if absent with its folders */,
  kCreateNew /* kAlreadyExists if present */
};

struct DirectoryEntry {
  std::string name;
  enum class Kind : uint8_t { kFile, kDirectory, kOther } kind;
};

// A held lock of Disk::Lock. It ends with this object and with the process, however that ends.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;
  // MAY SUSPEND.
  virtual absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) = 0;
  // Removes a file, or a folder with all that is in it. OK if absent.
  virtual absl::Status Remove(std::string_view path) = 0;
  // Replaces `to` atomically if it is a file.
  virtual absl::Status Rename(std::string_view from, std::string_view to) = 0;
  // Sorted by name.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) = 0;
  // MAY SUSPEND.
  virtual absl::Status SyncDirectory(std::string_view path) = 0;
  // Takes the file `path` (made if absent, with its folders) for the returned object alone. Does not wait. kFailedPrecondition: it is
  // taken; the text says by whom. The disk outlives the lock.
  virtual absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) = 0;
};

// The whole file. kResourceExhausted if it is larger than `bytes_max`. MAY SUSPEND.
absl::StatusOr<std::string> ReadWholeFile(Disk& disk, std::string_view path, uint64_t bytes_max = 256u << 20);
// Replaces `path` durably: temporary name, Sync, Rename, SyncDirectory. MAY SUSPEND.
absl::Status WriteWholeFile(Disk& disk, std::string_view path, std::string_view content);

}  // namespace edge

#endif  // EDGE_STORAGE_DISK_H_
