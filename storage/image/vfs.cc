#include "storage/image/vfs.h"

#include <cstring>
#include <ctime>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {

namespace {

constexpr char kVfsName[] = "edge-image";
constexpr char kMagic[] = "SQLite format 3";  // with its final zero
constexpr size_t kPageSizeAt = 16;            // big-endian
constexpr size_t kReservedAt = 20;

}  // namespace

// SQLite's callbacks. No exception leaves them: what they call reports by status, and memory that is not there ends the process.
struct VfsCalls {
  static ImageVfs& Vfs(sqlite3_file* file) { return *reinterpret_cast<ImageVfs::OpenFile*>(file)->vfs; }
  static ImageVfs& Vfs(sqlite3_vfs* vfs) { return *static_cast<ImageVfs*>(vfs->pAppData); }

  // ---- the file

  static int Close(sqlite3_file* file) {
    Vfs(file).open_ = false;
    return SQLITE_OK;
  }

  static int Read(sqlite3_file* raw, void* out, int count, sqlite3_int64 offset) {
    ImageVfs& vfs = Vfs(raw);
    const auto page = static_cast<uint32_t>(offset / kPageBytes + 1);
    const auto in_page = static_cast<size_t>(offset % kPageBytes);
    // Headers are read in part, pages whole; nothing crosses a page.
    EDGE_CHECK(count >= 0 && in_page + static_cast<size_t>(count) <= kPageBytes) << count << " bytes at " << offset;
    const auto size = static_cast<size_t>(count);
    if (page > vfs.file_.size()) {
      std::memset(out, 0, size);
      return SQLITE_IOERR_SHORT_READ;
    }
    if (vfs.first_page_ != nullptr) {
      EDGE_CHECK(page == 1) << "SQLite reads page " << page << " while it opens a connection";
      std::memcpy(out, vfs.first_page_->data() + in_page, size);
      return SQLITE_OK;
    }
    absl::Status status;
    if (size == kPageBytes) {
      status = vfs.file_.Read(page, std::span<char, kPageBytes>(static_cast<char*>(out), kPageBytes));
    } else {
      std::array<char, kPageBytes> bytes;
      status = vfs.file_.Read(page, bytes);
      if (status.ok()) std::memcpy(out, bytes.data() + in_page, size);
    }
    vfs.SeedSqlite();  // the read may have suspended, and other connections have worked
    if (status.ok()) return SQLITE_OK;
    if (vfs.lost_.ok()) vfs.lost_ = std::move(status);
    return SQLITE_IOERR_READ;
  }

  static int Write(sqlite3_file* raw, const void* bytes, int count, sqlite3_int64 offset) {
    ImageVfs& vfs = Vfs(raw);
    EDGE_CHECK(count == static_cast<int>(kPageBytes) && offset % kPageBytes == 0) << count << " bytes at " << offset;
    const auto page = static_cast<uint32_t>(offset / kPageBytes + 1);
    // SQLite's own text says all that there is to say about a full database.
    return vfs.file_.Write(page, std::span<const char, kPageBytes>(static_cast<const char*>(bytes), kPageBytes)).ok() ? SQLITE_OK
                                                                                                                      : SQLITE_FULL;
  }

  static int Truncate(sqlite3_file* raw, sqlite3_int64 size) {
    EDGE_CHECK(size % kPageBytes == 0) << size;
    Vfs(raw).file_.Resize(static_cast<uint32_t>(size / kPageBytes));
    return SQLITE_OK;
  }

  static int FileSize(sqlite3_file* raw, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>(Vfs(raw).file_.size()) * static_cast<sqlite3_int64>(kPageBytes);
    return SQLITE_OK;
  }

  static int FileControl(sqlite3_file* raw, int op, void*) {
    if (op != SQLITE_FCNTL_COMMIT_PHASETWO) return SQLITE_NOTFOUND;
    ImageVfs& vfs = Vfs(raw);
    if (!vfs.lost_.ok()) {
      vfs.file_.Rollback();
      return SQLITE_IOERR_WRITE;
    }
    absl::StatusOr<bool> committed = vfs.file_.Commit();
    if (committed.ok()) {
      vfs.committed_ |= *committed;
      return SQLITE_OK;
    }
    // The pager then forgets what it has cached and reads again, which shows what was committed before.
    if (absl::IsResourceExhausted(committed.status())) {
      vfs.refusal_ = committed.status();
      return SQLITE_FULL;
    }
    return vfs.Fail(committed.status(), SQLITE_IOERR_WRITE);
  }

