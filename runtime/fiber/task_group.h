// TaskGroup: fibers with a common end.
//
// Whoever starts fibers owns a TaskGroup and waits for it: no fiber outlives the scope that started it. Cancel makes every wait of its
// members (and of groups made inside them) return kCancelled from then on; they run to their ends.
#ifndef EDGE_RUNTIME_FIBER_TASK_GROUP_H_
#define EDGE_RUNTIME_FIBER_TASK_GROUP_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"

namespace edge {

struct TaskGroupState;  // task_group_state.h, internal to runtime/fiber

class TaskGroup {
 public:
  // kMaker: a group made by a fiber that is itself a member of a group is cancelled with that group. kNone: of what outlives whoever
  // happens to need it first.
  enum class Parent : uint8_t { kMaker, kNone };
  explicit TaskGroup(Scheduler& scheduler, Parent parent = Parent::kMaker);
  ~TaskGroup();  // REQUIRES: no member is alive (call Wait)
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // The new fiber belongs to the spawning fiber's domain. kResourceExhausted: too many fibers. kCancelled: the group is cancelled.
  // kAborted: the domain has crashed.
  absl::Status Spawn(std::string_view label, absl::AnyInvocable<void()> body);
  // For callbacks of the poll loop, where there is no spawning fiber: as Scheduler::SpawnKeyed. Errors as Spawn.
  absl::Status SpawnKeyed(uint64_t key, Domain* domain, std::string_view label, absl::AnyInvocable<void()> body);
  // Every wait of every member returns kCancelled from now on; those that are suspended become runnable in the order of their spawning.
  // A member that has not run yet still runs. Idempotent.
  void Cancel();
  bool cancelled() const;
  // Waits until no member is alive. When the waiting fiber itself is cancelled or has crashed, so are the members, and it still
  // waits for them. On the thread's own stack: REQUIRES size() == 0. MAY SUSPEND.
  void Wait();
  size_t size() const;

 private:
  friend class Scheduler;
  std::unique_ptr<TaskGroupState> state_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_TASK_GROUP_H_
