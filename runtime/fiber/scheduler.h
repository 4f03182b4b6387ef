// Scheduler: fibers on one thread.
//
// A fiber is a function with its own small stack (Boost.Context, pooled, guarded). It runs until it waits; then another runnable fiber goes
// on; when none is runnable the Poller sleeps until the next event or timer. Nothing else in edge waits: sockets, files, timers, locks
// and JavaScript promises are all a fiber suspended here. In a simulation the same scheduler runs with a Poller that jumps virtual time
// to the next event and a ReadyOrder that asks the seed.
//
//      Spawn --> ready --> running --Suspend--> waiting --Wake / deadline / cancel / crash--> ready ... --> body returns, stack pooled
//
// Every wait may end with: OK (woken), kDeadlineExceeded, kCancelled (its TaskGroup was cancelled), kAborted "crashed" (its Domain was).
// Once cancelled or crashed, every later wait of the fiber ends that way at once. No fiber is destroyed while suspended: cancelled and
// crashed fibers are resumed and run to their ends (design: "Crash, one rule").
#ifndef EDGE_RUNTIME_FIBER_SCHEDULER_H_
#define EDGE_RUNTIME_FIBER_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"
#include "runtime/seam/clock.h"
#include "runtime/seam/ready_order.h"

namespace edge {

class Fiber;   // a running or suspended function; owned by the scheduler; a pointer is valid until the body returns
class Domain;  // what crashes together: one incarnation of one node (domain.h)

// What the scheduler does when nothing is runnable. Os version: epoll (runtime/os); Sim version: the world's event queue.
class Poller {
 public:
  virtual ~Poller() = default;
  // Makes what is due runnable (through Scheduler::Wake and callbacks); sleeps until something is due, at most until `until`. `until` in
  // the past: looks without sleeping. Refreshes the clock before it returns.
  virtual void Poll(Instant until) = 0;
};

struct SchedulerLimits {
  ByteCount stack = ByteCount::KiB(256);  // per fiber, virtual; touched pages only are real
  size_t fibers_max = 1'000'000;
  size_t pooled_stacks_max = 1024;     // kept warm for reuse; what exceeds them gives its memory back
  size_t runs_between_polls_max = 64;  // a busy ready list still polls the outside this often
};

// One fiber's run from its resumption to its next wait or its end.
struct Turn {
  uint64_t key;          // the fiber's causal key
  uint64_t cause;        // what made it runnable; Candidate::turn
  const char* label;     // the fiber's; valid during the call
  const Domain* domain;  // null outside of domains
};

// Told after each turn, from the loop, between two turns: where a simulation counts, hashes and crashes nodes.
class TurnObserver {
 public:
  virtual ~TurnObserver() = default;
  virtual void AfterTurn(const Turn& turn) = 0;
};

struct StackBounds {
  char* low;  // lowest usable address
  char* high;
};

class Scheduler {
 public:
  // Clock, order and poller are borrowed and outlive the scheduler.
  Scheduler(const Clock& clock, ReadyOrder& order, Poller& poller, SchedulerLimits limits = {});
  ~Scheduler();  // REQUIRES: no live fibers
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Starts a detached fiber (ready, not yet run) in the spawning fiber's domain. Its causal key derives from the spawner's key, `label` and
  // the number of fibers the spawner has spawned before. kResourceExhausted at fibers_max or when the system grants no more stacks;
  // kAborted if the domain has crashed. Callable from fibers and from the poll loop, where there is no spawning fiber: no domain, and the
  // key counts all such spawns, which ties unrelated ones together; SpawnKeyed is better there. A body must not throw.
  absl::Status Spawn(std::string_view label, absl::AnyInvocable<void()> body);
  absl::Status SpawnIn(Domain* domain, std::string_view label, absl::AnyInvocable<void()> body);
  // For callbacks of the poll loop: `key` names the cause, for instance CombineHash(the connection's key, number of the event).
  absl::Status SpawnKeyed(uint64_t key, Domain* domain, std::string_view label, absl::AnyInvocable<void()> body);

  // What the poll loop is about to do has this causal key: fibers that it makes runnable are runnable because of it.
  void SetLoopCause(uint64_t key);
  // From now on `observer` (borrowed; null: nobody) is told of every turn.
  void SetTurnObserver(TurnObserver* observer);

  // Runs until no fiber is left, or until Stop. Called from the thread's own stack, not from a fiber.
  void Run();
  // Runs everything that is runnable now (including what it makes runnable, and what clock().Now() makes due) without polling; for tests.
  void RunReady();
  // Makes Run return after the current turn, with fibers left suspended; Run may be called again.
  void Stop();

  // --- from inside a fiber ---
  Fiber* current() const { return current_; }  // null on the thread's own stack
  // MAY SUSPEND. OK when `deadline` has come.
  absl::Status SleepUntil(Instant deadline);
  absl::Status SleepFor(Duration duration);
  // Lets every other runnable fiber and due event go first. MAY SUSPEND.
  absl::Status Yield();
  // Suspends the current fiber until Wake(fiber): the primitive under every wait. A Wake that came between the registration and this call
  // is not lost. OK may also come of a Wake meant for an earlier wait, so callers loop: `while (!condition) RETURN_IF_ERROR(Suspend(d));`.
  // MAY SUSPEND. kDeadlineExceeded, kCancelled, kAborted.
  absl::Status Suspend(Instant deadline);
  // The same, but ended by Wake alone, whatever happens to the fiber: for waiting on someone who uses this fiber's memory (a helper thread,
  // a member of one's own group) and is certain to finish. MAY SUSPEND.
  void SuspendShielded();
  // Makes a suspended fiber runnable; idempotent; callable from fibers and the poll loop. REQUIRES: the fiber is live.
  void Wake(Fiber* fiber);
  // OK, or the reason for which every wait of the current fiber would end at once.
  absl::Status CheckAlive() const;
  // The running fiber's stack, for engines that check their depth. Both null on the thread's own stack.
  StackBounds CurrentStack() const;
  // Stable causal key of the current fiber (0 on the thread's own stack).
  uint64_t CurrentKey() const;

  // A fresh causal key for something that the current fiber begins and that is no fiber: a connection, a request. Derived as Spawn derives
  // a fiber's key, from the current key, `label` and the number of children before it. Callable from anywhere.
  uint64_t NewChildKey(std::string_view label);

  // The current fiber's domain; null outside of fibers and domains.
  Domain* CurrentDomain() const;
  // The current fiber's label (cut to 23 bytes), for reports; empty on the thread's own stack. Async-signal-safe.
  const char* CurrentLabel() const;

  const Clock& clock() const { return clock_; }
  size_t live_fibers() const;

 private:
  friend class Fiber;
  friend class TaskGroup;
  friend class Domain;
  struct Impl;

  const Clock& clock_;
  Fiber* current_ = nullptr;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_SCHEDULER_H_
