// ReadyOrder: which of several runnable fibers, or of several events of one instant, goes first.
//
// Nothing in the contract fixes that order, so a simulation decides it (sim/oracle); production takes the oldest.
#ifndef EDGE_RUNTIME_SEAM_READY_ORDER_H_
#define EDGE_RUNTIME_SEAM_READY_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace edge {

// Someone who could go next.
struct Candidate {
  uint64_t key = 0;   // stable causal key of the fiber or event
  uint64_t turn = 0;  // from what made it runnable (who woke it, which deadline); CombineHash(key, turn) names this very turn
};

class ReadyOrder {
 public:
  virtual ~ReadyOrder() = default;
  // False: the scheduler takes the oldest and never builds the list of candidates (production's fast path).
  virtual bool WantsToPick() const = 0;
  // Index of the one that goes first. `candidates` come oldest first. REQUIRES: not empty.
  virtual size_t PickNext(std::span<const Candidate> candidates) = 0;
};

// Oldest first.
class FifoOrder final : public ReadyOrder {
 public:
  bool WantsToPick() const override { return false; }
  size_t PickNext(std::span<const Candidate>) override { return 0; }
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_READY_ORDER_H_
