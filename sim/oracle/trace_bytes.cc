#include "sim/oracle/trace_bytes.h"

namespace edge::sim {

void ByteWriter::Fixed(uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
}

void ByteWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
  bytes_.push_back(static_cast<char>(value));
}

void ByteWriter::Text(std::string_view text) {
  Varint(text.size());
  bytes_.append(text);
}

void ByteReader::Fail(Problem problem) {
  if (ok()) problem_ = problem;
}

uint64_t ByteReader::Fixed(int bytes) {
  if (!ok()) return 0;
  if (left() < static_cast<size_t>(bytes)) {
    Fail(Problem::kEndsEarly);
    return 0;
  }
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= uint64_t{static_cast<unsigned char>(bytes_[position_++])} << (8 * i);
  return value;
}

uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; ok(); shift += 7) {
    const uint64_t byte = Fixed(1);
    if (shift == 63 && byte > 1) Fail(Problem::kMalformed);
    if (!ok()) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return 0;
}

int64_t ByteReader::Signed() {
  const uint64_t value = Varint();
  return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::string ByteReader::Text(size_t bytes_max) {
  const uint64_t size = Varint();
  if (size > bytes_max) Fail(Problem::kMalformed);
  if (ok() && size > left()) Fail(Problem::kEndsEarly);
  if (!ok()) return {};
  std::string text(bytes_.substr(position_, size));
  position_ += size;
  return text;
}

}  // namespace edge::sim
