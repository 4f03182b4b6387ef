// HandedBody: a stream of an invocation that somebody else reads: an object that was sent a request with a body.
//
// What the reader waits for belongs to the invocation (its connection, its pipe), so the reading is done on a fiber that the invocation's
// end stops: from then on the reader finds the connection lost.
#ifndef EDGE_RUNTIME_WORKER_HANDED_BODY_H_
#define EDGE_RUNTIME_WORKER_HANDED_BODY_H_

#include <memory>
#include <optional>
#include <string>

#include "runtime/fiber/task_group.h"
#include "runtime/web/host.h"
#include "runtime/worker/outgoing_fetch.h"

namespace edge::worker {

class HandedBody final : public web::BodySource, public InvocationFetch {
 public:
  HandedBody(Scheduler& scheduler, std::shared_ptr<web::BodySource> source)
      : source_(std::move(source)), length_(source_->Length()), reads_(scheduler) {}

  absl::StatusOr<std::string> Read() override;
  std::optional<uint64_t> Length() const override { return length_; }

  // Both as a source and as something that the invocation owns.
  void Cancel() override;
  bool over() const override { return over_ && reads_.size() == 0; }
  void Close() override;

 private:
  const std::shared_ptr<web::BodySource> source_;
  const std::optional<uint64_t> length_;
  bool over_ = false;
  TaskGroup reads_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_HANDED_BODY_H_
