// Catalog: the table of all objects as of the last checkpoint: an object itself, in the same log, with a base file of its own.
//
// Only a checkpoint writes it. What has changed since is in the log, which says all there is to know of the objects in it: whoever asks the
// catalog asks the store's table of changed objects first.
#ifndef EDGE_STORAGE_STORE_CATALOG_H_
#define EDGE_STORAGE_STORE_CATALOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/mutex.h"
#include "storage/image/object_image.h"
#include "storage/store/object_store.h"

namespace edge::storage {

// What is known of an object.
struct ObjectRow {
  uint64_t epoch = 0;
  uint64_t txid = 0;
  uint32_t pages = 0;
  std::optional<WallTime> alarm;
  std::string damage;  // why it must not be used, if so

  bool exists() const { return pages > 0 || alarm.has_value() || !damage.empty(); }
};

class Catalog {
 public:
  // `activate` takes the catalog's object over; it is called again when an activation was lost.
  using Activate = absl::AnyInvocable<std::unique_ptr<OwnedObject>()>;
  Catalog(Scheduler& scheduler, Activate activate) : mutex_(scheduler), activate_(std::move(activate)) {}

  // One fiber at a time; what is found stays true while it is held. All the calls below require it.
  FiberMutex& mutex() { return mutex_; }

  // All MAY SUSPEND; kDataLoss: the catalog is damaged.
  absl::StatusOr<std::optional<ObjectRow>> Find(const ObjectKey& key);
  absl::Status ForEachAlarm(absl::FunctionRef<void(const ObjectKey& key, WallTime due)> visit);
  using Row = std::pair<ObjectKey, ObjectRow>;
  // By key, later than `after`, of `space` (empty: all).
  absl::StatusOr<std::vector<Row>> List(std::string_view space, const std::optional<ObjectKey>& after, size_t count);
  // Replaces the rows (those of objects that do not exist are removed), in one transaction. Returns the position at which it is durable.
  absl::StatusOr<Position> Write(const std::vector<Row>& rows);
  // Waits for it.
  absl::Status WaitDurable(Position position);
  // PRAGMA integrity_check.
  absl::Status CheckIntegrity();
  void Close();

 private:
  absl::StatusOr<ObjectImage*> Image();
  // A statement that is kept while the image is open.
  absl::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view sql);

  FiberMutex mutex_;
  Activate activate_;
  std::unique_ptr<OwnedObject> object_;
  ObjectImage* image_ = nullptr;  // of object_, with the table in it
  std::unique_ptr<Statement> find_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_CATALOG_H_
