#include "storage/store/base_files.h"

#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {

absl::StatusOr<std::shared_ptr<File>> BaseFiles::Get(std::string_view path, OpenMode mode) {
  if (const auto it = files_.find(path); it != files_.end()) {
    recent_.splice(recent_.begin(), recent_, it->second.recent);
    return it->second.file;
  }
  const uint64_t forgotten = forgotten_;
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> opened, disk_.Open(path, mode));
  std::shared_ptr<File> file = std::move(opened);
  if (forgotten != forgotten_ || files_.contains(path)) return file;  // another fiber was faster, or it may be another file by now
  recent_.emplace_front(path);
  files_.emplace(std::string(path), Open{file, recent_.begin()});
  while (files_.size() > open_max_) {
    files_.erase(recent_.back());
    recent_.pop_back();
  }
  return file;
}

absl::Status BaseFiles::Damaged(std::string_view path, std::string_view what) const {
  std::string_view name = path;
  if (name.starts_with(directory_) && name.substr(directory_.size()).starts_with('/')) name.remove_prefix(directory_.size() + 1);
  return absl::DataLossError(StrCat(name, ": ", what, "; import the object from a backup (`edge check` lists all damage)"));
}

absl::Status BaseFiles::ReadPage(std::string_view path, uint32_t page, std::span<char, kPageBytes> out) {
  absl::StatusOr<std::shared_ptr<File>> file = Get(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) {
    return Damaged(path, "the file is missing");
  }
  EDGE_RETURN_IF_ERROR(file.status());
  absl::StatusOr<size_t> read = (*file)->ReadAt(uint64_t{page - 1} * kPageBytes, std::span<char>(out.data(), out.size()));
  if (absl::IsDataLoss(read.status())) {
    return Damaged(path, StrCat("page ", page, " cannot be read: ", FromAbsl(read.status().message())));
  }
  EDGE_RETURN_IF_ERROR(read.status());
  if (*read < kPageBytes) {
    return Damaged(path, StrCat("the file is truncated, page ", page, " is missing"));
  }
  if (!Verify(out, page)) {
    return Damaged(path, StrCat("page ", page, " is damaged (checksum)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<File>> BaseFiles::ForWriting(std::string_view path) { return Get(path, OpenMode::kCreate); }

void BaseFiles::Forget(std::string_view path) {
  ++forgotten_;
  const auto it = files_.find(path);
  if (it == files_.end()) return;
  recent_.erase(it->second.recent);
  files_.erase(it);
}

}  // namespace edge::storage
