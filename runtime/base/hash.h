// A small 64-bit hash whose value never changes: causal keys, seeds and recorded decisions are made of it.
//
// absl::Hash is seeded per process and std::hash differs between libraries; a run must hash alike on every machine and in every
// version. Not cryptographic, not for keys an attacker chooses. Changing a constant here breaks every recorded trace.
#ifndef EDGE_RUNTIME_BASE_HASH_H_
#define EDGE_RUNTIME_BASE_HASH_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace edge {

// Every input bit moves every output bit (the finaliser of SplitMix64).
constexpr uint64_t MixHash(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Order matters: CombineHash(a, b) != CombineHash(b, a).
constexpr uint64_t CombineHash(uint64_t a, uint64_t b) { return MixHash(a * 0xd6e8feb86659fd93u ^ MixHash(b)); }

// Reads little-endian, like every machine edge runs on.
inline uint64_t StableHash(std::string_view text) {
  uint64_t hash = 0x2545f4914f6cdd1du ^ text.size();
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = MixHash(hash ^ word);
  }
  uint64_t tail = 0;
  for (size_t i = 0; i < left; ++i) tail |= static_cast<uint64_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return MixHash(hash ^ tail);
}

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_HASH_H_
