#include "sim/disk/quiet_disk.h"

#include <string>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

class QuietFile final : public File {
 public:
  explicit QuietFile(PlatterNodePtr node) : node_(std::move(node)) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return node_->content.Read(offset, buffer); }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    if (node_->content.Write(offset, data) < data.size()) return absl::ResourceExhaustedError("No space left on device");
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    node_->content.BeginSync();
    node_->content.EndSync();
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    node_->content.Resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() override { return node_->content.size(); }

 private:
  const PlatterNodePtr node_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<File>> QuietDisk::Open(std::string_view path, OpenMode mode) {
  EDGE_ASSIGN_OR_RETURN(PlatterNodePtr node, platter_.Open(path, mode));
  return std::make_unique<QuietFile>(std::move(node));
}

absl::Status QuietDisk::Remove(std::string_view path) { return platter_.Remove(path); }
absl::Status QuietDisk::Rename(std::string_view from, std::string_view to) { return platter_.Rename(from, to); }
absl::StatusOr<std::vector<DirectoryEntry>> QuietDisk::List(std::string_view path) { return platter_.List(path); }

absl::Status QuietDisk::SyncDirectory(std::string_view path) {
  EDGE_ASSIGN_OR_RETURN(const PlatterNodePtr folder, platter_.Folder(path));
  platter_.SyncNames(*folder, platter_.LastOperation(*folder));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DiskLock>> QuietDisk::Lock(std::string_view path) {
  EDGE_RETURN_IF_ERROR(platter_.Open(path, OpenMode::kCreate).status());
  return std::make_unique<DiskLock>();
}

void CopyFolder(Platter& from, Platter& to, std::string_view folder) {
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = from.List(folder);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = StrCat(folder, "/", entry.name);
    if (entry.kind == DirectoryEntry::Kind::kDirectory) {
      CopyFolder(from, to, path);
      continue;
    }
    const absl::StatusOr<PlatterNodePtr> source = from.Open(path, OpenMode::kReadOnly);
    const absl::StatusOr<PlatterNodePtr> copy = to.Open(path, OpenMode::kCreate);
    EDGE_CHECK_OK(source.status());
    EDGE_CHECK_OK(copy.status());
    std::string bytes((*source)->content.size(), '\0');
    (*source)->content.Read(0, bytes);
    EDGE_CHECK((*copy)->content.Write(0, bytes) == bytes.size());
  }
}

}  // namespace edge::sim
