// StoreWorkload: transactions on a few objects with checkpoints between them, and what of them a crash image must have.
//
// Each transaction has a number of its own, which it writes into the object with everything else: a recovered object so says which
// transaction was its last, and the workload knows the rest of it. Now and then an object is removed, or exported and imported again.
#ifndef EDGE_TESTS_STORAGE_STORE_WORKLOAD_H_
#define EDGE_TESTS_STORAGE_STORE_WORKLOAD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"
#include "storage/store/object_store.h"
#include "tests/storage/crash_images.h"

namespace edge {

class StoreWorkload {
 public:
  struct Shape {
    uint64_t seed = 1;
    int transactions = 250;
    int checkpoints = 6;
    storage::StorePlants plants;
  };
  explicit StoreWorkload(const Shape& shape) : shape_(shape) {}

  // `now` is the length of the recording of `disk`. Ends with a clean stop.
  void Run(Scheduler& scheduler, Disk& disk, absl::AnyInvocable<uint64_t()> now);
  absl::Status Verify(const ImageView& view);

  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t lost() const { return lost_; }
  uint64_t removed() const { return removed_; }
  uint64_t imported() const { return imported_; }
  // The parts of the recording in which checkpoints ran, those that follow each other joined.
  const std::vector<std::pair<uint64_t, uint64_t>>& checkpoints() const { return checkpoints_; }

 private:
  static constexpr int kObjects = 4;

  struct State {
    std::map<std::string, std::string> rows;
    std::optional<WallTime> alarm;
    bool operator==(const State&) const = default;
  };
  // Each with the length of the recording at that time.
  struct Moment {
    uint64_t length, value;
  };
  struct Object {
    std::vector<State> states = {{}};  // in the order in which they were made; some were lost
    size_t latest = 0;                 // which of them the next transaction changes
    std::vector<Moment> acknowledged;  // which of them was
    std::vector<Moment> epochs;        // of activations
  };
  struct Dice {
    uint64_t state;
    uint64_t Below(uint64_t bound);
  };

  storage::StoreOptions Options() const;
  void Write(Scheduler& scheduler, storage::ObjectStore& store, int number, Dice dice, absl::AnyInvocable<uint64_t()>& now);
  absl::Status Transaction(storage::OwnedObject& owned, Object& object, Dice& dice);
  // The object becomes empty, or what it was with another alarm.
  absl::Status Remove(storage::ObjectStore& store, int number);
  absl::Status ExportAndImport(storage::ObjectStore& store, int number, Dice& dice);
  absl::Status Check(const ImageView& view);
  absl::Status VerifyObject(storage::ObjectStore& store, int number, const ImageView& view);

  const Shape shape_;
  Object objects_[kObjects];
  uint64_t transactions_ = 0;
  uint64_t acknowledged_ = 0, lost_ = 0, removed_ = 0, imported_ = 0;
  std::vector<std::pair<uint64_t, uint64_t>> checkpoints_;
  // By image and object: what a look at it has found.
  std::map<std::pair<uint64_t, int>, State> found_;
  std::map<std::pair<uint64_t, int>, uint64_t> found_epochs_;
};

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_STORE_WORKLOAD_H_
