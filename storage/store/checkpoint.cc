// Checkpoints: what is committed moves to the base files, and the log is trimmed.
//
//   1. R = the log's end; what is committed up to R becomes durable and is frozen       (from here on, openings and whole pages count anew)
//   2. frozen pages -> base files, synced; then the folders in which names are new
//   3. the changed objects' rows -> catalog, one transaction in the log, durable
//   4. CHECKPOINT says R                                                                (the checkpoint is complete)
//   5. the frozen layers are dropped, the log is trimmed, base files are cut and removed
//
// A crash before 4 leaves the redo point where it was: everything since is in the log, whole pages first, so whatever 2 has left in the
// base files is not read. A failure in 2 or 3 ends the checkpoint: the layers become one again, and the next one writes all those pages
// again, synced or not. If 4 fails, nobody knows which redo point holds: both do, as long as the log is not trimmed.
#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/deadline.h"
#include "storage/image/page_checksum.h"
#include "storage/store/mutex_guard.h"
#include "storage/store/store_impl.h"

namespace edge::storage {
namespace {

constexpr size_t kWriters = 8;    // base files that are written and synced at a time
constexpr size_t kRunPages = 64;  // pages that go out in one write at most
constexpr size_t kRowsPerTransaction = 10'000;
constexpr Duration kRetry = Duration::Seconds(1);

}  // namespace

bool StoreImpl::WantsCheckpoint() const {
  return 2 * (overlay_bytes_ + in_flight_bytes_) >= options_.overlay_max.bytes() ||
         log_->size_bytes() >= std::min(options_.log_checkpoint_bytes.bytes(), options_.log.size_max.bytes() / 2);
}

bool StoreImpl::HasRoom() const {
  return overlay_bytes_ + in_flight_bytes_ < options_.overlay_max.bytes() && log_->size_bytes() < options_.log.size_max.bytes() / 4 * 3;
}

absl::Status StoreImpl::WaitForRoom() {
  for (;;) {
    EDGE_RETURN_IF_ERROR(dead_);
    Drain();
    if (HasRoom()) return absl::OkStatus();
    if (!last_checkpoint_.ok()) {
      return absl::ResourceExhaustedError(StrCat("no room for writes: the last checkpoint failed: ", last_checkpoint_.ToString()));
    }
    if (closing_.is_set()) return absl::UnavailableError("the store is closing");
    wants_checkpoint_.Set();
    room_.Reset();
    EDGE_RETURN_IF_ERROR(room_.Wait());
  }
}

void StoreImpl::CheckpointLoop() {
  Instant next = DeadlineIn(scheduler_, options_.checkpoint_interval);
  while (!closing_.is_set()) {
    const absl::Status waited = wants_checkpoint_.Wait(next);
    if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) return;
    if (closing_.is_set()) return;
    wants_checkpoint_.Reset();
    const bool needed = log_->end() > checkpoint_.redo || log_->newest_segment() != checkpoint_.log_segment || !last_checkpoint_.ok();
    if (dead_.ok() && needed && !Checkpoint().ok()) {
      // What failed a moment ago would fail now.
      const absl::Status slept = closing_.Wait(DeadlineIn(scheduler_, kRetry));
      if (!absl::IsDeadlineExceeded(slept)) return;
      wants_checkpoint_.Set();
    }
    next = DeadlineIn(scheduler_, options_.checkpoint_interval);
  }
}

absl::Status StoreImpl::Checkpoint() {
  const MutexGuard guard(checkpoint_mutex_);
  EDGE_RETURN_IF_ERROR(guard.status());
  absl::Status status = CheckpointLocked();
  if (!status.ok() && !absl::IsCancelled(status) && !IsCrashed(status)) {
    Tell(StrCat("a checkpoint has failed and will be tried again; the log keeps what it needs: ", status.ToString()));
  }
  last_checkpoint_ = status;
  room_.Set();
  return status;
}

