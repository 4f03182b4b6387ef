#include "runtime/main/command_line.h"

#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace edge::cli {
namespace {

absl::Status Usage(std::string_view what) {
  std::string text(what);
  return absl::InvalidArgumentError(text.append("\nTry: edge help"));
}

std::optional<Verb> VerbOf(std::string_view word) {
  if (word == "serve") return Verb::kServe;
  if (word == "build") return Verb::kBuild;
  if (word == "init") return Verb::kInit;
  if (word == "sim") return Verb::kSim;
  if (word == "replay") return Verb::kReplay;
  if (word == "objects") return Verb::kObjects;
  if (word == "kv") return Verb::kKv;
  if (word == "cron") return Verb::kCron;
  if (word == "backup") return Verb::kBackup;
  if (word == "restore") return Verb::kRestore;
  if (word == "check") return Verb::kCheck;
  if (word == "help") return Verb::kHelp;
  if (word == "version") return Verb::kVersion;
  return std::nullopt;
}

// Verbs that are planned: naming one is not a mistake of the user's.
bool IsPlanned(std::string_view word) {
  for (const std::string_view planned : {"test", "queues", "d1", "r2", "workflows", "conformance"}) {
    if (word == planned) return true;
  }
  return false;
}

// The words with "--flag=value" taken apart.
class Words {
 public:
  explicit Words(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const size_t equals = word.find('=');
      if (word.starts_with("--") && equals != std::string::npos) {
        words_.push_back(word.substr(0, equals));
        words_.push_back(word.substr(equals + 1));
      } else {
        words_.push_back(word);
      }
    }
  }

  bool done() const { return at_ == words_.size(); }
  const std::string& Next() { return words_[at_++]; }
  // The value of the flag that was read last.
  absl::StatusOr<std::string> Value(std::string_view flag) {
    if (done()) return Usage(std::string(flag) + " needs a value");
    return words_[at_++];
  }

 private:
  std::vector<std::string> words_;
  size_t at_ = 0;
};

absl::StatusOr<uint16_t> ParsePort(const std::string& text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size())
    return Usage("--port must be a number from 0 to 65535, not \"" + text + "\"");
  return port;
}

absl::StatusOr<uint64_t> ParseNumber(std::string_view flag, const std::string& text, uint64_t lowest) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < lowest) {
    return Usage(std::string(flag) + " must be a whole number of at least " + std::to_string(lowest) + ", not \"" + text + "\"");
  }
  return number;
}

// Reads the value of the flag into a member.
absl::Status Take(std::string_view flag, Words& words, std::string& member) {
  EDGE_ASSIGN_OR_RETURN(member, words.Value(flag));
  return absl::OkStatus();
}

template <typename Number>
absl::Status TakeNumber(std::string_view flag, Words& words, uint64_t lowest, Number& member) {
  EDGE_ASSIGN_OR_RETURN(const std::string text, words.Value(flag));
  EDGE_ASSIGN_OR_RETURN(const uint64_t number, ParseNumber(flag, text, lowest));
  if (number > std::numeric_limits<Number>::max()) return Usage(std::string(flag) + " is too large: " + text);
  member = static_cast<Number>(number);
  return absl::OkStatus();
}

// "127.0.0.1:9090", "[::1]:9090"; a port alone is of 127.0.0.1.
absl::Status ParseAdmin(Words& words, Command& command) {
  std::string text;
  EDGE_RETURN_IF_ERROR(Take("--admin", words, text));
  const size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), command.admin_port);
  if (host.empty() || error != std::errc() || end != port.data() + port.size()) {
    return Usage("--admin must be an address like 127.0.0.1:9090, not \"" + text + "\"");
  }
  command.admin_host = std::move(host);
  return absl::OkStatus();
}

absl::Status ParseLogFormat(Words& words, Command& command) {
  std::string name;
  EDGE_RETURN_IF_ERROR(Take("--log", words, name));
  if (name != "text" && name != "json") return Usage("--log must be text or json, not \"" + name + "\"");
  command.log_format = name == "json" ? Command::LogFormat::kJson : Command::LogFormat::kText;
  return absl::OkStatus();
}

absl::Status UnknownFlag(const std::string& flag) { return Usage("unknown flag " + flag); }

