// SimRandom: the Random seam of one incarnation of a simulated machine.
//
// Counter-based streams: a draw is a hash of (stream key, number of the draw), and a fork's key is a hash of (stream key, label) alone. So
// a draw or a fork moves nothing but what comes after it in its own stream, and two forks of one stream by one label are the same stream:
// labels are made unique by what they are for ("invocation/<key>"). The first stream's key is one decision of the oracle per incarnation,
// so that a recorded run has its randomness without its seed.
#ifndef EDGE_SIM_MACHINE_SIM_RANDOM_H_
#define EDGE_SIM_MACHINE_SIM_RANDOM_H_

#include <memory>
#include <string_view>

#include "runtime/seam/random.h"
#include "sim/oracle/oracle.h"
#include "sim/record/recorder.h"

namespace edge::sim {

class SimRandom final : public Random {
 public:
  // The first stream of an incarnation; `incarnation` is its causal key. Draws it from the oracle ("random.stream").
  SimRandom(Oracle& oracle, Recorder& recorder, ActorId actor, Key incarnation);

  uint64_t NextU64() override;
  uint64_t Below(uint64_t bound) override;
  bool Chance(Ratio ratio) override;
  void Fill(std::span<std::byte> out) override;
  std::unique_ptr<Random> Fork(std::string_view label) override;

 private:
  SimRandom(Recorder& recorder, ActorId actor, uint64_t stream) : recorder_(recorder), actor_(actor), stream_(stream) {}
  uint64_t Draw() { return CombineHash(stream_, drawn_++); }
  void Record(uint64_t value);

  Recorder& recorder_;
  const ActorId actor_;
  const uint64_t stream_;
  uint64_t drawn_ = 0;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_SIM_RANDOM_H_
