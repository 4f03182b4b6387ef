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
#include "runtime/worker/fiber_pipe.h"

namespace edge::worker {
namespace {

// Keys of the heap stash: the worker's exports object, and readers of streamed bodies by invocation number.
constexpr char kExportsKey[] = "workerExports";
constexpr char kReadersKey[] = "workerReaders";
constexpr char kSignalsKey[] = "workerSignals";  // of incoming requests, likewise; used with enable_request_signal only

constexpr char kStartCancelled[] = "the start of the isolate was cancelled";

void* AsData(uint64_t id) { return reinterpret_cast<void*>(static_cast<uintptr_t>(id)); }
// An isolate is named by its node, its worker and its number, not by the request that happened to start it.
uint64_t IsolateKey(const Scheduler& scheduler, const WorkerCode& code, uint64_t number) {
  const Domain* const node = scheduler.CurrentDomain();
  return CombineHash(StableHash(node != nullptr ? node->name() : std::string()) ^ StableHash(code.name), number);
}
// The lines of listEntryPoints (lib/worker.js).
EntryPoints ReadEntryPoints(std::string_view lines) {
  EntryPoints points;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t space = std::min(line.find(' '), line.size());
    std::vector<std::string>& names = line.starts_with("handler ") ? points.handlers : points.classes;
    names.emplace_back(line.substr(std::min(space + 1, line.size())));
  }
  return points;
}

uint64_t AsId(void* data) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data)); }

}  // namespace

WorkerIsolate::WorkerIsolate(const WorkerServices& services, std::shared_ptr<const WorkerCode> code, uint64_t number)
    : scheduler_(services.scheduler),
      random_(services.random),
      log_(services.log),
      observer_(services.observer),
      nursery_(services.nursery),
      sender_(services.sender),
      shared_code_(std::move(code)),
      code_(*shared_code_),
      number_(number),
      key_(IsolateKey(services.scheduler, code_, number)),
      lock_(services.scheduler),
      timers_changed_(services.scheduler),
      fibers_(services.scheduler) {
  started_ = frozen_now_ = scheduler_.clock().Now();
  frozen_wall_ = scheduler_.clock().WallNow();
}

WorkerIsolate::~WorkerIsolate() {
  EDGE_CHECK(invocations_.empty()) << "isolate " << number_ << " dropped with " << invocations_.size() << " invocations";
  if (isolate_ == nullptr || !isolate_->captured()) return;
  isolate_->Rewind();
  nursery_->GiveBack(shared_code_, {.isolate = std::move(isolate_), .record = std::move(start_record_)});
}

absl::StatusOr<std::unique_ptr<WorkerIsolate>> WorkerIsolate::Start(const WorkerServices& services, std::shared_ptr<const WorkerCode> code,
                                                                    uint64_t number) {
  std::unique_ptr<WorkerIsolate> isolate(new WorkerIsolate(services, std::move(code), number));
  EDGE_RETURN_IF_ERROR(isolate->LoadModule());
  return isolate;
}

absl::Status WorkerIsolate::LoadModule() {
  std::optional<ParkedIsolate> parked;
  if (nursery_ != nullptr) parked = nursery_->Take(code_);
  EDGE_RETURN_IF_ERROR(parked.has_value() ? LoadWarm(*std::move(parked)) : LoadCold());
  starting_ = false;
  if (nursery_ != nullptr && !isolate_->captured()) {
    const absl::Status kept = impure_ == nullptr ? isolate_->Capture() : absl::FailedPreconditionError(impure_);
    if (!kept.ok()) nursery_->OnNotKept(code_, std::string(kept.message()));
  }
  return absl::OkStatus();
}

absl::Status WorkerIsolate::LoadWarm(ParkedIsolate parked) {
  isolate_ = std::move(parked.isolate);
  start_record_ = std::move(parked.record);
  isolate_->Adopt(*this);
  SetSourceMap();
  web::RebindWeb(isolate_->context(), *this);
  RebindWorkerApi(isolate_->context(), *this);
  js::SetErrorHooks(isolate_->context(), Hooks());
  // What each Enter of the cold start did beside running JavaScript.
  for (const StartRecord::Entry& entry : start_record_.entries) {
    if (const absl::Status locked = lock_.Lock(); !locked.ok()) return absl::InvalidArgumentError(locked.message());
    frozen_now_ = scheduler_.clock().Now();
    frozen_wall_ = scheduler_.clock().WallNow();
    for (uint32_t i = 0; i < entry.interrupts && !start_cancelled_; ++i) start_cancelled_ = !scheduler_.Yield().ok();
    if (!start_cancelled_ && observer_ != nullptr) observer_->OnLeft(key_, entry.executed_instructions, entry.memory_used_bytes);
    lock_.Unlock();
    if (start_cancelled_) return absl::InvalidArgumentError(kStartCancelled);
  }
  return absl::OkStatus();
}

