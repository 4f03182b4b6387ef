// Arena: all memory of one isolate, in one reserved address range that is dropped whole.
//
// The engine allocates millions of small blocks and every isolate has a limit in bytes, so each isolate brings its own allocator: size
// classes cut from slabs, larger blocks from runs of 16 KiB units. It is deterministic: the same calls give the same offsets and the same
// answers, whatever else the process does. Only touched pages are real memory; an empty slab goes back to the units.
//
//      reserved range:  | unit table | unit 0 | unit 1 | ...
//                                      slab of 48-byte blocks: free list, live count (in the unit table)
//                                      or a part of a large block
//
// Under AddressSanitizer every block comes from malloc, so that the sanitizer sees each of them; limits and counters stay the same.
#ifndef EDGE_RUNTIME_JS_ARENA_H_
#define EDGE_RUNTIME_JS_ARENA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/byte_count.h"

namespace edge::js {

class Arena {
 public:
  // The limit counts blocks in use, rounded up to their size class.
  explicit Arena(ByteCount limit);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Null when the limit, or the reserved range, is used up, and for a size of 0. Blocks are aligned to 16 bytes.
  void* Allocate(size_t size);
  // As realloc: null `block` allocates, size 0 frees and returns null; on failure returns null and leaves `block` alone.
  void* Reallocate(void* block, size_t size);
  void Free(void* block);

  size_t used_bytes() const { return state_.used; }
  size_t peak_bytes() const { return state_.peak; }
  size_t limit_bytes() const { return state_.limit; }
  void set_limit_bytes(size_t limit) { state_.limit = limit; }

  // All blocks of one moment: restoring it gives each its address and content back, all other memory is zero, and what is allocated
  // afterwards gets the addresses that it got after the image was taken.
  class Image;
  // False under AddressSanitizer, where the blocks are not in the arena's range.
  static bool HasImages();
  // REQUIRES: HasImages().
  Image Save() const;
  // `image` is of this very arena.
  void Restore(const Image& image);

 private:
  static constexpr size_t kUnit = 16 * 1024;
  static constexpr uint32_t kClasses = 36;
  static constexpr uint32_t kBins = 24;
  static constexpr size_t kSmallMax = 8192;
  static constexpr uint32_t kNone = 0xffffffff;

  // kInner is 0, what untouched entries are: they are inside a large block if inside anything.
  enum class Kind : uint8_t { kInner, kFree, kSlab, kLarge };

  // One per unit. What describes a run of units is in its first entry (and, for free runs, `first` of its last).
  struct Unit {
    Kind kind;
    uint8_t size_class;   // kSlab
    uint16_t live;        // kSlab: blocks in use
    uint32_t first;       // kInner: the run's first unit; the same in the last entry of a free run
    uint32_t count;       // units in the run
    uint32_t next, prev;  // kSlab: partly used slabs of the class; kFree: runs of the bin
    uint32_t carved;      // kSlab: bytes handed out so far
    void* free;           // kSlab: blocks given back
  };

  static uint32_t ClassOf(size_t size);
  char* UnitAddress(uint32_t unit) const { return base_ + static_cast<size_t>(unit) * kUnit; }
  void* AllocateFromNewSlab(uint32_t size_class);
  void* AllocateLarge(size_t size);
  bool ExtendLarge(void* block, size_t size);
  void FreeLarge(uint32_t first);
  size_t BlockSize(void* block) const;
  uint32_t TakeRun(uint32_t count);
  void GiveRun(uint32_t first, uint32_t count);
  void UnlinkFree(uint32_t first);
  void LinkFree(uint32_t first, uint32_t count);
  void LinkSlab(uint32_t slab);
  void UnlinkSlab(uint32_t slab);
  bool Charge(size_t bytes);
  // Of the run of units that begins with this one: the part from its start in which blocks were ever handed out.
  static size_t ContentBytes(const Unit& unit);
  static void MakeZero(char* begin, char* end);

  // What allocations change, beside the unit table.
  struct State {
    size_t limit = 0;
    size_t used = 0;
    size_t peak = 0;
    std::array<uint32_t, kClasses> partial;  // first partly used slab of each class
    std::array<uint32_t, kBins> free_runs;   // by the logarithm of the length
    uint32_t units_touched = 0;              // units from here on have never been used
    uint32_t free_units_kept = 0;            // about how many free units still have their memory
  };

  State state_;
  uint32_t units_max_ = 0;
  Unit* units_ = nullptr;
  char* base_ = nullptr;
  void* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  void* sanitizer_blocks_ = nullptr;  // list of all blocks, under AddressSanitizer
};

class Arena::Image {
 public:
  size_t bytes() const { return bytes_ + table_.size() * sizeof(Unit); }

 private:
  friend class Arena;
  State state_;
  std::vector<Unit> table_;
  size_t bytes_ = 0;
  std::unique_ptr<char[]> content_;  // ContentBytes of each run, one after the other
};

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_ARENA_H_
