#include "sim/network/pipe.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"

namespace edge::sim {

namespace {

constexpr size_t kCompactBytes = 16 << 10;
constexpr size_t kCompactSegments = 64;

}  // namespace

void Pipe::Push(Segment segment) {
  EDGE_CHECK(segment.arrival >= last_arrival_) << "segments of one direction overtake each other";
  last_arrival_ = segment.arrival;
  segments_.push_back(segment);
}

std::string_view Pipe::Arrive() {
  EDGE_CHECK(first_ < segments_.size());
  const size_t bytes = segments_[first_].bytes;
  EDGE_CHECK(bytes <= in_flight()) << bytes << " of " << in_flight();
  const std::string_view arrived = std::string_view(bytes_).substr(arrived_, bytes);
  arrived_ += bytes;
  ++first_;
  if (first_ == segments_.size()) {
    segments_.clear();
    first_ = 0;
  } else if (first_ >= kCompactSegments && first_ * 2 >= segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  return arrived;
}

size_t Pipe::Take(std::span<char> buffer) {
  const size_t bytes = std::min(buffer.size(), arrived());
  std::memcpy(buffer.data(), bytes_.data() + read_, bytes);
  read_ += bytes;
  Compact();
  return bytes;
}

void Pipe::DropArrived() {
  read_ = arrived_;
  Compact();
}

void Pipe::Compact() {
  if (read_ == bytes_.size()) {
    bytes_.clear();
  } else if (read_ >= kCompactBytes && read_ * 2 >= bytes_.size()) {
    bytes_.erase(0, read_);
  } else {
    return;
  }
  arrived_ -= read_;
  read_ = 0;
}

void Pipe::DropInFlight() {
  bytes_.resize(arrived_);
  segments_.clear();
  first_ = 0;
  last_arrival_ = Instant();
}

void Pipe::HurryUp(Instant when) {
  for (size_t i = first_; i < segments_.size(); ++i) segments_[i].arrival = std::min(segments_[i].arrival, when);
  last_arrival_ = std::min(last_arrival_, when);
}

}  // namespace edge::sim
