// Clock: the seam through which all time is read.
//
// Monotonic and wall time are different things: Now() orders events and times waits, WallNow() is the calendar and may step. Both are
// constant during one scheduler turn, so that code which reads the time twice between two suspensions sees one value; waiting belongs
// to the scheduler (runtime/fiber). Versions: OsClock (runtime/os), SimClock (sim).
#ifndef EDGE_RUNTIME_SEAM_CLOCK_H_
#define EDGE_RUNTIME_SEAM_CLOCK_H_

#include "runtime/base/time.h"

namespace edge {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_CLOCK_H_
