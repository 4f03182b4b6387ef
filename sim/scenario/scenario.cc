#include "sim/scenario/scenario.h"

#include <algorithm>
#include <boost/json.hpp>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/scenario/object_reader.h"
#include "sim/scenario/socket_plan_json.h"

namespace edge::sim {
namespace {

namespace json = boost::json;

constexpr std::pair<const char*, Operation::Retry> kRetries[] = {
    {"idempotent", Operation::Retry::kIdempotentMethods}, {"always", Operation::Retry::kAlways}, {"never", Operation::Retry::kNever}};
constexpr std::pair<const char*, CheckSpec::Kind> kKinds[] = {
    {"unique", CheckSpec::Kind::kUnique},   {"count", CheckSpec::Kind::kCount},         {"status", CheckSpec::Kind::kStatus},
    {"effects", CheckSpec::Kind::kEffects}, {"value", CheckSpec::Kind::kValue},         {"settles", CheckSpec::Kind::kSettles},
    {"kept", CheckSpec::Kind::kKept},       {"delivered", CheckSpec::Kind::kDelivered}, {"answered", CheckSpec::Kind::kAnswered},
    {"rate", CheckSpec::Kind::kRate}};
constexpr std::pair<const char*, CheckSpec::To> kTo[] = {{"all", CheckSpec::To::kAll}, {"others", CheckSpec::To::kOthers}};

Operation ReadOperation(ObjectReader& reader) {
  Operation operation;
  reader.Text("name", operation.name);
  reader.Text("method", operation.method);
  reader.Text("path", operation.target);
  reader.Fields("headers", operation.headers);
  reader.Text("body", operation.body);
  reader.Number("weight", 0, 1'000'000, operation.weight);
  reader.Flag("idempotency_key", operation.idempotency_key);
  Choice(reader, "retry", kRetries, operation.retry);
  if (!operation.target.starts_with('/')) reader.Complain("path", "a path that begins with /");
  if (operation.name.empty()) operation.name = operation.method + " " + operation.target;
  return operation;
}

Service ReadService(ObjectReader& reader) {
  Service service;
  reader.Text("name", service.name);
  reader.Number("port", 1, 65'535, service.port);
  if (service.name.empty()) reader.Complain("name", "a host name");
  reader.Objects("routes", [&](ObjectReader& route_reader) {
    ServiceRoute route;
    route_reader.Text("method", route.method);
    route_reader.Text("path", route.path);
    route_reader.Number("status", 200, 599, route.status);
    route_reader.Fields("headers", route.headers);
    route_reader.Text("body", route.body);
    route_reader.Time("latency_ms_max", kMillisecond, kDaySeconds * 1000, route.latency_max);
    route_reader.Number("never_answers_percent", 0, 100, route.never_answers_percent);
    if (!route.path.starts_with('/')) route_reader.Complain("path", "a path that begins with /");
    service.routes.push_back(std::move(route));
  });
  return service;
}

CheckSpec ReadCheck(ObjectReader& reader) {
  CheckSpec check;
  Choice(reader, "kind", kKinds, check.kind);
  reader.Text("name", check.name);
  reader.Text("operation", check.operation);
  reader.Text("counts", check.counts);
  reader.Text("service", check.service);
  reader.Text("header", check.header);
  reader.Text("socket", check.socket);
  Choice(reader, "to", kTo, check.to);
  reader.Number("effects_max", 0, 1'000'000, check.effects_max);
  reader.Number("equals", -(int64_t{1} << 53), int64_t{1} << 53, check.equals);
  reader.Number("at_most", 0, 1'000'000, check.at_most);
  reader.Time("within_ms", kMillisecond, kDaySeconds * 1000, check.within);
  reader.Texts("fields", check.fields);
  reader.Array("statuses", [&](const json::value& value, const std::string&) {
    if (!value.is_int64()) return reader.Complain("statuses", "an array of numbers");
    check.statuses.push_back(static_cast<int>(value.get_int64()));
  });
  if (!reader.Has("kind"))
    reader.Complain("kind", "one of unique, count, status, effects, value, settles, kept, delivered, answered, rate");
  if (check.name.empty()) check.name = StrCat(NameIn(kKinds, check.kind), " ", check.operation, check.service, check.socket);
  return check;
}

// "requests[2]", "sockets[0].messages[1]": where an operation is.
std::string PlaceOf(const Scenario& scenario, size_t operation) {
  if (operation < scenario.operations.size()) return StrCat("requests[", operation, "]");
  operation -= scenario.operations.size();
  if (operation < scenario.sockets.size()) return StrCat("sockets[", operation, "]");
  operation -= scenario.sockets.size();
  size_t socket = 0;
  for (; operation >= scenario.sockets[socket].messages.size(); ++socket) operation -= scenario.sockets[socket].messages.size();
  return StrCat("sockets[", socket, "].messages[", operation, "]");
}

absl::Status CheckNamesDiffer(const Scenario& scenario) {
  for (size_t i = 0; i < CountOperations(scenario); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (OperationName(scenario, i) != OperationName(scenario, j)) continue;
      return absl::InvalidArgumentError(StrCat(PlaceOf(scenario, i), ".name: \"", OperationName(scenario, i), "\" is taken by ",
                                               PlaceOf(scenario, j), "; give it a name of its own"));
    }
  }
  return absl::OkStatus();
}

// What a check mentions must exist, and what its kind needs must be there.
absl::Status CheckCheck(const Scenario& scenario, const CheckSpec& check) {
  const auto wrong = [&](const std::string& what) { return absl::InvalidArgumentError(StrCat("checks: \"", check.name, "\": ", what)); };
  const auto has_request = [&](const std::string& name) {
    return std::any_of(scenario.operations.begin(), scenario.operations.end(), [&](const Operation& o) { return o.name == name; });
  };
  const auto has_operation = [&](const std::string& name) {
    for (size_t i = 0; i < CountOperations(scenario); ++i) {
      if (OperationName(scenario, i) == name) return true;
    }
    return false;
  };
  using Kind = CheckSpec::Kind;
  const bool on_service = check.kind == Kind::kEffects;
  const bool on_socket = check.kind == Kind::kDelivered || check.kind == Kind::kAnswered;
  if (on_socket) {
    const auto plan =
        std::find_if(scenario.sockets.begin(), scenario.sockets.end(), [&](const SocketPlan& s) { return s.name == check.socket; });
    if (plan == scenario.sockets.end()) return wrong(StrCat("socket \"", check.socket, "\" is the name of no socket"));
    if (plan->id.empty()) return wrong(StrCat("socket \"", check.socket, "\" has no \"id\": nobody could tell its messages apart"));
    if (check.kind == Kind::kDelivered && plan->delivered.empty())
      return wrong(StrCat("socket \"", check.socket, "\" has no \"delivered\": nobody could tell what has arrived"));
    return absl::OkStatus();
  }
  // What is asked at the end is a request; what is counted or kept may have been said on a socket.
  const bool asks = check.kind == Kind::kCount || check.kind == Kind::kKept || check.kind == Kind::kValue || check.kind == Kind::kSettles;
  if (!on_service && !(asks ? has_request(check.operation) : has_operation(check.operation))) {
    return wrong(
        StrCat("operation \"", check.operation, "\" is the name of no request", asks ? std::string() : std::string(", socket or message")));
  }
  const bool counts = check.kind == Kind::kCount || check.kind == Kind::kKept;
  if (counts && !has_operation(check.counts)) {
    return wrong(StrCat("counts \"", check.counts, "\" is the name of no request, socket or message"));
  }
  if (check.kind == Kind::kUnique && check.fields.empty()) {
    return wrong("unique needs fields: names of members of the JSON answer");
  }
  if (check.kind == Kind::kKept && check.fields.size() != 1) {
    return wrong("kept needs one field: a member of the JSON answer of counts");
  }
  if (check.kind == Kind::kRate && (check.fields.size() != 1 || check.at_most == 0)) {
    return wrong("rate needs at_most and one field: the member of the JSON answer that is its time in milliseconds");
  }
  if (check.kind == Kind::kStatus && check.statuses.empty()) {
    return wrong("status needs statuses: the ones that are allowed");
  }
  if (on_service &&
      std::none_of(scenario.services.begin(), scenario.services.end(), [&](const Service& s) { return s.name == check.service; })) {
    return wrong(StrCat("service \"", check.service, "\" is the name of no service"));
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const Scenario& scenario) {
  EDGE_RETURN_IF_ERROR(CheckNamesDiffer(scenario));
  for (const CheckSpec& check : scenario.checks) EDGE_RETURN_IF_ERROR(CheckCheck(scenario, check));
  return absl::OkStatus();
}

json::object FieldsJson(const std::vector<std::pair<std::string, std::string>>& fields) {
  json::object object;
  for (const auto& [name, value] : fields) object[name] = value;
  return object;
}

}  // namespace

size_t CountOperations(const Scenario& scenario) {
  size_t count = scenario.operations.size() + scenario.sockets.size();
  for (const SocketPlan& socket : scenario.sockets) count += socket.messages.size();
  return count;
}

size_t SocketOperation(const Scenario& scenario, size_t socket) { return scenario.operations.size() + socket; }

size_t MessageOperation(const Scenario& scenario, size_t socket, size_t message) {
  size_t operation = scenario.operations.size() + scenario.sockets.size() + message;
  for (size_t i = 0; i < socket; ++i) operation += scenario.sockets[i].messages.size();
  return operation;
}

const std::string& OperationName(const Scenario& scenario, size_t operation) {
  if (operation < scenario.operations.size()) return scenario.operations[operation].name;
  operation -= scenario.operations.size();
  if (operation < scenario.sockets.size()) return scenario.sockets[operation].name;
  operation -= scenario.sockets.size();
  size_t socket = 0;
  for (; operation >= scenario.sockets[socket].messages.size(); ++socket) operation -= scenario.sockets[socket].messages.size();
  return scenario.sockets[socket].messages[operation].name;
}

absl::StatusOr<Scenario> ParseScenario(std::string_view text, std::string_view file_name) {
  json::error_code error;
  json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  json::stream_parser parser({}, options);
  const size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && !parser.done()) parser.finish(error);
  if (!error && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) error = json::error::extra_data;
  if (error) {
    const size_t line =
        1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(std::min(read, text.size())), '\n'));
    return absl::InvalidArgumentError(StrCat(std::string(file_name), ":", line, ": not JSON: ", error.message()));
  }
  const json::value root = parser.release();
  if (!root.is_object())
    return absl::InvalidArgumentError(StrCat(std::string(file_name), ": must be a JSON object; see docs/simulation.md"));

  Scenario scenario;
  absl::Status status;
  ObjectReader reader(root.get_object(), "", status);
  reader.Text("name", scenario.name);
  reader.Number("nodes", 1, 64, scenario.nodes);
  reader.Number("clients", 1, 1'000, scenario.clients);
  reader.Number("requests_per_client", 0, 1'000'000, scenario.requests_per_client);
  reader.Time("seconds", kSecond, 365 * kDaySeconds, scenario.safety);
  reader.Time("request_timeout_ms", kMillisecond, kDaySeconds * 1000, scenario.limits.request_time);
  reader.Number("retries", 0, 100, scenario.limits.retries_max);
  reader.Time("liveness_seconds", kSecond, kDaySeconds, scenario.limits.liveness);
  reader.Time("probe_seconds", kSecond, kDaySeconds, scenario.limits.probe_time);
  reader.Objects("requests", [&](ObjectReader& each) { scenario.operations.push_back(ReadOperation(each)); });
  reader.Objects("sockets", [&](ObjectReader& each) { scenario.sockets.push_back(ReadSocketPlan(each)); });
  reader.Objects("services", [&](ObjectReader& each) { scenario.services.push_back(ReadService(each)); });
  reader.Objects("checks", [&](ObjectReader& each) { scenario.checks.push_back(ReadCheck(each)); });
  if (reader.Has("requests") && scenario.operations.empty() && scenario.sockets.empty())
    reader.Complain("requests", "an array with at least one request");
  reader.RefuseOthers();
  if (status.ok()) status = CheckNames(scenario);
  if (!status.ok()) return absl::InvalidArgumentError(StrCat(std::string(file_name), ": ", std::string(status.message())));
  return scenario;
}

