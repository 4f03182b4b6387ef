#include "runtime/node/queue_broker.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/object_errors.h"

namespace edge {
namespace {

using storage::QueuedMessage;
using storage::Verdict;
using worker::IsCrashedOrCancelled;
using Fate = QueueObserver::Fate;

// The calendar may step: it is looked at this often.
constexpr Duration kLookAgain = Duration::Seconds(60);
// After trouble with the store.
constexpr Duration kTryAgain = Duration::Seconds(1);
// A lease outlives the batch's time limit.
constexpr Duration kLeaseMargin = Duration::Seconds(60);
// No further batch starts when those that run hold this much: their bodies are in memory.
constexpr uint64_t kBytesInFlightMax = 32 << 20;

std::string_view NameOf(worker::Outcome outcome) {
  switch (outcome) {
    case worker::Outcome::kOk:
      return "ok";
    case worker::Outcome::kException:
      return "exception";
    case worker::Outcome::kExceededCpu:
      return "exceededCpu";
    case worker::Outcome::kExceededMemory:
      return "exceededMemory";
    case worker::Outcome::kHung:
      return "hung";
    case worker::Outcome::kPending:
    case worker::Outcome::kCanceled:
      return "canceled";
  }
  return "unknown";
}

// A dead letter begins a new life; what is buried twice, because nobody knows how the first time ended, is two letters.
std::string DeadIdOf(const QueuedMessage& message) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string dead;
  for (uint64_t half : {StableHash(StrCat("dead/", message.id, "/", message.lease.token)),
                        StableHash(StrCat("letter/", message.id, "/", message.lease.token))}) {
    for (int i = 0; i < 16; ++i, half >>= 4) dead.push_back(kHex[half & 15]);
  }
  return dead;
}

}  // namespace

QueueBroker::QueueBroker(const Services& services, storage::ObjectStore& store, std::string_view name)
    : services_(services),
      key_(StableHash(StrCat("queue/", name))),
      queue_(services.scheduler, store, name, Duration::Seconds(4 * 24 * 3600), services.plants),
      changed_(services.scheduler),
      looker_(services.scheduler),
      batches_(services.scheduler) {}

QueueBroker::~QueueBroker() {
  EDGE_CHECK(looker_.size() == 0 && batches_.size() == 0) << "the queue " << name() << " was dropped while it is served";
}

void QueueBroker::Say(worker::Severity severity, std::string_view text) {
  services_.log.Write(severity, "queue", StrCat(name(), ": ", text));
}

void QueueBroker::SetConsumer(const worker::QueueConsumer& consumer, worker::Worker* worker, QueueBroker* dead_letters) {
  EDGE_CHECK(!consumer_.has_value()) << "two consumers of " << name();
  consumer_ = consumer;
  worker_ = worker;
  dead_letters_ = dead_letters;
}

absl::Status QueueBroker::Start() {
  EDGE_RETURN_IF_ERROR(queue_.Release(storage::LeaseHolder::kPush, Now()).status());
  return looker_.Spawn("queue", [this] { Run(); });
}

void QueueBroker::Stop(Instant deadline) {
  stopping_ = true;
  looker_.Cancel();
  looker_.Wait();
  Scheduler& scheduler = services_.scheduler;
  while (batches_.size() > 0 && scheduler.clock().Now() < deadline) {
    if (!scheduler.SleepFor(std::min(Duration::Milliseconds(20), deadline - scheduler.clock().Now())).ok()) break;
  }
  batches_.Cancel();
  batches_.Wait();
}

absl::Status QueueBroker::Send(std::span<const storage::NewMessage> messages) {
  const WallTime now = Now();
  std::vector<storage::NewMessage> stored(messages.begin(), messages.end());
  for (storage::NewMessage& message : stored) {
    if (services_.observer != nullptr) services_.observer->OnSending(name(), message, now + message.delay);
    const MischiefChoice late = services_.adversary.Consider("queue.late", StableHash(message.id), {Mischief::kDelay});
    if (late.kind == Mischief::kDelay) message.delay = message.delay + late.delay;
  }
  EDGE_ASSIGN_OR_RETURN(const storage::SystemObject::Commit commit, queue_.Send(stored, now));
  changed_.Set();
  EDGE_RETURN_IF_ERROR(queue_.WaitDurable(commit));
  if (services_.observer != nullptr) {
    for (const storage::NewMessage& message : stored) services_.observer->OnSent(name(), message.id);
  }
  return absl::OkStatus();
}

