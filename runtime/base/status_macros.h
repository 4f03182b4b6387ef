// RETURN_IF_ERROR and ASSIGN_OR_RETURN for absl::Status, and the statuses that every wait may return.
#ifndef EDGE_RUNTIME_BASE_STATUS_MACROS_H_
#define EDGE_RUNTIME_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define EDGE_RETURN_IF_ERROR(expression)       \
  do {                                         \
    absl::Status edge_status = (expression);   \
    if (!edge_status.ok()) return edge_status; \
  } while (false)

#define EDGE_MACRO_CONCAT_INNER(a, b) a##b
#define EDGE_MACRO_CONCAT(a, b) EDGE_MACRO_CONCAT_INNER(a, b)

#define EDGE_ASSIGN_OR_RETURN(target, expression)                                                                     \
  auto EDGE_MACRO_CONCAT(edge_statusor_, __LINE__) = (expression);                                                    \
  if (!EDGE_MACRO_CONCAT(edge_statusor_, __LINE__).ok()) return EDGE_MACRO_CONCAT(edge_statusor_, __LINE__).status(); \
  target = std::move(EDGE_MACRO_CONCAT(edge_statusor_, __LINE__)).value()

namespace edge {

// A wait ended because its task group was cancelled.
inline absl::Status CancelledStatus() { return absl::CancelledError("cancelled"); }
// A wait or a seam call of a node whose incarnation has crashed (design: "Crash, one rule"). It had no effect.
inline absl::Status CrashedStatus() { return absl::AbortedError("crashed"); }
inline bool IsCrashed(const absl::Status& status) { return absl::IsAborted(status) && status.message() == "crashed"; }
// A wait reached its deadline.
inline absl::Status DeadlineStatus() { return absl::DeadlineExceededError("deadline exceeded"); }

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_STATUS_MACROS_H_
