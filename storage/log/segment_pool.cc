#include "storage/log/segment_pool.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "storage/log/format.h"
#include "storage/log/log_reader.h"

namespace edge::storage {
namespace {

constexpr uint64_t kPieceBytes = 256 << 10;

}  // namespace

uint64_t SegmentPool::bytes() const {
  uint64_t bytes = 0;
  for (const FreeFile& file : free_) bytes += file.bytes;
  return bytes;
}

SegmentPool::FreeFile SegmentPool::Take() {
  EDGE_CHECK(!free_.empty());
  FreeFile file = std::move(free_.front());
  free_.erase(free_.begin());
  return file;
}

absl::Status SegmentPool::Fill(const std::string& path, uint64_t bytes) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(path, OpenMode::kCreateNew));
  const std::string zeros(std::min(bytes, kPieceBytes), '\0');
  for (uint64_t offset = 0; offset < bytes; offset += zeros.size()) {
    EDGE_RETURN_IF_ERROR(file->WriteAt(offset, std::string_view(zeros).substr(0, bytes - offset)));
    // A disk may copy into its cache without suspending; others want to run as well.
    if (scheduler_.current() != nullptr) EDGE_RETURN_IF_ERROR(scheduler_.Yield());
  }
  EDGE_RETURN_IF_ERROR(file->Sync());
  return disk_.SyncDirectory(directory_);
}

absl::StatusOr<SegmentPool::FreeFile> SegmentPool::Make(uint64_t bytes) {
  FreeFile file{.path = SegmentPath(directory_, next_file_number_++), .bytes = BlocksUp(std::max(bytes, file_bytes_))};
  const absl::Status filled = Fill(file.path, file.bytes);
  if (!filled.ok()) {
    // A part of a file takes room that others need. If it stays, the next opening finds it and removes it.
    (void)disk_.Remove(file.path);
    return filled;
  }
  return file;
}

absl::Status SegmentPool::MakeSpare() {
  EDGE_ASSIGN_OR_RETURN(FreeFile file, Make(file_bytes_));
  free_.push_back(std::move(file));
  return absl::OkStatus();
}

absl::Status SegmentPool::Wipe(const FreeFile& free) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(free.path, OpenMode::kReadWrite));
  const std::string zeros(kBlockBytes, '\0');
  EDGE_RETURN_IF_ERROR(file->WriteAt(0, zeros));
  // Of a file that an earlier process made, nobody knows whether its size has ever been synced; with its last block it is.
  EDGE_RETURN_IF_ERROR(file->WriteAt(free.bytes - kBlockBytes, zeros));
  return file->Sync();
}

absl::Status SegmentPool::Return(const FreeFile& file, Trust trust) {
  if (trust == Trust::kSound && file.bytes == file_bytes_ && free_.size() < keep_max_) {
    const absl::Status wiped = Wipe(file);
    if (IsCrashed(wiped)) return wiped;
    if (wiped.ok()) {
      free_.push_back(file);
      return absl::OkStatus();
    }
  }
  EDGE_RETURN_IF_ERROR(disk_.Remove(file.path));
  return disk_.SyncDirectory(directory_);
}

}  // namespace edge::storage
