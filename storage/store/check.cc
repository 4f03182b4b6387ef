// CheckDirectory: recovers a data directory over a ScratchDisk and reads all of it.
#include <set>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"
#include "storage/store/mutex_guard.h"
#include "storage/store/scratch_disk.h"
#include "storage/store/store_impl.h"

namespace edge::storage {
namespace {

constexpr size_t kListed = 1000;

// What recovery has to say.
class Listener final : public StoreObserver {
 public:
  explicit Listener(absl::AnyInvocable<void(std::string_view line)>& say) : say_(say) {}
  void OnNotice(std::string_view text) override { say_(text); }

 private:
  absl::AnyInvocable<void(std::string_view line)>& say_;
};

std::string Text(const absl::Status& status) { return std::string(FromAbsl(status.message())); }

// The files below a folder, with their paths.
absl::Status FilesBelow(Disk& disk, const std::string& folder, std::set<std::string>* files) {
  absl::StatusOr<std::vector<DirectoryEntry>> entries = disk.List(folder);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  EDGE_RETURN_IF_ERROR(entries.status());
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = StrCat(folder, "/", entry.name);
    if (entry.kind == DirectoryEntry::Kind::kDirectory) {
      EDGE_RETURN_IF_ERROR(FilesBelow(disk, path, files));
    } else {
      files->insert(path);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> StoreImpl::CheckObject(const ObjectInfo& info, absl::AnyInvocable<void(std::string_view line)>& say) {
  EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(info.key));
  if (!entry->row.damage.empty()) {
    say(StrCat(info.key.ToString(), ": damaged: ", entry->row.damage));
    ForgetIfIdle(*entry);
    return false;
  }
  bool sound = true;
  std::unique_ptr<Activation> owned = Own(*entry);
  // Pages that nothing refers to are read too: SQLite would not look at them.
  std::string page(kPageBytes, '\0');
  for (uint32_t number = 1; number <= owned->pages() && sound; ++number) {
    absl::Status read = owned->ReadPage(number, std::span<char, kPageBytes>(page.begin(), kPageBytes));
    if (!read.ok() && !absl::IsDataLoss(read)) return read;
    if (!read.ok()) say(StrCat(info.key.ToString(), ": ", Text(read)));
    sound = read.ok();
  }
  if (!sound || owned->pages() == 0) return sound;
  absl::StatusOr<ObjectImage*> image = owned->Image();
  const absl::Status integrity = image.ok() ? (*image)->CheckIntegrity() : image.status();
  if (integrity.ok()) return true;
  if (IsCrashed(integrity) || absl::IsCancelled(integrity)) return integrity;
  say(StrCat(info.key.ToString(), ": ", Text(integrity)));
  return false;
}

absl::StatusOr<bool> StoreImpl::CheckObjects(absl::AnyInvocable<void(std::string_view line)>& say) {
  bool sound = true;
  {
    const MutexGuard guard(catalog_.mutex());
    EDGE_RETURN_IF_ERROR(guard.status());
    if (absl::Status integrity = catalog_.CheckIntegrity(); !integrity.ok()) {
      say(StrCat("the catalog: ", Text(integrity)));
      sound = false;
    }
  }
  std::set<std::string> files;
  EDGE_RETURN_IF_ERROR(FilesBelow(disk_, layout_.Objects(), &files));
  std::optional<ObjectKey> cursor;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> objects, List("", cursor, kListed));
    for (const ObjectInfo& info : objects) {
      EDGE_ASSIGN_OR_RETURN(const bool object_is_sound, CheckObject(info, say));
      sound = sound && object_is_sound;
      files.erase(layout_.Base(info.key));
    }
    if (objects.size() < kListed) break;
    cursor = objects.back().key;
  }
  // A crash between a checkpoint and the removal of a file leaves one behind; it harms nobody.
  for (const std::string& file : files) say(StrCat(file, ": belongs to no object (may be removed)"));
  return sound;
}

absl::StatusOr<bool> CheckDirectory(Scheduler& scheduler, Disk& disk, std::string_view directory,
                                    absl::AnyInvocable<void(std::string_view line)> say) {
  const Layout layout{std::string(directory)};
  EDGE_ASSIGN_OR_RETURN(const Found found, LookAt(disk, layout));
  if (found == Found::kNothing) return absl::NotFoundError(StrCat(directory, ": no data directory"));
  // A directory that may only be read can be checked too.
  absl::StatusOr<std::unique_ptr<DiskLock>> lock = disk.Lock(layout.Lock());
  if (!lock.ok() && !absl::IsPermissionDenied(lock.status())) return lock.status();

  ScratchDisk scratch(disk);
  Listener listener(say);
  StoreOptions options{.directory = std::string(directory),
                       .services = {.fill_random = [](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{0}); },
                                    .wall_now = [] { return WallTime(); }},
                       .checkpoint_interval = Duration::Infinite()};
  options.log.size_max = ByteCount::Bytes(UINT64_MAX / 2);  // whatever the log's bound was
  StoreImpl store(scheduler, scratch, std::move(options), listener);
  absl::Status started = store.Start();
  if (absl::IsDataLoss(started)) {
    say(Text(started));
    return false;
  }
  EDGE_RETURN_IF_ERROR(started);
  absl::StatusOr<bool> sound = store.CheckObjects(say);
  EDGE_RETURN_IF_ERROR(store.Close());
  return sound;
}

}  // namespace edge::storage
