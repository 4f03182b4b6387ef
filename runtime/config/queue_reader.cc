// ConfigReader's part for queues: queues.producers and queues.consumers. Limits: contract sheet 7.2.
#include <algorithm>
#include <cmath>

#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"

namespace edge::config {
namespace {

constexpr int64_t kDelayMax = 43'200;  // s
constexpr int64_t kBatchSizeMax = 100;
constexpr int64_t kBatchTimeoutMax = 60;  // s
constexpr int64_t kRetriesMax = 100;
constexpr int64_t kConcurrencyMax = 250;
constexpr int64_t kVisibilityMsMax = 43'200'000;

// As storage::IsQueueName.
bool IsQueueName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

void ConfigReader::ReadQueues() {
  const Value* queues = Get("queues");
  if (queues == nullptr) return;
  constexpr std::string_view kKnown[] = {"producers", "consumers"};
  WarnOfUnknownMembers(*queues, kKnown);
  for (const std::string_view member : kKnown) {
    const Value* items = queues->Find(member);
    if (items == nullptr || items->kind() == Value::Kind::kNull) continue;
    if (!items->IsArray()) {
      TypeError(*items, "an array of tables");
      continue;
    }
    for (const Value* item : items->children()) {
      if (!item->IsObject()) {
        TypeError(*item, member == "producers" ? "a table with binding and queue" : "a table with queue");
      } else if (member == "producers") {
        ReadQueueProducer(*item);
      } else {
        ReadQueueConsumer(*item);
      }
    }
  }
}

const Value* ConfigReader::RequireQueue(const Value& item, std::string_view member) {
  const Value* queue = RequireText(item, member, "orders");
  if (queue == nullptr || IsQueueName(queue->text())) return queue;
  Error(queue->line(), StrCat(queue->Path(), " is \"", queue->text(), "\"; the name of a queue is 1 to 63 of a-z, 0-9, - and _"));
  return nullptr;
}

std::optional<int64_t> ConfigReader::ReadWhole(const Value& object, std::string_view member, int64_t min, int64_t max) {
  const Value* value = object.Find(member);
  if (value == nullptr || value->kind() == Value::Kind::kNull) return std::nullopt;
  if (value->kind() != Value::Kind::kInteger && value->kind() != Value::Kind::kDouble) {
    TypeError(*value, "a number");
    return std::nullopt;
  }
  const double number = value->number();
  if (!(number >= static_cast<double>(min)) || number > static_cast<double>(max) || number != std::floor(number)) {
    Error(value->line(), StrCat(value->Path(), " is ", number, "; write a whole number from ", min, " to ", max));
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

void ConfigReader::ReadQueueProducer(const Value& item) {
  constexpr std::string_view kKnown[] = {"binding", "queue", "delivery_delay", "remote"};
  WarnOfUnknownMembers(item, kKnown);
  const Value* binding = RequireText(item, "binding", "ORDERS");
  const Value* queue = RequireQueue(item, "queue");
  const int64_t delay = ReadWhole(item, "delivery_delay", 0, kDelayMax).value_or(0);
  if (binding == nullptr || queue == nullptr) return;
  const auto same_name = [&](const QueueProducer& other) { return other.name == binding->text(); };
  if (std::any_of(config_.queue_producers.begin(), config_.queue_producers.end(), same_name)) {
    return Error(binding->line(), StrCat(binding->Path(), ": another binding is called \"", binding->text(), "\" already"));
  }
  if (const Value* remote = item.Find("remote"); remote != nullptr && !(remote->kind() == Value::Kind::kBool && !remote->boolean())) {
    return Error(remote->line(),
                 StrCat(remote->Path(), ": a queue of the hosted platform cannot be used from here; remove it, messages are kept locally"));
  }
  config_.queue_producers.push_back({.name = binding->text(), .queue = queue->text(), .delivery_delay_s = delay, .line = item.line()});
}

void ConfigReader::ReadQueueConsumer(const Value& item) {
  constexpr std::string_view kKnown[] = {
      "queue",           "type",        "max_batch_size",       "max_batch_timeout", "max_retries", "dead_letter_queue",
      "max_concurrency", "retry_delay", "visibility_timeout_ms"};
  WarnOfUnknownMembers(item, kKnown);
  const Value* queue = RequireQueue(item, "queue");
  QueueConsumer consumer;
  consumer.line = item.line();
  if (const Value* type = item.Find("type"); type != nullptr) {
    if (!type->IsString() || (type->text() != "worker" && type->text() != "http_pull")) {
      return Error(type->line(), StrCat(type->Path(), " must be \"worker\" or \"http_pull\""));
    }
    if (type->text() == "http_pull") consumer.type = QueueConsumer::Type::kPull;
  }
  consumer.max_batch_size = ReadWhole(item, "max_batch_size", 1, kBatchSizeMax).value_or(consumer.max_batch_size);
  consumer.max_batch_timeout_s = ReadWhole(item, "max_batch_timeout", 0, kBatchTimeoutMax).value_or(consumer.max_batch_timeout_s);
  consumer.max_retries = ReadWhole(item, "max_retries", 0, kRetriesMax).value_or(consumer.max_retries);
  consumer.max_concurrency = ReadWhole(item, "max_concurrency", 1, kConcurrencyMax).value_or(consumer.max_concurrency);
  consumer.retry_delay_s = ReadWhole(item, "retry_delay", 0, kDelayMax).value_or(0);
  consumer.visibility_timeout_ms = ReadWhole(item, "visibility_timeout_ms", 1, kVisibilityMsMax).value_or(consumer.visibility_timeout_ms);
  if (item.Find("dead_letter_queue") != nullptr) {
    const Value* dead = RequireQueue(item, "dead_letter_queue");
    if (dead == nullptr || queue == nullptr) return;
    if (dead->text() == queue->text()) {
      return Error(dead->line(), StrCat(dead->Path(), " is the queue itself; what is tried too often needs another queue"));
    }
    consumer.dead_letter_queue = dead->text();
  }
  if (queue == nullptr) return;
  consumer.queue = queue->text();
  const auto same_queue = [&](const QueueConsumer& other) { return other.queue == consumer.queue; };
  if (std::any_of(config_.queue_consumers.begin(), config_.queue_consumers.end(), same_queue)) {
    return Error(queue->line(), StrCat(queue->Path(), ": \"", consumer.queue, "\" has a consumer already; a queue has one at most"));
  }
  config_.queue_consumers.push_back(std::move(consumer));
}

}  // namespace edge::config
