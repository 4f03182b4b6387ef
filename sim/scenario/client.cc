#include "sim/scenario/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "sim/scenario/checks.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kOperationPoint("workload.request", DecisionKind::kWorkload);
constexpr DecisionPoint kMomentPoint("workload.moment", DecisionKind::kDelay);

// Nodes are up by then.
constexpr Duration kLeadIn = Duration::Milliseconds(100);
// Sockets stay open for a while when the safety phase is over: what is said at its end is heard.
constexpr Duration kSocketsStay = Duration::Seconds(5);
// Between questions whether something has settled that a wrong calendar has put off.
constexpr Duration kSeldom = Duration::Seconds(30);

}  // namespace

Client::Client(World& world, Fabric& fabric, const Scenario& scenario, const std::string& name, const std::vector<Endpoint>& nodes,
               History& history, SocketHistory& sockets)
    : world_(world),
      scenario_(scenario),
      actor_(world.recorder().AddActor(name, ActorKind::kClient)),
      domain_(world.scheduler(), name),
      network_(fabric, name, actor_, &domain_),
      nodes_(nodes),
      history_(history),
      sockets_(sockets),
      caller_(world, network_, actor_, scenario, nodes, history),
      key_(StableHash(name)) {
  world_.Announce(&domain_, actor_);
}

Client::~Client() { world_.Retire(&domain_); }

void Client::Kill() {
  domain_.Crash();
  EDGE_CHECK_OK(domain_.Wait());
}

Key Client::SessionKey(size_t plan) const { return CombineHash(key_, StableHash(scenario_.sockets[plan].name)); }

SocketSession& Client::NewSession(size_t plan, Call::Phase phase) {
  const SocketSession::Place place = {world_, network_, actor_, scenario_, nodes_, history_, sockets_};
  sessions_.push_back(std::make_unique<SocketSession>(place, plan, SessionKey(plan), phase));
  return *sessions_.back();
}

void Client::Start(uint32_t number, const Workload& workload) {
  EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(key_, &domain_, "client", [this, &workload] { Work(workload); }));
  for (size_t plan = 0; plan < scenario_.sockets.size(); ++plan) {
    if (number >= scenario_.sockets[plan].clients || !workload.used[SocketOperation(scenario_, plan)]) continue;
    SocketSession& session = NewSession(plan, Call::Phase::kSafety);
    EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(SessionKey(plan), &domain_, "client socket",
                                                [this, plan, &session, &workload] { KeepSocket(plan, session, workload); }));
  }
}

// The n-th request has its own stretch of the safety phase, whatever became of the ones before, and most begin early in it: clients meet.
void Client::Work(const Workload& workload) {
  const int64_t stretch = scenario_.safety.ToNanoseconds() / std::max<int64_t>(1, scenario_.requests_per_client);
  for (uint32_t number = 0; number < scenario_.requests_per_client; ++number) {
    const Key key = CombineHash(key_, number);
    const int64_t operation = world_.oracle().Draw(kOperationPoint, actor_, key, Distribution::Weighted(workload.requests));
    if (operation == 0) continue;
    const Duration moment = world_.oracle().DrawDuration(kMomentPoint, actor_, key, Distribution::Tail(0, stretch));
    const Instant when = world_.start() + kLeadIn + Duration::Nanoseconds(stretch * number) + moment;
    if (!world_.scheduler().SleepUntil(when).ok()) return;
    caller_.Perform(static_cast<size_t>(operation - 1), key, Call::Phase::kSafety);
    if (!world_.scheduler().CheckAlive().ok()) return;
  }
}

// Its messages have stretches of their own, as requests have. That it is there at all is a choice, which a shrinker may take back.
void Client::KeepSocket(size_t plan_index, SocketSession& session, const Workload& workload) {
  constexpr std::array<uint32_t, 2> kAlways = {0, 1};
  const SocketPlan& plan = scenario_.sockets[plan_index];
  const Key session_key = SessionKey(plan_index);
  Oracle& oracle = world_.oracle();
  if (oracle.Draw(kOperationPoint, actor_, session_key, Distribution::Weighted(kAlways)) == 0) return;
  std::vector<uint32_t> weights = {0};
  uint64_t total = 0;
  for (size_t i = 0; i < plan.messages.size(); ++i) {
    weights.push_back(workload.used[MessageOperation(scenario_, plan_index, i)] ? plan.messages[i].weight : 0);
    total += weights.back();
  }
  if (total == 0) weights[0] = 1;
  std::vector<SocketSession::Step> steps;
  const int64_t stretch = scenario_.safety.ToNanoseconds() / std::max<int64_t>(1, plan.messages_per_client);
  for (uint32_t number = 0; number < plan.messages_per_client; ++number) {
    const Key key = CombineHash(session_key, number);
    const int64_t message = oracle.Draw(kOperationPoint, actor_, key, Distribution::Weighted(weights));
    if (message == 0) continue;
    const Duration moment = oracle.DrawDuration(kMomentPoint, actor_, key, Distribution::Tail(0, stretch));
    steps.push_back({world_.start() + kLeadIn + Duration::Nanoseconds(stretch * number) + moment, static_cast<size_t>(message - 1), key});
  }
  const Duration first = oracle.DrawDuration(kMomentPoint, actor_, session_key, Distribution::Tail(0, stretch));
  if (!world_.scheduler().SleepUntil(world_.start() + kLeadIn + first).ok()) return;
  session.Run(std::move(steps), world_.start() + scenario_.safety + kSocketsStay);
}

void Client::StartProbe(Duration ahead) {
  EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(key_, &domain_, "probe", [this, ahead] {
    // Messages first: a request that counts them or looks for them at the end has to find them.
    for (size_t plan = 0; plan < scenario_.sockets.size(); ++plan) {
      std::vector<SocketSession::Step> steps;
      for (size_t i = 0; i < scenario_.sockets[plan].messages.size(); ++i) {
        if (scenario_.sockets[plan].messages[i].sends()) steps.push_back({world_.now(), i, CombineHash(SessionKey(plan), i)});
      }
      NewSession(plan, Call::Phase::kProbe).Run(std::move(steps), world_.now());
      if (!world_.scheduler().CheckAlive().ok()) return;
    }
    for (size_t i = 0; i < scenario_.operations.size(); ++i) {
      caller_.Perform(i, CombineHash(key_, i), Call::Phase::kProbe);
    }
    for (const CheckSpec& check : scenario_.checks) {
      if (check.kind == CheckSpec::Kind::kSettles && !AskUntilSettled(check, ahead)) return;
    }
  }));
}

// Asks for the time of the liveness phase, once a second, then less often, and `ahead` longer. False: the client is gone. MAY SUSPEND.
bool Client::AskUntilSettled(const CheckSpec& check, Duration ahead) {
  size_t operation = 0;
  while (scenario_.operations[operation].name != check.operation) ++operation;
  const Instant usually = world_.now() + scenario_.limits.liveness;
  const Instant until = usually + ahead;
  for (uint64_t attempt = 0;; ++attempt) {
    const Key key = CombineHash(CombineHash(key_, StableHash(check.name)), attempt);
    const size_t call = caller_.Perform(operation, key, Call::Phase::kProbe);
    if (!world_.scheduler().CheckAlive().ok()) return false;
    if (NumberIn(history_[call].body, check.fields) == check.equals || world_.now() >= until) return true;
    if (!world_.scheduler().SleepFor(world_.now() < usually ? Duration::Seconds(1) : kSeldom).ok()) return false;
  }
}

}  // namespace edge::sim
