#include "runtime/application/deployment.h"

#include <boost/json.hpp>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "storage/queue/queue.h"

namespace edge::cli {
namespace {

constexpr int64_t kFormat = 1;

using Kind = worker::WorkerCode::Variable::Kind;

using Storage = worker::ObjectClass::Storage;

std::string TextOf(const boost::json::value& value, boost::json::string_view member) {
  const boost::json::object* object = value.if_object();
  const boost::json::value* text = object == nullptr ? nullptr : object->if_contains(member);
  return text != nullptr && text->is_string() ? std::string(text->get_string().data(), text->get_string().size()) : std::string();
}

// The items of an array that may be absent; null if it is no array.
const boost::json::array* ItemsOf(const boost::json::object& members, boost::json::string_view name) {
  static const boost::json::array kNone;
  const boost::json::value* value = members.if_contains(name);
  return value == nullptr ? &kNone : value->if_array();
}

absl::Status ReadObjects(const boost::json::object& members, worker::WorkerCode& code) {
  const boost::json::array* classes = ItemsOf(members, "object_classes");
  const boost::json::array* bindings = ItemsOf(members, "object_bindings");
  const boost::json::array* deleted = ItemsOf(members, "deleted_spaces");
  if (classes == nullptr || bindings == nullptr || deleted == nullptr)
    return absl::InvalidArgumentError("its Durable Objects are no arrays");
  for (const boost::json::value& item : *classes) {
    worker::ObjectClass object{.name = TextOf(item, "name"), .space = TextOf(item, "space")};
    const std::string storage = TextOf(item, "storage");
    if (object.name.empty() || object.space.empty() || (storage != "sqlite" && storage != "key-value")) {
      return absl::InvalidArgumentError("an object class needs a name, a space and a storage of sqlite or key-value");
    }
    object.storage = storage == "sqlite" ? Storage::kSqlite : Storage::kKeyValue;
    code.object_classes.push_back(std::move(object));
  }
  for (const boost::json::value& item : *bindings) {
    worker::ObjectBinding binding{
        .name = TextOf(item, "name"), .class_name = TextOf(item, "class_name"), .script_name = TextOf(item, "script_name")};
    if (binding.name.empty() || binding.class_name.empty()) {
      return absl::InvalidArgumentError("an object binding needs a name and a class_name");
    }
    code.object_bindings.push_back(std::move(binding));
  }
  for (const boost::json::value& item : *deleted) {
    if (!item.is_string()) return absl::InvalidArgumentError("a deleted space is no string");
    code.deleted_spaces.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return absl::OkStatus();
}

absl::Status ReadServices(const boost::json::object& members, worker::WorkerCode& code) {
  const boost::json::array* bindings = ItemsOf(members, "service_bindings");
  if (bindings == nullptr) return absl::InvalidArgumentError("its service bindings are no array");
  for (const boost::json::value& item : *bindings) {
    worker::ServiceBinding binding{.name = TextOf(item, "name"),
                                   .service = TextOf(item, "service"),
                                   .entrypoint = TextOf(item, "entrypoint"),
                                   .props = TextOf(item, "props")};
    if (binding.name.empty() || binding.service.empty()) {
      return absl::InvalidArgumentError("a service binding needs a name and a service");
    }
    code.service_bindings.push_back(std::move(binding));
  }
  const boost::json::array* namespaces = ItemsOf(members, "kv_bindings");
  if (namespaces == nullptr) return absl::InvalidArgumentError("its KV bindings are no array");
  for (const boost::json::value& item : *namespaces) {
    worker::KvBinding binding{.name = TextOf(item, "name"), .id = TextOf(item, "id")};
    if (binding.name.empty() || binding.id.empty()) return absl::InvalidArgumentError("a KV binding needs a name and an id");
    code.kv_bindings.push_back(std::move(binding));
  }
  const boost::json::array* crons = ItemsOf(members, "crons");
  if (crons == nullptr) return absl::InvalidArgumentError("its crons are no array");
  for (const boost::json::value& item : *crons) {
    if (!item.is_string()) return absl::InvalidArgumentError("a cron is no string");
    code.crons.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return absl::OkStatus();
}

// A whole number from 0 to `max`; none: it is not there, or is something else.
std::optional<int64_t> NumberOf(const boost::json::value& value, boost::json::string_view member, int64_t max) {
  const boost::json::object* object = value.if_object();
  const boost::json::value* number = object == nullptr ? nullptr : object->if_contains(member);
  if (number == nullptr || !number->is_int64() || number->get_int64() < 0 || number->get_int64() > max) return std::nullopt;
  return number->get_int64();
}

absl::Status ReadQueues(const boost::json::object& members, worker::WorkerCode& code) {
  constexpr int64_t kNumberMax = 1'000'000'000;
  const boost::json::array* bindings = ItemsOf(members, "queue_bindings");
  const boost::json::array* consumers = ItemsOf(members, "queue_consumers");
  if (bindings == nullptr || consumers == nullptr) return absl::InvalidArgumentError("its queues are no arrays");
  for (const boost::json::value& item : *bindings) {
    const std::optional<int64_t> delay = NumberOf(item, "delivery_delay_s", kNumberMax);
    worker::QueueBinding binding{.name = TextOf(item, "name"), .queue = TextOf(item, "queue")};
    if (binding.name.empty() || !storage::IsQueueName(binding.queue) || !delay.has_value()) {
      return absl::InvalidArgumentError("a queue binding needs a name, a queue and a delivery_delay_s");
    }
    binding.delivery_delay = Duration::Seconds(*delay);
    code.queue_bindings.push_back(std::move(binding));
  }
  for (const boost::json::value& item : *consumers) {
    worker::QueueConsumer consumer{.queue = TextOf(item, "queue"), .dead_letter_queue = TextOf(item, "dead_letter_queue")};
    const std::string type = TextOf(item, "type");
    const std::optional<int64_t> size = NumberOf(item, "max_batch_size", 100), timeout = NumberOf(item, "max_batch_timeout_s", kNumberMax),
                                 retries = NumberOf(item, "max_retries", 100), concurrency = NumberOf(item, "max_concurrency", 250),
                                 delay = NumberOf(item, "retry_delay_s", kNumberMax),
                                 visibility = NumberOf(item, "visibility_timeout_ms", kNumberMax);
    const bool dead_fine = consumer.dead_letter_queue.empty() || storage::IsQueueName(consumer.dead_letter_queue);
    if (!storage::IsQueueName(consumer.queue) || !dead_fine || (type != "worker" && type != "http_pull") || size.value_or(0) == 0 ||
        concurrency.value_or(0) == 0 || !timeout.has_value() || !retries.has_value() || !delay.has_value() || !visibility.has_value()) {
      return absl::InvalidArgumentError("a queue consumer is incomplete");
    }
    consumer.type = type == "worker" ? worker::QueueConsumer::Type::kPush : worker::QueueConsumer::Type::kPull;
    consumer.batch_size_max = static_cast<uint32_t>(*size);
    consumer.batch_timeout = Duration::Seconds(*timeout);
    consumer.retries_max = static_cast<uint32_t>(*retries);
    consumer.concurrency_max = static_cast<uint32_t>(*concurrency);
    consumer.retry_delay = Duration::Seconds(*delay);
    consumer.visibility = Duration::Milliseconds(*visibility);
    code.queue_consumers.push_back(std::move(consumer));
  }
  return absl::OkStatus();
}

boost::json::array QueueBindingsOf(const worker::WorkerCode& code) {
  boost::json::array bindings;
  for (const worker::QueueBinding& binding : code.queue_bindings) {
    bindings.push_back(
        boost::json::object{{"name", binding.name}, {"queue", binding.queue}, {"delivery_delay_s", binding.delivery_delay.ToSeconds()}});
  }
  return bindings;
}

boost::json::array QueueConsumersOf(const worker::WorkerCode& code) {
  boost::json::array consumers;
  for (const worker::QueueConsumer& consumer : code.queue_consumers) {
    boost::json::object object{{"queue", consumer.queue},
                               {"type", consumer.type == worker::QueueConsumer::Type::kPush ? "worker" : "http_pull"},
                               {"max_batch_size", int64_t{consumer.batch_size_max}},
                               {"max_batch_timeout_s", consumer.batch_timeout.ToSeconds()},
                               {"max_retries", int64_t{consumer.retries_max}},
                               {"max_concurrency", int64_t{consumer.concurrency_max}},
                               {"retry_delay_s", consumer.retry_delay.ToSeconds()},
                               {"visibility_timeout_ms", consumer.visibility.ToMilliseconds()}};
    if (!consumer.dead_letter_queue.empty()) object["dead_letter_queue"] = consumer.dead_letter_queue;
    consumers.push_back(std::move(object));
  }
  return consumers;
}

}  // namespace

std::string WriteDeployment(const worker::WorkerCode& code) {
  boost::json::object variables;
  for (const auto& [name, variable] : code.variables) {
    // JSON variables stay text, so that what JSON.parse makes of them is decided where they are used.
    variables[name] = boost::json::object{{variable.kind == Kind::kJson ? "json" : "text", variable.value}};
  }
  boost::json::array classes;
  for (const worker::ObjectClass& object : code.object_classes) {
    classes.push_back(boost::json::object{
        {"name", object.name}, {"space", object.space}, {"storage", object.storage == Storage::kSqlite ? "sqlite" : "key-value"}});
  }
  boost::json::array bindings;
  for (const worker::ObjectBinding& binding : code.object_bindings) {
    boost::json::object object{{"name", binding.name}, {"class_name", binding.class_name}};
    if (!binding.script_name.empty()) object["script_name"] = binding.script_name;
    bindings.push_back(std::move(object));
  }
  boost::json::array services;
  for (const worker::ServiceBinding& binding : code.service_bindings) {
    services.push_back(boost::json::object{
        {"name", binding.name}, {"service", binding.service}, {"entrypoint", binding.entrypoint}, {"props", binding.props}});
  }
  boost::json::array namespaces;
  for (const worker::KvBinding& binding : code.kv_bindings) {
    namespaces.push_back(boost::json::object{{"name", binding.name}, {"id", binding.id}});
  }
  const boost::json::object root{{"format", kFormat},
                                 {"name", code.name},
                                 {"cpu_ms", code.limits.cpu.ToMilliseconds()},
                                 {"variables", variables},
                                 {"object_classes", classes},
                                 {"object_bindings", bindings},
                                 {"service_bindings", services},
                                 {"kv_bindings", namespaces},
                                 {"crons", boost::json::array(code.crons.begin(), code.crons.end())},
                                 {"queue_bindings", QueueBindingsOf(code)},
                                 {"queue_consumers", QueueConsumersOf(code)},
                                 {"deleted_spaces", boost::json::array(code.deleted_spaces.begin(), code.deleted_spaces.end())}};
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
  if (const absl::Status objects = ReadObjects(members, code); !objects.ok()) return objects;
  if (const absl::Status services = ReadServices(members, code); !services.ok()) return services;
  if (const absl::Status queues = ReadQueues(members, code); !queues.ok()) return queues;
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