std::string ScenarioJson(const Scenario& scenario) {
  json::array operations;
  for (const Operation& operation : scenario.operations) {
    operations.push_back(json::object{{"name", operation.name},
                                      {"method", operation.method},
                                      {"path", operation.target},
                                      {"headers", FieldsJson(operation.headers)},
                                      {"body", operation.body},
                                      {"weight", operation.weight},
                                      {"retry", NameIn(kRetries, operation.retry)},
                                      {"idempotency_key", operation.idempotency_key}});
  }
  json::array sockets;
  for (const SocketPlan& socket : scenario.sockets) sockets.push_back(SocketPlanJson(socket));
  json::array services;
  for (const Service& service : scenario.services) {
    json::array routes;
    for (const ServiceRoute& route : service.routes) {
      routes.push_back(json::object{{"method", route.method},
                                    {"path", route.path},
                                    {"status", route.status},
                                    {"headers", FieldsJson(route.headers)},
                                    {"body", route.body},
                                    {"latency_ms_max", route.latency_max.ToMilliseconds()},
                                    {"never_answers_percent", route.never_answers_percent}});
    }
    services.push_back(json::object{{"name", service.name}, {"port", service.port}, {"routes", routes}});
  }
  json::array checks;
  for (const CheckSpec& check : scenario.checks) {
    json::array fields;
    for (const std::string& field : check.fields) fields.push_back(json::value(field));
    json::array statuses;
    for (const int status : check.statuses) statuses.push_back(status);
    checks.push_back(json::object{{"kind", NameIn(kKinds, check.kind)},
                                  {"name", check.name},
                                  {"operation", check.operation},
                                  {"fields", fields},
                                  {"counts", check.counts},
                                  {"statuses", statuses},
                                  {"service", check.service},
                                  {"header", check.header},
                                  {"effects_max", check.effects_max},
                                  {"equals", check.equals},
                                  {"at_most", check.at_most},
                                  {"within_ms", check.within.ToMilliseconds()},
                                  {"socket", check.socket},
                                  {"to", NameIn(kTo, check.to)}});
  }
  return json::serialize(json::object{{"name", scenario.name},
                                      {"nodes", scenario.nodes},
                                      {"clients", scenario.clients},
                                      {"requests_per_client", scenario.requests_per_client},
                                      {"seconds", scenario.safety.ToSeconds()},
                                      {"request_timeout_ms", scenario.limits.request_time.ToMilliseconds()},
                                      {"retries", scenario.limits.retries_max},
                                      {"liveness_seconds", scenario.limits.liveness.ToSeconds()},
                                      {"probe_seconds", scenario.limits.probe_time.ToSeconds()},
                                      {"requests", operations},
                                      {"sockets", sockets},
                                      {"services", services},
                                      {"checks", checks}});
}

}  // namespace edge::sim