void WorkerIsolate::SetSourceMap() {
  isolate_->SetSourceMap(code_.script_name, [this]() -> std::shared_ptr<const js::SourceMap> {
    if (code_.source_map.empty()) return nullptr;
    absl::StatusOr<js::SourceMap> map = js::SourceMap::Parse(code_.source_map);
    if (!map.ok()) {
      NoteImpure("its source map cannot be read");
      log_.Write(Severity::kWarning, code_.name, absl::StrCat("stack traces show the lowered code: ", std::string(map.status().message())));
      return nullptr;
    }
    return std::make_shared<const js::SourceMap>(*std::move(map));
  });
}

js::ErrorHooks WorkerIsolate::Hooks() {
  return {.data = this, .unhandled_rejection = OnUnhandledRejection, .uncaught_error = OnUncaughtError};
}

absl::Status WorkerIsolate::LoadCold() {
  js::IsolateLimits limits;
  limits.memory = code_.limits.memory;
  isolate_ = js::Isolate::Create(*this, limits);
  if (isolate_ == nullptr) return absl::ResourceExhaustedError("no memory for an isolate");
  SetSourceMap();

  Failure failure;
  const Entered entered = Enter(
      kGlobalScope,
      [&](duk_context* ctx) {
        js::InstallLanguage(ctx);
        web::InstallWeb(ctx, *this);
        InstallWorkerApi(ctx, *this, code_);
        duk_push_heap_stash(ctx);
        duk_push_object(ctx);
        duk_put_prop_string(ctx, -2, kReadersKey);
        duk_push_object(ctx);
        duk_put_prop_string(ctx, -2, kSignalsKey);
        js::SetErrorHooks(ctx, Hooks());
        js::Isolate::Evaluate(ctx, code_.script, code_.script_name);  // [ stash function ]
        js::Isolate::ForbidCodeGeneration(ctx);
        js::PushEdgeObject(ctx);
        duk_call(ctx, 1);  // [ stash exports | promise of exports ]
        duk_put_prop_string(ctx, -2, kExportsKey);
        duk_pop(ctx);
      },
      failure);
  if (entered != Entered::kOk) {
    return absl::InvalidArgumentError(failure.stack.empty() ? failure.message : failure.stack);
  }

  // A module with top-level await gives a promise: nothing may be waited for at global scope, so it is settled by now or never.
  bool unsettled = false;
  std::string problem;
  std::string entry_points;
  const Entered checked = Enter(
      kGlobalScope,
      [&](duk_context* ctx) {
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kExportsKey);
        switch (js::GetPromiseState(ctx, -1)) {
          case js::PromiseState::kNotAPromise:
            break;
          case js::PromiseState::kPending:
            unsettled = true;
            return;
          case js::PromiseState::kRejected:
            js::MarkPromiseHandled(ctx, -1);
            js::PushPromiseResult(ctx, -1);
            duk_throw(ctx);
            return;
          case js::PromiseState::kFulfilled:
            js::PushPromiseResult(ctx, -1);
            duk_dup(ctx, -1);
            duk_put_prop_string(ctx, -4, kExportsKey);
            duk_remove(ctx, -2);
            break;
        }
        js::PushLibraryFunction(ctx, "checkExports");
        duk_dup(ctx, -2);
        duk_call(ctx, 1);
        if (duk_is_string(ctx, -1)) problem = js::RequireUtf8(ctx, -1);
        duk_pop(ctx);
        js::PushLibraryFunction(ctx, "listEntryPoints");
        duk_dup(ctx, -2);
        duk_call(ctx, 1);
        entry_points = js::RequireUtf8(ctx, -1);
        duk_pop_3(ctx);
      },
      failure);
  if (checked != Entered::kOk) return absl::InvalidArgumentError(failure.stack.empty() ? failure.message : failure.stack);
  if (unsettled) {
    return absl::InvalidArgumentError(
        "Top-level await in module is unresolved: nothing that needs input, output or a timer can be awaited at global scope.");
  }
  if (!problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the worker cannot answer requests: ", problem,
                                                   ". Its main module needs `export default { async fetch(request, env, ctx) { ... } }`; "
                                                   "service-worker syntax (addEventListener(\"fetch\")) is not supported."));
  }
  start_record_.entry_points = ReadEntryPoints(entry_points);
  return absl::OkStatus();
}

