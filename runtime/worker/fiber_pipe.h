// FiberPipe: a request body on its way from JavaScript to the connection. It holds one piece at most, and asks for one only when the
// connection waits for it, so a slow server holds JavaScript back.
#ifndef EDGE_RUNTIME_WORKER_FIBER_PIPE_H_
#define EDGE_RUNTIME_WORKER_FIBER_PIPE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/web/host.h"

namespace edge::worker {

class FiberPipe final : public web::BodyPipe {
 public:
  FiberPipe(Scheduler& scheduler, std::optional<uint64_t> length) : length_(length), demand_(scheduler), supply_(scheduler) {}

  absl::StatusOr<std::string> Read() override;
  std::optional<uint64_t> Length() const override { return length_; }
  void Cancel() override { End(absl::CancelledError("the request's body is not wanted any more")); }

  bool WaitForDemand() override;
  void MeetDemand() override;
  void Put(std::string piece) override;
  void End(absl::Status status) override;

 private:
  const std::optional<uint64_t> length_;
  std::string piece_;
  std::optional<absl::Status> end_;
  Event demand_;  // set while Read waits for a piece, and at the end
  Event supply_;  // set while there is a piece, or the end
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_FIBER_PIPE_H_
