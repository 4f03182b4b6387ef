// RequestLogWriter: appends recorded requests to a file, behind the backs of those who are being recorded.
//
// Append only queues; one fiber at a time writes what has gathered. When the disk fails, or falls so far behind that the queue is full,
// requests go on unrecorded, and the log says so once.
#ifndef EDGE_RUNTIME_NODE_REQUEST_LOG_WRITER_H_
#define EDGE_RUNTIME_NODE_REQUEST_LOG_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/node/request_log.h"
#include "runtime/worker/log.h"
#include "storage/disk.h"

namespace edge {

struct RequestLogWriterLimits {
  ByteCount queued = ByteCount::MiB(16);  // beyond: requests are not recorded
};

class RequestLogWriter {
 public:
  // Opens or makes the file; what is in it stays, new requests come behind it. kFailedPrecondition: it holds something else than a
  // recording. Others as Disk::Open. All references are borrowed. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<RequestLogWriter>> Open(Scheduler& scheduler, Disk& disk, worker::Log& log, std::string path,
                                                                const RequestLogWriterLimits& limits = {});
  ~RequestLogWriter();  // REQUIRES: Close has returned, or nothing was appended

  // Never suspends, never fails.
  void Append(const RecordedRequest& request);
  // Writes what is queued, makes it durable and says how much is missing. MAY SUSPEND.
  void Close();

  uint64_t written() const { return written_; }
  uint64_t dropped() const { return dropped_; }

 private:
  RequestLogWriter(Scheduler& scheduler, worker::Log& log, std::string path, const RequestLogWriterLimits& limits)
      : log_(log), path_(std::move(path)), limits_(limits), writers_(scheduler) {}

  absl::Status Prepare(Disk& disk);
  void WriteQueued();
  void GiveUp(const absl::Status& status);

  worker::Log& log_;
  const std::string path_;
  const RequestLogWriterLimits limits_;
  std::unique_ptr<File> file_;
  uint64_t end_ = 0;  // of what is whole in the file
  std::string queued_;
  uint64_t queued_requests_ = 0;
  bool writing_ = false;
  bool failed_ = false;
  uint64_t written_ = 0;
  uint64_t dropped_ = 0;
  TaskGroup writers_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_REQUEST_LOG_WRITER_H_
