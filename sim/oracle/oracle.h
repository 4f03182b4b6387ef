// Oracle: the one place where a simulated world's choices are made.
//
// Draw chooses a value, Pick chooses who goes first. A Strategy answers: from the seed (every choice is a hash of seed, point and key), by
// priorities (PCT), with few inversions (delay-bounded), or from a recorded trace. The oracle records every choice that is not the
// mildest one: those decisions are the reproduction of the run, and what the shrinker takes away one by one.
//
//   world, network, disk, workload --Draw(point, actor, key, distribution)--> Strategy --> value
//                                  --Pick(point, candidates)-------------->             index
//                                             '--> Trace (only what is not mildest), Recorder (kDecision)
#ifndef EDGE_SIM_ORACLE_ORACLE_H_
#define EDGE_SIM_ORACLE_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/seam/ready_order.h"
#include "sim/oracle/decision.h"
#include "sim/record/recorder.h"

namespace edge::sim {

// A back-end: what is chosen. Deterministic; knows no world.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) = 0;
  // Index into `candidates`, which come oldest first; 0 is the mildest (first in, first out). REQUIRES: at least two.
  virtual size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) = 0;
  virtual std::string_view name() const = 0;
};

// What a pick is about: this very turn of this very fiber.
inline Key TurnKey(const Candidate& candidate) { return CombineHash(candidate.key, candidate.turn); }

// One choice that was not the mildest: a drawn value, or, at kSchedule points, who went before older ones.
struct Decision {
  const DecisionPoint* point = nullptr;  // in traces read from a file: owned by the Trace
  ActorId actor = ActorId::kWorld;
  Key key = 0;        // kSchedule: TurnKey
  int64_t value = 0;  // kSchedule: its index among the candidates: how many older ones it went before
  // Where in its run it was made: its number, from 1, among the draws or, at kSchedule points, among the picks. What replays an unchanged
  // run exactly; in a changed one only point and key mean anything.
  uint64_t number = 0;
  uint16_t shape = 0;  // Distribution::Fingerprint of what it was drawn from; kSchedule: 0
};

class Oracle {
 public:
  // Both borrowed.
  Oracle(Strategy& strategy, Recorder& recorder) : strategy_(strategy), recorder_(recorder) {}

  // `point` is static; `actor` says in whose story the decision belongs.
  int64_t Draw(const DecisionPoint& point, ActorId actor, Key key, const Distribution& distribution);
  bool Chance(const DecisionPoint& point, ActorId actor, Key key, Ratio ratio) {
    return Draw(point, actor, key, Distribution::Chance(ratio)) != 0;
  }
  Duration DrawDuration(const DecisionPoint& point, ActorId actor, Key key, const Distribution& nanoseconds) {
    return Duration::Nanoseconds(Draw(point, actor, key, nanoseconds));
  }
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates);

  // All choices of this run that were not the mildest, in order.
  const std::vector<Decision>& decisions() const { return decisions_; }
  uint64_t draws() const { return draws_; }
  uint64_t picks() const { return picks_; }

 private:
  Strategy& strategy_;
  Recorder& recorder_;
  std::vector<Decision> decisions_;
  uint64_t draws_ = 0;
  uint64_t picks_ = 0;
};

// The ReadyOrder of a simulation: asks the oracle at the point "schedule.fiber".
class OracleOrder final : public ReadyOrder {
 public:
  explicit OracleOrder(Oracle& oracle) : oracle_(oracle) {}
  bool WantsToPick() const override { return true; }
  size_t PickNext(std::span<const Candidate> candidates) override;

 private:
  Oracle& oracle_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_ORACLE_H_
