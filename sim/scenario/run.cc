#include "sim/scenario/run.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "sim/fault/model.h"
#include "sim/machine/episode_driver.h"
#include "sim/network/fabric.h"
#include "sim/scenario/app_node.h"
#include "sim/scenario/caller.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kOperationPoint("workload.request", DecisionKind::kWorkload);
constexpr DecisionPoint kMomentPoint("workload.moment", DecisionKind::kDelay);
constexpr Duration kStartTime = Duration::Seconds(60);
// A node that stops gives its requests and their waitUntil work half a minute each.
constexpr Duration kStopTime = Duration::Seconds(90);

// A client: an actor with a host of its own and a plan of requests.
class Client {
 public:
  Client(World& world, Fabric& fabric, const Scenario& scenario, const std::string& name, const std::vector<Endpoint>& nodes,
         History& history)
      : world_(world),
        scenario_(scenario),
        actor_(world.recorder().AddActor(name, ActorKind::kClient)),
        domain_(world.scheduler(), name),
        network_(fabric, name, actor_, &domain_),
        caller_(world, network_, actor_, scenario, nodes, history),
        key_(StableHash(name)) {
    world_.Announce(&domain_, actor_);
  }
  ~Client() { world_.Retire(&domain_); }

  // Works through its plan on a fiber of its own.
  void Start(const std::vector<uint32_t>& weights) {
    EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(key_, &domain_, "client", [this, &weights] { Work(weights); }));
  }
  // Calls every operation of the scenario that is in use once, one after the other.
  void StartProbe() {
    EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(key_, &domain_, "probe", [this] {
      for (size_t i = 0; i < scenario_.operations.size(); ++i) {
        caller_.Perform(i, CombineHash(key_, i), Call::Phase::kProbe);
      }
    }));
  }
  const std::string& name() const { return world_.NameOf(actor_); }
  uint64_t unasked_for() const { return caller_.unasked_for(); }
  // OK when nothing of it is running any more. MAY SUSPEND.
  absl::Status Wait(Instant deadline) { return domain_.Wait(deadline); }
  void Kill() {
    domain_.Crash();
    EDGE_CHECK_OK(domain_.Wait());
  }

 private:
  // The n-th request has its own stretch of the safety phase, whatever became of the ones before, and most begin early in it: clients meet.
  void Work(const std::vector<uint32_t>& weights) {
    const int64_t stretch = scenario_.safety.ToNanoseconds() / std::max<int64_t>(1, scenario_.requests_per_client);
    for (uint32_t number = 0; number < scenario_.requests_per_client; ++number) {
      const Key key = CombineHash(key_, number);
      const int64_t operation = world_.oracle().Draw(kOperationPoint, actor_, key, Distribution::Weighted(weights));
      if (operation == 0) continue;
      const Duration moment = world_.oracle().DrawDuration(kMomentPoint, actor_, key, Distribution::Tail(0, stretch));
      const Instant when = world_.start() + kLeadIn + Duration::Nanoseconds(stretch * number) + moment;
      if (!world_.scheduler().SleepUntil(when).ok()) return;
      caller_.Perform(static_cast<size_t>(operation - 1), key, Call::Phase::kSafety);
      if (!world_.scheduler().CheckAlive().ok()) return;
    }
  }

  // Nodes are up by then.
  static constexpr Duration kLeadIn = Duration::Milliseconds(100);

  World& world_;
  const Scenario& scenario_;
  const ActorId actor_;
  Domain domain_;
  SimNetwork network_;
  Caller caller_;
  const Key key_;
};

