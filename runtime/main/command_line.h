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

enum class Verb : uint8_t { kServe, kBuild, kInit, kSim, kReplay, kObjects, kKv, kCron, kBackup, kRestore, kCheck, kHelp, kVersion };

struct Command {
  Verb verb = Verb::kServe;
  std::string directory;                 // empty: the folder the user stands in
  std::vector<std::string> directories;  // serve, sim, replay: all that were named, that one first
  // serve
  std::string host = "127.0.0.1";
  uint16_t port = 8787;
  enum class Mode : uint8_t { kProduction, kDevelopment } mode = Mode::kProduction;
  std::string environment;      // --env
  bool test_scheduled = false;  // --test-scheduled: /cdn-cgi/handler/scheduled runs the scheduled handler
  std::string record;           // --record: where requests are recorded; empty: nowhere
  enum class Secrets : uint8_t { kRedacted, kRecorded } secrets = Secrets::kRedacted;
  std::string admin_host;                                                         // --admin: where /metrics is; empty: nowhere
  uint16_t admin_port = 0;                                                        // 0: any free one
  enum class LogFormat : uint8_t { kText, kJson } log_format = LogFormat::kText;  // --log
  std::string state;  // --state: the data directory, also of objects, backup, restore, check; empty: DIR/.edge/state
  // build
  std::string output;  // --out: where the bundle is put; empty: the cache under DIR/.edge. Of objects export and backup: what is written
  // objects, restore
  enum class ObjectsVerb : uint8_t { kList, kExport, kImport, kDelete, kStats } objects_verb = ObjectsVerb::kList;
  std::string object_class;  // --class
  std::string object_id;     // --id
  std::string input;         // --from: what is imported or restored
  bool json = false;         // --json, of objects stats and kv list
  // kv, cron
  enum class KvVerb : uint8_t { kNone, kGet, kPut, kDelete, kList } kv_verb = KvVerb::kNone;
  std::string kv_namespace;  // --namespace: its id
  std::string key;           // --key; of kv list --prefix
  std::string value;         // --value
  bool value_given = false;
  uint32_t ttl_s = 0;     // --ttl; 0: none
  std::string cron;       // --cron: the expression; empty: the only one
  std::string worker;     // --worker; empty: the only one with cron expressions
  bool cron_run = false;  // `edge cron run` was said
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
