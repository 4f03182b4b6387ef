#include "storage/log/commit_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/wait_list.h"
#include "storage/image/page_set_codec.h"
#include "storage/log/format.h"
#include "storage/log/log_reader.h"
#include "storage/log/segment_pool.h"

namespace edge::storage {
namespace {

constexpr uint64_t kSegmentBytesMin = 4 * kBlockBytes;
// A buffer that a large transaction has stretched is given back.
constexpr size_t kBufferKeptMax = 4 << 20;
// How often room is looked for again while there is none.
constexpr Duration kRoomRetry = Duration::Seconds(1);

absl::Status Annotated(std::string_view what, const absl::Status& status) {
  return absl::Status(status.code(), ToAbsl(StrCat(what, ": ", status.message())));
}

//   kOpen --a batch fails--> kBeginning --a fresh segment is durable--> kOpen
//     |                          '------------that fails too---------> kDead
//     '--Close--> kClosed                       (a crash of the node: kDead, nobody is told)
enum class State : uint8_t { kOpen, kBeginning, kDead, kClosed };

// Records that wait to be written, behind the room for their header.
struct Batch {
  std::string bytes;
  Position begin = 0;
  uint32_t records = 0;
  uint64_t unpadded = 0;  // set when it is sealed

  void Clear(Position at) {
    if (bytes.capacity() > kBufferKeptMax) std::string().swap(bytes);
    bytes.assign(kBatchHeaderBytes, '\0');
    begin = at;
    records = 0;
  }
  Position end() const { return records == 0 ? begin : begin + bytes.size(); }
};

// A range of positions whose records were dropped.
struct Lost {
  Position after, end;
  bool Has(Position position) const { return position > after && position <= end; }
};

class CommitLogImpl final : public CommitLog {
 public:
  CommitLogImpl(Scheduler& scheduler, Disk& disk, std::string directory, const LogOptions& options, LogObserver& observer)
      : scheduler_(scheduler),
        disk_(disk),
        directory_(std::move(directory)),
        options_(options),
        observer_(observer),
        pool_(scheduler, disk, directory_, std::max(BlocksUp(options.segment.bytes()), kSegmentBytesMin), options.spare_files_max),
        work_(scheduler),
        ended_(scheduler),
        room_known_(scheduler),
        room_wait_(scheduler),
        durability_{WaitList(scheduler), WaitList(scheduler)},
        trimming_(scheduler) {}
  ~CommitLogImpl() override { EDGE_CHECK(fibers_ == 0) << "the log's fibers still run: close it first"; }

  absl::Status Start(LogTail tail);

  absl::StatusOr<Position> Append(const ObjectKey& key, const PageSet& set) override;
  Position durable() const override { return durable_; }
  Position end() const override { return filling_.end(); }
  absl::Status WaitDurable(Position position, Instant deadline) override;
  absl::Status Trim(Position position) override;
  uint64_t newest_segment() const override { return newest_segment_; }
  uint64_t size_bytes() const override { return end() - std::min(end(), oldest_); }
  absl::Status Close() override;
  const LogStats& stats() const override { return stats_; }
  LogFiles files() const override;

 private:
  // What became of a batch.
  enum class Fate : uint8_t { kConfirmed, kNotWritten, kUnknown };
  struct Outcome {
    Fate fate;
    absl::Status why;
  };
  struct Segment {
    SegmentHeader header;
    std::string path;
    std::unique_ptr<File> file;
    uint64_t offset = kBlockBytes;  // of its next batch
    uint64_t sequence = 0;          // of its next batch
  };
  // A segment that is written no more.
  struct Past {
    SegmentPool::FreeFile file;
    Position end;
    SegmentPool::Trust trust;
  };

  absl::Status SyncFolders();
  absl::Status MakeFolder();

