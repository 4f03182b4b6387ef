// FaultSite: one thing that may go wrong, at one kind of place.
//
// Every site is a row of the fault model (model.h, sim/README.md). A strike is decided at each opportunity ("this write": does it reset
// the connection?); an episode has a beginning and an end and is decided when the run's plan is made ("node1 is down from +12 s to +15 s").
// Each choice about a site has a decision point of its own whose name contains the site's, so that a trace can be read, and a shrinker can
// take away a whole family by the names alone.
#ifndef EDGE_SIM_FAULT_SITE_H_
#define EDGE_SIM_FAULT_SITE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/time.h"
#include "runtime/seam/random.h"
#include "sim/oracle/decision.h"

namespace edge::sim {

enum class FaultFamily : uint8_t { kNetwork, kDisk, kProcess, kClock, kPlatform, kObject, kWebSocket, kKv, kQueue, kService, kClient };
inline constexpr size_t kFaultFamilies = 11;
// "network", "disk" ...: also what the names of its sites begin with.
std::string_view NameOf(FaultFamily family);

// What must still hold when it strikes.
enum class FaultClass : uint8_t {
  kMustSurvive,  // nobody may notice more than a delay
  kMayError,     // a call may fail with an error; nothing acknowledged is lost
  kMayLose,      // what was not acknowledged may be gone
};
// "must-survive", "may-error", "may-lose"
std::string_view NameOf(FaultClass fault_class);

// Whose contract permits it (design: contract profiles). kCloudflare permits everything that the platform may do; kEdge only what this
// runtime itself does.
enum class Contract : uint8_t { kCloudflare, kEdge };
// "cloudflare", "edge"
std::string_view NameOf(Contract contract);

struct FaultSite {
  DecisionPoint point;  // "network.reset_before"; kFault: whether this strike, or this episode, takes place
  FaultFamily family;
  FaultClass fault_class;
  enum class Shape : uint8_t { kStrike, kEpisode } shape;
  enum class AllowedBy : uint8_t {
    kBoth,
    kCloudflareOnly,
    kOnRequest,  // by no contract: only where FaultOptions::on_request names it
  } allowed_by;
  Ratio rate;              // kStrike: chance per opportunity inside a window
  Duration shortest;       // kEpisode
  Duration longest;        // kEpisode
  std::string_view story;  // what happened, in plain words, after the actor's name: "lost the connection before the request arrived"
  std::string_view holds;  // what must still hold; a cell of the table in sim/README.md

  // The other choices about it.
  DecisionPoint active;     // "plan.site.X", kPlan: whether this run has it
  DecisionPoint window;     // "plan.window.X", kPlan: kStrike: whether the n-th window exists
  DecisionPoint intensity;  // "plan.intensity.X", kPlan: kStrike: often or rarely inside its windows
  DecisionPoint begin;      // "X.begin", kDelay: where in the safety phase a window or an episode lies
  DecisionPoint length;     // "X.length", kDelay: of a window, an episode, a strike's trouble
  DecisionPoint detail;     // "X.detail", kValue: whom it hits, how many bytes arrive

  size_t index;  // in AllFaultSites()

  std::string_view name() const { return point.name; }
};

}  // namespace edge::sim

#endif  // EDGE_SIM_FAULT_SITE_H_
