#include "runtime/fiber/stack_pool.h"

#include <sys/mman.h>

#include <algorithm>

#include "runtime/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace edge {
namespace {

constexpr size_t kPage = StackPool::kPageBytes;
constexpr size_t kStacksPerSlab = 64;
// A stack whose use reached this far down is trimmed when it comes back...
constexpr size_t kDeepBytes = 64 << 10;
// ... to this much, which ordinary fibers touch anyway.
constexpr size_t kKeptBytes = 16 << 10;
// Where it is looked for: few, because each is a line of memory that nobody else needs.
constexpr size_t kDeepMarks = 4;
constexpr int kMadviseGuardInstall = 102;  // MADV_GUARD_INSTALL, newer than Debian 12's headers

size_t RoundUpToPages(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

StackPool::StackPool(ByteCount stack, size_t pooled_max, Guards guards)
    : stack_bytes_(RoundUpToPages(std::max<size_t>(stack.bytes(), 4 * kPage))),
      slot_bytes_((kGuardBytes + stack_bytes_) | kPage),
      pooled_max_(pooled_max),
      markers_(guards == Guards::kBest && MarkersWork()) {
  warm_.reserve(pooled_max_);
}

StackPool::~StackPool() {
  EDGE_CHECK(out_ == 0) << out_ << " stacks still in use";
  for (char* slab : slabs_) munmap(slab, kStacksPerSlab * slot_bytes_);
}

bool StackPool::MarkersWork() {
  void* probe = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return false;
  const bool works = madvise(probe, kPage, kMadviseGuardInstall) == 0;
  munmap(probe, kPage);
  return works;
}

bool StackPool::Grow(size_t count) {
  while (total_ < count) {
    void* mapped =
        mmap(nullptr, kStacksPerSlab * slot_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) return false;
    char* const slab = static_cast<char*>(mapped);
    // One touched page must not become two megabytes.
    madvise(slab, kStacksPerSlab * slot_bytes_, MADV_NOHUGEPAGE);
    slabs_.push_back(slab);
    total_ += kStacksPerSlab;
    for (size_t i = kStacksPerSlab; i-- > 0;) fresh_.push_back(slab + i * slot_bytes_ + kGuardBytes);
  }
  cold_.reserve(total_);
  return true;
}

bool StackPool::Guard(char* low) {
  char* const guard = low - kGuardBytes;
  const bool guarded = markers_ ? madvise(guard, kGuardBytes, kMadviseGuardInstall) == 0
                                : guarded_ < kProtectedPagesMax && mprotect(guard, kGuardBytes, PROT_NONE) == 0;
  if (guarded) {
    ++guarded_;
    guarded_max_ = std::max(guarded_max_, guarded_);
    return true;
  }
  guarded_max_ = guarded_;
  return false;
}

char* StackPool::Take() {
  ++out_;
  if (!warm_.empty()) {
    char* low = warm_.back();
    warm_.pop_back();
    return low;
  }
  if (!cold_.empty()) {
    char* low = cold_.back();
    cold_.pop_back();
    return low;
  }
  EDGE_CHECK(!fresh_.empty()) << "no stack reserved; " << out_ << " of " << total_ << " are out";
  char* low = fresh_.back();
  fresh_.pop_back();
  if (!Guard(low)) out_without_guard_.push_back(low);
  return low;
}

// Looks for non-zero words in one page at the deep mark. Looking at a page that was never written costs no memory (the system maps its one
// zero page there); a deep use that leaves just these words zero is missed, which costs some memory and nothing else.
#if defined(__SANITIZE_ADDRESS__)
__attribute__((no_sanitize("address")))
#endif
bool StackPool::WasUsedDeeply(const char* low) const {
  if (stack_bytes_ <= kDeepBytes) return false;
  const auto* page = reinterpret_cast<const volatile size_t*>(low + stack_bytes_ - kDeepBytes);
  size_t any = 0;
  for (size_t i = 0; i < kPage / sizeof(size_t); i += kPage / sizeof(size_t) / kDeepMarks) any |= page[i];
  return any != 0;
}

void StackPool::Release(char* low) {
  EDGE_CHECK(out_ > 0);
  --out_;
#if defined(__SANITIZE_ADDRESS__)
  // The fiber's outermost frame never returned; its red zones are still marked.
  ASAN_UNPOISON_MEMORY_REGION(low, stack_bytes_);
#endif
  if (!out_without_guard_.empty() && std::erase(out_without_guard_, low) > 0) {
    madvise(low - kGuardBytes, kGuardBytes + stack_bytes_, MADV_DONTNEED);
    fresh_.push_back(low);
    return;
  }
  if (warm_.size() < pooled_max_) {
    if (WasUsedDeeply(low)) madvise(low, stack_bytes_ - kKeptBytes, MADV_DONTNEED);
    warm_.push_back(low);
    return;
  }
  madvise(low, stack_bytes_, MADV_DONTNEED);
  cold_.push_back(low);
}

}  // namespace edge
