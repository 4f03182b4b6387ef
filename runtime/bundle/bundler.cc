#include "runtime/bundle/bundler.h"

#include <boost/json.hpp>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/bundle/sha256.h"

namespace edge::bundle {
namespace {

namespace json = boost::json;

// Exit codes of the tool (lower/main.js, lower/build_toolchain.sh).
constexpr int kExitDone = 0;
constexpr int kExitWrongCode = 2;
constexpr int kExitOldNode = 4;

constexpr std::string_view kNodeMissing =
    "Node.js was not found on the PATH. Bundling an application needs Node.js 18 or newer:\n"
    "  Debian and Ubuntu: apt install nodejs      others: https://nodejs.org\n"
    "A bundle that `edge build` wrote elsewhere is served without it.";

std::string_view WithoutTrailingNewlines(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

json::array Pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json::array array;
  for (const auto& [name, value] : pairs) array.push_back(json::array{name, value});
  return array;
}

std::string RuleText(const ImportRule& rule) { return StrCat(rule.type == ImportRule::Type::kText ? "Text=" : "Data=", rule.glob); }

}  // namespace

std::string Bundler::RequestKey(const BundleRequest& request) const {
  json::object key;
  key["format"] = kFormatVersion;
  key["toolchain"] = ToolchainHash(toolchain_);
  key["main"] = request.main;
  key["compatibility_date"] = request.compatibility_date;
  key["compatibility_flags"] = json::array(request.compatibility_flags.begin(), request.compatibility_flags.end());
  key["define"] = Pairs(request.define);
  key["alias"] = Pairs(request.alias);
  json::array rules;
  for (const ImportRule& rule : request.rules) rules.push_back(json::string(RuleText(rule)));
  key["rules"] = std::move(rules);
  key["tsconfig"] = request.tsconfig;
  return Sha256Hex(json::serialize(key));
}

std::string Bundler::CacheDirectory(const BundleRequest& request) const {
  return options_.cache_directory.empty() ? StrCat(request.root, "/.edge/cache/bundles") : options_.cache_directory;
}

bool Bundler::InputsUnchanged(const BundleRequest& request, const BundleMetadata& metadata) {
  for (const BundleInput& input : metadata.inputs) {
    const std::string path = input.path.starts_with('/') ? input.path : StrCat(request.root, "/", input.path);
    const absl::StatusOr<std::string> content = ReadWholeFile(disk_, path);
    if (input.sha256.empty()) {
      if (!absl::IsNotFound(content.status())) return false;
    } else if (!content.ok() || Sha256Hex(*content) != input.sha256) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<std::string> Bundler::IndexedHash(std::string_view index_path) {
  EDGE_ASSIGN_OR_RETURN(std::string hash, ReadWholeFile(disk_, index_path));
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::DataLossError(StrCat(index_path, " does not hold a hash"));
  }
  return hash;
}

absl::StatusOr<Bundle> Bundler::FindCached(const BundleRequest& request, std::string_view index_path) {
  EDGE_ASSIGN_OR_RETURN(const std::string hash, IndexedHash(index_path));
  EDGE_ASSIGN_OR_RETURN(Bundle bundle, LoadBundle(disk_, StrCat(CacheDirectory(request), "/", hash)));
  if (!InputsUnchanged(request, bundle.metadata)) return absl::NotFoundError("the application changed");
  return bundle;
}

absl::StatusOr<ChildResult> Bundler::RunTool(const BundleRequest& request) {
  const std::string folder = ToolchainFolder(process_, StrCat(request.root, "/.edge/cache"));
  EDGE_ASSIGN_OR_RETURN(const InstalledToolchain tool, InstallToolchain(disk_, process_, toolchain_, folder));
  ChildOptions child;
  child.arguments = {options_.node, tool.lower_cjs, "--root", request.root, "--main", request.main, "--cache", CacheDirectory(request)};
  auto add = [&child](std::string_view name, std::string value) {
    child.arguments.emplace_back(name);
    child.arguments.push_back(std::move(value));
  };
  if (!request.compatibility_date.empty()) add("--compatibility-date", request.compatibility_date);
  for (const std::string& flag : request.compatibility_flags) add("--compatibility-flag", flag);
  for (const auto& [name, value] : request.define) add("--define", StrCat(name, "=", value));
  for (const auto& [name, value] : request.alias) add("--alias", StrCat(name, "=", value));
  for (const ImportRule& rule : request.rules) add("--rule", RuleText(rule));
  if (!request.tsconfig.empty()) add("--tsconfig", request.tsconfig);
  child.working_directory = request.root;
  child.environment = {StrCat("ESBUILD_BINARY_PATH=", tool.esbuild)};
  absl::StatusOr<ChildResult> result = process_.Spawn(child, clock_.Now() + options_.build_time_max);
  if (absl::IsNotFound(result.status())) return absl::FailedPreconditionError(kNodeMissing.data());
  if (absl::IsDeadlineExceeded(result.status())) {
    return absl::DeadlineExceededError(StrCat("bundling ", request.root, " took longer than ", options_.build_time_max.ToSeconds(), " s"));
  }
  return result;
}

absl::StatusOr<BuildResult> Bundler::Build(const BundleRequest& request) {
  const std::string index_path = StrCat(CacheDirectory(request), "/index/", RequestKey(request));
  // Whatever is wrong with the cache, building again puts it right.
  absl::StatusOr<Bundle> cached = FindCached(request, index_path);
  if (IsCrashed(cached.status())) return cached.status();
  if (cached.ok()) return BuildResult{.bundle = *std::move(cached), .origin = BundleOrigin::kCache, .warnings = ""};

  EDGE_ASSIGN_OR_RETURN(const ChildResult result, RunTool(request));
  const std::string_view errors = WithoutTrailingNewlines(result.err);
  switch (result.exit_code) {
    case kExitDone:
      break;
    case kExitWrongCode:
      return absl::InvalidArgumentError(ToAbsl(errors));
    case kExitOldNode:
      return absl::FailedPreconditionError(ToAbsl(errors));
    default:
      return absl::InternalError(StrCat("the lowering tool ended with code ", result.exit_code, "\n", errors));
  }
  BuildResult built;
  EDGE_ASSIGN_OR_RETURN(built.bundle, LoadBundle(disk_, WithoutTrailingNewlines(result.out)));
  built.warnings = std::string(errors);
  const std::string& hash = built.bundle.metadata.content_hash;
  const absl::StatusOr<std::string> previous = IndexedHash(index_path);
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk_, index_path, hash));
  if (previous.ok() && *previous != hash) EDGE_RETURN_IF_ERROR(disk_.Remove(StrCat(CacheDirectory(request), "/", *previous)));
  return built;
}

absl::Status Bundler::Export(const Bundle& bundle, std::string_view directory) {
  EDGE_ASSIGN_OR_RETURN(const std::string metadata, ReadWholeFile(disk_, StrCat(bundle.directory, "/bundle.json")));
  // bundle.json last: without it the folder is not a bundle.
  EDGE_RETURN_IF_ERROR(disk_.Remove(StrCat(directory, "/bundle.json")));
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk_, StrCat(directory, "/worker.js"), bundle.code));
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk_, StrCat(directory, "/worker.js.map"), bundle.source_map));
  return WriteWholeFile(disk_, StrCat(directory, "/bundle.json"), metadata);
}

}  // namespace edge::bundle
