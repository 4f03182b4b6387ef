// ObjectStore: a data directory full of objects: who exists, who owns whom, what is durable, when who wants to be woken.
//
//   DIRECTORY/FORMAT              version of everything below
//            /LOCK                one process at a time
//            /CHECKPOINT          where recovery starts
//            /catalog.sqlite      an object like the others: key, epoch, txid, pages, alarm of every object as of the last checkpoint
//            /objects/SPACE/ab/ID.sqlite   base files: plain SQLite databases with a checksum in each page's reserved bytes
//            /log/...             the commit log: everything since the last checkpoint
//
// An object's state is base + log. Committed pages that are not in the base yet are held in memory (PageOverlay), bounded in bytes; a
// checkpointer fiber writes them to the bases, syncs, updates the catalog and trims the log. Recovery reads the catalog, replays the log
// into overlays and is ready.
//
// Each activation gets a new epoch, larger than every one before, also over crashes once anything of it was durable; what an older
// activation still wants to write is refused (kFailedPrecondition "superseded"): there is one owner. Contract: contract
// sheet 3.2, 3.4, 3.5.
#ifndef EDGE_STORAGE_STORE_OBJECT_STORE_H_
#define EDGE_STORAGE_STORE_OBJECT_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"
#include "storage/image/object_image.h"
#include "storage/log/commit_log.h"
#include "storage/store/store_plants.h"

namespace edge::storage {

struct StoreOptions {
  std::string directory;
  ImageLimits image;
  ImageServices services;  // what SQL learns of the outside; both functions are set
  LogOptions log;
  ByteCount overlay_max = ByteCount::MiB(128);  // committed pages in memory; a checkpoint begins at half, commits fail at twice of it
  ByteCount log_checkpoint_bytes = ByteCount::MiB(64);   // a checkpoint begins when the log is this long
  Duration checkpoint_interval = Duration::Seconds(60);  // ... or this old, if there is anything in it
  size_t open_files_max = 1000;                          // base files kept open, least recently used closed
  StorePlants plants;                                    // for tests
};

// Told by the store, never from inside a call of its user but where it says so; must not suspend.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  // From inside of Activate and of a commit: a new activation finds the object like this; this was committed, and is not durable yet.
  virtual void OnActivated(const ObjectKey& key, uint64_t epoch, uint64_t txid, uint32_t pages, std::optional<WallTime> alarm) {}
  virtual void OnCommitted(const ObjectKey& key, const PageSet& set) {}
  // From inside of the log's failure: what the object has committed after `txid` is undone.
  virtual void OnRolledBack(const ObjectKey& key, uint64_t txid) {}
  // The earliest alarm may have changed.
  virtual void OnAlarmsChanged() {}
  // This activation's state can no longer be trusted to be durable, or it was superseded: its owner must drop it and start again. Every
  // call of it returns `why` from now on.
  virtual void OnLost(const ObjectKey& key, uint64_t epoch, const absl::Status& why) {}
  // Nothing can be made durable any more: the process should say why and exit with code 3.
  virtual void OnDead(const absl::Status& why) {}
  // Something an operator should know: a cut tail, a slow sync, a checkpoint that failed.
  virtual void OnNotice(std::string_view text) {}
};

struct ObjectInfo {
  ObjectKey key;
  uint64_t epoch = 0, txid = 0;
  uint64_t bytes = 0;  // size of the database
  std::optional<WallTime> alarm;
  std::string damage;  // why it is not served; empty: it is
};

// What the store has done since Open, and what it holds now.
struct StoreStats {
  LogStats log;
  LogFiles log_files;
  uint64_t log_bytes = 0;         // since the redo point: what a start has to read
  uint64_t commits = 0;           // of objects, without the catalog's
  uint64_t activations = 0;       // that are alive now
  uint64_t open_databases = 0;    // of them
  uint64_t overlay_bytes = 0;     // committed pages in memory
  uint64_t checkpoints = 0;       // completed
  uint64_t checkpoint_bytes = 0;  // written to base files, by failed ones too
  uint64_t checkpoint_syncs = 0;  // of base files
};

