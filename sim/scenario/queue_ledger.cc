#include "sim/scenario/queue_ledger.h"

#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

constexpr size_t kShownBytes = 60;

std::string Shown(std::string_view queue, std::string_view id, std::string_view body) {
  return StrCat("the message ", id, " of the queue ", queue, " (", body.substr(0, kShownBytes), body.size() > kShownBytes ? "..." : "",
                ")");
}

}  // namespace

void QueueLedger::Find(std::string_view check, std::string message) {
  if (finding_.check.empty()) finding_ = {std::string(check), std::move(message)};
}

QueueLedger::Message* QueueLedger::Known(std::string_view queue, std::string_view id) {
  const auto found = messages_.find({std::string(queue), std::string(id)});
  return found == messages_.end() ? nullptr : &found->second;
}

void QueueLedger::OnSending(std::string_view queue, const storage::NewMessage& message, WallTime due) {
  Message& known = messages_[{std::string(queue), message.id}];
  // A dead letter may be buried twice.
  if (known.finished) known = {};
  known.body = message.body;
  known.due = due;
}

void QueueLedger::OnSent(std::string_view queue, std::string_view id) {
  ++sent_;
  if (Message* const message = Known(queue, id); message != nullptr) message->sent = true;
}

void QueueLedger::OnDelivered(std::string_view queue, const storage::QueuedMessage& delivered, int64_t deliveries_max, WallTime taken) {
  ++delivered_;
  active_[std::string(queue)] = now_();
  Message* const message = Known(queue, delivered.id);
  if (message == nullptr || message->body != delivered.body) {
    return Find("queue.content", StrCat(Shown(queue, delivered.id, delivered.body), " was delivered, and nobody has sent it"));
  }
  if (message->attempts > 0) ++delivered_again_;
  const std::string shown = Shown(queue, delivered.id, delivered.body);
  if (message->finished && !message->uncertain) Find("queue.after_ack", StrCat(shown, " was delivered although it was acknowledged"));
  if (taken < message->due) {
    Find("queue.early", StrCat(shown, " was delivered ", (message->due - taken).ToMilliseconds(), " ms before it was due"));
  }
  if (delivered.attempts <= message->attempts) {
    Find("queue.attempts", StrCat(shown, " was delivered with attempts ", delivered.attempts, " after it was with ", message->attempts));
  }
  if (delivered.attempts > deliveries_max) {
    Find("queue.attempts", StrCat(shown, " was delivered ", delivered.attempts, " times, and may be ", deliveries_max, " times"));
  }
  message->attempts = delivered.attempts;
  message->token = delivered.lease.token;
  message->in_flight = true;
  // After its last delivery it leaves, and a process may end before anybody is told.
  if (!message->finished) message->uncertain = delivered.attempts >= deliveries_max;
}

void QueueLedger::OnSettled(std::string_view queue, std::string_view id, const Settlement& settlement) {
  Message* const message = Known(queue, id);
  if (message == nullptr) return;
  const storage::Lease& lease = settlement.lease;
  if (lease.token == message->token) message->in_flight = false;
  const bool valid = settlement.fate == Fate::kAcked || settlement.fate == Fate::kRetried;
  // What was given back may have been delivered again before anybody is told of it.
  const bool replaced = settlement.fate == Fate::kAcked && lease.token < message->token;
  const bool over = replaced || settlement.settled.ToUnixMilliseconds() >= lease.until_ms;
  if (valid && over) {
    Find("queue.stale_ack", StrCat(Shown(queue, id, message->body), " was ", settlement.fate == Fate::kAcked ? "acked" : "given back",
                                   " by a consumer whose lease was over"));
  }
  if (settlement.fate == Fate::kRetried && lease.token == message->token) message->due = settlement.due;
  if (settlement.fate == Fate::kAcked || settlement.fate == Fate::kDropped) {
    message->finished = true;
    message->uncertain = false;
  }
  if (settlement.fate == Fate::kUnknown) message->finished = message->uncertain = true;
}

void QueueLedger::OnDeadLettered(std::string_view queue, std::string_view id, std::string_view dead_letter_queue, std::string_view letter) {
  Message* const message = Known(queue, id);
  if (message == nullptr) return;
  const Message* const buried = Known(dead_letter_queue, letter);
  if (buried == nullptr || !buried->sent || buried->body != message->body) {
    Find("queue.dead_letter",
         StrCat(Shown(queue, id, message->body), " was delivered too often and is gone; it is not in ", dead_letter_queue));
  }
  message->finished = true;
}

void QueueLedger::OnStarted() {
  for (auto& [name, message] : messages_) {
    // What was said of it at the end may have been stored, and nobody was told.
    message.uncertain = message.uncertain || message.in_flight;
    message.in_flight = false;
  }
}

void QueueLedger::OnSeen(std::string_view queue, const std::set<std::string>& ids) {
  for (const auto& [name, message] : messages_) {
    if (name.first != queue || !message.sent || message.finished || message.uncertain || ids.contains(name.second)) continue;
    Find("queue.lost", StrCat(Shown(queue, name.second, message.body), " was sent and is gone"));
  }
}

uint64_t QueueLedger::Unfinished(const std::set<std::string>& consumed, WallTime calendar) const {
  uint64_t count = 0;
  for (const auto& [name, message] : messages_) {
    count += message.sent && !message.finished && !message.uncertain && message.due <= calendar && consumed.contains(name.first) ? 1 : 0;
  }
  return count;
}

void QueueLedger::CheckForgotten(const std::set<std::string>& consumed, WallTime calendar, Duration quiet) {
  std::set<std::string> busy;
  for (const auto& [name, message] : messages_) {
    if (message.in_flight) busy.insert(name.first);
  }
  for (const auto& [queue, last] : active_) {
    if (now_() - last < quiet) busy.insert(queue);
  }
  for (const auto& [name, message] : messages_) {
    if (!message.sent || message.finished || message.uncertain || message.due > calendar) continue;
    if (!consumed.contains(name.first) || busy.contains(name.first)) continue;
    Find("queue.lost", StrCat("every fault was healed, but ", Shown(name.first, name.second, message.body), " was sent, delivered ",
                              message.attempts, " times, and never comes again"));
  }
}

}  // namespace edge::sim
