#include "runtime/fiber/task_group.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/scheduler_impl.h"
#include "runtime/fiber/task_group_state.h"

namespace edge {

TaskGroup::TaskGroup(Scheduler& scheduler, Parent parent) : state_(std::make_unique<TaskGroupState>(scheduler)) {
  Fiber* const maker = scheduler.current();
  if (parent == Parent::kNone || maker == nullptr || maker->group == nullptr) return;
  state_->parent = maker->group;
  state_->cancelled = maker->group->cancelled;
  maker->group->children.PushBack(state_.get());
}

TaskGroup::~TaskGroup() {
  EDGE_CHECK(state_->members.empty()) << state_->members.size() << " members alive, the first is \"" << state_->members.front()->label
                                      << "\"; call Wait";
  while (TaskGroupState* child = state_->children.PopFront()) child->parent = nullptr;
  if (state_->parent != nullptr) state_->parent->children.Remove(state_.get());
}

absl::Status TaskGroup::Spawn(std::string_view label, absl::AnyInvocable<void()> body) {
  if (state_->cancelled) return CancelledStatus();
  return state_->scheduler.impl_->SpawnMember(state_.get(), label, std::move(body));
}

absl::Status TaskGroup::SpawnKeyed(uint64_t key, Domain* domain, std::string_view label, absl::AnyInvocable<void()> body) {
  if (state_->cancelled) return CancelledStatus();
  return state_->scheduler.impl_->Spawn({.key = key, .domain = domain, .group = state_.get()}, label, std::move(body));
}

void TaskGroup::Cancel() { state_->scheduler.impl_->CancelGroup(state_.get()); }

bool TaskGroup::cancelled() const { return state_->cancelled; }

size_t TaskGroup::size() const { return state_->members.size(); }

void TaskGroup::Wait() {
  while (!state_->members.empty()) {
    if (state_->waiters.Wait(Instant::Infinite()).ok()) continue;
    // Doomed: so are the members, which makes it certain that they end.
    Cancel();
    if (!state_->members.empty()) state_->waiters.WaitShielded();
  }
}

}  // namespace edge
