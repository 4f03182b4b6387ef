// ToyRun: a small world of fibers for tests of strategies: clients that draw, sleep, race for a counter and wake each other.
//
// Nothing of it is a causal relation between two clients, except that each even client hands over to the next odd one.
#ifndef EDGE_SIM_ORACLE_TOY_TESTING_H_
#define EDGE_SIM_ORACLE_TOY_TESTING_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/virtual_time.h"
#include "sim/oracle/oracle.h"

namespace edge::sim {

struct ToyOptions {
  uint64_t clients = 6;
  uint64_t requests = 12;  // of each
  // What is left out.
  std::optional<std::pair<uint64_t, uint64_t>> without_request;  // client, number
  std::optional<uint64_t> without_faults_of;                     // client
  bool log = true;
};

class ToyRun final : private TurnObserver {
 public:
  static constexpr DecisionPoint kLatency{"toy.latency", DecisionKind::kDelay};
  static constexpr DecisionPoint kFault{"toy.fault", DecisionKind::kFault};
  static constexpr DecisionPoint kKind{"toy.kind", DecisionKind::kWorkload};
  static constexpr DecisionPoint kTwice{"toy.twice", DecisionKind::kValue};

  ToyRun(Strategy& strategy, const ToyOptions& options)
      : options_(options),
        recorder_(time_, Keep::kJournal),
        oracle_(strategy, recorder_),
        order_(oracle_),
        scheduler_(time_, order_, time_) {
    time_.set_scheduler(&scheduler_);
    scheduler_.SetTurnObserver(this);
    for (uint64_t i = 0; i < options.clients; ++i) {
      actors_.push_back(recorder_.AddActor(StrCat("client", i), ActorKind::kClient));
      handed_over_.push_back(std::make_unique<edge::Event>(scheduler_));
    }
    for (uint64_t i = 0; i < options.clients; ++i) {
      EDGE_CHECK_OK(scheduler_.SpawnKeyed(KeyOf(i), nullptr, StrCat("client", i), [this, i] { Live(i); }));
    }
    scheduler_.Run();
    EDGE_CHECK(!time_.deadlocked());
  }

  const Oracle& oracle() const { return oracle_; }
  const Recorder& recorder() const { return recorder_; }
  uint64_t hash() const { return recorder_.hash(); }
  // Increments that were lost because two clients read the same value.
  uint64_t lost() const { return increments_ - counter_; }
  static Key KeyOf(uint64_t client) { return CombineHash(StableHash("toy.client"), client); }
  ActorId actor(uint64_t client) const { return actors_[client]; }

 private:
  void AfterTurn(const Turn& turn) override {
    recorder_.Record({.kind = EventKind::kTurn, .label = turn.label, .key = CombineHash(turn.key, turn.cause)});
  }

  void Live(uint64_t client) {
    for (uint64_t request = 0; request < options_.requests; ++request) {
      if (options_.without_request == std::pair(client, request)) continue;
      Request(client, CombineHash(KeyOf(client), request));
    }
    if (client % 2 == 0) {
      handed_over_[client]->Set();
    } else {
      EDGE_CHECK_OK(handed_over_[client - 1]->Wait());
    }
  }

  void Request(uint64_t client, Key key) {
    const ActorId actor = actors_[client];
    // A handful of lengths, so that many wake at one instant.
    const int64_t latency = oracle_.Draw(kLatency, actor, key, Distribution::Tail(1, 4));
    EDGE_CHECK_OK(scheduler_.SleepFor(Duration::Milliseconds(latency)));
    // Two draws of one key, from different distributions.
    const int64_t few = oracle_.Draw(kTwice, actor, key, Distribution::Uniform(0, 3));
    const int64_t many = oracle_.Draw(kTwice, actor, key, Distribution::Uniform(0, 99));
    recorder_.Record({.kind = EventKind::kRequest, .actor = actor, .label = "toy", .key = key, .value = few * 100 + many});
    if (options_.without_faults_of != client && oracle_.Chance(kFault, actor, key, {1, 10})) {
      recorder_.Record({.kind = EventKind::kFault, .actor = actor, .label = "toy.fault", .key = key});
      return;
    }
    if (options_.log && client == 0) recorder_.Record({.kind = EventKind::kLog, .actor = actor, .label = "log", .text = "hello"});
    constexpr uint32_t kKinds[] = {3, 2, 1};
    switch (oracle_.Draw(kKind, actor, key, Distribution::Weighted(kKinds))) {
      case 0:
        break;
      case 1: {  // the race
        const uint64_t read = counter_;
        EDGE_CHECK_OK(scheduler_.Yield());
        counter_ = read + 1;
        ++increments_;
        break;
      }
      case 2: {  // a fiber of its own
        edge::Event done(scheduler_);
        EDGE_CHECK_OK(scheduler_.Spawn("child", [this, &done] {
          EDGE_CHECK_OK(scheduler_.Yield());
          done.Set();
        }));
        EDGE_CHECK_OK(done.Wait());
        break;
      }
    }
  }

  const ToyOptions options_;
  VirtualTime time_;
  Recorder recorder_;
  Oracle oracle_;
  OracleOrder order_;
  Scheduler scheduler_;
  std::vector<ActorId> actors_;
  std::vector<std::unique_ptr<edge::Event>> handed_over_;
  uint64_t counter_ = 0;
  uint64_t increments_ = 0;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_TOY_TESTING_H_