  static int Sync(sqlite3_file*, int) { return SQLITE_OK; }
  static int Lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int Unlock(sqlite3_file* raw, int level) {
    // After an error SQLite gives up its lock instead of undoing: nobody else undoes it then.
    if (level == SQLITE_LOCK_NONE) Vfs(raw).file_.Rollback();
    return SQLITE_OK;
  }
  static int CheckReservedLock(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
  }
  static int SectorSize(sqlite3_file*) { return kPageBytes; }
  static int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // ---- the file system

  static int Open(sqlite3_vfs* raw, const char*, sqlite3_file* file, int flags, int* out_flags) {
    ImageVfs& vfs = Vfs(raw);
    file->pMethods = nullptr;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0 || vfs.open_) {
      return vfs.Fail(absl::InternalError("SQLite wants to open a second file"), SQLITE_CANTOPEN);
    }
    static constexpr sqlite3_io_methods kMethods = {
        .iVersion = 1,  // no shared memory, no mapped files
        .xClose = Close,
        .xRead = Read,
        .xWrite = Write,
        .xTruncate = Truncate,
        .xSync = Sync,
        .xFileSize = FileSize,
        .xLock = Lock,
        .xUnlock = Unlock,
        .xCheckReservedLock = CheckReservedLock,
        .xFileControl = FileControl,
        .xSectorSize = SectorSize,
        .xDeviceCharacteristics = DeviceCharacteristics,
    };
    vfs.open_ = true;
    reinterpret_cast<ImageVfs::OpenFile*>(file)->vfs = &vfs;
    file->pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* raw, const char*, int) {
    return Vfs(raw).Fail(absl::InternalError("SQLite wants to delete a file"), SQLITE_IOERR_DELETE);
  }
  static int Access(sqlite3_vfs*, const char*, int, int* out) {
    *out = 0;  // there is no journal
    return SQLITE_OK;
  }
  static int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }
  static int Randomness(sqlite3_vfs* raw, int size, char* out) {
    Vfs(raw).services_.fill_random(std::as_writable_bytes(std::span<char>(out, static_cast<size_t>(size))));
    return size;
  }
  static int Sleep(sqlite3_vfs*, int) { return 0; }
  static int CurrentTime64(sqlite3_vfs* raw, sqlite3_int64* out) {
    constexpr sqlite3_int64 kUnixEpochJulianMs = 210866760000000;
    *out = kUnixEpochJulianMs + Vfs(raw).services_.wall_now().ToUnixMilliseconds();
    return SQLITE_OK;
  }
  static int CurrentTime(sqlite3_vfs* raw, double* out) {
    sqlite3_int64 julian_ms = 0;
    CurrentTime64(raw, &julian_ms);
    *out = static_cast<double>(julian_ms) / 86400000.0;
    return SQLITE_OK;
  }
  static int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

  static void* DlOpen(sqlite3_vfs*, const char*) { return nullptr; }
  static void DlError(sqlite3_vfs*, int size, char* out) { sqlite3_snprintf(size, out, "extensions are not loaded"); }
  static void (*DlSym(sqlite3_vfs*, void*, const char*))(void) { return nullptr; }
  static void DlClose(sqlite3_vfs*, void*) {}

  static int UtcAsLocalTime(const void* time, void* out) {
    return gmtime_r(static_cast<const time_t*>(time), static_cast<tm*>(out)) == nullptr ? 1 : 0;
  }

  // What every image's VFS has in common.
  static sqlite3_vfs Base() {
    sqlite3_vfs vfs{};
    vfs.iVersion = 2;  // the time in whole milliseconds
    vfs.szOsFile = sizeof(ImageVfs::OpenFile);
    vfs.mxPathname = 64;
    vfs.zName = kVfsName;
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    vfs.xAccess = Access;
    vfs.xFullPathname = FullPathname;
    vfs.xDlOpen = DlOpen;
    vfs.xDlError = DlError;
    vfs.xDlSym = DlSym;
    vfs.xDlClose = DlClose;
    vfs.xRandomness = Randomness;
    vfs.xSleep = Sleep;
    vfs.xCurrentTime = CurrentTime;
    vfs.xGetLastError = GetLastError;
    vfs.xCurrentTimeInt64 = CurrentTime64;
    return vfs;
  }

  // The library's settings are the process's and must precede its first use; so they are made here, by whoever opens an image first. They
  // do not depend on who that is. SINGLETHREAD: fibers share one thread, and no other may call SQLite. No PAGECACHE: with it, connections
  // would share one cache, and a suspended one could stand in another's way.
  //
  // VACUUM looks for its connection's VFS by name (for a scratch database that then lives in memory): it finds this one, which opens
  // nothing.
  static void Configure() {
    static const bool done = [] {
      EDGE_CHECK(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK) << "SQLite was used before it was configured";
      EDGE_CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0) == SQLITE_OK);
      EDGE_CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
      // The machine's time zone is not the platform's: local time is UTC.
      constexpr int kUseTheFunction = 2;
      sqlite3_test_control(SQLITE_TESTCTRL_LOCALTIME_FAULT, kUseTheFunction, UtcAsLocalTime);
      static sqlite3_vfs for_names = [] {
        sqlite3_vfs vfs = Base();
        vfs.xOpen = [](sqlite3_vfs*, const char*, sqlite3_file* file, int, int*) {
          file->pMethods = nullptr;
          return SQLITE_CANTOPEN;
        };
        return vfs;
      }();
      EDGE_CHECK(sqlite3_vfs_register(&for_names, 0) == SQLITE_OK);
      return true;
    }();
    (void)done;
  }
};

