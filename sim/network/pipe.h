// Pipe: one direction of a connection: the bytes on the way, those that have arrived and are not read yet, and what else was sent.
//
// Bytes are kept once: written at the back, read from the front. Between them runs the line that parts what has arrived from what has not,
// so that an arrival copies nothing. Segments say how far the line moves next and when.
//
//        read_           arrived_                 bytes_.size()
//   gone  |  arrived      |  segment  |  segment   |
#ifndef EDGE_SIM_NETWORK_PIPE_H_
#define EDGE_SIM_NETWORK_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"

namespace edge::sim {

struct Segment {
  enum class Kind : uint8_t {
    kBytes,
    kEnd,    // the sender closed its direction
    kReset,  // the sender dropped the connection
    kBreak,  // the network broke it: the sender is told too
  };
  Kind kind = Kind::kBytes;
  size_t bytes = 0;
  Instant arrival;
  uint64_t message = 0;  // of the write; the same at both ends
  uint64_t part = 0;     // of the message
};

class Pipe {
 public:
  // --- the sender's side ---
  // `segments` of it are pushed next; together they cover what was appended.
  void Append(std::string_view bytes) { bytes_.append(bytes); }
  // Never before what was pushed earlier.
  void Push(Segment segment);
  void NotBefore(Instant arrival) { last_arrival_ = arrival; }  // REQUIRES: nothing was pushed
  // Nothing that has not arrived will.
  void DropInFlight();
  // Whatever is late comes at `when`.
  void HurryUp(Instant when);

  // --- the receiver's side ---
  const Segment* next() const { return first_ < segments_.size() ? &segments_[first_] : nullptr; }
  // The next segment has arrived; its bytes are valid until the next call.
  std::string_view Arrive();
  // At most buffer.size() of the bytes that have arrived.
  size_t Take(std::span<char> buffer);
  void DropArrived();

  size_t arrived() const { return arrived_ - read_; }  // and not read
  size_t in_flight() const { return bytes_.size() - arrived_; }
  size_t held() const { return bytes_.size() - read_; }  // both
  Instant last_arrival() const { return last_arrival_; }

 private:
  void Compact();

  std::string bytes_;
  size_t read_ = 0;
  size_t arrived_ = 0;
  std::vector<Segment> segments_;
  size_t first_ = 0;  // those before have arrived
  Instant last_arrival_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_PIPE_H_
