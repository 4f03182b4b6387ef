// BacktrackStack: what a match returns to when it fails.
//
// Two sorts of entries interleave: choices (places to go on from) and restores (old values of slots, put back on the way). It lives on the
// heap, because a fiber's native stack is small and a pattern decides how deep this one gets, and it has a limit in bytes.
#ifndef EDGE_RUNTIME_REGEXP_BACKTRACK_STACK_H_
#define EDGE_RUNTIME_REGEXP_BACKTRACK_STACK_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "runtime/base/byte_count.h"

namespace edge::regexp {

class BacktrackStack {
 public:
  enum Kind : uint32_t { kChoice, kRestore, kGreedyRun, kLazyRun };

  struct Entry {
    uint32_t kind : 2;
    uint32_t target : 30;  // instruction, or slot of a restore
    int32_t a;             // choice: position; restore: value; greedy run: shortest end; lazy run: end
    int32_t b;             // greedy run: next end to try; lazy run: characters it may still take
  };

  explicit BacktrackStack(ByteCount limit) : capacity_max_(limit.bytes() / sizeof(Entry)) {}

  // False: the limit is reached, nothing was pushed.
  bool Push(Kind kind, uint32_t target, int32_t a, int32_t b = 0) {
    if (size_ == capacity_ && !Grow()) return false;
    entries_[size_++] = Entry{kind, target, a, b};
    return true;
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  Entry& top() { return entries_[size_ - 1]; }
  void Pop() { --size_; }
  void Clear() { size_ = 0; }

  // Removes the choices above `height` and keeps the restores of slots below `slots`: the path so far is settled, but going back beyond
  // it must still undo its captures.
  void Commit(size_t height, uint32_t slots) {
    size_t out = height;
    for (size_t i = height; i < size_; ++i) {
      if (entries_[i].kind == kRestore && entries_[i].target < slots) entries_[out++] = entries_[i];
    }
    size_ = out;
  }

  // Gives memory back after an unusually deep match.
  void Trim() {
    size_ = 0;
    if (capacity_ <= kKeptEntries) return;
    entries_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr size_t kFirstEntries = 64;
  static constexpr size_t kKeptEntries = 4096;

  bool Grow() {
    const size_t capacity = std::min(capacity_max_, std::max(kFirstEntries, capacity_ * 2));
    if (capacity <= size_) return false;
    auto entries = std::make_unique_for_overwrite<Entry[]>(capacity);
    if (size_ > 0) std::memcpy(entries.get(), entries_.get(), size_ * sizeof(Entry));
    entries_ = std::move(entries);
    capacity_ = capacity;
    return true;
  }

  const size_t capacity_max_;
  std::unique_ptr<Entry[]> entries_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace edge::regexp

#endif  // EDGE_RUNTIME_REGEXP_BACKTRACK_STACK_H_
