// CommitLog: the one log of a data directory: page sets of all objects, made durable by group commit.
//
//   Append (no wait) --> the batch being filled --> one write + one Sync --> durable() moves --> waiters of that position go on
//
// One batch is on its way while the next is being filled. Files are zero-filled, of fixed size, recycled; a batch carries generation,
// sequence, the position confirmed before it and a checksum, so that what an earlier use left behind is never read as valid, and a batch is
// taken whole or not at all. Format: docs/data-directory.md.
//
// A failed Sync is final: nothing after the last confirmed position may be acknowledged, ever (fsync is not retried: the kernel may have
// dropped the pages). The log then begins a new generation at the last confirmed position, which fences the old tail; if that fails too, it
// is dead.
#ifndef EDGE_STORAGE_LOG_COMMIT_LOG_H_
#define EDGE_STORAGE_LOG_COMMIT_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "runtime/fiber/scheduler.h"
#include "storage/disk.h"
#include "storage/image/page_set.h"

namespace edge::storage {

// A place in the log, in bytes since the directory was made; grows for ever, also over generations. 0: before everything.
using Position = uint64_t;
// For Open: from the oldest position that the log still has, whatever that is. For tools and tests; a store knows what it needs.
inline constexpr Position kOldestKept = UINT64_MAX;

// Bugs that tests plant to see that they find them.
enum class PlantedLogBug : uint8_t { kNone, kTornBatchTaken /* recovery does not look at checksums */ };

struct LogOptions {
  ByteCount segment = ByteCount::MiB(16);  // size of one file, which is written with zeros when it is made; in blocks of 4 KiB, at least 4
  ByteCount size_max = ByteCount::MiB(1024);  // Append refuses beyond this: the checkpointer is not keeping up
  size_t spare_files_max = 8;                 // kept for reuse
  uint64_t segment_min = 0;                   // the newest segment has at least this number (newest_segment), or else it is missing: damage
  uint64_t salt = 0;  // random, of this opening: what users store cannot look like a batch, not even in a file that is used again
  PlantedLogBug planted = PlantedLogBug::kNone;
};

struct LogStats {
  uint64_t batches = 0, syncs = 0, records = 0;
  uint64_t bytes_appended = 0;  // records, without padding
  uint64_t bytes_written = 0;   // with padding, marks and headers of segments
  uint64_t generations = 0;     // begun since Open
};

// Its files as they are now.
struct LogFiles {
  uint64_t segments = 0;  // that hold something
  uint64_t spare = 0;
  uint64_t bytes = 0;  // of all, on disk
};

// What Open found. Everything in it has been told to the visitor, in order.
struct LogRecovery {
  Position begin = 0;  // oldest position kept
  Position end = 0;    // where appending goes on
  uint64_t batches = 0, records = 0;
  enum class Stop : uint8_t {
    kClean,      // a closing record, or nothing was written since the last position known to be confirmed
    kTornTail,   // the last batch of an unclean stop was incomplete and has been cut
    kWholeTail,  // the last batch was complete, but nothing tells whether it had been confirmed: it is kept, and durable now
  } stop = Stop::kClean;
};

class LogVisitor {
 public:
  virtual ~LogVisitor() = default;
  // `position`: after the record, as Append returned it. An error ends Open with it. MAY SUSPEND.
  virtual absl::Status OnRecord(Position position, const ObjectKey& key, const PageSet& set) = 0;
};

// Told of failures, from the log's own fiber. Must not suspend.
class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // A sync or a write has failed, or there was no room for a new file. Everything appended after `confirmed` has an unknown fate and is
  // gone from the log: whoever has not heard of its durability must start again from what is durable. From now on the log takes appends
  // again; their positions are larger than all that were lost.
  virtual void OnGenerationFailed(Position confirmed, const absl::Status& why) = 0;
  // The new generation could not be begun either: nothing can be made durable any more.
  virtual void OnDead(const absl::Status& why) = 0;
};

class CommitLog {
 public:
  // Reads the log in `directory` (made if absent), tells `visitor` every record that ends behind `from`, and makes it ready to append. All
  // that was told is durable then. kDataLoss: damage that is not a torn tail (a bad batch with good ones behind it, a hole, nothing left of
  // what follows `from`): the text says file, offset and what to do. kFailedPrecondition: a newer format. Others as Disk. All references
  // are borrowed. One process at a time: the caller's to ensure. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<CommitLog>> Open(Scheduler& scheduler, Disk& disk, std::string directory, Position from,
                                                         const LogOptions& options, LogVisitor& visitor, LogObserver& observer,
                                                         LogRecovery* recovery);
  virtual ~CommitLog() = default;  // REQUIRES: Close has returned, or the node has crashed and its fibers have ended

  // Adds a record to the batch being filled and returns the position after it; what an earlier Append of this thread returned is smaller.
  // Does not suspend. On an error nothing was added: kUnavailable: the log has failed, is beginning a new generation, or is closed;
  // kResourceExhausted: size_max, or the disk has no room for another file: Trim helps.
  virtual absl::StatusOr<Position> Append(const ObjectKey& key, const PageSet& set) = 0;

  // Everything up to here is durable, but for what OnGenerationFailed has taken back: those positions never become durable, though this
  // passes them later.
  virtual Position durable() const = 0;
  // Everything appended so far ends here.
  virtual Position end() const = 0;
  // `position` is one that Append returned. OK: durable. kDataLoss: its generation failed before it was confirmed; whether it survives a
  // restart is unknown, but this log does not contain it any more. kUnavailable: the log is dead. kDeadlineExceeded, kCancelled, kAborted:
  // as every wait. MAY SUSPEND.
  virtual absl::Status WaitDurable(Position position, Instant deadline) = 0;

  // Nothing before `position` is needed any more: what lies before it has been synced elsewhere. Files are recycled, which is durable when
  // this returns. kInvalidArgument: not durable yet. Others as Disk: nothing is lost, a later call tries again. MAY SUSPEND.
  virtual absl::Status Trim(Position position) = 0;
  // The largest number of a segment that is known to be durable: later openings may demand it (LogOptions::segment_min).
  virtual uint64_t newest_segment() const = 0;
  virtual uint64_t size_bytes() const = 0;  // from the oldest needed position to the end

  // Makes everything durable, writes the closing record and stops; waits shielded. Not OK: what was not confirmed is not known to be
  // durable; kUnavailable: the log is dead. MAY SUSPEND.
  virtual absl::Status Close() = 0;
  virtual const LogStats& stats() const = 0;
  virtual LogFiles files() const = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_COMMIT_LOG_H_
