#include "sim/network/character.h"

#include <array>

namespace edge::sim {
namespace {

constexpr DecisionPoint kLatencyPoint("network.latency", DecisionKind::kDelay);
constexpr DecisionPoint kJitterPoint("network.jitter", DecisionKind::kDelay);
constexpr DecisionPoint kSegmentsPoint("network.segments", DecisionKind::kDelay);
constexpr DecisionPoint kReadsPoint("network.reads", DecisionKind::kDelay);
constexpr DecisionPoint kWindowPoint("network.window", DecisionKind::kDelay);
constexpr DecisionPoint kBandwidthPoint("network.bandwidth", DecisionKind::kDelay);

constexpr int64_t kNanosecondsPerMicrosecond = 1'000;
constexpr int64_t kLatencyMin = 50 * kNanosecondsPerMicrosecond;
constexpr int64_t kLatencyMax = 50'000 * kNanosecondsPerMicrosecond;
constexpr int64_t kJitterMax = 10'000 * kNanosecondsPerMicrosecond;

// A trait with few values: the first is the mildest.
template <size_t N>
struct Choice {
  std::array<uint32_t, N> weights;
  std::array<uint32_t, N> values;
};

constexpr Choice<5> kSegmentBytes = {{16, 4, 2, 1, 1}, {UINT32_MAX, 1460, 100, 7, 1}};
constexpr Choice<4> kReadBytes = {{12, 2, 1, 1}, {UINT32_MAX, 1000, 11, 1}};
// No smaller than what two real systems hold between them: a protocol may rely on that much.
constexpr Choice<4> kWindowBytes = {{12, 3, 2, 1}, {256 << 10, 64 << 10, 16 << 10, 8 << 10}};
constexpr Choice<4> kNanosecondsPerByte = {{12, 2, 1, 1}, {0, 10, 100, 400}};

template <size_t N>
uint32_t DrawChoice(Oracle& oracle, const DecisionPoint& point, ActorId actor, Key key, const Choice<N>& choice) {
  return choice.values[static_cast<size_t>(oracle.Draw(point, actor, key, Distribution::Weighted(choice.weights)))];
}

}  // namespace

Character Character::Draw(Oracle& oracle, ActorId actor, Key key) {
  Character character;
  character.latency = oracle.DrawDuration(kLatencyPoint, actor, key, Distribution::Tail(kLatencyMin, kLatencyMax));
  character.jitter_max = oracle.DrawDuration(kJitterPoint, actor, key, Distribution::Tail(0, kJitterMax));
  character.segment_bytes_max = DrawChoice(oracle, kSegmentsPoint, actor, key, kSegmentBytes);
  character.read_bytes_max = DrawChoice(oracle, kReadsPoint, actor, key, kReadBytes);
  character.window_bytes = DrawChoice(oracle, kWindowPoint, actor, key, kWindowBytes);
  character.nanoseconds_per_byte = DrawChoice(oracle, kBandwidthPoint, actor, key, kNanosecondsPerByte);
  return character;
}

}  // namespace edge::sim