// --- looking ---

void QueueBroker::Run() {
  while (!stopping_) {
    changed_.Reset();
    Instant wake = Instant::Infinite();
    const absl::StatusOr<Step> step = Look(wake);
    if (step.ok() && *step == Step::kTaken) continue;
    if (!step.ok()) {
      if (IsCrashedOrCancelled(step.status())) return;
      if (!absl::IsUnavailable(step.status())) Say(worker::Severity::kError, FromAbsl(step.status().message()));
      wake = services_.scheduler.clock().Now() + kTryAgain;
    }
    const absl::Status waited = changed_.Wait(wake);
    if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) return;
  }
}

Instant QueueBroker::InstantOf(WallTime time) const {
  return services_.scheduler.clock().Now() + std::clamp(time - Now(), Duration::Zero(), kLookAgain);
}

absl::Status QueueBroker::Expire(WallTime now) {
  if (expire_at_.has_value() && now < *expire_at_) return absl::OkStatus();
  EDGE_ASSIGN_OR_RETURN(const size_t expired, queue_.Expire(now));
  if (expired > 0) {
    Say(worker::Severity::kWarning, StrCat(expired, " messages were deleted: nobody has consumed them within the retention period"));
    return absl::OkStatus();
  }
  EDGE_ASSIGN_OR_RETURN(const std::vector<QueuedMessage> oldest, queue_.Peek(0, 1));
  expire_at_ = (oldest.empty() ? now : oldest.front().sent) + queue_.retention();
  return absl::OkStatus();
}

size_t QueueBroker::Running() const {
  const Instant now = services_.scheduler.clock().Now();
  return static_cast<size_t>(
      std::count_if(running_.begin(), running_.end(), [&](const std::unique_ptr<Batch>& batch) { return batch->until > now; }));
}

bool QueueBroker::IsHeld(WallTime first_due, Instant& wake) {
  const Instant at = services_.scheduler.clock().Now();
  if (considered_ != first_due) {
    considered_ = first_due;
    const uint64_t key = CombineHash(key_, static_cast<uint64_t>(first_due.ToUnixMilliseconds()));
    const MischiefChoice hold = services_.adversary.Consider("queue.hold", key, {Mischief::kDelay});
    held_until_ = hold.kind == Mischief::kDelay ? at + hold.delay : at;
  }
  if (held_until_ <= at) return false;
  wake = std::min(wake, held_until_);
  return true;
}

absl::StatusOr<QueueBroker::Step> QueueBroker::Look(Instant& wake) {
  const WallTime now = Now();
  EDGE_RETURN_IF_ERROR(Expire(now));
  const size_t full = worker_ != nullptr ? consumer_->batch_size_max : 1;
  EDGE_ASSIGN_OR_RETURN(const storage::Queue::Outlook outlook, queue_.Look(now, full));
  if (outlook.next.has_value()) wake = InstantOf(*outlook.next);
  if (worker_ == nullptr || outlook.due == 0) return Step::kWait;
  if (Running() >= concurrency_ || bytes_in_flight_ >= kBytesInFlightMax) {
    // A lease that is over before its batch has ended makes room.
    for (const std::unique_ptr<Batch>& batch : running_) {
      if (batch->until > services_.scheduler.clock().Now()) wake = std::min(wake, batch->until);
    }
    return Step::kWait;
  }
  if (outlook.due < full) {
    const WallTime time_up = *outlook.first_due + consumer_->batch_timeout;
    if (now < time_up) {
      wake = std::min(wake, InstantOf(time_up));
      return Step::kWait;
    }
  }
  if (IsHeld(*outlook.first_due, wake)) return Step::kWait;
  EDGE_RETURN_IF_ERROR(Take(now, *outlook.first_due, full));
  return Step::kTaken;
}

