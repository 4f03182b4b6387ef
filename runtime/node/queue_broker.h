// QueueBroker: one queue of a node: it takes what producers send, and gives it in batches to the queue's consumer.
//
//   Send --> durable --> due --> a batch is full, or its time is up --> Take: leases, durable --> RunQueueBatch --> Settle: durable
//                          ^                                                                          |
//                          +---- retry, after its delay ----------------------------------------------+--> ack: gone
//                                                                       delivered too often: the dead-letter queue, or deleted
//
// One fiber per queue looks after what is due, however many messages wait (no timers of messages), and one more per batch runs the
// handler. Batches run beside each other: as long as there is a backlog each batch that ends makes room for one more, up to
// max_concurrency; without, there is one less. A batch whose handler is absent is not delivered: the messages stay.
//
// What an adversary is asked (keys: causal): queue.send {fail-before; fail-after: stored, and the answer is lost} · queue.late {delay: the
// message is due that much later} · queue.hold {delay: a batch waits that much longer, for more messages} · queue.split {drop: a batch has
// half of the messages that it could have} · queue.lease {delay: the broker takes the consumer for dead after that time, and delivers again
// while the first still runs} · queue.reorder {stale: a batch in the opposite order} · queue.kill {delay: the consumer is killed after
// that time} · queue.again {duplicate: an ack is lost, the message comes again at once; delay: later}.
// Contract: contract sheet 7.2 and 7.4.
#ifndef EDGE_RUNTIME_NODE_QUEUE_BROKER_H_
#define EDGE_RUNTIME_NODE_QUEUE_BROKER_H_

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/node/queue_observer.h"
#include "runtime/seam/adversary.h"
#include "runtime/worker/log.h"
#include "runtime/worker/queue_event.h"
#include "runtime/worker/queue_store.h"
#include "runtime/worker/worker.h"
#include "storage/queue/queue.h"

namespace edge {

class QueueBroker {
 public:
  // All borrowed. `observer` null: nobody.
  struct Services {
    Scheduler& scheduler;
    Adversary& adversary;
    worker::Log& log;
    QueueObserver* observer = nullptr;
    storage::QueuePlants plants = {};
  };
  QueueBroker(const Services& services, storage::ObjectStore& store, std::string_view name);
  ~QueueBroker();  // REQUIRES: not started, or Stop has returned
  QueueBroker(const QueueBroker&) = delete;
  QueueBroker& operator=(const QueueBroker&) = delete;

  // Before Start. `worker` and `dead_letters` are borrowed; a null worker: nothing is delivered, messages are pulled; null
  // `dead_letters`: what was delivered too often is deleted.
  void SetConsumer(const worker::QueueConsumer& consumer, worker::Worker* worker, QueueBroker* dead_letters);
  // Gives back what a process that is gone had in flight, and begins to deliver. Errors as SystemObject::Write. MAY SUSPEND.
  absl::Status Start();
  // Delivers nothing more; waits for what runs until `deadline`, then cancels it. Idempotent. MAY SUSPEND.
  void Stop(Instant deadline);

  // Stores the messages, durably. Errors as storage::Queue. MAY SUSPEND.
  absl::Status Send(std::span<const storage::NewMessage> messages);
  // Messages for a consumer outside of the process, leased for `visibility`; they are durable as leased. What was delivered too often goes
  // where it has to. Errors as storage::Queue. MAY SUSPEND.
  absl::StatusOr<std::vector<storage::QueuedMessage>> Pull(size_t count, Duration visibility);
  // What such a consumer says, durably; stale leases are counted. Errors as storage::Queue. MAY SUSPEND.
  absl::StatusOr<storage::SettledMessages> Settle(std::span<const storage::Verdict> verdicts);
  // Something was taken out or put in by other ways.
  void OnChanged() { changed_.Set(); }

  storage::Queue& queue() { return queue_; }
  const std::string& name() const { return queue_.name(); }
  // Null: nobody consumes it here.
  const worker::QueueConsumer* consumer() const { return consumer_.has_value() ? &*consumer_ : nullptr; }
  const QueueBroker* dead_letters() const { return dead_letters_; }

 private:
  struct Batch {
    storage::TakenMessages taken;
    uint64_t key = 0;
    uint64_t bytes = 0;
    WallTime at;    // when it was taken
    Instant until;  // then the broker takes its consumer for dead
  };
  enum class Step : uint8_t { kTaken, kWait };

  void Run();
  // One batch is taken, or `wake` says when to look again. MAY SUSPEND.
  absl::StatusOr<Step> Look(Instant& wake);
  absl::Status Expire(WallTime now);
  absl::Status Take(WallTime now, WallTime first_due, size_t count_max);
  // Causal.
  uint64_t KeyOf(const storage::TakenMessages& taken) const;
  // The adversary may hold a batch back.
  bool IsHeld(WallTime first_due, Instant& wake);
  void Deliver(Batch& batch);
  void RunHandler(Batch& batch);
  void SettleBatch(const Batch& batch, const worker::QueueResult& result);
  // Until it is durable. False: the fiber was cancelled.
  bool SettleDurably(std::span<const storage::Verdict> verdicts, std::span<const storage::QueuedMessage> messages);
  bool Bury(const std::vector<storage::QueuedMessage>& exhausted);
  void OnBatchEnded(worker::Outcome outcome);
  size_t Running() const;
  int64_t deliveries_max() const { return int64_t{consumer_->retries_max} + 1; }
  Instant InstantOf(WallTime time) const;
  WallTime Now() const { return services_.scheduler.clock().WallNow(); }
  void Say(worker::Severity severity, std::string_view text);

  const Services services_;
  const uint64_t key_;  // causal: of the queue
  storage::Queue queue_;
  std::optional<worker::QueueConsumer> consumer_;
  worker::Worker* worker_ = nullptr;     // null: nothing is delivered
  QueueBroker* dead_letters_ = nullptr;  // null: there is none
  std::optional<WallTime> expire_at_;    // nothing is to be deleted for its age before; none: nobody has looked
  size_t concurrency_ = 1;               // batches that may run now
  uint64_t bytes_in_flight_ = 0;         // of running batches
  std::list<std::unique_ptr<Batch>> running_;
  std::optional<WallTime> considered_;  // the adversary has been asked about the batch whose first message was due then
  Instant held_until_;
  std::optional<WallTime> taken_due_;  // since when the first message was due that was taken last
  uint64_t takes_of_due_ = 0;          // ... and how many batches before had the same
  bool stopping_ = false;
  Event changed_;
  TaskGroup looker_;
  TaskGroup batches_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_QUEUE_BROKER_H_
