#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/mutex.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kLatency("disk.latency", DecisionKind::kDelay);

absl::Status InputOutputError(std::string_view action, std::string_view path) {
  return absl::DataLossError(StrCat(path, ": ", action, ": Input/output error"));
}

absl::Status Full(std::string_view path) { return absl::ResourceExhaustedError(StrCat(path, ": No space left on device")); }

class Unlocker {
 public:
  explicit Unlocker(FiberMutex& mutex) : mutex_(mutex) {}
  ~Unlocker() {
    if (mutex_.HeldByCurrent()) mutex_.Unlock();
  }

 private:
  FiberMutex& mutex_;
};

}  // namespace

SimDisk::SimDisk(World& world, Platter& platter, ActorId actor, const Domain* incarnation, DiskOptions options)
    : world_(world), platter_(platter), actor_(actor), incarnation_(incarnation), options_(options) {}

// --- what all calls share ---

absl::Status SimDisk::CheckNotCrashed() const {
  if (incarnation_ != nullptr && incarnation_->crashed()) return CrashedStatus();
  absl::Status alive = world_.scheduler().CheckAlive();
  return IsCrashed(alive) ? alive : absl::OkStatus();
}

uint64_t SimDisk::Character() {
  if (character_ < 0) {
    const Key key = CombineHash(StableHash(world_.NameOf(actor_)), platter_.crashes());
    character_ = world_.oracle().Draw(kLatency, actor_, key, Distribution::Uniform(0, INT32_MAX));
  }
  return static_cast<uint64_t>(character_);
}

absl::Status SimDisk::Take(Key key, Duration longest) {
  if (world_.scheduler().current() == nullptr) return absl::OkStatus();
  Duration latency = options_.shortest;
  if (const uint64_t character = Character(); character != 0) {
    const auto spread = Distribution::Tail(options_.shortest.ToNanoseconds(), longest.ToNanoseconds());
    latency = Duration::Nanoseconds(spread.Sample(CombineHash(character, key)));
  }
  const absl::Status slept = world_.scheduler().SleepFor(latency * platter_.slowness());
  return IsCrashed(slept) ? slept : CheckNotCrashed();
}

bool SimDisk::Strikes(const FaultSite& site, Key key) { return world_.faults().Strikes(site, actor_, key); }

absl::Status SimDisk::Note(std::string_view label, std::string_view path, absl::Status status) {
  world_.recorder().Record({.kind = EventKind::kDisk,
                            .actor = actor_,
                            .label = label,
                            .key = StableHash(path),
                            .value = -static_cast<int64_t>(status.code()),
                            .note = path});
  return status;
}

// --- files ---

class SimDisk::OpenFile final : public File {
 public:
  OpenFile(SimDisk& disk, PlatterNodePtr node, std::string path, OpenMode mode)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), writable_(mode != OpenMode::kReadOnly) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override {
    EDGE_RETURN_IF_ERROR(disk_.CheckNotCrashed());
    const Key key = disk_.NextKey();
    EDGE_RETURN_IF_ERROR(disk_.Take(key, disk_.options_.longest));
    if (disk_.Strikes(kDiskReadError, key)) return InputOutputError("read", path_);
    const size_t count = node_->content.Read(offset, buffer);
    Record("disk.read", offset, std::string_view(buffer.data(), count));
    return count;
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    EDGE_RETURN_IF_ERROR(disk_.CheckNotCrashed());
    EDGE_RETURN_IF_ERROR(CheckWritable());
    const uint64_t size_max = disk_.platter_.limits().file_bytes_max.bytes();
    if (offset > size_max || data.size() > size_max - offset) return absl::ResourceExhaustedError(StrCat(path_, ": File too large"));
    const Key key = disk_.NextKey();
    // What others see of a large write while it takes its time.
    size_t first = data.size();
    if (const uint64_t character = disk_.Character(); character != 0 && data.size() > kPageBytes) {
      first = CombineHash(character, ~key) % (data.size() / kPageBytes + 1) * kPageBytes;
    }
    EDGE_RETURN_IF_ERROR(Put(key, offset, data.substr(0, first)));
    EDGE_RETURN_IF_ERROR(disk_.Take(key, disk_.options_.longest));
    return first == data.size() ? absl::OkStatus() : Put(CombineHash(key, 1), offset + first, data.substr(first));
  }

  absl::Status Sync() override {
    EDGE_RETURN_IF_ERROR(disk_.CheckNotCrashed());
    Scheduler& scheduler = disk_.world_.scheduler();
    if (node_->sync_turn == nullptr) node_->sync_turn = std::make_unique<FiberMutex>(scheduler);
    FiberMutex& turn = *node_->sync_turn;
    if (scheduler.current() == nullptr) {
      EDGE_CHECK(!turn.held()) << path_ << ": a Sync from the thread's own stack cannot wait for another";
    } else if (!turn.TryLock()) {
      EDGE_RETURN_IF_ERROR(turn.Lock());
    }
    const Unlocker unlocker(turn);
    const Key key = disk_.NextKey();
    FileContent& content = node_->content;
    content.BeginSync();
    if (absl::Status status = disk_.Take(key, disk_.options_.longest_sync); !status.ok()) {
      content.DropSync();
      return status;
    }
    if (disk_.Strikes(kDiskSyncFails, key)) {
      content.FailSync(disk_.world_.faults().ShapeOf(kDiskSyncFails, disk_.actor_, key, 64));
      return disk_.Note("disk.sync", path_, InputOutputError("sync", path_));
    }
    if (disk_.Strikes(kDiskSyncLost, key)) {
      content.DropSync();
    } else {
      content.EndSync();
    }
    return disk_.Note("disk.sync", path_, absl::OkStatus());
  }

  absl::Status Truncate(uint64_t size) override {
    EDGE_RETURN_IF_ERROR(disk_.CheckNotCrashed());
    EDGE_RETURN_IF_ERROR(CheckWritable());
    if (size > disk_.platter_.limits().file_bytes_max.bytes()) return absl::ResourceExhaustedError(StrCat(path_, ": File too large"));
    node_->content.Resize(size);
    Record("disk.truncate", size, {});
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    EDGE_RETURN_IF_ERROR(disk_.CheckNotCrashed());
    return node_->content.size();
  }

 private:
  absl::Status CheckWritable() const {
    return writable_ ? absl::OkStatus() : absl::PermissionDeniedError(StrCat(path_, ": opened for reading"));
  }

  // A failed write may have written a part.
  absl::Status Put(Key key, uint64_t offset, std::string_view data) {
    if (data.empty()) return absl::OkStatus();
    absl::Status status;
    if (disk_.Strikes(kDiskWriteError, key)) {
      status = InputOutputError("write", path_);
      data = data.substr(0, disk_.world_.faults().ShapeOf(kDiskWriteError, disk_.actor_, key, data.size()));
    } else if (disk_.Strikes(kDiskFull, key)) {
      status = Full(path_);
      data = data.substr(0, disk_.world_.faults().ShapeOf(kDiskFull, disk_.actor_, key, data.size()));
    }
    const size_t written = node_->content.Write(offset, data);
    if (written < data.size() && status.ok()) status = Full(path_);
    Record("disk.write", offset, data.substr(0, written));
    return status;
  }

  void Record(std::string_view label, uint64_t offset, std::string_view bytes) const {
    Recorder& recorder = disk_.world_.recorder();
    if (!bytes.empty()) recorder.Absorb(bytes);
    recorder.Record({.kind = EventKind::kDisk,
                     .actor = disk_.actor_,
                     .label = label,
                     .key = CombineHash(node_->key, offset),
                     .value = static_cast<int64_t>(bytes.size()),
                     .note = path_});
  }

  SimDisk& disk_;
  const PlatterNodePtr node_;
  const std::string path_;
  const bool writable_;
};

