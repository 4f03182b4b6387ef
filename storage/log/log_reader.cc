#include "storage/log/log_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_set_codec.h"

namespace edge::storage {
namespace {

constexpr std::string_view kSuffix = ".log";
constexpr size_t kNameDigits = 6;
constexpr uint64_t kWindowBytes = 1 << 20;
constexpr std::string_view kAdvice = "; restore the data directory from a backup, and keep this one";

absl::Status Damage(const SegmentFile& segment, uint64_t offset, std::string_view what) {
  return absl::DataLossError(StrCat(segment.path, " at byte ", offset, ": ", what, kAdvice));
}

bool BelongsTo(const BatchHeader& batch, const SegmentHeader& segment) {
  return batch.generation == segment.generation && batch.salt == segment.salt;
}

}  // namespace

std::string SegmentPath(std::string_view directory, uint64_t file_number) {
  std::string digits = StrCat(file_number);
  if (digits.size() < kNameDigits) digits.insert(0, kNameDigits - digits.size(), '0');
  return StrCat(directory, "/", digits, kSuffix);
}

std::optional<uint64_t> SegmentFileNumber(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  if (name.size() < kNameDigits || name.size() > 18) return std::nullopt;
  uint64_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

// Reads a file in large pieces.
class LogReader::Window {
 public:
  explicit Window(std::unique_ptr<File> file, uint64_t file_bytes) : file_(std::move(file)), file_bytes_(file_bytes) {}

  // Valid until the next call; shorter at the end of the file. MAY SUSPEND.
  absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes) {
    if (offset >= file_bytes_) return std::string_view();
    bytes = std::min(bytes, file_bytes_ - offset);
    if (offset < begin_ || offset + bytes > begin_ + buffer_.size()) {
      begin_ = offset;
      buffer_.resize(std::min(std::max(bytes, kWindowBytes), file_bytes_ - offset));
      EDGE_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, buffer_));
      buffer_.resize(got);
    }
    const std::string_view all = buffer_;
    return offset - begin_ > all.size() ? std::string_view() : all.substr(offset - begin_, bytes);
  }

  // The first batch header at a block from `offset` on that `wanted` takes; the end of the file if there is none.
  template <typename Wanted>
  absl::StatusOr<uint64_t> Find(uint64_t offset, Wanted wanted) {
    for (; offset < file_bytes_; offset += kBlockBytes) {
      EDGE_ASSIGN_OR_RETURN(const std::string_view block, Read(offset, kBlockBytes));
      const std::optional<BatchHeader> header = DecodeBatchHeader(block);
      if (header.has_value() && wanted(*header)) return offset;
    }
    return file_bytes_;
  }

  uint64_t file_bytes() const { return file_bytes_; }

 private:
  const std::unique_ptr<File> file_;
  const uint64_t file_bytes_;
  uint64_t begin_ = 0;
  std::string buffer_;
};

// --- the folder ---

absl::Status LogReader::ListFiles(LogTail* tail) {
  auto entries = disk_.List(directory_);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  EDGE_RETURN_IF_ERROR(entries.status());
  for (const DirectoryEntry& entry : *entries) {
    const std::optional<uint64_t> number = SegmentFileNumber(entry.name);
    if (!number.has_value() || entry.kind != DirectoryEntry::Kind::kFile) continue;
    SegmentFile file{.path = StrCat(directory_, "/", entry.name), .file_number = *number};
    EDGE_RETURN_IF_ERROR(ReadHeader(&file));
    tail->unused.push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::Status LogReader::ReadHeader(SegmentFile* file) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> opened, disk_.Open(file->path, OpenMode::kReadOnly));
  EDGE_ASSIGN_OR_RETURN(file->bytes, opened->Size());
  std::string bytes(kSegmentHeaderBytes, '\0');
  EDGE_ASSIGN_OR_RETURN(const size_t got, opened->ReadAt(0, bytes));
  bytes.resize(got);
  SegmentHeader header;
  uint32_t version = 0;
  switch (DecodeSegmentHeader(bytes, &header, &version)) {
    case HeaderState::kNone:
      break;
    case HeaderState::kNewer:
      return absl::FailedPreconditionError(StrCat(file->path, ": the log has format version ", version, ", this edge knows version ",
                                                  kLogVersion, ": use the version of edge that wrote it, or a later one"));
    case HeaderState::kValid:
      file->header = header;
  }
  return absl::OkStatus();
}

