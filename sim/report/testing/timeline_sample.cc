// Writes a timeline of an invented run to the standard output, always the same: what tests/e2e/timeline_test.js opens in a browser.
// `timeline_sample 50` repeats the run's busy part fifty times.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/report/testing/run_builder.h"
#include "sim/report/timeline.h"

namespace edge::sim {
namespace {

constexpr std::string_view kHostile =
    "</script><script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 2\"><!-- \xE2\x80\xA8 \xFF & \"quoted\" 'too'";

class SampleRun {
 public:
  RunBuilder& run() { return run_; }

  void Begin() {
    run_.Record({.kind = EventKind::kPhase, .label = "phase.safety"});
    run_.Record({.kind = EventKind::kLife, .actor = node_, .label = "process.start"});
    run_.After(Duration::Microseconds(300))
        .Record({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .text = "listening on 8787"});
  }

  // Clients take turns; some requests make the node ask the service.
  void Busy(int requests) {
    for (int i = 0; i < requests; ++i) {
      const uint64_t chance = MixHash(++request_);
      run_.After(Duration::Microseconds(static_cast<int64_t>(20'000 + chance % 160'000)));
      const ActorId client = clients_[chance % 3];
      const bool pays = chance % 4 == 0;
      Exchange(client, node_, pays ? "POST" : "GET", pays ? "/orders" : StrCat("/orders/", chance % 50), chance % 11 == 0 ? 404 : 200,
               pays);
    }
  }

  void Trouble() {
    run_.After(Duration::Milliseconds(40))
        .Record({.kind = EventKind::kFault, .actor = node_, .peer = clients_[1], .label = "network.partition"});
    Lost(clients_[1], "GET", "/orders/7");
    run_.After(Duration::Milliseconds(900)).Record({.kind = EventKind::kFault, .actor = node_, .label = "process.crash"});
    run_.After(Duration::Microseconds(40)).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.crash"});
    run_.After(Duration::Seconds(3)).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.restart"});
    run_.After(Duration::Milliseconds(2))
        .Record({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .text = "listening on 8787"});
    run_.After(Duration::Milliseconds(30)).Record({.kind = EventKind::kLog, .actor = node_, .label = "console.warn", .text = kHostile});
  }

  // The failing request: its effect happens, its answer is lost, the client asks again.
  void Fail() {
    run_.After(Duration::Milliseconds(300));
    const ActorId client = clients_[2];
    constexpr uint64_t kCall = 0xCA11;
    Request(client, node_, kCall, 0xA1, 0, "POST", "/orders");
    Send(client, node_, 412, "POST /orders HTTP/1.1", true);
    Request(node_, client, 0, 0xA1, 0, "POST", "/orders");
    run_.After(Duration::Microseconds(200))
        .Record({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .text = "charging order 31: 20 EUR"});
    Exchange(node_, service_, "POST", "/charge", 200, false);
    run_.After(Duration::Microseconds(150))
        .Record({.kind = EventKind::kFault, .actor = node_, .peer = client, .label = "network.reset_before"});
    Response(node_, client, 0, 0xA1, 201);
    Send(node_, client, 201, "HTTP/1.1 201 Created", false);
    run_.After(Duration::Milliseconds(4)).Record({.kind = EventKind::kClose, .actor = client, .peer = node_, .label = "network.reset"});
    Response(client, node_, kCall, 0xA1, 0, "connection reset");
    run_.After(Duration::Milliseconds(500));
    Request(client, node_, kCall, 0xA2, 1, "POST", "/orders");
    Send(client, node_, 412, "POST /orders HTTP/1.1", true);
    Request(node_, client, 0, 0xA2, 0, "POST", "/orders");
    run_.After(Duration::Microseconds(200))
        .Record({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .text = "charging order 32: 20 EUR"});
    Exchange(node_, service_, "POST", "/charge", 200, false);
    Response(node_, client, 0, 0xA2, 201);
    Send(node_, client, 201, "HTTP/1.1 201 Created", true);
    Response(client, node_, kCall, 0xA2, 201);
  }

