// What JavaScript starts and does not wait for: tasks, fetches, timers.
#include "runtime/worker/worker_isolate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/fiber_pipe.h"
#include "runtime/worker/handed_body.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/target_fetch.h"

namespace edge::worker {
namespace {

// As on the platform.
constexpr char kTooDeepText[] =
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen e.g. if you have a Worker or "
    "Durable Object that calls other Workers or objects recursively.";

// What has to wait for the output gate, waits here.
class Permit {
 public:
  explicit Permit(Scheduler& scheduler) : decided_(scheduler) {}
  void Decide(const absl::Status& allowed) {
    allowed_ = allowed;
    decided_.Set();
  }
  // MAY SUSPEND.
  absl::Status Wait() {
    if (absl::Status waited = decided_.is_set() ? absl::OkStatus() : decided_.Wait(); !waited.ok()) return waited;
    return allowed_;
  }

 private:
  absl::Status allowed_;
  Event decided_;
};

struct SentCall {
  explicit SentCall(Scheduler& scheduler) : permit(scheduler) {}
  Permit permit;
  std::shared_ptr<rpc::PendingCall> pending;
  absl::Status answer;  // why it was not sent
  absl::StatusOr<rpc::Message> result = absl::CancelledError("cancelled");
};

}  // namespace

void WorkerIsolate::StartTask(std::string_view label, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) {
  EDGE_CHECK(current_ != nullptr) << label << " started at global scope";
  SpawnTask(*current_, {.label = label,
                        .work =
                            [work = std::move(work)]() mutable {
                              work();
                              return true;
                            },
                        .finish = std::move(finish)});
}

void WorkerIsolate::WhenAllowed(Invocation& invocation, uint64_t key, absl::AnyInvocable<void(const absl::Status&)> leave) {
  if (invocation.object == nullptr) return leave(absl::OkStatus());
  invocation.object->Emit(key, std::move(leave));
}

std::shared_ptr<web::FetchOperation> WorkerIsolate::StartFetch(web::FetchRequest request, std::shared_ptr<web::FetchTarget> target,
                                                               FetchDone finish) {
  EDGE_CHECK(current_ != nullptr) << "fetch() started at global scope";
  Invocation& invocation = *current_;
  std::erase_if(invocation.fetches, [](const std::shared_ptr<InvocationFetch>& fetch) { return fetch->over(); });
  const uint64_t key = CombineHash(invocation.key, invocation.children++);
  request.key = key;
  auto response = std::make_shared<absl::StatusOr<web::FetchResponse>>(absl::CancelledError("cancelled"));
  auto done = [response, finish = std::move(finish)](duk_context* ctx) mutable { finish(ctx, *response); };
  if (target != nullptr) {
    request.sender = CurrentContext();
    request.depth = invocation.depth + 1;
    if (request.stream != nullptr) request.stream = HandOver(invocation, std::move(request.stream));
    auto fetch = std::make_shared<TargetFetch>(scheduler_, std::move(target), std::move(request), invocation.subrequests);
    invocation.fetches.push_back(fetch);
    if (++invocation.subrequests.begun > invocation.subrequests.subrequests_max) {
      fetch->Send(absl::ResourceExhaustedError("Too many subrequests."));
    } else if (invocation.depth >= code_.limits.worker_depth_max) {
      fetch->Send(absl::ResourceExhaustedError(kTooDeepText));
    } else {
      WhenAllowed(invocation, key, [fetch](const absl::Status& allowed) { fetch->Send(allowed); });
    }
    SpawnTask(invocation, {.label = "fetch",
                           .work =
                               [fetch, response] {
                                 *response = fetch->Run();
                                 return true;
                               },
                           .finish = std::move(done)});
    return fetch;
  }
  auto fetch = std::make_shared<OutgoingFetch>(scheduler_, sender_, invocation.subrequests, key, std::move(request));
  invocation.fetches.push_back(fetch);
  if (invocation.object == nullptr) {
    SpawnTask(invocation, {.label = "fetch",
                           .work =
                               [fetch, response] {
                                 *response = fetch->Run();
                                 return true;
                               },
                           .finish = std::move(done)});
    return fetch;
  }
  auto permit = std::make_shared<Permit>(scheduler_);
  WhenAllowed(invocation, key, [permit](const absl::Status& allowed) { permit->Decide(allowed); });
  SpawnTask(invocation, {.label = "fetch",
                         .work =
                             [fetch, permit, response] {
                               if (const absl::Status allowed = permit->Wait(); !allowed.ok()) {
                                 *response = allowed;
                               } else {
                                 *response = fetch->Run();
                               }
                               return true;
                             },
                         .finish = std::move(done)});
  return fetch;
}

std::shared_ptr<web::BodySource> WorkerIsolate::HandOver(Invocation& invocation, std::shared_ptr<web::BodySource> body) {
  auto handed = std::make_shared<HandedBody>(scheduler_, std::move(body));
  invocation.fetches.push_back(handed);
  return handed;
}

void WorkerIsolate::StartCall(std::shared_ptr<rpc::Callee> callee, rpc::CallRequest request, CallDone done) {
  EDGE_CHECK(current_ != nullptr) << "a call started at global scope";
  Invocation& invocation = *current_;
  const uint64_t key = CombineHash(invocation.key, invocation.children++);
  request.key = key;
  request.sender = CurrentContext();
  request.depth = invocation.depth + 1;
  for (rpc::Step& step : request.steps) {
    if (!step.arguments.has_value()) continue;
    for (rpc::Capability& capability : step.arguments->capabilities) {
      if (auto* const body = std::get_if<std::shared_ptr<web::BodySource>>(&capability)) *body = HandOver(invocation, std::move(*body));
    }
  }
  auto call = std::make_shared<SentCall>(scheduler_);
  if (++invocation.subrequests.begun > invocation.subrequests.subrequests_max) {
    call->permit.Decide(absl::ResourceExhaustedError("Too many subrequests."));
  } else if (invocation.depth >= code_.limits.worker_depth_max) {
    call->permit.Decide(absl::ResourceExhaustedError(kTooDeepText));
  } else {
    // The order of calls is the order in which they leave.
    WhenAllowed(invocation, key, [call, callee = std::move(callee), request = std::move(request)](const absl::Status& allowed) mutable {
      if (allowed.ok()) call->pending = callee->Send(std::move(request));
      call->permit.Decide(allowed);
    });
  }
  SpawnTask(invocation, {.label = "call",
                         .work =
                             [call] {
                               call->answer = call->permit.Wait();
                               if (!call->answer.ok()) return true;
                               call->result = call->pending->Wait();
                               if (!call->result.ok()) call->pending->Cancel();
                               return true;
                             },
                         .finish =
                             [call, done = std::move(done)](duk_context* ctx) mutable {
                               if (!call->answer.ok()) call->result = call->answer;
                               done(ctx, call->result);
                             }});
}

std::shared_ptr<web::BodyPipe> WorkerIsolate::NewBodyPipe(std::optional<uint64_t> length) {
  return std::make_shared<FiberPipe>(scheduler_, length);
}

void WorkerIsolate::StartOperation(Operation operation) {
  EDGE_CHECK(current_ != nullptr) << operation.label << " started at global scope";
  Invocation& invocation = *current_;
  const uint64_t key = CombineHash(invocation.key, invocation.children++);
  const auto permit = std::make_shared<Permit>(scheduler_);
  if (++invocation.service_operations > code_.limits.service_operations_max) {
    permit->Decide(web::RemoteErrorStatus({.name = "Error", .message = "Too many API requests by single Worker invocation."}));
  } else if (++invocation.subrequests.begun > invocation.subrequests.subrequests_max) {
    permit->Decide(web::RemoteErrorStatus({.name = "Error", .message = "Too many subrequests."}));
  } else {
    WhenAllowed(invocation, key, [permit](const absl::Status& allowed) { permit->Decide(allowed); });
  }
  const auto result = std::make_shared<absl::Status>();
  SpawnTask(invocation, {.label = operation.label,
                         .work =
                             [this, &invocation, permit, result, key, work = std::move(operation.work)]() mutable {
                               *result = permit->Wait();
                               if (!result->ok()) return true;
                               ConnectionSlots::Place place(scheduler_, invocation.subrequests.slots);
                               *result = place.Wait();
                               if (result->ok()) *result = work(key, invocation.key);
                               return true;
                             },
                         .finish = [result, finish = std::move(operation.finish)](duk_context* ctx) mutable { finish(ctx, *result); }});
}

void WorkerIsolate::SpawnTask(Invocation& invocation, Task task) {
  ++tasks_pending_;
  if (invocation.object != nullptr && task.way.ticket == nullptr && !task.way.holds_gate && task.way.section == gate::kNoSection &&
      IsRunning(*invocation.object)) {
    task.way.section = invocation.object->section();
  }
  const std::string label(task.label);
  const absl::Status spawned = invocation.tasks.SpawnKeyed(
      CombineHash(invocation.key, invocation.children++), scheduler_.CurrentDomain(), label,
      [this, &invocation, task = std::move(task)]() mutable {
        Failure failure;
        Entered entered = Entered::kRefused;
        if (task.work == nullptr || task.work()) {
          const auto finish = [&](duk_context* ctx) { task.finish(ctx); };
          entered = invocation.object == nullptr ? Enter(invocation.id, finish, failure)
                                                 : EnterObject(invocation, std::move(task.way), finish, failure);
        } else if (task.way.holds_gate) {
          invocation.object->gate().Release(task.way.section);
        }
        --tasks_pending_;
        if (entered == Entered::kFailed) {
          ReportUncaught(failure);
          // A limit ends the event itself; an error that a callback throws does not.
          if (invocation.outcome == Outcome::kPending && failure.outcome != Outcome::kException) {
            invocation.outcome = failure.outcome;
            invocation.failure = failure;
          }
        }
        invocation.progress.Set();
        if (!AnythingPending()) WakeWaiting();
      });
  if (!spawned.ok()) --tasks_pending_;
  if (!spawned.ok() && !absl::IsCancelled(spawned)) {
    log_.Write(Severity::kError, code_.name, absl::StrCat("could not start ", label, ": ", std::string(spawned.message())));
  }
}

void WorkerIsolate::StartTimer(uint32_t id, Duration delay) {
  EDGE_CHECK(current_ != nullptr);
  const gate::Section section = current_->object != nullptr ? current_->object->section() : gate::kNoSection;
  const auto timer = timers_.emplace(frozen_now_ + delay, Timer{id, current_->id, section});
  timer_of_id_[id] = timer;
  ++current_->timers_pending;
  // Named by what needs it first, counted whether it runs or not: each of these fibers has a name of its own.
  const uint64_t key = CombineHash(CombineHash(key_, current_->key), current_->timers_started++);
  if (!timer_fiber_running_) {
    timer_fiber_running_ = fibers_.SpawnKeyed(key, scheduler_.CurrentDomain(), "timers", [this] { RunTimers(); }).ok();
  }
  if (timer == timers_.begin()) timers_changed_.Set();
}

void WorkerIsolate::CancelTimer(uint32_t id) {
  const auto found = timer_of_id_.find(id);
  if (found == timer_of_id_.end()) return;
  if (Invocation* owner = Find(found->second->second.invocation); owner != nullptr) --owner->timers_pending;
  timers_.erase(found->second);
  timer_of_id_.erase(found);
}

void WorkerIsolate::RunTimers() {
  while (!timers_.empty()) {
    const auto [due, timer] = *timers_.begin();
    if (due > scheduler_.clock().Now()) {
      timers_changed_.Reset();
      const absl::Status waited = timers_changed_.Wait(due);
      if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) break;
      continue;
    }
    timer_of_id_.erase(timer.id);
    timers_.erase(timers_.begin());
    Invocation* const invocation = Find(timer.invocation);
    if (invocation == nullptr) {
      web::ForgetTimer(isolate_->context(), timer.id);
      continue;
    }
    --invocation->timers_pending;
    // A timer that is cleared between here and its turn is gone from the library's table and does nothing.
    SpawnTask(
        *invocation,
        {.label = "timer", .finish = [id = timer.id](duk_context* ctx) { web::FireTimer(ctx, id); }, .way = {.section = timer.section}});
  }
  timer_fiber_running_ = false;
  if (!AnythingPending()) WakeWaiting();
}

}  // namespace edge::worker
