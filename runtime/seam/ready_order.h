// ReadyOrder: which of several runnable fibers, or of several events of one instant, goes first.
//
// Nothing in the contract fixes that order, so a simulation decides it (sim/oracle); production takes the oldest.
#ifndef EDGE_RUNTIME_SEAM_READY_ORDER_H_
#define EDGE_RUNTIME_SEAM_READY_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace edge {

class ReadyOrder {
 public:
  virtual ~ReadyOrder() = default;
  // False: the scheduler takes the oldest and never builds the key list (production's fast path).
  virtual bool WantsToPick() const = 0;
  // Index of the one that goes first. `keys` are stable causal keys, oldest first. REQUIRES: keys not empty.
  virtual size_t PickNext(std::span<const uint64_t> keys) = 0;
};

// Oldest first.
class FifoOrder final : public ReadyOrder {
 public:
  bool WantsToPick() const override { return false; }
  size_t PickNext(std::span<const uint64_t>) override { return 0; }
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_READY_ORDER_H_
