// Call: one request of a simulated client with all its attempts, and how it ended. The history of calls is what checks look at.
#ifndef EDGE_SIM_SCENARIO_CALL_H_
#define EDGE_SIM_SCENARIO_CALL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"
#include "sim/oracle/decision.h"
#include "sim/record/actor.h"

namespace edge::sim {

struct Attempt {
  // Names the attempt at the client and at the node: the CF-Ray header carries it.
  uint64_t ray = 0;
  Instant begin;
  Instant end;
  std::string node;   // host asked
  bool sent = false;  // something of it may have reached the node
  int status = 0;     // 0: no answer
  std::string error;  // why there is none
};

struct Call {
  Key key = 0;
  ActorId client = ActorId::kWorld;
  size_t operation = 0;  // index into the scenario's
  std::string method;
  std::string target;  // as sent
  std::vector<Attempt> attempts;
  enum class Outcome : uint8_t {
    kPending,
    kAcknowledged,  // answered with 2xx or 3xx
    kAnswered,      // with another status
    kUnknown,       // no answer, but it may have had its effect
    kNotSent,       // certainly without effect
  } outcome = Outcome::kPending;
  int status = 0;    // of the last answer
  std::string body;  // of the last answer
  enum class Phase : uint8_t { kSafety, kProbe } phase = Phase::kSafety;
  bool walked_away = false;  // a fault of the client: it did not wait for the answer
};

using History = std::vector<Call>;

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_CALL_H_
