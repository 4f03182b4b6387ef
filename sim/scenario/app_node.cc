#include "sim/scenario/app_node.h"

#include <charconv>
#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"

namespace edge::sim {
namespace {

// What a dead incarnation does on its way out has no effect.
bool Dead(const World& world, Scheduler& scheduler) {
  const Domain* const domain = scheduler.CurrentDomain();
  return domain != nullptr && domain->crashed();
}

std::string_view NameOf(worker::Outcome outcome) {
  switch (outcome) {
    case worker::Outcome::kPending:
      return "pending";
    case worker::Outcome::kOk:
      return "ok";
    case worker::Outcome::kException:
      return "exception";
    case worker::Outcome::kExceededCpu:
      return "exceededCpu";
    case worker::Outcome::kExceededMemory:
      return "exceededMemory";
    case worker::Outcome::kHung:
      return "hung";
    case worker::Outcome::kCanceled:
      return "canceled";
  }
  return "";
}

// The ray in a CF-Ray header that a simulated client sent.
std::optional<uint64_t> RayOf(const http::RequestHead& head) {
  const std::optional<std::string_view> text = head.Find("CF-Ray");
  if (!text.has_value() || !text->ends_with("-SIM")) return std::nullopt;
  uint64_t ray = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size() - 4, ray, 16);
  if (parsed.ec != std::errc()) return std::nullopt;
  return ray;
}

}  // namespace

// The log of a node: lines go into the record of the run.
class AppNode::SimLog final : public worker::Log {
 public:
  SimLog(World& world, ActorId actor) : world_(world), actor_(actor) {}
  void Write(worker::Severity severity, std::string_view source, std::string_view text) override {
    if (Dead(world_, world_.scheduler())) return;
    world_.recorder().Record({.kind = EventKind::kLog,
                              .actor = actor_,
                              .label = source,
                              .key = world_.scheduler().CurrentKey(),
                              .value = static_cast<int64_t>(severity),
                              .text = text});
  }

 private:
  World& world_;
  const ActorId actor_;
};

// Puts every execution of JavaScript into the hash, and the ends that are no answers into the ledger.
class AppNode::Watcher final : public worker::ExecutionObserver {
 public:
  Watcher(World& world, ActorId actor, NodeLedger& ledger) : world_(world), actor_(actor), ledger_(ledger) {}

  void OnLeft(uint64_t key, int64_t executed_instructions, size_t memory_used_bytes) override {
    if (Dead(world_, world_.scheduler())) return;
    world_.recorder().Record({.kind = EventKind::kHost,
                              .actor = actor_,
                              .label = "javascript",
                              .key = CombineHash(key, memory_used_bytes),
                              .value = executed_instructions});
  }
  void OnInterrupt(uint64_t) override {
    if (!Dead(world_, world_.scheduler())) world_.ChargeInterrupt(actor_);
  }
  void OnOutcome(uint64_t key, worker::Outcome outcome, std::string_view message) override {
    if (Dead(world_, world_.scheduler())) return;
    ++ledger_.entered;
    if (outcome == worker::Outcome::kOk) return;
    world_.recorder().Record({.kind = EventKind::kHost,
                              .actor = actor_,
                              .label = "worker.outcome",
                              .key = key,
                              .value = static_cast<int64_t>(outcome),
                              .text = message,
                              .note = NameOf(outcome)});
    ledger_.incidents.push_back({world_.now(), world_.NameOf(actor_), outcome, std::string(message), key});
  }

 private:
  World& world_;
  const ActorId actor_;
  NodeLedger& ledger_;
};

class AppNode::WatchingHandler final : public http::Handler {
 public:
  WatchingHandler(World& world, ActorId actor, NodeLedger& ledger, uint64_t incarnation, http::Handler& worker)
      : world_(world), actor_(actor), ledger_(ledger), incarnation_(incarnation), worker_(worker) {}

