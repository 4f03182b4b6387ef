#include "runtime/js/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "runtime/base/check.h"

namespace edge::js {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kUseMalloc = true;
#else
constexpr bool kUseMalloc = false;
#endif

// 16 ... 256 in steps of 16, then four classes per doubling up to 8192.
constexpr std::array<uint32_t, 36> kClassBytes = {16,   32,   48,   64,   80,   96,   112,  128,  144,  160,  176,  192,
                                                  208,  224,  240,  256,  320,  384,  448,  512,  640,  768,  896,  1024,
                                                  1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192};

// Slabs of small blocks are one unit; of large ones four, so that little is left over at the end.
constexpr uint32_t SlabUnits(uint32_t size_class) { return kClassBytes[size_class] <= 1024 ? 1 : 4; }

// Free units keep their memory up to this many, since the kernel takes longer to give a page than to use it; a longer free run beyond that
// is returned.
constexpr uint32_t kFreeUnitsKept = 128;
constexpr uint32_t kUnitsToReturn = 16;

struct SanitizerBlock {
  SanitizerBlock* next;
  SanitizerBlock* prev;
  size_t size;
  size_t padding;
};

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

uint32_t Arena::ClassOf(size_t size) {
  if (size <= 256) return static_cast<uint32_t>((size + 15) / 16) - 1;
  const uint32_t doubling = static_cast<uint32_t>(std::bit_width(size - 1)) - 9;  // 257..512: 0
  const uint32_t step_bits = doubling + 6;
  return 16 + doubling * 4 + static_cast<uint32_t>((size - 1 - (size_t{256} << doubling)) >> step_bits);
}

Arena::Arena(ByteCount limit) {
  state_.limit = limit.bytes();
  state_.partial.fill(kNone);
  state_.free_runs.fill(kNone);
  if (kUseMalloc) return;
  // Slabs that are partly free cannot serve another class, so the range is a multiple of the limit; address space costs nothing.
  units_max_ = static_cast<uint32_t>(std::min<size_t>(state_.limit / kUnit * 4 + 1024, size_t{1} << 22));
  const size_t table = RoundUp(units_max_ * sizeof(Unit), kUnit);
  mapping_size_ = table + (static_cast<size_t>(units_max_) + 1) * kUnit;
  mapping_ = mmap(nullptr, mapping_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  EDGE_CHECK(mapping_ != MAP_FAILED) << "cannot reserve " << mapping_size_ << " bytes of address space for an isolate";
  const size_t start = RoundUp(reinterpret_cast<uintptr_t>(mapping_), kUnit);
  units_ = reinterpret_cast<Unit*>(start);
  base_ = reinterpret_cast<char*>(start) + table;
}

Arena::~Arena() {
  if (kUseMalloc) {
    for (auto* block = static_cast<SanitizerBlock*>(sanitizer_blocks_); block != nullptr;) {
      SanitizerBlock* next = block->next;
      free(block);
      block = next;
    }
    return;
  }
  munmap(mapping_, mapping_size_);
}

bool Arena::HasImages() { return !kUseMalloc; }

size_t Arena::ContentBytes(const Unit& unit) {
  switch (unit.kind) {
    case Kind::kSlab:
      return unit.carved;
    case Kind::kLarge:
      return static_cast<size_t>(unit.count) * kUnit;
    case Kind::kFree:
    case Kind::kInner:
      break;
  }
  return 0;
}

Arena::Image Arena::Save() const {
  EDGE_CHECK(HasImages());
  Image image;
  image.state_ = state_;
  image.table_.assign(units_, units_ + state_.units_touched);
  for (uint32_t first = 0; first < state_.units_touched; first += units_[first].count) image.bytes_ += ContentBytes(units_[first]);
  image.content_ = std::make_unique_for_overwrite<char[]>(image.bytes_);
  char* out = image.content_.get();
  for (uint32_t first = 0; first < state_.units_touched; first += units_[first].count) {
    const size_t bytes = ContentBytes(units_[first]);
    std::memcpy(out, UnitAddress(first), bytes);
    out += bytes;
  }
  return image;
}

void Arena::Restore(const Image& image) {
  const uint32_t touched_before = state_.units_touched;
  const uint32_t touched = image.state_.units_touched;
  EDGE_CHECK(touched <= touched_before);
  state_ = image.state_;
  std::copy(image.table_.begin(), image.table_.end(), units_);
  std::fill(units_ + touched, units_ + touched_before, Unit{});
  const char* from = image.content_.get();
  for (uint32_t first = 0; first < touched; first += units_[first].count) {
    const size_t bytes = ContentBytes(units_[first]);
    std::memcpy(UnitAddress(first), from, bytes);
    from += bytes;
    MakeZero(UnitAddress(first) + bytes, UnitAddress(first + units_[first].count));
  }
  MakeZero(UnitAddress(touched), UnitAddress(touched_before));
}

// What was in free memory must not be told apart from what was there the last time. A part keeps its pages: it is about to be used again.
void Arena::MakeZero(char* begin, char* end) {
  char* const middle = begin + std::min<size_t>(end - begin, kFreeUnitsKept * kUnit);
  std::memset(begin, 0, middle - begin);
  // Both are page boundaries: a slab is shorter, and all else begins and ends with a unit.
  if (middle < end) madvise(middle, end - middle, MADV_DONTNEED);
}

bool Arena::Charge(size_t bytes) {
  if (state_.used + bytes > state_.limit) return false;
  state_.used += bytes;
  state_.peak = std::max(state_.peak, state_.used);
  return true;
}

void* Arena::Allocate(size_t size) {
  if (size == 0) return nullptr;
  if (size > state_.limit) return nullptr;
  if (kUseMalloc) {
    const size_t bytes = size <= kSmallMax ? kClassBytes[ClassOf(size)] : RoundUp(size, kUnit);
    if (!Charge(bytes)) return nullptr;
    auto* block = static_cast<SanitizerBlock*>(malloc(sizeof(SanitizerBlock) + size));
    block->size = size;
    block->prev = nullptr;
    block->next = static_cast<SanitizerBlock*>(sanitizer_blocks_);
    if (block->next != nullptr) block->next->prev = block;
    sanitizer_blocks_ = block;
    return block + 1;
  }
  if (size > kSmallMax) return AllocateLarge(size);
  const uint32_t size_class = ClassOf(size);
  const uint32_t bytes = kClassBytes[size_class];
  if (__builtin_expect(state_.used + bytes > state_.limit, 0)) return nullptr;
  const uint32_t slab = state_.partial[size_class];
  if (__builtin_expect(slab == kNone, 0)) return AllocateFromNewSlab(size_class);
  Unit& unit = units_[slab];
  void* block = unit.free;
  if (block != nullptr) {
    std::memcpy(&unit.free, block, sizeof(void*));
  } else {
    block = UnitAddress(slab) + unit.carved;
    unit.carved += bytes;
  }
  ++unit.live;
  state_.used += bytes;
  if (state_.used > state_.peak) state_.peak = state_.used;
  if (unit.free == nullptr && unit.carved + bytes > unit.count * kUnit) UnlinkSlab(slab);
  return block;
}

void* Arena::AllocateFromNewSlab(uint32_t size_class) {
  const uint32_t count = SlabUnits(size_class);
  const uint32_t slab = TakeRun(count);
  if (slab == kNone) return nullptr;
  const uint32_t bytes = kClassBytes[size_class];
  Unit& unit = units_[slab];
  unit.kind = Kind::kSlab;
  unit.size_class = static_cast<uint8_t>(size_class);
  unit.live = 1;
  unit.first = slab;
  unit.count = count;
  unit.carved = bytes;
  unit.free = nullptr;
  for (uint32_t i = 1; i < count; ++i) {
    units_[slab + i].kind = Kind::kInner;
    units_[slab + i].first = slab;
  }
  LinkSlab(slab);
  Charge(bytes);
  return UnitAddress(slab);
}

void* Arena::AllocateLarge(size_t size) {
  const size_t bytes = RoundUp(size, kUnit);
  if (state_.used + bytes > state_.limit) return nullptr;
  const uint32_t count = static_cast<uint32_t>(bytes / kUnit);
  const uint32_t first = TakeRun(count);
  if (first == kNone) return nullptr;
  units_[first].kind = Kind::kLarge;
  units_[first].first = first;
  units_[first].count = count;
  Charge(bytes);
  return UnitAddress(first);
}

// Grows a large block into the free units behind it: growing buffers are mostly at the end of what has been used.
bool Arena::ExtendLarge(void* block, size_t size) {
  const uint32_t first = static_cast<uint32_t>(static_cast<size_t>(static_cast<char*>(block) - base_) / kUnit);
  Unit& unit = units_[first];
  if (size > state_.limit) return false;
  const uint32_t want = static_cast<uint32_t>(RoundUp(size, kUnit) / kUnit);
  const uint32_t more = want - unit.count;
  const size_t bytes = static_cast<size_t>(more) * kUnit;
  if (state_.used + bytes > state_.limit) return false;
  const uint32_t next = first + unit.count;
  if (next == state_.units_touched) {
    if (units_max_ - state_.units_touched < more) return false;
    state_.units_touched += more;
  } else if (units_[next].kind == Kind::kFree && units_[next].count >= more) {
    const uint32_t have = units_[next].count;
    state_.free_units_kept -= std::min(state_.free_units_kept, more);
    UnlinkFree(next);
    if (have > more) LinkFree(next + more, have - more);
  } else {
    return false;
  }
  unit.count = want;
  Charge(bytes);
  return true;
}

void Arena::FreeLarge(uint32_t first) {
  const uint32_t count = units_[first].count;
  state_.used -= static_cast<size_t>(count) * kUnit;
  GiveRun(first, count);
}

void Arena::Free(void* block) {
  if (block == nullptr) return;
  if (kUseMalloc) {
    SanitizerBlock* header = static_cast<SanitizerBlock*>(block) - 1;
    state_.used -= header->size <= kSmallMax ? kClassBytes[ClassOf(header->size)] : RoundUp(header->size, kUnit);
    if (header->prev != nullptr) {
      header->prev->next = header->next;
    } else {
      sanitizer_blocks_ = header->next;
    }
    if (header->next != nullptr) header->next->prev = header->prev;
    free(header);
    return;
  }
  uint32_t index = static_cast<uint32_t>(static_cast<size_t>(static_cast<char*>(block) - base_) / kUnit);
  if (units_[index].kind == Kind::kInner) index = units_[index].first;
  Unit& unit = units_[index];
  if (unit.kind == Kind::kLarge) {
    FreeLarge(index);
    return;
  }
  const uint32_t bytes = kClassBytes[unit.size_class];
  const bool was_full = unit.free == nullptr && unit.carved + bytes > unit.count * kUnit;
  std::memcpy(block, &unit.free, sizeof(void*));
  unit.free = block;
  --unit.live;
  state_.used -= bytes;
  if (was_full) LinkSlab(index);
  // The last slab of a class stays, so that a block allocated and freed in turn does not go through the runs each time.
  if (unit.live == 0 && (unit.next != kNone || unit.prev != kNone)) {
    UnlinkSlab(index);
    GiveRun(index, unit.count);
  }
}

size_t Arena::BlockSize(void* block) const {
  if (kUseMalloc) return (static_cast<SanitizerBlock*>(block) - 1)->size;
  uint32_t index = static_cast<uint32_t>(static_cast<size_t>(static_cast<char*>(block) - base_) / kUnit);
  if (units_[index].kind == Kind::kInner) index = units_[index].first;
  const Unit& unit = units_[index];
  return unit.kind == Kind::kLarge ? static_cast<size_t>(unit.count) * kUnit : kClassBytes[unit.size_class];
}

void* Arena::Reallocate(void* block, size_t size) {
  if (block == nullptr) return Allocate(size);
  if (size == 0) {
    Free(block);
    return nullptr;
  }
  const size_t have = BlockSize(block);
  if (!kUseMalloc) {
    // In place if the block keeps its class, or loses less than half of a large run.
    if (size <= kSmallMax && have <= kSmallMax && ClassOf(size) == ClassOf(have)) return block;
    if (size > kSmallMax && have > kSmallMax && size <= have && size > have / 2) return block;
    if (have > kSmallMax && size > have && ExtendLarge(block, size)) return block;
  }
  void* moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(have, size));
  Free(block);
  return moved;
}

// A run of at least `count` units: the first of the smallest bin that surely fits, else what fits in the bin below, else untouched units.
uint32_t Arena::TakeRun(uint32_t count) {
  constexpr int kProbesMax = 16;
  const uint32_t own_bin = static_cast<uint32_t>(std::bit_width(count)) - 1;
  uint32_t found = kNone;
  int probes = 0;
  for (uint32_t run = own_bin < kBins ? state_.free_runs[own_bin] : kNone; run != kNone && probes < kProbesMax;
       run = units_[run].next, ++probes) {
    if (units_[run].count >= count) {
      found = run;
      break;
    }
  }
  for (uint32_t bin = own_bin + 1; found == kNone && bin < kBins; ++bin) found = state_.free_runs[bin];
  if (found == kNone) {
    if (units_max_ - state_.units_touched < count) return kNone;
    found = state_.units_touched;
    state_.units_touched += count;
    return found;
  }
  state_.free_units_kept -= std::min(state_.free_units_kept, count);
  const uint32_t have = units_[found].count;
  UnlinkFree(found);
  if (have > count) LinkFree(found + count, have - count);
  return found;
}

void Arena::GiveRun(uint32_t first, uint32_t count) {
  if (count >= kUnitsToReturn && state_.free_units_kept + count > kFreeUnitsKept) {
    madvise(UnitAddress(first), static_cast<size_t>(count) * kUnit, MADV_DONTNEED);
  } else {
    state_.free_units_kept += count;
  }
  if (first + count < state_.units_touched && units_[first + count].kind == Kind::kFree) {
    const uint32_t right = first + count;
    count += units_[right].count;
    UnlinkFree(right);
  }
  if (first > 0 && units_[first - 1].kind == Kind::kFree) {
    const uint32_t left = units_[first - 1].first;
    count += units_[left].count;
    first = left;
    UnlinkFree(left);
  }
  LinkFree(first, count);
}

void Arena::LinkFree(uint32_t first, uint32_t count) {
  const uint32_t bin = static_cast<uint32_t>(std::bit_width(count)) - 1;
  Unit& unit = units_[first];
  unit.kind = Kind::kFree;
  unit.first = first;
  unit.count = count;
  unit.prev = kNone;
  unit.next = state_.free_runs[bin];
  if (unit.next != kNone) units_[unit.next].prev = first;
  state_.free_runs[bin] = first;
  Unit& last = units_[first + count - 1];
  last.kind = Kind::kFree;
  last.first = first;
}

void Arena::UnlinkFree(uint32_t first) {
  Unit& unit = units_[first];
  if (unit.prev != kNone) {
    units_[unit.prev].next = unit.next;
  } else {
    state_.free_runs[static_cast<uint32_t>(std::bit_width(unit.count)) - 1] = unit.next;
  }
  if (unit.next != kNone) units_[unit.next].prev = unit.prev;
  // Neighbours must not take what becomes an inner unit for the end of a free run.
  units_[first + unit.count - 1].kind = Kind::kInner;
  unit.kind = Kind::kInner;
}

void Arena::LinkSlab(uint32_t slab) {
  Unit& unit = units_[slab];
  uint32_t& head = state_.partial[unit.size_class];
  unit.prev = kNone;
  unit.next = head;
  if (head != kNone) units_[head].prev = slab;
  head = slab;
}

void Arena::UnlinkSlab(uint32_t slab) {
  Unit& unit = units_[slab];
  if (unit.prev != kNone) {
    units_[unit.prev].next = unit.next;
  } else {
    state_.partial[unit.size_class] = unit.next;
  }
  if (unit.next != kNone) units_[unit.next].prev = unit.prev;
  unit.next = unit.prev = kNone;
}

}  // namespace edge::js
