// OsRandom: the kernel's random numbers, fetched in small batches.
//
// Bytes are wiped as they are handed out. Every object, and so every fork, draws from the kernel by itself: streams are independent.
#ifndef EDGE_RUNTIME_OS_RANDOM_H_
#define EDGE_RUNTIME_OS_RANDOM_H_

#include <array>
#include <cstddef>

#include "runtime/seam/random.h"

namespace edge {

class OsRandom final : public Random {
 public:
  uint64_t NextU64() override;
  uint64_t Below(uint64_t bound) override;
  bool Chance(Ratio ratio) override;
  void Fill(std::span<std::byte> out) override;
  std::unique_ptr<Random> Fork(std::string_view label) override;

 private:
  std::array<std::byte, 512> buffer_;
  size_t used_ = sizeof(buffer_);  // bytes of buffer_ handed out
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_RANDOM_H_
