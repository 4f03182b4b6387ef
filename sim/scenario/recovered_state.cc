#include "sim/scenario/recovered_state.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/virtual_time.h"
#include "sim/disk/quiet_disk.h"

namespace edge::sim {
namespace {

using storage::ObjectInfo;
using storage::ObjectKey;
using storage::ObjectStore;

absl::Status ReadAll(ObjectStore& store, RecoveredObjects& found) {
  constexpr size_t kAtATime = 1000;
  std::optional<ObjectKey> after;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> some, store.List("", after, kAtATime));
    for (const ObjectInfo& info : some) {
      RecoveredObject& object = found[info.key];
      object.txid = info.txid;
      object.alarm = info.alarm;
      object.damage = info.damage;
      if (!info.damage.empty() || info.bytes == 0) continue;
      const absl::Status read = store.Export(info.key, [&](std::string_view piece) {
        object.database.append(piece);
        return absl::OkStatus();
      });
      if (!read.ok()) object.damage = std::string(read.message());
    }
    if (some.size() < kAtATime) return absl::OkStatus();
    after = some.back().key;
  }
}

}  // namespace

absl::StatusOr<RecoveredObjects> RecoverCopy(Platter& platter, storage::StoreOptions options) {
  Platter copy;
  CopyFolder(platter, copy, options.directory);
  QuietDisk disk(copy);
  VirtualWorld world;
  storage::StoreObserver nobody;
  options.checkpoint_interval = Duration::Infinite();
  options.services.fill_random = [](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{0}); };
  options.services.wall_now = [] { return WallTime(); };
  absl::Status status;
  RecoveredObjects found;
  world.Run([&] {
    absl::StatusOr<std::unique_ptr<ObjectStore>> store = ObjectStore::Open(world.scheduler, disk, std::move(options), nobody);
    status = store.status();
    if (!store.ok()) return;
    status = ReadAll(**store, found);
    (*store)->Close().IgnoreError();  // of a copy
  });
  EDGE_RETURN_IF_ERROR(status);
  return found;
}

}  // namespace edge::sim
