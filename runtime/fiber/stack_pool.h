// StackPool: guarded fiber stacks, reused while they are warm.
//
//      | guard | ...untouched... | touched pages <- the stack grows down from the top |   one slot; slots are carved from large mappings
//
// A stack costs address space until it is touched, and then only the touched pages. Freed stacks are handed out again last-in first-out, so
// that a busy server keeps running on the same few warm pages. A stack that was used deeply, or that exceeds the pool, gives its memory back
// to the system but keeps its address range. Guards are page-table markers where the kernel has them (6.13 on; one mapping per slab),
// else protected pages (two mappings per stack: vm.max_map_count then bounds the number of stacks, and Reserve says so).
//
// The only file outside the os folders that asks the system for memory by itself: what it does is invisible to a run.
#ifndef EDGE_RUNTIME_FIBER_STACK_POOL_H_
#define EDGE_RUNTIME_FIBER_STACK_POOL_H_

#include <cstddef>
#include <vector>

#include "runtime/base/byte_count.h"

namespace edge {

class StackPool {
 public:
  // Wide enough that a function with a large frame cannot step over it.
  static constexpr size_t kGuardBytes = 16 << 10;

  StackPool(ByteCount stack, size_t pooled_max);
  ~StackPool();  // REQUIRES: every stack was released
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Makes sure that `count` stacks can be out at the same time. False: the system refuses more address space or mappings.
  bool Reserve(size_t count) { return count <= total_ || Grow(count); }
  // The lowest usable address of a stack; its guard lies below. REQUIRES: fewer out than reserved.
  char* Take();
  void Release(char* low);

  size_t stack_bytes() const { return stack_bytes_; }
  size_t out() const { return out_; }

 private:
  bool Grow(size_t count);
  bool WasUsedDeeply(const char* low) const;
  static bool GuardsAreMarkers();

  // Constant after construction.
  const size_t stack_bytes_;
  const size_t pooled_max_;
  const bool markers_;  // else protected pages, set when a slab is mapped

  size_t total_ = 0;
  size_t out_ = 0;
  std::vector<char*> slabs_;
  std::vector<char*> warm_;   // memory kept; last in, first out
  std::vector<char*> cold_;   // guarded, memory given back
  std::vector<char*> fresh_;  // never used; without a guard yet if markers_
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_STACK_POOL_H_
