#include "tests/storage/crash_images.h"

#include <memory>
#include <span>

#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/virtual_time.h"
#include "sim/disk/crash_points.h"
#include "sim/disk/crash_strategy_testing.h"
#include "sim/oracle/seeded_strategy.h"
#include "tests/storage/platter_disk.h"

namespace edge {
namespace {

enum class Fate : uint8_t { kAllLost, kAllKept, kDrawn, kDrawnAgain, kCrashInRecovery, kProcessThenPower };
constexpr uint64_t kFates = 6;

class AllLost final : public sim::Strategy {
 public:
  int64_t Draw(const sim::DecisionPoint& point, sim::Key, const sim::Distribution& distribution) override {
    if (point.name == sim::kCrashFile.name) return static_cast<int64_t>(sim::FileFate::kLost);
    if (point.name == sim::kCrashNames.name) return static_cast<int64_t>(sim::NamesFate::kLost);
    return distribution.mildest();
  }
  size_t Pick(const sim::DecisionPoint&, std::span<const Candidate>) override { return 0; }
  std::string_view name() const override { return "all lost"; }
};

// Whether the look came to its end, and with what.
absl::Status Look(sim::Platter& platter, uint64_t cut, uint64_t image, bool seen_before, std::optional<uint64_t> stop_after,
                  absl::FunctionRef<absl::Status(const ImageView&)> verify) {
  VirtualWorld world;
  PlatterDisk disk(world.scheduler, platter);
  if (stop_after.has_value()) disk.StopAfter(*stop_after);
  absl::Status status;
  world.Run([&] { status = verify({world.scheduler, disk, cut, image, seen_before}); });
  return status;
}

}  // namespace

std::string BadImage::ToString() const { return StrCat("image ", image, ", cut at call ", cut, ": ", why.ToString()); }

std::optional<BadImage> FindBadImage(const Recording& recording, const CrashPlan& plan,
                                     absl::FunctionRef<absl::Status(const ImageView&)> verify) {
  const uint64_t calls = recording.calls.size();
  for (uint64_t image = 0; image < plan.images; ++image) {
    const uint64_t random = CombineHash(plan.seed, image);
    uint64_t cut = random % (calls + 1);
    if (!plan.focus.empty() && image % 2 == 1) {
      const auto& [from, to] = plan.focus[image / 2 % plan.focus.size()];
      cut = from + random % (to - from);
    }
    const auto fate = static_cast<Fate>(MixHash(random) % kFates);
    sim::Platter platter;
    recording.Play(cut, platter);

    std::unique_ptr<sim::Strategy> strategy;
    if (fate == Fate::kAllLost) {
      strategy = std::make_unique<AllLost>();
    } else if (fate == Fate::kAllKept) {
      strategy = std::make_unique<sim::SaidStrategy>();
    } else {
      strategy = std::make_unique<sim::SeededStrategy>(random);
    }
    sim::CrashWorld crash(*strategy);
    bool seen_before = false;
    if (fate == Fate::kProcessThenPower) {
      platter.ProcessCrash(crash.oracle, sim::ActorId::kWorld);
      if (absl::Status status = Look(platter, cut, image, false, std::nullopt, verify); !status.ok()) return BadImage{image, cut, status};
      seen_before = true;
    }
    platter.PowerLoss(crash.oracle, sim::ActorId::kWorld);
    if (fate == Fate::kCrashInRecovery) {
      (void)Look(platter, cut, image, false, MixHash(random + 1) % 40, verify);
      platter.PowerLoss(crash.oracle, sim::ActorId::kWorld);
    }
    if (absl::Status status = Look(platter, cut, image, seen_before, std::nullopt, verify); !status.ok())
      return BadImage{image, cut, status};
  }
  return std::nullopt;
}

}  // namespace edge
