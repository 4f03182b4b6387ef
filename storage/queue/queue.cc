#include "storage/queue/queue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {
namespace {

// ready and leased are keyed by their time: taking what is due reads from the front. Their rows refer to messages, whose rows retention may
// delete first; a reference to nothing is dropped when its time comes.
constexpr std::array<std::string_view, 1> kSchema = {
    "CREATE TABLE messages(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, sent_ms INTEGER NOT NULL, format INTEGER NOT NULL, body BLOB NOT "
    "NULL);"
    "CREATE TABLE ready(due_ms INTEGER, seq INTEGER, attempts INTEGER NOT NULL, PRIMARY KEY(due_ms, seq)) WITHOUT ROWID;"
    "CREATE TABLE leased(until_ms INTEGER, seq INTEGER, token INTEGER NOT NULL, attempts INTEGER NOT NULL, holder INTEGER NOT NULL,"
    " PRIMARY KEY(until_ms, seq)) WITHOUT ROWID;"
    "CREATE TABLE totals(messages INTEGER NOT NULL, bytes INTEGER NOT NULL, next_seq INTEGER NOT NULL, next_token INTEGER NOT NULL);"
    "INSERT INTO totals VALUES(0, 0, 1, 1)"};

constexpr size_t kExhaustedMax = 100;   // taken at a time
constexpr size_t kGivenBackMax = 1000;  // expired leases that one Take returns
constexpr int64_t kExpiredMax = 1000;   // messages that one Expire deletes

int64_t CeilMilliseconds(WallTime time) {
  const int64_t ns = time.ToUnixNanoseconds();
  return ns / 1'000'000 + (ns % 1'000'000 > 0 ? 1 : 0);
}

QueuedMessage ReadMessage(const Statement& row) {
  QueuedMessage message;
  message.sequence = row.ColumnInteger(0);
  message.id = std::string(row.ColumnBytes(1));
  message.sent = WallTime::FromUnixMilliseconds(row.ColumnInteger(2));
  message.format = static_cast<MessageFormat>(row.ColumnInteger(3));
  message.body = std::string(row.ColumnBytes(4));
  return message;
}

}  // namespace

bool IsQueueName(std::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

// The one row of totals, read at the beginning of a transaction and written at its end.
class Queue::Totals {
 public:
  absl::Status Load(SystemSession& db) {
    return db.Rows("SELECT messages, bytes, next_seq, next_token FROM totals", {}, [&](const Statement& row) {
      messages = row.ColumnInteger(0), bytes = row.ColumnInteger(1), next_seq = row.ColumnInteger(2), next_token = row.ColumnInteger(3);
      return absl::OkStatus();
    });
  }
  absl::Status Store(SystemSession& db) const {
    return db.Run("UPDATE totals SET messages = ?, bytes = ?, next_seq = ?, next_token = ?", {messages, bytes, next_seq, next_token});
  }
  // The message is gone, wherever it was.
  absl::Status Delete(SystemSession& db, int64_t seq) {
    return db.Rows("DELETE FROM messages WHERE seq = ? RETURNING length(body)", {seq}, [&](const Statement& row) {
      --messages;
      bytes -= row.ColumnInteger(0);
      return absl::OkStatus();
    });
  }

  int64_t messages = 0, bytes = 0, next_seq = 1, next_token = 1;
};

Queue::Queue(Scheduler& scheduler, ObjectStore& store, std::string_view name, Duration retention, const QueuePlants& plants)
    : name_(name), retention_(retention), plants_(plants), object_(scheduler, store, OnlyObjectOf(StrCat("edge/queue/", name)), kSchema) {
  EDGE_CHECK(IsQueueName(name)) << name;
}

int64_t Queue::LatestDue(WallTime now) const { return now.ToUnixMilliseconds() + (plants_.delay_early ? 2000 : 0); }

absl::StatusOr<SystemObject::Commit> Queue::Send(std::span<const NewMessage> messages, WallTime now) {
  return object_.Write([&](SystemSession& db) -> absl::Status {
    Totals totals;
    EDGE_RETURN_IF_ERROR(totals.Load(db));
    for (const NewMessage& message : messages) {
      const int64_t seq = totals.next_seq++;
      EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO messages VALUES(?, ?, ?, ?, ?)",
                                  {seq, message.id, now.ToUnixMilliseconds(), static_cast<int64_t>(message.format), Blob{message.body}}));
      EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO ready VALUES(?, ?, 0)", {CeilMilliseconds(now + message.delay), seq}));
      ++totals.messages;
      totals.bytes += static_cast<int64_t>(message.body.size());
    }
    return totals.Store(db);
  });
}

