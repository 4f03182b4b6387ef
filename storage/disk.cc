#include "storage/disk.h"

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {

absl::StatusOr<std::string> ReadWholeFile(Disk& disk, std::string_view path, uint64_t bytes_max) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk.Open(path, OpenMode::kReadOnly));
  EDGE_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > bytes_max) return absl::ResourceExhaustedError(StrCat(path, ": ", size, " bytes, at most ", bytes_max, " are read"));
  std::string content(size, '\0');
  EDGE_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(0, content));
  content.resize(read);
  return content;
}

absl::Status WriteWholeFile(Disk& disk, std::string_view path, std::string_view content) {
  const std::string temporary = StrCat(path, ".tmp");
  EDGE_RETURN_IF_ERROR(disk.Remove(temporary));
  {
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk.Open(temporary, OpenMode::kCreateNew));
    EDGE_RETURN_IF_ERROR(file->WriteAt(0, content));
    EDGE_RETURN_IF_ERROR(file->Sync());
  }
  EDGE_RETURN_IF_ERROR(disk.Rename(temporary, path));
  const size_t slash = path.rfind('/');
  return disk.SyncDirectory(slash == std::string_view::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

}  // namespace edge
