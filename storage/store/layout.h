// The names and the two small files of a data directory. Format: docs/data-directory.md.
//
// FORMAT says what version all the rest is and is written last when a directory is made, so a directory that has it is whole. CHECKPOINT
// is where recovery starts; it is replaced atomically, by every completed checkpoint and by every start.
#ifndef EDGE_STORAGE_STORE_LAYOUT_H_
#define EDGE_STORAGE_STORE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/disk.h"
#include "storage/image/page_set.h"
#include "storage/log/commit_log.h"

namespace edge::storage {

inline constexpr int kFormatVersion = 1;

// The catalog is an object with a name that no other can have.
const ObjectKey& CatalogKey();
// What may be activated: a valid key (page_set_codec.h) whose space is neither reserved ("_..."), nor hidden ("....").
absl::Status CheckKey(const ObjectKey& key);

class Layout {
 public:
  explicit Layout(std::string directory) : directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }
  std::string Format() const { return directory_ + "/FORMAT"; }
  std::string Lock() const { return directory_ + "/LOCK"; }
  std::string CheckpointFile() const { return directory_ + "/CHECKPOINT"; }
  std::string Log() const { return directory_ + "/log"; }
  std::string Scratch() const { return directory_ + "/tmp"; }  // emptied at every start
  std::string Objects() const { return directory_ + "/objects"; }
  // objects/SPACE/ab/ID.sqlite, with "+" for each "/" of the space; catalog.sqlite for the catalog.
  std::string Base(const ObjectKey& key) const;

 private:
  const std::string directory_;
};

// What CHECKPOINT says.
struct CheckpointRecord {
  uint64_t incarnation = 0;  // of the store: how often it was opened; epochs start with it
  Position redo = 0;         // the base files have everything before it
  // The catalog as of `redo`.
  uint64_t catalog_epoch = 0;
  uint64_t catalog_txid = 0;
  uint32_t catalog_pages = 0;
  uint64_t log_segment = 0;  // the log has had a segment of this number: its newest has no smaller one
};
std::string EncodeCheckpoint(const CheckpointRecord& record);
// kDataLoss: not what EncodeCheckpoint has made.
absl::StatusOr<CheckpointRecord> DecodeCheckpoint(std::string_view text);

enum class Found : uint8_t { kNothing, kDirectory };
// Whether there is a data directory of a version that can be read. kFailedPrecondition: a newer version, or a folder of something else.
// MAY SUSPEND.
absl::StatusOr<Found> LookAt(Disk& disk, const Layout& layout);
// Makes an empty data directory, durably, its folders included; FORMAT is its last file. MAY SUSPEND.
absl::Status MakeDirectory(Disk& disk, const Layout& layout, const CheckpointRecord& record);
// Writes FORMAT durably. MAY SUSPEND.
absl::Status WriteFormat(Disk& disk, const Layout& layout);

// The folder of a path: "." and "/" where there is no other.
std::string FolderOf(std::string_view path);
// Makes the names of `folder` and of every folder above it durable; those that may not be looked into (others' folders) are left out. MAY
// SUSPEND.
absl::Status SyncFoldersAbove(Disk& disk, std::string_view folder);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_LAYOUT_H_
