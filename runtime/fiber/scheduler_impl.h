// The scheduler's inside, for scheduler.cc, task_group.cc and domain.cc. Internal to runtime/fiber.
//
// Control passes between the thread's own stack (Loop) and one fiber at a time, never from fiber to fiber: a switch is 5 ns, and the one
// place where fibers start, end and are chosen stays simple.
#ifndef EDGE_RUNTIME_FIBER_SCHEDULER_IMPL_H_
#define EDGE_RUNTIME_FIBER_SCHEDULER_IMPL_H_

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/fiber/fiber.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/stack_pool.h"
#include "runtime/fiber/timer_heap.h"

namespace edge {

struct Scheduler::Impl {
  Impl(Scheduler& scheduler, ReadyOrder& ready_order, Poller& a_poller, SchedulerLimits scheduler_limits)
      : self(scheduler), order(ready_order), poller(a_poller), limits(scheduler_limits), stacks(limits.stack, limits.pooled_stacks_max) {}

  struct Birth {
    uint64_t key;
    Domain* domain;
    TaskGroupState* group;
  };
  absl::Status Spawn(const Birth& birth, std::string_view label, absl::AnyInvocable<void()> body);
  absl::Status SpawnMember(TaskGroupState* group, std::string_view label, absl::AnyInvocable<void()> body);
  uint64_t NextChildKey(std::string_view label);

  // Makes a fiber whose suspension has ended runnable.
  void MakeReady(Fiber* fiber, Fiber::Resumed reason, uint64_t cause);
  // The causal name of what is running now: a fiber's turn, or the poll loop's event.
  uint64_t CurrentCause() const;
  void DoomOne(Fiber* fiber, Fiber::Doom doom);
  void CancelGroup(TaskGroupState* group);
  void DoomInKeyOrder(DomainList& members);
  // Into the ready list, or that of its paused domain.
  void Enqueue(Fiber* fiber);
  void Pause(Domain& domain);
  void Resume(Domain& domain);

  // The loop's parts.
  void Enter();
  bool RunSome(size_t runs_max);  // false if nothing was runnable
  Fiber* TakeNext();
  void Resume(Fiber* fiber);
  void Finish(Fiber* fiber);
  void FireDue();
  void ReleaseYielded();

  // From a fiber back to the loop; returns when the fiber is resumed.
  void SwitchToLoop(Fiber* fiber);
  static void FiberMain(boost::context::detail::transfer_t from_loop);
  static void RunBody(Fiber* fiber) noexcept;

  Fiber* NewRecord();

  Scheduler& self;
  ReadyOrder& order;
  Poller& poller;
  const SchedulerLimits limits;

  StackPool stacks;
  TimerHeap timers;
  RunList ready;
  RunList yielded;  // back in `ready` after the next look outside
  RunList free_records;
  std::vector<std::unique_ptr<Fiber[]>> records;
  std::vector<Candidate> candidates;  // scratch of TakeNext
  TurnObserver* observer = nullptr;
  uint64_t loop_cause = 0;

  size_t live = 0;
  uint64_t next_sequence = 0;
  uint64_t root_children = 0;  // fibers spawned from the thread's own stack
  bool running = false;
  bool stop = false;

  // Valid while a fiber runs.
  boost::context::detail::fcontext_t loop_context = nullptr;
  ExceptionGlobals* thread_exceptions = nullptr;
  const void* loop_stack_bottom = nullptr;  // AddressSanitizer's view of the thread's own stack
  size_t loop_stack_size = 0;
  void* loop_fake_stack = nullptr;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_SCHEDULER_IMPL_H_