absl::StatusOr<Position> StoreImpl::ReachBoundary() {
  EDGE_CHECK(checkpoint_mutex_.HeldByCurrent());
  EDGE_RETURN_IF_ERROR(dead_);
  Drain();
  // After a failure the log ends behind what it has lost, and nobody can wait for that.
  const Position end = in_flight_.empty() ? log_->durable() : log_->end();
  window_ = end;
  boundary_ = end;
  const absl::Status durable = log_->WaitDurable(end, Instant::Infinite());
  if (durable.ok()) DrainUpTo(end);
  boundary_.reset();
  if (durable.ok()) return end;
  Drain();
  return durable;
}

absl::Status StoreImpl::CheckpointLocked() {
  // 1. Freeze.
  EDGE_ASSIGN_OR_RETURN(const Position redo, ReachBoundary());
  std::vector<Entry*> changed;
  for (const auto& [key, entry] : entries_) {
    if (!entry->changed && !entry->durable.changed()) continue;
    entry->durable.Freeze();
    entry->frozen_row = entry->durable_row;
    entry->changed = false;
    changed.push_back(entry.get());
  }
  const ObjectRow& catalog = entries_.at(CatalogKey())->durable_row;
  const CheckpointRecord next{.incarnation = checkpoint_.incarnation,
                              .redo = redo,
                              .catalog_epoch = catalog.epoch,
                              .catalog_txid = catalog.txid,
                              .catalog_pages = catalog.pages,
                              .log_segment = log_->newest_segment()};
  Drain();
  const bool nothing_new = changed.empty() && redo == checkpoint_.redo && next.log_segment == checkpoint_.log_segment;
  if (nothing_new) return log_->Trim(redo);  // again, if it has failed

  // 2, 3.
  if (options_.plants.trim_before_sync) {
    EDGE_RETURN_IF_ERROR(WriteWholeFile(disk_, layout_.CheckpointFile(), EncodeCheckpoint(next)));
    EDGE_RETURN_IF_ERROR(log_->Trim(redo));
  }
  absl::Status status = WriteBases(changed);
  if (status.ok()) status = SyncNames(changed);
  if (status.ok()) status = WriteCatalog(changed);
  if (!status.ok()) {
    Unfreeze(changed);
    return status;
  }

  // 4, 5.
  status = WriteWholeFile(disk_, layout_.CheckpointFile(), EncodeCheckpoint(next));
  for (Entry* entry : changed) {
    Counted(*entry, [&] {
      // Of a damaged object the file stays what it was.
      if (entry->frozen_row->damage.empty()) entry->base_pages = entry->durable.frozen_pages();
      entry->durable.DropFrozen();
      return 0;
    });
  }
  if (status.ok()) {
    checkpoint_ = next;
    ++checkpoints_;
    status = log_->Trim(redo);
    // Beyond the base's size nothing is read, so that what cannot be cut or removed is only a waste.
    for (Entry* entry : changed) {
      if (!entry->frozen_row->damage.empty()) continue;
      if (entry->base_pages == 0) {
        bases_.Forget(entry->path);
        disk_.Remove(entry->path).IgnoreError();
      } else if (absl::StatusOr<std::shared_ptr<File>> file = bases_.ForWriting(entry->path); file.ok()) {
        const absl::StatusOr<uint64_t> size = (*file)->Size();
        const uint64_t bytes = uint64_t{entry->base_pages} * kPageBytes;
        if (size.ok() && *size > bytes) (*file)->Truncate(bytes).IgnoreError();
      }
    }
  }
  for (Entry* entry : changed) {
    entry->frozen_row.reset();
    ForgetIfIdle(*entry);
  }
  return status;
}

void StoreImpl::Unfreeze(const std::vector<Entry*>& entries) {
  for (Entry* entry : entries) {
    Counted(*entry, [&] {
      entry->durable.Unfreeze();
      return 0;
    });
    entry->frozen_row.reset();
    entry->changed = true;
  }
}

absl::Status StoreImpl::WriteBases(const std::vector<Entry*>& entries) {
  size_t next = 0;
  absl::Status status;
  TaskGroup writers(scheduler_);
  for (size_t i = 0; i < std::min(kWriters, entries.size()); ++i) {
    absl::Status spawned = writers.Spawn("store.base", [&] {
      while (status.ok() && next < entries.size()) {
        const Entry& entry = *entries[next++];
        if (absl::Status written = WriteBase(entry); !written.ok() && status.ok()) status = written;
      }
    });
    if (!spawned.ok() && status.ok()) status = spawned;
  }
  writers.Wait();
  return status;
}

