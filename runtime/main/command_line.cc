#include "runtime/main/command_line.h"

#include <charconv>
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
  edge help [VERB]       this text, or the flags of one verb
  edge version

Exit codes: 0 fine, 2 usage or configuration, 3 an internal check failed.
)";

constexpr char kServe[] = R"(edge serve [DIR] [flags]

Serves the worker in DIR: a folder with wrangler.toml, wrangler.json or wrangler.jsonc, or a bundle made by `edge build`.

  --host ADDRESS   address to listen on (default 127.0.0.1)
  --port PORT      port to listen on (default 8787; 0: any free one)
  --env NAME       environment of the wrangler file
  --dev            show errors with their stacks in the browser

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

absl::Status Usage(std::string_view what) {
  std::string text(what);
  return absl::InvalidArgumentError(text.append("\nTry: edge help"));
}

std::optional<Verb> VerbOf(std::string_view word) {
  if (word == "serve") return Verb::kServe;
  if (word == "build") return Verb::kBuild;
  if (word == "init") return Verb::kInit;
  if (word == "help") return Verb::kHelp;
  if (word == "version") return Verb::kVersion;
  return std::nullopt;
}

// Verbs that are planned: naming one is not a mistake of the user's.
bool IsPlanned(std::string_view word) {
  for (const std::string_view planned :
       {"sim", "replay", "test", "objects", "queues", "kv", "d1", "r2", "cron", "workflows", "backup", "restore", "check", "conformance"}) {
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

absl::Status ParseFlag(const std::string& flag, Words& words, Command& command) {
  const bool serve = command.verb == Verb::kServe;
  const bool build = command.verb == Verb::kBuild;
  if (flag == "--host" && serve) {
    EDGE_ASSIGN_OR_RETURN(command.host, words.Value(flag));
  } else if (flag == "--port" && serve) {
    EDGE_ASSIGN_OR_RETURN(const std::string text, words.Value(flag));
    EDGE_ASSIGN_OR_RETURN(command.port, ParsePort(text));
  } else if (flag == "--dev" && serve) {
    command.mode = Command::Mode::kDevelopment;
  } else if (flag == "--env" && (serve || build)) {
    EDGE_ASSIGN_OR_RETURN(command.environment, words.Value(flag));
  } else if (flag == "--out" && build) {
    EDGE_ASSIGN_OR_RETURN(command.output, words.Value(flag));
  } else {
    return Usage("unknown flag " + flag);
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
      command.topic = verb_given ? std::string(command.verb == Verb::kServe   ? "serve"
                                               : command.verb == Verb::kBuild ? "build"
                                                                              : "init")
                                 : std::string();
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
  if (command.verb == Verb::kInit && command.directory.empty()) return Usage("edge init needs the folder to write into");
  return command;
}

std::string HelpText(std::string_view topic) {
  if (topic == "serve") return kServe;
  if (topic == "build") return kBuild;
  if (topic == "init") return kInit;
  return kGeneral;
}

}  // namespace edge::cli
