#include "runtime/node/queue_service.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

constexpr size_t kRedrivenAtOnce = 100;

absl::Status Lost() { return absl::UnavailableError("Network connection lost."); }

}  // namespace

QueueBroker& QueueService::Make(storage::ObjectStore& store, const std::string& queue) {
  std::unique_ptr<QueueBroker>& broker = brokers_[queue];
  if (broker == nullptr) broker = std::make_unique<QueueBroker>(services_, store, queue);
  return *broker;
}

absl::Status QueueService::Open(storage::ObjectStore& store, const worker::WorkerCodes& codes) {
  std::map<std::string, std::string> consumers;
  for (const auto& code : codes) {
    for (const worker::QueueBinding& binding : code->queue_bindings) Make(store, binding.queue);
    for (const worker::QueueConsumer& consumer : code->queue_consumers) {
      const auto [known, is_new] = consumers.emplace(consumer.queue, code->name);
      if (!is_new) {
        return absl::InvalidArgumentError(StrCat("the queue \"", consumer.queue, "\" has two consumers, ", known->second, " and ",
                                                 code->name, "; a queue has one at most"));
      }
      Make(store, consumer.queue);
      if (!consumer.dead_letter_queue.empty()) Make(store, consumer.dead_letter_queue);
    }
  }
  open_ = true;
  return absl::OkStatus();
}

absl::Status QueueService::Start(const std::vector<worker::Worker*>& workers) {
  for (worker::Worker* const worker : workers) {
    const std::vector<std::string>& handlers = worker->entry_points().handlers;
    const bool handles = std::find(handlers.begin(), handlers.end(), "queue") != handlers.end();
    for (const worker::QueueConsumer& consumer : worker->code().queue_consumers) {
      const bool pushed = consumer.type == worker::QueueConsumer::Type::kPush;
      if (pushed && !handles) {
        services_.log.Write(
            worker::Severity::kWarning, worker->code().name,
            StrCat("it consumes the queue ", consumer.queue, " (queues.consumers), but has no queue() handler: messages wait"));
      }
      QueueBroker* const dead = consumer.dead_letter_queue.empty() ? nullptr : brokers_.find(consumer.dead_letter_queue)->second.get();
      brokers_.find(consumer.queue)->second->SetConsumer(consumer, pushed && handles ? worker : nullptr, dead);
    }
  }
  for (const auto& [name, broker] : brokers_) EDGE_RETURN_IF_ERROR(broker->Start());
  return absl::OkStatus();
}

void QueueService::Stop(Instant deadline) {
  for (const auto& [name, broker] : brokers_) broker->Stop(deadline);
}

void QueueService::Close() {
  brokers_.clear();
  open_ = false;
}

absl::StatusOr<QueueBroker*> QueueService::Need(std::string_view queue) {
  if (!open_) return absl::UnimplementedError("queues are not available: this node keeps no state.");
  const auto found = brokers_.find(queue);
  if (found == brokers_.end()) return absl::NotFoundError(StrCat("there is no queue \"", queue, "\""));
  return found->second.get();
}

const QueueBroker* QueueService::Find(std::string_view queue) const {
  const auto found = brokers_.find(queue);
  return found == brokers_.end() ? nullptr : found->second.get();
}

absl::Status QueueService::Told(std::string_view what, std::string_view queue, const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsAborted(status) || absl::IsCancelled(status) || absl::IsUnimplemented(status)) {
    return status;
  }
  services_.log.Write(worker::Severity::kError, "queue", StrCat(queue, ": ", what, " failed: ", FromAbsl(status.message())));
  return absl::InternalError("the queue failed");
}

std::string QueueService::NewId(uint64_t key, size_t index) {
  std::array<std::byte, 16> bytes;
  random_.Fork(StrCat("queue/", key, "/", index))->Fill(bytes);
  constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (const std::byte byte : bytes) {
    id.push_back(kHex[static_cast<uint8_t>(byte) >> 4]);
    id.push_back(kHex[static_cast<uint8_t>(byte) & 15]);
  }
  return id;
}