// Everything of one run that lives inside the world.
class Stage {
 public:
  Stage(const RunSubject& subject, World& world, RunResult& result)
      : subject_(subject), scenario_(subject.scenario), world_(world), result_(result), fabric_(world, {}) {
    for (uint32_t i = 0; i < scenario_.nodes; ++i) {
      machines_.push_back(std::make_unique<Machine>(world_, fabric_, StrCat("node", i + 1)));
      nodes_.push_back(std::make_unique<AppNode>(world_, *machines_.back(), subject.code, subject.nursery, ledger_, subject.tamper));
      endpoints_.push_back({machines_.back()->name(), AppNode::kPort});
    }
    for (const Service& service : scenario_.services) services_.push_back(std::make_unique<ServiceActor>(world_, fabric_, service));
    for (uint32_t i = 0; i < scenario_.clients; ++i) {
      clients_.push_back(std::make_unique<Client>(world_, fabric_, scenario_, StrCat("client", i + 1), endpoints_, history_));
    }
    // Swarm: an operation that this run leaves out has no weight. Index 0 is "no request", the mildest.
    weights_.push_back(0);
    for (size_t i = 0; i < scenario_.operations.size(); ++i) {
      weights_.push_back(world_.faults().UsesOperation(i, scenario_.operations.size()) ? scenario_.operations[i].weight : 0);
    }
    uint64_t total = 0;
    for (const uint32_t weight : weights_) total += weight;
    if (total == 0) weights_[0] = 1;
  }

  void Play() {
    std::vector<Machine*> machines;
    for (const auto& machine : machines_) machines.push_back(machine.get());
    Phase("start");
    for (const auto& service : services_) EDGE_CHECK_OK(service->Start());
    for (const auto& node : nodes_) node->Start();
    for (const auto& node : nodes_) {
      if (absl::Status serving = node->WaitUntilServing(world_.now() + kStartTime); !serving.ok()) {
        result_.status = absl::InvalidArgumentError(std::string(serving.message()));
        return TearDown();
      }
    }

    Phase("safety");
    EpisodeDriver driver(world_, machines, fabric_);
    for (const auto& client : clients_) client->Start(weights_);
    const Instant safety_end = world_.start() + scenario_.safety;
    for (const auto& client : clients_) static_cast<void>(client->Wait(safety_end).ok());
    EDGE_CHECK_OK(world_.scheduler().SleepUntil(safety_end));

    Phase("heal");
    EDGE_CHECK_OK(driver.Heal());

    Phase("liveness");
    const Instant liveness_end = world_.now() + scenario_.limits.liveness;
    Client prober(world_, fabric_, scenario_, "prober", endpoints_, history_);
    bool missed = false;
    Instant stopping_from = Instant::Infinite();
    for (const auto& client : clients_) missed = !client->Wait(liveness_end).ok() || missed;
    std::string pending;
    if (missed) pending = Pending();
    if (!missed) {
      prober.StartProbe();
      const Duration probe_time =
          Duration::Nanoseconds(scenario_.limits.probe_time.ToNanoseconds() * static_cast<int64_t>(scenario_.operations.size() + 1));
      if (!prober.Wait(world_.now() + probe_time).ok()) {
        missed = true;
        pending = Pending();
      }
    }
    if (!missed) {
      Phase("stop");
      stopping_from = world_.now();
      for (const auto& node : nodes_) {
        if (!node->StopGracefully(world_.now() + kStopTime).ok()) {
          ledger_.problems.push_back(StrCat(node->machine().name(), " did not stop within ", kStopTime.ToSeconds(), " s"));
        }
      }
    }

    Phase("checks");
    std::vector<const ServiceActor*> services;
    for (const auto& service : services_) services.push_back(service.get());
    result_.failure = RunChecks({.world = world_,
                                 .scenario = scenario_,
                                 .history = history_,
                                 .nodes = ledger_,
                                 .services = services,
                                 .troubles = Troubles(),
                                 .stopping_from = stopping_from,
                                 .answered_twice = AnsweredTwice(),
                                 .liveness_missed = missed,
                                 .pending = pending});
    if (result_.failure.has_value()) {
      world_.recorder().Record({.kind = EventKind::kCheck,
                                .label = result_.failure->check,
                                .key = result_.failure->about_key,
                                .message = result_.failure->about_message,
                                .value = 1,
                                .text = result_.failure->message});
    } else {
      world_.recorder().Record({.kind = EventKind::kCheck, .label = "all checks"});
    }
    Count();
    prober.Kill();
    TearDown();
  }

