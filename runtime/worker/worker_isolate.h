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
#include "runtime/durable/durable.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/gate/input_gate.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/rpc/rpc.h"
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

class CallEvent;
class KvStore;
class LiveObject;
class ObjectDirectory;
class ObjectEvent;
class QueueStore;
class Worker;
struct QueueEvent;
struct ScheduledEvent;

class WorkerIsolate final : private js::IsolateHost,
                            private web::WebHost,
                            private rpc::RpcHost,
                            private durable::ObjectHooksFinder,
                            private WaitUntilSink {
 public:
  // What Enter says. kFailed: an error came out of it and is in `failure`. kRefused: the invocation or the object had ended, or the fiber
  // was cancelled, before it got the isolate; nothing ran.
  enum class Entered : uint8_t { kOk, kFailed, kRefused };

  // Makes the heap and evaluates the worker's module under the start-up limits, or takes an isolate from the nursery where that has been
  // done. kInvalidArgument: the module threw or has no default export
  // that handles events; the text is the error with its stack in the user's files. kResourceExhausted: it exceeded a limit. All arguments
  // are borrowed and outlive the isolate; `objects` null: there are no
  // Durable Objects. `worker`: whose isolate it is; null: nobody's. MAY SUSPEND.
  static absl::StatusOr<std::unique_ptr<WorkerIsolate>> Start(const WorkerServices& services, std::shared_ptr<const WorkerCode> code,
                                                              uint64_t number, ObjectDirectory* objects, Worker* worker = nullptr);
  ~WorkerIsolate() override;  // REQUIRES: Shutdown has returned

  // Gives an HTTP request to the worker's fetch handler and waits for its Response (not for its body). `head` stays readable while the
  // invocation is not finished; `before_wait` is called once before the first wait. MAY SUSPEND.
  void Fetch(Invocation& invocation, web::IncomingHead* head, std::shared_ptr<web::BodySource> body, absl::FunctionRef<void()> before_wait);

  // Calls the worker's scheduled handler and waits until it has ended, at most until `deadline`. MAY SUSPEND.
  void Schedule(Invocation& invocation, const ScheduledEvent& event, Instant deadline);

  // Gives a batch of messages to the worker's queue handler, likewise; what it says goes to invocation.batch. MAY SUSPEND.
  void DeliverBatch(Invocation& invocation, const QueueEvent& event, Instant deadline);
  // What a consumer says about its batch, or about the message at `index`. Ignored when the event is over. Does not suspend.
  enum class Judgement : uint8_t { kAck, kRetry, kAckAll, kRetryAll };  // lib/queue.js has these numbers
  void Judge(uint64_t invocation, Judgement what, size_t index, std::optional<Duration> delay);

  // The next piece of a streamed response body into invocation.chunk: kReady, kEnd or kFailed. MAY SUSPEND.
  Invocation::Chunk ReadChunk(Invocation& invocation, absl::FunctionRef<void()> before_wait);
  // The reader of the body is gone: cancels the stream. MAY SUSPEND.
  void CancelBody(Invocation& invocation, std::string_view reason);

  // Until something of the invocation has changed, or nothing in here runs any more. MAY SUSPEND.
  absl::Status AwaitProgress(Invocation& invocation, Instant deadline = Instant::Infinite());

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
  // ... and the scheduled handler.
  uint64_t scheduled() const { return scheduled_; }
  // ... and the queue handler.
  uint64_t batches() const { return batches_; }

  // --- Durable Objects (isolate_objects.cc) ---

  // How a piece of JavaScript of an object gets in: with a ticket of its gate (null: one is taken now), or as part of whoever holds the
  // gate, which is let go afterwards.
  struct Way {
    gate::Section section = gate::kNoSection;
    std::unique_ptr<gate::InputGate::Ticket> ticket = nullptr;  // if there is one, its section counts
    bool holds_gate = false;
  };
  // One turn of invocation.object: gate, lock, `f` and the microtasks, commit, outbox. MAY SUSPEND.
  Entered EnterObject(Invocation& invocation, Way way, absl::FunctionRef<void(duk_context*)> f, Failure& failure);

  // Something that runs on a fiber of its own and then enters.
  struct Task {
    std::string_view label;
    absl::AnyInvocable<bool()> work = nullptr;  // outside of the isolate; false: that was all. MAY SUSPEND
    absl::AnyInvocable<void(duk_context*)> finish;
    Way way = {};
  };
  // A request to a service of the node (KV, ...) for the current invocation: counted, let out by the output gate of its object, in one of
  // its places for connections. `work` may suspend; `finish` is called under the rules of WebHost::StartTask with what it returned, or with
  // why it was not called.
  struct Operation {
    std::string_view label;
    absl::AnyInvocable<absl::Status(uint64_t key, uint64_t invocation)> work;  // both causal: of the operation, of the event
    absl::AnyInvocable<void(duk_context*, const absl::Status&)> finish;
  };
  void StartOperation(Operation operation);
  // Null: this node has none.
  KvStore* kv() { return kv_; }
  QueueStore* queues() { return queues_; }
  // For the invocation, or for the object that it belongs to.
  void SpawnTask(Invocation& invocation, Task task);

  // A number for the object, by which its JavaScript knows it until RemoveObject.
  durable::ObjectNumber AddObject(LiveObject& object);
  // Lets go of the instance. REQUIRES: no invocation of it is left. MAY SUSPEND.
  void RemoveObject(LiveObject& object);
  // Makes the instance; in the object's first turn. What the constructor throws is returned.
  absl::Status ConstructObject(duk_context* ctx, LiveObject& object, bool& has_alarm_handler);
  // Calls the event's handler and sees to OnSettled. In the object's turn.
  void BeginEvent(duk_context* ctx, LiveObject& object, ObjectEvent& event, Invocation& invocation);
  void ForgetEvent(const ObjectEvent& event);
  bool IsRunning(const LiveObject& object) const { return current_ != nullptr && current_->object == &object; }
  // Until no JavaScript of the object is in the middle of a turn. MAY SUSPEND.
  void WaitForTurnOf(const LiveObject& object);
  Invocation& NewInvocation(LiveObject* object, uint64_t key);
  // Nothing more enters on behalf of the invocation, and what it waits for ends soon. Does not suspend.
  void StopWork(Invocation& invocation);
  // Waits for that. MAY SUSPEND.
  void CloseWork(Invocation& invocation);
  // [ ... Response ]: moves it to invocation.response; the reader of a streamed body is kept for ReadChunk. Null, or what is wrong with it.
  const char* TakeAnswer(duk_context* ctx, Invocation& invocation);
  // A handler's error, for the log. [ ... error ] -> [ ... error ]
  void ReportThrown(duk_context* ctx);
  // [ ... promise ] -> [ ... promise ]: its rejection is logged.
  void KeepForErrors(duk_context* ctx);
  ObjectDirectory* objects() { return objects_; }
  // Those of another worker of the node; `script` empty: this one's. Null: there is no such worker, or it has no Durable Objects.
  ObjectDirectory* ObjectsOf(std::string_view script);

  // --- calls of other workers (isolate_services.cc) ---

  // Makes an instance of the entrypoint that invocation.entry names and begins to carry out the call on it, which is answered when it has
  // returned. If invocation.started is false afterwards, nothing has run. MAY SUSPEND.
  void BeginCall(Invocation& invocation, const std::shared_ptr<CallEvent>& call);
  // A call on a result of the invocation, or of something that it has given away; they begin in the order of this.
  void CallInInvocation(Invocation& invocation, std::shared_ptr<CallEvent> call);
  // Why nothing of the invocation runs any more, as its caller hears of it; OK: nothing keeps it.
  absl::Status WhyStuck(const Invocation& invocation) const;
  // Nothing in here runs or is waited for.
  bool idle() const { return !AnythingPending(); }
  const WorkerCode& code() const { return code_; }
  // A worker of the node; `service` empty: this one. Null: there is none of that name.
  Worker* PeerOf(std::string_view service);
  // The isolate of a heap.
  static WorkerIsolate& Self(duk_context* ctx);

  // Stops the timer fiber and waits for every fiber of the isolate. REQUIRES: no invocations. MAY SUSPEND.
  void Shutdown();

 private:
  friend class LiveObject;
  friend struct ObjectSocketNatives;

  WorkerIsolate(const WorkerServices& services, std::shared_ptr<const WorkerCode> code, uint64_t number, ObjectDirectory* objects,
                Worker* worker);

  // Runs `f` and the microtasks on behalf of the invocation of that number; the gate of an object is the caller's business. MAY SUSPEND.
  static constexpr uint64_t kGlobalScope = 0;
  Entered Enter(uint64_t invocation_id, absl::FunctionRef<void(duk_context*)> f, Failure& failure);
  // Enter, through the gate of invocation.object if it belongs to one.
  Entered EnterFor(Invocation& invocation, absl::FunctionRef<void(duk_context*)> f, Failure& failure);
  static Failure FailureOf(const js::JsError& error);
  // An error that nobody caught, outside of a handler's promise.
  void ReportUncaught(const Failure& failure);
  // [ ... request ] -> [ ... request ]: its signal will fire if the client goes (compatibility flag enable_request_signal).
  void KeepRequestSignal(duk_context* ctx, const Invocation& invocation);
  void AbortRequestSignal(Invocation& invocation);
  // Calls a handler that gives no answer, and waits until it has ended, at most until `deadline`. `call` leaves what the handler has
  // returned on the stack. MAY SUSPEND.
  void RunPlain(Invocation& invocation, absl::FunctionRef<void(duk_context*)> call, Instant deadline);
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
  // A limit was exceeded, by `culprit` (null: by nobody's turn): the engine was cut off in the middle, so whatever lives in here is reset.
  void BreakObjects(LiveObject* culprit);
  void DropExports(duk_context* ctx);
  // The promise of an awaited call is settled. [ ... value | reason ] -> [ ... value | reason ]
  void SettleCall(duk_context* ctx, uint64_t number, js::PromiseState state);
  static absl::Status StatusOfService(const Failure& failure);
  // Those that have not been answered when it ends.
  void FailCallsInto(const Invocation& invocation);
  // As soon as the output gate of the current object lets it leave; at once if it is none's.
  void WhenAllowed(Invocation& invocation, uint64_t key, absl::AnyInvocable<void(const absl::Status&)> leave);
  // The body as somebody else may read it, as long as the invocation lives.
  std::shared_ptr<web::BodySource> HandOver(Invocation& invocation, std::shared_ptr<web::BodySource> body);
  void WakeWaiting();
  Invocation* Find(uint64_t id);

  static void OnHandlerSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnPlainHandlerSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnChunkSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnWaitUntilSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnEventSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnCallSettled(duk_context* ctx, void* data, js::PromiseState state);
  static void OnKeptSettled(duk_context* ctx, void* data, js::PromiseState state);
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
  std::shared_ptr<web::FetchOperation> StartFetch(web::FetchRequest request, std::shared_ptr<web::FetchTarget> target,
                                                  FetchDone finish) override;
  std::shared_ptr<web::BodyPipe> NewBodyPipe(std::optional<uint64_t> length) override;
  void PassOutputGate(absl::AnyInvocable<void()> effect) override;
  void RenewCpu() override;
  std::shared_ptr<void> HoldForWebSocket() override;
  void Log(web::LogLevel level, std::string_view text) override;
  void ReportException(duk_context* ctx) override;
  void FillRandom(std::span<std::byte> out) override;
  Duration Elapsed() const override;

  // rpc::RpcHost
  void StartCall(std::shared_ptr<rpc::Callee> callee, rpc::CallRequest request, CallDone done) override;
  std::shared_ptr<rpc::Callee> NewCallee(uint64_t export_number) override;
  uint64_t CurrentContext() override;

  // durable::ObjectHooksFinder
  durable::ObjectHooks* FindObject(durable::ObjectNumber number) override;

  // WaitUntilSink
  void WaitUntil(duk_context* ctx, uint64_t invocation) override;
  void NoRetry(uint64_t invocation) override;

  // The timer fiber: sleeps to the next deadline and starts a task for each timer that is due.
  void RunTimers();

  Scheduler& scheduler_;
  Random& random_;
  worker::Log& log_;
  ExecutionObserver* const observer_;
  IsolateNursery* const nursery_;
  HttpSender* const sender_;
  WorkerSet* const workers_;
  KvStore* const kv_;         // null: there is none
  QueueStore* const queues_;  // likewise
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
  uint64_t scheduled_ = 0;
  uint64_t batches_ = 0;
  FiberMutex lock_;  // who holds it runs JavaScript
  // Who speaks to the log.
  LogContext Speaker() const;

  Invocation* current_ = nullptr;  // on whose behalf; null at global scope
  bool condemned_ = false;
  bool closing_ = false;
  uint32_t interrupts_in_a_row_ = 0;
  Instant started_;
  Instant frozen_now_;  // time as JavaScript sees it: constant while it runs
  WallTime frozen_wall_;

  Worker* const worker_;  // null in tests of isolates alone
  ObjectDirectory* const objects_;
  std::map<durable::ObjectNumber, LiveObject*> live_objects_;
  // Whose promise is awaited, by the number that the promise's reaction carries.
  struct Awaited {
    std::shared_ptr<ObjectEvent> event;
    uint64_t invocation;
  };
  std::map<uint64_t, Awaited> awaited_;
  struct AwaitedCall {
    std::shared_ptr<CallEvent> call;
    uint64_t invocation;
  };
  std::map<uint64_t, AwaitedCall> awaited_calls_;  // of what requests have given away
  class ExportedCallee;
  struct Link {
    WorkerIsolate* isolate;  // null: it is gone
  };
  std::shared_ptr<Link> link_;       // of the callees that this isolate has given away
  std::vector<uint64_t> unexports_;  // what nobody refers to any more

  uint64_t next_invocation_ = 1;  // numbers of objects and of awaited promises too
  std::map<uint64_t, std::unique_ptr<Invocation>> invocations_;
  std::map<uint64_t, Invocation*> waiting_;  // of these: whose progress a fiber awaits. Events of objects, hundreds at a time, seldom do
  size_t tasks_pending_ = 0;                 // of all invocations

  struct Timer {
    uint32_t id;
    uint64_t invocation;
    gate::Section section;
  };
  std::multimap<Instant, Timer> timers_;  // by deadline, equal ones in the order of starting
  std::map<uint32_t, std::multimap<Instant, Timer>::iterator> timer_of_id_;
  Event timers_changed_;
  TaskGroup fibers_;  // the timer fiber
  bool timer_fiber_running_ = false;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_ISOLATE_H_
