// What the scheduler and a TaskGroup know of a group. Internal to runtime/fiber.
#ifndef EDGE_RUNTIME_FIBER_TASK_GROUP_STATE_H_
#define EDGE_RUNTIME_FIBER_TASK_GROUP_STATE_H_

#include "runtime/fiber/fiber.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge {

struct TaskGroupState {
  explicit TaskGroupState(Scheduler& s) : scheduler(s), waiters(s) {}

  Scheduler& scheduler;
  bool cancelled = false;
  GroupList members;
  WaitList waiters;                  // fibers in Wait
  TaskGroupState* parent = nullptr;  // the group of the fiber that made this one; null if none or gone
  ListHook<TaskGroupState> sibling_hook;
  IntrusiveList<TaskGroupState, &TaskGroupState::sibling_hook> children;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_TASK_GROUP_STATE_H_
