// ServiceWorld: several workers of one node in virtual time, without a store.
#ifndef EDGE_RUNTIME_WORKER_TESTING_SERVICE_WORLD_H_
#define EDGE_RUNTIME_WORKER_TESTING_SERVICE_WORLD_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/testing/object_world.h"
#include "runtime/worker/worker_set.h"

namespace edge::worker {

struct ServiceCode {
  std::string name;
  std::string script;  // ES5: fills `exports`, may use `modules`
  std::vector<ServiceBinding> services = {};
};

class ServiceWorld final : private ExecutionObserver {
 public:
  explicit ServiceWorld(std::vector<ServiceCode> codes, WorkerLimits limits = {}) : scheduler_(clock_, order_, clock_) {
    for (ServiceCode& each : codes) {
      auto code = std::make_shared<WorkerCode>();
      code->name = each.name;
      code->script = "(function (edge) { var exports = {}, modules = edge.modules; " + each.script + "; return exports; })";
      code->service_bindings = std::move(each.services);
      code->context_exports = ContextExports::kPresent;
      code->limits = limits;
      codes_.push_back(std::move(code));
    }
  }

  // A life of the process.
  void Run(absl::FunctionRef<void()> body) {
    EDGE_CHECK(scheduler_
                   .Spawn("test",
                          [&] {
                            const WorkerServices services = {.scheduler = scheduler_,
                                                             .random = random_,
                                                             .adversary = adversary_,
                                                             .log = log_,
                                                             .observer = this,
                                                             .sender = &origin_,
                                                             .plants = &plants_};
                            workers_ = std::make_unique<WorkerSet>(services, codes_);
                            start_status = workers_->Start();
                            if (start_status.ok()) body();
                            workers_->Shutdown();
                            workers_ = nullptr;
                          })
                   .ok());
    scheduler_.Run();
  }
  absl::Status start_status;

  // One GET of the first worker, from its head to the end; `leaves_after`: the client goes then. The body, or "!" and the failure.
  std::string Get(const std::string& path, Duration leaves_after = Duration::Infinite()) {
    Worker& worker = workers_->front();
    absl::StatusOr<WorkerIsolate*> isolate = worker.Acquire();
    EDGE_CHECK_OK(isolate.status());
    Invocation& invocation = (*isolate)->NewInvocation();
    TaskGroup client(scheduler_);
    if (leaves_after < Duration::Infinite()) {
      EDGE_CHECK_OK(client.Spawn("client", [&] {
        if (scheduler_.SleepFor(leaves_after).ok()) (*isolate)->LoseClient(invocation);
      }));
    }
    auto* const head = new TestHead("http://test" + path);
    (*isolate)->Fetch(invocation, head, nullptr, [] {});
    head->Unref();
    client.Cancel();
    client.Wait();
    std::string answer;
    if (invocation.outcome != Outcome::kOk) answer = "!" + invocation.failure.message;
    answer += invocation.response.bytes;
    if (invocation.response.body == web::OutgoingResponse::Body::kStream) {
      while ((*isolate)->ReadChunk(invocation, [] {}) == Invocation::Chunk::kReady) answer += invocation.chunk;
      if (invocation.chunk_state == Invocation::Chunk::kFailed) answer += "!stream failed";
    }
    if (invocation.response.body == web::OutgoingResponse::Body::kSource) {
      for (;;) {
        absl::StatusOr<std::string> piece = invocation.response.source->Read();
        if (!piece.ok()) answer += "!" + std::string(piece.status().message());
        if (!piece.ok() || piece->empty()) break;
        answer += *piece;
      }
    }
    (*isolate)->Finish(invocation, worker.code().limits.wait_until);
    (*isolate)->DeleteInvocation(invocation);
    worker.Release(*isolate);
    return answer;
  }
  void Sleep(Duration time) { EDGE_CHECK_OK(scheduler_.SleepFor(time)); }

  Scheduler& scheduler() { return scheduler_; }
  RememberingLog& log() { return log_; }
  ScriptedAdversary& adversary() { return adversary_; }
  Plants& plants() { return plants_; }
  WorkerSet& workers() { return *workers_; }
  // Numbers of calls in the order in which they began.
  std::vector<uint64_t> begun;

 private:
  void OnLeft(uint64_t, int64_t, size_t) override {}
  void OnOutcome(uint64_t, Outcome, std::string_view) override {}
  void OnCallBegan(uint64_t, uint64_t number) override { begun.push_back(number); }

  JumpingClock clock_;
  FifoOrder order_;
  Scheduler scheduler_;
  CountingRandom random_;
  ScriptedAdversary adversary_;
  RememberingLog log_;
  FakeOrigin origin_{scheduler_};
  Plants plants_;
  WorkerCodes codes_;
  std::unique_ptr<WorkerSet> workers_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_TESTING_SERVICE_WORLD_H_
