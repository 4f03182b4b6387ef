#include "runtime/application/application.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/application/deployment.h"
#include "runtime/application/embedded_example.h"
#include "runtime/application/link.h"
#include "runtime/base/status_macros.h"
#include "runtime/bundle/toolchain.h"
#include "runtime/config/compatibility.h"
#include "runtime/config/dotenv.h"

namespace edge::cli {
namespace {

constexpr char kDeploymentFile[] = "worker.json";

std::string Join(std::string_view directory, std::string_view name) { return std::string(directory).append("/").append(name); }

worker::WorkerCode CodeOf(const bundle::Bundle& bundle, std::string name) {
  worker::WorkerCode code;
  code.name = std::move(name);
  code.script = bundle.code;
  code.source_map = bundle.source_map;
  if (config::CompatibilityEnabled("enable_request_signal", bundle.metadata.compatibility_date, bundle.metadata.compatibility_flags)) {
    code.request_signal = worker::RequestSignal::kFires;
  }
  if (config::CompatibilityEnabled("delete_all_deletes_alarm", bundle.metadata.compatibility_date, bundle.metadata.compatibility_flags)) {
    code.delete_all_alarm = worker::DeleteAllAlarm::kDeleted;
  }
  const auto enabled = [&bundle](std::string_view flag) {
    return config::CompatibilityEnabled(flag, bundle.metadata.compatibility_date, bundle.metadata.compatibility_flags);
  };
  if (enabled("web_socket_auto_reply_to_close")) code.web_sockets.close_reply = websocket::WebSocketOptions::CloseReply::kAutomatic;
  if (enabled("websocket_standard_binary_type")) code.web_sockets.binary_type = websocket::WebSocketOptions::BinaryType::kBlob;
  if (enabled("queue_expose_error_codes")) code.queue_error_codes = worker::QueueErrorCodes::kExposed;
  if (enabled("queue_consumer_no_wait_for_wait_until")) code.queue_wait_until = worker::QueueWaitUntil::kDetached;
  if (enabled("enable_ctx_exports")) code.context_exports = worker::ContextExports::kPresent;
  return code;
}

void AddBindings(const config::WorkerConfig& config, worker::WorkerCode& code) {
  for (const config::ObjectClass& object : config.object_classes) {
    code.object_classes.push_back({.name = object.name,
                                   .space = object.space,
                                   .storage = object.storage == config::ObjectClass::Storage::kSqlite
                                                  ? worker::ObjectClass::Storage::kSqlite
                                                  : worker::ObjectClass::Storage::kKeyValue});
  }
  for (const config::ObjectBinding& binding : config.object_bindings) {
    code.object_bindings.push_back({.name = binding.name,
                                    .class_name = binding.class_name,
                                    .script_name = binding.script_name,
                                    .origin = absl::StrCat(config.file, ":", binding.line)});
  }
  for (const config::ServiceBinding& binding : config.service_bindings) {
    code.service_bindings.push_back({.name = binding.name,
                                     .service = binding.service,
                                     .entrypoint = binding.entrypoint,
                                     .props = binding.props,
                                     .origin = absl::StrCat(config.file, ":", binding.line)});
  }
  code.deleted_spaces = config.deleted_spaces;
}

void AddServices(const config::WorkerConfig& config, worker::WorkerCode& code) {
  for (const config::KvBinding& binding : config.kv_bindings) code.kv_bindings.push_back({.name = binding.name, .id = binding.id});
  code.crons = config.crons;
  for (const config::QueueProducer& producer : config.queue_producers) {
    code.queue_bindings.push_back(
        {.name = producer.name, .queue = producer.queue, .delivery_delay = Duration::Seconds(producer.delivery_delay_s)});
  }
  for (const config::QueueConsumer& consumer : config.queue_consumers) {
    code.queue_consumers.push_back({.queue = consumer.queue,
                                    .type = consumer.type == config::QueueConsumer::Type::kPull ? worker::QueueConsumer::Type::kPull
                                                                                                : worker::QueueConsumer::Type::kPush,
                                    .batch_size_max = static_cast<uint32_t>(consumer.max_batch_size),
                                    .batch_timeout = Duration::Seconds(consumer.max_batch_timeout_s),
                                    .retries_max = static_cast<uint32_t>(consumer.max_retries),
                                    .dead_letter_queue = consumer.dead_letter_queue,
                                    .concurrency_max = static_cast<uint32_t>(consumer.max_concurrency),
                                    .retry_delay = Duration::Seconds(consumer.retry_delay_s),
                                    .visibility = Duration::Milliseconds(consumer.visibility_timeout_ms)});
  }
}

void AddVariables(const std::vector<config::Variable>& variables, worker::WorkerCode& code) {
  for (const config::Variable& variable : variables) {
    code.variables[variable.name] = {variable.kind == config::Variable::Kind::kJson ? worker::WorkerCode::Variable::Kind::kJson
                                                                                    : worker::WorkerCode::Variable::Kind::kText,
                                     variable.value};
  }
}

// What the bundler cannot do is refused here by name.
absl::StatusOr<bundle::BundleRequest> RequestOf(const config::WorkerConfig& config, std::string_view directory) {
  bundle::BundleRequest request;
  request.root = std::string(directory);
  // The configuration's paths begin with its folder; the bundler wants them relative to the root.
  const std::string prefix = std::string(directory).append("/");
  const auto relative = [&](const std::string& path) { return path.starts_with(prefix) ? path.substr(prefix.size()) : path; };
  request.main = relative(config.main);
  request.compatibility_date = config.compatibility_date;
  request.compatibility_flags = config.compatibility_flags;
  request.define = config.define;
  request.alias = config.alias;
  if (config.tsconfig.has_value()) request.tsconfig = *config.tsconfig;
  if (config.jsx_factory.has_value() || config.jsx_fragment.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        config.file, ": jsx_factory and jsx_fragment are not supported: set jsxFactory and jsxFragmentFactory in tsconfig.json instead"));
  }
  for (const config::ModuleRule& rule : config.rules) {
    bundle::ImportRule::Type type = bundle::ImportRule::Type::kText;
    switch (rule.type) {
      case config::ModuleRule::Type::kText:
        break;
      case config::ModuleRule::Type::kData:
        type = bundle::ImportRule::Type::kData;
        break;
      case config::ModuleRule::Type::kEsModule:
      case config::ModuleRule::Type::kCommonJs:
        continue;  // what the bundler does with JavaScript anyway
      case config::ModuleRule::Type::kCompiledWasm:
        return absl::InvalidArgumentError(absl::StrCat(config.file, ": a rule of type CompiledWasm: WebAssembly is not supported"));
    }
    for (const std::string& glob : rule.globs) request.rules.push_back({type, glob});
  }
  return request;
}

}  // namespace

