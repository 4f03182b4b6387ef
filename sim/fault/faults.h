// Faults: what may go wrong in this run, and whether it does here and now.
//
// The fault model is a table of sites (model.h; the same table is in sim/README.md). For each run a plan is drawn at three levels
// (swarm): about a tenth of the runs have no faults, a fifth have one single site, the others a subset of families, of their sites, and of
// the workload's operations. Within an active site faults are mostly episodic: they strike often inside a few windows of virtual time and
// next to never outside, because real trouble comes in bursts; in a third of the runs the first bursts fall together. After Heal nothing
// strikes any more.
//
//   plan (swarm) --> active sites, windows --> Strikes(site, actor, key)?  --> the seam does it --> Recorder (kFault), counted by family
//                                         '--> Episodes(): partition, slow disk, pause, crash ... begun and ended by the world
//
// The mildest plan has no faults, and each decision that is taken back turns exactly one thing off: plan.kind everything, plan.family.X a
// family, plan.site.X a site, X a strike or an episode. A window only makes strikes likely: a recorded strike strikes without it, so that
// a shrinker can pull a run together in time and keep its faults.
#ifndef EDGE_SIM_FAULT_FAULTS_H_
#define EDGE_SIM_FAULT_FAULTS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/seam/clock.h"
#include "sim/fault/site.h"
#include "sim/oracle/oracle.h"
#include "sim/record/recorder.h"

namespace edge::sim {

struct FaultOptions {
  Contract contract = Contract::kCloudflare;
  Duration safety_phase = Duration::Seconds(60);  // windows and episodes lie inside; finite
  enum class Plan : uint8_t {
    kSwarm,
    kNone,
    kAll,   // every site that the contract allows, during the whole safety phase: for tests
    kOnly,  // the same, of the sites in `only`
  } plan = Plan::kSwarm;
  std::vector<const FaultSite*> only;        // kOnly
  std::vector<FaultFamily> families_off;     // by the user's or scenario's wish
  std::vector<const FaultSite*> on_request;  // sites that no contract allows (AllowedBy::kOnRequest) and this run has all the same
  std::optional<Ratio> rate;                 // kAll, kOnly: instead of the sites' own
  // kSwarm: of one site in one run. A valve against traces without end in a world that does very much, and no part of the model: it counts
  // across things that have nothing to do with each other, so it lies far beyond what a run has that anybody reasons about.
  uint64_t strikes_per_site_max = 1'000;
};

// Trouble with a beginning and an end, decided when the plan is made.
struct Episode {
  const FaultSite* site = nullptr;
  Key key = 0;
  Instant begin;
  Instant end;
  uint64_t pick = 0;  // chooses the victim(s): the world takes it modulo what there is
};

class Faults {
 public:
  // All borrowed. Draws the plan. `start` is the beginning of the safety phase.
  Faults(Oracle& oracle, Recorder& recorder, const Clock& clock, Instant start, const FaultOptions& options);
  ~Faults();

  // Whether `site` strikes at this opportunity; if so it is recorded and counted. Never after Heal or the safety phase, nor for a site that
  // the contract forbids. Cheap when the site is off. REQUIRES: `site` is in the table and no episode.
  bool Strikes(const FaultSite& site, ActorId actor, Key key, ActorId peer = ActorId::kWorld);
  // How long the trouble of a strike lasts (recorded with it): mostly short, at most `longest`, in microseconds.
  Duration LengthOf(const FaultSite& site, ActorId actor, Key key, Duration longest);
  // A number in [0, bound) that shapes a strike: how many bytes arrive, which sector tears. REQUIRES: bound > 0.
  uint64_t ShapeOf(const FaultSite& site, ActorId actor, Key key, uint64_t bound);

  // Those of this run, by beginning. The world makes them happen and calls Began for each that does.
  const std::vector<Episode>& episodes() const;
  void Began(const Episode& episode, ActorId victim, ActorId peer = ActorId::kWorld);

  // Swarm, third level: whether this run's workload uses the operation (an index into the scenario's). At least one is in use.
  // REQUIRES: operation < of_operations, which is the same in every call.
  bool UsesOperation(size_t operation, size_t of_operations);

  // Whether the plan has the site at all, for reports.
  bool IsActive(const FaultSite& site) const;

  void Heal() { healed_ = true; }
  bool healed() const { return healed_; }
  const FaultOptions& options() const { return options_; }
  // Faults that struck and episodes that began, by family.
  const std::array<uint64_t, kFaultFamilies>& injected() const { return injected_; }
  // All of them in order: what may explain what somebody suffered. The trouble of a strike may last beyond it.
  struct Struck {
    const FaultSite* site;
    Instant begin;
    Instant end;  // of an episode; a strike's is its beginning
  };
  const std::vector<Struck>& struck() const { return struck_; }

 private:
  struct Plan;
  void DrawPlan();
  bool Allows(const FaultSite& site) const;
  bool DrawActive(const FaultSite& site, int64_t kind, int64_t single);
  void DrawWindows(const FaultSite& site);
  void DrawEpisodes(const FaultSite& site);
  Instant DrawBegin(const FaultSite& site, uint64_t slot, Duration shortest);
  void Record(const FaultSite& site, ActorId actor, Key key, ActorId peer);

  Oracle& oracle_;
  Recorder& recorder_;
  const Clock& clock_;
  const Instant start_;
  const FaultOptions options_;
  bool healed_ = false;
  std::array<uint64_t, kFaultFamilies> injected_ = {};
  std::vector<Struck> struck_;
  std::unique_ptr<Plan> plan_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_FAULT_FAULTS_H_
