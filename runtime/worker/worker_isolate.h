// WorkerIsolate: one JavaScript heap running one worker's code, and everything that enters it.
//
// One fiber at a time holds the isolate (FiberMutex). Enter takes it, runs a piece of JavaScript on behalf of an invocation, drains the
// microtasks, charges the instructions to the invocation and gives the isolate back; whatever JavaScript started meanwhile (tasks,
// timers) runs on fibers of its own and enters again when it is done:
//
//   request fiber --Enter--> handler(request, env, ctx) --> promise          task fiber: work (isolate free) --Enter--> settle the promise
//        |                                                                    timer fiber: sleeps to the next deadline --Enter--> callback
//        '-- waits for `progress` until the handler's promise is settled <----------------------'
//
// A worker that exceeds its CPU or memory limit condemns its isolate: running invocations may finish in it, new ones get a new isolate
// (worker.h). Contract: contract sheet 1.2 and 1.3.
#ifndef EDGE_RUNTIME_WORKER_WORKER_ISOLATE_H_
#define EDGE_RUNTIME_WORKER_WORKER_ISOLATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/seam/random.h"
#include "runtime/web/host.h"
#include "runtime/web/web.h"
#include "runtime/worker/execution_context.h"
#include "runtime/worker/invocation.h"
#include "runtime/worker/isolate_nursery.h"
#include "runtime/worker/log.h"
#include "runtime/worker/worker_code.h"
#include "runtime/worker/worker_services.h"

namespace edge::worker {

class WorkerIsolate final : private js::IsolateHost, private web::WebHost, private WaitUntilSink {
 public:
  // Makes the heap and evaluates the worker's module under the start-up limits, or takes an isolate from the nursery where that has been
  // done. kInvalidArgument: the module threw or has no default export
  // that handles events; the text is the error with its stack in the user's files. kResourceExhausted: it exceeded a limit. All arguments
  // are borrowed and outlive the isolate. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<WorkerIsolate>> Start(const WorkerServices& services, std::shared_ptr<const WorkerCode> code,
                                                              uint64_t number);
  ~WorkerIsolate() override;  // REQUIRES: Shutdown has returned

  // Gives an HTTP request to the worker's fetch handler and waits for its Response (not for its body). `head` stays readable while the
  // invocation is not finished; `before_wait` is called once before the first wait. MAY SUSPEND.
  void Fetch(Invocation& invocation, web::IncomingHead* head, std::shared_ptr<web::BodySource> body, absl::FunctionRef<void()> before_wait);

  // The next piece of a streamed response body into invocation.chunk: kReady, kEnd or kFailed. MAY SUSPEND.
  Invocation::Chunk ReadChunk(Invocation& invocation, absl::FunctionRef<void()> before_wait);
  // The reader of the body is gone: cancels the stream. MAY SUSPEND.
  void CancelBody(Invocation& invocation, std::string_view reason);

  // Nobody waits for the response any more: Fetch and ReadChunk return soon. Does not suspend.
  void LoseClient(Invocation& invocation);

  // Ends the invocation: waits for its waitUntil tasks (at most `grace`), then cancels what is left. MAY SUSPEND.
  void Finish(Invocation& invocation, Duration grace);

  Invocation& NewInvocation();
  // REQUIRES: Finish has returned.
  void DeleteInvocation(Invocation& invocation);

  // No new invocations: a limit was exceeded, or the code changed.
  bool condemned() const { return condemned_ || isolate_->condemned() != js::Limit::kNone; }
  void Condemn() { condemned_ = true; }
  size_t invocations() const { return invocations_.size(); }
  // JavaScript has been running without a break for so long that a new event had better go elsewhere.
  bool stuck() const { return interrupts_in_a_row_ >= code_.limits.stuck_after_interrupts; }
  uint64_t number() const { return number_; }
  size_t memory_bytes() const;
  // What the module exports; constant after Start.
  const EntryPoints& entry_points() const { return start_record_.entry_points; }
  // How often the fetch handler was called.
  uint64_t fetches() const { return fetches_; }

  // Stops the timer fiber and waits for every fiber of the isolate. REQUIRES: no invocations. MAY SUSPEND.
  void Shutdown();

 private:
  WorkerIsolate(const WorkerServices& services, std::shared_ptr<const WorkerCode> code, uint64_t number);

