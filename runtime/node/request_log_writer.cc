#include "runtime/node/request_log_writer.h"

#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

constexpr std::string_view kSource = "edge";

}  // namespace

absl::StatusOr<std::unique_ptr<RequestLogWriter>> RequestLogWriter::Open(Scheduler& scheduler, Disk& disk, worker::Log& log,
                                                                         std::string path, const RequestLogWriterLimits& limits) {
  std::unique_ptr<RequestLogWriter> writer(new RequestLogWriter(scheduler, log, std::move(path), limits));
  EDGE_RETURN_IF_ERROR(writer->Prepare(disk));
  return writer;
}

absl::Status RequestLogWriter::Prepare(Disk& disk) {
  EDGE_ASSIGN_OR_RETURN(file_, disk.Open(path_, OpenMode::kCreate));
  EDGE_ASSIGN_OR_RETURN(end_, file_->Size());
  if (end_ == 0) {
    queued_ = RequestLogHeading();
    return absl::OkStatus();
  }
  // Somebody's other file is not to be spoiled by a slip of the hand.
  char byte[1] = {};
  EDGE_ASSIGN_OR_RETURN(const size_t first, file_->ReadAt(0, byte));
  if (first == 0 || byte[0] != '{') {
    return absl::FailedPreconditionError(StrCat(path_, " exists and is no recording of requests; choose another file for --record"));
  }
  EDGE_ASSIGN_OR_RETURN(const size_t last, file_->ReadAt(end_ - 1, byte));
  if (last == 0 || byte[0] != '\n') queued_.assign(1, '\n');
  return absl::OkStatus();
}

RequestLogWriter::~RequestLogWriter() = default;

void RequestLogWriter::Append(const RecordedRequest& request) {
  std::string line = failed_ ? std::string() : RequestLogLine(request);
  if (failed_ || queued_.size() + line.size() > limits_.queued.bytes()) {
    if (++dropped_ == 1 && !failed_) {
      log_.Write(worker::Severity::kWarning, kSource, StrCat("requests are missing in ", path_, ": the disk does not keep up"));
    }
    return;
  }
  queued_ += line;
  ++queued_requests_;
  if (writing_) return;
  const absl::Status spawned = writers_.Spawn("request log", [this] { WriteQueued(); });
  writing_ = spawned.ok();
  if (!spawned.ok()) GiveUp(spawned);
}

void RequestLogWriter::WriteQueued() {
  while (!queued_.empty() && !failed_) {
    const std::string batch = std::exchange(queued_, {});
    const uint64_t requests = std::exchange(queued_requests_, 0);
    const absl::Status status = file_->WriteAt(end_, batch);
    if (status.ok()) {
      end_ += batch.size();
      written_ += requests;
      continue;
    }
    dropped_ += requests;
    // No half of a line for the next reader.
    file_->Truncate(end_).IgnoreError();
    GiveUp(status);
  }
  writing_ = false;
}

void RequestLogWriter::GiveUp(const absl::Status& status) {
  failed_ = true;
  dropped_ += std::exchange(queued_requests_, 0);
  queued_.clear();
  log_.Write(worker::Severity::kWarning, kSource,
             StrCat("requests are no longer recorded in ", path_, ": ", std::string(status.message())));
}

void RequestLogWriter::Close() {
  writers_.Wait();
  WriteQueued();
  if (!failed_) {
    if (const absl::Status synced = file_->Sync(); !synced.ok()) GiveUp(synced);
  }
  if (dropped_ > 0) {
    log_.Write(worker::Severity::kWarning, kSource, StrCat(dropped_, " requests are missing in ", path_));
  }
}

}  // namespace edge
