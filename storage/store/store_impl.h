// StoreImpl: the ObjectStore, in parts: store_impl.cc (activations, commits, durability, recovery), checkpoint.cc, transfer.cc (list,
// export, import, remove, backup).
//
// The objects that are not wholly described by the catalog and their base files have an Entry: those that are owned, that have changed
// since the last checkpoint, or that are damaged. A commit goes
//
//     image --Commit--> log.Append, Entry::pending, in_flight_ --(durable)--> Drain: Entry::durable --checkpoint--> base file, catalog
//                                            |
//                                            '--(generation failed)--> dropped; the owner is lost
//
// The redo window. Recovery applies the log's records since redo_ to bases that may hold any mix of what they held at redo_ and later
// pages, torn ones among them. So in the log after redo_, each object's first record is an *opening*: no changes, its size, txid, epoch and
// alarm as of then (its base has that); and each page's first change is the whole page (PageOverlay::NeedsWholePage). Both count from the
// beginning of the last checkpoint, completed or not: window_. A checkpoint that fails leaves an opening too many, which is harmless.
#ifndef EDGE_STORAGE_STORE_STORE_IMPL_H_
#define EDGE_STORAGE_STORE_STORE_IMPL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/task_group.h"
#include "storage/store/base_files.h"
#include "storage/store/catalog.h"
#include "storage/store/layout.h"
#include "storage/store/object_store.h"
#include "storage/store/pending_pages.h"

namespace edge::storage {

class Activation;

struct Entry {
  explicit Entry(ObjectKey k) : key(std::move(k)), durable(0) {}

  const ObjectKey key;
  std::string path;  // of the base file
  // As of the last durable commit.
  PageOverlay durable;
  ObjectRow durable_row;
  // As of the last commit.
  PendingPages pending;
  ObjectRow row;
  Position last = 0;    // end of the last commit of this run
  Position opened = 0;  // of the last opening record; 0: none
  // What the frozen layer of `durable` is; between Freeze and the end of a checkpoint.
  std::optional<ObjectRow> frozen_row;
  bool changed = false;     // durable_row is not what the catalog says
  uint32_t base_pages = 0;  // as of the last completed checkpoint; 0: the file's name may not be durable
  Activation* owner = nullptr;
  uint32_t users = 0;  // activations, dead ones too, and calls that hold a pointer to it over a suspension
};

// Holds an entry for the length of a call that suspends.
class EntryUse {
 public:
  explicit EntryUse(Entry& entry) : entry_(entry) { ++entry_.users; }
  ~EntryUse() { --entry_.users; }
  EntryUse(const EntryUse&) = delete;
  EntryUse& operator=(const EntryUse&) = delete;

 private:
  Entry& entry_;
};

class StoreImpl final : public ObjectStore, private LogVisitor, private LogObserver {
 public:
  StoreImpl(Scheduler& scheduler, Disk& disk, StoreOptions options, StoreObserver& observer);
  ~StoreImpl() override;

  // The rest of ObjectStore::Open.
  absl::Status Start();

  absl::StatusOr<std::unique_ptr<OwnedObject>> Activate(const ObjectKey& key) override;
  absl::Status WaitForRoom() override;
  std::optional<Alarm> NextAlarm(const std::optional<Alarm>& after) const override;
  absl::StatusOr<std::vector<ObjectInfo>> List(std::string_view space, const std::optional<ObjectKey>& after, size_t count) override;
  absl::StatusOr<std::optional<ObjectInfo>> Find(const ObjectKey& key) override;
  absl::Status Export(const ObjectKey& key, absl::AnyInvocable<absl::Status(std::string_view piece)> write) override;
  absl::Status Import(const ObjectKey& key, std::string_view database, std::optional<WallTime> alarm) override;
  absl::Status Remove(const ObjectKey& key) override;
  absl::Status Checkpoint() override;
  absl::Status Backup(std::string_view folder) override;
  absl::Status Close() override;
  const LogRecovery& recovery() const override { return recovery_; }
  const LogStats& log_stats() const override { return log_->stats(); }
  uint64_t overlay_bytes() const override { return overlay_bytes_; }
  StoreStats stats() const override;