  // The flusher.
  absl::Status StartFiber(std::string_view label, void (CommitLogImpl::*body)());
  void Flush();
  bool HasWork() const { return filling_.records != 0 || closing_; }
  Outcome Write(Batch& batch);
  Outcome EnterNextSegment(const Batch& batch);
  absl::Status WriteBatch(Segment& segment, std::string* bytes, BatchHeader header);
  absl::Status WriteMark(BatchKind kind);
  void DropUnconfirmed(const Outcome& outcome);
  void Die(const absl::Status& why);
  absl::Status Death() const {
    return IsCrashed(death_) ? death_ : absl::UnavailableError(StrCat("the log has failed: ", death_.message()));
  }
  void WakeAllWaiters();

  // Segments.
  SegmentHeader NextHeader(Position begin);
  absl::Status WriteSegmentHeader(Segment& segment);
  // Begins `header`'s segment in a free file, with the batch `carried` if it is not empty, and makes it the current one.
  absl::Status BeginSegment(SegmentHeader header, std::string carried);
  absl::StatusOr<SegmentPool::FreeFile> FreeFileFor(uint64_t batch_bytes);
  void Retire(Segment segment, Position end, SegmentPool::Trust trust);
  uint64_t RoomLeft() const;
  absl::Status CheckRoom(uint64_t filling_bytes);
  void LookForRoom();
  void MakeSpare();

  Scheduler& scheduler_;
  Disk& disk_;
  const std::string directory_;
  const LogOptions options_;
  LogObserver& observer_;
  SegmentPool pool_;

  State state_ = State::kOpen;
  absl::Status death_;  // why kDead
  bool closing_ = false;
  absl::Status closed_with_;

  Batch filling_, flying_;
  uint64_t flying_blocks_bytes_ = 0;  // of the batch under way; 0: none
  Position durable_ = 0;
  Position confirmed_end_ = 0;  // of the last batch of the history: durable_, but for positions that were lost behind it
  Position oldest_ = 0;
  uint64_t next_number_ = 0;  // of the next segment
  uint64_t newest_segment_ = 0;
  std::vector<Lost> lost_;
  Segment current_;
  std::deque<Past> past_;

