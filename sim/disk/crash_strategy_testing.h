// For tests of what a crash does to a disk: an oracle whose answers a test says, point by point; everything else is the mildest.
#ifndef EDGE_SIM_DISK_CRASH_STRATEGY_TESTING_H_
#define EDGE_SIM_DISK_CRASH_STRATEGY_TESTING_H_

#include <functional>
#include <map>
#include <string>

#include "runtime/fiber/virtual_time.h"
#include "sim/disk/crash_points.h"
#include "sim/oracle/oracle.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/record/recorder.h"

namespace edge::sim {

class SaidStrategy final : public Strategy {
 public:
  void Say(const DecisionPoint& point, int64_t value) {
    answers_[std::string(point.name)] = [value] { return value; };
  }
  void Ask(const DecisionPoint& point, std::function<int64_t()> answer) { answers_[std::string(point.name)] = std::move(answer); }

  int64_t Draw(const DecisionPoint& point, Key, const Distribution& distribution) override {
    const auto found = answers_.find(std::string(point.name));
    return found == answers_.end() ? distribution.mildest() : distribution.Clamp(found->second());
  }
  size_t Pick(const DecisionPoint&, std::span<const Candidate>) override { return 0; }
  std::string_view name() const override { return "said"; }

 private:
  std::map<std::string, std::function<int64_t()>> answers_;
};

// Another strategy, with torn sectors where it has garbage: what a reference can judge byte by byte.
class NoGarbage final : public Strategy {
 public:
  explicit NoGarbage(Strategy& inner) : inner_(inner) {}
  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
    const int64_t value = inner_.Draw(point, key, distribution);
    return point.name == kCrashSector.name && value == static_cast<int64_t>(SectorFate::kGarbage) ? static_cast<int64_t>(SectorFate::kHead)
                                                                                                  : value;
  }
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override { return inner_.Pick(point, candidates); }
  std::string_view name() const override { return inner_.name(); }

 private:
  Strategy& inner_;
};

// An oracle by itself.
struct CrashWorld {
  CrashWorld() : oracle(strategy, recorder) {}
  explicit CrashWorld(Strategy& other) : oracle(other, recorder) {}

  VirtualTime time;
  Recorder recorder{time, Keep::kHash};
  SaidStrategy strategy;
  Oracle oracle;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_CRASH_STRATEGY_TESTING_H_
