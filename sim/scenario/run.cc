#include "sim/scenario/run.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/cron/cron_expression.h"
#include "runtime/fiber/event.h"
#include "sim/fault/model.h"
#include "sim/machine/episode_driver.h"
#include "sim/network/fabric.h"
#include "sim/scenario/app_node.h"
#include "sim/scenario/client.h"

namespace edge::sim {
namespace {

constexpr Duration kStartTime = Duration::Seconds(60);
// A node that stops gives its requests and their waitUntil work half a minute each.
constexpr Duration kStopTime = Duration::Seconds(90);

constexpr Duration kSettleTime = Duration::Seconds(2);
// An alarm may be late by a minute, and a run that the platform's faults have ended is tried again after some more.
constexpr Duration kAlarmTime = Duration::Seconds(240);
// A cron trigger that is due later is not waited for.
constexpr Duration kCronTime = Duration::Seconds(120);
constexpr Duration kCronGrace = Duration::Seconds(3);
// A message that is due later is not waited for; one that is due by then may be tried again several times, and a calendar that was ahead
// may have made it due later.
constexpr Duration kQueueAhead = Duration::Seconds(120);
constexpr Duration kQueueTime = Duration::Seconds(420);
constexpr Duration kQueueQuiet = Duration::Seconds(120);
constexpr Duration kAlarmGrace = Duration::Seconds(2);

// Everything of one run that lives inside the world.
class Stage {
 public:
  Stage(const RunSubject& subject, World& world, RunResult& result)
      : subject_(subject), scenario_(subject.scenario), world_(world), result_(result), fabric_(world, {}), ledger_(world) {
    for (uint32_t i = 0; i < scenario_.nodes; ++i) {
      machines_.push_back(std::make_unique<Machine>(world_, fabric_, StrCat("node", i + 1)));
      nodes_.push_back(std::make_unique<AppNode>(world_, *machines_.back(), subject.codes, subject.nursery, ledger_, subject.tamper));
      endpoints_.push_back({machines_.back()->name(), AppNode::kPort});
    }
    for (const Service& service : scenario_.services) services_.push_back(std::make_unique<ServiceActor>(world_, fabric_, service));
    for (uint32_t i = 0; i < scenario_.clients; ++i) {
      clients_.push_back(std::make_unique<Client>(world_, fabric_, scenario_, StrCat("client", i + 1), endpoints_, history_, sockets_));
    }
    // Swarm: an operation that this run leaves out has no weight. Index 0 is "no request", the mildest.
    const size_t operations = CountOperations(scenario_);
    for (size_t i = 0; i < operations; ++i) workload_.used.push_back(world_.faults().UsesOperation(i, operations));
    workload_.requests.push_back(0);
    uint64_t total = 0;
    for (size_t i = 0; i < scenario_.operations.size(); ++i) {
      workload_.requests.push_back(workload_.used[i] ? scenario_.operations[i].weight : 0);
      total += workload_.requests.back();
    }
    if (total == 0) workload_.requests[0] = 1;
  }

  // Why it cannot be played.
  absl::Status Check() const {
    if (scenario_.nodes > 1 && worker::NeedStore(subject_.codes)) {
      return absl::InvalidArgumentError(
          StrCat(scenario_.name,
                 " has Durable Objects, KV, queues or cron triggers, which live on one node in this version: its scenario may not ask for ",
                 scenario_.nodes, " nodes"));
    }
    return absl::OkStatus();
  }