uint64_t QueueBroker::KeyOf(const storage::TakenMessages& taken) const {
  const std::vector<QueuedMessage>& messages = taken.messages.empty() ? taken.exhausted : taken.messages;
  if (messages.empty()) return CombineHash(key_, static_cast<uint64_t>(taken.commit.position));
  return CombineHash(CombineHash(key_, StableHash(messages.front().id)), static_cast<uint64_t>(messages.front().attempts));
}

absl::Status QueueBroker::Take(WallTime now, WallTime first_due, size_t count_max) {
  Adversary& adversary = services_.adversary;
  auto batch = std::make_unique<Batch>();
  // Named by what is due, not by how many batches there were before.
  takes_of_due_ = taken_due_ == first_due ? takes_of_due_ + 1 : 0;
  taken_due_ = first_due;
  const uint64_t key = CombineHash(CombineHash(key_, static_cast<uint64_t>(first_due.ToUnixMilliseconds())), takes_of_due_);
  if (count_max > 1 && adversary.Consider("queue.split", key, {Mischief::kDrop}).kind == Mischief::kDrop) {
    count_max = (count_max + 1) / 2;
  }
  Duration visibility = worker_->code().limits.queue_wall + kLeaseMargin;
  const MischiefChoice lease = adversary.Consider("queue.lease", key, {Mischief::kDelay});
  if (lease.kind == Mischief::kDelay) visibility = std::min(visibility, lease.delay + Duration::Milliseconds(1));
  EDGE_ASSIGN_OR_RETURN(batch->taken, queue_.Take({.now = now,
                                                   .count_max = count_max,
                                                   .visibility = visibility,
                                                   .deliveries_max = deliveries_max(),
                                                   .holder = storage::LeaseHolder::kPush}));
  batch->key = KeyOf(batch->taken);
  batch->at = now;
  batch->until = services_.scheduler.clock().Now() + visibility;
  for (const QueuedMessage& message : batch->taken.messages) batch->bytes += message.body.size();
  bytes_in_flight_ += batch->bytes;
  running_.push_back(std::move(batch));
  const auto at = std::prev(running_.end());
  const auto run = [this, at] {
    Deliver(**at);
    bytes_in_flight_ -= (*at)->bytes;
    running_.erase(at);
    changed_.Set();
  };
  const absl::Status spawned = batches_.SpawnKeyed((*at)->key, services_.scheduler.CurrentDomain(), "queue.batch", run);
  if (!spawned.ok()) {
    // The leases run out by themselves.
    bytes_in_flight_ -= (*at)->bytes;
    running_.erase(at);
  }
  return spawned;
}

// --- delivering ---

void QueueBroker::Deliver(Batch& batch) {
  // A consumer that saw what is not durable yet would see attempts go back.
  if (!queue_.WaitDurable(batch.taken.commit).ok()) return;
  if (!Bury(batch.taken.exhausted)) return;
  if (!batch.taken.messages.empty()) RunHandler(batch);
}