absl::Status ParseServeFlag(const std::string& flag, Words& words, Command& command) {
  if (flag == "--state") return Take(flag, words, command.state);
  if (flag == "--host") return Take(flag, words, command.host);
  if (flag == "--port") {
    EDGE_ASSIGN_OR_RETURN(const std::string text, words.Value(flag));
    EDGE_ASSIGN_OR_RETURN(command.port, ParsePort(text));
    return absl::OkStatus();
  }
  if (flag == "--dev") {
    command.mode = Command::Mode::kDevelopment;
    return absl::OkStatus();
  }
  if (flag == "--env") return Take(flag, words, command.environment);
  if (flag == "--record") {
    EDGE_RETURN_IF_ERROR(Take(flag, words, command.record));
    if (command.record.empty()) return Usage("--record needs the name of a file");
    return absl::OkStatus();
  }
  if (flag == "--admin") return ParseAdmin(words, command);
  if (flag == "--log") return ParseLogFormat(words, command);
  if (flag == "--test-scheduled") {
    command.test_scheduled = true;
    return absl::OkStatus();
  }
  if (flag == "--record-secrets") {
    command.secrets = Command::Secrets::kRecorded;
    return absl::OkStatus();
  }
  return UnknownFlag(flag);
}

absl::Status ParseBuildFlag(const std::string& flag, Words& words, Command& command) {
  if (flag == "--env") return Take(flag, words, command.environment);
  if (flag == "--out") return Take(flag, words, command.output);
  return UnknownFlag(flag);
}

absl::Status ParseOperateFlag(const std::string& flag, Words& words, Command& command) {
  if (flag == "--state") return Take(flag, words, command.state);
  const bool objects = command.verb == Verb::kObjects;
  if (flag == "--out" && (objects || command.verb == Verb::kBackup)) return Take(flag, words, command.output);
  if (flag == "--from" && (objects || command.verb == Verb::kRestore)) return Take(flag, words, command.input);
  if (flag == "--class" && objects) return Take(flag, words, command.object_class);
  if (flag == "--id" && objects) return Take(flag, words, command.object_id);
  if (flag == "--json" && objects) {
    command.json = true;
    return absl::OkStatus();
  }
  return UnknownFlag(flag);
}

absl::Status ParseServicesFlag(const std::string& flag, Words& words, Command& command) {
  if (flag == "--state") return Take(flag, words, command.state);
  if (command.verb == Verb::kCron) {
    if (flag == "--cron") return Take(flag, words, command.cron);
    if (flag == "--worker") return Take(flag, words, command.worker);
    return UnknownFlag(flag);
  }
  if (flag == "--namespace") return Take(flag, words, command.kv_namespace);
  if (flag == "--key" || flag == "--prefix") return Take(flag, words, command.key);
  if (flag == "--value") {
    command.value_given = true;
    return Take(flag, words, command.value);
  }
  if (flag == "--from") return Take(flag, words, command.input);
  if (flag == "--ttl") return TakeNumber(flag, words, 60, command.ttl_s);
  if (flag == "--json") {
    command.json = true;
    return absl::OkStatus();
  }
  return UnknownFlag(flag);
}

std::optional<Command::KvVerb> KvVerbOf(std::string_view word) {
  if (word == "get") return Command::KvVerb::kGet;
  if (word == "put") return Command::KvVerb::kPut;
  if (word == "delete") return Command::KvVerb::kDelete;
  if (word == "list") return Command::KvVerb::kList;
  return std::nullopt;
}

std::optional<Command::ObjectsVerb> ObjectsVerbOf(std::string_view word) {
  if (word == "list") return Command::ObjectsVerb::kList;
  if (word == "export") return Command::ObjectsVerb::kExport;
  if (word == "import") return Command::ObjectsVerb::kImport;
  if (word == "delete") return Command::ObjectsVerb::kDelete;
  if (word == "stats") return Command::ObjectsVerb::kStats;
  return std::nullopt;
}

absl::Status ParseContract(Words& words, sim::SimOptions& sim) {
  std::string name;
  EDGE_RETURN_IF_ERROR(Take("--contract", words, name));
  if (name != "cloudflare" && name != "edge") return Usage("--contract must be cloudflare or edge, not \"" + name + "\"");
  sim.contract = name == "edge" ? sim::Contract::kEdge : sim::Contract::kCloudflare;
  return absl::OkStatus();
}

absl::Status ParsePlan(Words& words, sim::SimOptions& sim) {
  std::string name;
  EDGE_RETURN_IF_ERROR(Take("--faults", words, name));
  if (name == "swarm") {
    sim.plan = sim::FaultOptions::Plan::kSwarm;
  } else if (name == "none") {
    sim.plan = sim::FaultOptions::Plan::kNone;
  } else if (name == "all") {
    sim.plan = sim::FaultOptions::Plan::kAll;
  } else {
    return Usage("--faults must be swarm, none or all, not \"" + name + "\"");
  }
  return absl::OkStatus();
}

