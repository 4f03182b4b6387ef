// A small world for tests of the worker layer: a clock that jumps, a log that remembers, requests without a network.
#ifndef EDGE_RUNTIME_WORKER_TESTING_WORLD_H_
#define EDGE_RUNTIME_WORKER_TESTING_WORLD_H_

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "runtime/base/check.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/random.h"
#include "runtime/seam/ready_order.h"
#include "runtime/worker/testing/fake_origin.h"
#include "runtime/worker/worker.h"

namespace edge::worker {

// Time stands still until nothing is runnable; then it jumps to the next deadline.
class JumpingClock final : public Clock, public Poller {
 public:
  Instant Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime::FromUnixMilliseconds(1'700'000'000'000) + (now_ - Instant()); }
  void Poll(Instant until) override {
    if (until > now_ && !until.IsInfinite()) now_ = until;
  }
  // Time goes by while nobody is there.
  void Advance(Duration time) { now_ = now_ + time; }

 private:
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
};

// SplitMix64 from a fixed seed.
class CountingRandom final : public Random {
 public:
  explicit CountingRandom(uint64_t state = 1) : state_(state) {}
  uint64_t NextU64() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) override { return NextU64() % bound; }
  bool Chance(Ratio ratio) override { return Below(ratio.denominator) < ratio.numerator; }
  void Fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(NextU64());
  }
  std::unique_ptr<Random> Fork(std::string_view label) override { return std::make_unique<CountingRandom>(state_ + label.size()); }

 private:
  uint64_t state_;
};

// Recycles an isolate between any two events, if told to.
class RecyclingAdversary final : public Adversary {
 public:
  MischiefChoice Consider(std::string_view point, uint64_t, std::initializer_list<Mischief>) override {
    return {.kind = recycles && point == "isolate.recycle" ? Mischief::kEvict : Mischief::kNothing};
  }
  bool recycles = false;
};

class RememberingLog final : public Log {
 public:
  void Write(Severity severity, std::string_view, std::string_view text) override {
    (void)severity;
    lines.emplace_back(text);
  }
  bool Contains(std::string_view part) const {
    for (const std::string& line : lines) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::vector<std::string> lines;
};

class TestHead final : public web::IncomingHead {
 public:
  explicit TestHead(std::string url) : url_(std::move(url)) {}
  std::string_view Method() const override { return "GET"; }
  std::string_view Url() const override { return url_; }
  size_t HeaderCount() const override { return 1; }
  std::string_view HeaderName(size_t) const override { return "host"; }
  std::string_view HeaderValue(size_t) const override { return "test"; }

 private:
  std::string url_;
};

// What a client would see of one request.
struct Answer {
  Outcome outcome = Outcome::kPending;
  int status = 0;
  std::string body;
  std::string failure;
  uint64_t isolate = 0;
  bool passed_through = false;  // the body did not enter JavaScript
};

class World {
 public:
  // `module` is ES5: the members of the worker's default export, e.g. "fetch: function (request, env, ctx) { return new Response('x'); }".
  explicit World(std::string_view members, WorkerLimits limits = {}) : scheduler_(clock_, order_, clock_) {
    WorkerCode code;
    code.name = "test";
    code.script = "(function (edge) { var handler = {" + std::string(members) + "}; return { get 'default'() { return handler; } }; })";
    code.limits = limits;
    Make(std::move(code));
  }
  explicit World(WorkerCode code) : scheduler_(clock_, order_, clock_) { Make(std::move(code)); }
  // With code that several worlds share, and what is optional of the services.
  World(std::shared_ptr<const WorkerCode> code, IsolateNursery* nursery, ExecutionObserver* observer) : scheduler_(clock_, order_, clock_) {
    Make(std::move(code), nursery, observer);
  }

  ~World() {
    Run([&] { worker_->Shutdown(); });
  }

  // Runs `f` on a fiber, and everything it starts, to the end.
  void Run(absl::FunctionRef<void()> f) {
    EDGE_CHECK(scheduler_.Spawn("test", [&] { f(); }).ok());
    scheduler_.Run();
  }

  absl::Status Start() {
    absl::Status status;
    Run([&] { status = worker_->Start(); });
    return status;
  }

