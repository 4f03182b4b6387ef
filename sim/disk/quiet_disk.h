// QuietDisk: the Disk seam over a platter on which nothing takes time, nothing fails and nothing is recorded: for looking at a machine's
// disk from outside of the run.
#ifndef EDGE_SIM_DISK_QUIET_DISK_H_
#define EDGE_SIM_DISK_QUIET_DISK_H_

#include <memory>
#include <string_view>
#include <vector>

#include "sim/disk/platter.h"
#include "storage/disk.h"

namespace edge::sim {

class QuietDisk final : public Disk {
 public:
  // Borrowed. Its names and bytes count as durable at once.
  explicit QuietDisk(Platter& platter) : platter_(platter) {}

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override;
  absl::Status SyncDirectory(std::string_view path) override;
  // Locks nothing.
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override;

 private:
  Platter& platter_;
};

// Copies `folder` with all that is in it, as processes see it now. Nothing happens if there is none.
void CopyFolder(Platter& from, Platter& to, std::string_view folder);

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_QUIET_DISK_H_
