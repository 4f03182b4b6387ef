// `edge serve`: one node in production.
#ifndef EDGE_RUNTIME_MAIN_SERVE_H_
#define EDGE_RUNTIME_MAIN_SERVE_H_

#include "runtime/fiber/event.h"
#include "runtime/main/command_line.h"
#include "runtime/node/seams.h"
#include "runtime/terminal/terminal.h"

namespace edge::cli {

// Exit codes (design section 9).
inline constexpr int kExitFine = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 3;

// Serves until `stop` is set; returns the exit code. MAY SUSPEND.
int Serve(const Command& command, const Seams& seams, Terminal& terminal, Event& stop);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_SERVE_H_
