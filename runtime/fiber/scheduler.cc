#include "runtime/fiber/scheduler.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain_state.h"
#include "runtime/fiber/scheduler_impl.h"
#include "runtime/fiber/task_group_state.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define EDGE_ASAN_START_SWITCH(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define EDGE_ASAN_FINISH_SWITCH(fake, bottom, size) __sanitizer_finish_switch_fiber(fake, bottom, size)
#else
#define EDGE_ASAN_START_SWITCH(save, bottom, size) ((void)0)
#define EDGE_ASAN_FINISH_SWITCH(fake, bottom, size) ((void)0)
#endif

namespace edge {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace {

constexpr size_t kRecordsPerChunk = 64;

absl::Status DoomStatus(const Fiber* fiber) { return fiber->doom == Fiber::Doom::kCrashed ? CrashedStatus() : CancelledStatus(); }

}  // namespace

// --- switching ---

void Scheduler::Impl::RunBody(Fiber* fiber) noexcept {
  try {
    fiber->body();
    fiber->body = nullptr;
  } catch (const std::exception& error) {
    EDGE_CHECK(false) << "an exception left fiber \"" << fiber->label << "\": " << error.what();
  }  // anything else meets the noexcept above
}

void Scheduler::Impl::FiberMain(transfer_t from_loop) {
  auto* const impl = static_cast<Impl*>(from_loop.data);
  EDGE_ASAN_FINISH_SWITCH(nullptr, &impl->loop_stack_bottom, &impl->loop_stack_size);
  impl->loop_context = from_loop.fctx;
  Fiber* const fiber = impl->self.current_;
  RunBody(fiber);
  fiber->state = Fiber::State::kFinished;
  EDGE_ASAN_START_SWITCH(nullptr, impl->loop_stack_bottom, impl->loop_stack_size);
  jump_fcontext(impl->loop_context, nullptr);
  EDGE_CHECK(false) << "a finished fiber was resumed";
}

void Scheduler::Impl::SwitchToLoop(Fiber* fiber) {
  EDGE_ASAN_START_SWITCH(&fiber->fake_stack, loop_stack_bottom, loop_stack_size);
  const transfer_t from_loop = jump_fcontext(loop_context, nullptr);
  EDGE_ASAN_FINISH_SWITCH(fiber->fake_stack, &loop_stack_bottom, &loop_stack_size);
  loop_context = from_loop.fctx;
}

void Scheduler::Impl::Resume(Fiber* fiber) {
  if (fiber->state == Fiber::State::kNew) {
    fiber->stack = stacks.Take();
    fiber->context = make_fcontext(stacks.Top(fiber->stack), stacks.stack_bytes(), &FiberMain);
  }
  fiber->state = Fiber::State::kRunning;
  self.current_ = fiber;
  const ExceptionGlobals loop_exceptions = *thread_exceptions;
  *thread_exceptions = fiber->exceptions;
  EDGE_ASAN_START_SWITCH(&loop_fake_stack, fiber->stack, stacks.stack_bytes());
  const transfer_t from_fiber = jump_fcontext(fiber->context, this);
  EDGE_ASAN_FINISH_SWITCH(loop_fake_stack, nullptr, nullptr);
  fiber->exceptions = *thread_exceptions;
  *thread_exceptions = loop_exceptions;
  self.current_ = nullptr;
  if (fiber->state == Fiber::State::kFinished) {
    loop_cause = CombineHash(fiber->key, fiber->cause);  // whoever waited for its end is runnable because of it
    Finish(fiber);
  } else {
    fiber->context = from_fiber.fctx;
  }
}

void Scheduler::Impl::Finish(Fiber* fiber) {
  stacks.Release(fiber->stack);
  if (TaskGroupState* group = fiber->group) {
    group->members.Remove(fiber);
    if (group->members.empty()) group->waiters.WakeAll();
  }
  if (Domain* domain = fiber->domain) {
    domain->state_->members.Remove(fiber);
    if (domain->state_->members.empty()) domain->state_->waiters.WakeAll();
  }
  free_records.PushFront(fiber);
  --live;
}

// --- birth ---

Fiber* Scheduler::Impl::NewRecord() {
  if (free_records.empty()) {
    records.push_back(std::make_unique<Fiber[]>(kRecordsPerChunk));
    for (size_t i = 0; i < kRecordsPerChunk; ++i) free_records.PushBack(&records.back()[i]);
  }
  return free_records.PopFront();
}

uint64_t Scheduler::Impl::NextChildKey(std::string_view label) {
  Fiber* const spawner = self.current_;
  const uint64_t parent = spawner != nullptr ? spawner->key : 0;
  const uint64_t number = spawner != nullptr ? spawner->children++ : root_children++;
  return CombineHash(parent ^ StableHash(label), number);
}

absl::Status Scheduler::Impl::Spawn(const Birth& birth, std::string_view label, absl::AnyInvocable<void()> body) {
  if (birth.domain != nullptr && birth.domain->crashed()) return CrashedStatus();
  if (live >= limits.fibers_max) return absl::ResourceExhaustedError(StrCat("at most ", limits.fibers_max, " fibers"));
  if (!stacks.Reserve(live + 1)) {
    return absl::ResourceExhaustedError(StrCat("the system grants no stack beyond ", live, " fibers (address space, or vm.max_map_count)"));
  }
  Fiber* const fiber = NewRecord();
  fiber->state = Fiber::State::kNew;
  fiber->doom = Fiber::Doom::kNone;
  fiber->shielded = false;
  fiber->permit = false;
  fiber->key = birth.key;
  fiber->sequence = next_sequence++;
  fiber->cause = 0;
  fiber->children = 0;
  fiber->exceptions = {};
  fiber->body = std::move(body);
  const size_t label_bytes = std::min(label.size(), sizeof(fiber->label) - 1);
  std::memcpy(fiber->label, label.data(), label_bytes);
  fiber->label[label_bytes] = '\0';
  fiber->domain = birth.domain;
  if (birth.domain != nullptr) birth.domain->state_->members.PushBack(fiber);
  fiber->group = birth.group;
  if (birth.group != nullptr) birth.group->members.PushBack(fiber);
  Enqueue(fiber);
  ++live;
  return absl::OkStatus();
}

absl::Status Scheduler::Impl::SpawnMember(TaskGroupState* group, std::string_view label, absl::AnyInvocable<void()> body) {
  return Spawn({.key = NextChildKey(label), .domain = self.CurrentDomain(), .group = group}, label, std::move(body));
}

// --- becoming runnable ---

uint64_t Scheduler::Impl::CurrentCause() const {
  return self.current_ != nullptr ? CombineHash(self.current_->key, self.current_->cause) : loop_cause;
}

void Scheduler::Impl::MakeReady(Fiber* fiber, Fiber::Resumed reason, uint64_t cause) {
  timers.Disarm(fiber);
  fiber->cause = cause;
  fiber->resumed = reason;
  fiber->state = Fiber::State::kReady;
  Enqueue(fiber);
}

void Scheduler::Impl::Enqueue(Fiber* fiber) {
  RunList& list = fiber->domain != nullptr && fiber->domain->state_->paused ? fiber->domain->state_->held : ready;
  list.PushBack(fiber);
}

void Scheduler::Impl::Pause(Domain& domain) {
  domain.state_->paused = true;
  for (Fiber* member = domain.state_->members.front(); member != nullptr; member = DomainList::Next(member)) {
    if (member->state != Fiber::State::kNew && member->state != Fiber::State::kReady) continue;
    ready.Remove(member);
    domain.state_->held.PushBack(member);
  }
}

void Scheduler::Impl::Resume(Domain& domain) {
  domain.state_->paused = false;
  while (Fiber* fiber = domain.state_->held.PopFront()) {
    fiber->cause = MixHash(fiber->cause);  // behind others than before: another turn
    ready.PushBack(fiber);
  }
}

void Scheduler::Impl::DoomOne(Fiber* fiber, Fiber::Doom doom) {
  fiber->doom = std::max(fiber->doom, doom);
  if (fiber->state == Fiber::State::kSuspended && !fiber->shielded) MakeReady(fiber, Fiber::Resumed::kDoomed, CurrentCause());
}

void Scheduler::Impl::CancelGroup(TaskGroupState* group) {
  if (group->cancelled) return;
  group->cancelled = true;
  for (Fiber* member = group->members.front(); member != nullptr; member = GroupList::Next(member))
    DoomOne(member, Fiber::Doom::kCancelled);
  for (TaskGroupState* child = group->children.front(); child != nullptr; child = child->sibling_hook.next) CancelGroup(child);
}

// Those that were runnable already are put in order too: how far a dead incarnation had come must not show in how it ends. They run because
// of the crash now: whoever knows their turns by name must not take the turn that never came for the one that does.
void Scheduler::Impl::DoomInKeyOrder(DomainList& members) {
  std::vector<Fiber*> doomed;
  doomed.reserve(members.size());
  for (Fiber* member = members.front(); member != nullptr; member = DomainList::Next(member)) doomed.push_back(member);
  std::sort(doomed.begin(), doomed.end(),
            [](const Fiber* a, const Fiber* b) { return a->key != b->key ? a->key < b->key : a->sequence < b->sequence; });
  for (Fiber* fiber : doomed) {
    if (fiber->state == Fiber::State::kNew || fiber->state == Fiber::State::kReady || fiber->state == Fiber::State::kYielded) {
      if (fiber->state == Fiber::State::kYielded) {
        yielded.Remove(fiber);
        fiber->state = Fiber::State::kReady;
      } else {
        ready.Remove(fiber);
      }
      fiber->cause = CombineHash(fiber->cause, CurrentCause());
      ready.PushBack(fiber);
    }
    DoomOne(fiber, Fiber::Doom::kCrashed);
  }
}

// --- the loop ---

void Scheduler::Impl::Enter() {
  EDGE_CHECK(self.current_ == nullptr && !running) << "Run is not for fibers and not recursive";
  running = true;
  thread_exceptions = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}

Fiber* Scheduler::Impl::TakeNext() {
  if (ready.size() < 2 || !order.WantsToPick()) return ready.PopFront();
  candidates.clear();
  for (Fiber* fiber = ready.front(); fiber != nullptr; fiber = RunList::Next(fiber)) candidates.push_back({fiber->key, fiber->cause});
  const size_t picked = order.PickNext(candidates);
  EDGE_CHECK(picked < candidates.size()) << picked << " of " << candidates.size();
  Fiber* fiber = ready.front();
  for (size_t i = 0; i < picked; ++i) fiber = RunList::Next(fiber);
  ready.Remove(fiber);
  return fiber;
}

bool Scheduler::Impl::RunSome(size_t runs_max) {
  if (ready.empty()) return false;
  for (size_t runs = 0; runs < runs_max && !ready.empty() && !stop; ++runs) {
    Fiber* const fiber = TakeNext();
    const Turn turn = {fiber->key, fiber->cause, fiber->label, fiber->domain};
    Resume(fiber);
    if (observer != nullptr) observer->AfterTurn(turn);  // the record keeps its label until the next Spawn
  }
  return true;
}

void Scheduler::Impl::FireDue() {
  if (timers.empty()) return;
  const Instant now = self.clock_.Now();
  for (;;) {
    const uint64_t deadline = static_cast<uint64_t>(timers.NextDeadline().ToNanoseconds());
    Fiber* const fiber = timers.PopDue(now);
    if (fiber == nullptr) return;
    MakeReady(fiber, Fiber::Resumed::kDeadline, deadline);
  }
}

void Scheduler::Impl::ReleaseYielded() {
  while (Fiber* fiber = yielded.PopFront()) {
    fiber->state = Fiber::State::kReady;
    fiber->cause = MixHash(fiber->cause);  // another turn for the same reason
    Enqueue(fiber);
  }
}

void Scheduler::Run() {
  Impl& impl = *impl_;
  impl.Enter();
  impl.stop = false;
  while (impl.live > 0 && !impl.stop) {
    impl.RunSome(impl.limits.runs_between_polls_max);
    if (impl.live == 0 || impl.stop) break;
    const bool busy = !impl.ready.empty() || !impl.yielded.empty();
    impl.poller.Poll(busy ? clock_.Now() : impl.timers.NextDeadline());
    impl.FireDue();
    impl.ReleaseYielded();
  }
  impl.running = false;
}

void Scheduler::RunReady() {
  Impl& impl = *impl_;
  impl.Enter();
  impl.stop = false;
  do {
    impl.FireDue();
    impl.ReleaseYielded();
  } while (impl.RunSome(SIZE_MAX) && !impl.stop);
  impl.running = false;
}

void Scheduler::Stop() { impl_->stop = true; }

void Scheduler::SetLoopCause(uint64_t key) { impl_->loop_cause = key; }
void Scheduler::SetTurnObserver(TurnObserver* observer) { impl_->observer = observer; }

// --- the public face ---

Scheduler::Scheduler(const Clock& clock, ReadyOrder& order, Poller& poller, SchedulerLimits limits)
    : clock_(clock), impl_(std::make_unique<Impl>(*this, order, poller, limits)) {}

Scheduler::~Scheduler() { EDGE_CHECK(impl_->live == 0) << impl_->live << " fibers are left"; }

absl::Status Scheduler::Spawn(std::string_view label, absl::AnyInvocable<void()> body) {
  return SpawnIn(CurrentDomain(), label, std::move(body));
}

absl::Status Scheduler::SpawnIn(Domain* domain, std::string_view label, absl::AnyInvocable<void()> body) {
  return SpawnKeyed(impl_->NextChildKey(label), domain, label, std::move(body));
}

absl::Status Scheduler::SpawnKeyed(uint64_t key, Domain* domain, std::string_view label, absl::AnyInvocable<void()> body) {
  return impl_->Spawn({.key = key, .domain = domain, .group = nullptr}, label, std::move(body));
}

absl::Status Scheduler::Suspend(Instant deadline) {
  Fiber* const fiber = current_;
  EDGE_CHECK(fiber != nullptr) << "only a fiber can wait";
  if (fiber->doom != Fiber::Doom::kNone) return DoomStatus(fiber);
  if (fiber->permit) {
    fiber->permit = false;
    return absl::OkStatus();
  }
  if (!deadline.IsInfinite()) {
    if (deadline <= clock_.Now()) return DeadlineStatus();
    impl_->timers.Arm(fiber, deadline);
  }
  fiber->state = Fiber::State::kSuspended;
  impl_->SwitchToLoop(fiber);
  if (fiber->doom != Fiber::Doom::kNone) return DoomStatus(fiber);
  return fiber->resumed == Fiber::Resumed::kDeadline ? DeadlineStatus() : absl::OkStatus();
}

void Scheduler::SuspendShielded() {
  Fiber* const fiber = current_;
  EDGE_CHECK(fiber != nullptr) << "only a fiber can wait";
  if (fiber->permit) {
    fiber->permit = false;
    return;
  }
  fiber->shielded = true;
  fiber->state = Fiber::State::kSuspended;
  impl_->SwitchToLoop(fiber);
  fiber->shielded = false;
}

void Scheduler::Wake(Fiber* fiber) {
  switch (fiber->state) {
    case Fiber::State::kSuspended:
      impl_->MakeReady(fiber, Fiber::Resumed::kWoken, impl_->CurrentCause());
      return;
    case Fiber::State::kReady:
      // Its deadline came first but it has not run yet: being woken is the better news. After a Yield it is a permit, like below.
      fiber->resumed = Fiber::Resumed::kWoken;
      fiber->permit |= fiber->yielding;
      return;
    case Fiber::State::kNew:
    case Fiber::State::kYielded:
    case Fiber::State::kRunning:
      fiber->permit = true;
      return;
    case Fiber::State::kFinished:
      EDGE_CHECK(false) << "woke a fiber that has ended";
  }
}

absl::Status Scheduler::Yield() {
  Fiber* const fiber = current_;
  EDGE_CHECK(fiber != nullptr) << "only a fiber can yield";
  if (fiber->doom != Fiber::Doom::kNone) return DoomStatus(fiber);
  fiber->state = Fiber::State::kYielded;
  fiber->yielding = true;
  impl_->yielded.PushBack(fiber);
  impl_->SwitchToLoop(fiber);
  fiber->yielding = false;
  return CheckAlive();
}

absl::Status Scheduler::SleepUntil(Instant deadline) {
  EDGE_RETURN_IF_ERROR(CheckAlive());
  while (deadline.IsInfinite() || clock_.Now() < deadline) {
    absl::Status status = Suspend(deadline);
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
  }
  return absl::OkStatus();
}

absl::Status Scheduler::SleepFor(Duration duration) { return SleepUntil(clock_.Now() + duration); }

absl::Status Scheduler::CheckAlive() const {
  if (current_ == nullptr || current_->doom == Fiber::Doom::kNone) return absl::OkStatus();
  return DoomStatus(current_);
}

StackBounds Scheduler::CurrentStack() const {
  if (current_ == nullptr) return {nullptr, nullptr};
  return {current_->stack, current_->stack + impl_->stacks.stack_bytes()};
}

uint64_t Scheduler::CurrentKey() const { return current_ != nullptr ? current_->key : 0; }
uint64_t Scheduler::NewChildKey(std::string_view label) { return impl_->NextChildKey(label); }
Domain* Scheduler::CurrentDomain() const { return current_ != nullptr ? current_->domain : nullptr; }
const char* Scheduler::CurrentLabel() const { return current_ != nullptr ? current_->label : ""; }
size_t Scheduler::live_fibers() const { return impl_->live; }

}  // namespace edge