absl::Status LogReader::LinkHistory(Position from, LogTail* tail) {
  std::vector<SegmentFile>& files = tail->unused;
  const auto by_number = [&](uint64_t number) {
    return std::find_if(files.begin(), files.end(),
                        [&](const SegmentFile& f) { return f.header.has_value() && f.header->number == number; });
  };
  uint64_t newest = 0;
  std::string unreadable;
  for (const SegmentFile& file : files) {
    if (!file.header.has_value()) {
      if (unreadable.empty()) unreadable = file.path;
      continue;
    }
    const uint64_t number = file.header->number;
    const auto first = by_number(number);
    if (&*first != &file) {
      return absl::DataLossError(StrCat(first->path, " and ", file.path, " both say that they are segment ", number, kAdvice));
    }
    newest = std::max(newest, number);
  }
  if (newest < options_.segment_min) {
    return absl::DataLossError(StrCat(directory_, ": segment ", options_.segment_min, ", which this log has had, is missing",
                                      unreadable.empty() ? std::string() : StrCat(" (", unreadable, " has no readable header)"), kAdvice));
  }
  if (newest == 0) {
    if (from == 0 || from == kOldestKept) return absl::OkStatus();
    return absl::DataLossError(StrCat(directory_, ": the log is empty, but what follows position ", from, " is needed", kAdvice));
  }
  // From the newest back to the one that `from` lies in.
  for (uint64_t number = newest; number != 0;) {
    const auto file = by_number(number);
    if (file == files.end()) {
      const SegmentHeader& after = *tail->history.back().header;
      if (from == kOldestKept || from >= after.previous_end) break;
      return absl::DataLossError(StrCat(directory_, ": segment ", number, ", which comes before ", tail->history.back().path,
                                        ", is missing",
                                        unreadable.empty() ? std::string() : StrCat(" (", unreadable, " has no readable header)"),
                                        "; it is needed from position ", from, " on", kAdvice));
    }
    number = file->header->previous;
    tail->history.push_back(std::move(*file));
    files.erase(file);
  }
  std::reverse(tail->history.begin(), tail->history.end());
  for (size_t i = 1; i < tail->history.size(); ++i) tail->ends.push_back(tail->history[i].header->previous_end);
  return absl::OkStatus();
}

// --- batches ---

absl::Status LogReader::VisitBatch(const SegmentFile& segment, uint64_t offset, const BatchHeader& header, std::string_view batch,
                                   LogTail* tail) {
  ++tail->recovery.batches;
  uint64_t at = kBatchHeaderBytes;
  for (uint32_t i = 0; i < header.records; ++i) {
    uint32_t length = 0;
    if (header.bytes - at < kRecordHeaderBytes) return Damage(segment, offset + at, "a record is cut off");
    std::memcpy(&length, batch.data() + at, sizeof length);
    at += kRecordHeaderBytes;
    if (header.bytes - at < length) return Damage(segment, offset + at, "a record is cut off");
    const std::string_view body = batch.substr(at, length);
    at += length;
    if (header.begin + at <= from_) continue;
    auto record = DecodePageSet(body);
    if (!record.ok()) return Damage(segment, offset + at - length, FromAbsl(record.status().message()));
    ++tail->recovery.records;
    EDGE_RETURN_IF_ERROR(visitor_->OnRecord(header.begin + at, record->key, record->set));
  }
  return at == header.bytes ? absl::OkStatus() : Damage(segment, offset + at, "a batch is longer than its records");
}

