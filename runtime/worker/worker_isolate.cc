#include "runtime/worker/worker_isolate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/js/source_map.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/worker_set.h"

namespace edge::worker {
namespace {

// An isolate is named by its node, its worker and its number, not by the request that happened to start it.
uint64_t IsolateKey(const Scheduler& scheduler, const WorkerCode& code, uint64_t number) {
  const Domain* const node = scheduler.CurrentDomain();
  return CombineHash(StableHash(node != nullptr ? node->name() : std::string()) ^ StableHash(code.name), number);
}
}  // namespace

WorkerIsolate::WorkerIsolate(const WorkerServices& services, std::shared_ptr<const WorkerCode> code, uint64_t number,
                             ObjectDirectory* objects, Worker* worker)
    : scheduler_(services.scheduler),
      random_(services.random),
      log_(services.log),
      observer_(services.observer),
      nursery_(services.nursery),
      sender_(services.sender),
      workers_(services.workers),
      kv_(services.kv),
      queues_(services.queues),
      shared_code_(std::move(code)),
      code_(*shared_code_),
      number_(number),
      key_(IsolateKey(services.scheduler, code_, number)),
      lock_(services.scheduler),
      worker_(worker),
      objects_(objects),
      link_(std::make_shared<Link>(Link{this})),
      timers_changed_(services.scheduler),
      fibers_(services.scheduler, TaskGroup::Parent::kNone) {
  started_ = frozen_now_ = scheduler_.clock().Now();
  frozen_wall_ = scheduler_.clock().WallNow();
}

WorkerIsolate::~WorkerIsolate() {
  link_->isolate = nullptr;
  EDGE_CHECK(invocations_.empty()) << "isolate " << number_ << " dropped with " << invocations_.size() << " invocations";
  if (isolate_ == nullptr || !isolate_->captured()) return;
  isolate_->Rewind();
  nursery_->GiveBack(shared_code_, {.isolate = std::move(isolate_), .record = std::move(start_record_)});
}

absl::StatusOr<std::unique_ptr<WorkerIsolate>> WorkerIsolate::Start(const WorkerServices& services, std::shared_ptr<const WorkerCode> code,
                                                                    uint64_t number, ObjectDirectory* objects, Worker* worker) {
  std::unique_ptr<WorkerIsolate> isolate(new WorkerIsolate(services, std::move(code), number, objects, worker));
  EDGE_RETURN_IF_ERROR(isolate->LoadModule());
  return isolate;
}

WorkerIsolate& WorkerIsolate::Self(duk_context* ctx) { return static_cast<WorkerIsolate&>(web::HostOf(ctx)); }

ObjectDirectory* WorkerIsolate::ObjectsOf(std::string_view script) {
  if (script.empty() || script == code_.name) return objects_;
  Worker* const worker = PeerOf(script);
  return worker == nullptr ? nullptr : worker->objects();
}

Worker* WorkerIsolate::PeerOf(std::string_view service) {
  if (service.empty() || service == code_.name) return worker_;
  return workers_ == nullptr ? nullptr : workers_->Find(service);
}

// --- entering ---

WorkerIsolate::Entered WorkerIsolate::Enter(uint64_t invocation_id, absl::FunctionRef<void(duk_context*)> f, Failure& failure) {
  if (const absl::Status locked = lock_.Lock(); !locked.ok()) {
    failure = {Outcome::kCanceled, std::string(locked.message()), ""};
    return Entered::kRefused;
  }
  Invocation* const invocation = Find(invocation_id);
  if ((invocation == nullptr && invocation_id != kGlobalScope) ||
      (invocation != nullptr && invocation->object != nullptr && invocation->object->refuses())) {
    lock_.Unlock();
    failure = {Outcome::kCanceled, "the invocation has ended", ""};
    return Entered::kRefused;
  }
  current_ = invocation;
  interrupts_in_a_row_ = 0;
  frozen_now_ = scheduler_.clock().Now();
  frozen_wall_ = scheduler_.clock().WallNow();

  js::CpuBudget startup = {code_.limits.InstructionsOf(code_.limits.startup_cpu)};
  js::EnterOptions options;
  options.stack_low = scheduler_.CurrentStack().low;
  LiveObject* const object = invocation != nullptr ? invocation->object : nullptr;
  options.budget = object != nullptr ? &object->cpu() : invocation != nullptr ? &invocation->cpu : &startup;
  if (starting_) start_record_.entries.emplace_back();
  const std::optional<js::JsError> error = isolate_->Run(options, [&](duk_context* ctx) {
    if (!unexports_.empty()) DropExports(ctx);
    f(ctx);
    js::RunMicrotasks(ctx);
  });
  // What a limit has cut off in the middle is not committed.
  if (isolate_->condemned() != js::Limit::kNone) BreakObjects(object);
  if (object != nullptr) object->EndTurn();
  current_ = nullptr;
  interrupts_in_a_row_ = 0;
  if (start_cancelled_) {
    lock_.Unlock();
    failure = {Outcome::kCanceled, kStartCancelled, ""};
    return Entered::kRefused;
  }
  if (starting_) {
    start_record_.entries.back().executed_instructions = isolate_->executed_instructions();
    start_record_.entries.back().memory_used_bytes = isolate_->memory_used_bytes();
  }
  if (observer_ != nullptr) {
    observer_->OnLeft(invocation != nullptr ? invocation->key : key_, isolate_->executed_instructions(), isolate_->memory_used_bytes());
  }

  // An error that the worker turned into a rejection is still the limit's doing.
  if (isolate_->condemned() == js::Limit::kMemory && invocation != nullptr && invocation->outcome == Outcome::kException) {
    invocation->outcome = Outcome::kExceededMemory;
    invocation->failure = FailureOf(js::JsError{.limit = js::Limit::kMemory});
  }
  Entered entered = Entered::kOk;
  if (error.has_value()) {
    failure = FailureOf(*error);
    entered = Entered::kFailed;
  }
  lock_.Unlock();
  // Nobody in a condemned isolate goes on: whoever waits is to be told.
  if (!AnythingPending() || isolate_->condemned() != js::Limit::kNone) WakeWaiting();
  return entered;
}

Failure WorkerIsolate::FailureOf(const js::JsError& error) {
  switch (error.limit) {
    case js::Limit::kCpu:
      return {Outcome::kExceededCpu, "Worker exceeded CPU time limit.", ""};
    case js::Limit::kMemory:
      return {Outcome::kExceededMemory, "Worker exceeded memory limit.", ""};
    case js::Limit::kNone:
      break;
  }
  return {Outcome::kException, error.name.empty() ? error.message : absl::StrCat(error.name, ": ", error.message), error.stack};
}

bool WorkerIsolate::AnythingPending() const { return lock_.held() || !timers_.empty() || tasks_pending_ > 0; }

void WorkerIsolate::WakeWaiting() {
  for (const auto& [id, invocation] : waiting_) invocation->progress.Set();
}

absl::Status WorkerIsolate::AwaitProgress(Invocation& invocation, Instant deadline) {
  invocation.progress.Reset();
  if (invocation.waiting++ == 0) waiting_.emplace(invocation.id, &invocation);
  absl::Status waited = invocation.progress.Wait(deadline);
  if (--invocation.waiting == 0) waiting_.erase(invocation.id);
  return waited;
}

Invocation* WorkerIsolate::Find(uint64_t id) {
  const auto found = invocations_.find(id);
  return found == invocations_.end() || found->second->finished ? nullptr : found->second.get();
}

LogContext WorkerIsolate::Speaker() const {
  if (current_ == nullptr) return {};
  LogContext speaker = {.request = current_->key};
  if (const LiveObject* const object = current_->object; object != nullptr) {
    speaker.object_class = object->id().space;
    speaker.object = object->id().id;
  }
  return speaker;
}

void WorkerIsolate::ReportUncaught(const Failure& failure) {
  NoteImpure("it leaves an error uncaught");
  log_.WriteFor(Speaker(), Severity::kError, code_.name,
                absl::StrCat("Uncaught ", failure.stack.empty() ? failure.message : failure.stack));
}

// --- invocations ---

Invocation& WorkerIsolate::NewInvocation() { return NewInvocation(nullptr, scheduler_.NewChildKey("invocation")); }

Invocation& WorkerIsolate::NewInvocation(LiveObject* object, uint64_t key) {
  const uint64_t id = next_invocation_++;
  auto invocation = std::make_unique<Invocation>(scheduler_, id, key, code_.limits);
  invocation->object = object;
  return *invocations_.emplace(id, std::move(invocation)).first->second;
}

void WorkerIsolate::DeleteInvocation(Invocation& invocation) {
  EDGE_CHECK(invocation.finished);
  invocations_.erase(invocation.id);
}

void WorkerIsolate::Shutdown() {
  closing_ = true;
  fibers_.Cancel();
  fibers_.Wait();
}

size_t WorkerIsolate::memory_bytes() const { return isolate_->memory_used_bytes(); }

// --- js::IsolateHost ---

WallTime WorkerIsolate::WallNow() {
  NoteImpure("it looks at the clock");
  return frozen_wall_;
}

// Each event draws from a stream of its own, forked at its first draw: what it draws moves nobody else's numbers.
Random& WorkerIsolate::CurrentRandom() {
  if (current_ == nullptr) return random_;
  if (current_->random == nullptr) current_->random = random_.Fork(StrCat("invocation/", current_->key));
  return *current_->random;
}

uint64_t WorkerIsolate::RandomU64() {
  NoteImpure("it draws random numbers");
  return CurrentRandom().NextU64();
}

void WorkerIsolate::Interrupt() {
  ++interrupts_in_a_row_;
  if (observer_ != nullptr) observer_->OnInterrupt(current_ != nullptr ? current_->key : key_);
  // The isolate stays held: other fibers run meanwhile, nobody enters. A fiber that was cancelled in the middle of a computation must come
  // to its end: the isolate's state is of no more use.
  if (starting_) ++start_record_.entries.back().interrupts;
  if (scheduler_.Yield().ok()) return;
  start_cancelled_ = starting_;
  isolate_->Condemn(js::Limit::kCpu);
}

void WorkerIsolate::OnUnhandledRejection(duk_context* ctx, void* data) {
  auto& self = *static_cast<WorkerIsolate*>(data);
  self.NoteImpure("it leaves a rejection unhandled");
  if (web::DispatchRejection(ctx, web::RejectionEvent::kUnhandled)) return;
  Failure failure = FailureOf(js::DescribeError(ctx, -1));
  self.log_.WriteFor(self.Speaker(), Severity::kError, self.code_.name,
                     absl::StrCat("Uncaught (in promise) ", failure.stack.empty() ? failure.message : failure.stack));
}

void WorkerIsolate::OnUncaughtError(duk_context* ctx, void* data) {
  static_cast<WorkerIsolate*>(data)->ReportUncaught(FailureOf(js::DescribeError(ctx, -1)));
}

// --- web::WebHost ---

void WorkerIsolate::Log(web::LogLevel level, std::string_view text) {
  NoteImpure("it writes to the console");
  constexpr Severity kSeverity[] = {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError};
  log_.WriteFor(Speaker(), kSeverity[static_cast<size_t>(level) & 3], code_.name, text);
}

void WorkerIsolate::ReportException(duk_context* ctx) {
  const js::JsError error = js::DescribeError(ctx, -1);
  ReportUncaught(FailureOf(error));
}

void WorkerIsolate::FillRandom(std::span<std::byte> out) {
  NoteImpure("it draws random numbers");
  CurrentRandom().Fill(out);
}

Duration WorkerIsolate::Elapsed() const {
  NoteImpure("it looks at the clock");
  return frozen_now_ - started_;
}

}  // namespace edge::worker
