// The data directory that a command means.
#ifndef EDGE_RUNTIME_MAIN_STATE_DIRECTORY_H_
#define EDGE_RUNTIME_MAIN_STATE_DIRECTORY_H_

#include <string>

#include "runtime/application/application.h"
#include "runtime/base/str_cat.h"
#include "runtime/main/command_line.h"
#include "runtime/node/seams.h"

namespace edge::cli {

// --state, else DIR/.edge/state; both below the folder the user stands in.
inline std::string StateDirectory(const Command& command, const Seams& seams) {
  const ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  return command.state.empty() ? StrCat(loader.Absolute(command.directory), "/.edge/state") : loader.Absolute(command.state);
}

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_STATE_DIRECTORY_H_