  void Play() {
    if (result_.status = Check(); !result_.status.ok()) return;
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
    for (uint32_t i = 0; i < clients_.size(); ++i) clients_[i]->Start(i, workload_);
    const Instant safety_end = world_.start() + scenario_.safety;
    for (const auto& client : clients_) static_cast<void>(client->Wait(safety_end).ok());
    EDGE_CHECK_OK(world_.scheduler().SleepUntil(safety_end));

    Phase("heal");
    EDGE_CHECK_OK(driver.Heal());
    for (const auto& node : nodes_) {
      if (absl::Status serving = node->WaitUntilServing(world_.now() + kStartTime); !serving.ok()) {
        ledger_.problems.push_back(StrCat(node->machine().name(), " does not serve after healing: ", FromAbsl(serving.message())));
      }
    }

    // What failed right before has been given up by then: a disk that was full is looked at once a second.
    EDGE_CHECK_OK(world_.scheduler().SleepFor(kSettleTime));

    Phase("liveness");
    const Instant liveness_end = world_.now() + scenario_.limits.liveness;
    Client prober(world_, fabric_, scenario_, "prober", endpoints_, history_, sockets_);
    bool missed = false;
    Instant stopping_from = Instant::Infinite();
    for (const auto& client : clients_) missed = !client->Wait(liveness_end).ok() || missed;
    std::string pending;
    if (missed) pending = Pending();
    if (!missed) {
      Duration ahead;
      for (const auto& machine : machines_) ahead = std::max(ahead, machine->ahead_max());
      prober.StartProbe(ahead);
      int64_t probe_time = scenario_.limits.probe_time.ToNanoseconds() * static_cast<int64_t>(CountOperations(scenario_) + 1);
      for (const CheckSpec& check : scenario_.checks) {
        if (check.kind == CheckSpec::Kind::kSettles)
          probe_time += (scenario_.limits.liveness + ahead + scenario_.limits.probe_time).ToNanoseconds();
      }
      if (!prober.Wait(world_.now() + Duration::Nanoseconds(probe_time)).ok()) {
        missed = true;
        pending = Pending();
      }
    }
    if (!missed) WaitForAlarms();
    if (!missed) WaitForCrons();
    if (!missed) WaitForQueues();
    if (!missed) {
      Phase("stop");
      stopping_from = world_.now();
      for (const auto& node : nodes_) {
        if (!node->StopGracefully(world_.now() + kStopTime).ok()) {
          ledger_.problems.push_back(StrCat(node->machine().name(), " did not stop within ", kStopTime.ToSeconds(), " s"));
        }
      }
    }

    for (const auto& node : nodes_) node->LeaveDown();
    for (const auto& node : nodes_) {
      if (!missed && node->machine().down()) node->LookAtState();
    }

    Phase("checks");
    std::vector<const ServiceActor*> services;
    for (const auto& service : services_) services.push_back(service.get());
    result_.failure = RunChecks({.world = world_,
                                 .scenario = scenario_,
                                 .history = history_,
                                 .sockets = &sockets_,
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
      troubles.push_back({struck.begin, struck.end + grace, struck.site != &kProcessStop, struck.site->family == FaultFamily::kDisk});
    return troubles;
  }

  void Count() {
    result_.operations.resize(CountOperations(scenario_));
    for (const Call& call : history_) {
      OperationCount& count = result_.operations[call.operation];
      ++count.calls;
      if (call.phase == Call::Phase::kSafety) ++result_.safety_requests;
      if (call.outcome == Call::Outcome::kAcknowledged) ++count.acknowledged;
      // What is said on a socket may have no answer.
      const bool said = call.status == 0 && call.outcome == Call::Outcome::kAnswered;
      if (said || (call.status != 0 && call.status != 404 && call.status < 500)) ++count.answered;
    }
    result_.requests = history_.size();
    result_.entered = ledger_.entered;
  }

  // What the nodes have counted; complete when all of them are down.
  void CountEntries() {
    result_.entry_points = ledger_.entry_points;
    result_.entries = ledger_.entries;
  }

  // Alarms that are due have to begin.
  void WaitForAlarms() {
    const Instant until = world_.now() + kAlarmTime;
    for (const auto& node : nodes_) {
      const auto soon = [&] { return node->WallNow() + (Duration::Zero() - kAlarmGrace); };
      while (!ledger_.objects.Overdue(soon()).empty() && world_.now() < until) {
        EDGE_CHECK_OK(world_.scheduler().SleepFor(Duration::Seconds(1)));
      }
      if (world_.now() >= until) ledger_.objects.CheckOverdue(node->WallNow() + (Duration::Zero() - kAlarmTime));
    }
  }

  // What a cron trigger is due for soon, now that everything is well, has to be started when it is.
  void WaitForCrons() {
    // A calendar that was ahead may have seen to it before.
    if (world_.faults().injected()[static_cast<size_t>(FaultFamily::kClock)] > 0) return;
    for (const auto& code : subject_.codes) {
      for (const std::string& text : code->crons) WaitForCron(code->name, text);
    }
  }
  void WaitForCron(const std::string& worker, const std::string& text) {
    {
      const absl::StatusOr<cron::CronExpression> expression = cron::CronExpression::Parse(text);
      EDGE_CHECK_OK(expression.status());
      for (const auto& node : nodes_) {
        const WallTime due = expression->Next(node->WallNow());
        if (due - node->WallNow() > kCronTime) continue;
        EDGE_CHECK_OK(world_.scheduler().SleepFor(due - node->WallNow() + kCronGrace));
        if (!ledger_.crons.Started(worker, text, due)) {
          ledger_.crons.Fail(StrCat("every fault was healed, but the cron trigger \"", text, "\" was not started when it was due"));
        }
      }
    }
  }

  // What was sent has to be finished with: acked, dead-lettered or dropped.
  void WaitForQueues() {
    std::set<std::string> consumed;
    for (const auto& code : subject_.codes) {
      for (const worker::QueueConsumer& consumer : code->queue_consumers) {
        if (consumer.type == worker::QueueConsumer::Type::kPush) consumed.insert(consumer.queue);
      }
    }
    if (consumed.empty()) return;
    for (const auto& node : nodes_) {
      const WallTime calendar = node->WallNow() + kQueueAhead;
      const Instant until = world_.now() + kQueueTime;
      while (ledger_.queues.Unfinished(consumed, calendar) > 0 && world_.now() < until) {
        EDGE_CHECK_OK(world_.scheduler().SleepFor(Duration::Seconds(1)));
      }
      if (world_.now() >= until) ledger_.queues.CheckForgotten(consumed, calendar, kQueueQuiet);
    }
  }

  void TearDown() {
    for (const auto& node : nodes_) node->LeaveDown();
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
  SocketHistory sockets_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<AppNode>> nodes_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<ServiceActor>> services_;
  std::vector<std::unique_ptr<Client>> clients_;
  Workload workload_;
};

}  // namespace

RunResult RunScenario(const RunSubject& subject, const RunOptions& options, Strategy& strategy) {
  RunResult result;
  WorldOptions world_options;
  world_options.keep = options.keep;
  world_options.limits = options.limits;
  world_options.faults.contract = options.contract;
  world_options.faults.plan = options.plan;
  world_options.faults.only = options.only;
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
  for (const Faults::Struck& struck : world->faults().struck()) ++result.sites[struck.site->name()];
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
