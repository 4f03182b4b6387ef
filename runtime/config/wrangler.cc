#include "runtime/config/wrangler.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"
#include "runtime/config/document.h"
#include "runtime/config/dotenv.h"

namespace edge::config {

namespace {

// wrangler's order.
constexpr std::string_view kDefaultMains[] = {"src/index.ts", "src/index.tsx", "src/index.js", "src/index.mjs"};
constexpr std::string_view kFileNames[] = {"wrangler.json", "wrangler.jsonc", "wrangler.toml"};

// Whether something is there that can be opened for reading; an error other than kNotFound is returned. MAY SUSPEND.
absl::StatusOr<bool> Exists(Disk& disk, std::string_view path) {
  const absl::StatusOr<std::unique_ptr<File>> file = disk.Open(path, OpenMode::kReadOnly);
  if (file.ok()) return true;
  if (absl::IsNotFound(file.status())) return false;
  return file.status();
}

absl::StatusOr<std::vector<Variable>> ReadSecretsFile(Disk& disk, std::string_view path, uint64_t bytes_max) {
  EDGE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(disk, path, bytes_max));
  EDGE_ASSIGN_OR_RETURN(std::vector<DotenvEntry> entries, ParseDotenv(text, path));
  std::vector<Variable> secrets;
  for (DotenvEntry& entry : entries) {
    secrets.push_back({.name = std::move(entry.name), .kind = Variable::Kind::kText, .value = std::move(entry.value), .line = entry.line});
  }
  return secrets;
}

// What LoadWorkerConfig collects before it decides between a configuration and an error.
struct Findings {
  std::vector<std::string> errors;  // each complete with file and line
  std::vector<Notice> notices;
};

// As wrangler dev: the environment's own file takes the place of .dev.vars, it does not add to it. MAY SUSPEND.
absl::Status LoadSecrets(Disk& disk, std::string_view directory, const LoadOptions& options, WorkerConfig& config, Findings& findings) {
  std::vector<std::string> candidates;
  if (!options.environment.empty()) candidates.push_back(JoinPath(directory, StrCat(".dev.vars.", options.environment)));
  candidates.push_back(JoinPath(directory, ".dev.vars"));
  for (const std::string& path : candidates) {
    absl::StatusOr<std::vector<Variable>> secrets = ReadSecretsFile(disk, path, options.limits.file_bytes_max);
    if (absl::IsNotFound(secrets.status())) continue;
    if (absl::IsInvalidArgument(secrets.status())) {
      findings.errors.emplace_back(FromAbsl(secrets.status().message()));
      return absl::OkStatus();
    }
    if (!secrets.ok()) return secrets.status();
    config.secrets = *std::move(secrets);
    return absl::OkStatus();
  }
  const std::string env_file = JoinPath(directory, ".env");
  EDGE_ASSIGN_OR_RETURN(const bool has_env_file, Exists(disk, env_file));
  if (has_env_file) {
    findings.notices.push_back({.severity = Notice::Severity::kNote,
                                .file = env_file,
                                .text = "is not read; edge takes secrets from .dev.vars, which has the same format"});
  }
  return absl::OkStatus();
}

void MergeSecrets(WorkerConfig& config) {
  std::map<std::string_view, const Variable*> secrets;
  for (const Variable& secret : config.secrets) secrets[secret.name] = &secret;
  std::erase_if(config.vars, [&](const Variable& variable) { return secrets.count(variable.name) > 0; });
}

// MAY SUSPEND.
absl::Status CheckMainExists(Disk& disk, const WorkerConfig& config, int line, Findings& findings) {
  if (config.main.empty()) return absl::OkStatus();  // said already
  const std::string where = StrCat(config.file, ":", line, ": main ");
  if (disk.List(config.main).ok()) {
    findings.errors.push_back(StrCat(where, "is ", config.main, ", a folder; name the file in it that the worker starts with"));
    return absl::OkStatus();
  }
  const absl::StatusOr<bool> exists = Exists(disk, config.main);
  if (IsCrashed(exists.status())) return exists.status();
  if (!exists.ok()) {
    findings.errors.push_back(StrCat(where, "is ", config.main, ", which cannot be read (", FromAbsl(exists.status().message()), ")"));
  } else if (!*exists) {
    findings.errors.push_back(StrCat(where, "is ", config.main, ", and there is no such file; correct the path (from the folder of ",
                                     config.file, ") or create the file"));
  }
  return absl::OkStatus();
}

absl::Status ToStatus(Findings findings) {
  std::string text;
  for (const std::string& error : findings.errors) StrAppend(&text, text.empty() ? "" : "\n", error);
  for (const Notice& notice : findings.notices) {
    if (notice.severity == Notice::Severity::kWarning) StrAppend(&text, "\n", notice.ToString());
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace

std::string JoinPath(std::string_view directory, std::string_view path) {
  while (path.substr(0, 2) == "./") {
    path.remove_prefix(2);
    while (path.substr(0, 1) == "/") path.remove_prefix(1);
  }
  if (directory.empty() || directory == "." || path.substr(0, 1) == "/") return std::string(path);
  return StrCat(directory, directory.back() == '/' ? "" : "/", path);
}

absl::StatusOr<std::string> FindWranglerFile(Disk& disk, std::string_view directory) {
  for (const std::string_view name : kFileNames) {
    std::string path = JoinPath(directory, name);
    EDGE_ASSIGN_OR_RETURN(const bool exists, Exists(disk, path));
    if (exists) return path;
  }
  return absl::NotFoundError(StrCat("no wrangler.json, wrangler.jsonc or wrangler.toml in ", directory.empty() ? "." : directory,
                                    "; name the folder of a worker, or make one with: edge init DIR"));
}

absl::StatusOr<LoadedWorkerConfig> LoadWorkerConfig(Disk& disk, std::string_view directory, const LoadOptions& options) {
  EDGE_ASSIGN_OR_RETURN(const std::string file, FindWranglerFile(disk, directory));
  EDGE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(disk, file, options.limits.file_bytes_max));
  const bool toml = file.size() >= 5 && file.substr(file.size() - 5) == ".toml";
  EDGE_ASSIGN_OR_RETURN(const Document document, toml ? ParseToml(text, file) : ParseJson(text, file));

  ConfigReader::Options reader_options = {
      .file = file, .base_dir = std::string(directory), .environment = options.environment, .now = options.now};
  for (const std::string_view name : kDefaultMains) {
    // One that cannot be read counts as there: CheckMainExists says so, if it is needed at all.
    if (const absl::StatusOr<bool> exists = Exists(disk, JoinPath(directory, name)); exists.ok() && !*exists) continue;
    reader_options.default_main = std::string(name);
    break;
  }
  ConfigReader reader(document.root(), std::move(reader_options));
  reader.Read();
  WorkerConfig& config = reader.config();
  std::vector<Notice>& notices = reader.notices();
  for (const Value* value : document.repeated()) {
    notices.push_back(
        {.file = file, .line = value->line(), .text = StrCat("\"", value->Path(), "\" is set again below; the last one counts")});
  }
  for (const std::string_view name : kFileNames) {
    const std::string other = JoinPath(directory, name);
    if (other == file) continue;
    EDGE_ASSIGN_OR_RETURN(const bool exists, Exists(disk, other));
    if (exists) notices.push_back({.file = other, .text = StrCat("is not read: ", file, " comes first")});
  }

  Findings findings;
  EDGE_RETURN_IF_ERROR(LoadSecrets(disk, directory, options, config, findings));
  MergeSecrets(config);
  for (const auto& [name, line] : reader.required_secrets()) {
    const auto has_name = [&name = name](const Variable& variable) { return variable.name == name; };
    if (std::none_of(config.secrets.begin(), config.secrets.end(), has_name)) {
      notices.push_back({.file = file, .line = line, .text = StrCat("the required secret \"", name, "\" is not set; add it to .dev.vars")});
    }
  }
  std::stable_sort(reader.errors().begin(), reader.errors().end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  std::vector<std::string> errors;
  for (const ConfigReader::Problem& error : reader.errors()) {
    errors.push_back(StrCat(file, error.line > 0 ? StrCat(":", error.line) : "", ": ", error.text));
  }
  findings.errors.insert(findings.errors.begin(), errors.begin(), errors.end());
  EDGE_RETURN_IF_ERROR(CheckMainExists(disk, config, reader.main_line(), findings));
  findings.notices.insert(findings.notices.begin(), notices.begin(), notices.end());
  std::stable_sort(findings.notices.begin(), findings.notices.end(),
                   [](const Notice& a, const Notice& b) { return std::pair(a.file, a.line) < std::pair(b.file, b.line); });
  if (!findings.errors.empty()) return ToStatus(std::move(findings));
  return LoadedWorkerConfig{.config = std::move(config), .notices = std::move(findings.notices)};
}

}  // namespace edge::config