WorkerIsolate& WorkerIsolate::Self(duk_context* ctx) { return static_cast<WorkerIsolate&>(web::HostOf(ctx)); }

// --- entering ---

WorkerIsolate::Entered WorkerIsolate::Enter(uint64_t invocation_id, absl::FunctionRef<void(duk_context*)> f, Failure& failure) {
  if (const absl::Status locked = lock_.Lock(); !locked.ok()) {
    failure = {Outcome::kCanceled, std::string(locked.message()), ""};
    return Entered::kRefused;
  }
  Invocation* const invocation = Find(invocation_id);
  if (invocation == nullptr && invocation_id != kGlobalScope) {
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
  options.budget = invocation != nullptr ? &invocation->cpu : &startup;
  if (starting_) start_record_.entries.emplace_back();
  const std::optional<js::JsError> error = isolate_->Run(options, [&](duk_context* ctx) {
    f(ctx);
    js::RunMicrotasks(ctx);
  });
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
  for (const auto& [id, invocation] : invocations_) invocation->progress.Set();
}

Invocation* WorkerIsolate::Find(uint64_t id) {
  const auto found = invocations_.find(id);
  return found == invocations_.end() || found->second->finished ? nullptr : found->second.get();
}

void WorkerIsolate::ReportUncaught(const Failure& failure) {
  NoteImpure("it leaves an error uncaught");
  log_.Write(Severity::kError, code_.name, absl::StrCat("Uncaught ", failure.stack.empty() ? failure.message : failure.stack));
}

// --- invocations ---

Invocation& WorkerIsolate::NewInvocation() {
  const uint64_t id = next_invocation_++;
  const uint64_t key = scheduler_.NewChildKey("invocation");
  auto invocation = std::make_unique<Invocation>(scheduler_, id, key, code_.limits);
  return *invocations_.emplace(id, std::move(invocation)).first->second;
}

void WorkerIsolate::DeleteInvocation(Invocation& invocation) {
  EDGE_CHECK(invocation.finished);
  invocations_.erase(invocation.id);
}

void WorkerIsolate::Fetch(Invocation& invocation, web::IncomingHead* head, std::shared_ptr<web::BodySource> body,
                          absl::FunctionRef<void()> before_wait) {
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        invocation.started = true;
        ++fetches_;
        js::PushLibraryFunction(ctx, "dispatchFetch");
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kExportsKey);
        duk_remove(ctx, -2);
        web::PushIncomingRequest(ctx, head, std::move(body));
        if (code_.request_signal == RequestSignal::kFires) KeepRequestSignal(ctx, invocation);
        PushExecutionContext(ctx, invocation.id);
        duk_call(ctx, 3);
        js::ToPromise(ctx);
        js::OnPromiseSettled(ctx, -1, OnHandlerSettled, AsData(invocation.id));
        duk_pop(ctx);
      },
      failure);
  if (entered != Entered::kOk && invocation.outcome == Outcome::kPending) {
    invocation.outcome = failure.outcome;
    invocation.failure = std::move(failure);
    return;
  }
  if (invocation.outcome != Outcome::kPending) return;

  before_wait();
  while (invocation.outcome == Outcome::kPending) {
    if (invocation.client_gone) {
      invocation.outcome = Outcome::kCanceled;
      invocation.failure = {Outcome::kCanceled, "The client disconnected.", ""};
      return;
    }
    if (isolate_->condemned() != js::Limit::kNone) {
      invocation.failure = FailureOf(js::JsError{.limit = isolate_->condemned()});
      invocation.outcome = invocation.failure.outcome;
      return;
    }
    if (!AnythingPending()) {
      invocation.outcome = Outcome::kHung;
      invocation.failure = {Outcome::kHung,
                            "The Workers runtime canceled this request because it detected that your Worker's code had hung and would "
                            "never generate a response. "
                            "Refer to: https://developers.cloudflare.com/workers/observability/errors/",
                            ""};
      return;
    }
    invocation.progress.Reset();
    if (const absl::Status waited = invocation.progress.Wait(); !waited.ok()) {
      invocation.outcome = Outcome::kCanceled;
      invocation.failure = {Outcome::kCanceled, std::string(waited.message()), ""};
      return;
    }
  }
}