void QueueBroker::RunHandler(Batch& batch) {
  std::vector<QueuedMessage>& messages = batch.taken.messages;
  Adversary& adversary = services_.adversary;
  if (messages.size() > 1 && adversary.Consider("queue.reorder", batch.key, {Mischief::kStale}).kind == Mischief::kStale) {
    std::reverse(messages.begin(), messages.end());
  }
  worker::QueueEvent event = {
      .queue = name(), .messages = messages, .metrics = {}, .wall = worker_->code().limits.queue_wall, .key = batch.key};
  const MischiefChoice kill = adversary.Consider("queue.kill", batch.key, {Mischief::kDelay});
  if (kill.kind == Mischief::kDelay) event.wall = std::min(event.wall, kill.delay);
  if (const absl::StatusOr<storage::QueueState> state = queue_.State(); state.ok()) {
    event.metrics = {.messages = state->messages, .bytes = state->bytes, .oldest = state->oldest};
  } else if (IsCrashedOrCancelled(state.status())) {
    return;
  }
  // Its leases may be over by now, and somebody else may have its messages: attempts would seem to go back.
  if (services_.scheduler.clock().Now() >= batch.until) return;
  std::erase_if(messages, [&](const QueuedMessage& message) {
    return std::any_of(running_.begin(), running_.end(), [&](const std::unique_ptr<Batch>& other) {
      return std::any_of(other->taken.messages.begin(), other->taken.messages.end(), [&](const QueuedMessage& later) {
        return later.sequence == message.sequence && later.lease.token > message.lease.token;
      });
    });
  });
  if (messages.empty()) return;
  event.messages = messages;
  if (services_.observer != nullptr) {
    for (const QueuedMessage& message : messages) services_.observer->OnDelivered(name(), message, deliveries_max(), batch.at);
  }
  worker::RunQueueBatch(*worker_, event, [&](worker::QueueResult result) {
    if (result.outcome != worker::Outcome::kOk) {
      const std::string& text = result.failure.stack.empty() ? result.failure.message : result.failure.stack;
      Say(worker::Severity::kError, StrCat("a batch of ", messages.size(), " messages: ", NameOf(result.outcome), ": ", text));
    }
    SettleBatch(batch, result);
    OnBatchEnded(result.outcome);
  });
}

void QueueBroker::SettleBatch(const Batch& batch, const worker::QueueResult& result) {
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < batch.taken.messages.size(); ++i) {
    const QueuedMessage& message = batch.taken.messages[i];
    const worker::BatchVerdicts::Verdict& said = result.verdicts[i];
    const bool last = message.attempts >= deliveries_max();
    Verdict verdict = {.lease = message.lease};
    if (said.kind == worker::BatchVerdicts::Verdict::Kind::kRetry) {
      verdict.kind = Verdict::Kind::kRetry;
      // Its last attempt has failed: nothing is to be waited for.
      verdict.delay = last ? Duration::Zero() : said.delay.value_or(consumer_->retry_delay);
    } else if (!last) {
      const MischiefChoice again = services_.adversary.Consider("queue.again", CombineHash(batch.key, StableHash(message.id)),
                                                                {Mischief::kDuplicate, Mischief::kDelay});
      if (again.kind != Mischief::kNothing) verdict = {.lease = message.lease, .kind = Verdict::Kind::kRetry, .delay = again.delay};
    }
    verdicts.push_back(verdict);
  }
  SettleDurably(verdicts, batch.taken.messages);
}

bool QueueBroker::SettleDurably(std::span<const Verdict> verdicts, std::span<const QueuedMessage> messages) {
  for (bool first = true;; first = false) {
    // Whether the last attempt was stored may be unknown. If it was, the leases are over and another attempt does nothing.
    const WallTime now = Now();
    absl::StatusOr<storage::SettledMessages> settled = queue_.Settle(verdicts, now);
    changed_.Set();
    const absl::Status status = settled.ok() ? queue_.WaitDurable(settled->commit) : settled.status();
    if (status.ok()) {
      if (services_.observer != nullptr) {
        for (size_t i = 0; i < verdicts.size(); ++i) {
          const Fate stale = first ? Fate::kStale : Fate::kUnknown;
          const Fate fate = settled->was_stale[i] ? stale : verdicts[i].kind == Verdict::Kind::kAck ? Fate::kAcked : Fate::kRetried;
          services_.observer->OnSettled(name(), messages[i].id,
                                        {.fate = fate, .lease = verdicts[i].lease, .settled = now, .due = now + verdicts[i].delay});
        }
      }
      return true;
    }
    if (IsCrashedOrCancelled(status)) return false;
    if (!absl::IsUnavailable(status)) Say(worker::Severity::kError, StrCat("acks wait: ", FromAbsl(status.message())));
    if (!services_.scheduler.SleepFor(kTryAgain).ok()) return false;
  }
}

