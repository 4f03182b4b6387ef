// What operators do with objects: list, find, export, import, remove, and a backup of everything.
#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"
#include "storage/store/mutex_guard.h"
#include "storage/store/plain_database.h"
#include "storage/store/store_impl.h"

namespace edge::storage {
namespace {

constexpr size_t kPieceBytes = 64 * kPageBytes;

ObjectInfo InfoOf(const ObjectKey& key, const ObjectRow& row) {
  return {.key = key,
          .epoch = row.epoch,
          .txid = row.txid,
          .bytes = uint64_t{row.pages} * kPageBytes,
          .alarm = row.alarm,
          .damage = row.damage};
}

}  // namespace

// --- looking ---

absl::StatusOr<std::vector<ObjectInfo>> StoreImpl::List(std::string_view space, const std::optional<ObjectKey>& after, size_t count) {
  std::vector<ObjectInfo> found;
  ObjectKey cursor = after.value_or(ObjectKey{std::string(space), ""});
  while (found.size() < count) {
    std::vector<Catalog::Row> rows;
    {
      const MutexGuard guard(catalog_.mutex());
      EDGE_RETURN_IF_ERROR(guard.status());
      EDGE_ASSIGN_OR_RETURN(rows, catalog_.List(space, cursor, count));
    }
    // The catalog's rows up to the last one, with the objects that have an entry in place of theirs or between them.
    const bool more = rows.size() == count;
    std::map<ObjectKey, const ObjectRow*> merged;
    for (const auto& [key, row] : rows) merged[key] = &row;
    for (auto it = entries_.upper_bound(cursor); it != entries_.end() && (!more || it->first <= rows.back().first); ++it) {
      if (it->first != CatalogKey() && (space.empty() || it->first.space == space)) merged[it->first] = &it->second->row;
    }
    for (const auto& [key, row] : merged) {
      if (row->exists() && found.size() < count) found.push_back(InfoOf(key, *row));
    }
    if (!more) break;
    cursor = rows.back().first;
  }
  return found;
}

absl::StatusOr<std::optional<ObjectInfo>> StoreImpl::Find(const ObjectKey& key) {
  EDGE_RETURN_IF_ERROR(CheckKey(key));
  EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(key));
  const std::optional<ObjectInfo> info = entry->row.exists() ? std::optional(InfoOf(key, entry->row)) : std::nullopt;
  ForgetIfIdle(*entry);
  return info;
}

// --- out ---

absl::Status StoreImpl::CopyTo(Entry& entry, std::string_view path, Pages pages) {
  EDGE_CHECK(checkpoint_mutex_.HeldByCurrent());
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> to, disk_.Open(path, OpenMode::kCreateNew));
  // As of now: a frozen layer stays as it is, and so does the base while no checkpoint runs.
  const EntryUse use(entry);
  EDGE_RETURN_IF_ERROR(ReachBoundary().status());
  entry.durable.Freeze();
  const absl::Cleanup unfreeze = [&] {
    Counted(entry, [&] {
      entry.durable.Unfreeze();
      return 0;
    });
  };
  const std::vector<uint32_t> changed = entry.durable.FrozenPageNumbers();
  const uint32_t count = entry.durable.frozen_pages();
  std::string piece;
  for (uint32_t page = 1; page <= count;) {
    piece.clear();
    const uint64_t offset = uint64_t{page - 1} * kPageBytes;
    for (; page <= count && piece.size() < kPieceBytes; ++page) {
      piece.resize(piece.size() + kPageBytes);
      const std::span<char, kPageBytes> bytes(piece.end() - kPageBytes, piece.end());
      if (std::binary_search(changed.begin(), changed.end(), page)) {
        entry.durable.ReadFrozen(page, bytes);
      } else {
        EDGE_RETURN_IF_ERROR(bases_.ReadPage(entry.path, page, bytes));
        ClearReserved(bytes);
      }
      if (pages == Pages::kSealed) Seal(bytes, page);
    }
    EDGE_RETURN_IF_ERROR(to->WriteAt(offset, piece));
  }
  return pages == Pages::kSealed ? to->Sync() : absl::OkStatus();
}

absl::Status StoreImpl::Export(const ObjectKey& key, absl::AnyInvocable<absl::Status(std::string_view piece)> write) {
  EDGE_RETURN_IF_ERROR(CheckKey(key));
  // By way of a file of our own, so that a slow reader holds up nobody.
  const std::string path = StrCat(layout_.Scratch(), "/export-", ++scratch_files_);
  const absl::Cleanup remove = [&] { disk_.Remove(path).IgnoreError(); };
  {
    const MutexGuard guard(checkpoint_mutex_);
    EDGE_RETURN_IF_ERROR(guard.status());
    EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(key));
    const absl::Cleanup forget = [&] { ForgetIfIdle(*entry); };
    const ObjectRow& row = entry->row;
    if (!row.damage.empty()) return absl::DataLossError(StrCat(key.ToString(), ": damaged: ", row.damage));
    if (!row.exists()) return absl::NotFoundError(StrCat(key.ToString(), ": no such object"));
    EDGE_RETURN_IF_ERROR(CopyTo(*entry, path, Pages::kPlain));
  }
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(path, OpenMode::kReadOnly));
  std::string piece;
  for (uint64_t offset = 0;; offset += piece.size()) {
    piece.resize(kPieceBytes);
    EDGE_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(offset, piece));
    if (read == 0) return absl::OkStatus();
    piece.resize(read);
    EDGE_RETURN_IF_ERROR(write(piece));
  }
}

