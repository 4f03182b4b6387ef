// SegmentPool: the files of the log that hold nothing: makes, keeps and hands out.
//
// A file is made once, filled with zeros and synced, name included; from then on writing to it changes nothing but its bytes, which is what
// makes a sync cheap. A file given back is wiped (its header zeroed, synced) before it counts as free.
#ifndef EDGE_STORAGE_LOG_SEGMENT_POOL_H_
#define EDGE_STORAGE_LOG_SEGMENT_POOL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"

namespace edge::storage {

class SegmentPool {
 public:
  struct FreeFile {
    std::string path;
    uint64_t bytes = 0;
  };

  // All borrowed. New files get names from `next_file_number` on.
  SegmentPool(Scheduler& scheduler, Disk& disk, std::string directory, uint64_t file_bytes, size_t keep_max)
      : scheduler_(scheduler), disk_(disk), directory_(std::move(directory)), file_bytes_(file_bytes), keep_max_(keep_max) {}

  uint64_t file_bytes() const { return file_bytes_; }
  bool empty() const { return free_.empty(); }
  size_t files() const { return free_.size(); }
  uint64_t bytes() const;  // of all free files
  void StartNamesAt(uint64_t next_file_number) { next_file_number_ = next_file_number; }

  // REQUIRES: !empty().
  FreeFile Take();
  // Makes a file of `bytes`, at least, and puts it where Take finds it, or (larger than usual) returns it alone. kResourceExhausted: no
  // room on the disk. After an error there is no file. MAY SUSPEND.
  absl::StatusOr<FreeFile> Make(uint64_t bytes);
  absl::Status MakeSpare();
  // Takes a file back: wiped and kept, or removed if it is of an unusual size, has failed before or there are enough. Durable when it
  // returns. On an error the file is as it was, or gone, or wiped. MAY SUSPEND.
  enum class Trust : uint8_t { kSound, kHasFailed };
  absl::Status Return(const FreeFile& file, Trust trust);

 private:
  absl::Status Fill(const std::string& path, uint64_t bytes);
  absl::Status Wipe(const FreeFile& free);

  Scheduler& scheduler_;
  Disk& disk_;
  const std::string directory_;
  const uint64_t file_bytes_;
  const size_t keep_max_;
  uint64_t next_file_number_ = 1;
  std::vector<FreeFile> free_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_SEGMENT_POOL_H_