// One activation: the right to read and write one object, until it is destroyed or lost.
class OwnedObject {
 public:
  virtual ~OwnedObject() = default;  // gives the object back; the image must not be in use; does not wait for durability
  virtual const ObjectKey& key() const = 0;
  virtual uint64_t epoch() const = 0;
  virtual uint64_t txid() const = 0;
  // The database, opened on first use and after CloseImage. kDataLoss: damaged, names the object. kFailedPrecondition: superseded;
  // kUnavailable: lost. MAY SUSPEND.
  virtual absl::StatusOr<ObjectImage*> Image() = 0;
  // Where the last commit ends that this activation has made or may have seen (its predecessor's, if that was not durable); 0: none.
  virtual Position committed() const = 0;
  virtual bool IsDurable(Position position) const = 0;
  // Errors as CommitLog::WaitDurable; after OnLost its status at once. MAY SUSPEND.
  virtual absl::Status WaitDurable(Position position, Instant deadline = Instant::Infinite()) = 0;
  // OK, or why this activation may not touch the object any more.
  virtual absl::Status Access() const = 0;
  // Closes the database now (it is opened again by Image): an idle object needs little memory.
  virtual void CloseImage() = 0;
};

class ObjectStore {
 public:
  // Opens or makes the data directory and recovers. kFailedPrecondition: a newer format, or another process has it (the text names it).
  // kDataLoss: damage, named by file, object and what to do. All references are borrowed. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<ObjectStore>> Open(Scheduler& scheduler, Disk& disk, StoreOptions options, StoreObserver& observer);
  virtual ~ObjectStore() = default;  // REQUIRES: Close has returned

  // A new activation of the object, made if it does not exist (it is then empty, and exists for others once something was committed). An
  // activation that is still alive is superseded. Damage is told here if the object is known to be damaged, else at reading. MAY
  // SUSPEND.
  virtual absl::StatusOr<std::unique_ptr<OwnedObject>> Activate(const ObjectKey& key) = 0;

  // Waits while the log or the memory for changed pages is too full for more writes. kResourceExhausted: it is, and the last checkpoint has
  // failed (the text says why): reads may go on, writes would fail too. MAY SUSPEND.
  virtual absl::Status WaitForRoom() = 0;

  // The earliest alarm that is committed (not necessarily durable), whether it is due or not, later in order than `after`; ordered by time,
  // then key.
  struct Alarm {
    WallTime due;
    ObjectKey key;
    auto operator<=>(const Alarm&) const = default;
  };
  virtual std::optional<Alarm> NextAlarm(const std::optional<Alarm>& after) const = 0;

  // Objects that exist, by key; at most `count`, later than `after`. MAY SUSPEND.
  virtual absl::StatusOr<std::vector<ObjectInfo>> List(std::string_view space, const std::optional<ObjectKey>& after, size_t count) = 0;
  virtual absl::StatusOr<std::optional<ObjectInfo>> Find(const ObjectKey& key) = 0;
  // The object as of its last commit (which it waits for), as one plain SQLite file's bytes, piece by piece. MAY SUSPEND.
  virtual absl::Status Export(const ObjectKey& key, absl::AnyInvocable<absl::Status(std::string_view piece)> write) = 0;
  // Replaces the object by a SQLite file's content (checked for integrity first) and its alarm; an activation that is alive is lost. MAY
  // SUSPEND.
  virtual absl::Status Import(const ObjectKey& key, std::string_view database, std::optional<WallTime> alarm) = 0;
  // The object does not exist any more, an activation that is alive is lost. Durable when it returns. MAY SUSPEND.
  virtual absl::Status Remove(const ObjectKey& key) = 0;

  // Everything committed so far moves to the base files and the log is trimmed. MAY SUSPEND.
  virtual absl::Status Checkpoint() = 0;
  // A copy of the data directory as of one moment, into an absent or empty folder, while objects go on; it opens like any data directory.
  // No checkpoint runs meanwhile. kAlreadyExists: the folder is not empty. kDataLoss: an object is damaged.
  // MAY SUSPEND.
  virtual absl::Status Backup(std::string_view folder) = 0;

  // Makes everything durable, checkpoints and closes; afterwards only its destructor may be called. Not OK: what was not confirmed is not
  // known to be durable. To be called in a crash and after OnDead too: it waits for the store's fibers, whatever happens to the caller's.
  // REQUIRES: no OwnedObject, no call under way. MAY SUSPEND.
  virtual absl::Status Close() = 0;

  virtual const LogRecovery& recovery() const = 0;
  virtual const LogStats& log_stats() const = 0;
  virtual StoreStats stats() const = 0;
  virtual uint64_t overlay_bytes() const = 0;
};

// Looks at a data directory that no process has open: log, catalog, every page's checksum, SQLite's integrity_check of every object. Tells
// `say` one line per finding. True if all is well. MAY SUSPEND.
absl::StatusOr<bool> CheckDirectory(Scheduler& scheduler, Disk& disk, std::string_view directory,
                                    absl::AnyInvocable<void(std::string_view line)> say);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_OBJECT_STORE_H_
