#include "sim/scenario/scenario.h"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

namespace json = boost::json;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

// Reads the members of one object; every error names the path of the key.
class ObjectReader {
 public:
  ObjectReader(const json::object& object, std::string path, absl::Status& status)
      : object_(object), path_(std::move(path)), status_(status) {}

  void Text(const char* key, std::string& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return Complain(key, "a string");
    out = std::string(View(value->get_string()));
  }
  void Number(const char* key, int64_t low, int64_t high, auto& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    int64_t number = 0;
    if (value->is_int64()) {
      number = value->get_int64();
    } else if (value->is_uint64() && value->get_uint64() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      number = static_cast<int64_t>(value->get_uint64());
    } else {
      return Complain(key, "a whole number");
    }
    if (number < low || number > high) return Complain(key, StrCat("between ", low, " and ", high));
    out = static_cast<std::remove_reference_t<decltype(out)>>(number);
  }
  void Time(const char* key, int64_t nanoseconds_per_unit, int64_t high, Duration& out) {
    int64_t units = -1;
    Number(key, 0, high, units);
    if (units >= 0) out = Duration::Nanoseconds(units * nanoseconds_per_unit);
  }
  void Flag(const char* key, bool& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_bool()) return Complain(key, "true or false");
    out = value->get_bool();
  }
  void Fields(const char* key, std::vector<std::pair<std::string, std::string>>& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_object()) return Complain(key, "an object of strings");
    for (const auto& [name, text] : value->get_object()) {
      if (!text.is_string()) return Complain(key, "an object of strings");
      out.emplace_back(std::string(name.data(), name.size()), std::string(View(text.get_string())));
    }
  }
  template <typename Each>
  void Array(const char* key, Each each) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return Complain(key, "an array");
    size_t index = 0;
    for (const json::value& element : value->get_array()) {
      each(element, StrCat(path_, key, "[", index++, "]"));
      if (!status_.ok()) return;
    }
  }
  template <typename Each>
  void Objects(const char* key, Each each) {
    Array(key, [&](const json::value& element, const std::string& path) {
      if (!element.is_object()) {
        status_ = absl::InvalidArgumentError(StrCat(path, ": must be an object"));
        return;
      }
      ObjectReader reader(element.get_object(), path + ".", status_);
      each(reader);
      reader.RefuseOthers();
    });
  }
  // What nobody asked for is a slip of the pen.
  void RefuseOthers() {
    if (!status_.ok()) return;
    for (const auto& member : object_) {
      const std::string_view name(member.key().data(), member.key().size());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      std::string all;
      for (const std::string& key : known_) all += (all.empty() ? "" : ", ") + key;
      status_ = absl::InvalidArgumentError(StrCat(path_, std::string(name), ": no such key; here there may be ", all));
      return;
    }
  }
  void Complain(const char* key, std::string_view expected) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(StrCat(path_, key, ": must be ", std::string(expected)));
  }
  bool Has(const char* key) { return Find(key) != nullptr; }

 private:
  const json::value* Find(const char* key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    return status_.ok() ? object_.if_contains(key) : nullptr;
  }

  const json::object& object_;
  const std::string path_;
  absl::Status& status_;
  std::vector<std::string> known_;
};

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMillisecond;
constexpr int64_t kDaySeconds = 86'400;