  void End() {
    run_.After(Duration::Seconds(21)).Record({.kind = EventKind::kPhase, .label = "phase.heal"});
    run_.After(Duration::Milliseconds(1)).Record({.kind = EventKind::kPhase, .label = "phase.liveness"});
    Busy(4);
    run_.After(Duration::Seconds(2)).Record({.kind = EventKind::kPhase, .label = "phase.checks"});
    run_.Record({.kind = EventKind::kCheck, .label = "answers-are-valid", .value = 0});
    run_.Record({.kind = EventKind::kCheck,
                 .label = "charged-once",
                 .value = 1,
                 .text = "1 order was acknowledged to client3, payments.test was charged 2 times"});
  }

 private:
  void Turn(ActorId actor, std::string_view label) {
    run_.After(Duration::Microseconds(15)).Record({.kind = EventKind::kTurn, .actor = actor, .label = label, .key = request_});
  }

  void Request(ActorId actor, ActorId peer, uint64_t key, uint64_t message, int64_t attempt, std::string_view method,
               std::string_view target) {
    run_.Record({.kind = EventKind::kRequest,
                 .actor = actor,
                 .peer = peer,
                 .label = "http.request",
                 .key = key,
                 .message = message,
                 .value = attempt,
                 .text = target,
                 .note = method});
  }
  void Response(ActorId actor, ActorId peer, uint64_t key, uint64_t message, int64_t status, std::string_view error = "") {
    run_.Record({.kind = EventKind::kResponse,
                 .actor = actor,
                 .peer = peer,
                 .label = "http.response",
                 .key = key,
                 .message = message,
                 .value = status,
                 .text = error});
  }

  void Send(ActorId from, ActorId to, int64_t bytes, std::string_view note, bool arrives) {
    const uint64_t message = CombineHash(0x5E7D, ++segment_);
    Turn(from, "http.connection");
    run_.Record(
        {.kind = EventKind::kSend, .actor = from, .peer = to, .label = "network.send", .message = message, .value = bytes, .note = note});
    run_.After(Duration::Microseconds(static_cast<int64_t>(200 + MixHash(segment_) % 9'000)));
    if (!arrives) return;
    run_.Record({.kind = EventKind::kDeliver,
                 .actor = to,
                 .peer = from,
                 .label = "network.deliver",
                 .message = message,
                 .value = bytes,
                 .note = note});
    Turn(to, "http.connection");
  }

  void Exchange(ActorId from, ActorId to, std::string_view method, std::string_view target, int64_t status, bool pays) {
    const uint64_t message = CombineHash(0xE, ++exchange_);
    Request(from, to, message + 1, message, 0, method, target);
    Send(from, to, 180, StrCat(method, " ", target, " HTTP/1.1"), true);
    Request(to, from, 0, message, 0, method, target);
    if (pays) Exchange(node_, service_, "POST", "/charge", 200, false);
    Turn(to, "worker.fetch");
    Response(to, from, 0, message, status);
    Send(to, from, 240, status == 200 ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found", true);
    Response(from, to, message + 1, message, status);
  }

  // A request that is swallowed.
  void Lost(ActorId from, std::string_view method, std::string_view target) {
    const uint64_t message = CombineHash(0xE, ++exchange_);
    run_.After(Duration::Milliseconds(20));
    Request(from, node_, message + 1, message, 0, method, target);
    Send(from, node_, 180, StrCat(method, " ", target, " HTTP/1.1"), false);
  }

  RunBuilder run_;
  const ActorId node_ = run_.Node("node1");
  const ActorId clients_[3] = {run_.Client("client1"), run_.Client("client2"), run_.Client("client3")};
  const ActorId service_ = run_.Service("payments.test");
  uint64_t request_ = 0;
  uint64_t exchange_ = 0;
  uint64_t segment_ = 0;
};

}  // namespace
}  // namespace edge::sim

int main(int argc, char** argv) {
  using edge::sim::SampleRun;
  using edge::sim::TimelineHtml;
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 1;
  SampleRun sample;
  sample.Begin();
  for (int i = 0; i < repeats; ++i) sample.Busy(13);
  sample.Trouble();
  for (int i = 0; i < repeats; ++i) sample.Busy(9);
  sample.Fail();
  sample.End();
  const std::string page = TimelineHtml({.journal = sample.run().view(),
                                         .failure = {.check = "charged-once",
                                                     .message = "1 order was acknowledged to client3, payments.test was charged 2 times",
                                                     .about_message = 0xA2},
                                         .title = {.application = "orders",
                                                   .seed = "81234",
                                                   .strategy = "random",
                                                   .contract = "cloudflare",
                                                   .replay_command = "edge replay examples/orders --seed 81234 --contract cloudflare"}});
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
