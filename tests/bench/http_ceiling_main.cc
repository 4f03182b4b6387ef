// Serves "hello" without JavaScript, for the ceiling: what HTTP, fibers and the kernel cost by themselves.
//
//   bazel build //tests/bench:http_ceiling && taskset -c 0 bazel-bin/tests/bench/http_ceiling 8080 &
//   taskset -c 1 wrk -t1 -c32 -d3s http://127.0.0.1:8080/
//
// On SIGINT or SIGTERM it drains and prints CPU time and memory.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "net/http/server.h"
#include "net/os/network.h"
#include "runtime/base/check.h"
#include "runtime/fiber/event.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/clock.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/seam/ready_order.h"

namespace {

class Hello final : public edge::http::Handler {
 public:
  void Handle(edge::http::Exchange& exchange) override {
    edge::http::ResponseHead head(200);
    head.Add("Content-Type", "text/plain;charset=UTF-8").IgnoreError();
    exchange.Respond(head, "Hello, world\n").IgnoreError();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace edge;
  OsClock clock;
  EpollLoop loop(clock);
  FifoOrder order;
  Scheduler scheduler(clock, order, loop);
  BlockingPool pool(loop);
  OsNetwork network(loop, scheduler, pool);
  Hello hello;

  absl::StatusOr<std::unique_ptr<Listener>> listener =
      network.Listen({.host = "127.0.0.1", .port = static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080)});
  if (!listener.ok()) {
    std::fprintf(stderr, "%s\n", listener.status().ToString().c_str());
    return 2;
  }
  std::printf("http://%s/\n", (*listener)->Local().ToString().c_str());
  std::fflush(stdout);

  http::Server server(scheduler, *std::move(listener), hello, {});
  Event stop(scheduler);
  for (int signal : {SIGINT, SIGTERM}) EDGE_CHECK_OK(loop.OnSignal(signal, [&] { stop.Set(); }));
  EDGE_CHECK_OK(server.Start());
  EDGE_CHECK_OK(scheduler.Spawn("main", [&] {
    stop.Wait().IgnoreError();
    server.Drain(clock.Now() + Duration::Seconds(5)).IgnoreError();
  }));
  scheduler.Run();

  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  std::printf("requests %llu, CPU %.3f us per request (user %.0f ms, system %.0f ms), peak memory %ld KiB\n",
              static_cast<unsigned long long>(server.stats().requests), cpu_us / static_cast<double>(server.stats().requests),
              usage.ru_utime.tv_sec * 1e3 + usage.ru_utime.tv_usec / 1e3, usage.ru_stime.tv_sec * 1e3 + usage.ru_stime.tv_usec / 1e3,
              usage.ru_maxrss);
}