  void Handle(http::Exchange& exchange) override {
    const std::optional<uint64_t> ray = RayOf(exchange.head());
    if (!ray.has_value()) return worker_.Handle(exchange);
    world_.recorder().Record({.kind = EventKind::kRequest,
                              .actor = actor_,
                              .label = "node.request",
                              .key = world_.scheduler().CurrentKey(),
                              .message = *ray,
                              .text = exchange.head().target(),
                              .note = exchange.head().method()});
    Served& served = ledger_.served[*ray];
    served.node = world_.NameOf(actor_);
    served.incarnation = incarnation_;
    served.begin = world_.now();
    ++served.times;
    worker_.Handle(exchange);
    if (Dead(world_, world_.scheduler())) return;
    // The map's nodes stay where they are.
    served.end = world_.now();
    served.ended = exchange.started() && !exchange.client_gone() ? Served::End::kAnswered : Served::End::kCutOff;
    world_.recorder().Record({.kind = EventKind::kResponse,
                              .actor = actor_,
                              .label = "node.response",
                              .key = world_.scheduler().CurrentKey(),
                              .message = *ray,
                              .text = served.ended == Served::End::kAnswered ? "answered" : "cut off"});
  }

 private:
  World& world_;
  const ActorId actor_;
  NodeLedger& ledger_;
  const uint64_t incarnation_;
  http::Handler& worker_;
};

// What lives on the stack of a running program.
struct AppNode::Incarnation {
  explicit Incarnation(Scheduler& scheduler) : stop(scheduler) {}
  edge::Event stop;
};

AppNode::AppNode(World& world, Machine& machine, std::shared_ptr<const worker::WorkerCode> code, worker::IsolateNursery* nursery,
                 NodeLedger& ledger, NodeTamper::Factory tamper)
    : world_(world),
      machine_(machine),
      code_(std::move(code)),
      nursery_(nursery),
      ledger_(ledger),
      tamper_(std::move(tamper)),
      serving_(world.scheduler()) {}

AppNode::~AppNode() { EDGE_CHECK(running_ == nullptr); }

void AppNode::Start() {
  machine_.Start([this](const Seams& seams) { Run(seams); });
}

void AppNode::Run(const Seams& seams) {
  Incarnation incarnation(seams.scheduler);
  running_ = &incarnation;
  const ActorId actor = machine_.actor();
  const uint64_t number = seams.process.Self().incarnation;
  SimLog log(world_, actor);
  Watcher watcher(world_, actor, ledger_);
  NodeOptions options = {.listen = {machine_.name(), kPort}};
  options.observer = &watcher;
  options.nursery = nursery_;
  options.decorate = [&](http::Handler& worker) -> std::unique_ptr<http::Handler> {
    return std::make_unique<WatchingHandler>(world_, actor, ledger_, number, worker);
  };
  const std::unique_ptr<NodeTamper> tamper = tamper_ ? tamper_(seams) : nullptr;
  if (tamper != nullptr) tamper->Tamper(options);
  Node node(tamper != nullptr ? tamper->Tampered(seams) : seams, log, code_, std::move(options));
  absl::Status status = node.StartWorker();
  if (status.ok()) {
    status = node.Listen();
    if (status.ok()) {
      start_status_ = absl::OkStatus();
      serving_.Set();
      machine_.SetStopHandler([&incarnation] { incarnation.stop.Set(); });
      const bool asked = incarnation.stop.Wait().ok();
      machine_.SetStopHandler(nullptr);
      serving_.Reset();
      const absl::Status stopped = node.Stop();
      if (asked && !stopped.ok() && !IsCrashed(stopped)) {
        ledger_.problems.push_back(StrCat(machine_.name(), " did not stop cleanly: ", std::string(stopped.message())));
      }
    }
  }
  if (!node.worker().entry_points().handlers.empty()) ledger_.entry_points = node.worker().entry_points();
  for (const auto& [handler, times] : node.worker().entries()) ledger_.entries[handler] += times;
  if (!status.ok() && !IsCrashed(status)) {
    start_status_ = status;
    serving_.Set();
  }
  running_ = nullptr;
}

absl::Status AppNode::WaitUntilServing(Instant deadline) {
  EDGE_RETURN_IF_ERROR(serving_.Wait(deadline));
  return start_status_;
}

absl::Status AppNode::StopGracefully(Instant deadline) {
  if (running_ == nullptr) return absl::OkStatus();
  if (!machine_.RequestStop()) return absl::OkStatus();
  return machine_.WaitDown(deadline);
}

}  // namespace edge::sim
