#include "sim/machine/sim_random.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kStream("random.stream", DecisionKind::kValue);

}  // namespace

SimRandom::SimRandom(Oracle& oracle, Recorder& recorder, ActorId actor, Key incarnation)
    : SimRandom(
          recorder, actor,
          CombineHash(incarnation, static_cast<uint64_t>(oracle.Draw(kStream, actor, incarnation, Distribution::Uniform(0, INT64_MAX))))) {}

void SimRandom::Record(uint64_t value) {
  recorder_.Record({.kind = EventKind::kRandom, .actor = actor_, .label = "random", .key = stream_, .value = static_cast<int64_t>(value)});
}

uint64_t SimRandom::NextU64() {
  const uint64_t value = Draw();
  Record(value);
  return value;
}

uint64_t SimRandom::Below(uint64_t bound) {
  EDGE_CHECK(bound > 0);
  // The high half of a product, drawn again where that would favour small values.
  unsigned __int128 product = static_cast<unsigned __int128>(Draw()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t unfair = -bound % bound;
    while (static_cast<uint64_t>(product) < unfair) product = static_cast<unsigned __int128>(Draw()) * bound;
  }
  const auto value = static_cast<uint64_t>(product >> 64);
  Record(value);
  return value;
}

bool SimRandom::Chance(Ratio ratio) {
  EDGE_CHECK(ratio.denominator > 0 && ratio.numerator <= ratio.denominator);
  return Below(ratio.denominator) < ratio.numerator;
}

void SimRandom::Fill(std::span<std::byte> out) {
  if (out.empty()) return;
  for (size_t at = 0; at < out.size(); at += 8) {
    const uint64_t word = Draw();
    std::memcpy(out.data() + at, &word, std::min<size_t>(8, out.size() - at));
  }
  recorder_.Absorb(std::string_view(reinterpret_cast<const char*>(out.data()), out.size()));
  Record(out.size());
}

std::unique_ptr<Random> SimRandom::Fork(std::string_view label) {
  return std::unique_ptr<Random>(new SimRandom(recorder_, actor_, CombineHash(stream_, ~StableHash(label))));
}

}  // namespace edge::sim
