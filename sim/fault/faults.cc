#include "sim/fault/faults.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kKindPoint("plan.kind", DecisionKind::kPlan);
constexpr DecisionPoint kSinglePoint("plan.single", DecisionKind::kPlan);
constexpr DecisionPoint kFamilyPoints[kFaultFamilies] = {
    {"plan.family.network", DecisionKind::kPlan},   {"plan.family.disk", DecisionKind::kPlan},
    {"plan.family.process", DecisionKind::kPlan},   {"plan.family.clock", DecisionKind::kPlan},
    {"plan.family.platform", DecisionKind::kPlan},  {"plan.family.object", DecisionKind::kPlan},
    {"plan.family.websocket", DecisionKind::kPlan}, {"plan.family.kv", DecisionKind::kPlan},
    {"plan.family.queue", DecisionKind::kPlan},     {"plan.family.service", DecisionKind::kPlan},
    {"plan.family.client", DecisionKind::kPlan},
};
constexpr DecisionPoint kStormPoint("plan.storm", DecisionKind::kPlan);
constexpr DecisionPoint kStormBeginPoint("plan.storm.begin", DecisionKind::kDelay);
constexpr DecisionPoint kOperationsPoint("plan.operations", DecisionKind::kPlan);
constexpr DecisionPoint kOmitPoint("plan.operations.omit", DecisionKind::kPlan);
constexpr DecisionPoint kKeepPoint("plan.operations.keep", DecisionKind::kPlan);

// plan.kind
constexpr int64_t kNone = 0;
constexpr int64_t kSingle = 1;
constexpr uint32_t kKindWeights[] = {10, 20, 70};

constexpr Ratio kHalf = {1, 2};
// The first always, because an active site without a window is none.
constexpr Ratio kWindowSlots[] = {{1, 1}, {1, 2}, {1, 4}};
constexpr Ratio kEpisodeSlots[] = {{3, 4}, {1, 2}, {1, 4}};
// plan.intensity: an index into these.
constexpr uint32_t kIntensityWeights[] = {3, 1};
constexpr uint64_t kIntensities[] = {1, 4};

Ratio Multiplied(Ratio rate, uint64_t factor) { return {std::min(rate.numerator * factor, rate.denominator), rate.denominator}; }

