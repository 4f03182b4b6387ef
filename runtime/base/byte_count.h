// ByteCount: a number of bytes, so that a limit in a ...Limits struct says its unit.
#ifndef EDGE_RUNTIME_BASE_BYTE_COUNT_H_
#define EDGE_RUNTIME_BASE_BYTE_COUNT_H_

#include <compare>
#include <cstddef>
#include <cstdint>

namespace edge {

class ByteCount {
 public:
  constexpr ByteCount() = default;
  static constexpr ByteCount Bytes(uint64_t n) { return ByteCount(n); }
  static constexpr ByteCount KiB(uint64_t n) { return ByteCount(n << 10); }
  static constexpr ByteCount MiB(uint64_t n) { return ByteCount(n << 20); }
  static constexpr ByteCount GiB(uint64_t n) { return ByteCount(n << 30); }

  constexpr uint64_t bytes() const { return bytes_; }

  constexpr auto operator<=>(const ByteCount&) const = default;
  friend constexpr ByteCount operator+(ByteCount a, ByteCount b) { return ByteCount(a.bytes_ + b.bytes_); }

 private:
  explicit constexpr ByteCount(uint64_t bytes) : bytes_(bytes) {}
  uint64_t bytes_ = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_BYTE_COUNT_H_
