// `edge serve`: one node in production.
#ifndef EDGE_RUNTIME_MAIN_SERVE_H_
#define EDGE_RUNTIME_MAIN_SERVE_H_

#include "net/network.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/main/command_line.h"
#include "runtime/main/terminal.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/clock.h"
#include "runtime/seam/process.h"
#include "runtime/seam/random.h"
#include "storage/disk.h"

namespace edge::cli {

// The seams of a node, all borrowed.
struct Seams {
  Scheduler& scheduler;
  Clock& clock;
  Network& network;
  Disk& disk;
  Random& random;
  Process& process;
  Adversary& adversary;
};

// Exit codes (design section 9).
inline constexpr int kExitFine = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 3;

// Serves until `stop` is set; returns the exit code. MAY SUSPEND.
int Serve(const Command& command, const Seams& seams, Terminal& terminal, Event& stop);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_SERVE_H_