// Never by chance, but a recorded strike is honoured anywhere (Distribution::Clamp).
constexpr Ratio kOutsideOfWindows = {1, 1'000'000'000'000'000};
// Within a storm the first bursts begin within this part of the phase from each other.
constexpr int64_t kStormShare = 20;
constexpr int64_t kVictims = 1 << 20;

template <typename T>
bool Has(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

struct Faults::Plan {
  struct Window {
    Instant begin;
    Instant end;
  };
  struct Site {
    bool active = false;
    std::vector<Window> windows;
    Ratio rate = {0, 1};
    uint64_t strikes = 0;
  };

  std::array<bool, kFaultFamilies> families = {};  // swarm only
  std::vector<Site> sites = std::vector<Site>(AllFaultSites().size());
  std::vector<Episode> episodes;
  std::optional<Instant> storm;
  std::vector<bool> operations;  // empty until the first question
};

Faults::Faults(Oracle& oracle, Recorder& recorder, const Clock& clock, Instant start, const FaultOptions& options)
    : oracle_(oracle), recorder_(recorder), clock_(clock), start_(start), options_(options), plan_(std::make_unique<Plan>()) {
  EDGE_CHECK(!options.safety_phase.IsInfinite() && options.safety_phase >= Duration::Zero());
  if (options_.safety_phase.ToMilliseconds() > 0) DrawPlan();
  std::stable_sort(plan_->episodes.begin(), plan_->episodes.end(), [](const Episode& a, const Episode& b) { return a.begin < b.begin; });
}

Faults::~Faults() = default;

bool Faults::Allows(const FaultSite& site) const {
  if (Has(options_.families_off, site.family)) return false;
  switch (site.allowed_by) {
    case FaultSite::AllowedBy::kBoth:
      return true;
    case FaultSite::AllowedBy::kCloudflareOnly:
      return options_.contract == Contract::kCloudflare;
    case FaultSite::AllowedBy::kOnRequest:
      return Has(options_.on_request, &site);
  }
  return false;
}

void Faults::DrawPlan() {
  const bool swarm = options_.plan == FaultOptions::Plan::kSwarm;
  int64_t kind = kNone;
  int64_t single = 0;
  if (swarm) {
    kind = oracle_.Draw(kKindPoint, ActorId::kWorld, 0, Distribution::Weighted(kKindWeights));
    if (kind == kNone) return;
    if (kind == kSingle) {
      // Index 0, the mildest, is no site at all and never drawn.
      std::vector<uint32_t> weights = {0};
      for (const FaultSite* const site : AllFaultSites()) weights.push_back(Allows(*site) ? 1 : 0);
      if (std::count(weights.begin(), weights.end(), 1u) == 0) return;
      single = oracle_.Draw(kSinglePoint, ActorId::kWorld, 0, Distribution::Weighted(weights));
    }
    if (oracle_.Chance(kStormPoint, ActorId::kWorld, 0, {1, 3})) {
      const int64_t milliseconds =
          oracle_.Draw(kStormBeginPoint, ActorId::kWorld, 0, Distribution::Uniform(0, options_.safety_phase.ToMilliseconds()));
      plan_->storm = start_ + Duration::Milliseconds(milliseconds);
    }
  }
  if (swarm && kind != kSingle) {
    for (size_t i = 0; i < kFaultFamilies; ++i) plan_->families[i] = oracle_.Chance(kFamilyPoints[i], ActorId::kWorld, 0, kHalf);
  }
  for (const FaultSite* const site : AllFaultSites()) {
    if (!DrawActive(*site, kind, single)) continue;
    plan_->sites[site->index].active = true;
    if (site->shape == FaultSite::Shape::kEpisode) {
      DrawEpisodes(*site);
    } else {
      DrawWindows(*site);
    }
  }
}

bool Faults::DrawActive(const FaultSite& site, int64_t kind, int64_t single) {
  if (!Allows(site)) return false;
  switch (options_.plan) {
    case FaultOptions::Plan::kNone:
      return false;
    case FaultOptions::Plan::kAll:
      return true;
    case FaultOptions::Plan::kOnly:
      return Has(options_.only, &site);
    case FaultOptions::Plan::kSwarm:
      break;
  }
  if (kind == kSingle) return static_cast<int64_t>(site.index) + 1 == single;
  return plan_->families[static_cast<size_t>(site.family)] && oracle_.Chance(site.active, ActorId::kWorld, 0, kHalf);
}

Instant Faults::DrawBegin(const FaultSite& site, uint64_t slot, Duration shortest) {
  const int64_t last = std::max<int64_t>(0, (options_.safety_phase - shortest).ToMilliseconds());
  const int64_t drawn = oracle_.Draw(site.begin, ActorId::kWorld, slot, Distribution::Uniform(0, last));
  if (!plan_->storm.has_value() || slot > 0) return start_ + Duration::Milliseconds(drawn);
  return std::min(*plan_->storm + Duration::Milliseconds(drawn / kStormShare), start_ + Duration::Milliseconds(last));
}

void Faults::DrawWindows(const FaultSite& site) {
  Plan::Site& planned = plan_->sites[site.index];
  const Duration phase = options_.safety_phase;

  if (options_.plan != FaultOptions::Plan::kSwarm) {
    planned.rate = options_.rate.value_or(Multiplied(site.rate, kIntensities[1]));
    planned.windows.push_back({start_, start_ + phase});
    return;
  }
  const int64_t intensity = oracle_.Draw(site.intensity, ActorId::kWorld, 0, Distribution::Weighted(kIntensityWeights));
  planned.rate = Multiplied(site.rate, kIntensities[intensity]);
  const Duration shortest = phase / 60;
  for (uint64_t slot = 0; slot < std::size(kWindowSlots); ++slot) {
    if (!oracle_.Chance(site.window, ActorId::kWorld, slot, kWindowSlots[slot])) continue;
    const Instant begin = DrawBegin(site, slot, shortest);
    const int64_t milliseconds =
        oracle_.Draw(site.length, ActorId::kWorld, slot, Distribution::Uniform(shortest.ToMilliseconds(), (phase / 8).ToMilliseconds()));
    planned.windows.push_back({begin, std::min(begin + Duration::Milliseconds(milliseconds), start_ + phase)});
  }
}

void Faults::DrawEpisodes(const FaultSite& site) {
  const bool swarm = options_.plan == FaultOptions::Plan::kSwarm;
  const Instant end_of_phase = start_ + options_.safety_phase;
  const Duration shortest = std::min(site.shortest, options_.safety_phase);
  for (uint64_t slot = 0; slot < std::size(kEpisodeSlots); ++slot) {
    if (!oracle_.Chance(site.point, ActorId::kWorld, slot, swarm ? kEpisodeSlots[slot] : Ratio{1, 1})) continue;
    const Instant begin = DrawBegin(site, slot, shortest);
    const int64_t milliseconds =
        oracle_.Draw(site.length, ActorId::kWorld, slot,
                     Distribution::Tail(shortest.ToMilliseconds(), std::min(site.longest, options_.safety_phase).ToMilliseconds()));
    const int64_t pick = oracle_.Draw(site.detail, ActorId::kWorld, slot, Distribution::Uniform(0, kVictims - 1));
    plan_->episodes.push_back({.site = &site,
                               .key = CombineHash(StableHash(site.name()), slot),
                               .begin = begin,
                               .end = std::min(begin + Duration::Milliseconds(milliseconds), end_of_phase),
                               .pick = static_cast<uint64_t>(pick)});
  }
}

bool Faults::Strikes(const FaultSite& site, ActorId actor, Key key, ActorId peer) {
  EDGE_CHECK(site.index < plan_->sites.size() && AllFaultSites()[site.index] == &site) << site.name() << " is not in the table";
  EDGE_CHECK(site.shape == FaultSite::Shape::kStrike) << site.name() << " is an episode: the world begins it";
  Plan::Site& planned = plan_->sites[site.index];
  if (!planned.active || healed_) return false;
  const Instant now = clock_.Now();
  if (now < start_ || now > start_ + options_.safety_phase) return false;
  if (options_.plan == FaultOptions::Plan::kSwarm && planned.strikes >= options_.strikes_per_site_max) return false;
  Ratio rate = kOutsideOfWindows;
  for (const Plan::Window& window : planned.windows) {
    if (now >= window.begin && now < window.end) rate = planned.rate;
  }
  if (!oracle_.Chance(site.point, actor, key, rate)) return false;
  ++planned.strikes;
  Record(site, actor, key, peer);
  return true;
}

void Faults::Record(const FaultSite& site, ActorId actor, Key key, ActorId peer) {
  ++injected_[static_cast<size_t>(site.family)];
  struck_.push_back({&site, clock_.Now(), clock_.Now()});
  recorder_.Record({.kind = EventKind::kFault, .actor = actor, .peer = peer, .label = site.name(), .key = key, .value = 1});
}

Duration Faults::LengthOf(const FaultSite& site, ActorId actor, Key key, Duration longest) {
  return Duration::Microseconds(
      oracle_.Draw(site.length, actor, key, Distribution::Tail(0, std::max<int64_t>(0, longest.ToMicroseconds()))));
}

uint64_t Faults::ShapeOf(const FaultSite& site, ActorId actor, Key key, uint64_t bound) {
  EDGE_CHECK(bound > 0 && bound <= INT64_MAX);
  return static_cast<uint64_t>(oracle_.Draw(site.detail, actor, key, Distribution::Uniform(0, static_cast<int64_t>(bound - 1))));
}

const std::vector<Episode>& Faults::episodes() const { return plan_->episodes; }

void Faults::Began(const Episode& episode, ActorId victim, ActorId peer) {
  Record(*episode.site, victim, episode.key, peer);
  struck_.back().end = episode.end;
}

bool Faults::IsActive(const FaultSite& site) const { return plan_->sites[site.index].active; }

bool Faults::UsesOperation(size_t operation, size_t of_operations) {
  EDGE_CHECK(operation < of_operations);
  std::vector<bool>& used = plan_->operations;
  if (used.empty()) {
    used.assign(of_operations, true);
    if (options_.plan != FaultOptions::Plan::kAll && oracle_.Chance(kOperationsPoint, ActorId::kWorld, 0, {2, 3})) {
      for (size_t i = 0; i < of_operations; ++i) used[i] = !oracle_.Chance(kOmitPoint, ActorId::kWorld, i, kHalf);
      if (std::find(used.begin(), used.end(), true) == used.end()) {
        const int64_t kept =
            oracle_.Draw(kKeepPoint, ActorId::kWorld, 0, Distribution::Uniform(0, static_cast<int64_t>(of_operations) - 1));
        used[static_cast<size_t>(kept)] = true;
      }
    }
  }
  EDGE_CHECK(used.size() == of_operations) << of_operations << " operations, " << used.size() << " in an earlier question";
  return used[operation];
}

}  // namespace edge::sim
