// LogWorkload: several fibers append to a log, trim it, close and open it again; and what of that an image of a crash must show.
#ifndef EDGE_TESTS_STORAGE_LOG_WORKLOAD_H_
#define EDGE_TESTS_STORAGE_LOG_WORKLOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"
#include "storage/log/commit_log.h"
#include "storage/log/log_testing.h"
#include "tests/storage/crash_images.h"

namespace edge {

class LogWorkload final : private storage::LogObserver {
 public:
  struct Shape {
    uint64_t seed = 1;
    int openings = 3;
    int writers = 3;
    int appends = 40;  // of each writer, in each opening
    storage::LogOptions log;
  };
  explicit LogWorkload(const Shape& shape);

  // From a fiber. `now` counts what the disk has been told so far. Ends early when the log is dead.
  void Run(Scheduler& scheduler, Disk& disk, std::function<uint64_t()> now);

  // Everything confirmed is there and in order, the rest is a prefix, nothing is invented; and the log goes on.
  absl::Status Verify(const ImageView& view);

  uint64_t acknowledged() const;
  uint64_t lost() const;
  // [from, to) of the disk's calls, one for each Trim.
  const std::vector<std::pair<uint64_t, uint64_t>>& trims() const { return trim_calls_; }

 private:
  using Record = storage::ToldRecords::Record;
  static constexpr uint64_t kNever = UINT64_MAX;
  struct Appended {
    Record record;
    uint64_t acknowledged = kNever;  // as `now`
    bool lost = false;               // its generation failed
  };
  struct Trimmed {
    storage::Position position;
    uint64_t begun;
  };

  void OnGenerationFailed(storage::Position confirmed, const absl::Status& why) override;
  void OnDead(const absl::Status& why) override { dead_ = true; }
  void Write(Scheduler& scheduler, storage::CommitLog& log, int writer, int opening);
  absl::Status Check(const std::vector<Record>& told, uint64_t cut, storage::Position trimmed) const;

  const Shape shape_;
  std::function<uint64_t()> now_;
  bool dead_ = false;
  uint64_t txid_ = 0;
  std::vector<Appended> appended_;
  std::vector<Trimmed> trimmed_;
  std::vector<std::pair<uint64_t, uint64_t>> trim_calls_;
  std::vector<Record> seen_;  // by the last look that came to its end
};

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_LOG_WORKLOAD_H_
