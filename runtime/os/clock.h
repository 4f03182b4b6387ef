// OsClock: the machine's clocks, read once per scheduler turn.
//
// EpollLoop calls Refresh after every look at the outside; between two of those all code sees one time, and reading it costs nothing.
#ifndef EDGE_RUNTIME_OS_CLOCK_H_
#define EDGE_RUNTIME_OS_CLOCK_H_

#include "runtime/seam/clock.h"

namespace edge {

class OsClock final : public Clock {
 public:
  OsClock() { Refresh(); }
  Instant Now() const override { return now_; }
  WallTime WallNow() const override { return wall_now_; }
  void Refresh();

 private:
  Instant now_;
  WallTime wall_now_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_CLOCK_H_
