// RunScenario: one seeded world from start to verdict.
//
//   build the world, start the nodes
//     --> safety phase: clients ask, faults strike, nodes crash and restart
//     --> heal: nothing strikes any more, partitions end, nodes are started again
//     --> liveness phase: whatever was pending must end within ScenarioLimits::liveness; every operation is asked for once more
//     --> nodes stop gracefully --> checks
#ifndef EDGE_SIM_SCENARIO_RUN_H_
#define EDGE_SIM_SCENARIO_RUN_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "runtime/worker/worker_code.h"
#include "sim/report/journal.h"
#include "sim/scenario/checks.h"
#include "sim/scenario/scenario.h"
#include "sim/world.h"

namespace edge::sim {

// What is run; the same for all seeds. Borrowed where it says so.
struct RunSubject {
  worker::WorkerCodes codes;  // every node runs all of them; the first gets the requests
  Scenario scenario;
  NodeTamper::Factory tamper;                 // for tests; null: none
  worker::IsolateNursery* nursery = nullptr;  // borrowed; warm isolates; null: every start is cold
};

struct RunOptions {
  Contract contract = Contract::kCloudflare;
  FaultOptions::Plan plan = FaultOptions::Plan::kSwarm;
  std::vector<const FaultSite*> only;  // Plan::kOnly
  Keep keep = Keep::kHash;
  uint64_t stop_at_event = 0;  // 0: run to the end
  WorldLimits limits;
};

struct OperationCount {
  uint64_t calls = 0;
  uint64_t answered = 0;  // with a status below 404 or between 405 and 499: the route exists
  uint64_t acknowledged = 0;
};

struct RunResult {
  // OK: the run came to its end and `failure` is the verdict. kResourceExhausted: a limit of the world (livelock, too long), named.
  // kDeadlineExceeded: everything waits for ever. kCancelled: stopped at stop_at_event. kInvalidArgument: the worker does not start.
  absl::Status status;
  std::optional<Violation> failure;

  uint64_t hash = 0;
  uint64_t events = 0;
  uint64_t turns = 0;
  Duration virtual_time;
  std::array<uint64_t, kFaultFamilies> faults = {};
  std::map<std::string_view, uint64_t> sites;  // how often which fault has struck
  std::vector<Decision> decisions;
  std::vector<OperationCount> operations;   // by index of the scenario's
  uint64_t requests = 0;                    // calls made
  uint64_t safety_requests = 0;             // ... of them before healing
  uint64_t entered = 0;                     // events that reached the worker's handler
  worker::EntryPoints entry_points;         // what the worker exports ...
  std::map<std::string, uint64_t> entries;  // ... and how often events entered, by handler

  std::vector<uint64_t> checkpoints;
  std::vector<Actor> actors;
  std::vector<Event> journal;  // Keep::kJournal
  Instant start;               // of the world

  // Borrows from this result.
  JournalView View() const { return {actors, journal, start, events, hash}; }
};

// Called from the loop's own stack or from a fiber of another scheduler. Deterministic: the same subject, options and strategy give the
// same result.
RunResult RunScenario(const RunSubject& subject, const RunOptions& options, Strategy& strategy);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_RUN_H_
