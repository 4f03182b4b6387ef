// Two isolates that call each other, in virtual time: what runtime/worker does for real, as small as it can be.
//
// A message takes a delay each way and messages of one callee stay in order; `wire` counts them. Tests run ES5 snippets as bodies of async
// functions: `wait(promise)` waits.
#ifndef EDGE_RUNTIME_RPC_RPC_TESTING_H_
#define EDGE_RUNTIME_RPC_RPC_TESTING_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/virtual_time.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/rpc/rpc.h"
#include "runtime/web/host.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/web.h"

namespace edge::rpc {

// What passes between the sides.
struct Wire {
  explicit Wire(Scheduler& scheduler_in) : scheduler(scheduler_in) {}
  Scheduler& scheduler;
  Duration delay = Duration::Milliseconds(10);
  int requests = 0;
  std::vector<CallRequest*> log;
  std::function<void(CallRequest&)> tamper = [](CallRequest&) {};
  std::function<void(Message&)> tamper_reply = [](Message&) {};
  absl::Status broken;  // not OK: what every call gets
};

class TestPipe final : public web::BodyPipe {
 public:
  explicit TestPipe(Scheduler& scheduler) : demand_(scheduler), supply_(scheduler) {}
  absl::StatusOr<std::string> Read() override {
    while (piece_.empty() && !end_.has_value()) {
      supply_.Reset();
      demand_.Set();
      if (absl::Status waited = supply_.Wait(); !waited.ok()) return waited;
    }
    if (!piece_.empty()) return std::exchange(piece_, {});
    if (!end_->ok()) return *end_;
    return std::string();
  }
  std::optional<uint64_t> Length() const override { return std::nullopt; }
  void Cancel() override { End(absl::CancelledError("cancelled")); }
  bool WaitForDemand() override { return demand_.Wait().ok() && !end_.has_value(); }
  void MeetDemand() override {
    if (!end_.has_value()) demand_.Reset();
  }
  void Put(std::string piece) override {
    if (end_.has_value()) return;
    piece_ += piece;
    demand_.Reset();
    supply_.Set();
  }
  void End(absl::Status status) override {
    if (!end_.has_value()) end_ = std::move(status);
    demand_.Set();
    supply_.Set();
  }

 private:
  std::string piece_;
  std::optional<absl::Status> end_;
  Event demand_, supply_;
};

class Side final : public js::IsolateHost, public web::WebHost, public RpcHost {
 public:
  Side(Scheduler& scheduler, Wire& wire) : scheduler_(scheduler), wire_(wire) {
    isolate_ = js::Isolate::Create(*this);
    const auto error = isolate_->Run({}, [this](duk_context* ctx) {
      js::InstallLanguage(ctx);
      web::InstallWeb(ctx, *this);
      InstallRpc(ctx, *this);
      js::ErrorHooks hooks;
      hooks.data = this;
      hooks.unhandled_rejection = [](duk_context* c, void* side) {
        duk_dup_top(c);
        static_cast<Side*>(side)->unhandled.emplace_back(duk_safe_to_string(c, -1));
        duk_pop(c);
      };
      hooks.uncaught_error = [](duk_context* c, void* side) {
        duk_dup_top(c);
        static_cast<Side*>(side)->uncaught.emplace_back(duk_safe_to_string(c, -1));
        duk_pop(c);
      };
      js::SetErrorHooks(ctx, hooks);
      js::PushEdgeObject(ctx);
      duk_put_global_string(ctx, "edge");
      js::Isolate::Evaluate(ctx, kPrelude, "prelude.js");
    });
    if (error.has_value()) ADD_FAILURE() << error->name << ": " << error->message << "\n" << error->stack;
  }