absl::StatusOr<worker::QueueMetrics> QueueService::Send(std::string_view queue, std::vector<worker::OutgoingMessage> messages,
                                                        const worker::QueueCaller& caller) {
  const MischiefChoice error = services_.adversary.Consider("queue.send", caller.key, {Mischief::kFailBefore, Mischief::kFailAfter});
  if (error.kind == Mischief::kFailBefore) return Lost();
  absl::StatusOr<QueueBroker*> broker = Need(queue);
  if (!broker.ok()) return Told("send", queue, broker.status());
  std::vector<storage::NewMessage> stored;
  for (size_t i = 0; i < messages.size(); ++i) {
    stored.push_back(
        {.id = NewId(caller.key, i), .format = messages[i].format, .body = std::move(messages[i].body), .delay = messages[i].delay});
  }
  EDGE_RETURN_IF_ERROR(Told("send", queue, (*broker)->Send(stored)));
  if (error.kind == Mischief::kFailAfter) return Lost();
  return Metrics(queue, caller);
}

absl::StatusOr<worker::QueueMetrics> QueueService::Metrics(std::string_view queue, const worker::QueueCaller& /*caller*/) {
  absl::StatusOr<QueueBroker*> broker = Need(queue);
  if (!broker.ok()) return Told("metrics", queue, broker.status());
  const absl::StatusOr<storage::QueueState> state = (*broker)->queue().State();
  if (!state.ok()) return Told("metrics", queue, state.status());
  return worker::QueueMetrics{.messages = state->messages, .bytes = state->bytes, .oldest = state->oldest};
}

// --- operators ---

std::vector<std::string> QueueService::names() const {
  std::vector<std::string> names;
  for (const auto& [name, broker] : brokers_) names.push_back(name);
  return names;
}

absl::StatusOr<QueueService::Status> QueueService::StatusOf(std::string_view queue) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const broker, Need(queue));
  Status status;
  EDGE_ASSIGN_OR_RETURN(status.state, broker->queue().State());
  for (const auto& [name, other] : brokers_) {
    if (other->dead_letters() == broker) status.dead_letters_of.push_back(name);
  }
  return status;
}

absl::StatusOr<std::vector<storage::QueuedMessage>> QueueService::Peek(std::string_view queue, int64_t after, size_t count) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const broker, Need(queue));
  return broker->queue().Peek(after, count);
}

absl::StatusOr<size_t> QueueService::Redrive(std::string_view from, std::string_view to, size_t count) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const source, Need(from));
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const target, Need(to));
  if (source == target) return absl::InvalidArgumentError("the messages are in that queue already");
  size_t moved = 0;
  while (moved < count) {
    const WallTime now = services_.scheduler.clock().WallNow();
    EDGE_ASSIGN_OR_RETURN(const storage::TakenMessages taken, source->queue().Take({.now = now,
                                                                                    .count_max = std::min(kRedrivenAtOnce, count - moved),
                                                                                    .visibility = Duration::Seconds(60),
                                                                                    .deliveries_max = std::numeric_limits<int64_t>::max(),
                                                                                    .holder = storage::LeaseHolder::kPush}));
    if (taken.messages.empty()) break;
    std::vector<storage::NewMessage> again;
    std::vector<storage::Verdict> acks;
    const uint64_t key = services_.scheduler.NewChildKey("queue.redrive");
    for (const storage::QueuedMessage& message : taken.messages) {
      again.push_back({.id = NewId(key, again.size()), .format = message.format, .body = message.body});
      acks.push_back({.lease = message.lease});
    }
    EDGE_RETURN_IF_ERROR(target->Send(again));
    EDGE_RETURN_IF_ERROR(source->Settle(acks).status());
    moved += taken.messages.size();
  }
  return moved;
}

absl::StatusOr<size_t> QueueService::Purge(std::string_view queue) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const broker, Need(queue));
  EDGE_ASSIGN_OR_RETURN(const size_t purged, broker->queue().Purge());
  broker->OnChanged();
  return purged;
}

absl::StatusOr<std::vector<storage::QueuedMessage>> QueueService::Pull(std::string_view queue, size_t count, Duration visibility) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const broker, Need(queue));
  return broker->Pull(count, visibility);
}

absl::StatusOr<storage::SettledMessages> QueueService::Settle(std::string_view queue, std::span<const storage::Verdict> verdicts) {
  EDGE_ASSIGN_OR_RETURN(QueueBroker* const broker, Need(queue));
  return broker->Settle(verdicts);
}

}  // namespace edge