// What sim and replay have in common.
absl::Status ParseWorldFlag(const std::string& flag, Words& words, Command& command) {
  sim::SimOptions& sim = command.sim;
  if (flag == "--scenario") return Take(flag, words, sim.scenario_file);
  if (flag == "--requests") return Take(flag, words, sim.requests_file);
  if (flag == "--contract") return ParseContract(words, sim);
  if (flag == "--faults") return ParsePlan(words, sim);
  if (flag == "--turns-max") return TakeNumber(flag, words, 1, sim.turns_max);
  if (flag == "--env") return Take(flag, words, command.environment);
  if (flag == "--json") {
    sim.json = true;
    return absl::OkStatus();
  }
  return UnknownFlag(flag);
}

absl::Status ParseSimFlag(const std::string& flag, Words& words, Command& command) {
  sim::SimOptions& sim = command.sim;
  if (flag == "--seeds") return TakeNumber(flag, words, 1, sim.seeds);
  if (flag == "--first-seed") return TakeNumber(flag, words, 0, sim.first_seed);
  if (flag == "--jobs") return TakeNumber(flag, words, 1, sim.jobs);
  if (flag == "--out") return Take(flag, words, sim.output);
  if (flag == "--journal") return Take(flag, words, sim.part.journal);
  bool* const member = flag == "--fail-fast" ? &sim.stop_at_failure
                       : flag == "--part"    ? &sim.part.is_part
                       : flag == "--hashes"  ? &sim.part.hashes
                                             : nullptr;
  if (member != nullptr) {
    *member = true;
    return absl::OkStatus();
  }
  if (flag == "--no-shrink") {
    sim.shrinks = false;
    return absl::OkStatus();
  }
  return ParseWorldFlag(flag, words, command);
}

absl::Status ParseReplayFlag(const std::string& flag, Words& words, Command& command) {
  sim::SimOptions& sim = command.sim;
  if (flag == "--seed") {
    uint64_t seed = 0;
    EDGE_RETURN_IF_ERROR(TakeNumber(flag, words, 0, seed));
    sim.seed = seed;
    return absl::OkStatus();
  }
  if (flag == "--trace") return Take(flag, words, sim.trace_file);
  if (flag == "--until") return TakeNumber(flag, words, 1, sim.until_event);
  if (flag == "--bundle") return Take(flag, words, sim.bundle);
  if (flag == "--scenario-hash") return Take(flag, words, sim.scenario_hash);
  if (flag == "--model") return Take(flag, words, sim.model);
  if (flag == "--all") {
    sim.every_event = true;
    return absl::OkStatus();
  }
  return ParseWorldFlag(flag, words, command);
}

absl::Status ParseFlag(const std::string& flag, Words& words, Command& command) {
  switch (command.verb) {
    case Verb::kServe:
      return ParseServeFlag(flag, words, command);
    case Verb::kBuild:
      return ParseBuildFlag(flag, words, command);
    case Verb::kSim:
      return ParseSimFlag(flag, words, command);
    case Verb::kReplay:
      return ParseReplayFlag(flag, words, command);
    case Verb::kObjects:
    case Verb::kBackup:
    case Verb::kRestore:
    case Verb::kCheck:
      return ParseOperateFlag(flag, words, command);
    case Verb::kKv:
    case Verb::kCron:
      return ParseServicesFlag(flag, words, command);
    case Verb::kInit:
    case Verb::kHelp:
    case Verb::kVersion:
      break;
  }
  return UnknownFlag(flag);
}

std::string_view NameOf(Verb verb) {
  switch (verb) {
    case Verb::kServe:
      return "serve";
    case Verb::kBuild:
      return "build";
    case Verb::kInit:
      return "init";
    case Verb::kSim:
      return "sim";
    case Verb::kReplay:
      return "replay";
    case Verb::kObjects:
      return "objects";
    case Verb::kKv:
      return "kv";
    case Verb::kCron:
      return "cron";
    case Verb::kBackup:
      return "backup";
    case Verb::kRestore:
      return "restore";
    case Verb::kCheck:
      return "check";
    case Verb::kHelp:
    case Verb::kVersion:
      break;
  }
  return "";
}

absl::Status CheckObjects(const Command& command) {
  if (command.objects_verb == Command::ObjectsVerb::kStats) {
    if (command.object_class.empty() && command.object_id.empty()) return absl::OkStatus();
    return Usage("edge objects stats counts all objects: it takes neither --class nor --id");
  }
  if (command.json) return Usage("--json goes with edge objects stats");
  if (command.objects_verb == Command::ObjectsVerb::kList) return absl::OkStatus();
  if (command.object_class.empty() || command.object_id.empty()) return Usage("which object? name it with --class NAME --id HEX");
  if (command.objects_verb == Command::ObjectsVerb::kExport && command.output.empty()) return Usage("edge objects export needs --out FILE");
  if (command.objects_verb == Command::ObjectsVerb::kImport && command.input.empty()) return Usage("edge objects import needs --from FILE");
  return absl::OkStatus();
}

