// QueueLedger: every message of every queue in a run, over crashes and restarts.
//
// A message that is durably sent is delivered until it is acked, dead-lettered or dropped after its last attempt: none is lost. None is
// delivered before it is due, none after an ack whose lease was valid, none more often than it may be, and attempts only grow. A lease that
// is over acks nothing. A dead letter is durable where it goes before it is gone where it was. What a sender was not told of may have been
// stored or not. Times are those of the node's calendar.
#ifndef EDGE_SIM_SCENARIO_QUEUE_LEDGER_H_
#define EDGE_SIM_SCENARIO_QUEUE_LEDGER_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "runtime/base/time.h"
#include "runtime/node/queue_observer.h"

namespace edge::sim {

class QueueLedger final : public QueueObserver {
 public:
  struct Finding {
    std::string check;  // "queue.lost"; empty: nothing was found
    std::string message;
  };
  // `now`: the world's time.
  explicit QueueLedger(std::function<Instant()> now) : now_(std::move(now)) {}

  void OnSending(std::string_view queue, const storage::NewMessage& message, WallTime due) override;
  void OnSent(std::string_view queue, std::string_view id) override;
  void OnDelivered(std::string_view queue, const storage::QueuedMessage& message, int64_t deliveries_max, WallTime taken) override;
  void OnSettled(std::string_view queue, std::string_view id, const Settlement& settlement) override;
  void OnDeadLettered(std::string_view queue, std::string_view id, std::string_view dead_letter_queue, std::string_view letter) override;
  // A process begins: what another had in flight is not in flight any more.
  void OnStarted();
  // What is in `queue` now, while nobody delivers from it.
  void OnSeen(std::string_view queue, const std::set<std::string>& ids);

  // Messages of the queues `consumed` that are due until `calendar` and nobody has finished with.
  uint64_t Unfinished(const std::set<std::string>& consumed, WallTime calendar) const;
  // Of such messages, one that its queue has forgotten: nothing has been delivered from there for `quiet`. To be called when nothing goes
  // wrong any more.
  void CheckForgotten(const std::set<std::string>& consumed, WallTime calendar, Duration quiet);

  const Finding& finding() const { return finding_; }
  uint64_t sent() const { return sent_; }
  uint64_t delivered() const { return delivered_; }
  uint64_t delivered_again() const { return delivered_again_; }

 private:
  struct Message {
    std::string body;
    WallTime due;
    bool sent = false;       // durably
    bool finished = false;   // acked, dead-lettered or dropped
    bool uncertain = false;  // that, or not
    bool in_flight = false;
    int64_t attempts = 0;
    int64_t token = 0;  // of its latest lease
  };
  using Name = std::pair<std::string, std::string>;  // queue, id

  void Find(std::string_view check, std::string message);
  Message* Known(std::string_view queue, std::string_view id);

  const std::function<Instant()> now_;
  std::map<Name, Message> messages_;
  std::map<std::string, Instant, std::less<>> active_;  // when something was last delivered from a queue
  uint64_t sent_ = 0, delivered_ = 0, delivered_again_ = 0;
  Finding finding_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_QUEUE_LEDGER_H_
