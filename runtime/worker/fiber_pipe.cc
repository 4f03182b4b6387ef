#include "runtime/worker/fiber_pipe.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::worker {

absl::StatusOr<std::string> FiberPipe::Read() {
  while (piece_.empty() && !end_.has_value()) {
    supply_.Reset();
    demand_.Set();
    EDGE_RETURN_IF_ERROR(supply_.Wait());
  }
  if (!piece_.empty()) return std::exchange(piece_, {});
  if (!end_->ok()) return *end_;
  return std::string();
}

void FiberPipe::MeetDemand() {
  if (!end_.has_value()) demand_.Reset();
}

bool FiberPipe::WaitForDemand() { return demand_.Wait().ok() && !end_.has_value(); }

void FiberPipe::Put(std::string piece) {
  EDGE_CHECK(!piece.empty());
  if (end_.has_value()) return;
  piece_ += piece;
  demand_.Reset();
  supply_.Set();
}

void FiberPipe::End(absl::Status status) {
  if (end_.has_value()) return;
  end_ = std::move(status);
  demand_.Set();
  supply_.Set();
}

}  // namespace edge::worker