 private:
  void Phase(std::string_view name) { world_.recorder().Record({.kind = EventKind::kPhase, .label = name}); }

  std::string Pending() const {
    for (const Call& call : history_) {
      if (call.outcome == Call::Outcome::kPending) return StrCat(call.method, " ", call.target, " of ", world_.NameOf(call.client));
    }
    return "a client";
  }

  std::string AnsweredTwice() const {
    for (const auto& client : clients_) {
      if (client->unasked_for() > 0) return client->name();
    }
    return "";
  }

  // The trouble of a strike is over when the last one that it may have kept waiting has given up.
  std::vector<Trouble> Troubles() const {
    std::vector<Trouble> troubles;
    const Duration grace = scenario_.limits.request_time + scenario_.limits.request_time;
    for (const Faults::Struck& struck : world_.faults().struck())
      troubles.push_back({struck.begin, struck.end + grace, struck.site != &kProcessStop});
    return troubles;
  }

  void Count() {
    result_.operations.resize(scenario_.operations.size());
    for (const Call& call : history_) {
      OperationCount& count = result_.operations[call.operation];
      ++count.calls;
      if (call.phase == Call::Phase::kSafety) ++result_.safety_requests;
      if (call.outcome == Call::Outcome::kAcknowledged) ++count.acknowledged;
      if (call.status != 0 && call.status != 404 && call.status < 500) ++count.answered;
    }
    result_.requests = history_.size();
    result_.entered = ledger_.entered;
  }

  // What the nodes have counted; complete when all of them are down.
  void CountEntries() {
    result_.entry_points = ledger_.entry_points;
    result_.entries = ledger_.entries;
  }

  void TearDown() {
    for (const auto& client : clients_) client->Kill();
    for (const auto& machine : machines_) {
      machine->Crash(CrashKind::kProcess);
      EDGE_CHECK_OK(machine->WaitDown());
    }
    for (const auto& service : services_) service->Stop();
    CountEntries();
  }

  const RunSubject& subject_;
  const Scenario& scenario_;
  World& world_;
  RunResult& result_;
  Fabric fabric_;
  NodeLedger ledger_;
  History history_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<AppNode>> nodes_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<ServiceActor>> services_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<uint32_t> weights_;
};

}  // namespace

RunResult RunScenario(const RunSubject& subject, const RunOptions& options, Strategy& strategy) {
  RunResult result;
  WorldOptions world_options;
  world_options.keep = options.keep;
  world_options.limits = options.limits;
  world_options.faults.contract = options.contract;
  world_options.faults.plan = options.plan;
  world_options.faults.safety_phase = subject.scenario.safety;
  auto world = std::make_unique<World>(strategy, world_options);
  world->recorder().StopAt(options.stop_at_event);
  auto stage = std::make_unique<Stage>(subject, *world, result);
  const absl::Status ran = world->Run([&] { stage->Play(); });
  if (!ran.ok()) result.status = ran;

  Recorder& recorder = world->recorder();
  result.hash = recorder.hash();
  result.events = recorder.events();
  result.start = world->start();
  result.turns = world->turns();
  result.virtual_time = world->now() - world->start();
  result.faults = world->faults().injected();
  result.decisions = world->oracle().decisions();
  result.checkpoints = recorder.checkpoints();
  result.actors = recorder.actors();
  result.journal = recorder.journal();
  if (ran.ok()) {
    stage.reset();
  } else {
    // Fibers are still suspended in there.
    static_cast<void>(stage.release());
    World::Abandon(std::move(world));
  }
  return result;
}

}  // namespace edge::sim