absl::Status CheckKv(const Command& command) {
  using KvVerb = Command::KvVerb;
  if (command.kv_verb == KvVerb::kNone) return Usage("edge kv get, put, delete or list?");
  if (command.kv_namespace.empty()) return Usage("which namespace? name it with --namespace ID, the id of the wrangler file");
  const bool put = command.kv_verb == KvVerb::kPut;
  if (command.kv_verb != KvVerb::kList && command.key.empty()) return Usage("which key? name it with --key KEY");
  if (put && command.value_given == !command.input.empty()) return Usage("edge kv put needs --value TEXT or --from FILE");
  if (!put && (command.value_given || !command.input.empty() || command.ttl_s != 0)) {
    return Usage("--value, --from and --ttl go with edge kv put");
  }
  if (command.json && command.kv_verb != KvVerb::kList) return Usage("--json goes with edge kv list");
  return absl::OkStatus();
}

// What only the whole command line shows.
absl::Status CheckTogether(const Command& command) {
  if (command.verb == Verb::kObjects) return CheckObjects(command);
  if (command.verb == Verb::kKv) return CheckKv(command);
  if (command.verb == Verb::kCron && !command.cron_run) return Usage("edge cron run runs a cron trigger now");
  if (command.verb == Verb::kBackup && command.output.empty()) return Usage("edge backup needs --out FOLDER");
  if (command.verb == Verb::kRestore && command.input.empty()) return Usage("edge restore needs --from FOLDER");
  if (command.verb == Verb::kInit && command.directory.empty()) return Usage("edge init needs the folder to write into");
  if (command.verb == Verb::kServe && command.secrets == Command::Secrets::kRecorded && command.record.empty()) {
    return Usage("--record-secrets goes with --record FILE");
  }
  if (command.verb == Verb::kReplay && command.sim.seed.has_value() == !command.sim.trace_file.empty()) {
    return Usage(command.sim.seed.has_value() ? "edge replay takes --seed or --trace, not both"
                                              : "edge replay needs --seed N or --trace FILE");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Command> ParseCommandLine(const std::vector<std::string>& arguments) {
  Command command;
  Words words(arguments);
  bool verb_given = false;
  bool objects_verb_given = false;
  while (!words.done()) {
    const std::string word = words.Next();
    if (word == "--help" || word == "-h") {
      command.topic = verb_given ? std::string(NameOf(command.verb)) : std::string();
      command.verb = Verb::kHelp;
      return command;
    }
    if (word == "--version") {
      command.verb = Verb::kVersion;
      return command;
    }
    if (word.starts_with("--")) {
      EDGE_RETURN_IF_ERROR(ParseFlag(word, words, command));
      continue;
    }
    if (!verb_given && command.directory.empty()) {
      if (const std::optional<Verb> verb = VerbOf(word); verb.has_value()) {
        command.verb = *verb;
        verb_given = true;
        continue;
      }
      if (IsPlanned(word)) return Usage("`edge " + word + "` is not in this version yet");
    }
    if (command.verb == Verb::kHelp) {
      command.topic = word;
      continue;
    }
    if (command.verb == Verb::kObjects && !objects_verb_given && command.directory.empty()) {
      if (const auto verb = ObjectsVerbOf(word); verb.has_value()) {
        command.objects_verb = *verb;
        objects_verb_given = true;
        continue;
      }
    }
    if (command.verb == Verb::kKv && command.kv_verb == Command::KvVerb::kNone) {
      if (const auto verb = KvVerbOf(word); verb.has_value()) {
        command.kv_verb = *verb;
        continue;
      }
      return Usage("edge kv get, put, delete or list, not \"" + word + "\"");
    }
    if (command.verb == Verb::kCron && !command.cron_run) {
      if (word != "run") return Usage("edge cron run, not \"" + word + "\"");
      command.cron_run = true;
      continue;
    }
    const bool takes_several = command.verb == Verb::kServe || command.verb == Verb::kSim || command.verb == Verb::kReplay;
    if (!command.directory.empty() && !takes_several) return Usage("one folder at a time: what to do with \"" + word + "\"?");
    if (command.directory.empty()) command.directory = word;
    command.directories.push_back(word);
  }
  EDGE_RETURN_IF_ERROR(CheckTogether(command));
  command.sim.directories = command.directories;
  command.sim.environment = command.environment;
  return command;
}

}  // namespace edge::cli