// A name out of a list, or an error that lists them.
template <typename Enum, size_t N>
void Choice(ObjectReader& reader, const char* key, const std::pair<const char*, Enum> (&names)[N], Enum& out) {
  std::string text;
  reader.Text(key, text);
  if (text.empty()) return;
  std::string all;
  for (const auto& [name, value] : names) {
    if (text == name) {
      out = value;
      return;
    }
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  reader.Complain(key, StrCat("one of ", all));
}

constexpr std::pair<const char*, Operation::Retry> kRetries[] = {
    {"idempotent", Operation::Retry::kIdempotentMethods}, {"always", Operation::Retry::kAlways}, {"never", Operation::Retry::kNever}};
constexpr std::pair<const char*, CheckSpec::Kind> kKinds[] = {{"unique", CheckSpec::Kind::kUnique},
                                                              {"count", CheckSpec::Kind::kCount},
                                                              {"status", CheckSpec::Kind::kStatus},
                                                              {"effects", CheckSpec::Kind::kEffects}};

template <typename Enum, size_t N>
const char* NameIn(const std::pair<const char*, Enum> (&names)[N], Enum value) {
  for (const auto& [name, candidate] : names) {
    if (candidate == value) return name;
  }
  return "";
}

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
  reader.Number("effects_max", 0, 1'000'000, check.effects_max);
  reader.Array("fields", [&](const json::value& value, const std::string&) {
    if (!value.is_string()) return reader.Complain("fields", "an array of strings");
    check.fields.emplace_back(View(value.get_string()));
  });
  reader.Array("statuses", [&](const json::value& value, const std::string&) {
    if (!value.is_int64()) return reader.Complain("statuses", "an array of numbers");
    check.statuses.push_back(static_cast<int>(value.get_int64()));
  });
  if (!reader.Has("kind")) reader.Complain("kind", "one of unique, count, status, effects");
  if (check.name.empty()) check.name = StrCat(NameIn(kKinds, check.kind), " ", check.operation, check.service);
  return check;
}

// Names that a check mentions must exist.
absl::Status CheckNames(const Scenario& scenario) {
  const auto has_operation = [&](const std::string& name) {
    return std::any_of(scenario.operations.begin(), scenario.operations.end(), [&](const Operation& o) { return o.name == name; });
  };
  for (size_t i = 0; i < scenario.operations.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (scenario.operations[i].name == scenario.operations[j].name) {
        return absl::InvalidArgumentError(StrCat("requests[", i, "].name: \"", scenario.operations[i].name, "\" is taken by requests[", j,
                                                 "]; give it a name of its own"));
      }
    }
  }
  for (const CheckSpec& check : scenario.checks) {
    const bool on_service = check.kind == CheckSpec::Kind::kEffects;
    if (!on_service && !has_operation(check.operation)) {
      return absl::InvalidArgumentError(
          StrCat("checks: \"", check.name, "\": operation \"", check.operation, "\" is the name of no request"));
    }
    if (check.kind == CheckSpec::Kind::kCount && !has_operation(check.counts)) {
      return absl::InvalidArgumentError(StrCat("checks: \"", check.name, "\": counts \"", check.counts, "\" is the name of no request"));
    }
    if (check.kind == CheckSpec::Kind::kUnique && check.fields.empty()) {
      return absl::InvalidArgumentError(StrCat("checks: \"", check.name, "\": unique needs fields: names of members of the JSON answer"));
    }
    if (check.kind == CheckSpec::Kind::kStatus && check.statuses.empty()) {
      return absl::InvalidArgumentError(StrCat("checks: \"", check.name, "\": status needs statuses: the ones that are allowed"));
    }
    if (on_service &&
        std::none_of(scenario.services.begin(), scenario.services.end(), [&](const Service& s) { return s.name == check.service; })) {
      return absl::InvalidArgumentError(StrCat("checks: \"", check.name, "\": service \"", check.service, "\" is the name of no service"));
    }
  }
  return absl::OkStatus();
}

json::object FieldsJson(const std::vector<std::pair<std::string, std::string>>& fields) {
  json::object object;
  for (const auto& [name, value] : fields) object[name] = value;
  return object;
}

}  // namespace

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
  reader.Objects("services", [&](ObjectReader& each) { scenario.services.push_back(ReadService(each)); });
  reader.Objects("checks", [&](ObjectReader& each) { scenario.checks.push_back(ReadCheck(each)); });
  if (reader.Has("requests") && scenario.operations.empty()) reader.Complain("requests", "an array with at least one request");
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
                                  {"effects_max", check.effects_max}});
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
                                      {"services", services},
                                      {"checks", checks}});
}

}  // namespace edge::sim
