#include "runtime/os/clock.h"

#include <time.h>

namespace edge {
namespace {

int64_t ReadNanoseconds(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void OsClock::Refresh() {
  now_ = Instant::FromNanoseconds(ReadNanoseconds(CLOCK_MONOTONIC));
  wall_now_ = WallTime::FromUnixNanoseconds(ReadNanoseconds(CLOCK_REALTIME));
}

}  // namespace edge
