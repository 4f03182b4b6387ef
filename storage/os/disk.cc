#include "storage/os/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/os/fd.h"

namespace edge {
namespace {

absl::Status DiskError(std::string_view action, std::string_view path, int error) {
  const std::string text = StrCat(path, ": ", action, ": ", ErrorText(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text);
    case EEXIST:
    case ENOTEMPTY:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(text);
    case EIO:
      return absl::DataLossError(text);
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EINVAL:
    case ELOOP:
    case EXDEV:
      return absl::InvalidArgumentError(text);
    default:
      return absl::InternalError(text);
  }
}

// Runs a sync on a helper thread when a fiber can wait for it. Returns its errno.
absl::StatusOr<int> Synced(Scheduler& scheduler, BlockingPool& pool, int (*sync)(int), int fd) {
  int error = 0;
  const auto work = [sync, fd, &error] { error = sync(fd) == 0 ? 0 : errno; };
  if (scheduler.current() == nullptr) {
    work();
  } else {
    EDGE_RETURN_IF_ERROR(pool.RunInFiber(scheduler, work));
  }
  return error;
}

class OsFile final : public File {
 public:
  OsFile(Fd fd, std::string path, Scheduler& scheduler, BlockingPool& pool)
      : fd_(std::move(fd)), path_(std::move(path)), scheduler_(scheduler), pool_(pool) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override {
    EDGE_RETURN_IF_ERROR(CheckNotCrashed());
    size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t got = pread(fd_.get(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got > 0) {
        done += static_cast<size_t>(got);
      } else if (errno != EINTR) {
        return DiskError("read", path_, errno);
      }
    }
    return done;
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    EDGE_RETURN_IF_ERROR(CheckNotCrashed());
    while (!data.empty()) {
      const ssize_t put = pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (put >= 0) {
        data.remove_prefix(static_cast<size_t>(put));
        offset += static_cast<uint64_t>(put);
      } else if (errno != EINTR) {
        return DiskError("write", path_, errno);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    EDGE_RETURN_IF_ERROR(CheckNotCrashed());
    EDGE_ASSIGN_OR_RETURN(const int error, Synced(scheduler_, pool_, &fdatasync, fd_.get()));
    return error == 0 ? absl::OkStatus() : DiskError("sync", path_, error);
  }

  absl::Status Truncate(uint64_t size) override {
    EDGE_RETURN_IF_ERROR(CheckNotCrashed());
    while (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      if (errno != EINTR) return DiskError("truncate", path_, errno);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    EDGE_RETURN_IF_ERROR(CheckNotCrashed());
    struct stat info {};
    if (fstat(fd_.get(), &info) != 0) return DiskError("size", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  // A cancelled fiber may still use the disk, to clean up; a crashed one may not.
  absl::Status CheckNotCrashed() const {
    absl::Status alive = scheduler_.CheckAlive();
    return IsCrashed(alive) ? alive : absl::OkStatus();
  }

  const Fd fd_;
  const std::string path_;
  Scheduler& scheduler_;
  BlockingPool& pool_;
};

// The descriptor is the lock; it is not inherited by children (O_CLOEXEC).
class OsDiskLock final : public DiskLock {
 public:
  explicit OsDiskLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  const Fd fd_;
};

}  // namespace

OsDisk::OsDisk(std::string root, Scheduler& scheduler, BlockingPool& pool) : root_(std::move(root)), scheduler_(scheduler), pool_(pool) {}

std::string OsDisk::Full(std::string_view path) const {
  if (path.starts_with('/') || root_.empty()) return std::string(path);
  return StrCat(root_, "/", path);
}

absl::StatusOr<std::unique_ptr<File>> OsDisk::Open(std::string_view path, OpenMode mode) {
  std::string full = Full(path);
  int flags = O_CLOEXEC | (mode == OpenMode::kReadOnly ? O_RDONLY : O_RDWR);
  if (mode == OpenMode::kCreate) flags |= O_CREAT;
  if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;
  int fd = open(full.c_str(), flags, 0644);
  if (fd < 0 && errno == ENOENT && (flags & O_CREAT) != 0) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path(), error);
    if (error) return DiskError("make its folder", path, error.value());
    fd = open(full.c_str(), flags, 0644);
  }
  if (fd < 0) return DiskError("open", path, errno);
  Fd owned(fd);
  struct stat info {};
  if (fstat(fd, &info) != 0) return DiskError("open", path, errno);
  if (S_ISDIR(info.st_mode)) return DiskError("open", path, EISDIR);
  return std::make_unique<OsFile>(std::move(owned), std::string(path), scheduler_, pool_);
}

absl::Status OsDisk::Remove(std::string_view path) {
  std::error_code error;
  std::filesystem::remove_all(Full(path), error);  // links are removed, not followed
  return error ? DiskError("remove", path, error.value()) : absl::OkStatus();
}

absl::Status OsDisk::Rename(std::string_view from, std::string_view to) {
  if (rename(Full(from).c_str(), Full(to).c_str()) == 0) return absl::OkStatus();
  return DiskError(StrCat("rename to ", to), from, errno);
}

absl::StatusOr<std::vector<DirectoryEntry>> OsDisk::List(std::string_view path) {
  std::error_code error;
  std::filesystem::directory_iterator entry(Full(path), error);
  std::vector<DirectoryEntry> entries;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code unknown;  // an entry that vanishes meanwhile is "other"
    const auto kind = entry->is_directory(unknown)      ? DirectoryEntry::Kind::kDirectory
                      : entry->is_regular_file(unknown) ? DirectoryEntry::Kind::kFile
                                                        : DirectoryEntry::Kind::kOther;
    entries.push_back({entry->path().filename().string(), kind});
  }
  if (error) return DiskError("list", path, error.value());
  std::sort(entries.begin(), entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

absl::Status OsDisk::SyncDirectory(std::string_view path) {
  const Fd fd(open(Full(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return DiskError("sync the folder", path, errno);
  EDGE_ASSIGN_OR_RETURN(const int error, Synced(scheduler_, pool_, &fsync, fd.get()));
  return error == 0 ? absl::OkStatus() : DiskError("sync the folder", path, error);
}

absl::StatusOr<std::unique_ptr<DiskLock>> OsDisk::Lock(std::string_view path) {
  // Opened first as every file is, which makes its folders.
  EDGE_RETURN_IF_ERROR(Open(path, OpenMode::kCreate).status());
  Fd fd(open(Full(path).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return DiskError("open", path, errno);
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return DiskError("lock", path, errno);
    char holder[32] = {};
    const ssize_t got = pread(fd.get(), holder, sizeof(holder) - 1, 0);
    const std::string_view who(holder, got > 0 ? static_cast<size_t>(got) : 0);
    return absl::FailedPreconditionError(StrCat(path, ": in use by another process",
                                                who.empty() ? std::string() : StrCat(" (", who.substr(0, who.find('\n')), ")"),
                                                "; stop that one first"));
  }
  // Only for the text above, so a disk that is full does not matter.
  const std::string self = StrCat(getpid(), "\n");
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), self.data(), self.size(), 0) < 0) errno = 0;
  return std::make_unique<OsDiskLock>(std::move(fd));
}

}  // namespace edge
