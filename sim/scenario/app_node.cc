#include "sim/scenario/app_node.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"
#include "sim/fault/model.h"
#include "sim/scenario/recovered_state.h"

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
  // Through one stub, calls begin in the order in which they were sent. What is done once more (an alarm after a
  // reset) makes stubs of the same names again: their first calls begin a line anew.
  void OnCallBegan(uint64_t line, uint64_t number) override {
    if (Dead(world_, world_.scheduler())) return;
    uint64_t& last = call_lines_[line];
    if (number <= last && number != 1) {
      ledger_.problems.push_back(StrCat(world_.NameOf(actor_), " began call ", number, " of a stub after call ", last));
    }
    last = number;
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
  std::map<uint64_t, uint64_t> call_lines_;  // of this incarnation: the last call that has begun, by the name of its line
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

// Tells the ledger, and the record of the run, what becomes of Durable Objects.
class AppNode::ObjectWatcher final : public worker::ObjectObserver {
 public:
  ObjectWatcher(World& world, ActorId actor, ObjectLedger& ledger) : world_(world), actor_(actor), ledger_(ledger) {}

  void OnActivated(const Id& id, uint64_t epoch, const State& state) override {
    if (!Note("object.activated", id, state.txid)) return;
    ledger_.OnActivated(id, epoch, state);
  }
  void OnCommitted(const Id& id, const storage::PageSet& set) override {
    if (Note("object.committed", id, set.txid)) ledger_.OnCommitted(id, set);
  }
  void OnRolledBack(const Id& id, uint64_t txid) override {
    if (Note("object.rolled_back", id, txid)) ledger_.OnRolledBack(id, txid);
  }
  void OnEnded(const Id& id, uint64_t epoch) override {
    if (Note("object.ended", id, epoch)) ledger_.OnEnded(id, epoch);
  }
  void OnReleased(const Id& id, uint64_t epoch, uint64_t txid, Durability durability) override {
    if (Note("object.released", id, txid)) ledger_.OnReleased(id, epoch, txid, durability);
  }
  void OnTurnBegan(const Id& id, uint64_t epoch, gate::Section section) override {
    if (Alive()) ledger_.OnTurnBegan(id, epoch, section);
  }
  void OnTurnEnded(const Id& id, uint64_t epoch) override {
    if (Alive()) ledger_.OnTurnEnded(id, epoch);
  }
  void OnEvent(const Id& id, uint64_t epoch, std::string_view kind) override {
    if (Alive()) ledger_.OnEvent(id, epoch, kind);
  }
  void OnStorageBegan(const Id& id, uint64_t epoch) override {
    if (Alive()) ledger_.OnStorageBegan(id, epoch);
  }
  void OnStorageEnded(const Id& id, uint64_t epoch) override {
    if (Alive()) ledger_.OnStorageEnded(id, epoch);
  }
  void OnSectionOpened(const Id& id, uint64_t epoch, gate::Section section, gate::Section outer) override {
    if (Alive()) ledger_.OnSectionOpened(id, epoch, section, outer);
  }
  void OnSectionClosed(const Id& id, uint64_t epoch, gate::Section section) override {
    if (Alive()) ledger_.OnSectionClosed(id, epoch, section);
  }
  void OnAlarmBegan(const Id& id, uint64_t epoch, WallTime due, WallTime now) override {
    if (Note("object.alarm", id, epoch)) ledger_.OnAlarmBegan(id, epoch, due, now);
  }
  void OnAlarmEnded(const Id& id, uint64_t epoch) override {
    if (Alive()) ledger_.OnAlarmEnded(id, epoch);
  }
  void OnAlarmDropped(const Id& id, uint64_t epoch) override {
    if (Note("object.alarm_dropped", id, epoch)) ledger_.OnAlarmDropped(id, epoch);
  }

 private:
  // What a dead incarnation does on its way out has no effect.
  bool Alive() const { return !Dead(world_, world_.scheduler()); }
  bool Note(std::string_view label, const Id& id, uint64_t value) {
    if (!Alive()) return false;
    world_.recorder().Record({.kind = EventKind::kHost,
                              .actor = actor_,
                              .label = label,
                              .key = StableHash(id.id),
                              .value = static_cast<int64_t>(value),
                              .text = id.id,
                              .note = id.space});
    return true;
  }

  World& world_;
  const ActorId actor_;
  ObjectLedger& ledger_;
};

// What lives on the stack of a running program.
struct AppNode::Incarnation {
  explicit Incarnation(Scheduler& scheduler) : stop(scheduler) {}
  edge::Event stop;
};

NodeLedger::NodeLedger(World& world)
    : objects([&world] {
        const int64_t ms = (world.now() - world.start()).ToMilliseconds();
        return StrCat("+", ms / 1000, ".", (ms % 1000) / 100, (ms % 100) / 10, ms % 10, " s");
      }),
      kv([&world] { return world.now(); },
         [&world] { return !world.faults().healed() && world.faults().options().contract == Contract::kCloudflare; }),
      queues([&world] { return world.now(); }) {}

AppNode::AppNode(World& world, Machine& machine, worker::WorkerCodes codes, worker::IsolateNursery* nursery, NodeLedger& ledger,
                 NodeTamper::Factory tamper)
    : world_(world),
      machine_(machine),
      codes_(std::move(codes)),
      nursery_(nursery),
      ledger_(ledger),
      tamper_(std::move(tamper)),
      serving_(world.scheduler()),
      left_down_(world.scheduler()) {}

AppNode::~AppNode() { EDGE_CHECK(running_ == nullptr); }

void AppNode::Start() {
  machine_.Start([this](const Seams& seams) { Run(seams); });
}

// Small, so that a run sees checkpoints, full logs and files that are used again.
storage::StoreOptions AppNode::StoreOf() const {
  return {.directory = "state",
          .log = {.segment = ByteCount::KiB(64), .size_max = ByteCount::MiB(8), .spare_files_max = 2},
          .overlay_max = ByteCount::MiB(4),
          .log_checkpoint_bytes = ByteCount::KiB(192),
          .checkpoint_interval = Duration::Seconds(15),
          .open_files_max = 4};
}

void AppNode::LookAtState() {
  if (ledger_.objects.empty()) return;
  const absl::StatusOr<RecoveredObjects> found = RecoverCopy(machine_.platter(), store_);
  if (found.ok()) {
    ledger_.objects.OnRecovered(*found);
  } else {
    ledger_.objects.OnUnrecoverable(FromAbsl(found.status().message()));
  }
}

void AppNode::StartAgainLater() {
  if (leave_down_) return;
  ++supervisors_;
  const Key key = CombineHash(StableHash(machine_.name()), CombineHash(StableHash("supervisor"), restarts_++));
  EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(key, nullptr, "machine.supervisor", [this] {
    static_cast<void>(machine_.WaitDown().ok());
    static_cast<void>(left_down_.Wait(world_.now() + Duration::Seconds(1)).ok());
    if (!leave_down_) EDGE_CHECK_OK(machine_.Restart());
    --supervisors_;
  }));
}