  // Runs `f` and the microtasks on behalf of `context`.
  void Enter(uint64_t context, absl::FunctionRef<void(duk_context*)> f) {
    const uint64_t outer = std::exchange(context_, context);
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      f(ctx);
      js::RunMicrotasks(ctx);
    });
    if (error.has_value()) {
      uncaught.push_back(error->name + ": " + error->message);
      const auto again = isolate_->Run({}, [](duk_context* ctx) { js::RunMicrotasks(ctx); });
      if (again.has_value()) uncaught.push_back("again " + again->message);
    }
    context_ = outer;
  }

  void Evaluate(std::string_view source) {
    Enter(1, [&](duk_context* ctx) {
      js::Isolate::Evaluate(ctx, source, "test.js");
      duk_pop(ctx);
    });
  }

  // js::IsolateHost
  WallTime WallNow() override { return WallTime::FromUnixMilliseconds(1'700'000'000'000); }
  uint64_t RandomU64() override { return ++random_; }
  void Interrupt() override {}

  // web::WebHost
  bool InInvocation() const override { return context_ != 0; }
  void StartTimer(uint32_t id, Duration delay) override {
    StartTask(
        "timer", [this, delay] { EDGE_CHECK_OK(scheduler_.SleepFor(delay)); }, [id](duk_context* ctx) { web::FireTimer(ctx, id); });
  }
  void CancelTimer(uint32_t) override {}
  void StartTask(std::string_view label, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) override {
    EDGE_CHECK_OK(scheduler_.Spawn(label, [this, context = context_, work = std::move(work), finish = std::move(finish)]() mutable {
      work();
      Enter(context, [&](duk_context* ctx) { finish(ctx); });
    }));
  }
  std::shared_ptr<web::FetchOperation> StartFetch(web::FetchRequest request, std::shared_ptr<web::FetchTarget> target,
                                                  FetchDone finish) override {
    struct Operation final : web::FetchOperation {
      void Cancel() override {}
      bool over() const override { return false; }
    };
    auto response = std::make_shared<absl::StatusOr<web::FetchResponse>>(absl::UnavailableError("no network"));
    std::shared_ptr<web::PendingFetch> pending = target == nullptr ? nullptr : target->Send(std::move(request));
    StartTask(
        "fetch",
        [pending, response] {
          if (pending != nullptr) *response = pending->Wait();
        },
        [response, finish = std::move(finish)](duk_context* ctx) mutable { finish(ctx, *response); });
    return std::make_shared<Operation>();
  }
  std::shared_ptr<web::BodyPipe> NewBodyPipe(std::optional<uint64_t>) override {
    auto pipe = std::make_shared<TestPipe>(scheduler_);
    pipes_.push_back(pipe);
    return pipe;
  }
  // Ends all streams, wherever they are.
  void EndPipes() {
    for (const std::weak_ptr<TestPipe>& pipe : std::exchange(pipes_, {})) {
      if (const auto live = pipe.lock(); live != nullptr) live->End(absl::CancelledError("the test is over"));
    }
  }
  void Log(web::LogLevel, std::string_view text) override { console.emplace_back(text); }
  void ReportException(duk_context* ctx) override {
    duk_dup_top(ctx);
    uncaught.emplace_back(duk_safe_to_string(ctx, -1));
    duk_pop(ctx);
  }
  void FillRandom(std::span<std::byte> out) override { std::fill(out.begin(), out.end(), std::byte{7}); }
  Duration Elapsed() const override { return Duration::Zero(); }

  // RpcHost
  void StartCall(std::shared_ptr<Callee> callee, CallRequest request, CallDone done) override {
    std::shared_ptr<PendingCall> pending = callee->Send(std::move(request));
    callee = nullptr;
    auto reply = std::make_shared<absl::StatusOr<Message>>(absl::CancelledError("cancelled"));
    StartTask(
        "call", [pending, reply] { *reply = pending->Wait(); },
        [reply, done = std::move(done)](duk_context* ctx) mutable { done(ctx, *reply); });
  }
  std::shared_ptr<Callee> NewCallee(uint64_t export_number) override {
    ++live_exports;
    return std::make_shared<Exported>(*this, export_number, Receiver::kExported);
  }
  uint64_t CurrentContext() override { return context_; }

  // What is at the global `root`, as a Durable Object.
  std::shared_ptr<Callee> Root() { return std::make_shared<Exported>(*this, 0, Receiver::kDurableObject); }

  duk_context* context() { return isolate_->context(); }
  js::Isolate& isolate() { return *isolate_; }

  std::vector<std::string> uncaught, unhandled, console;
  int live_exports = 0;

 private:
  static constexpr std::string_view kPrelude =
      "function wait(p) { return edge.await(p); }"
      "function rejection(p) { try { wait(p); } catch (e) { return e.name + ': ' + e.message; } return 'nothing'; }"
      "function thrown(f) { try { f(); } catch (e) { return e.name + ': ' + e.message; } return 'nothing'; }"
      "function each(list, f) { var out = []; for (var i = 0; i < list.length; i++) out.push(f(list[i])); return out; }"
      "function sleep(ms) { return new Promise(function (r) { setTimeout(r, ms); }); }"
      "function bytes(text) { return new TextEncoder().encode(text); }"
      "function derive(Base, members, init) {"
      "  function Derived() { var self = Reflect.construct(Base, [], new.target || Derived); if (init) init.apply(self, arguments); return "
      "self; }"
      "  Derived.prototype = Object.create(Base.prototype);"
      "  Object.getOwnPropertyNames(members).concat(Object.getOwnPropertySymbols(members)).forEach(function (name) {"
      "    var d = Object.getOwnPropertyDescriptor(members, name); d.enumerable = false; Object.defineProperty(Derived.prototype, name, "
      "d); });"
      "  Object.defineProperty(Derived.prototype, 'constructor', {value: Derived, configurable: true, writable: true});"
      "  return Derived;"
      "}"
      "var RpcTarget = edge.rpc.RpcTarget, RpcStub = edge.rpc.RpcStub;"
      "function DurableObject() {} function WorkerEntrypoint() {}"
      "edge.modules['cloudflare:workers'] = {DurableObject: DurableObject, WorkerEntrypoint: WorkerEntrypoint};";

  // A call between Send and the reply.
  struct Pending final : PendingCall {
    Pending(Scheduler& scheduler_in, Wire& wire_in) : scheduler(scheduler_in), wire(wire_in), answered(scheduler_in) {}
    absl::StatusOr<Message> Wait() override {
      if (absl::Status waited = answered.Wait(); !waited.ok()) return waited;
      if (absl::Status slept = scheduler.SleepFor(wire.delay); !slept.ok()) return slept;
      return std::move(reply);
    }
    void Cancel() override {}
    Scheduler& scheduler;
    Wire& wire;
    Event answered;
    absl::StatusOr<Message> reply = absl::CancelledError("never answered");
    Side* side = nullptr;
    std::shared_ptr<Pending> self;  // while the callee's isolate works on it
  };

  class Exported final : public Callee {
   public:
    Exported(Side& side, uint64_t number, Receiver rules) : side_(side), alive_(side.alive_), number_(number), rules_(rules) {}
    ~Exported() override {
      // The other side may hold it longer than this one lives.
      if (rules_ != Receiver::kExported || alive_.expired()) return;
      --side_.live_exports;
      if (side_.closing) return;
      side_.Later([&side = side_, number = number_] { side.Enter(1, [&](duk_context* ctx) { Unexport(ctx, number); }); });
    }
    std::shared_ptr<PendingCall> Send(CallRequest request) override {
      ++side_.wire_.requests;
      side_.wire_.tamper(request);
      auto pending = std::make_shared<Pending>(side_.scheduler_, side_.wire_);
      pending->side = &side_;
      if (!side_.wire_.broken.ok()) {
        pending->reply = side_.wire_.broken;
        pending->answered.Set();
        return pending;
      }
      auto moved = std::make_shared<CallRequest>(std::move(request));
      side_.Later([&side = side_, number = number_, rules = rules_, moved, pending] {
        EDGE_CHECK_OK(side.scheduler_.SleepFor(side.wire_.delay));
        side.Enter(1, [&](duk_context* ctx) {
          if (rules == Receiver::kExported) {
            PushExported(ctx, number);
          } else {
            duk_get_global_string(ctx, "root");
          }
          Dispatch(ctx, -1, rules, std::move(*moved));
          pending->self = pending;
          js::OnPromiseSettled(ctx, -1, OnSettled, pending.get());
          duk_pop_2(ctx);
        });
      });
      return pending;
    }

   private:
    static void OnSettled(duk_context* ctx, void* data, js::PromiseState state) {
      auto& pending = *static_cast<Pending*>(data);
      if (state == js::PromiseState::kFulfilled) {
        Message message;
        TakeResult(ctx, -1, message);
        pending.wire.tamper_reply(message);
        pending.reply = std::move(message);
      } else {
        pending.reply = web::RemoteErrorStatus(web::DescribeRemoteError(ctx, -1));
      }
      pending.answered.Set();
      pending.self = nullptr;
    }
    Side& side_;
    const std::weak_ptr<bool> alive_;
    const uint64_t number_;
    const Receiver rules_;
  };

  void Later(absl::AnyInvocable<void()> body) { EDGE_CHECK_OK(scheduler_.Spawn("rpc", std::move(body))); }

  Scheduler& scheduler_;
  Wire& wire_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  uint64_t context_ = 0;
  uint64_t random_ = 0;
  std::vector<std::weak_ptr<TestPipe>> pipes_;

 public:
  bool closing = false;

 private:
  std::unique_ptr<js::Isolate> isolate_;
};