// --- in ---

absl::Status StoreImpl::Replace(const ObjectKey& key, PageSet set, std::string_view why) {
  EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(key));
  const EntryUse use(*entry);
  if (!entry->row.damage.empty()) {
    // What there was is given up: the log says so by an opening without pages.
    EDGE_CHECK(entry->pending.empty());
    entry->durable_row = {.epoch = entry->row.epoch, .txid = entry->row.txid};
    entry->row = entry->durable_row;
    entry->durable = PageOverlay(0);
    entry->base_pages = 0;
    entry->opened = 0;
    entry->changed = true;
  }
  Lose(*entry, absl::FailedPreconditionError(StrCat(key.ToString(), ": superseded: ", why)));
  EDGE_RETURN_IF_ERROR(Commit(*entry, NextEpoch(*entry), std::move(set)));
  absl::Status durable = log_->WaitDurable(entry->last, Instant::Infinite());
  Drain();
  return durable;
}

absl::Status StoreImpl::Import(const ObjectKey& key, std::string_view database, std::optional<WallTime> alarm) {
  EDGE_RETURN_IF_ERROR(CheckKey(key));
  absl::StatusOr<std::string> pages = ToOurPages(database);
  if (!pages.ok()) return absl::Status(pages.status().code(), ToAbsl(StrCat(key.ToString(), ": ", FromAbsl(pages.status().message()))));
  PageSet set{.pages = static_cast<uint32_t>(pages->size() / kPageBytes), .bytes = *std::move(pages), .alarm = AlarmChange{alarm}};
  for (uint32_t page = 1; page <= set.pages; ++page) set.ranges.push_back({page, 0, kPageBytes});
  return Replace(key, std::move(set), "the object was imported");
}

absl::Status StoreImpl::Remove(const ObjectKey& key) {
  EDGE_RETURN_IF_ERROR(CheckKey(key));
  EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(key));
  if (!entry->row.exists()) {
    ForgetIfIdle(*entry);
    return absl::OkStatus();
  }
  return Replace(key, PageSet{.pages = 0, .alarm = AlarmChange{std::nullopt}}, "the object was removed");
}

// --- everything ---

absl::Status StoreImpl::Backup(std::string_view folder) {
  absl::StatusOr<std::vector<DirectoryEntry>> there = disk_.List(folder);
  if (!there.ok() && !absl::IsNotFound(there.status())) return there.status();
  if (there.ok() && !there->empty()) return absl::AlreadyExistsError(StrCat(folder, ": not empty; a backup needs a folder of its own"));
  const Layout to{std::string(folder)};

  const MutexGuard guard(checkpoint_mutex_);
  EDGE_RETURN_IF_ERROR(guard.status());
  // Afterwards the base files and the catalog are the store as of one moment, and stay so until the next checkpoint.
  EDGE_RETURN_IF_ERROR(CheckpointLocked());
  std::set<std::string> folders;
  std::optional<ObjectKey> cursor;
  for (;;) {
    std::vector<Catalog::Row> rows;
    {
      const MutexGuard catalog_guard(catalog_.mutex());
      EDGE_RETURN_IF_ERROR(catalog_guard.status());
      EDGE_ASSIGN_OR_RETURN(rows, catalog_.List("", cursor, 1000));
    }
    if (rows.empty()) break;
    cursor = rows.back().first;
    for (const auto& [key, row] : rows) {
      if (!row.damage.empty()) return absl::DataLossError(StrCat(key.ToString(), ": damaged, cannot be backed up: ", row.damage));
      if (row.pages == 0) continue;
      EDGE_RETURN_IF_ERROR(CopyBase(key, row.pages, to.Base(key)));
      for (std::string at = FolderOf(to.Base(key)); at != to.directory(); at = FolderOf(at)) folders.insert(at);
    }
  }
  Entry& catalog = *entries_.at(CatalogKey());
  if (catalog.durable.pages() > 0) EDGE_RETURN_IF_ERROR(CopyTo(catalog, to.Base(CatalogKey()), Pages::kSealed));
  for (const std::string& at : folders) EDGE_RETURN_IF_ERROR(disk_.SyncDirectory(at));
  // The backup's log begins anew; epochs go on.
  return MakeDirectory(disk_, to,
                       {.incarnation = checkpoint_.incarnation,
                        .redo = 0,
                        .catalog_epoch = catalog.durable_row.epoch,
                        .catalog_txid = catalog.durable_row.txid,
                        .catalog_pages = catalog.durable_row.pages});
}

absl::Status StoreImpl::CopyBase(const ObjectKey& key, uint32_t pages, std::string_view to) {
  const std::string from = layout_.Base(key);
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(to, OpenMode::kCreateNew));
  std::string piece;
  for (uint32_t page = 1; page <= pages;) {
    piece.clear();
    const uint64_t offset = uint64_t{page - 1} * kPageBytes;
    for (; page <= pages && piece.size() < kPieceBytes; ++page) {
      piece.resize(piece.size() + kPageBytes);
      EDGE_RETURN_IF_ERROR(bases_.ReadPage(from, page, std::span<char, kPageBytes>(piece.end() - kPageBytes, piece.end())));
    }
    EDGE_RETURN_IF_ERROR(file->WriteAt(offset, piece));
  }
  return file->Sync();
}

}  // namespace edge::storage