ImageVfs::ImageVfs(ImageFile& file, const ImageServices& services) : file_(file), services_(services) {
  vfs_ = VfsCalls::Base();
  vfs_.pAppData = this;
}

int ImageVfs::Fail(absl::Status status, int code) {
  if (failure_.ok()) failure_ = std::move(status);
  return code;
}

void ImageVfs::SeedSqlite() {
  // Zero would mean: ask the default VFS, which is the machine's.
  const auto seed = static_cast<int>(CombineHash(seed_, ++seeds_used_) | 1);
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, static_cast<sqlite3*>(nullptr));
}

void ImageVfs::EnterSqlite() {
  failure_ = absl::OkStatus();
  refusal_ = absl::OkStatus();
  committed_ = false;
  file_.AllowRefusal();
  SeedSqlite();
}

absl::StatusOr<sqlite3*> ImageVfs::OpenConnection() {
  VfsCalls::Configure();
  services_.fill_random(std::as_writable_bytes(std::span<uint64_t, 1>(&seed_, 1)));

  std::array<char, kPageBytes> first_page{};
  if (file_.size() > 0) {
    if (absl::Status status = file_.Read(1, first_page); !status.ok()) return status;
    const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(first_page[at])); };
    if (std::memcmp(first_page.data(), kMagic, sizeof kMagic) != 0) return absl::DataLossError("the first page is not that of a database");
    if ((byte(kPageSizeAt) << 8 | byte(kPageSizeAt + 1)) != kPageBytes || byte(kReservedAt) != kPageReservedBytes) {
      return absl::DataLossError("the database has another page size, or no room for page checksums");
    }
  }

  EnterSqlite();
  first_page_ = &first_page;
  // Registered just while SQLite looks for it. The newest of a name is found first; nothing suspends here.
  EDGE_CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2("image", &connection,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, kVfsName);
  EDGE_CHECK(sqlite3_vfs_unregister(&vfs_) == SQLITE_OK);
  first_page_ = nullptr;
  if (code != SQLITE_OK) {
    sqlite3_close(connection);
    if (!failure_.ok()) return failure_;
    return absl::InternalError(sqlite3_errstr(code));
  }
  return connection;
}

}  // namespace edge::storage
