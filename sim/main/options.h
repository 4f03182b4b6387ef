// SimOptions: what the user asks of `edge sim` and `edge replay`.
#ifndef EDGE_SIM_MAIN_OPTIONS_H_
#define EDGE_SIM_MAIN_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/fault/faults.h"

namespace edge::sim {

// Of this program: what a trace was made with.
inline constexpr char kEdgeVersion[] = "edge 0.1.0";

struct SimOptions {
  // The workers of the application, the first of which gets the requests; empty: the folder the user stands in, else the example.
  std::vector<std::string> directories;
  std::string environment;    // --env
  std::string scenario_file;  // --scenario; empty: edge.sim.json in the folder, else a scenario of routes
  std::string requests_file;  // --requests: a recording

  // edge sim
  uint64_t first_seed = 1;       // --first-seed
  uint64_t seeds = 1000;         // --seeds
  uint32_t jobs = 0;             // --jobs; 0: as many as there are processors
  bool stop_at_failure = false;  // --fail-fast
  bool shrinks = true;           // --no-shrink
  bool json = false;             // --json
  std::string output;            // --out: for traces and timelines; empty: DIR/.edge/sim

  // both
  Contract contract = Contract::kCloudflare;             // --contract
  FaultOptions::Plan plan = FaultOptions::Plan::kSwarm;  // --faults swarm|none|all
  uint64_t turns_max = 0;                                // --turns-max; 0: the default limit

  // edge replay
  std::optional<uint64_t> seed;  // --seed
  std::string trace_file;        // --trace
  uint64_t until_event = 0;      // --until; 0: to the end
  bool every_event = false;      // --all: turns and decisions too
  std::string bundle;            // --bundle: hash that the application must have; empty: any
  std::string scenario_hash;     // --scenario-hash, likewise
  std::string model;             // --model: fault model version, likewise

  // A part of the seeds, run by a child of `edge sim`.
  struct Part {
    bool is_part = false;           // --part
    uint64_t milliseconds_max = 0;  // ends early after this much host time; 0: never
    bool hashes = false;            // reports the hash of every seed
    std::string journal;            // writes the journal of its only seed into this file
  } part;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_OPTIONS_H_