void WorkerIsolate::OnHandlerSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* invocation = self.Find(AsId(data));
  if (invocation == nullptr || invocation->outcome != Outcome::kPending) return;
  invocation->progress.Set();
  if (state == js::PromiseState::kRejected) {
    const js::JsError error = js::DescribeError(ctx, -1);
    invocation->outcome = Outcome::kException;
    invocation->failure = FailureOf(error);
    return;
  }
  const duk_idx_t value = duk_get_top_index(ctx);
  if (!web::IsResponse(ctx, value)) {
    invocation->outcome = Outcome::kException;
    invocation->failure = {Outcome::kException, "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.", ""};
    return;
  }
  if (!web::TakeResponse(ctx, value, invocation->response)) {
    invocation->outcome = Outcome::kException;
    invocation->failure = {Outcome::kException,
                           "TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",
                           ""};
    return;
  }
  if (invocation->response.body == web::OutgoingResponse::Body::kStream) {
    // [ ... stream ]: its reader is kept under the invocation's number until the body is sent.
    web::AcquireReader(ctx);
    duk_push_heap_stash(ctx);
    duk_get_prop_string(ctx, -1, kReadersKey);
    duk_dup(ctx, -3);
    duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(invocation->id));
    duk_set_top(ctx, value + 1);
  }
  invocation->outcome = Outcome::kOk;
}

void WorkerIsolate::WaitUntil(duk_context* ctx, uint64_t id) {
  Invocation* const invocation = id != 0 ? Find(id) : current_;
  // After the invocation's end there is nobody to wait; the promise goes on as long as somebody else keeps it going.
  if (invocation == nullptr) return;
  ++invocation->wait_until_pending;
  js::OnPromiseSettled(ctx, -1, OnWaitUntilSettled, AsData(invocation->id));
}

void WorkerIsolate::OnWaitUntilSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* const invocation = self.Find(AsId(data));
  if (invocation == nullptr) return;
  --invocation->wait_until_pending;
  invocation->progress.Set();
  if (state == js::PromiseState::kRejected) self.ReportException(ctx);
}

// --- streamed bodies ---

Invocation::Chunk WorkerIsolate::ReadChunk(Invocation& invocation, absl::FunctionRef<void()> before_wait) {
  invocation.chunk.clear();
  invocation.chunk_state = Invocation::Chunk::kWaiting;
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        const duk_idx_t top = duk_get_top(ctx);
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kReadersKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        web::ReadChunk(ctx);
        js::OnPromiseSettled(ctx, -1, OnChunkSettled, AsData(invocation.id));
        duk_set_top(ctx, top);
      },
      failure);
  if (entered != Entered::kOk) {
    if (entered == Entered::kFailed) ReportUncaught(failure);
    return invocation.chunk_state = Invocation::Chunk::kFailed;
  }
  // Before the loop: it may suspend, and the chunk may come meanwhile.
  if (invocation.chunk_state == Invocation::Chunk::kWaiting) before_wait();
  while (invocation.chunk_state == Invocation::Chunk::kWaiting) {
    if (invocation.client_gone) return invocation.chunk_state = Invocation::Chunk::kFailed;
    if (isolate_->condemned() != js::Limit::kNone) return invocation.chunk_state = Invocation::Chunk::kFailed;
    if (!AnythingPending()) {
      log_.Write(Severity::kError, code_.name,
                 "The response body's stream hung: nothing that is still running could ever produce its next chunk.");
      return invocation.chunk_state = Invocation::Chunk::kFailed;
    }
    invocation.progress.Reset();
    if (!invocation.progress.Wait().ok()) return invocation.chunk_state = Invocation::Chunk::kFailed;
  }
  return invocation.chunk_state;
}