bool QueueBroker::Bury(const std::vector<QueuedMessage>& exhausted) {
  if (exhausted.empty()) return true;
  std::vector<storage::NewMessage> letters;
  std::vector<Verdict> acks;
  for (const QueuedMessage& message : exhausted) {
    letters.push_back({.id = DeadIdOf(message), .format = message.format, .body = message.body});
    acks.push_back({.lease = message.lease});
    Say(worker::Severity::kWarning,
        StrCat("the message ", message.id, " was delivered ", message.attempts, " times and never acknowledged; ",
               dead_letters_ != nullptr ? StrCat("it goes to ", dead_letters_->name()) : std::string("it is deleted")));
  }
  while (dead_letters_ != nullptr && !services_.plants.dead_letter_dropped) {
    const absl::Status sent = dead_letters_->Send(letters);
    if (sent.ok()) break;
    if (IsCrashedOrCancelled(sent)) return false;
    if (!absl::IsUnavailable(sent)) Say(worker::Severity::kError, StrCat("dead letters wait: ", FromAbsl(sent.message())));
    if (!services_.scheduler.SleepFor(kTryAgain).ok()) return false;
  }
  // It is durable there: here it may go.
  for (;;) {
    absl::StatusOr<storage::SettledMessages> settled = queue_.Settle(acks, Now());
    const absl::Status status = settled.ok() ? queue_.WaitDurable(settled->commit) : settled.status();
    if (status.ok()) break;
    if (IsCrashedOrCancelled(status) || !services_.scheduler.SleepFor(kTryAgain).ok()) return false;
  }
  if (services_.observer == nullptr) return true;
  for (const QueuedMessage& message : exhausted) {
    if (dead_letters_ != nullptr) {
      services_.observer->OnDeadLettered(name(), message.id, dead_letters_->name(), DeadIdOf(message));
    } else {
      services_.observer->OnSettled(name(), message.id, {.fate = Fate::kDropped, .lease = message.lease, .settled = Now(), .due = Now()});
    }
  }
  return true;
}

void QueueBroker::OnBatchEnded(worker::Outcome outcome) {
  const absl::StatusOr<storage::Queue::Outlook> outlook = queue_.Look(Now(), consumer_->batch_size_max);
  if (!outlook.ok()) return;
  const bool backlog = outlook->due >= consumer_->batch_size_max;
  if (backlog && outcome == worker::Outcome::kOk) {
    concurrency_ = std::min<size_t>(concurrency_ + 1, consumer_->concurrency_max);
  } else if (!backlog) {
    concurrency_ = std::max<size_t>(concurrency_, 2) - 1;
  }
}

// --- pulling ---

absl::StatusOr<std::vector<QueuedMessage>> QueueBroker::Pull(size_t count, Duration visibility) {
  EDGE_ASSIGN_OR_RETURN(storage::TakenMessages taken,
                        queue_.Take({.now = Now(),
                                     .count_max = count,
                                     .visibility = visibility,
                                     .deliveries_max = consumer_.has_value() ? deliveries_max() : std::numeric_limits<int64_t>::max(),
                                     .holder = storage::LeaseHolder::kPull}));
  changed_.Set();
  EDGE_RETURN_IF_ERROR(queue_.WaitDurable(taken.commit));
  if (!Bury(taken.exhausted)) return absl::CancelledError("cancelled");
  if (services_.observer != nullptr && consumer_.has_value()) {
    for (const QueuedMessage& message : taken.messages) services_.observer->OnDelivered(name(), message, deliveries_max(), Now());
  }
  return std::move(taken.messages);
}

absl::StatusOr<storage::SettledMessages> QueueBroker::Settle(std::span<const Verdict> verdicts) {
  EDGE_ASSIGN_OR_RETURN(storage::SettledMessages settled, queue_.Settle(verdicts, Now()));
  changed_.Set();
  EDGE_RETURN_IF_ERROR(queue_.WaitDurable(settled.commit));
  return settled;
}

}  // namespace edge
