// What starting an isolate costs, cold and warm: `tools/dev bench isolates`.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/worker/isolate_nursery.h"
#include "runtime/worker/testing/world.h"

// Made by tools/embed.sh: the lowered applications of tests/bench/apps.
extern "C" {
extern const char edge_embedded_hello_begin[];
extern const char edge_embedded_hello_end[];
extern const char edge_embedded_hono_begin[];
extern const char edge_embedded_hono_end[];
}

namespace edge::worker {
namespace {

std::shared_ptr<const WorkerCode> CodeOf(const std::string& app) {
  auto code = std::make_shared<WorkerCode>();
  code->name = app;
  code->script = app == "hello" ? std::string(edge_embedded_hello_begin, edge_embedded_hello_end)
                                : std::string(edge_embedded_hono_begin, edge_embedded_hono_end);
  return code;
}

// Starts an isolate and lets it go again; only the two are timed, not the world around them.
void Start(benchmark::State& state, const std::string& app, IsolateNursery* nursery, bool with_request) {
  const std::shared_ptr<const WorkerCode> code = CodeOf(app);
  JumpingClock clock;
  FifoOrder order;
  Scheduler scheduler(clock, order, clock);
  CountingRandom random;
  RecyclingAdversary adversary;
  RememberingLog log;
  const WorkerServices services = {.scheduler = scheduler, .random = random, .adversary = adversary, .log = log, .nursery = nursery};
  EDGE_CHECK(scheduler
                 .Spawn("bench",
                        [&] {
                          for (auto _ : state) {
                            absl::StatusOr<std::unique_ptr<WorkerIsolate>> isolate = WorkerIsolate::Start(services, code, 1);
                            EDGE_CHECK_OK(isolate.status());
                            if (with_request) {
                              Invocation& invocation = (*isolate)->NewInvocation();
                              auto* const head = new TestHead("http://test/users/7/posts/hello?q=1");
                              (*isolate)->Fetch(invocation, head, nullptr, [] {});
                              head->Unref();
                              EDGE_CHECK(invocation.outcome == Outcome::kOk) << invocation.failure.message;
                              (*isolate)->Finish(invocation, Duration::Seconds(1));
                              (*isolate)->DeleteInvocation(invocation);
                            }
                            (*isolate)->Shutdown();
                          }
                        })
                 .ok());
  scheduler.Run();
}

void BM_Cold(benchmark::State& state, const std::string& app) { Start(state, app, nullptr, false); }
void BM_Warm(benchmark::State& state, const std::string& app) {
  WarmNursery nursery;
  Start(state, app, &nursery, false);
}
void BM_ColdAndOneRequest(benchmark::State& state, const std::string& app) { Start(state, app, nullptr, true); }
void BM_WarmAndOneRequest(benchmark::State& state, const std::string& app) {
  WarmNursery nursery;
  Start(state, app, &nursery, true);
  EDGE_CHECK(nursery.missed() == 1) << "starts were cold";
}

BENCHMARK_CAPTURE(BM_Cold, hello, "hello")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Warm, hello, "hello")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Cold, hono, "hono")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Warm, hono, "hono")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_ColdAndOneRequest, hono, "hono")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_WarmAndOneRequest, hono, "hono")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace edge::worker

BENCHMARK_MAIN();
