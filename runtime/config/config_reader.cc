#include "runtime/config/config_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/config/compatibility.h"
#include "runtime/config/wrangler.h"

namespace edge::config {

namespace {

constexpr int64_t kCpuMsMax = 300'000;  // the platform's own: five minutes
constexpr int64_t kSubrequestsMax = 10'000'000;

std::string Quote(std::string_view text) { return StrCat("\"", text, "\""); }

bool IsWorkerName(std::string_view name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

bool IsToml(std::string_view file) { return file.size() >= 5 && file.substr(file.size() - 5) == ".toml"; }

}  // namespace

ConfigReader::ConfigReader(const Value& root, Options options) : root_(root), options_(std::move(options)) {
  config_.file = options_.file;
  config_.base_dir = options_.base_dir;
  config_.environment = options_.environment;
}

void ConfigReader::Notify(Notice::Severity severity, int line, std::string text) {
  notices_.push_back({.severity = severity, .file = options_.file, .line = line, .text = std::move(text)});
}

void ConfigReader::TypeError(const Value& value, std::string_view wanted) {
  Error(value.line(), StrCat(value.Path(), " must be ", wanted, ", is ", value.KindName(),
                             value.kind() == Value::Kind::kDate ? "; put it in quotes" : ""));
}

void ConfigReader::Read() {
  CheckKeys(root_);
  if (!ChooseEnvironment()) return;  // anything said about the top level would be about the wrong worker
  if (env_ != nullptr) CheckKeys(*env_);
  CheckKinds();
  ReadName();
  ReadMain();
  ReadCompatibility();
  ReadFlags();
  ReadVars();
  ReadSecrets();
  ReadLimits();
  ReadRules();
  ReadBuildOptions();
  ReadMigrations();
  ReadObjectBindings();
  ReadServices();
  ReadKvNamespaces();
  ReadTriggers();
  ReadQueues();
}

bool ConfigReader::ChooseEnvironment() {
  const Value* all = root_.Find("env");
  if (all != nullptr && !all->IsObject()) {
    TypeError(*all, "a table of environments by name");
    return false;
  }
  if (options_.environment.empty()) return true;
  env_ = all == nullptr ? nullptr : all->Find(options_.environment);
  if (env_ == nullptr) {
    std::string names;
    if (all != nullptr) {
      for (const Value* child : all->children()) StrAppend(&names, names.empty() ? "" : ", ", child->key());
    }
    Error(all == nullptr ? 0 : all->line(),
          StrCat("there is no environment ", Quote(options_.environment), "; ",
                 names.empty() ? StrCat("the file has none, leave the option out or add a section env.", options_.environment)
                               : StrCat("there are: ", names)));
    return false;
  }
  if (!env_->IsObject()) {
    TypeError(*env_, "a table");
    return false;
  }
  return true;
}

void ConfigReader::CheckKeys(const Value& section) {
  std::vector<std::string_view> known;
  for (const ConfigKey& key : ConfigKeys()) {
    if (&section == &root_ || key.scope != KeyScope::kTopLevel) known.push_back(key.name);
  }
  for (const Value* child : section.children()) {
    const ConfigKey* key = FindConfigKey(child->key());
    if (key == nullptr) {
      const std::string nearest = Nearest(child->key(), known);
      Warn(child->line(), StrCat("unknown key ", Quote(child->Path()), ", ignored",
                                 nearest.empty() ? "" : StrCat("; did you mean ", Quote(nearest), "?")));
    } else if (&section != &root_ && key->scope == KeyScope::kTopLevel) {
      Warn(child->line(), StrCat(Quote(child->Path()), " is ignored: ", key->name, " is read at the top level only; move it there"));
    }
  }
}

const Value* ConfigReader::Effective(const ConfigKey& key) const {
  const Value* top = root_.Find(key.name);
  if (env_ == nullptr || key.scope == KeyScope::kTopLevel) return top;
  const Value* own = env_->Find(key.name);
  return own != nullptr || key.scope == KeyScope::kNotInherited ? own : top;
}

const Value* ConfigReader::Get(std::string_view name) {
  const ConfigKey* key = FindConfigKey(name);
  EDGE_CHECK(key != nullptr && key->kind == KeyKind::kSupported) << name;
  const Value* value = Effective(*key);
  if (value == nullptr || value->kind() == Value::Kind::kNull) return nullptr;
  if (MatchesType(*value, key->type)) return value;
  TypeError(*value, TypeName(key->type));
  return nullptr;
}

void ConfigReader::CheckKinds() {
  for (const ConfigKey& key : ConfigKeys()) {
    const Value* top = root_.Find(key.name);
    const Value* value = Effective(key);
    if (env_ != nullptr && key.scope == KeyScope::kNotInherited && top != nullptr) WarnOfMissing(key, *top);
    if (value == nullptr || (key.kind != KeyKind::kSupported && AsksForNothing(*value))) continue;
    switch (key.kind) {
      case KeyKind::kSupported:
        break;
      case KeyKind::kIgnored: {
        const Value* command = key.name == "build" ? value->Find("command") : nullptr;
        if (command != nullptr && command->IsString()) {
          Warn(command->line(), StrCat(value->Path(), ".command is not run: ", key.note, " (", command->text(), ")"));
        } else {
          Note(value->line(), StrCat(value->Path(), " is ignored here: ", key.note));
        }
        break;
      }
      case KeyKind::kUnsupported:
        Error(value->line(),
              StrCat(value->Path(), " (", key.note, ") is not supported yet by this version of edge; remove it, or move it to ",
                     "an environment that is not served here"));
        break;
    }
  }
}

// wrangler warns of the same: what the environment lacks is most likely forgotten.
void ConfigReader::WarnOfMissing(const ConfigKey& key, const Value& top) {
  const Value* own = env_->Find(key.name);
  if (own == nullptr) {
    if (AsksForNothing(top)) return;
    Warn(top.line(), StrCat(key.name, " is set at the top level but not in ", env_->Path(), ", and environments do not inherit it; add ",
                            env_->Path(), ".", key.name));
  } else if (key.name == "vars" && own->IsObject() && top.IsObject()) {
    std::set<std::string_view> own_names;
    for (const Value* child : own->children()) own_names.insert(child->key());
    for (const Value* child : top.children()) {
      if (own_names.count(child->key()) > 0) continue;
      Warn(child->line(), StrCat(child->Path(), " is set at the top level but not in ", own->Path(),
                                 ", and environments do not inherit it; add ", own->Path(), ".", child->key()));
    }
  }
}

void ConfigReader::ReadName() {
  const Value* name = Get("name");
  const bool own = env_ != nullptr && env_->Find("name") != nullptr;
  const Value* wrong = Effective(*FindConfigKey("name"));
  if (name == nullptr && wrong == nullptr) Note(0, "no name; the worker is called \"worker\" (write: name = \"my-worker\")");
  if (name != nullptr && !IsWorkerName(name->text())) {
    Error(name->line(),
          StrCat(name->Path(), " is ", Quote(name->text()), "; a name is made of a-z, 0-9, - and _, and does not begin with -"));
  }
  config_.name = name == nullptr ? "worker" : name->text();
  if (env_ != nullptr && !own) StrAppend(&config_.name, "-", options_.environment);
}

void ConfigReader::ReadMain() {
  const Value* present = Effective(*FindConfigKey("main"));
  const Value* main = Get("main");
  if (main == nullptr && present != nullptr && present->kind() != Value::Kind::kNull) return;  // of the wrong type, said already
  if (main == nullptr) {
    std::string text = StrCat("main is missing; name the file that the worker starts with, ",
                              IsToml(options_.file) ? "main = \"src/index.ts\"" : "\"main\": \"src/index.ts\"");
    // In TOML whatever follows a [section] belongs to it, which is easily forgotten.
    bool misplaced = false;
    if (IsToml(options_.file)) {
      for (const Value* section : root_.children()) {
        const Value* stray = section->Find("main");
        if (stray == nullptr || !stray->IsString()) continue;
        StrAppend(&text, " (line ", stray->line(), " sets ", stray->Path(), ": move it above [", section->key(), "])");
        misplaced = true;
        break;
      }
    }
    if (misplaced || options_.default_main.empty()) return Error(0, std::move(text));
    // Many applications name the file on wrangler's command line only.
    Note(0, StrCat("no main; the worker starts with ", options_.default_main));
    config_.main = JoinPath(options_.base_dir, options_.default_main);
    return;
  }
  if (main->text().empty()) return Error(main->line(), StrCat(main->Path(), " is empty; name the file that the worker starts with"));
  const std::string& text = main->text();
  if (text.size() >= 3 && text.substr(text.size() - 3) == ".py") {
    return Error(main->line(), StrCat(main->Path(), " names a Python file; edge runs JavaScript and TypeScript"));
  }
  main_line_ = main->line();
  config_.main = JoinPath(options_.base_dir, text);
}

void ConfigReader::ReadCompatibility() {
  config_.compatibility_date = kNewestKnownDate;
  const Value* present = Effective(*FindConfigKey("compatibility_date"));
  const Value* value = Get("compatibility_date");
  if (value == nullptr) {
    if (present == nullptr) {
      Note(0, StrCat("no compatibility_date; the worker runs as of ", kNewestKnownDate,
                     ". Write it down so that a newer edge changes nothing"));
    }
    return;
  }
  const std::string& date = value->text();
  const std::optional<int> days = ParseDate(date);
  if (!days.has_value())
    return Error(value->line(), StrCat(value->Path(), " is ", Quote(date), "; write a day of the calendar as YYYY-MM-DD"));
  config_.compatibility_date = date;
  // One day of grace: somewhere it is tomorrow already.
  if (options_.now.has_value() && *days > options_.now->ToUnixSeconds() / 86'400 + 1) {
    return Error(value->line(), StrCat(value->Path(), " is ", date, ", which is in the future; take today's date or an earlier one"));
  }
  if (date > kNewestKnownDate) {
    Warn(value->line(), StrCat(value->Path(), " is ", date, "; this version of edge knows the platform up to ", kNewestKnownDate));
  } else if (date < kBaselineDate) {
    Note(value->line(), StrCat(value->Path(), " is ", date, "; edge behaves as of ", kBaselineDate, " at least"));
  }
}

void ConfigReader::ReadFlags() {
  const Value* value = Get("compatibility_flags");
  if (value == nullptr) return;
  std::vector<std::string_view> known;
  for (const CompatibilityFlag& flag : CompatibilityFlags()) {
    known.push_back(flag.enable);
    if (!flag.disable.empty()) known.push_back(flag.disable);
  }
  std::vector<std::pair<const CompatibilityFlag*, const Value*>> seen;
  for (const Value* item : value->children()) {
    if (!item->IsString()) {
      TypeError(*item, "a string");
      continue;
    }
    const std::string& name = item->text();
    const CompatibilityFlag* flag = FindCompatibilityFlag(name);
    if (flag == nullptr) {
      const std::string nearest = Nearest(name, known);
      Warn(item->line(), StrCat("unknown compatibility flag ", Quote(name), ", without effect",
                                nearest.empty() ? "" : StrCat("; did you mean ", Quote(nearest), "?")));
    } else {
      const auto other = std::find_if(seen.begin(), seen.end(), [&](const auto& entry) { return entry.first == flag; });
      if (other == seen.end()) {
        seen.emplace_back(flag, item);
      } else if (other->second->text() != name) {
        Error(item->line(),
              StrCat("compatibility flags ", Quote(other->second->text()), " and ", Quote(name), " contradict each other; ", "remove one"));
        continue;
      } else {
        continue;  // the same flag once more
      }
      const bool in_baseline = !flag->default_on.empty() && flag->default_on <= kBaselineDate;
      if (name == flag->disable && in_baseline) {
        Warn(item->line(),
             StrCat("compatibility flag ", Quote(name), " is without effect: edge always behaves as with ", Quote(flag->enable)));
      } else if (name == flag->enable && !in_baseline && !IsSwitched(name)) {
        Note(item->line(),
             StrCat("compatibility flag ", Quote(name), " is known; what it turns on may be missing in this version of edge"));
      }
    }
    config_.compatibility_flags.push_back(name);
  }
}

void ConfigReader::ReadVars() {
  const Value* vars = Get("vars");
  if (vars == nullptr) return;
  for (const Value* child : vars->children()) {
    Variable variable{.name = child->key(), .line = child->line()};
    if (child->IsString()) {
      variable.value = child->text();
    } else {
      absl::StatusOr<std::string> json = child->ToJson();
      if (!json.ok()) {
        Error(child->line(), StrCat(FromAbsl(json.status().message()), ", which JSON cannot say; put it in quotes"));
        continue;
      }
      variable.kind = Variable::Kind::kJson;
      variable.value = *std::move(json);
    }
    config_.vars.push_back(std::move(variable));
  }
}

void ConfigReader::ReadSecrets() {
  const Value* secrets = Get("secrets");
  if (secrets == nullptr) return;
  constexpr std::string_view kKnown[] = {"required"};
  WarnOfUnknownMembers(*secrets, kKnown);
  const Value* required = secrets->Find("required");
  if (required == nullptr) return;
  if (!required->IsArray()) return TypeError(*required, "an array of names");
  for (const Value* item : required->children()) {
    if (item->IsString()) {
      required_secrets_.emplace_back(item->text(), item->line());
    } else {
      TypeError(*item, "a string");
    }
  }
}

void ConfigReader::ReadLimits() {
  const Value* limits = Get("limits");
  if (limits == nullptr) return;
  constexpr std::string_view kKnown[] = {"cpu_ms", "subrequests"};
  WarnOfUnknownMembers(*limits, kKnown);
  if (const Value* cpu = limits->Find("cpu_ms")) config_.cpu_ms_max = ReadPositive(*cpu, kCpuMsMax);
  if (const Value* subrequests = limits->Find("subrequests")) {
    config_.subrequests_max = ReadPositive(*subrequests, kSubrequestsMax);
    Note(subrequests->line(), StrCat(subrequests->Path(), " is not enforced yet by this version of edge"));
  }
}

std::optional<int64_t> ConfigReader::ReadPositive(const Value& value, int64_t max) {
  const bool numeric = value.kind() == Value::Kind::kInteger || value.kind() == Value::Kind::kDouble;
  if (!numeric) {
    TypeError(value, "a number");
    return std::nullopt;
  }
  const double number = value.number();
  if (!(number >= 1) || number > static_cast<double>(max) || number != std::floor(number)) {
    Error(value.line(), StrCat(value.Path(), " is ", number, "; write a whole number from 1 to ", max));
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

void ConfigReader::ReadRules() {
  const Value* rules = Get("rules");
  if (rules == nullptr) return;
  for (const Value* item : rules->children()) {
    if (item->IsObject()) {
      ReadRule(*item);
    } else {
      TypeError(*item, "a table with type and globs");
    }
  }
}

void ConfigReader::ReadRule(const Value& value) {
  constexpr std::string_view kKnown[] = {"type", "globs", "fallthrough"};
  constexpr std::pair<std::string_view, ModuleRule::Type> kTypes[] = {{"ESModule", ModuleRule::Type::kEsModule},
                                                                      {"CommonJS", ModuleRule::Type::kCommonJs},
                                                                      {"CompiledWasm", ModuleRule::Type::kCompiledWasm},
                                                                      {"Text", ModuleRule::Type::kText},
                                                                      {"Data", ModuleRule::Type::kData}};
  WarnOfUnknownMembers(value, kKnown);
  ModuleRule rule;
  const size_t errors_before = errors_.size();
  const Value* type = value.Find("type");
  if (type == nullptr || !type->IsString()) {
    Error(value.line(), StrCat(value.Path(), ".type must be a string: ESModule, CommonJS, CompiledWasm, Text or Data"));
  } else {
    const auto it = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& entry) { return entry.first == type->text(); });
    if (it == std::end(kTypes)) {
      Error(type->line(), StrCat(type->Path(), " is ", Quote(type->text()), "; write ESModule, CommonJS, CompiledWasm, Text or Data"));
    } else {
      rule.type = it->second;
    }
  }
  const Value* globs = value.Find("globs");
  if (globs == nullptr || !globs->IsArray()) {
    Error(value.line(), StrCat(value.Path(), ".globs must be an array of strings, [\"**/*.html\"] for example"));
  } else {
    for (const Value* glob : globs->children()) {
      if (glob->IsString()) {
        rule.globs.push_back(glob->text());
      } else {
        TypeError(*glob, "a string");
      }
    }
  }
  if (const Value* fallthrough = value.Find("fallthrough")) {
    if (fallthrough->kind() != Value::Kind::kBool) {
      TypeError(*fallthrough, "true or false");
    } else if (fallthrough->boolean()) {
      rule.then = ModuleRule::Then::kFallThrough;
    }
  }
  if (errors_.size() == errors_before) config_.rules.push_back(std::move(rule));
}

void ConfigReader::ReadBuildOptions() {
  if (std::optional<std::string> path = ReadText("tsconfig")) config_.tsconfig = JoinPath(options_.base_dir, *path);
  config_.jsx_factory = ReadText("jsx_factory");
  config_.jsx_fragment = ReadText("jsx_fragment");
  config_.alias = ReadTextMap("alias");
  config_.define = ReadTextMap("define");
  const Value* no_bundle = Get("no_bundle");
  if (no_bundle != nullptr && no_bundle->boolean()) config_.bundling = Bundling::kTakeAsIs;
  Get("$schema");
}

std::optional<std::string> ConfigReader::ReadText(std::string_view name) {
  const Value* value = Get(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value->text());
}

std::vector<std::pair<std::string, std::string>> ConfigReader::ReadTextMap(std::string_view name) {
  std::vector<std::pair<std::string, std::string>> out;
  const Value* value = Get(name);
  if (value == nullptr) return out;
  for (const Value* child : value->children()) {
    if (child->IsString()) {
      out.emplace_back(child->key(), child->text());
    } else {
      TypeError(*child, "a string");
    }
  }
  return out;
}

void ConfigReader::WarnOfUnknownMembers(const Value& object, std::span<const std::string_view> known) {
  for (const Value* child : object.children()) {
    if (std::find(known.begin(), known.end(), child->key()) != known.end()) continue;
    const std::string nearest = Nearest(child->key(), known);
    Warn(child->line(),
         StrCat("unknown key ", Quote(child->Path()), ", ignored", nearest.empty() ? "" : StrCat("; did you mean ", Quote(nearest), "?")));
  }
}

}  // namespace edge::config
