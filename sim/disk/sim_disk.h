// SimDisk: the Disk seam of one incarnation of a simulated machine.
//
// What is read and written is the machine's Platter, which outlives it; this adds what a running process meets: time that passes, faults,
// and its own death, after which every call returns CrashedStatus and has no effect. Every call is recorded with the bytes that crossed.
//
// How long calls take is drawn once per incarnation ("disk.latency"; mildest: the least) and spread over the calls by their causal keys, so
// that a thousand calls are one decision. A large write is seen half done by those who look meanwhile.
//
// Errors besides storage/disk.h: kInvalidArgument where a folder is taken for a file or a file for a folder.
#ifndef EDGE_SIM_DISK_SIM_DISK_H_
#define EDGE_SIM_DISK_SIM_DISK_H_

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/fiber/domain.h"
#include "sim/disk/platter.h"
#include "sim/fault/faults.h"
#include "sim/world.h"
#include "storage/disk.h"

namespace edge::sim {

struct DiskOptions {
  Duration shortest = Duration::Microseconds(20);
  Duration longest = Duration::Milliseconds(1);        // of a read, a write, an open
  Duration longest_sync = Duration::Milliseconds(20);  // of a sync
};

class SimDisk final : public Disk {
 public:
  // All borrowed. `incarnation` is null where nothing crashes.
  SimDisk(World& world, Platter& platter, ActorId actor, const Domain* incarnation, DiskOptions options = {});

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override;
  absl::Status SyncDirectory(std::string_view path) override;
  // The incarnation's crash releases it at once.
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  class OpenFile;

  // CrashedStatus after the crash. A cancelled fiber may still use the disk, to clean up.
  absl::Status CheckNotCrashed() const;
  // Lets the call's time pass; at once outside of fibers and for the cancelled. MAY SUSPEND.
  absl::Status Take(Key key, Duration longest);
  uint64_t Character();
  bool Strikes(const FaultSite& site, Key key);
  // Returns `status`, recorded.
  absl::Status Note(std::string_view label, std::string_view path, absl::Status status);
  Key NextKey() { return world_.scheduler().NewChildKey("disk"); }

  World& world_;
  Platter& platter_;
  const ActorId actor_;
  const Domain* const incarnation_;
  const DiskOptions options_;
  int64_t character_ = -1;  // not drawn yet
};

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_SIM_DISK_H_
