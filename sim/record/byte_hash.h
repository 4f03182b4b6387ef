// ByteHash: the hash of what crosses a seam, quick enough to run over every byte of every run.
//
// StableHash (runtime/base/hash.h) mixes eight bytes in a dozen dependent cycles; this multiplies sixteen at once and keeps both halves of
// the product. The values are the same on every machine and are compared between processes, never stored in a trace: a version of edge may
// change them. Not for keys that an attacker chooses.
#ifndef EDGE_SIM_RECORD_BYTE_HASH_H_
#define EDGE_SIM_RECORD_BYTE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace edge::sim {

// All 128 bits of the product, folded.
constexpr uint64_t FoldHash(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t ByteHash(std::string_view bytes) {
  constexpr uint64_t kA = 0xa0761d6478bd642f;
  constexpr uint64_t kB = 0xe7037ed1a0b428db;
  constexpr uint64_t kC = 0x8ebc6af09c88c6e3;
  const auto load8 = [](const char* at) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    return word;
  };
  const auto load4 = [](const char* at) {
    uint32_t word = 0;
    std::memcpy(&word, at, 4);
    return static_cast<uint64_t>(word);
  };
  const auto load1 = [](const char* at) { return static_cast<uint64_t>(static_cast<unsigned char>(*at)); };

  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t hash = kC ^ bytes.size();
  for (; left > 16; at += 16, left -= 16) hash = FoldHash(load8(at) ^ kA, load8(at + 8) ^ hash);
  // The last 1 to 16 bytes in two words that may overlap: every byte is in one of them, and the length is in the seed.
  uint64_t head = 0;
  uint64_t tail = 0;
  if (left >= 8) {
    head = load8(at);
    tail = load8(at + left - 8);
  } else if (left >= 4) {
    head = load4(at);
    tail = load4(at + left - 4);
  } else if (left > 0) {
    head = load1(at) | load1(at + left / 2) << 8 | load1(at + left - 1) << 16;
  }
  hash = FoldHash(head ^ kA, tail ^ hash);
  return FoldHash(hash ^ kB, kC);
}

}  // namespace edge::sim

#endif  // EDGE_SIM_RECORD_BYTE_HASH_H_