std::string ProgramAsTyped(const Process& process) {
  return process.Environment("BUILD_WORKING_DIRECTORY").has_value() ? "bazel run //:edge --" : "edge";
}

std::string ApplicationLoader::Absolute(std::string_view path) const {
  std::string absolute(path);
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  if (absolute.empty() || absolute == ".") return process_.Self().working_directory;
  if (absolute.starts_with("./")) absolute.erase(0, 2);
  return absolute.starts_with('/') ? absolute : Join(process_.Self().working_directory, absolute);
}

absl::StatusOr<Application> ApplicationLoader::Load(const ApplicationRequest& request) {
  const std::string directory = Absolute(request.directory);
  if (absl::StatusOr<std::vector<DirectoryEntry>> entries = disk_.List(directory); !entries.ok()) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": no such folder. Name a folder with a wrangler file, or make one: edge init ", directory));
  }
  if (config::FindWranglerFile(disk_, directory).ok()) return LoadSources(directory, request.environment);
  if (disk_.Open(Join(directory, "bundle.json"), OpenMode::kReadOnly).ok()) return LoadBundleFolder(directory, request.environment);
  if (request.directory.empty()) return LoadExample();
  return absl::NotFoundError(absl::StrCat(
      directory,
      ": neither wrangler.json, wrangler.jsonc, wrangler.toml nor a bundle (bundle.json) is in this folder. Start one: edge init ",
      directory));
}

absl::StatusOr<std::vector<Application>> ApplicationLoader::LoadAll(const std::vector<std::string>& directories,
                                                                    const std::string& environment) {
  std::vector<Application> applications;
  for (const std::string& directory : directories.empty() ? std::vector<std::string>{""} : directories) {
    EDGE_ASSIGN_OR_RETURN(Application application, Load({directory, environment}));
    applications.push_back(std::move(application));
  }
  std::vector<worker::WorkerCode*> codes;
  for (Application& application : applications) codes.push_back(&application.code);
  EDGE_RETURN_IF_ERROR(LinkWorkers(codes));
  return applications;
}

worker::WorkerCodes CodesOf(const std::vector<Application>& applications) {
  worker::WorkerCodes codes;
  for (const Application& application : applications) codes.push_back(std::make_shared<const worker::WorkerCode>(application.code));
  return codes;
}