void WorkerIsolate::OnChunkSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  Invocation* invocation = self.Find(AsId(data));
  if (invocation == nullptr) return;
  invocation->progress.Set();
  if (state == js::PromiseState::kRejected) {
    const js::JsError error = js::DescribeError(ctx, -1);
    self.ReportUncaught(FailureOf(error));
    invocation->chunk_state = Invocation::Chunk::kFailed;
    return;
  }
  const duk_idx_t top = duk_get_top(ctx);
  duk_get_prop_string(ctx, -1, "done");
  const bool done = duk_to_boolean(ctx, -1);
  duk_get_prop_string(ctx, -2, "value");
  if (!done) invocation->chunk.assign(web::GetBytes(ctx, -1).value_or(std::string_view()));
  invocation->chunk_state = done ? Invocation::Chunk::kEnd : Invocation::Chunk::kReady;
  duk_set_top(ctx, top);
}

void WorkerIsolate::LoseClient(Invocation& invocation) {
  invocation.client_gone = true;
  invocation.progress.Set();
  // What comes in before the waiting fiber's turn must not reach the handler any more. A computation in the middle comes to its end first.
  const bool spares_something = invocation.wait_until_pending > 0 || code_.request_signal == RequestSignal::kFires;
  if (invocation.outcome == Outcome::kPending && !spares_something && current_ != &invocation) CancelWork(invocation);
}

void WorkerIsolate::CancelWork(Invocation& invocation) {
  invocation.tasks.Cancel();
  for (const std::shared_ptr<OutgoingFetch>& fetch : invocation.fetches) fetch->Cancel();
}

void WorkerIsolate::KeepRequestSignal(duk_context* ctx, const Invocation& invocation) {
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kSignalsKey);
  duk_get_prop_string(ctx, -3, "signal");
  duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(invocation.id));
  duk_pop_2(ctx);
}

void WorkerIsolate::AbortRequestSignal(Invocation& invocation) {
  if (code_.request_signal != RequestSignal::kFires) return;
  Failure failure;
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        js::PushLibraryFunction(ctx, "abortRequest");
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kSignalsKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        duk_replace(ctx, -3);
        duk_pop(ctx);
        duk_call(ctx, 1);
        duk_pop(ctx);
      },
      failure);
  if (entered == Entered::kFailed) ReportUncaught(failure);
}

void WorkerIsolate::CancelBody(Invocation& invocation, std::string_view reason) {
  Failure failure;
  Enter(
      invocation.id,
      [&](duk_context* ctx) {
        const duk_idx_t top = duk_get_top(ctx);
        duk_push_heap_stash(ctx);
        duk_get_prop_string(ctx, -1, kReadersKey);
        duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
        if (duk_is_object(ctx, -1)) {
          js::PushUtf8(ctx, reason);
          duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", duk_get_string(ctx, -1));
          duk_remove(ctx, -2);
          web::CancelReader(ctx);
        }
        duk_set_top(ctx, top);
      },
      failure);
}

// --- the end of an invocation ---

void WorkerIsolate::Finish(Invocation& invocation, Duration grace) {
  if (invocation.client_gone) AbortRequestSignal(invocation);  // whose listeners may call waitUntil
  if (invocation.wait_until_pending > 0) {
    const Instant deadline = scheduler_.clock().Now() + grace;
    while (invocation.wait_until_pending > 0 && isolate_->condemned() == js::Limit::kNone) {
      if (!AnythingPending()) {
        log_.Write(Severity::kWarning, code_.name,
                   "A promise given to waitUntil() can never settle: nothing that it waits for is still running.");
        break;
      }
      invocation.progress.Reset();
      const absl::Status waited = invocation.progress.Wait(deadline);
      if (absl::IsDeadlineExceeded(waited)) {
        log_.Write(Severity::kWarning, code_.name,
                   absl::StrCat("waitUntil() tasks did not complete within the allowed time after the response (", grace.ToSeconds(),
                                " s) and were cancelled."));
      }
      if (!waited.ok()) break;
    }
  }
  // Not in the middle of a computation of its own: to cancel that would cost the isolate, and with it everybody else who is in there.
  const bool locked = current_ == &invocation && lock_.Lock().ok();
  invocation.finished = true;
  CancelWork(invocation);
  if (locked) lock_.Unlock();
  if (invocation.timers_pending > 0) {
    for (auto it = timers_.begin(); it != timers_.end();) {
      if (it->second.invocation == invocation.id) {
        web::ForgetTimer(isolate_->context(), it->second.id);
        timer_of_id_.erase(it->second.id);
        it = timers_.erase(it);
      } else {
        ++it;
      }
    }
  }
  invocation.tasks.Wait();
  for (const std::shared_ptr<OutgoingFetch>& fetch : invocation.fetches) fetch->Close();
  invocation.fetches.clear();
  if (code_.request_signal == RequestSignal::kFires || invocation.chunk_state != Invocation::Chunk::kNone ||
      invocation.response.body == web::OutgoingResponse::Body::kStream) {
    Failure failure;
    Enter(
        kGlobalScope,
        [&](duk_context* ctx) {
          duk_push_heap_stash(ctx);
          for (const char* key : {kReadersKey, kSignalsKey}) {
            duk_get_prop_string(ctx, -1, key);
            duk_del_prop_index(ctx, -1, static_cast<duk_uarridx_t>(invocation.id));
            duk_pop(ctx);
          }
          duk_pop(ctx);
        },
        failure);
  }
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
  self.log_.Write(Severity::kError, self.code_.name,
                  absl::StrCat("Uncaught (in promise) ", failure.stack.empty() ? failure.message : failure.stack));
}