// --- names ---

absl::StatusOr<std::unique_ptr<File>> SimDisk::Open(std::string_view path, OpenMode mode) {
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  const Key key = NextKey();
  EDGE_RETURN_IF_ERROR(Take(key, options_.longest));
  const bool creates =
      (mode == OpenMode::kCreate || mode == OpenMode::kCreateNew) && absl::IsNotFound(platter_.Open(path, OpenMode::kReadWrite).status());
  absl::StatusOr<PlatterNodePtr> node = creates && Strikes(kDiskFull, key) ? Full(path) : platter_.Open(path, mode);
  EDGE_RETURN_IF_ERROR(Note("disk.open", path, node.status()));
  return std::make_unique<OpenFile>(*this, *std::move(node), std::string(path), mode);
}

absl::Status SimDisk::Remove(std::string_view path) {
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  return Note("disk.remove", path, platter_.Remove(path));
}

absl::Status SimDisk::Rename(std::string_view from, std::string_view to) {
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  return Note("disk.rename", StrCat(from, " -> ", to), platter_.Rename(from, to));
}

absl::StatusOr<std::vector<DirectoryEntry>> SimDisk::List(std::string_view path) {
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  absl::StatusOr<std::vector<DirectoryEntry>> entries = platter_.List(path);
  if (entries.ok()) {
    for (const DirectoryEntry& entry : *entries) world_.recorder().Absorb(entry.name);
  }
  EDGE_RETURN_IF_ERROR(Note("disk.list", path, entries.status()));
  return entries;
}

absl::Status SimDisk::SyncDirectory(std::string_view path) {
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  const Key key = NextKey();
  absl::StatusOr<PlatterNodePtr> folder = platter_.Folder(path);
  if (!folder.ok()) return Note("disk.sync_directory", path, folder.status());
  const uint64_t up_to = platter_.LastOperation(**folder);
  EDGE_RETURN_IF_ERROR(Take(key, options_.longest_sync));
  // The names wait on: another SyncDirectory may make them durable.
  if (Strikes(kDiskSyncFails, key)) return Note("disk.sync_directory", path, InputOutputError("sync the folder", path));
  platter_.SyncNames(**folder, up_to);
  return Note("disk.sync_directory", path, absl::OkStatus());
}

absl::StatusOr<std::unique_ptr<DiskLock>> SimDisk::Lock(std::string_view path) {
  struct Held final : DiskLock {
    Held(PlatterNodePtr n, std::shared_ptr<PlatterLock> l) : node(std::move(n)), lock(std::move(l)) {}
    const PlatterNodePtr node;
    const std::shared_ptr<PlatterLock> lock;
  };
  EDGE_RETURN_IF_ERROR(CheckNotCrashed());
  EDGE_RETURN_IF_ERROR(Open(path, OpenMode::kCreate).status());
  EDGE_ASSIGN_OR_RETURN(PlatterNodePtr node, platter_.Open(path, OpenMode::kReadWrite));
  if (const std::shared_ptr<PlatterLock> held = node->lock.lock();
      held != nullptr && (held->holder == nullptr || !held->holder->crashed())) {
    return Note("disk.lock", path, absl::FailedPreconditionError(StrCat(path, ": in use by ", held->name)));
  }
  auto lock = std::make_shared<PlatterLock>(PlatterLock{.holder = incarnation_, .name = std::string(world_.NameOf(actor_))});
  node->lock = lock;
  EDGE_RETURN_IF_ERROR(Note("disk.lock", path, absl::OkStatus()));
  return std::make_unique<Held>(std::move(node), std::move(lock));
}

}  // namespace edge::sim