absl::Status Queue::GiveBack(SystemSession& db, std::string_view select, int64_t parameter, int64_t due_ms, size_t& count) {
  struct Row {
    int64_t until_ms, seq, attempts;
  };
  std::vector<Row> rows;
  EDGE_RETURN_IF_ERROR(db.Rows(select, {parameter}, [&](const Statement& row) {
    rows.push_back({row.ColumnInteger(0), row.ColumnInteger(1), row.ColumnInteger(2)});
    return absl::OkStatus();
  }));
  for (const Row& row : rows) {
    EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM leased WHERE until_ms = ? AND seq = ?", {row.until_ms, row.seq}));
    EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO ready VALUES(?, ?, ?)", {std::min(row.until_ms, due_ms), row.seq, row.attempts}));
  }
  count = rows.size();
  return absl::OkStatus();
}

absl::Status Queue::TakeRows(SystemSession& db, const TakeRequest& request, TakenMessages& taken) {
  struct Row {
    int64_t due_ms, seq, attempts;
  };
  Totals totals;
  EDGE_RETURN_IF_ERROR(totals.Load(db));
  const int64_t until_ms = CeilMilliseconds(request.now + request.visibility);
  const int64_t token = totals.next_token++;
  std::vector<Row> rows;
  EDGE_RETURN_IF_ERROR(db.Rows("SELECT due_ms, seq, attempts FROM ready WHERE due_ms <= ? ORDER BY due_ms, seq LIMIT ?",
                               {LatestDue(request.now), static_cast<int64_t>(request.count_max + kExhaustedMax)},
                               [&](const Statement& row) {
                                 rows.push_back({row.ColumnInteger(0), row.ColumnInteger(1), row.ColumnInteger(2)});
                                 return absl::OkStatus();
                               }));
  uint64_t bytes = 0;
  for (const Row& row : rows) {
    if (taken.messages.size() == request.count_max || taken.exhausted.size() == kExhaustedMax) break;
    std::optional<QueuedMessage> found;
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT seq, id, sent_ms, format, body FROM messages WHERE seq = ?", {row.seq}, [&](const Statement& m) {
      found = ReadMessage(m);
      return absl::OkStatus();
    }));
    if (found.has_value()) {
      const bool exhausted = row.attempts >= request.deliveries_max;
      bytes += found->body.size();
      if (!exhausted && !taken.messages.empty() && bytes > request.bytes_max.bytes()) break;
      found->attempts = row.attempts + (exhausted ? 0 : 1);
      found->lease = {row.seq, token, until_ms};
      if (plants_.ack_before_commit && !exhausted) {
        EDGE_RETURN_IF_ERROR(totals.Delete(db, row.seq));
      } else {
        EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO leased VALUES(?, ?, ?, ?, ?)",
                                    {until_ms, row.seq, token, found->attempts, static_cast<int64_t>(request.holder)}));
      }
      (exhausted ? taken.exhausted : taken.messages).push_back(*std::move(found));
    }
    EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM ready WHERE due_ms = ? AND seq = ?", {row.due_ms, row.seq}));
  }
  return totals.Store(db);
}

absl::StatusOr<TakenMessages> Queue::Take(const TakeRequest& request) {
  EDGE_CHECK(request.count_max > 0 && request.deliveries_max > 0);
  TakenMessages taken;
  EDGE_ASSIGN_OR_RETURN(taken.commit, object_.Write([&](SystemSession& db) -> absl::Status {
    taken = {};
    const int64_t now_ms = request.now.ToUnixMilliseconds();
    size_t given_back = 0;
    static_assert(kGivenBackMax == 1000);
    EDGE_RETURN_IF_ERROR(GiveBack(db, "SELECT until_ms, seq, attempts FROM leased WHERE until_ms <= ? ORDER BY until_ms, seq LIMIT 1000",
                                  now_ms, now_ms, given_back));
    return TakeRows(db, request, taken);
  }));
  return taken;
}

