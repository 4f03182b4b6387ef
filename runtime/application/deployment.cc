#include "runtime/application/deployment.h"

#include <boost/json.hpp>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace edge::cli {
namespace {

constexpr int64_t kFormat = 1;

using Kind = worker::WorkerCode::Variable::Kind;

}  // namespace

std::string WriteDeployment(const worker::WorkerCode& code) {
  boost::json::object variables;
  for (const auto& [name, variable] : code.variables) {
    // JSON variables stay text, so that what JSON.parse makes of them is decided where they are used.
    variables[name] = boost::json::object{{variable.kind == Kind::kJson ? "json" : "text", variable.value}};
  }
  const boost::json::object root{
      {"format", kFormat}, {"name", code.name}, {"cpu_ms", code.limits.cpu.ToMilliseconds()}, {"variables", variables}};
  return boost::json::serialize(root) + "\n";
}

absl::Status ReadDeployment(std::string_view json, worker::WorkerCode& code) {
  boost::json::error_code error;
  const boost::json::value root = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error || !root.is_object()) return absl::InvalidArgumentError("not a JSON object; build the bundle again: edge build");
  const boost::json::object& members = root.get_object();
  const boost::json::value* format = members.if_contains("format");
  if (format == nullptr || !format->is_int64() || format->get_int64() != kFormat) {
    return absl::InvalidArgumentError(
        absl::StrCat("its format is not ", kFormat, "; build the bundle again with this version of edge: edge build"));
  }
  if (const boost::json::value* name = members.if_contains("name"); name != nullptr && name->is_string())
    code.name.assign(name->get_string().c_str());
  if (const boost::json::value* cpu = members.if_contains("cpu_ms"); cpu != nullptr && cpu->is_int64() && cpu->get_int64() > 0) {
    code.limits.cpu = Duration::Milliseconds(cpu->get_int64());
  }
  const boost::json::value* variables = members.if_contains("variables");
  if (variables == nullptr || !variables->is_object()) return absl::InvalidArgumentError("it has no variables");
  for (const auto& [name, value] : variables->get_object()) {
    const boost::json::object* variable = value.if_object();
    const boost::json::value* text = variable == nullptr ? nullptr : variable->if_contains("text");
    const boost::json::value* raw = variable == nullptr ? nullptr : variable->if_contains("json");
    const boost::json::value* chosen = text != nullptr ? text : raw;
    if (chosen == nullptr || !chosen->is_string())
      return absl::InvalidArgumentError(absl::StrCat("variable ", std::string(name), " has neither text nor json"));
    const boost::json::string& content = chosen->get_string();
    code.variables[std::string(name)] = {text != nullptr ? Kind::kText : Kind::kJson, std::string(content.data(), content.size())};
  }
  return absl::OkStatus();
}

}  // namespace edge::cli
