// Many random transactions on an image and on plain SQLite:
//   bazel run -c opt //storage/image:image_differential -- [transactions] [first seed]
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "storage/image/image_differential.h"

int main(int argc, char** argv) {
  using namespace edge::storage;
  const uint64_t transactions = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 50'000;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  DifferentialCounts counts;
  uint64_t mismatches = 0;
  while (counts.transactions < transactions) {
    const DifferentialResult result = RunDifferential({.seed = seed++, .transactions = 1000});
    counts += result.counts;
    if (result.mismatch.empty()) continue;
    ++mismatches;
    std::printf("%s\n", result.mismatch.c_str());
  }
  std::printf("%s%llu mismatches\n", Describe(counts).c_str(), static_cast<unsigned long long>(mismatches));
  return mismatches == 0 ? 0 : 1;
}