absl::Status Queue::SettleOne(SystemSession& db, Totals& totals, const Verdict& verdict, int64_t now_ms, SettledMessages& settled) {
  const Lease& lease = verdict.lease;
  settled.was_stale.push_back(false);
  std::optional<int64_t> attempts;
  const auto take_attempts = [&](const Statement& row) {
    attempts = row.ColumnInteger(0);
    return absl::OkStatus();
  };
  if (plants_.lease_without_token) {
    EDGE_RETURN_IF_ERROR(db.Rows("DELETE FROM leased WHERE seq = ? RETURNING attempts", {lease.sequence}, take_attempts));
    EDGE_RETURN_IF_ERROR(db.Rows("DELETE FROM ready WHERE seq = ? RETURNING attempts", {lease.sequence}, take_attempts));
  } else if (lease.until_ms > now_ms) {
    EDGE_RETURN_IF_ERROR(db.Rows("DELETE FROM leased WHERE until_ms = ? AND seq = ? AND token = ? RETURNING attempts",
                                 {lease.until_ms, lease.sequence, lease.token}, take_attempts));
  }
  if (!attempts.has_value()) {
    ++settled.stale;
    settled.was_stale.back() = true;
    return absl::OkStatus();
  }
  if (verdict.kind == Verdict::Kind::kAck) {
    ++settled.acked;
    return totals.Delete(db, lease.sequence);
  }
  ++settled.retried;
  const int64_t due_ms = now_ms + (verdict.delay.ToNanoseconds() + 999'999) / 1'000'000;
  return db.Run("INSERT INTO ready VALUES(?, ?, ?)", {due_ms, lease.sequence, *attempts});
}

absl::StatusOr<SettledMessages> Queue::Settle(std::span<const Verdict> verdicts, WallTime now) {
  SettledMessages settled;
  EDGE_ASSIGN_OR_RETURN(settled.commit, object_.Write([&](SystemSession& db) -> absl::Status {
    settled = {};
    Totals totals;
    EDGE_RETURN_IF_ERROR(totals.Load(db));
    for (const Verdict& verdict : verdicts) {
      EDGE_RETURN_IF_ERROR(SettleOne(db, totals, verdict, CeilMilliseconds(now), settled));
    }
    return totals.Store(db);
  }));
  return settled;
}

absl::StatusOr<size_t> Queue::Release(LeaseHolder holder, WallTime now) {
  size_t released = 0;
  EDGE_RETURN_IF_ERROR(object_
                           .Write([&](SystemSession& db) -> absl::Status {
                             if (plants_.attempts_reset) {
                               EDGE_RETURN_IF_ERROR(db.Run("UPDATE leased SET attempts = 0"));
                               EDGE_RETURN_IF_ERROR(db.Run("UPDATE ready SET attempts = 0"));
                             }
                             return GiveBack(db, "SELECT until_ms, seq, attempts FROM leased WHERE holder = ? ORDER BY until_ms, seq",
                                             static_cast<int64_t>(holder), CeilMilliseconds(now), released);
                           })
                           .status());
  return released;
}

absl::StatusOr<size_t> Queue::Expire(WallTime now) {
  const int64_t sent_before_ms = (now + Duration::Nanoseconds(-retention_.ToNanoseconds())).ToUnixMilliseconds();
  size_t expired = 0;
  EDGE_RETURN_IF_ERROR(object_
                           .Write([&](SystemSession& db) -> absl::Status {
                             Totals totals;
                             EDGE_RETURN_IF_ERROR(totals.Load(db));
                             std::vector<int64_t> old;
                             EDGE_RETURN_IF_ERROR(db.Rows("SELECT seq, sent_ms FROM messages ORDER BY seq LIMIT ?", {kExpiredMax},
                                                          [&](const Statement& row) {
                                                            // Arrival is nearly the order of time: a calendar that was set back makes some
                                                            // live longer.
                                                            if (row.ColumnInteger(1) > sent_before_ms) return absl::OkStatus();
                                                            old.push_back(row.ColumnInteger(0));
                                                            return absl::OkStatus();
                                                          }));
                             for (const int64_t seq : old) EDGE_RETURN_IF_ERROR(totals.Delete(db, seq));
                             expired = old.size();
                             return totals.Store(db);
                           })
                           .status());
  return expired;
}

absl::StatusOr<size_t> Queue::Purge() {
  size_t purged = 0;
  EDGE_ASSIGN_OR_RETURN(const SystemObject::Commit commit, object_.Write([&](SystemSession& db) -> absl::Status {
    Totals totals;
    EDGE_RETURN_IF_ERROR(totals.Load(db));
    purged = static_cast<size_t>(totals.messages);
    totals.messages = totals.bytes = 0;
    for (const std::string_view sql : {"DELETE FROM messages", "DELETE FROM ready", "DELETE FROM leased"}) {
      EDGE_RETURN_IF_ERROR(db.Run(sql));
    }
    return totals.Store(db);
  }));
  EDGE_RETURN_IF_ERROR(WaitDurable(commit));
  return purged;
}

absl::StatusOr<QueueState> Queue::State() {
  QueueState state;
  EDGE_RETURN_IF_ERROR(object_.Read([&](SystemSession& db) -> absl::Status {
    Totals totals;
    EDGE_RETURN_IF_ERROR(totals.Load(db));
    state = {.messages = static_cast<uint64_t>(totals.messages), .bytes = static_cast<uint64_t>(totals.bytes)};
    EDGE_ASSIGN_OR_RETURN(const int64_t in_flight, db.Number("SELECT count(*) FROM leased", {}));
    state.in_flight = static_cast<uint64_t>(in_flight);
    return db.Rows("SELECT sent_ms FROM messages ORDER BY seq LIMIT 1", {}, [&](const Statement& row) {
      state.oldest = WallTime::FromUnixMilliseconds(row.ColumnInteger(0));
      return absl::OkStatus();
    });
  }));
  return state;
}

absl::StatusOr<Queue::Outlook> Queue::Look(WallTime now, size_t limit) {
  const int64_t now_ms = now.ToUnixMilliseconds();
  Outlook outlook;
  const auto consider = [&](const Statement& row) {
    const int64_t due_ms = row.ColumnInteger(0);
    if (due_ms > now_ms + (plants_.delay_early ? 2000 : 0)) {
      const WallTime due = WallTime::FromUnixMilliseconds(due_ms);
      if (!outlook.next.has_value() || due < *outlook.next) outlook.next = due;
      return absl::OkStatus();
    }
    const WallTime due = WallTime::FromUnixMilliseconds(std::min(due_ms, now_ms));
    if (!outlook.first_due.has_value() || due < *outlook.first_due) outlook.first_due = due;
    ++outlook.due;
    return absl::OkStatus();
  };
  EDGE_RETURN_IF_ERROR(object_.Read([&](SystemSession& db) -> absl::Status {
    outlook = {};
    const int64_t due_max = LatestDue(now), count = static_cast<int64_t>(limit);
    // What is due, and the first that is not.
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT due_ms FROM ready WHERE due_ms <= ? ORDER BY due_ms, seq LIMIT ?", {due_max, count}, consider));
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT due_ms FROM ready WHERE due_ms > ? ORDER BY due_ms, seq LIMIT 1", {due_max}, consider));
    EDGE_RETURN_IF_ERROR(
        db.Rows("SELECT until_ms FROM leased WHERE until_ms <= ? ORDER BY until_ms, seq LIMIT ?", {now_ms, count}, consider));
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT until_ms FROM leased WHERE until_ms > ? ORDER BY until_ms, seq LIMIT 1", {due_max}, consider));
    return db.Rows("SELECT sent_ms FROM messages ORDER BY seq LIMIT 1", {}, [&](const Statement& row) {
      const WallTime end = WallTime::FromUnixMilliseconds(row.ColumnInteger(0)) + retention_;
      if (!outlook.next.has_value() || end < *outlook.next) outlook.next = std::max(end, now + Duration::Milliseconds(1));
      return absl::OkStatus();
    });
  }));
  outlook.due = std::min(outlook.due, limit);
  return outlook;
}

absl::StatusOr<std::vector<QueuedMessage>> Queue::Peek(int64_t after, size_t count) {
  std::vector<QueuedMessage> messages;
  EDGE_RETURN_IF_ERROR(object_.Read([&](SystemSession& db) -> absl::Status {
    messages.clear();
    // A message's row does not say how often it was delivered; those few that are looked at are searched for.
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT seq, id, sent_ms, format, body FROM messages WHERE seq > ? ORDER BY seq LIMIT ?",
                                 {after, static_cast<int64_t>(count)}, [&](const Statement& row) {
                                   messages.push_back(ReadMessage(row));
                                   return absl::OkStatus();
                                 }));
    for (QueuedMessage& message : messages) {
      EDGE_ASSIGN_OR_RETURN(message.attempts, db.Number("SELECT attempts FROM leased WHERE seq = ?1 UNION ALL SELECT attempts FROM ready "
                                                        "WHERE seq = ?1",
                                                        {message.sequence}));
    }
    return absl::OkStatus();
  }));
  return messages;
}

}  // namespace edge::storage