// `caller` has the global `s`, a stub of the `root` of `callee`.
class RpcTest : public ::testing::Test {
 protected:
  RpcTest() : wire(world.scheduler), caller(world.scheduler, wire), callee(world.scheduler, wire) {
    caller.Enter(1, [&](duk_context* ctx) {
      PushStub(ctx, callee.Root(), nullptr);
      duk_put_global_string(ctx, "s");
    });
  }
  ~RpcTest() override { caller.closing = callee.closing = true; }

  // Makes `root` an instance of a class with these members (an object literal).
  void Root(std::string_view members) { callee.Evaluate("var root = new (derive(DurableObject, " + std::string(members) + "))();"); }

  // The JSON of what the body returned, or "Name: message" of what it threw; "pending" if it still waits when nothing is left to do.
  std::string Run(std::string_view body) { return RunOn(caller, 1, body); }
  std::string RunOn(Side& side, uint64_t context, std::string_view body) {
    std::string result = "pending";
    world.Run([&] {
      side.Enter(context, [&](duk_context* ctx) {
        js::Isolate::Evaluate(ctx, "edge.async(function () {" + std::string(body) + "\n})", "test.js");
        js::MarkPromiseHandled(ctx, -1);
        duk_put_global_string(ctx, "__promise");
      });
      if (!leaves_streams) return;
      EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(10)));
      caller.EndPipes();
      callee.EndPipes();
    });
    side.Enter(context, [&](duk_context* ctx) {
      duk_get_global_string(ctx, "__promise");
      const js::PromiseState state = js::GetPromiseState(ctx, -1);
      if (state != js::PromiseState::kPending) {
        js::PushPromiseResult(ctx, -1);
        if (state == js::PromiseState::kFulfilled) duk_json_encode(ctx, -1);
        result = duk_safe_to_string(ctx, -1);
        duk_pop(ctx);
      }
      duk_push_undefined(ctx);
      duk_put_global_string(ctx, "__promise");
      duk_pop(ctx);
    });
    return result;
  }

  bool leaves_streams = false;  // scripts leave streams behind that nobody reads to their end
  VirtualWorld world;
  Wire wire;
  Side caller, callee;
};

}  // namespace edge::rpc

#endif  // EDGE_RUNTIME_RPC_RPC_TESTING_H_