  WaitList work_;                       // the flusher waits for something to do
  WaitList ended_;                      // Close waits for fibers
  WaitList room_known_;                 // the flusher waits for MakeSpare
  WaitList room_wait_;                  // before MakeSpare is tried again
  std::array<WaitList, 2> durability_;  // of the batch that fills, of the batch under way
  size_t filling_list_ = 0;
  size_t fibers_ = 0;
  bool looking_for_room_ = false;
  bool waiting_for_room_ = false;
  absl::Status room_;  // why there was no spare file the last time
  Instant room_retry_;
  FiberMutex trimming_;
  LogStats stats_;
};

// --- opening ---

absl::Status CommitLogImpl::SyncFolders() {
  // Every folder's own name lies in the one above it. Those above the data directory may not be readable, or of a kind that has no sync;
  // they are not new either.
  EDGE_RETURN_IF_ERROR(disk_.SyncDirectory(directory_));
  std::string_view folder = directory_;
  bool nearest = true;
  while (!folder.empty() && folder != "/" && folder != ".") {
    const size_t slash = folder.rfind('/');
    folder = slash == std::string_view::npos ? std::string_view(".") : folder.substr(0, std::max<size_t>(slash, 1));
    const absl::Status synced = disk_.SyncDirectory(folder);
    const bool cannot = absl::IsPermissionDenied(synced) || absl::IsInvalidArgument(synced);
    if (!synced.ok() && (nearest || !cannot)) return synced;
    nearest = false;
  }
  return absl::OkStatus();
}

absl::Status CommitLogImpl::MakeFolder() {
  if (const auto entries = disk_.List(directory_); !absl::IsNotFound(entries.status())) return entries.status();
  const std::string probe = StrCat(directory_, "/new");
  EDGE_RETURN_IF_ERROR(disk_.Open(probe, OpenMode::kCreate).status());
  return disk_.Remove(probe);
}

absl::Status CommitLogImpl::Start(LogTail tail) {
  EDGE_RETURN_IF_ERROR(MakeFolder());
  EDGE_RETURN_IF_ERROR(SyncFolders());
  uint64_t names = 0;
  for (const auto* files : {&tail.history, &tail.unused}) {
    for (const SegmentFile& file : *files) names = std::max(names, file.file_number);
  }
  pool_.StartNamesAt(names + 1);
  const auto give_back = [&](const SegmentFile& file) {
    const absl::Status status = pool_.Return({file.path, file.bytes}, SegmentPool::Trust::kSound);
    return IsCrashed(status) ? status : absl::OkStatus();  // else it stays as it is until the next opening
  };
  for (const SegmentFile& file : tail.unused) {
    if (!file.header.has_value()) EDGE_RETURN_IF_ERROR(give_back(file));
  }
  for (size_t i = 0; i < tail.history.size(); ++i) {
    past_.push_back({{tail.history[i].path, tail.history[i].bytes}, tail.ends[i], SegmentPool::Trust::kSound});
  }
  oldest_ = tail.recovery.begin;
  durable_ = tail.recovery.end;
  filling_.Clear(durable_);
  next_number_ = tail.next.number + 1;
  tail.next.salt = CombineHash(CombineHash(options_.salt, tail.next.generation), tail.next.begin);
  EDGE_RETURN_IF_ERROR(BeginSegment(tail.next, std::move(tail.carried)));
  for (const SegmentFile& file : tail.unused) {
    if (file.header.has_value()) EDGE_RETURN_IF_ERROR(give_back(file));
  }
  EDGE_RETURN_IF_ERROR(StartFiber("log", &CommitLogImpl::Flush));
  LookForRoom();
  return absl::OkStatus();
}

absl::Status CommitLogImpl::StartFiber(std::string_view label, void (CommitLogImpl::*body)()) {
  // Not in the opener's task group: what was appended is made durable also when that is cancelled; Close ends the fibers.
  EDGE_RETURN_IF_ERROR(scheduler_.Spawn(label, [this, body] {
    (this->*body)();
    --fibers_;
    ended_.WakeAll();
  }));
  ++fibers_;
  return absl::OkStatus();
}

// --- appending ---

uint64_t CommitLogImpl::RoomLeft() const {
  // The last block is for the record that says how the segment ends.
  const uint64_t used = current_.offset + flying_blocks_bytes_ + kBlockBytes;
  return current_.header.file_bytes - std::min(used, current_.header.file_bytes);
}

absl::Status CommitLogImpl::CheckRoom(uint64_t filling_bytes) {
  if (BlocksUp(filling_bytes) <= RoomLeft() || !pool_.empty() || room_.ok()) return absl::OkStatus();
  if (scheduler_.clock().Now() >= room_retry_) LookForRoom();
  return absl::ResourceExhaustedError(StrCat(directory_, ": no room for another file of the log: ", room_.message()));
}

absl::StatusOr<Position> CommitLogImpl::Append(const ObjectKey& key, const PageSet& set) {
  if (state_ == State::kDead) return Death();
  if (state_ == State::kBeginning) return absl::UnavailableError("the log has failed and is beginning a new generation");
  if (closing_) return absl::UnavailableError("the log is closed");
  std::string& bytes = filling_.bytes;
  const size_t before = bytes.size();
  bytes.append(kRecordHeaderBytes, '\0');
  EncodePageSet(key, set, &bytes);
  const size_t length = bytes.size() - before - kRecordHeaderBytes;
  absl::Status fits = CheckRoom(bytes.size());
  if (length > UINT32_MAX) fits = absl::ResourceExhaustedError("a transaction of more than 4 GiB");
  if (const uint64_t size = filling_.begin + BlocksUp(bytes.size()) - oldest_; size > options_.size_max.bytes()) {
    fits = absl::ResourceExhaustedError(StrCat(directory_, ": the log is full: ", options_.size_max.bytes(), " bytes await a checkpoint"));
  }
  if (!fits.ok()) {
    bytes.resize(before);
    return fits;
  }
  const auto stored = static_cast<uint32_t>(length);
  std::memcpy(bytes.data() + before, &stored, sizeof stored);
  ++filling_.records;
  ++stats_.records;
  stats_.bytes_appended += bytes.size() - before;
  work_.WakeOne();
  return filling_.begin + bytes.size();
}

absl::Status CommitLogImpl::WaitDurable(Position position, Instant deadline) {
  while (true) {
    const bool lost = std::any_of(lost_.begin(), lost_.end(), [&](const Lost& range) { return range.Has(position); });
    if (position <= durable_ && !lost) return absl::OkStatus();
    if (state_ == State::kDead)
      return IsCrashed(death_) ? death_ : absl::UnavailableError(StrCat("the log has failed: ", death_.message()));
    // Not before the observer knows: whoever starts again now would find what is about to be undone.
    if (lost && state_ != State::kBeginning) return absl::DataLossError("the log failed before this was confirmed");
    if (state_ == State::kClosed || position > end()) return absl::InvalidArgumentError("not a position of this log");
    const bool flying = flying_blocks_bytes_ != 0 && position <= filling_.begin;
    EDGE_RETURN_IF_ERROR(durability_[flying ? 1 - filling_list_ : filling_list_].Wait(deadline));
    EDGE_RETURN_IF_ERROR(scheduler_.CheckAlive());
  }
}

void CommitLogImpl::WakeAllWaiters() {
  for (WaitList& list : durability_) list.WakeAll();
}

// --- the flusher ---

void CommitLogImpl::Flush() {
  while (true) {
    while (!HasWork()) {
      if (absl::Status status = work_.Wait(Instant::Infinite()); !status.ok()) return Die(status);
    }
    if (filling_.records == 0) break;
    std::swap(filling_, flying_);
    filling_list_ = 1 - filling_list_;
    flying_.unpadded = flying_.bytes.size();
    flying_.bytes.resize(BlocksUp(flying_.unpadded), '\0');
    filling_.Clear(flying_.begin + flying_.bytes.size());
    flying_blocks_bytes_ = flying_.bytes.size();
    const Outcome outcome = Write(flying_);
    flying_blocks_bytes_ = 0;
    if (outcome.fate == Fate::kConfirmed) {
      durable_ = filling_.begin;
      ++stats_.batches;
      durability_[1 - filling_list_].WakeAll();
      continue;
    }
    if (IsCrashed(outcome.why)) return Die(outcome.why);
    DropUnconfirmed(outcome);
    if (state_ == State::kDead) return;
  }
  closed_with_ = WriteMark(BatchKind::kClosed);
  if (IsCrashed(closed_with_)) return Die(closed_with_);
  state_ = State::kClosed;
  WakeAllWaiters();
}

absl::Status CommitLogImpl::WriteBatch(Segment& segment, std::string* bytes, BatchHeader header) {
  header.sequence = segment.sequence;
  header.generation = segment.header.generation;
  header.salt = segment.header.salt;
  header.oldest = oldest_;
  header.Seal(bytes);
  EDGE_RETURN_IF_ERROR(segment.file->WriteAt(segment.offset, *bytes));
  stats_.bytes_written += bytes->size();
  ++stats_.syncs;
  EDGE_RETURN_IF_ERROR(segment.file->Sync());
  segment.offset += bytes->size();
  ++segment.sequence;
  return absl::OkStatus();
}

absl::Status CommitLogImpl::WriteMark(BatchKind kind) {
  std::string bytes(kBlockBytes, '\0');
  return WriteBatch(current_, &bytes, {.kind = kind, .confirmed = confirmed_end_, .begin = confirmed_end_, .bytes = kBatchHeaderBytes});
}

CommitLogImpl::Outcome CommitLogImpl::Write(Batch& batch) {
  if (current_.offset + batch.bytes.size() + kBlockBytes > current_.header.file_bytes) {
    Outcome entered = EnterNextSegment(batch);
    if (entered.fate != Fate::kConfirmed) return entered;
  }
  const BatchHeader header{.records = batch.records, .confirmed = confirmed_end_, .begin = batch.begin, .bytes = batch.unpadded};
  absl::Status written = WriteBatch(current_, &batch.bytes, header);
  if (!written.ok()) return {Fate::kUnknown, std::move(written)};
  confirmed_end_ = header.end();
  return {Fate::kConfirmed, absl::OkStatus()};
}

CommitLogImpl::Outcome CommitLogImpl::EnterNextSegment(const Batch& batch) {
  auto free = FreeFileFor(batch.bytes.size());
  if (!free.ok()) return {Fate::kNotWritten, Annotated("no room for another file of the log", free.status())};
  Segment next{.header = NextHeader(batch.begin), .path = free->path};
  next.header.file_bytes = free->bytes;
  next.sequence = next.header.first_sequence = current_.sequence + 1;  // the mark comes before it
  absl::Status begun = WriteSegmentHeader(next);
  // Who deletes the next file is caught by this mark.
  if (begun.ok()) begun = WriteMark(BatchKind::kContinues);
  if (!begun.ok()) {
    Retire(std::move(next), confirmed_end_, SegmentPool::Trust::kHasFailed);
    return {Fate::kUnknown, std::move(begun)};
  }
  Retire(std::exchange(current_, std::move(next)), confirmed_end_, SegmentPool::Trust::kSound);
  LookForRoom();
  return {Fate::kConfirmed, absl::OkStatus()};
}

void CommitLogImpl::DropUnconfirmed(const Outcome& outcome) {
  const Position end = filling_.end();
  lost_.push_back({durable_, end});
  filling_.Clear(end);
  if (outcome.fate == Fate::kUnknown) {
    state_ = State::kBeginning;
    SegmentHeader header = NextHeader(end);
    ++header.generation;
    // The batch of unknown fate has the number that would be next.
    header.first_sequence = current_.sequence + 2;
    Segment failed = std::exchange(current_, {});
    if (absl::Status begun = BeginSegment(header, {}); !begun.ok()) {
      if (IsCrashed(begun)) return Die(begun);
      return Die(
          absl::Status(begun.code(), ToAbsl(StrCat(outcome.why.message(), "; and no new generation can be begun: ", begun.message()))));
    }
    Retire(std::move(failed), confirmed_end_, SegmentPool::Trust::kHasFailed);
    ++stats_.generations;
    state_ = State::kOpen;
    LookForRoom();
  }
  observer_.OnGenerationFailed(durable_, outcome.why);
  WakeAllWaiters();
}

void CommitLogImpl::Die(const absl::Status& why) {
  state_ = State::kDead;
  death_ = why;
  if (!IsCrashed(why)) observer_.OnDead(why);
  WakeAllWaiters();
}

absl::Status CommitLogImpl::Close() {
  closing_ = true;
  work_.WakeAll();
  room_wait_.WakeAll();
  while (fibers_ > 0) ended_.WaitShielded();
  current_.file.reset();
  return state_ == State::kDead ? Death() : closed_with_;
}

// --- segments ---

SegmentHeader CommitLogImpl::NextHeader(Position begin) {
  return {.number = next_number_++,
          .previous = current_.header.number,
          .generation = current_.header.generation,
          .previous_end = confirmed_end_,
          .begin = begin,
          .salt = CombineHash(CombineHash(options_.salt, current_.header.salt), next_number_),
          .oldest = oldest_};
}

absl::Status CommitLogImpl::WriteSegmentHeader(Segment& segment) {
  if (segment.file == nullptr) {
    EDGE_ASSIGN_OR_RETURN(segment.file, disk_.Open(segment.path, OpenMode::kReadWrite));
  }
  const std::string header = segment.header.Encode();
  EDGE_RETURN_IF_ERROR(segment.file->WriteAt(0, header));
  stats_.bytes_written += header.size();
  ++stats_.syncs;
  EDGE_RETURN_IF_ERROR(segment.file->Sync());
  newest_segment_ = segment.header.number;
  return absl::OkStatus();
}

absl::Status CommitLogImpl::BeginSegment(SegmentHeader header, std::string carried) {
  EDGE_ASSIGN_OR_RETURN(const SegmentPool::FreeFile free, FreeFileFor(carried.size()));
  header.file_bytes = free.bytes;
  Segment segment{.header = header, .path = free.path, .sequence = header.first_sequence};
  EDGE_ASSIGN_OR_RETURN(segment.file, disk_.Open(segment.path, OpenMode::kReadWrite));
  confirmed_end_ = header.previous_end;
  if (!carried.empty()) {
    // Before the header: this segment must not count until it has what the one before it no longer counts for.
    BatchHeader batch = *DecodeBatchHeader(carried);
    batch.kind = BatchKind::kCarried;
    batch.confirmed = header.previous_end;
    batch.begin = header.begin;
    EDGE_RETURN_IF_ERROR(WriteBatch(segment, &carried, batch));
    confirmed_end_ = batch.end();
  }
  EDGE_RETURN_IF_ERROR(WriteSegmentHeader(segment));
  current_ = std::move(segment);
  return absl::OkStatus();
}

LogFiles CommitLogImpl::files() const {
  LogFiles files{.segments = past_.size() + 1, .spare = pool_.files(), .bytes = current_.header.file_bytes + pool_.bytes()};
  for (const Past& past : past_) files.bytes += past.file.bytes;
  return files;
}

void CommitLogImpl::Retire(Segment segment, Position end, SegmentPool::Trust trust) {
  past_.push_back({{segment.path, segment.header.file_bytes}, end, trust});
}

absl::StatusOr<SegmentPool::FreeFile> CommitLogImpl::FreeFileFor(uint64_t batch_bytes) {
  // Header and the closing or continuing mark.
  const uint64_t needed = batch_bytes + 2 * kBlockBytes;
  if (needed > pool_.file_bytes()) return pool_.Make(needed);
  while (looking_for_room_) EDGE_RETURN_IF_ERROR(room_known_.Wait(Instant::Infinite()));
  if (pool_.empty()) {
    room_ = pool_.MakeSpare();
    room_retry_ = scheduler_.clock().Now() + kRoomRetry;
    EDGE_RETURN_IF_ERROR(room_);
  }
  return pool_.Take();
}

void CommitLogImpl::LookForRoom() {
  if (looking_for_room_ || closing_ || !pool_.empty()) return;
  room_retry_ = scheduler_.clock().Now() + kRoomRetry;
  const absl::Status started = StartFiber("log.room", &CommitLogImpl::MakeSpare);
  if (started.ok()) {
    looking_for_room_ = true;
  } else {
    room_ = started;
  }
}

void CommitLogImpl::MakeSpare() {
  room_ = pool_.MakeSpare();
  looking_for_room_ = false;
  room_known_.WakeAll();
  if (room_.ok() || closing_ || waiting_for_room_) return;
  // Tried again without being asked, so that nobody is refused when there is room again.
  waiting_for_room_ = true;
  static_cast<void>(room_wait_.Wait(scheduler_.clock().Now() + kRoomRetry).ok());
  waiting_for_room_ = false;
  if (!room_.ok() && scheduler_.CheckAlive().ok() && state_ != State::kDead) LookForRoom();
}

absl::Status CommitLogImpl::Trim(Position position) {
  if (position > durable_) return absl::InvalidArgumentError(StrCat("position ", position, " is not durable yet"));
  EDGE_RETURN_IF_ERROR(trimming_.Lock());
  oldest_ = std::max(oldest_, position);
  absl::Status status;
  // Oldest first, so that what is left after a crash is a history without holes.
  while (status.ok() && !past_.empty() && past_.front().end <= oldest_) {
    const Past front = past_.front();
    status = pool_.Return(front.file, front.trust);
    if (status.ok()) past_.pop_front();
  }
  if (!pool_.empty()) room_ = absl::OkStatus();
  LookForRoom();
  trimming_.Unlock();
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CommitLog>> CommitLog::Open(Scheduler& scheduler, Disk& disk, std::string directory, Position from,
                                                           const LogOptions& options, LogVisitor& visitor, LogObserver& observer,
                                                           LogRecovery* recovery) {
  LogReader reader(disk, directory, options);
  EDGE_ASSIGN_OR_RETURN(LogTail tail, reader.Read(from, visitor));
  *recovery = tail.recovery;
  auto log = std::make_unique<CommitLogImpl>(scheduler, disk, std::move(directory), options, observer);
  const absl::Status started = log->Start(std::move(tail));
  if (!started.ok()) {
    (void)log->Close();
    return started;
  }
  return log;
}

}  // namespace edge::storage
