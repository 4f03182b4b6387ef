// `edge sim`: thousands of seeded worlds of one application, in child processes, and a verdict.
//
//   load the application --> children run stretches of seeds --> failures by signature --> the first of each: shrink, story, trace,
//   timeline
//
// A sample of seeds is run twice by the children, and some in another process under another environment: a seed must be the same run
// anywhere.
#ifndef EDGE_SIM_MAIN_SIMULATE_H_
#define EDGE_SIM_MAIN_SIMULATE_H_

#include "runtime/fiber/event.h"
#include "runtime/node/seams.h"
#include "runtime/terminal/terminal.h"
#include "sim/main/options.h"

namespace edge::sim {

// Returns the exit code: 0 every seed passed, 1 a property failed, 2 the user's to mend (also: nothing was exercised), 3 a run diverged or
// an internal check failed. `stop` ends the search with what there is. MAY SUSPEND.
int Simulate(const Seams& seams, const SimOptions& options, cli::Terminal& terminal, edge::Event& stop);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_SIMULATE_H_
