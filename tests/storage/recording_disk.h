// RecordingDisk: another disk, every change of which is written down with its syncs, so that a crash at any moment of the run can be
// played.
//
//   workload --> RecordingDisk --> any Disk (OsDisk: real files; MemoryDisk)
//                     '--> Recording --> FindBadImage (crash_images.h)
//
// It can also make a sync fail (the disk below has done it; in the recording nothing of it has reached the platter), and leave syncs out:
// the bugs that the images must show.
#ifndef EDGE_TESTS_STORAGE_RECORDING_DISK_H_
#define EDGE_TESTS_STORAGE_RECORDING_DISK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fiber/scheduler.h"
#include "sim/disk/platter.h"
#include "storage/disk.h"

namespace edge {

struct DiskCall {
  enum class Kind : uint8_t {
    kOpen,  // for writing; `number` names the handle from now on
    kWrite,
    kTruncate,
    kSyncBegins,
    kSyncEnds,
    kSyncFails,
    kRemove,
    kRename,
    kNamesSyncBegins,  // `number` names this sync
    kNamesSyncEnds,
  } kind;
  uint64_t number = 0;
  std::string path, to;
  OpenMode mode = OpenMode::kReadWrite;
  uint64_t offset = 0;
  std::string data;
};

struct Recording {
  std::vector<DiskCall> calls;

  // Does the first `count` calls on an empty platter. A sync that is under way then has reached nothing yet for certain.
  void Play(uint64_t count, sim::Platter& platter) const;
};

class RecordingDisk final : public Disk {
 public:
  RecordingDisk(Scheduler& scheduler, Disk& inner) : scheduler_(scheduler), inner_(inner) {}

  // How many calls there are so far: what has been told to be durable now must be in every image that is cut here or later.
  uint64_t now() const { return recording_.calls.size(); }
  const Recording& recording() const { return recording_; }

  // Asked at each Sync of a file whether it fails.
  void set_fails(std::function<bool(std::string_view path)> fails) { fails_ = std::move(fails); }
  // Planted bugs.
  enum class Bug : uint8_t { kNone, kSyncsIgnored, kDirectorySyncsIgnored, kFailedSyncsRetried };
  void set_bug(Bug bug) { bug_ = bug; }

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override { return inner_.List(path); }
  absl::Status SyncDirectory(std::string_view path) override;
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  class RecordingFile;

  Scheduler& scheduler_;
  Disk& inner_;
  Recording recording_;
  std::function<bool(std::string_view)> fails_;
  Bug bug_ = Bug::kNone;
  uint64_t next_number_ = 1;
};

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_RECORDING_DISK_H_
