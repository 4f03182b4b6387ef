#include "storage/store/scratch_disk.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {
namespace {

constexpr uint64_t kBlockBytes = 4096;

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

// The bytes of a file: blocks that were written here over a file that is read.
class ScratchDisk::Content {
 public:
  Content(std::unique_ptr<File> below, uint64_t size) : below_(std::move(below)), size_(size), below_size_(size) {}

  uint64_t size() const { return size_; }
  absl::StatusOr<size_t> Read(uint64_t offset, std::span<char> out) {
    if (offset >= size_) return 0;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset));
    for (size_t done = 0; done < count;) {
      const uint64_t at = offset + done, in_block = at % kBlockBytes;
      const size_t part = static_cast<size_t>(std::min<uint64_t>(count - done, kBlockBytes - in_block));
      if (const auto block = blocks_.find(at / kBlockBytes); block != blocks_.end()) {
        std::memcpy(out.data() + done, block->second->data() + in_block, part);
      } else {
        EDGE_RETURN_IF_ERROR(ReadBelow(at, out.subspan(done, part)));
      }
      done += part;
    }
    return count;
  }
  absl::Status Write(uint64_t offset, std::string_view data) {
    while (!data.empty()) {
      const uint64_t in_block = offset % kBlockBytes;
      const size_t part = static_cast<size_t>(std::min<uint64_t>(data.size(), kBlockBytes - in_block));
      std::unique_ptr<Block>& block = blocks_[offset / kBlockBytes];
      if (block == nullptr) {
        auto fresh = std::make_unique<Block>();
        EDGE_RETURN_IF_ERROR(ReadBelow(offset - in_block, *fresh));
        if (block == nullptr) block = std::move(fresh);
      }
      std::memcpy(block->data() + in_block, data.data(), part);
      offset += part;
      size_ = std::max(size_, offset);
      data.remove_prefix(part);
    }
    return absl::OkStatus();
  }
  void Resize(uint64_t size) {
    below_size_ = std::min(below_size_, size);
    for (auto it = blocks_.lower_bound(size / kBlockBytes); it != blocks_.end();) {
      const uint64_t begin = it->first * kBlockBytes;
      if (begin >= size) {
        it = blocks_.erase(it);
      } else {
        std::memset(it->second->data() + (size - begin), 0, kBlockBytes - (size - begin));
        ++it;
      }
    }
    size_ = size;
  }

 private:
  using Block = std::array<char, kBlockBytes>;

  // Zeros beyond what there is.
  absl::Status ReadBelow(uint64_t offset, std::span<char> out) {
    size_t count = 0;
    if (below_ != nullptr && offset < below_size_) {
      const std::span<char> there = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), below_size_ - offset)));
      EDGE_ASSIGN_OR_RETURN(count, below_->ReadAt(offset, there));
    }
    std::memset(out.data() + count, 0, out.size() - count);
    return absl::OkStatus();
  }

  const std::unique_ptr<File> below_;  // null: made here
  std::map<uint64_t, std::unique_ptr<Block>> blocks_;
  uint64_t size_;
  uint64_t below_size_;  // what is still to be seen of it
};

class ScratchDisk::Handle final : public File {
 public:
  explicit Handle(std::shared_ptr<Content> content) : content_(std::move(content)) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return content_->Read(offset, buffer); }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override { return content_->Write(offset, data); }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t size) override {
    content_->Resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() override { return content_->size(); }

 private:
  const std::shared_ptr<Content> content_;
};

bool ScratchDisk::IsGone(std::string_view path) const {
  return std::any_of(gone_.begin(), gone_.end(), [&](const std::string& gone) { return gone == path || IsBelow(path, gone); });
}

absl::StatusOr<std::shared_ptr<ScratchDisk::Content>> ScratchDisk::Find(std::string_view path) {
  if (const auto it = files_.find(path); it != files_.end()) return it->second;
  if (IsGone(path)) return absl::NotFoundError(StrCat(path, ": removed"));
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, below_.Open(path, OpenMode::kReadOnly));
  EDGE_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  return std::make_shared<Content>(std::move(file), size);
}

absl::StatusOr<std::unique_ptr<File>> ScratchDisk::Open(std::string_view path, OpenMode mode) {
  absl::StatusOr<std::shared_ptr<Content>> content = Find(path);
  const bool makes = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
  if (content.ok() && mode == OpenMode::kCreateNew) return absl::AlreadyExistsError(StrCat(path, ": exists"));
  if (makes && absl::IsNotFound(content.status())) content = std::make_shared<Content>(nullptr, 0);
  EDGE_RETURN_IF_ERROR(content.status());
  if (mode != OpenMode::kReadOnly) files_.insert_or_assign(std::string(path), *content);
  return std::make_unique<Handle>(*std::move(content));
}

absl::Status ScratchDisk::Remove(std::string_view path) {
  std::erase_if(files_, [&](const auto& file) { return file.first == path || IsBelow(file.first, path); });
  gone_.emplace(path);
  return absl::OkStatus();
}

absl::Status ScratchDisk::Rename(std::string_view from, std::string_view to) {
  EDGE_ASSIGN_OR_RETURN(std::shared_ptr<Content> content, Find(from));
  EDGE_RETURN_IF_ERROR(Remove(from));
  files_.insert_or_assign(std::string(to), std::move(content));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DirectoryEntry>> ScratchDisk::List(std::string_view path) {
  std::map<std::string, DirectoryEntry::Kind> found;
  absl::StatusOr<std::vector<DirectoryEntry>> below = IsGone(path) ? absl::NotFoundError(StrCat(path, ": removed")) : below_.List(path);
  if (below.ok()) {
    for (const DirectoryEntry& entry : *below) {
      if (!IsGone(StrCat(path, "/", entry.name))) found[entry.name] = entry.kind;
    }
  }
  for (const auto& [name, content] : files_) {
    if (!IsBelow(name, path)) continue;
    const std::string rest = name.substr(path.size() + 1);
    const size_t slash = rest.find('/');
    found[rest.substr(0, slash)] = slash == std::string::npos ? DirectoryEntry::Kind::kFile : DirectoryEntry::Kind::kDirectory;
  }
  if (found.empty() && !below.ok()) return below.status();
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, kind] : found) entries.push_back({name, kind});
  return entries;
}

absl::StatusOr<std::unique_ptr<DiskLock>> ScratchDisk::Lock(std::string_view) { return std::make_unique<DiskLock>(); }

}  // namespace edge::storage
