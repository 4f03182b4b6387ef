// Crash images: what a recorded run may have left on the disk when it ended at some moment, and whether all of that recovers.
//
// An image is a place in the recording and what became of everything unsynced there: lost, kept, torn in the middle of a sector, garbage;
// names lost from some operation on. Some images crash again while they recover; in some only the process dies (what a failed sync has
// forgotten may be gone), and the power goes after the recovery.
#ifndef EDGE_TESTS_STORAGE_CRASH_IMAGES_H_
#define EDGE_TESTS_STORAGE_CRASH_IMAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"
#include "tests/storage/recording_disk.h"

namespace edge {

struct CrashPlan {
  uint64_t images = 300;
  uint64_t seed = 1;
  // Half of the images are cut in these parts of the recording (RecordingDisk::now), if there are any: [from, to).
  std::vector<std::pair<uint64_t, uint64_t>> focus;
};

// One look at an image, from a fiber of `scheduler`.
struct ImageView {
  Scheduler& scheduler;
  Disk& disk;
  uint64_t cut;    // what was durable when the recording was this long must be there
  uint64_t image;  // number of the image; an image that crashes again is looked at once more
  // The look before this one at the same image came to its end: all it has been told to be durable must be there.
  bool seen_before;
};

struct BadImage {
  uint64_t image, cut;
  absl::Status why;
  std::string ToString() const;
};

// The first image that `verify` refuses. It recovers, checks, and may write. A look that is crashed by the plan may return anything: its
// disk then returns CrashedStatus. `verify` must end all fibers that it starts.
std::optional<BadImage> FindBadImage(const Recording& recording, const CrashPlan& plan,
                                     absl::FunctionRef<absl::Status(const ImageView&)> verify);

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_CRASH_IMAGES_H_
