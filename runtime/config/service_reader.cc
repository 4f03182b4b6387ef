// ConfigReader's part for service bindings: `services`.
#include <algorithm>

#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"

namespace edge::config {

std::string ConfigReader::WorkerOf(const Value& binding, const Value& name) {
  const Value* environment = binding.Find("environment");
  if (environment == nullptr) return name.text();
  if (!environment->IsString()) {
    TypeError(*environment, "the name of an environment");
    return name.text();
  }
  return environment->text().empty() ? name.text() : StrCat(name.text(), "-", environment->text());
}

void ConfigReader::ReadServices() {
  const Value* services = Get("services");
  if (services == nullptr) return;
  for (const Value* binding : services->children()) ReadService(*binding);
}

void ConfigReader::ReadService(const Value& binding) {
  if (!binding.IsObject()) return TypeError(binding, "a table with binding and service");
  constexpr std::string_view kKnown[] = {"binding", "service", "environment", "entrypoint", "props", "remote"};
  WarnOfUnknownMembers(binding, kKnown);
  const Value* name = RequireText(binding, "binding", "BILLING");
  const Value* service = RequireText(binding, "service", "billing");
  if (name == nullptr || service == nullptr) return;
  ServiceBinding read{.name = name->text(), .service = WorkerOf(binding, *service), .line = binding.line()};
  if (const Value* entrypoint = binding.Find("entrypoint"); entrypoint != nullptr) {
    if (!entrypoint->IsString()) return TypeError(*entrypoint, "the name of an exported class");
    if (entrypoint->text() != "default") read.entrypoint = entrypoint->text();
  }
  if (const Value* props = binding.Find("props"); props != nullptr) {
    if (!props->IsObject()) return TypeError(*props, "a table");
    absl::StatusOr<std::string> json = props->ToJson();
    if (!json.ok()) return Error(props->line(), StrCat(FromAbsl(json.status().message()), ", which JSON cannot say; put it in quotes"));
    read.props = *std::move(json);
  }
  if (const Value* remote = binding.Find("remote"); remote != nullptr && !AsksForNothing(*remote)) {
    return Error(remote->line(), StrCat(remote->Path(), ": workers that run elsewhere cannot be bound; serve them in this process"));
  }
  const auto same_name = [&](const auto& other) { return other.name == read.name; };
  if (std::any_of(config_.service_bindings.begin(), config_.service_bindings.end(), same_name) ||
      std::any_of(config_.object_bindings.begin(), config_.object_bindings.end(), same_name)) {
    return Error(name->line(), StrCat(name->Path(), ": another binding is called \"", read.name, "\" already"));
  }
  config_.service_bindings.push_back(std::move(read));
}

}  // namespace edge::config
