// QueueService: the queues of a node over its store: one broker for each queue that a worker of the node sends to, consumes or buries its
// dead letters in.
#ifndef EDGE_RUNTIME_NODE_QUEUE_SERVICE_H_
#define EDGE_RUNTIME_NODE_QUEUE_SERVICE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/node/queue_broker.h"
#include "runtime/seam/random.h"
#include "runtime/worker/queue_store.h"
#include "runtime/worker/worker.h"

namespace edge {

class QueueService final : public worker::QueueStore {
 public:
  // All borrowed. Until Open, and after Close, nothing is there: kUnimplemented.
  QueueService(const QueueBroker::Services& services, Random& random) : services_(services), random_(random) {}

  // Makes the brokers. kInvalidArgument: two workers consume one queue.
  absl::Status Open(storage::ObjectStore& store, const worker::WorkerCodes& codes);
  // Begins to deliver. Errors as SystemObject::Write. REQUIRES: the workers have been started. MAY SUSPEND.
  absl::Status Start(const std::vector<worker::Worker*>& workers);
  // Delivers nothing more; what runs has until `deadline`. Sending goes on. MAY SUSPEND.
  void Stop(Instant deadline);
  // REQUIRES: Stop has returned; no call is under way.
  void Close();

  absl::StatusOr<worker::QueueMetrics> Send(std::string_view queue, std::vector<worker::OutgoingMessage> messages,
                                            const worker::QueueCaller& caller) override;
  absl::StatusOr<worker::QueueMetrics> Metrics(std::string_view queue, const worker::QueueCaller& caller) override;

  // --- for operators; all MAY SUSPEND; kNotFound: no worker of the node has such a queue; other errors as storage::Queue ---

  // By name.
  std::vector<std::string> names() const;
  // Null: there is none of that name.
  const QueueBroker* Find(std::string_view queue) const;
  struct Status {
    storage::QueueState state;
    std::vector<std::string> dead_letters_of;  // queues whose dead letters it gets
  };
  absl::StatusOr<Status> StatusOf(std::string_view queue);
  // In order of arrival, later than `after` (QueuedMessage::sequence); also those in flight.
  absl::StatusOr<std::vector<storage::QueuedMessage>> Peek(std::string_view queue, int64_t after, size_t count);
  // Moves what is ready in `from`, at most `count` messages, to the end of `to`, where each begins a new life. A message is durable there
  // before it is gone here: at worst it is in both. How many.
  absl::StatusOr<size_t> Redrive(std::string_view from, std::string_view to, size_t count);
  // Deletes all of it, in flight ones too. How many.
  absl::StatusOr<size_t> Purge(std::string_view queue);
  // For consumers over HTTP: see QueueBroker.
  absl::StatusOr<std::vector<storage::QueuedMessage>> Pull(std::string_view queue, size_t count, Duration visibility);
  absl::StatusOr<storage::SettledMessages> Settle(std::string_view queue, std::span<const storage::Verdict> verdicts);

 private:
  absl::StatusOr<QueueBroker*> Need(std::string_view queue);
  QueueBroker& Make(storage::ObjectStore& store, const std::string& queue);
  // As QueueStore's errors; what they do not say is logged.
  absl::Status Told(std::string_view what, std::string_view queue, const absl::Status& status);
  std::string NewId(uint64_t key, size_t index);

  const QueueBroker::Services services_;
  Random& random_;
  bool open_ = false;
  std::map<std::string, std::unique_ptr<QueueBroker>, std::less<>> brokers_;  // by queue
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_QUEUE_SERVICE_H_
