// Random: the seam through which all entropy is drawn.
//
// A labelled Fork is an independent stream: drawing from it, or forking once more, moves no other stream, so that one more draw in one
// place of the program leaves every other place as it was. Versions: OsRandom (runtime/os; getrandom), SimRandom (sim).
#ifndef EDGE_RUNTIME_SEAM_RANDOM_H_
#define EDGE_RUNTIME_SEAM_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace edge {

// numerator/denominator, exact: no floating point in decisions.
struct Ratio {
  uint64_t numerator;
  uint64_t denominator;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t NextU64() = 0;
  // Uniform in [0, bound). REQUIRES: bound > 0.
  virtual uint64_t Below(uint64_t bound) = 0;
  // True with the given probability. REQUIRES: numerator <= denominator, denominator > 0.
  virtual bool Chance(Ratio ratio) = 0;
  // Cryptographic quality in production.
  virtual void Fill(std::span<std::byte> out) = 0;
  virtual std::unique_ptr<Random> Fork(std::string_view label) = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_RANDOM_H_
