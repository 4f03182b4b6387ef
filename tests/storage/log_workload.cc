#include "tests/storage/log_workload.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"

namespace edge {

using storage::CommitLog;
using storage::kOldestKept;
using storage::LogRecovery;
using storage::Position;
using storage::TestKey;
using storage::TestSet;
using storage::ToldRecords;

namespace {

constexpr std::string_view kFolder = "data/log";
// What a look appends, to see that the log goes on.
constexpr uint64_t kMore = 1'000'000;

}  // namespace

LogWorkload::LogWorkload(const Shape& shape) : shape_(shape) {}

uint64_t LogWorkload::acknowledged() const {
  return static_cast<uint64_t>(
      std::count_if(appended_.begin(), appended_.end(), [](const Appended& a) { return a.acknowledged != kNever; }));
}

uint64_t LogWorkload::lost() const {
  return static_cast<uint64_t>(std::count_if(appended_.begin(), appended_.end(), [](const Appended& a) { return a.lost; }));
}

void LogWorkload::OnGenerationFailed(Position confirmed, const absl::Status&) {
  for (Appended& appended : appended_) {
    if (appended.record.position > confirmed) appended.lost = true;
  }
}

void LogWorkload::Write(Scheduler& scheduler, CommitLog& log, int writer, int opening) {
  for (int i = 0; i < shape_.appends && !dead_; ++i) {
    const uint64_t txid = ++txid_;
    const uint64_t random = CombineHash(shape_.seed, txid);
    // Mostly small; now and then one that needs several blocks, or a file of its own.
    const uint64_t length = random % 97 == 0 ? shape_.log.segment.bytes() + 5000 : random % 5 == 0 ? random / 5 % 12'000 : random / 5 % 300;
    const std::string bytes(length, static_cast<char>('a' + txid % 26));
    const auto position = log.Append(TestKey(writer), TestSet(txid, bytes));
    if (!position.ok()) {
      // A generation is being begun, or there is no room.
      (void)scheduler.SleepFor(Duration::Milliseconds(1));
      continue;
    }
    const size_t index = appended_.size();
    appended_.push_back({{*position, TestKey(writer), txid, bytes}});
    if (random / 7 % 3 != 0) {
      if (log.WaitDurable(*position, Instant::Infinite()).ok()) {
        for (size_t k = 0; k <= index; ++k) {
          if (!appended_[k].lost) appended_[k].acknowledged = std::min(appended_[k].acknowledged, now_());
        }
      }
    } else {
      (void)scheduler.Yield();
    }
    if (random / 11 % 13 == 0) {
      const Position upto = log.durable() - std::min<Position>(log.durable(), random / 13 % 30'000);
      if (!trimmed_.empty() && upto <= trimmed_.back().position) continue;
      trimmed_.push_back({upto, now_()});
      (void)log.Trim(upto);
      trim_calls_.push_back({trimmed_.back().begun, now_() + 1});
    }
  }
}

void LogWorkload::Run(Scheduler& scheduler, Disk& disk, std::function<uint64_t()> now) {
  now_ = std::move(now);
  for (int opening = 0; opening < shape_.openings && !dead_; ++opening) {
    ToldRecords told;
    LogRecovery recovery;
    auto log = CommitLog::Open(scheduler, disk, std::string(kFolder), kOldestKept, shape_.log, told, *this, &recovery);
    if (!log.ok()) return;  // a planted failure
    TaskGroup writers(scheduler);
    for (int writer = 0; writer < shape_.writers; ++writer) {
      EDGE_CHECK_OK(writers.Spawn("writer", [this, &scheduler, &log = **log, writer, opening] { Write(scheduler, log, writer, opening); }));
    }
    writers.Wait();
    const size_t appended = appended_.size();
    const bool closed = (*log)->Close().ok();
    for (size_t i = 0; closed && i < appended; ++i) {
      if (!appended_[i].lost) appended_[i].acknowledged = std::min(appended_[i].acknowledged, now_());
    }
    if (!closed) return;
  }
}

absl::Status LogWorkload::Check(const std::vector<Record>& told, uint64_t cut, Position trimmed) const {
  size_t next = 0;
  bool lost_was_told = false;
  const auto missing = [&](const Appended& appended) { return appended.acknowledged <= cut && appended.record.position > trimmed; };
  for (const Record& record : told) {
    const size_t begin = next;
    while (next < appended_.size() && !(appended_[next].record == record)) ++next;
    if (next == appended_.size()) {
      return absl::DataLossError(
          StrCat("record ", record.txid, " at position ", record.position, " is out of order, or was never appended"));
    }
    for (size_t i = begin; i < next; ++i) {
      if (missing(appended_[i])) return absl::DataLossError(StrCat("record ", appended_[i].record.txid, " was confirmed and is missing"));
      if (begin != 0 && !appended_[i].lost) {
        return absl::DataLossError(StrCat("record ", appended_[i].record.txid, " is missing between others"));
      }
    }
    if (lost_was_told && !appended_[next].lost) {
      return absl::DataLossError(StrCat("record ", record.txid, " follows one that its generation had taken back"));
    }
    lost_was_told = appended_[next].lost;
    ++next;
  }
  for (; next < appended_.size(); ++next) {
    if (missing(appended_[next]))
      return absl::DataLossError(StrCat("record ", appended_[next].record.txid, " was confirmed and is missing"));
  }
  return absl::OkStatus();
}

absl::Status LogWorkload::Verify(const ImageView& view) {
  Position trimmed = 0;
  for (const Trimmed& trim : trimmed_) {
    if (trim.begun <= view.cut) trimmed = trim.position;
  }
  struct Nobody final : storage::LogObserver {
    void OnGenerationFailed(Position, const absl::Status&) override {}
    void OnDead(const absl::Status&) override {}
  } nobody;
  const auto recover = [&](ToldRecords* told, Position from) -> absl::StatusOr<std::unique_ptr<CommitLog>> {
    LogRecovery recovery;
    return CommitLog::Open(view.scheduler, view.disk, std::string(kFolder), from, shape_.log, *told, nobody, &recovery);
  };
  // A store that knows what it needs, or a tool that takes what there is.
  const Position from = view.image % 2 == 0 ? trimmed : kOldestKept;
  // Looks at this image before this one have left theirs at the end.
  const auto take_more = [](std::vector<Record>* records) {
    size_t count = 0;
    for (; !records->empty() && records->back().txid == kMore; ++count) records->pop_back();
    return count;
  };
  // Told again is what was told before; the trimmed beginning of it may go.
  const auto same = [&](const std::vector<Record>& before, const std::vector<Record>& now) {
    const size_t gone = before.size() - std::min(before.size(), now.size());
    return std::equal(before.begin() + static_cast<std::ptrdiff_t>(gone), before.end(), now.begin(), now.end()) &&
           (gone == 0 || before[gone - 1].position <= trimmed);
  };
  ToldRecords told;
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<CommitLog> log, recover(&told, from));
  absl::Status status;
  const size_t more_before = take_more(&told.records);
  if (view.seen_before && (more_before == 0 || !same(seen_, told.records))) {
    status = absl::DataLossError("what the recovery before has told is gone");
  }
  if (status.ok()) status = Check(told.records, view.cut, trimmed);
  if (!status.ok()) {
    (void)log->Close();
    return status;
  }
  seen_ = told.records;
  const auto position = log->Append(TestKey(9), TestSet(kMore, "more"));
  status = position.ok() ? log->WaitDurable(*position, Instant::Infinite()) : position.status();
  const absl::Status closed = log->Close();
  EDGE_RETURN_IF_ERROR(status);
  EDGE_RETURN_IF_ERROR(closed);

  told.records.clear();
  EDGE_ASSIGN_OR_RETURN(log, recover(&told, from));
  EDGE_RETURN_IF_ERROR(log->Close());
  if (take_more(&told.records) != more_before + 1) return absl::DataLossError("the log does not go on after recovery");
  if (!same(seen_, told.records)) return absl::DataLossError("a second recovery tells something else than the first");
  return absl::OkStatus();
}

}  // namespace edge