void AppNode::LeaveDown() {
  leave_down_ = true;
  left_down_.Set();
  while (supervisors_ > 0) EDGE_CHECK_OK(world_.scheduler().SleepFor(Duration::Milliseconds(1)));
}

void AppNode::Run(const Seams& seams) {
  Incarnation incarnation(seams.scheduler);
  running_ = &incarnation;
  const ActorId actor = machine_.actor();
  const uint64_t number = seams.process.Self().incarnation;
  SimLog log(world_, actor);
  Watcher watcher(world_, actor, ledger_);
  ObjectWatcher objects(world_, actor, ledger_.objects);
  NodeOptions options = {.listen = {machine_.name(), kPort}};
  options.observer = &watcher;
  options.nursery = nursery_;
  options.objects = &objects;
  options.kv_places = NodeOptions::KvPlaces::kAnywhere;
  options.kv = &ledger_.kv;
  options.crons = &ledger_.crons;
  options.queues = &ledger_.queues;
  ledger_.queues.OnStarted();
  options.store = StoreOf();
  options.decorate = [&](http::Handler& worker) -> std::unique_ptr<http::Handler> {
    return std::make_unique<WatchingHandler>(world_, actor, ledger_, number, worker);
  };
  const std::unique_ptr<NodeTamper> tamper = tamper_ ? tamper_(seams) : nullptr;
  if (tamper != nullptr) tamper->Tamper(options);
  store_ = options.store;
  LookAtState();
  Node node(tamper != nullptr ? tamper->Tampered(seams) : seams, log, codes_, std::move(options));
  absl::Status status = node.StartWorkers();
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
      const bool excused = !world_.faults().healed() && (DiskTrouble() || (absl::IsDeadlineExceeded(stopped) && ServiceHangs()));
      if (asked && !stopped.ok() && !IsCrashed(stopped) && !excused) {
        ledger_.problems.push_back(StrCat(machine_.name(), " did not stop cleanly: ", std::string(stopped.message())));
      }
    }
  }
  NoteEntries(node.workers());
  running_ = nullptr;
  const bool failed = !status.ok() && !IsCrashed(status);
  if (failed && !DiskTrouble()) {
    start_status_ = status;
    serving_.Set();
  } else if (failed) {
    if (world_.faults().healed()) ledger_.problems.push_back(StrCat(machine_.name(), " cannot start: ", FromAbsl(status.message())));
    StartAgainLater();
    seams.process.Exit(1);
  } else if (machine_.exit_code().value_or(0) != 0) {
    StartAgainLater();
  }
}

// Those of other workers than the first have its name behind theirs: "fetch of billing".
void AppNode::NoteEntries(worker::WorkerSet& workers) {
  worker::EntryPoints points;
  for (const std::unique_ptr<worker::Worker>& worker : workers.all()) {
    const std::string of = worker.get() == &workers.front() ? "" : StrCat(" of ", worker->code().name);
    for (const std::string& handler : worker->entry_points().handlers) points.handlers.push_back(handler + of);
    for (const std::string& name : worker->entry_points().classes) points.classes.push_back(name + of);
    for (const auto& [entry, times] : worker->entries()) ledger_.entries[entry + of] += times;
  }
  if (!points.handlers.empty()) ledger_.entry_points = std::move(points);
}

// A request that waits for it is cut off when the time to stop is over.
bool AppNode::ServiceHangs() const {
  const auto& struck = world_.faults().struck();
  return std::any_of(struck.begin(), struck.end(), [](const Faults::Struck& each) { return each.site == &kServiceHang; });
}

bool AppNode::DiskTrouble() const { return world_.faults().injected()[static_cast<size_t>(FaultFamily::kDisk)] > 0; }

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
