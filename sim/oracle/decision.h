// What the oracle is asked: a decision point, a causal key, and a distribution whose mildest value is the quiet default.
//
// A key is a causal path hashed to 64 bits (actor incarnation, parent event, child number: "client2/req7/fetch1/latency"), made with
// CombineHash and StableHash, never from an address, a line or a counter that unrelated things share. Then one more log line, one fault
// less or one request less leaves every causally unrelated decision as it was.
#ifndef EDGE_SIM_ORACLE_DECISION_H_
#define EDGE_SIM_ORACLE_DECISION_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/base/hash.h"
#include "runtime/seam/random.h"

namespace edge::sim {

using Key = uint64_t;

// How the shrinker goes about a decision, and which part of a back-end answers it.
enum class DecisionKind : uint8_t {
  kSchedule,  // order of ready fibers and of events of one instant
  kPlan,      // which fault families, sites and operations this run has (swarm)
  kWorkload,  // whether a client makes its n-th request, and which
  kFault,     // whether a fault strikes, or an episode takes place: each such decision is one fault
  kDelay,     // a length of time, or a number of bytes, within what is normal; where and how long an episode is
  kValue,     // data: what a generator made
};

// A place where choices are made. Static and constexpr; the name is unique and stable, because traces are aligned by it.
struct DecisionPoint {
  std::string_view name;
  DecisionKind kind;
  constexpr DecisionPoint(std::string_view n, DecisionKind k) : name(n), kind(k) {}
};

// A distribution over integers, sampled from one hash without floating point, the same on every machine.
class Distribution {
 public:
  // Every value of [low, high] alike. Mildest: low.
  static constexpr Distribution Uniform(int64_t low, int64_t high) { return {Shape::kUniform, low, high, {}}; }
  // Mostly near low with a long tail to high: low + (high - low) * u^4. Mildest: low.
  static constexpr Distribution Tail(int64_t low, int64_t high) { return {Shape::kTail, low, high, {}}; }
  // 1 with the given probability, else 0, the mildest.
  static constexpr Distribution Chance(Ratio ratio) {
    return {Shape::kChance, static_cast<int64_t>(ratio.numerator), static_cast<int64_t>(ratio.denominator), {}};
  }
  // An index with the given weights (borrowed). Mildest: 0.
  static constexpr Distribution Weighted(std::span<const uint32_t> weights) { return {Shape::kWeighted, 0, 0, weights}; }

  int64_t mildest() const { return shape_ == Shape::kUniform || shape_ == Shape::kTail ? low_ : 0; }
  int64_t Sample(uint64_t hash) const;
  // The nearest value that this distribution can give: what a recorded value of an older version becomes.
  int64_t Clamp(int64_t value) const;
  // Tells apart distributions that one key may be drawn from at one point; the same on every machine.
  uint16_t Fingerprint() const;

 private:
  enum class Shape : uint8_t { kUniform, kTail, kChance, kWeighted };
  constexpr Distribution(Shape shape, int64_t low, int64_t high, std::span<const uint32_t> weights)
      : shape_(shape), low_(low), high_(high), weights_(weights) {}

  Shape shape_;
  int64_t low_;   // kChance: numerator
  int64_t high_;  // kChance: denominator
  std::span<const uint32_t> weights_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_DECISION_H_
