// Outbox: the output gate of a Durable Object: what it has to say to the outside waits until everything it may reveal is durable.
//
//   JavaScript: Push(effect) ... Push(effect) --> the turn's writes are committed --> Seal(position) --> Flush
//                                                  position durable? run them, in order : a fiber waits for the log, then runs them
//
// An effect (a response, an error, a fetch or call that goes out, a WebSocket frame) is held until all that was committed up to the end of
// the turn that made it is durable. Positions only grow, so one line, first in first out, holds all of them, and the order of effects is
// the order in which they were made. When the object breaks, what is held fails with the reason and nothing of it leaves. Contract:
// contract sheet 3.4.
#ifndef EDGE_RUNTIME_GATE_OUTBOX_H_
#define EDGE_RUNTIME_GATE_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"

namespace edge::gate {

class Durability {
 public:
  virtual ~Durability() = default;
  virtual bool IsDurable(uint64_t position) const = 0;
  // An error: it will never be known to be durable. MAY SUSPEND.
  virtual absl::Status WaitDurable(uint64_t position) = 0;
  // What WaitDurable said, unless the outbox was broken or cancelled meanwhile: the owner breaks the object. Must not suspend.
  virtual void OnNotDurable(const absl::Status& why) = 0;
};

class Outbox {
 public:
  // Called once: with OK it is done now; else it never will be. Must not suspend.
  using Effect = absl::AnyInvocable<void(const absl::Status&)>;

  // `durability` is borrowed.
  Outbox(Scheduler& scheduler, Durability& durability) : scheduler_(scheduler), durability_(durability), waiter_(scheduler) {}
  ~Outbox();  // REQUIRES: Close has returned

  // An effect of the turn that is running. `key` is causal. Runs nothing.
  void Push(uint64_t key, Effect effect);
  // The turn is over; what was pushed since the last Seal waits for `position`. Runs nothing.
  void Seal(uint64_t position);
  // Runs what need not wait (any longer), and sees to the rest.
  void Flush();
  // What is held, and whatever comes later, fails with `why`. Idempotent.
  void Break(const absl::Status& why);
  // Breaks it and waits for its fiber. MAY SUSPEND.
  void Close();

  bool empty() const { return held_.empty(); }
  size_t size() const { return held_.size(); }

 private:
  struct Held {
    uint64_t key;
    std::optional<uint64_t> position;  // none: its turn is not over
    Effect effect;
  };
  void RunFront(const absl::Status& status);
  void Wait();

  Scheduler& scheduler_;
  Durability& durability_;
  std::deque<Held> held_;
  size_t sealed_ = 0;  // of held_, from the front
  std::optional<absl::Status> broken_;
  bool waiting_ = false;
  TaskGroup waiter_;  // the fiber that waits for the log, while there is something to wait for
};

}  // namespace edge::gate

#endif  // EDGE_RUNTIME_GATE_OUTBOX_H_
