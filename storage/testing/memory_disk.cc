#include "storage/testing/memory_disk.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {

namespace {

std::string Normalize(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) StrAppend(&out, out.empty() ? "" : "/", part);
  return out;
}

std::string_view Parent(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return folder.empty() || (path.size() > folder.size() && path.substr(0, folder.size()) == folder && path[folder.size()] == '/');
}

absl::Status NotFound(std::string_view path) { return absl::NotFoundError(StrCat(path, ": no such file or folder")); }

class MemoryFile : public File {
 public:
  enum class Access { kRead, kReadWrite };
  MemoryFile(std::shared_ptr<std::string> content, Access access) : content_(std::move(content)), access_(access) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override {
    if (offset >= content_->size()) return 0;
    const size_t count = std::min<size_t>(buffer.size(), content_->size() - offset);
    std::copy_n(content_->data() + offset, count, buffer.data());
    return count;
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    if (access_ == Access::kRead) return absl::PermissionDeniedError("opened for reading");
    if (data.empty()) return absl::OkStatus();
    if (content_->size() < offset + data.size()) content_->resize(offset + data.size());
    std::copy(data.begin(), data.end(), content_->begin() + static_cast<std::ptrdiff_t>(offset));
    return absl::OkStatus();
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t size) override {
    if (access_ == Access::kRead) return absl::PermissionDeniedError("opened for reading");
    content_->resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() override { return content_->size(); }

 private:
  const std::shared_ptr<std::string> content_;
  const Access access_;
};

}  // namespace

void MemoryDisk::Put(std::string_view path, std::string_view content) {
  const std::string normalized = Normalize(path);
  MakeFoldersOf(normalized);
  entries_[normalized] = std::make_shared<std::string>(content);
}

void MemoryDisk::FailWith(std::string_view path, absl::Status status) { failures_[Normalize(path)] = std::move(status); }

void MemoryDisk::MakeFoldersOf(std::string_view path) {
  for (std::string_view folder = Parent(path); !folder.empty(); folder = Parent(folder)) entries_.emplace(std::string(folder), nullptr);
}

absl::Status MemoryDisk::FailureOf(const std::string& path) const {
  const auto it = failures_.find(path);
  return it == failures_.end() ? absl::OkStatus() : it->second;
}

bool MemoryDisk::IsFolder(const std::string& path) const {
  const auto it = entries_.find(path);
  return path.empty() || (it != entries_.end() && it->second == nullptr);
}

absl::StatusOr<std::unique_ptr<File>> MemoryDisk::Open(std::string_view raw, OpenMode mode) {
  const std::string path = Normalize(raw);
  EDGE_RETURN_IF_ERROR(FailureOf(path));
  if (IsFolder(path)) {
    const std::string text = StrCat(raw, ": a folder");
    return mode == OpenMode::kCreateNew ? absl::AlreadyExistsError(text) : absl::PermissionDeniedError(text);
  }
  auto it = entries_.find(path);
  if (it == entries_.end()) {
    if (mode == OpenMode::kReadOnly || mode == OpenMode::kReadWrite) return NotFound(raw);
    for (std::string_view folder = Parent(path); !folder.empty(); folder = Parent(folder)) {
      const auto above = entries_.find(std::string(folder));
      if (above != entries_.end() && above->second != nullptr) return absl::PermissionDeniedError(StrCat(folder, ": a file, not a folder"));
    }
    MakeFoldersOf(path);
    it = entries_.emplace(path, std::make_shared<std::string>()).first;
  } else if (mode == OpenMode::kCreateNew) {
    return absl::AlreadyExistsError(StrCat(raw, ": exists"));
  }
  const auto access = mode == OpenMode::kReadOnly ? MemoryFile::Access::kRead : MemoryFile::Access::kReadWrite;
  return std::make_unique<MemoryFile>(it->second, access);
}

absl::Status MemoryDisk::Remove(std::string_view raw) {
  const std::string path = Normalize(raw);
  EDGE_RETURN_IF_ERROR(FailureOf(path));
  std::erase_if(entries_, [&](const auto& entry) { return entry.first == path || IsBelow(entry.first, path); });
  return absl::OkStatus();
}

absl::Status MemoryDisk::Rename(std::string_view raw_from, std::string_view raw_to) {
  const std::string from = Normalize(raw_from), to = Normalize(raw_to);
  EDGE_RETURN_IF_ERROR(FailureOf(from));
  EDGE_RETURN_IF_ERROR(FailureOf(to));
  const bool folder = IsFolder(from);
  if (!folder && entries_.find(from) == entries_.end()) return NotFound(raw_from);
  if (from == to) return absl::OkStatus();
  if (IsBelow(to, from)) return absl::InvalidArgumentError(StrCat(raw_to, ": within ", raw_from));
  if (IsFolder(to)) return absl::AlreadyExistsError(StrCat(raw_to, ": a folder"));
  std::map<std::string, Content> moved;
  for (const auto& [path, content] : entries_) {
    if (path == from) moved[to] = content;
    if (folder && IsBelow(path, from)) moved[to + path.substr(from.size())] = content;
  }
  EDGE_RETURN_IF_ERROR(Remove(from));
  MakeFoldersOf(to);
  for (auto& [path, content] : moved) entries_[path] = std::move(content);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DirectoryEntry>> MemoryDisk::List(std::string_view raw) {
  const std::string path = Normalize(raw);
  EDGE_RETURN_IF_ERROR(FailureOf(path));
  if (!IsFolder(path)) return NotFound(raw);
  std::map<std::string, DirectoryEntry::Kind> children;
  for (const auto& [name, content] : entries_) {
    if (!IsBelow(name, path)) continue;
    const std::string rest = name.substr(path.empty() ? 0 : path.size() + 1);
    const size_t slash = rest.find('/');
    const bool is_folder = slash != std::string::npos || content == nullptr;
    children[rest.substr(0, slash)] = is_folder ? DirectoryEntry::Kind::kDirectory : DirectoryEntry::Kind::kFile;
  }
  std::vector<DirectoryEntry> out;
  for (auto& [name, kind] : children) out.push_back({.name = name, .kind = kind});
  return out;
}

absl::Status MemoryDisk::SyncDirectory(std::string_view raw) {
  const std::string path = Normalize(raw);
  EDGE_RETURN_IF_ERROR(FailureOf(path));
  return IsFolder(path) ? absl::OkStatus() : NotFound(raw);
}

absl::StatusOr<std::unique_ptr<DiskLock>> MemoryDisk::Lock(std::string_view raw) {
  struct Token final : DiskLock {};
  struct Held final : DiskLock {
    explicit Held(std::shared_ptr<DiskLock> t) : token(std::move(t)) {}
    const std::shared_ptr<DiskLock> token;
  };
  EDGE_RETURN_IF_ERROR(Open(raw, OpenMode::kCreate).status());
  std::weak_ptr<DiskLock>& lock = locks_[Normalize(raw)];
  if (!lock.expired()) return absl::FailedPreconditionError(StrCat(raw, ": in use by this process"));
  auto token = std::make_shared<Token>();
  lock = token;
  return std::make_unique<Held>(std::move(token));
}

}  // namespace edge
