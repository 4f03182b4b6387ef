// `edge replay`: one simulated world again, event by event.
#ifndef EDGE_SIM_MAIN_REPLAY_H_
#define EDGE_SIM_MAIN_REPLAY_H_

#include "runtime/node/seams.h"
#include "runtime/terminal/terminal.h"
#include "sim/main/options.h"

namespace edge::sim {

// Returns the exit code: 0 the run passed, 1 it failed, 2 the user's to mend (a mismatch), 3 it did not end. MAY SUSPEND.
int Replay(const Seams& seams, const SimOptions& options, cli::Terminal& terminal);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_REPLAY_H_
