// NativeMemory: an account of what the web objects of one isolate hold outside of its arena.
//
// Headers, URLs and bodies that are being received live in C++ strings; without an account a worker could fill the machine through them
// while its arena looks small. Each state carries a MemoryCharge, which gives its bytes back when the state dies.
#ifndef EDGE_RUNTIME_WEB_NATIVE_MEMORY_H_
#define EDGE_RUNTIME_WEB_NATIVE_MEMORY_H_

#include <cstddef>

namespace edge::web {

struct NativeMemory {
  size_t used_bytes = 0;
  size_t max_bytes = 64 * 1024 * 1024;

  bool IsOver() const { return used_bytes > max_bytes; }
};

// What one object has on the account. The account outlives it.
class MemoryCharge {
 public:
  explicit MemoryCharge(NativeMemory& memory) : memory_(&memory) {}
  ~MemoryCharge() { Set(0); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  void Set(size_t bytes) {
    memory_->used_bytes += bytes - bytes_;
    bytes_ = bytes;
  }
  size_t bytes() const { return bytes_; }
  NativeMemory& memory() const { return *memory_; }
  void Add(size_t bytes) { Set(bytes_ + bytes); }

 private:
  NativeMemory* memory_;
  size_t bytes_ = 0;
};

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_NATIVE_MEMORY_H_
