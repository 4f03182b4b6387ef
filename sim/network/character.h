// Character: how one connection behaves while nothing is wrong: near or far, steady or not, in large pieces or byte by byte.
//
// Drawn once, when the connection is asked for, so that a connection is one thing to a reader and to a shrinker: each trait is one
// decision, and its mildest value is the dullest network there is.
#ifndef EDGE_SIM_NETWORK_CHARACTER_H_
#define EDGE_SIM_NETWORK_CHARACTER_H_

#include <cstdint>

#include "runtime/base/time.h"
#include "sim/oracle/oracle.h"

namespace edge::sim {

struct Character {
  Duration latency;                // one way, without jitter
  Duration jitter_max;             // of one segment; which part of it, its name decides
  uint32_t segment_bytes_max = 0;  // at first; grows as the connection goes on, or a large transfer would take for ever
  uint32_t read_bytes_max = 0;     // of one Read, at first
  uint32_t window_bytes = 0;       // written and not yet read by the peer, at first
  int64_t nanoseconds_per_byte = 0;

  static Character Draw(Oracle& oracle, ActorId actor, Key key);
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_CHARACTER_H_