  // For CheckDirectory: every object's base and integrity.
  absl::StatusOr<bool> CheckObjects(absl::AnyInvocable<void(std::string_view line)>& say);

 private:
  friend class Activation;
  friend class EntryBase;

  // True: it is well. MAY SUSPEND.
  absl::StatusOr<bool> CheckObject(const ObjectInfo& info, absl::AnyInvocable<void(std::string_view line)>& say);

  // --- activations (store_impl.cc) ---
  // The object's entry, made from the catalog if there is none. MAY SUSPEND.
  absl::StatusOr<Entry*> EntryOf(const ObjectKey& key);
  Entry& AddEntry(const ObjectKey& key);
  std::unique_ptr<Activation> Own(Entry& entry);
  uint64_t NextEpoch(const Entry& entry);
  void Lose(Entry& entry, absl::Status why);
  void Release(Activation& activation);
  // Drops the entry if base and catalog say all there is to say.
  void ForgetIfIdle(Entry& entry);

  // --- commits ---
  absl::Status Commit(Entry& entry, uint64_t epoch, PageSet set);
  absl::Status CheckRoom(const Entry& entry, const PageSet& set) const;
  bool NeedsWholePage(const Entry& entry, uint32_t page) const;
  uint32_t PagesOf(const Entry& entry) const { return entry.pending.empty() ? entry.durable.pages() : entry.pending.pages(); }
  // Applies to the entries what has become durable, no further than boundary_ while a checkpoint is beginning.
  void Drain() { DrainUpTo(log_->durable()); }
  void DrainUpTo(Position position);
  void SetAlarm(const ObjectKey& key, std::optional<WallTime> before, std::optional<WallTime> after);
  // Runs `change` of the entry and counts the memory that it takes or gives.
  template <typename Change>
  auto Counted(Entry& entry, Change change) {
    const uint64_t before = entry.durable.bytes() + entry.pending.bytes();
    auto result = change();
    overlay_bytes_ = overlay_bytes_ - before + entry.durable.bytes() + entry.pending.bytes();
    return result;
  }

  // --- the log ---
  absl::Status OnRecord(Position position, const ObjectKey& key, const PageSet& set) override;
  void OnGenerationFailed(Position confirmed, const absl::Status& why) override;
  void OnDead(const absl::Status& why) override;
  void DropAfter(Position confirmed, const absl::Status& why);
  absl::Status Recover();

  // --- telling the observer, from a fiber of the store's own ---
  struct Lost {
    ObjectKey key;
    uint64_t epoch;
    absl::Status why;
  };
  struct AlarmsChanged {};
  using News = std::variant<AlarmsChanged, Lost, std::string>;
  void Tell(News news);
  void TellAll();

  // --- checkpoints (checkpoint.cc) ---
  void CheckpointLoop();
  bool WantsCheckpoint() const;
  // All that is committed now becomes durable, and everything counts anew from here: until the next suspension, overlays are exactly what
  // they were at the returned position and may be frozen. REQUIRES: checkpoint_mutex_. MAY SUSPEND.
  absl::StatusOr<Position> ReachBoundary();
  absl::Status CheckpointLocked();
  absl::Status WriteBases(const std::vector<Entry*>& entries);
  absl::Status WriteBase(const Entry& entry);
  absl::Status SyncNames(const std::vector<Entry*>& entries);
  absl::Status WriteCatalog(const std::vector<Entry*>& entries);
  void Unfreeze(const std::vector<Entry*>& entries);
  bool HasRoom() const;