absl::StatusOr<Application> ApplicationLoader::LoadSources(const std::string& directory, const std::string& environment) {
  config::LoadOptions options;
  options.environment = environment;
  options.now = clock_.WallNow();
  EDGE_ASSIGN_OR_RETURN(config::LoadedWorkerConfig loaded, config::LoadWorkerConfig(disk_, directory, options));
  Application application;
  application.directory = directory;
  for (const config::Notice& notice : loaded.notices) application.notices.push_back(notice.ToString());
  if (loaded.config.bundling == config::Bundling::kTakeAsIs) {
    return absl::InvalidArgumentError(
        absl::StrCat(loaded.config.file, ": no_bundle is not supported: edge always bundles and lowers the code. Remove it."));
  }

  bundle::BundlerOptions bundler_options;
  if (const std::optional<std::string> node = process_.Environment("EDGE_NODE"); node.has_value()) bundler_options.node = *node;
  bundle::Bundler bundler(clock_, disk_, process_, bundle::EmbeddedToolchain(), bundler_options);
  EDGE_ASSIGN_OR_RETURN(const bundle::BundleRequest bundle_request, RequestOf(loaded.config, directory));
  EDGE_ASSIGN_OR_RETURN(bundle::BuildResult built, bundler.Build(bundle_request));
  if (!built.warnings.empty()) application.notices.push_back(built.warnings);
  application.code = CodeOf(built.bundle, loaded.config.name);
  application.bundle = std::move(built.bundle);
  AddVariables(loaded.config.vars, application.code);
  AddVariables(loaded.config.secrets, application.code);
  AddBindings(loaded.config, application.code);
  AddServices(loaded.config, application.code);
  if (loaded.config.cpu_ms_max.has_value()) application.code.limits.cpu = Duration::Milliseconds(*loaded.config.cpu_ms_max);
  return application;
}

absl::StatusOr<Application> ApplicationLoader::LoadBundleFolder(const std::string& directory, const std::string& environment) {
  if (!environment.empty())
    return absl::InvalidArgumentError("--env chooses an environment when the bundle is built: edge build --env NAME");
  EDGE_ASSIGN_OR_RETURN(bundle::Bundle bundle, bundle::LoadBundle(disk_, directory));
  Application application;
  application.kind = Application::Kind::kBundle;
  application.directory = directory;
  application.code = CodeOf(bundle, "worker");
  application.bundle = std::move(bundle);
  if (absl::StatusOr<std::string> text = ReadWholeFile(disk_, Join(directory, kDeploymentFile)); text.ok()) {
    if (const absl::Status read = ReadDeployment(*text, application.code); !read.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(Join(directory, kDeploymentFile), ": ", std::string(read.message())));
    }
  } else if (!absl::IsNotFound(text.status())) {
    return text.status();
  }
  // Secrets of a deployed bundle lie beside it; they are never part of it.
  if (absl::StatusOr<std::string> text = ReadWholeFile(disk_, Join(directory, ".dev.vars")); text.ok()) {
    EDGE_ASSIGN_OR_RETURN(const std::vector<config::DotenvEntry> secrets, config::ParseDotenv(*text, Join(directory, ".dev.vars")));
    for (const config::DotenvEntry& secret : secrets)
      application.code.variables[secret.name] = {worker::WorkerCode::Variable::Kind::kText, secret.value};
  }
  return application;
}

absl::StatusOr<Application> ApplicationLoader::LoadExample() {
  const EmbeddedExample example = GetEmbeddedExample();
  Application application;
  application.kind = Application::Kind::kExample;
  // As its wrangler file says.
  application.code.name = "chat";
  application.code.script = std::string(example.code);
  application.code.source_map = std::string(example.source_map);
  application.code.object_classes = {{.name = "ChatRoom", .space = "chat/ChatRoom", .storage = worker::ObjectClass::Storage::kSqlite}};
  application.code.object_bindings = {{.name = "ROOMS", .class_name = "ChatRoom", .script_name = ""}};
  return application;
}

absl::StatusOr<std::string> ApplicationLoader::BuildTo(const ApplicationRequest& request, std::string_view output,
                                                       std::vector<std::string>& notices) {
  const std::string directory = Absolute(request.directory);
  EDGE_ASSIGN_OR_RETURN(const config::LoadedWorkerConfig loaded, [&]() -> absl::StatusOr<config::LoadedWorkerConfig> {
    config::LoadOptions options;
    options.environment = request.environment;
    options.now = clock_.WallNow();
    return config::LoadWorkerConfig(disk_, directory, options);
  }());
  EDGE_ASSIGN_OR_RETURN(Application application, LoadSources(directory, request.environment));
  notices = application.notices;
  // What is deployed holds no secrets.
  worker::WorkerCode deployed = application.code;
  for (const config::Variable& secret : loaded.config.secrets) deployed.variables.erase(secret.name);
  AddVariables(loaded.config.vars, deployed);
  const std::string target = output.empty() ? application.bundle.directory : Absolute(output);
  if (!output.empty()) {
    bundle::Bundler bundler(clock_, disk_, process_, bundle::EmbeddedToolchain(), {});
    EDGE_RETURN_IF_ERROR(bundler.Export(application.bundle, target));
  }
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk_, Join(target, kDeploymentFile), WriteDeployment(deployed)));
  return target;
}

}  // namespace edge::cli
