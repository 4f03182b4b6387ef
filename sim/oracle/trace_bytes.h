// Writing and reading the bytes of a trace: little-endian numbers, varints, texts with their length.
//
// The reader never goes beyond its bytes: from the first thing that does not fit on it has failed, every further read gives zero, and
// `problem` says what was being read and where.
#ifndef EDGE_SIM_ORACLE_TRACE_BYTES_H_
#define EDGE_SIM_ORACLE_TRACE_BYTES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::sim {

class ByteWriter {
 public:
  void Fixed16(uint16_t value) { Fixed(value, 2); }
  void Fixed64(uint64_t value) { Fixed(value, 8); }
  void Varint(uint64_t value);
  // Small for small magnitudes of either sign.
  void Signed(int64_t value) { Varint(static_cast<uint64_t>(value) << 1 ^ (value < 0 ? UINT64_MAX : 0)); }
  void Text(std::string_view text);
  std::string Take() { return std::move(bytes_); }

 private:
  void Fixed(uint64_t value, int bytes);
  std::string bytes_;
};

class ByteReader {
 public:
  enum class Problem : uint8_t { kNone, kEndsEarly, kMalformed };

  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  uint16_t Fixed16() { return static_cast<uint16_t>(Fixed(2)); }
  uint64_t Fixed64() { return Fixed(8); }
  // Malformed if it is longer than 64 bits need.
  uint64_t Varint();
  int64_t Signed();
  // Malformed if longer than `bytes_max`.
  std::string Text(size_t bytes_max);
  void Fail(Problem problem);

  bool ok() const { return problem_ == Problem::kNone; }
  Problem problem() const { return problem_; }
  size_t position() const { return position_; }  // of the problem, if there is one
  size_t left() const { return bytes_.size() - position_; }

 private:
  uint64_t Fixed(int bytes);

  const std::string_view bytes_;
  size_t position_ = 0;
  Problem problem_ = Problem::kNone;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_TRACE_BYTES_H_
