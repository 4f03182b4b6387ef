// `edge objects`, `edge backup`, `edge restore`, `edge check`: an operator's commands on a data directory.
#ifndef EDGE_RUNTIME_MAIN_OPERATE_H_
#define EDGE_RUNTIME_MAIN_OPERATE_H_

#include "runtime/main/command_line.h"
#include "runtime/node/seams.h"
#include "runtime/terminal/terminal.h"

namespace edge::cli {

// Runs one of those verbs; returns the exit code. MAY SUSPEND.
int OperateState(const Command& command, const Seams& seams, Terminal& terminal);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_OPERATE_H_
