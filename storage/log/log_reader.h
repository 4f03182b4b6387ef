// LogReader: reads a log as it lies in its folder, changes nothing: recovery, and checks of a directory that no process has open.
//
// Segments form a history: the newest one names the one before it and where that one's part ends. What lies behind that place (the tail of
// a generation that failed, an ambiguous batch that was carried over) is not read. Only the newest segment has an open end: batches are
// taken as long as they are whole; since one batch at a time is under way, whatever is found behind a bad one proves that it was confirmed
// once, and that is damage, not a crash.
#ifndef EDGE_STORAGE_LOG_LOG_READER_H_
#define EDGE_STORAGE_LOG_LOG_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/disk.h"
#include "storage/log/commit_log.h"
#include "storage/log/format.h"

namespace edge::storage {

// One file of the folder.
struct SegmentFile {
  std::string path;
  uint64_t file_number = 0;  // from its name
  uint64_t bytes = 0;
  std::optional<SegmentHeader> header;  // none: free
};

// What whoever goes on writing must know.
struct LogTail {
  LogRecovery recovery;
  std::vector<SegmentFile> history;  // oldest first; each has a header
  std::vector<SegmentFile> unused;   // the others: free, or abandoned
  std::vector<Position> ends;        // of the history's segments
  // The next segment's header: number, previous, generation, previous_end, begin, first_sequence, oldest are set.
  SegmentHeader next;
  // The batch it must begin with (whole, to be sealed anew); empty: none.
  std::string carried;
};

class LogReader {
 public:
  // All borrowed.
  LogReader(Disk& disk, std::string directory, const LogOptions& options)
      : disk_(disk), directory_(std::move(directory)), options_(options) {}

  // Reads everything from `from` on and tells the visitor. An absent folder is an empty log. Errors as CommitLog::Open. MAY SUSPEND.
  absl::StatusOr<LogTail> Read(Position from, LogVisitor& visitor);

 private:
  class Window;
  // What was found in the newest segment.
  struct Head {
    uint64_t batches = 0;   // with records
    uint64_t sequence = 0;  // largest that was seen, a torn batch's included
    Position end = 0;       // of the last batch with records
    std::string last;       // that batch
    std::optional<BatchHeader> last_header;
    bool closed = false, torn = false;
  };

  absl::Status ListFiles(LogTail* tail);
  absl::Status ReadHeader(SegmentFile* file);
  // Moves what belongs to the history from `unused` to `history`.
  absl::Status LinkHistory(Position from, LogTail* tail);
  // Reads a segment up to `end`, which must be the end of a batch.
  absl::Status ReadClosedSegment(const SegmentFile& segment, Position end, LogTail* tail);
  absl::Status ReadHead(const SegmentFile& segment, LogTail* tail, Head* head);
  absl::Status VisitBatch(const SegmentFile& segment, uint64_t offset, const BatchHeader& header, std::string_view batch, LogTail* tail);
  absl::Status CheckNothingBehind(Window& window, const SegmentFile& segment, uint64_t bad, uint64_t sequence);
  absl::Status CheckUnused(const LogTail& tail);
  void PlanNext(const Head& head, LogTail* tail) const;

  Disk& disk_;
  const std::string directory_;
  const LogOptions& options_;
  Position from_ = 0;
  LogVisitor* visitor_ = nullptr;
};

// The path of the folder's file with this number, and the number of a file with this name.
std::string SegmentPath(std::string_view directory, uint64_t file_number);
std::optional<uint64_t> SegmentFileNumber(std::string_view name);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_LOG_READER_H_