  // Runs `f` and the microtasks on behalf of the invocation of that number. kFailed: an error came out of it and is in `failure`. kRefused:
  // the invocation had ended, or the fiber was cancelled, before it got the isolate; nothing ran. MAY SUSPEND.
  enum class Entered : uint8_t { kOk, kFailed, kRefused };
  static constexpr uint64_t kGlobalScope = 0;
  Entered Enter(uint64_t invocation_id, absl::FunctionRef<void(duk_context*)> f, Failure& failure);
  // Spawns a fiber of the invocation that does `work` outside of the isolate and then enters with `finish`.
  void SpawnTask(Invocation& invocation, std::string_view label, absl::AnyInvocable<void()> work,
                 absl::AnyInvocable<void(duk_context*)> finish);
  static Failure FailureOf(const js::JsError& error);
  // An error that nobody caught, outside of a handler's promise.
  void ReportUncaught(const Failure& failure);
  // [ ... request ] -> [ ... request ]: its signal will fire if the client goes (compatibility flag enable_request_signal).
  void KeepRequestSignal(duk_context* ctx, const Invocation& invocation);
  void AbortRequestSignal(Invocation& invocation);
  // Ends all waits on behalf of the invocation. Does not suspend.
  void CancelWork(Invocation& invocation);
  absl::Status LoadModule();
  absl::Status LoadCold();
  // Adopts a rewound isolate and does to the outside what its start-up did.
  absl::Status LoadWarm(ParkedIsolate parked);
  void SetSourceMap();
  js::ErrorHooks Hooks();
  // The start-up has looked at something that the next one may see differently.
  void NoteImpure(const char* what) const {
    if (starting_ && impure_ == nullptr) impure_ = what;
  }
  bool AnythingPending() const;
  void WakeWaiting();
  Invocation* Find(uint64_t id);

  // The isolate of a heap.
  static WorkerIsolate& Self(duk_context* ctx);
  static void OnHandlerSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnChunkSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnWaitUntilSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnUnhandledRejection(duk_context* ctx, void* data);
  static void OnUncaughtError(duk_context* ctx, void* data);

  // js::IsolateHost
  Random& CurrentRandom();
  WallTime WallNow() override;
  uint64_t RandomU64() override;
  void Interrupt() override;

  // web::WebHost
  bool InInvocation() const override { return current_ != nullptr; }
  void StartTimer(uint32_t id, Duration delay) override;
  void CancelTimer(uint32_t id) override;
  void StartTask(std::string_view label, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) override;
  std::shared_ptr<web::FetchOperation> StartFetch(web::FetchRequest request, FetchDone finish) override;
  std::shared_ptr<web::BodyPipe> NewBodyPipe(std::optional<uint64_t> length) override;
  void Log(web::LogLevel level, std::string_view text) override;
  void ReportException(duk_context* ctx) override;
  void FillRandom(std::span<std::byte> out) override;
  Duration Elapsed() const override;

  // WaitUntilSink
  void WaitUntil(duk_context* ctx, uint64_t invocation) override;

  // The timer fiber: sleeps to the next deadline and starts a task for each timer that is due.
  void RunTimers();

  Scheduler& scheduler_;
  Random& random_;
  worker::Log& log_;
  ExecutionObserver* const observer_;
  IsolateNursery* const nursery_;
  HttpSender* const sender_;
  const std::shared_ptr<const WorkerCode> shared_code_;
  const WorkerCode& code_;
  const uint64_t number_;
  const uint64_t key_;  // causal: names what belongs to the isolate as a whole

  std::unique_ptr<js::Isolate> isolate_;
  bool starting_ = true;
  mutable const char* impure_ = nullptr;  // why the start-up cannot be kept
  bool start_cancelled_ = false;
  StartRecord start_record_;
  uint64_t fetches_ = 0;
  FiberMutex lock_;                // who holds it runs JavaScript
  Invocation* current_ = nullptr;  // on whose behalf; null at global scope
  bool condemned_ = false;
  bool closing_ = false;
  uint32_t interrupts_in_a_row_ = 0;
  Instant started_;
  Instant frozen_now_;  // time as JavaScript sees it: constant while it runs
  WallTime frozen_wall_;

  uint64_t next_invocation_ = 1;
  std::map<uint64_t, std::unique_ptr<Invocation>> invocations_;
  size_t tasks_pending_ = 0;  // of all invocations

  struct Timer {
    uint32_t id;
    uint64_t invocation;
  };
  std::multimap<Instant, Timer> timers_;  // by deadline, equal ones in the order of starting
  std::map<uint32_t, std::multimap<Instant, Timer>::iterator> timer_of_id_;
  Event timers_changed_;
  TaskGroup fibers_;  // the timer fiber
  bool timer_fiber_running_ = false;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_ISOLATE_H_
