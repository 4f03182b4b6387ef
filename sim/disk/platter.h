// Platter: what one simulated machine keeps over all its incarnations: files, folders, and what of them is durable.
//
// Bytes become durable by a Sync of the file (file_content.h), names by a SyncDirectory of their folder: until then a made, removed or
// replaced name is only an operation that waits in its folder. When the power fails, of each folder's waiting operations those before some
// point are kept, in their order; folders know nothing of each other's order, except that a rename from one to another happens in both or
// in neither. A file that no kept name leads to is gone, whatever was synced of it.
//
//   SimDisk (one per incarnation) --> Platter --> folder: names now | names on the platter + waiting operations
//                                        '------> file:   FileContent
//
// Nothing here suspends, fails by chance or knows of time: that is SimDisk. Deterministic: ordered by name and by the order of calls.
#ifndef EDGE_SIM_DISK_PLATTER_H_
#define EDGE_SIM_DISK_PLATTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/mutex.h"
#include "sim/disk/file_content.h"
#include "sim/oracle/oracle.h"
#include "storage/disk.h"

namespace edge::sim {

struct PlatterLimits {
  ByteCount bytes_max = ByteCount::GiB(1);             // in pages of 4 KiB; beyond: the disk is full
  ByteCount file_bytes_max = ByteCount::GiB(1 << 14);  // the size of one file, holes included
  size_t name_bytes_max = 255;
};

// A file or a folder, with or without a name. Open files keep theirs alive.
struct PlatterNode;
using PlatterNodePtr = std::shared_ptr<PlatterNode>;

// One name of one folder that was set (or, with a null target, taken away) and awaits a SyncDirectory.
struct NameOperation {
  uint64_t number = 0;  // order on this platter; a rename is two operations with one number, both or neither of which happen
  std::string name;
  PlatterNodePtr target;
  std::weak_ptr<PlatterNode> other_folder;  // of a rename between folders
};

// A file's lock, alive while it is held.
struct PlatterLock {
  const Domain* holder;  // whose crash ends it; null: nobody's
  std::string name;      // of the holder, for texts
};

struct PlatterNode {
  using Kind = DirectoryEntry::Kind;
  PlatterNode(Kind k, Key key_, std::shared_ptr<PageBudget> budget) : kind(k), key(key_), content(key_, std::move(budget)) {}

  const Kind kind;
  const Key key;
  // Files.
  FileContent content;
  std::unique_ptr<FiberMutex> sync_turn;  // made by the first Sync; one at a time
  std::weak_ptr<PlatterLock> lock;        // who has locked it, if anybody
  // Folders.
  std::map<std::string, PlatterNodePtr, std::less<>> names;    // as processes see them
  std::map<std::string, PlatterNodePtr, std::less<>> durable;  // as they are on the platter
  std::vector<NameOperation> waiting;                          // durable + waiting == names
};

class Platter {
 public:
  explicit Platter(PlatterLimits limits = {});
  ~Platter();  // REQUIRES: no file is open
  Platter(const Platter&) = delete;
  Platter& operator=(const Platter&) = delete;

  const PlatterLimits& limits() const { return limits_; }

  // The calls of the Disk seam (storage/disk.h), with its errors. Paths are taken from the root, with or without a leading slash.
  absl::StatusOr<PlatterNodePtr> Open(std::string_view path, OpenMode mode);
  absl::Status Remove(std::string_view path);
  absl::Status Rename(std::string_view from, std::string_view to);
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) const;
  absl::StatusOr<PlatterNodePtr> Folder(std::string_view path) const;
  // What waits in the folder now, for SyncNames.
  uint64_t LastOperation(const PlatterNode& folder) const { return folder.waiting.empty() ? 0 : folder.waiting.back().number; }
  // The folder's operations up to the given one are durable.
  void SyncNames(PlatterNode& folder, uint64_t up_to);

  // A process died: the page cache and all names survive; only what a failed Sync has forgotten may be dropped from it.
  void ProcessCrash(Oracle& oracle, ActorId actor);
  // The machine lost power: every unsynced byte and name is decided. Afterwards all is durable. REQUIRES: no Sync is under way, and open
  // files of before are not used any more.
  void PowerLoss(Oracle& oracle, ActorId actor);
  uint64_t crashes() const { return crashes_; }

  // How many times slower than usual the disk is.
  void SetSlowness(int64_t factor) { slowness_ = factor; }
  int64_t slowness() const { return slowness_; }

  ByteCount used() const { return ByteCount::Bytes(budget_->used * kPageBytes); }
  // Nothing waits for a sync, in what the root leads to.
  bool clean() const;

 private:
  using Path = std::vector<std::string>;
  absl::StatusOr<Path> Parse(std::string_view path) const;
  // Null: not there.
  PlatterNodePtr Find(const Path& path, size_t components) const;
  absl::StatusOr<PlatterNodePtr> FindFolder(const Path& path, size_t components, std::string_view shown) const;
  PlatterNodePtr Make(PlatterNode::Kind kind, const PlatterNode& folder, std::string_view name);
  // Sets (or with null: takes away) a name, under the operation's number.
  void Put(const PlatterNodePtr& folder, uint64_t number, std::string_view name, PlatterNodePtr target,
           const PlatterNodePtr& other = nullptr);
  void RemoveAllIn(const PlatterNodePtr& folder);
  // Every node that current or durable names lead to, each once, in a stable order.
  std::vector<PlatterNodePtr> Reachable() const;

  const PlatterLimits limits_;
  const std::shared_ptr<PageBudget> budget_;
  PlatterNodePtr root_;
  uint64_t next_operation_ = 1;
  std::map<Key, uint64_t> made_;  // by folder and name: how many were made, so that each has a key of its own
  uint64_t crashes_ = 0;
  int64_t slowness_ = 1;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_PLATTER_H_