  // One request from its head to the end of its waitUntil tasks. Inside Run.
  // `client_leaves`: after this time nobody waits for the response any more.
  Answer Request(const std::string& url = "http://test/", Duration client_leaves = Duration::Zero()) {
    Answer answer;
    absl::StatusOr<WorkerIsolate*> isolate = worker_->Acquire();
    if (!isolate.ok()) {
      answer.outcome = Outcome::kException;
      answer.failure = std::string(isolate.status().message());
      return answer;
    }
    Invocation& invocation = (*isolate)->NewInvocation();
    TaskGroup client(scheduler_);
    if (client_leaves > Duration::Zero()) {
      EDGE_CHECK(client
                     .Spawn("client",
                            [this, client_leaves, &isolate, &invocation] {
                              if (!scheduler_.SleepFor(client_leaves).ok()) return;
                              while (client_stays != nullptr && client_stays()) {
                                if (!scheduler_.Yield().ok()) return;
                              }
                              (*isolate)->LoseClient(invocation);
                              if (invocation.response.source != nullptr) invocation.response.source->Cancel();
                            })
                     .ok());
    }
    auto* const head = new TestHead(url);
    (*isolate)->Fetch(invocation, head, nullptr, [] {});
    head->Unref();
    answer.isolate = (*isolate)->number();
    answer.outcome = invocation.outcome;
    answer.failure = invocation.failure.message;
    answer.status = invocation.response.status;
    answer.body = invocation.response.bytes;
    if (invocation.response.body == web::OutgoingResponse::Body::kStream) {
      while ((*isolate)->ReadChunk(invocation, [] {}) == Invocation::Chunk::kReady) answer.body += invocation.chunk;
      if (invocation.chunk_state == Invocation::Chunk::kFailed) answer.failure = "stream failed";
    }
    if (invocation.response.body == web::OutgoingResponse::Body::kSource) {
      for (;;) {
        absl::StatusOr<std::string> piece = invocation.response.source->Read();
        if (!piece.ok()) answer.failure = std::string(piece.status().message());
        if (!piece.ok() || piece->empty()) break;
        answer.body += *piece;
      }
      answer.passed_through = true;
    }
    client.Cancel();
    client.Wait();
    if (invocation.client_gone && invocation.response.body == web::OutgoingResponse::Body::kStream) {
      (*isolate)->CancelBody(invocation, "The client disconnected.");
    }
    (*isolate)->Finish(invocation, worker_->code().limits.wait_until);
    (*isolate)->DeleteInvocation(invocation);
    worker_->Release(*isolate);
    return answer;
  }

  Answer Get(const std::string& url = "http://test/") {
    Answer answer;
    Run([&] { answer = Request(url); });
    return answer;
  }

  // The same for a client that leaves.
  Answer GetAndLeave(Duration after) {
    Answer answer;
    Run([&] { answer = Request("http://test/", after); });
    return answer;
  }

  // A client that would leave waits for this to be false.
  std::function<bool()> client_stays;

  Scheduler& scheduler() { return scheduler_; }
  const JumpingClock& clock() const { return clock_; }
  RememberingLog& log() { return log_; }
  RecyclingAdversary& adversary() { return adversary_; }
  FakeOrigin& origin() { return origin_; }
  Worker& worker() { return *worker_; }

 private:
  void Make(WorkerCode code) { Make(std::make_shared<const WorkerCode>(std::move(code)), nullptr, nullptr); }
  void Make(std::shared_ptr<const WorkerCode> code, IsolateNursery* nursery, ExecutionObserver* observer) {
    const WorkerServices services = {.scheduler = scheduler_,
                                     .random = random_,
                                     .adversary = adversary_,
                                     .log = log_,
                                     .observer = observer,
                                     .nursery = nursery,
                                     .sender = &origin_};
    worker_ = std::make_unique<Worker>(services, std::move(code));
  }

  JumpingClock clock_;
  FifoOrder order_;
  Scheduler scheduler_;
  CountingRandom random_;
  RecyclingAdversary adversary_;
  RememberingLog log_;
  FakeOrigin origin_{scheduler_};
  std::unique_ptr<Worker> worker_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_TESTING_WORLD_H_