void WorkerIsolate::OnUncaughtError(duk_context* ctx, void* data) {
  static_cast<WorkerIsolate*>(data)->ReportUncaught(FailureOf(js::DescribeError(ctx, -1)));
}

// --- web::WebHost ---

void WorkerIsolate::StartTask(std::string_view label, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) {
  EDGE_CHECK(current_ != nullptr) << label << " started at global scope";
  SpawnTask(*current_, label, std::move(work), std::move(finish));
}

std::shared_ptr<web::FetchOperation> WorkerIsolate::StartFetch(web::FetchRequest request, FetchDone finish) {
  EDGE_CHECK(current_ != nullptr) << "fetch() started at global scope";
  Invocation& invocation = *current_;
  std::erase_if(invocation.fetches, [](const std::shared_ptr<OutgoingFetch>& fetch) { return fetch->over(); });
  const uint64_t key = CombineHash(invocation.key, invocation.children++);
  auto fetch = std::make_shared<OutgoingFetch>(scheduler_, sender_, invocation.subrequests, key, std::move(request));
  invocation.fetches.push_back(fetch);
  auto response = std::make_shared<absl::StatusOr<web::FetchResponse>>(absl::CancelledError("cancelled"));
  SpawnTask(
      invocation, "fetch", [fetch, response] { *response = fetch->Run(); },
      [response, finish = std::move(finish)](duk_context* ctx) mutable { finish(ctx, *response); });
  return fetch;
}

std::shared_ptr<web::BodyPipe> WorkerIsolate::NewBodyPipe(std::optional<uint64_t> length) {
  return std::make_shared<FiberPipe>(scheduler_, length);
}

void WorkerIsolate::SpawnTask(Invocation& invocation, std::string_view label, absl::AnyInvocable<void()> work,
                              absl::AnyInvocable<void(duk_context*)> finish) {
  ++tasks_pending_;
  const absl::Status spawned =
      invocation.tasks.SpawnKeyed(CombineHash(invocation.key, invocation.children++), scheduler_.CurrentDomain(), label,
                                  [this, &invocation, work = std::move(work), finish = std::move(finish)]() mutable {
                                    work();
                                    Failure failure;
                                    const Entered entered = Enter(
                                        invocation.id, [&](duk_context* ctx) { finish(ctx); }, failure);
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
    log_.Write(Severity::kError, code_.name, absl::StrCat("could not start ", std::string(label), ": ", std::string(spawned.message())));
  }
}

void WorkerIsolate::StartTimer(uint32_t id, Duration delay) {
  EDGE_CHECK(current_ != nullptr);
  const auto timer = timers_.emplace(frozen_now_ + delay, Timer{id, current_->id});
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
        *invocation, "timer", [] {}, [id = timer.id](duk_context* ctx) { web::FireTimer(ctx, id); });
  }
  timer_fiber_running_ = false;
  if (!AnythingPending()) WakeWaiting();
}

void WorkerIsolate::Log(web::LogLevel level, std::string_view text) {
  NoteImpure("it writes to the console");
  constexpr Severity kSeverity[] = {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError};
  log_.Write(kSeverity[static_cast<size_t>(level) & 3], code_.name, text);
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
