// FileContent: the bytes of one file, as processes see them and as they are on the platter.
//
// A write changes what readers see; the platter keeps the old bytes of every 512-byte sector until a Sync has covered it. What a Sync in
// flight covers is what there was when it began: a sector rewritten meanwhile is still dirty afterwards. When the power fails, each sector
// that was not synced becomes old, new, torn (a head or a tail of it new) or garbage, and the size old, new or between, as the oracle says;
// a size without its data reads zeros. After a failed Sync, sectors may be *forgotten*: readers see the new bytes, no later Sync writes
// them, and they are gone with the page cache.
//
//   Write --> dirty --BeginSync--> syncing --EndSync--> clean
//               ^                     '--FailSync--> clean | forgotten --Write--> dirty
//               '--- a write during the sync
#ifndef EDGE_SIM_DISK_FILE_CONTENT_H_
#define EDGE_SIM_DISK_FILE_CONTENT_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/oracle/oracle.h"

namespace edge::sim {

inline constexpr uint64_t kSectorBytes = 512;
inline constexpr uint64_t kPageBytes = 4096;

// Shared by the files of one platter.
struct PageBudget {
  uint64_t used = 0;
  uint64_t max = 0;
};

class FileContent {
 public:
  // `key` names the file causally; `budget` is shared with the other files of the platter.
  FileContent(Key key, std::shared_ptr<PageBudget> budget) : key_(key), budget_(std::move(budget)) {}
  ~FileContent();
  FileContent(const FileContent&) = delete;
  FileContent& operator=(const FileContent&) = delete;

  Key key() const { return key_; }
  uint64_t size() const { return size_; }
  // Fewer bytes than asked for only at the end.
  size_t Read(uint64_t offset, std::span<char> buffer) const;
  // How many bytes were written: fewer than asked for when the platter is full.
  size_t Write(uint64_t offset, std::string_view data);
  void Resize(uint64_t size);

  // One Sync at a time; REQUIRES: !syncing().
  void BeginSync();
  bool syncing() const { return syncing_; }
  // What the Sync covers is on the platter.
  void EndSync();
  // What it covers is dirty still (the Sync never happened).
  void DropSync();
  // 0: nothing of it reached the platter, 1: all, else a pattern of it. What did not is forgotten.
  void FailSync(uint64_t pattern);

  // Everything is on the platter as readers see it.
  bool clean() const { return unsynced_.empty() && size_ == platter_size_; }
  bool has_forgotten() const;
  // The page cache is dropped where it lies: forgotten sectors show what is on the platter.
  void EvictForgotten();
  // The machine lost power: afterwards everything is clean. Draws are keyed by (file, sector, `crash`). REQUIRES: !syncing().
  void PowerLoss(Oracle& oracle, ActorId actor, Key crash);

 private:
  // A page of which some sector's bytes are not those on the platter. Bit i stands for sector i.
  struct Unsynced {
    uint8_t differs = 0;    // `platter` has what is on the platter
    uint8_t dirty = 0;      // of them: the next Sync writes it
    uint8_t syncing = 0;    // of them: the Sync in flight covers it
    uint8_t overtaken = 0;  // of those: rewritten since that Sync began, `covered` has what it covers
    std::array<char, kPageBytes> platter;
    std::unique_ptr<std::array<char, kPageBytes>> covered;
  };
  struct Page {
    std::array<char, kPageBytes> now = {};  // zero beyond size_
    std::unique_ptr<Unsynced> unsynced;     // null: all of it is on the platter
  };

  static constexpr uint32_t kSectorsPerPage = kPageBytes / kSectorBytes;

  // Null: the platter is full.
  Page* PageAt(uint64_t index);
  // Bytes [begin, end) of the page are about to change: keeps what the platter and a Sync in flight have of their sectors.
  void Touch(uint64_t index, Page& page, uint64_t begin, uint64_t end);
  // The Sync has come to its end for this sector.
  static void Reached(Page& page, uint32_t sector);
  void SizeReached();
  void Settle();  // frees what is clean, and pages beyond the end
  void ZeroFrom(uint64_t offset);
  // Numbers (offset / kSectorBytes) of the dirty sectors, in order.
  std::vector<uint64_t> DirtySectors() const;
  void RevertDirty();
  void TearSectors(Oracle& oracle, ActorId actor, Key crash);
  uint64_t DrawSize(Oracle& oracle, ActorId actor, Key crash) const;

  const Key key_;
  const std::shared_ptr<PageBudget> budget_;
  std::map<uint64_t, Page> pages_;  // by offset / kPageBytes; absent: zeros
  std::vector<uint64_t> unsynced_;  // the pages that have Unsynced, unordered
  uint64_t size_ = 0;
  uint64_t platter_size_ = 0;
  uint64_t floor_ = 0;         // smallest size since the platter's: what lay above it was cut
  bool size_pending_ = false;  // the next Sync writes the size
  // While a Sync is in flight:
  bool syncing_ = false;
  uint64_t sync_size_ = 0;
  uint64_t sync_floor_ = 0;  // smallest size since it began
  bool sync_covers_size_ = false;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_FILE_CONTENT_H_