absl::Status LogReader::ReadClosedSegment(const SegmentFile& segment, Position end, LogTail* tail) {
  const SegmentHeader& header = *segment.header;
  if (segment.bytes < header.file_bytes) {
    return Damage(segment, segment.bytes, StrCat("the file ends here, it had ", header.file_bytes, " bytes"));
  }
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(segment.path, OpenMode::kReadOnly));
  Window window(std::move(file), segment.bytes);
  uint64_t offset = kBlockBytes, sequence = header.first_sequence;
  for (Position position = header.previous_end; position != end; ++sequence) {
    EDGE_ASSIGN_OR_RETURN(const std::string_view block, window.Read(offset, kBlockBytes));
    const std::optional<BatchHeader> batch = DecodeBatchHeader(block);
    if (!batch.has_value() || !BelongsTo(*batch, header) || batch->sequence != sequence || batch->confirmed != position ||
        batch->begin < position || batch->end() > end || batch->padded() > window.file_bytes() - offset) {
      return Damage(segment, offset, StrCat("batch ", sequence, " is damaged (confirmed history, a crash cannot do this)"));
    }
    EDGE_ASSIGN_OR_RETURN(const std::string_view bytes, window.Read(offset, batch->padded()));
    if (bytes.size() != batch->padded() || !BatchBodyIsSound(bytes)) {
      return Damage(segment, offset, StrCat("batch ", sequence, " is damaged (confirmed history, a crash cannot do this)"));
    }
    tail->recovery.begin = std::max(tail->recovery.begin, batch->oldest);
    EDGE_RETURN_IF_ERROR(VisitBatch(segment, offset, *batch, bytes, tail));
    offset += batch->padded();
    position = batch->end();
  }
  return absl::OkStatus();
}

absl::Status LogReader::CheckNothingBehind(Window& window, const SegmentFile& segment, uint64_t bad, uint64_t sequence) {
  EDGE_ASSIGN_OR_RETURN(const uint64_t later, window.Find(bad + kBlockBytes, [&](const BatchHeader& batch) {
    return BelongsTo(batch, *segment.header) && batch.sequence > sequence;
  }));
  if (later >= window.file_bytes()) return absl::OkStatus();
  return Damage(
      segment, bad,
      StrCat("batch ", sequence, " is damaged, but a later one is at byte ", later, " (confirmed history, a crash cannot do this)"));
}

absl::Status LogReader::ReadHead(const SegmentFile& segment, LogTail* tail, Head* head) {
  const SegmentHeader& header = *segment.header;
  if (segment.bytes < header.file_bytes) {
    return Damage(segment, segment.bytes, StrCat("the file ends here, it had ", header.file_bytes, " bytes"));
  }
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(segment.path, OpenMode::kReadOnly));
  Window window(std::move(file), segment.bytes);
  head->end = header.previous_end;
  head->sequence = header.first_sequence;
  uint64_t offset = kBlockBytes;
  for (uint64_t sequence = header.first_sequence;; ++sequence) {
    EDGE_ASSIGN_OR_RETURN(const std::string_view block, window.Read(offset, kBlockBytes));
    const std::optional<BatchHeader> batch = DecodeBatchHeader(block);
    if (!batch.has_value() || !BelongsTo(*batch, header)) return CheckNothingBehind(window, segment, offset, sequence);
    head->sequence = std::max(head->sequence, batch->sequence);
    if (batch->sequence != sequence || batch->confirmed != head->end || batch->begin < head->end) {
      return Damage(segment, offset, StrCat("batch ", batch->sequence, " does not follow what is before it"));
    }
    const uint64_t room = window.file_bytes() - offset;
    EDGE_ASSIGN_OR_RETURN(const std::string_view bytes, window.Read(offset, std::min(batch->padded(), room)));
    if (bytes.size() != batch->padded() || (!BatchBodyIsSound(bytes) && options_.planted != PlantedLogBug::kTornBatchTaken)) {
      head->torn = true;
      return CheckNothingBehind(window, segment, offset, sequence);
    }
    tail->recovery.begin = std::max(tail->recovery.begin, batch->oldest);
    if (batch->kind == BatchKind::kContinues) {
      return Damage(segment, offset, "the log goes on in another file, which is missing or has no readable header");
    }
    if (batch->kind == BatchKind::kClosed) {
      head->closed = true;
      return absl::OkStatus();
    }
    EDGE_RETURN_IF_ERROR(VisitBatch(segment, offset, *batch, bytes, tail));
    ++head->batches;
    head->last.assign(bytes);
    head->last_header = batch;
    head->end = batch->end();
    offset += batch->padded();
  }
}