  // --- transfer.cc ---
  // Copies the object as of its last commit, which becomes durable, to a file. REQUIRES: checkpoint_mutex_. MAY SUSPEND.
  enum class Pages : uint8_t { kPlain, kSealed };
  absl::Status CopyTo(Entry& entry, std::string_view path, Pages pages);
  // Copies a base file as it is. REQUIRES: checkpoint_mutex_. MAY SUSPEND.
  absl::Status CopyBase(const ObjectKey& key, uint32_t pages, std::string_view to);
  // Takes the object from its owner and commits `set` to it, durably. MAY SUSPEND.
  absl::Status Replace(const ObjectKey& key, PageSet set, std::string_view why);

  Scheduler& scheduler_;
  Disk& disk_;
  const StoreOptions options_;
  StoreObserver& observer_;
  const Layout layout_;
  std::unique_ptr<DiskLock> lock_;
  BaseFiles bases_;
  CheckpointRecord checkpoint_;  // the last completed one, as CHECKPOINT has it
  LogRecovery recovery_;
  std::unique_ptr<CommitLog> log_;
  absl::Status dead_;  // the log's end
  Catalog catalog_;

  std::map<ObjectKey, std::unique_ptr<Entry>> entries_;
  uint64_t epochs_ = 0;  // given to activations in this incarnation
  std::set<Alarm> alarms_;
  struct InFlight {
    Position end;
    Entry* entry;
    PageSet set;
  };
  std::deque<InFlight> in_flight_;  // appended and not known to be durable, by position
  uint64_t overlay_bytes_ = 0;      // of all entries
  uint64_t in_flight_bytes_ = 0;
  // Counted for stats().
  uint64_t commits_ = 0, activations_ = 0, open_databases_ = 0;
  uint64_t checkpoints_ = 0, checkpoint_bytes_ = 0, checkpoint_syncs_ = 0;

  Position window_ = 0;               // see above
  std::optional<Position> boundary_;  // a checkpoint is about to freeze everything as of here
  FiberMutex checkpoint_mutex_;       // whoever writes bases, or needs them to stay as they are
  absl::Status last_checkpoint_;
  std::set<std::string, std::less<>> durable_folders_;  // whose names are durable
  uint64_t scratch_files_ = 0;
  Event wants_checkpoint_;
  Event room_;
  Event closing_;

  std::deque<News> news_;
  Event has_news_;
  std::unique_ptr<TaskGroup> tasks_;
};

// One activation; also the pages under its image and the taker of its commits.
class Activation final : public OwnedObject, public CommittedPages, public CommitSink, private BasePages {
 public:
  Activation(StoreImpl& store, Entry& entry, uint64_t epoch);
  ~Activation() override;

  const ObjectKey& key() const override { return entry_->key; }
  uint64_t epoch() const override { return epoch_; }
  uint64_t txid() const override { return entry_->row.txid; }
  absl::StatusOr<ObjectImage*> Image() override;
  Position committed() const override { return committed_; }
  bool IsDurable(Position position) const override;
  absl::Status WaitDurable(Position position, Instant deadline) override;
  absl::Status Access() const override { return lost_; }
  void CloseImage() override;

  uint32_t pages() const override;
  absl::Status ReadPage(uint32_t page, std::span<char, kPageBytes> out) override;
  bool NeedsWholePage(uint32_t page) const override;
  absl::Status Commit(PageSet set) override;

 private:
  friend class StoreImpl;
  absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) override;

  StoreImpl& store_;
  Entry* entry_;  // held (Entry::users) until the end
  const uint64_t epoch_;
  Position committed_ = 0;
  absl::Status lost_;
  std::unique_ptr<ObjectImage> image_;
};

// The base file of an entry, for readers that own nothing.
class EntryBase final : public BasePages {
 public:
  EntryBase(BaseFiles& files, const Entry& entry) : files_(files), entry_(entry) {}
  absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) override { return files_.ReadPage(entry_.path, page, out); }

 private:
  BaseFiles& files_;
  const Entry& entry_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_STORE_IMPL_H_