absl::Status StoreImpl::WriteBase(const Entry& entry) {
  if (!entry.frozen_row->damage.empty()) return absl::OkStatus();
  const std::vector<uint32_t> pages = entry.durable.FrozenPageNumbers();
  if (pages.empty()) return absl::OkStatus();
  EDGE_ASSIGN_OR_RETURN(std::shared_ptr<File> file, bases_.ForWriting(entry.path));
  std::string run;
  for (size_t begin = 0; begin < pages.size();) {
    size_t end = begin;
    run.clear();
    while (end < pages.size() && end - begin < kRunPages && pages[end] == pages[begin] + (end - begin)) {
      run.resize(run.size() + kPageBytes);
      const std::span<char, kPageBytes> page(run.end() - kPageBytes, run.end());
      entry.durable.ReadFrozen(pages[end], page);
      Seal(page, pages[end]);
      ++end;
    }
    EDGE_RETURN_IF_ERROR(file->WriteAt(uint64_t{pages[begin] - 1} * kPageBytes, run));
    checkpoint_bytes_ += run.size();
    begin = end;
  }
  if (options_.plants.no_base_sync) return absl::OkStatus();
  ++checkpoint_syncs_;
  absl::Status synced = file->Sync();
  return !synced.ok() && options_.plants.base_sync_retried ? file->Sync() : synced;
}

absl::Status StoreImpl::SyncNames(const std::vector<Entry*>& entries) {
  if (options_.plants.no_folder_sync) return absl::OkStatus();
  std::set<std::string> folders, fresh;
  for (const Entry* entry : entries) {
    // A file that an interrupted checkpoint has made is there, but its name may not be durable.
    if (entry->base_pages > 0 || entry->durable.frozen_pages() == 0) continue;
    std::string at = FolderOf(entry->path);
    folders.insert(at);
    for (; at != layout_.directory() && !durable_folders_.contains(at); at = FolderOf(at)) {
      fresh.insert(at);
      folders.insert(FolderOf(at));
    }
  }
  for (const std::string& folder : folders) EDGE_RETURN_IF_ERROR(disk_.SyncDirectory(folder));
  durable_folders_.merge(fresh);
  return absl::OkStatus();
}

absl::Status StoreImpl::WriteCatalog(const std::vector<Entry*>& entries) {
  std::vector<Catalog::Row> rows;
  Position end = 0;
  // In several transactions if there are many: a row is looked at only when the log since the redo point knows nothing of its object, so it
  // does not matter which of them a crash leaves.
  const auto flush = [&]() -> absl::Status {
    const MutexGuard guard(catalog_.mutex());
    EDGE_RETURN_IF_ERROR(guard.status());
    EDGE_ASSIGN_OR_RETURN(end, catalog_.Write(rows));
    rows.clear();
    return absl::OkStatus();
  };
  for (const Entry* entry : entries) {
    if (entry->key == CatalogKey()) continue;
    rows.emplace_back(entry->key, *entry->frozen_row);
    if (rows.size() == kRowsPerTransaction) EDGE_RETURN_IF_ERROR(flush());
  }
  if (!rows.empty()) EDGE_RETURN_IF_ERROR(flush());
  return end == 0 ? absl::OkStatus() : log_->WaitDurable(end, Instant::Infinite());
}

absl::Status StoreImpl::Close() {
  closing_.Set();
  wants_checkpoint_.Set();
  has_news_.Set();
  room_.Set();
  tasks_->Wait();
  for (const auto& [key, entry] : entries_) {
    EDGE_CHECK(key == CatalogKey() || entry->users == 0) << key.ToString() << " is still activated";
  }
  // If it fails, the log has everything.
  if (absl::Status last = dead_.ok() ? Checkpoint() : absl::OkStatus(); !last.ok())
    observer_.OnNotice(StrCat("the last checkpoint: ", last.ToString()));
  catalog_.Close();
  absl::Status closed = log_->Close();
  lock_.reset();
  return closed;
}

}  // namespace edge::storage