// A header is durable before the first batch behind it is written: batches that go on from what was read, in a file without a header, were
// confirmed.
absl::Status LogReader::CheckUnused(const LogTail& tail) {
  for (const SegmentFile& segment : tail.unused) {
    if (segment.header.has_value()) continue;
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(segment.path, OpenMode::kReadOnly));
    Window window(std::move(file), segment.bytes);
    EDGE_ASSIGN_OR_RETURN(const uint64_t found, window.Find(0, [&](const BatchHeader& batch) {
      return batch.kind != BatchKind::kCarried && batch.sequence >= tail.next.first_sequence;
    }));
    if (found >= segment.bytes) continue;
    return Damage(segment, 0,
                  StrCat("the header of this segment is damaged, but it has a batch at byte ", found, " that nothing else has"));
  }
  return absl::OkStatus();
}

// --- how to go on ---

void LogReader::PlanNext(const Head& head, LogTail* tail) const {
  SegmentHeader& next = tail->next;
  next.number = next.generation = next.first_sequence = 1;
  if (tail->history.empty()) return;
  const SegmentHeader newest = *tail->history.back().header;
  uint64_t generation = newest.generation;
  for (const SegmentFile& file : tail->unused) {
    if (file.header.has_value()) generation = std::max(generation, file.header->generation);
  }
  next.number = newest.number + 1;
  next.generation = generation + 1;
  // One batch behind the last may have been under way, unseen.
  next.first_sequence = head.sequence + 2;

  const bool ambiguous = head.last_header.has_value() && !head.closed && !head.torn && head.last_header->kind == BatchKind::kRecords;
  // A segment that repeats the end of the one before it, and nothing more, is given up, or each start would leave one behind.
  const bool repeats = head.batches == 1 && head.last_header->kind == BatchKind::kCarried;
  if (ambiguous || repeats) {
    tail->carried = head.last;
    next.begin = head.last_header->begin;
    next.previous_end = head.last_header->confirmed;
  } else {
    next.begin = std::max(head.end, newest.begin);
    next.previous_end = head.end;
  }
  if (head.batches > (tail->carried.empty() ? 0 : 1)) {
    next.previous = newest.number;
    tail->ends.push_back(next.previous_end);
  } else {
    next.previous = newest.previous;
    next.previous_end = newest.previous_end;
    tail->unused.push_back(std::move(tail->history.back()));
    tail->history.pop_back();
  }
  tail->recovery.stop = head.torn ? LogRecovery::Stop::kTornTail : ambiguous ? LogRecovery::Stop::kWholeTail : LogRecovery::Stop::kClean;
}

absl::StatusOr<LogTail> LogReader::Read(Position from, LogVisitor& visitor) {
  LogTail tail;
  Head head;
  visitor_ = &visitor;
  EDGE_RETURN_IF_ERROR(ListFiles(&tail));
  EDGE_RETURN_IF_ERROR(LinkHistory(from, &tail));
  if (!tail.history.empty()) {
    tail.recovery.begin = tail.history.front().header->begin;
    for (const SegmentFile& segment : tail.history) tail.recovery.begin = std::max(tail.recovery.begin, segment.header->oldest);
    from_ = from == kOldestKept ? tail.recovery.begin : from;
    tail.recovery.begin = std::max(tail.recovery.begin, from_);
    for (size_t i = 0; i + 1 < tail.history.size(); ++i) {
      if (tail.ends[i] <= from_) continue;
      EDGE_RETURN_IF_ERROR(ReadClosedSegment(tail.history[i], tail.ends[i], &tail));
    }
    EDGE_RETURN_IF_ERROR(ReadHead(tail.history.back(), &tail, &head));
    if (from_ > std::max(head.end, tail.history.back().header->begin)) {
      return absl::DataLossError(
          StrCat(directory_, ": the log ends at position ", head.end, ", but what follows position ", from_, " is needed", kAdvice));
    }
  }
  PlanNext(head, &tail);
  EDGE_RETURN_IF_ERROR(CheckUnused(tail));
  tail.next.oldest = tail.recovery.begin;
  tail.recovery.end = tail.next.begin + tail.carried.size();
  return tail;
}

}  // namespace edge::storage
