// The command line: words to a Command, with errors that say what to do.
#ifndef EDGE_RUNTIME_MAIN_COMMAND_LINE_H_
#define EDGE_RUNTIME_MAIN_COMMAND_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/main/options.h"

namespace edge::cli {

enum class Verb : uint8_t { kServe, kBuild, kInit, kSim, kReplay, kHelp, kVersion };

struct Command {
  Verb verb = Verb::kServe;
  std::string directory;  // empty: the folder the user stands in
  // serve
  std::string host = "127.0.0.1";
  uint16_t port = 8787;
  enum class Mode : uint8_t { kProduction, kDevelopment } mode = Mode::kProduction;
  std::string environment;  // --env
  std::string record;       // --record: where requests are recorded; empty: nowhere
  enum class Secrets : uint8_t { kRedacted, kRecorded } secrets = Secrets::kRedacted;
  // build
  std::string output;  // --out: where the bundle is put; empty: the cache under DIR/.edge
  // sim, replay
  sim::SimOptions sim;  // its directory and environment are those above
  // help
  std::string topic;
};

// `words` are the arguments without the program's name. kInvalidArgument: what is wrong and how to find help; exit code 2.
absl::StatusOr<Command> ParseCommandLine(const std::vector<std::string>& words);

// The text of `edge help [TOPIC]`.
std::string HelpText(std::string_view topic);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_COMMAND_LINE_H_
