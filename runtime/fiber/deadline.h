// Small helpers for deadlines.
//
// Every wait takes an absolute deadline, so that a deadline passes through a chain of calls unchanged and no layer adds up timeouts.
#ifndef EDGE_RUNTIME_FIBER_DEADLINE_H_
#define EDGE_RUNTIME_FIBER_DEADLINE_H_

#include <algorithm>

#include "runtime/fiber/scheduler.h"

namespace edge {

// The instant `timeout` from now; infinite if the timeout is.
inline Instant DeadlineIn(const Scheduler& scheduler, Duration timeout) { return scheduler.clock().Now() + timeout; }

// For a step with a limit of its own inside a wait that has one already.
inline Instant Earlier(Instant a, Instant b) { return std::min(a, b); }

inline bool HasPassed(const Scheduler& scheduler, Instant deadline) {
  return !deadline.IsInfinite() && deadline <= scheduler.clock().Now();
}

// What is left; zero if it has passed, infinite if it never does.
inline Duration TimeLeft(const Scheduler& scheduler, Instant deadline) {
  return std::max(deadline - scheduler.clock().Now(), Duration::Zero());
}

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_DEADLINE_H_
