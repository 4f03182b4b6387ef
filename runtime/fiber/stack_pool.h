// StackPool: guarded fiber stacks, reused while they are warm.
//
//      | guard | ...untouched... | touched pages <- the stack grows down from the top |   one slot; slots are carved from large mappings
//
// A stack costs address space until it is touched, and then only the touched pages. Freed stacks are handed out again last-in first-out, so
// that a busy server keeps running on the same few warm pages. A stack that was used deeply, or that exceeds the pool, gives its memory
// back to the system but keeps its address range. A stack gets its guard when it is first handed out. Guards are page-table markers where
// the kernel has them (6.13 on; one mapping per slab), else protected pages, which are two mappings per stack: at most kProtectedPagesMax
// of those, so that the rest of the process does not run out of mappings (vm.max_map_count, 65,530 unless raised). When one more guard is
// not to be had, Reserve refuses from then on; what it has granted already still gets stacks, without guards.
//
// The only file outside the os folders that asks the system for memory by itself: what it does is invisible to a run.
#ifndef EDGE_RUNTIME_FIBER_STACK_POOL_H_
#define EDGE_RUNTIME_FIBER_STACK_POOL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/byte_count.h"

namespace edge {

class StackPool {
 public:
  // Wide enough that a function with a large frame cannot step over it.
  static constexpr size_t kGuardBytes = 16 << 10;

  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kColours = 16;

  static constexpr size_t kProtectedPagesMax = 24'000;

  enum class Guards : uint8_t { kBest, kProtectedPages };

  StackPool(ByteCount stack, size_t pooled_max, Guards guards = Guards::kBest);
  ~StackPool();  // REQUIRES: every stack was released
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Makes sure that `count` stacks can be out at the same time. False: the system refuses more address space or guards.
  bool Reserve(size_t count) { return count <= guarded_max_ && (count <= total_ || Grow(count)); }
  // The lowest usable address of a stack; its guard lies below. REQUIRES: fewer out than reserved.
  char* Take();
  void Release(char* low);
  // Where a fiber starts to use its stack: a little below the end, differently for neighbours. If all stacks were used at the same offset
  // in their pages they would compete for the same few cache lines, and switching among thousands of fibers would cost twice as much.
  char* Top(char* low) const { return low + stack_bytes_ - (reinterpret_cast<uintptr_t>(low) / kPageBytes) % kColours * kLineBytes; }

  size_t stack_bytes() const { return stack_bytes_; }
  size_t out() const { return out_; }

 private:
  bool Grow(size_t count);
  bool WasUsedDeeply(const char* low) const;
  bool Guard(char* low);
  static bool MarkersWork();

  // Constant after construction.
  const size_t stack_bytes_;
  const size_t slot_bytes_;  // stack and guard; an odd number of pages, so that neighbours differ in colour
  const size_t pooled_max_;
  const bool markers_;  // else protected pages

  size_t total_ = 0;
  size_t guarded_ = 0;
  size_t guarded_max_ = SIZE_MAX;  // lowered when the system refuses a guard
  size_t out_ = 0;
  std::vector<char*> slabs_;
  std::vector<char*> warm_;               // memory kept; last in, first out
  std::vector<char*> cold_;               // guarded, memory given back
  std::vector<char*> fresh_;              // without a guard yet
  std::vector<char*> out_without_guard_;  // usually none
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_STACK_POOL_H_
