#include "sim/oracle/decision.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace edge::sim {
namespace {

using Wide = unsigned __int128;

// [0, bound) from 64 random bits, without division.
uint64_t Scale(uint64_t hash, uint64_t bound) { return static_cast<uint64_t>(static_cast<Wide>(hash) * bound >> 64); }

// [low, high] from 64 random bits, even for the widest range.
int64_t ScaleInto(uint64_t hash, int64_t low, int64_t high) {
  EDGE_CHECK(low <= high) << low << ".." << high;
  const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  return static_cast<int64_t>(static_cast<uint64_t>(low) + (width == UINT64_MAX ? hash : Scale(hash, width + 1)));
}

uint64_t Total(std::span<const uint32_t> weights) {
  uint64_t total = 0;
  for (const uint32_t weight : weights) total += weight;
  return total;
}

}  // namespace

int64_t Distribution::Sample(uint64_t hash) const {
  switch (shape_) {
    case Shape::kUniform:
      return ScaleInto(hash, low_, high_);
    case Shape::kTail: {
      const uint64_t square = static_cast<uint64_t>(static_cast<Wide>(hash) * hash >> 64);
      const uint64_t fourth = static_cast<uint64_t>(static_cast<Wide>(square) * square >> 64);
      return ScaleInto(fourth, low_, high_);
    }
    case Shape::kChance:
      EDGE_CHECK(low_ >= 0 && high_ > 0 && low_ <= high_) << low_ << " in " << high_;
      return Scale(hash, static_cast<uint64_t>(high_)) < static_cast<uint64_t>(low_) ? 1 : 0;
    case Shape::kWeighted: {
      const uint64_t total = Total(weights_);
      EDGE_CHECK(total > 0);
      uint64_t at = Scale(hash, total);
      for (size_t i = 0; i < weights_.size(); ++i) {
        if (at < weights_[i]) return static_cast<int64_t>(i);
        at -= weights_[i];
      }
      return 0;
    }
  }
  return 0;
}

int64_t Distribution::Clamp(int64_t value) const {
  switch (shape_) {
    case Shape::kUniform:
    case Shape::kTail:
      return std::clamp(value, low_, high_);
    case Shape::kChance:
      return low_ > 0 && value != 0 ? 1 : 0;
    case Shape::kWeighted:
      return value >= 0 && value < static_cast<int64_t>(weights_.size()) ? value : 0;
  }
  return 0;
}

uint16_t Distribution::Fingerprint() const {
  uint64_t hash = CombineHash(CombineHash(static_cast<uint64_t>(shape_), static_cast<uint64_t>(low_)), static_cast<uint64_t>(high_));
  for (const uint32_t weight : weights_) hash = CombineHash(hash, weight);
  return static_cast<uint16_t>(hash >> 48);
}

}  // namespace edge::sim
