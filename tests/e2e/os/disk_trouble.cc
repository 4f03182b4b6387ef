// A disk that goes wrong, for tests: preloaded into edge (LD_PRELOAD), it makes calls to the system fail as a file says.
//
// EDGE_TROUBLE_FILE names that file, which may change at any time: one line `CALL ERROR SKIP COUNT PART`. Of the calls of that kind on
// files whose path contains PART, counted since the file was written, COUNT fail with ERROR (a name) after SKIP that do not. CALL is `sync`
// (of files and folders), `write`, `grow` (a write behind the end of a file: what a full disk refuses) or `open` (for writing). Each
// failure adds a line to FILE.hits.
//
// A sync that fails takes back what was written to the file since the last good one, as a disk may: whoever tries it again and believes the
// answer has lost data.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int RealOpen(const char* path, int flags, mode_t mode) {
  static auto* const real = Real<int(const char*, int, ...)>("open");
  return real(path, flags, mode);
}
ssize_t RealWrite(int fd, const void* data, size_t size, off_t offset) {
  static auto* const real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return real(fd, data, size, offset);
}

struct FileId {
  dev_t device;
  ino_t inode;
  bool operator<(const FileId& other) const { return device != other.device ? device < other.device : inode < other.inode; }
};

// What a write has replaced.
struct Replaced {
  off_t offset;
  std::string bytes;
};

struct Trouble {
  std::mutex mutex;  // syncs come from helper threads
  std::string rule;
  uint64_t calls = 0;
  std::map<FileId, std::vector<Replaced>> unsynced;
};

// Never destroyed: calls come until the very end.
Trouble& TheTrouble() {
  static Trouble* const trouble = new Trouble;
  return *trouble;
}

const char* ControlFile() {
  static const char* const file = getenv("EDGE_TROUBLE_FILE");
  return file;
}

int ErrorNamed(const char* name) {
  if (strcmp(name, "EIO") == 0) return EIO;
  if (strcmp(name, "ENOSPC") == 0) return ENOSPC;
  if (strcmp(name, "EROFS") == 0) return EROFS;
  fprintf(stderr, "disk_trouble: no error %s\n", name);
  abort();
}

std::string PathOf(int fd) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char path[4096];
  const ssize_t length = readlink(link, path, sizeof path);
  return length < 0 ? std::string() : std::string(path, static_cast<size_t>(length));
}

bool IdOf(int fd, FileId* id, off_t* size) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return false;
  *id = {info.st_dev, info.st_ino};
  *size = info.st_size;
  return true;
}

// The error with which this call fails; 0: it does not. With the mutex held.
int Fails(Trouble& trouble, const char* call, const std::string& path) {
  if (ControlFile() == nullptr) return 0;
  char text[512] = {};
  const int fd = RealOpen(ControlFile(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  const std::string rule(text, length > 0 ? static_cast<size_t>(length) : 0);
  if (rule != trouble.rule) {
    trouble.rule = rule;
    trouble.calls = 0;
  }
  char which[16], error[16], part[256];
  unsigned long long skip = 0, count = 0;
  if (sscanf(rule.c_str(), "%15s %15s %llu %llu %255s", which, error, &skip, &count, part) != 5) return 0;
  if (strcmp(which, call) != 0 || path.find(part) == std::string::npos) return 0;
  const uint64_t number = trouble.calls++;
  if (number < skip || number - skip >= count) return 0;
  const std::string hits = std::string(ControlFile()) + ".hits";
  const int log = RealOpen(hits.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::string line = std::string(call) + " " + path + "\n";
  if (log < 0 || write(log, line.data(), line.size()) < 0) abort();
  close(log);
  return ErrorNamed(error);
}

int Sync(int fd, const char* name) {
  int (*const real)(int) = Real<int(int)>(name);
  Trouble& trouble = TheTrouble();
  FileId id{};
  off_t size = 0;
  const bool known = IdOf(fd, &id, &size);
  std::vector<Replaced> covered;
  int error = 0;
  {
    const std::lock_guard<std::mutex> lock(trouble.mutex);
    if (known) covered.swap(trouble.unsynced[id]);
    error = Fails(trouble, "sync", PathOf(fd));
    if (error != 0) {
      for (auto replaced = covered.rbegin(); replaced != covered.rend(); ++replaced) {
        if (RealWrite(fd, replaced->bytes.data(), replaced->bytes.size(), replaced->offset) < 0) abort();
      }
    }
  }
  if (error == 0) return real(fd);
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

int fsync(int fd) { return Sync(fd, "fsync"); }
int fdatasync(int fd) { return Sync(fd, "fdatasync"); }

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  Trouble& trouble = TheTrouble();
  const std::lock_guard<std::mutex> lock(trouble.mutex);
  FileId id{};
  off_t length = 0;
  if (ControlFile() != nullptr && IdOf(fd, &id, &length)) {
    const std::string path = PathOf(fd);
    int error = Fails(trouble, "write", path);
    if (error == 0 && offset + static_cast<off_t>(size) > length) error = Fails(trouble, "grow", path);
    if (error != 0) {
      errno = error;
      return -1;
    }
    Replaced replaced{offset, {}};
    if (offset < length) {
      replaced.bytes.resize(std::min(size, static_cast<size_t>(length - offset)));
      const ssize_t got = pread(fd, replaced.bytes.data(), replaced.bytes.size(), offset);
      replaced.bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
      if (got > 0) trouble.unsynced[id].push_back(std::move(replaced));
    }
  }
  return RealWrite(fd, data, size, offset);
}

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  if ((flags & O_ACCMODE) != O_RDONLY) {
    Trouble& trouble = TheTrouble();
    const std::lock_guard<std::mutex> lock(trouble.mutex);
    if (const int error = Fails(trouble, "open", path); error != 0) {
      errno = error;
      return -1;
    }
  }
  return RealOpen(path, flags, mode);
}

}  // extern "C"
