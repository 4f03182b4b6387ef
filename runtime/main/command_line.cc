#include "runtime/main/command_line.h"

#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace edge::cli {
namespace {

constexpr char kGeneral[] = R"(edge runs applications written for Cloudflare Workers.

  edge [serve] [DIR]     serve the application in DIR (default: the folder you stand in; if it has no
                         wrangler file, the example that comes with edge)
  edge build [DIR]       bundle the application for a machine without Node
  edge init DIR          write a TypeScript starter into DIR
  edge sim [DIR]         run the application in thousands of simulated worlds with faults; what fails
                         is explained, shrunk and reproduced by one command
  edge replay [DIR]      run one simulated world again, event by event
  edge help [VERB]       this text, or the flags of one verb
  edge version

Exit codes: 0 fine, 1 a property failed, 2 usage or configuration, 3 an internal check failed.
)";

constexpr char kServe[] = R"(edge serve [DIR] [flags]

Serves the worker in DIR: a folder with wrangler.toml, wrangler.json or wrangler.jsonc, or a bundle made by `edge build`.

  --host ADDRESS   address to listen on (default 127.0.0.1)
  --port PORT      port to listen on (default 8787; 0: any free one)
  --env NAME       environment of the wrangler file
  --dev            show errors with their stacks in the browser
  --record FILE    append the requests served to FILE, for `edge sim --requests FILE` (docs/recording.md);
                   the values of Authorization and Cookie are left out
  --record-secrets record those too

Bundling needs Node 18 or newer on the PATH (EDGE_NODE names another); a built bundle needs none.
State and caches live in DIR/.edge. Ctrl-C or SIGTERM ends it after the requests in flight.
)";

constexpr char kBuild[] = R"(edge build [DIR] [flags]

Bundles and lowers the worker in DIR and prints the bundle's folder. `edge serve FOLDER` runs it without Node.

  --out FOLDER     where to put the bundle (default: DIR/.edge/cache/bundles/HASH)
  --env NAME       environment of the wrangler file
)";

constexpr char kInit[] = R"(edge init DIR

Writes a small TypeScript application into DIR, which must not exist or be empty.
)";

constexpr char kSim[] = R"(edge sim [DIR] [flags]

Runs the worker in DIR in simulated worlds: a virtual clock, network and disk, clients that retry, outside
services, and faults, all decided by a seed. A failure is shrunk to what matters and printed as a story with
the command that reproduces it. docs/simulation.md is the guide.

  --seeds N            how many worlds (default 1000)
  --first-seed N       the first seed (default 1)
  --jobs N             processes at a time (default: one per processor)
  --scenario FILE      clients, requests, outside services and checks (default: edge.sim.json in DIR)
  --requests FILE      requests recorded by `edge serve --record FILE`
                       (with neither: requests to the routes found in the bundle)
  --contract NAME      cloudflare: what the platform may do (default); edge: what this runtime does
  --faults NAME        swarm: each world its own choice of faults (default); none; all
  --fail-fast          stop at the first failure
  --no-shrink          do not shrink failures
  --out FOLDER         where traces and timelines go (default DIR/.edge/sim)
  --turns-max N        a world that takes more turns of its fibers than this is stuck (default 50,000,000)
  --json               one JSON object on standard output, nothing else
  --env NAME           environment of the wrangler file

Exit codes: 0 every seed passed; 1 a property failed; 2 usage, or no request ever reached the worker;
3 a world did not end, or a seed was not the same run twice. Ctrl-C ends it with the results so far.
)";

constexpr char kReplay[] = R"(edge replay [DIR] (--seed N | --trace FILE) [flags]

Runs one simulated world again and prints its events, one a line, then the story of its failure.

  --seed N             the world of this seed
  --trace FILE         a recorded trace; it is aligned to the application as it is now
  --until EVENT        stop after this event and print what every actor is doing
  --all                every event, also fibers' turns and decisions
  --json               the journal as JSON
  --bundle, --scenario-hash, --model HASH
                       refuse to run if the application, the scenario or the fault model is another one
  --scenario, --requests, --contract, --faults, --turns-max, --env
                       as in edge sim

Exit codes: 0 the run passed; 1 it failed (as it should); 2 usage, or a mismatch; 3 an internal check failed.
)";

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
  if (word == "help") return Verb::kHelp;
  if (word == "version") return Verb::kVersion;
  return std::nullopt;
}

// Verbs that are planned: naming one is not a mistake of the user's.
bool IsPlanned(std::string_view word) {
  for (const std::string_view planned :
       {"test", "objects", "queues", "kv", "d1", "r2", "cron", "workflows", "backup", "restore", "check", "conformance"}) {
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

absl::Status UnknownFlag(const std::string& flag) { return Usage("unknown flag " + flag); }

absl::Status ParseServeFlag(const std::string& flag, Words& words, Command& command) {
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
    case Verb::kHelp:
    case Verb::kVersion:
      break;
  }
  return "";
}

// What only the whole command line shows.
absl::Status CheckTogether(const Command& command) {
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
    if (!command.directory.empty())
      return Usage("one folder at a time: what to do with \"" + word + "\"? (Several workers are not in this version yet.)");
    command.directory = word;
  }
  EDGE_RETURN_IF_ERROR(CheckTogether(command));
  command.sim.directory = command.directory;
  command.sim.environment = command.environment;
  return command;
}

std::string HelpText(std::string_view topic) {
  if (topic == "serve") return kServe;
  if (topic == "build") return kBuild;
  if (topic == "init") return kInit;
  if (topic == "sim") return kSim;
  if (topic == "replay") return kReplay;
  return kGeneral;
}

}  // namespace edge::cli
