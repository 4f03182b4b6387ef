#include "runtime/worker/handed_body.h"

#include <utility>

namespace edge::worker {

absl::StatusOr<std::string> HandedBody::Read() {
  const absl::Status lost = absl::UnavailableError("Network connection lost.");
  if (over_) return lost;
  absl::StatusOr<std::string> piece = lost;
  if (!reads_.Spawn("body.handed", [&] { piece = source_->Read(); }).ok()) return lost;
  reads_.Wait();
  if (!piece.ok() || piece->empty()) over_ = true;
  return piece;
}

void HandedBody::Cancel() {
  if (std::exchange(over_, true)) return;
  source_->Cancel();
  reads_.Cancel();
}

void HandedBody::Close() {
  Cancel();
  reads_.Wait();
}

}  // namespace edge::worker
