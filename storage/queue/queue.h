// Queue: the messages of one queue and who has them; a system object on the one log ("edge/queue/NAME"), no JavaScript, no timers.
//
//   Send --> ready (due: now + delay) --Take--> leased (token, until; attempts + 1) --Settle(ack)--> gone
//                ^                                  |
//                +---- Settle(retry, delay) --------+---- the lease expires, or its holder is known to be dead (Release)
//
// Invariants
//  1. A message is ready or leased, never both; it leaves by an ack of its lease, by retention or by Purge.
//  2. Taking gives a new token, larger than all before. Settle with another token than the message's does nothing (stale): who has
//     outlived the lease cannot ack.
//  3. attempts only grows. A message that was delivered `deliveries_max` times is taken as exhausted, not delivered again.
//  4. Nothing is taken before it is due. Times are the calendar's, in milliseconds, rounded up.
//  5. What a message is (id, time, format, body) never changes.
//
// One table has the messages, two narrow ones say when: each operation costs O(messages it touches), however long the queue is.
// A call returns before its commit is durable: nobody may hear of it before WaitDurable, and no consumer may see what Take gave, or else
// attempts could go back. Contract: contract sheet 7.
#ifndef EDGE_STORAGE_QUEUE_QUEUE_H_
#define EDGE_STORAGE_QUEUE_QUEUE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"
#include "storage/queue/queue_plants.h"
#include "storage/system/system_object.h"

namespace edge::storage {

// What the bytes of a body are. The numbers are stored.
enum class MessageFormat : uint8_t { kJson = 0, kText = 1, kBytes = 2, kV8 = 3 };

struct NewMessage {
  std::string id;  // unique: the caller's to ensure
  MessageFormat format = MessageFormat::kJson;
  std::string body;
  Duration delay = Duration::Zero();
};

// The right to ack or retry one message.
struct Lease {
  int64_t sequence = 0;
  int64_t token = 0;
  int64_t until_ms = 0;  // of the calendar
  friend bool operator==(const Lease&, const Lease&) = default;
};

struct QueuedMessage {
  int64_t sequence = 0;  // order of arrival, never used again
  std::string id;
  WallTime sent;
  MessageFormat format = MessageFormat::kJson;
  std::string body;
  int64_t attempts = 0;  // deliveries so far, this one included
  Lease lease;           // of a message that was taken
};

// Who holds leases: deliveries of the node itself die with it, pullers outside do not.
enum class LeaseHolder : uint8_t { kPush = 0, kPull = 1 };

struct TakeRequest {
  WallTime now;
  size_t count_max = 10;
  ByteCount bytes_max = ByteCount::MiB(16);  // of bodies; one message is always given
  Duration visibility = Duration::Seconds(30);
  int64_t deliveries_max = 4;
  LeaseHolder holder = LeaseHolder::kPush;
};

struct TakenMessages {
  SystemObject::Commit commit;
  std::vector<QueuedMessage> messages;   // to be delivered
  std::vector<QueuedMessage> exhausted;  // leased too, but delivered often enough: to be moved elsewhere, then acked
};

struct Verdict {
  enum class Kind : uint8_t { kAck, kRetry };
  Lease lease;
  Kind kind = Kind::kAck;
  Duration delay = Duration::Zero();  // of a retry
};

struct SettledMessages {
  SystemObject::Commit commit;
  size_t acked = 0, retried = 0;
  size_t stale = 0;             // of leases that were over
  std::vector<bool> was_stale;  // of each verdict
};

struct QueueState {
  uint64_t messages = 0;  // all of them
  uint64_t bytes = 0;     // of their bodies
  uint64_t in_flight = 0;
  std::optional<WallTime> oldest;  // when it was sent
};

class Queue {
 public:
  // `store` is borrowed. REQUIRES: IsQueueName(name).
  Queue(Scheduler& scheduler, ObjectStore& store, std::string_view name, Duration retention = Duration::Seconds(4 * 24 * 3600),
        const QueuePlants& plants = {});

  // Errors of all: as SystemObject::Write; nothing has happened then. MAY SUSPEND, all.
  absl::StatusOr<SystemObject::Commit> Send(std::span<const NewMessage> messages, WallTime now);
  // Takes what is due, oldest due time first. Leases that have expired come first in line again.
  absl::StatusOr<TakenMessages> Take(const TakeRequest& request);
  absl::StatusOr<SettledMessages> Settle(std::span<const Verdict> verdicts, WallTime now);
  // All leases of that holder are over: it is known to be dead. How many there were.
  absl::StatusOr<size_t> Release(LeaseHolder holder, WallTime now);
  // Deletes what is older than the retention, some at a time. How many.
  absl::StatusOr<size_t> Expire(WallTime now);
  absl::StatusOr<size_t> Purge();

  absl::StatusOr<QueueState> State();
  // What could be taken at `now`, counted up to `limit`; since when the first of it could; when more can be taken or Expire has
  // something to do. Leases that have expired count.
  struct Outlook {
    size_t due = 0;
    std::optional<WallTime> first_due;
    std::optional<WallTime> next;  // later than now
  };
  absl::StatusOr<Outlook> Look(WallTime now, size_t limit);
  // Messages in order of arrival, later than `after`; leased ones too (their lease is not told).
  absl::StatusOr<std::vector<QueuedMessage>> Peek(int64_t after, size_t count);

  SystemObject& object() { return object_; }
  absl::Status WaitDurable(const SystemObject::Commit& commit) { return object_.WaitDurable(commit); }
  const std::string& name() const { return name_; }
  Duration retention() const { return retention_; }

 private:
  class Totals;
  absl::Status GiveBack(SystemSession& db, std::string_view select, int64_t parameter, int64_t due_ms, size_t& count);
  absl::Status TakeRows(SystemSession& db, const TakeRequest& request, TakenMessages& taken);
  absl::Status SettleOne(SystemSession& db, Totals& totals, const Verdict& verdict, int64_t now_ms, SettledMessages& settled);
  int64_t LatestDue(WallTime now) const;

  const std::string name_;
  const Duration retention_;
  const QueuePlants plants_;
  SystemObject object_;
};

// Lower-case letters, digits, '-' and '_', at most 63, as the platform wants them.
bool IsQueueName(std::string_view name);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_QUEUE_QUEUE_H_
