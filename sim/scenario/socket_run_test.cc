// WebSockets in whole simulated runs: an object with hibernating sockets, clients that come and go, faults, and platforms that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "runtime/base/str_cat.h"
#include "runtime/worker/plants.h"
#include "sim/fault/model.h"
#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/scenario/run.h"
#include "sim/shrink/shrink.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;

// A room in ES5: whatever is said is told to everybody, with the name that the socket's attachment has; `message` is what it does with it.
std::string Room(const std::string& on_message) {
  return R"((function (edge) {
    function Room(state) { this.state = state; state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong')); }
    Room.prototype.fetch = function (request) {
      var pair = new WebSocketPair();
      var name = new URL(request.url).searchParams.get('name');
      this.state.acceptWebSocket(pair[1], [name]);
      pair[1].serializeAttachment({ name: name });
      return new Response(null, { status: 101, webSocket: pair[0] });
    };
    Room.prototype.tell = function (text) { this.state.getWebSockets().forEach(function (each) { each.send(text); }); };
    Room.prototype.webSocketMessage = function (socket, data) {
      var id = JSON.parse(data).id, room = this;
      var said = JSON.stringify({ said: { id: id, by: socket.deserializeAttachment().name, tag: this.state.getTags(socket)[0] } });
      )" +
         on_message + R"(
    };
    Room.prototype.webSocketClose = function (socket, code) { try { socket.close(code); } catch (e) {} };
    var handler = { fetch: function (request, env) { return env.ROOM.get(env.ROOM.idFromName('room')).fetch(request); } };
    return { get 'default'() { return handler; }, get Room() { return Room; } };
  }))";
}

constexpr char kTellAll[] = "this.tell(said);";

RunSubject SubjectOf(const std::string& script) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "test";
  code->script = script;
  code->object_classes = {{.name = "Room", .space = "test/Room"}};
  code->object_bindings = {{.name = "ROOM", .class_name = "Room", .script_name = ""}};
  RunSubject subject;
  subject.codes = {std::move(code)};
  absl::StatusOr<Scenario> scenario = ParseScenario(R"({
    "name": "test", "clients": 3, "requests_per_client": 0,
    "sockets": [{
      "name": "room", "path": "/room?name=${client}", "messages_per_client": 8, "id": "id", "delivered": "said.id",
      "messages": [{"name": "say", "text": "{\"id\": \"${uuid}\"}", "weight": 6}, {"name": "ping", "text": "ping", "answer": "pong"},
                   {"name": "leave", "close": 4001}, {"name": "vanish", "vanish": true}]
    }],
    "checks": [{"kind": "delivered", "name": "all hear all", "socket": "room"},
               {"kind": "unique", "name": "who", "operation": "say", "fields": ["id"]},
               {"kind": "status", "name": "opens", "operation": "room", "statuses": [101, 500, 503]}]
  })",
                                                    "test");
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  subject.scenario = *std::move(scenario);
  return subject;
}

RunOptions Quiet() {
  RunOptions options;
  options.plan = FaultOptions::Plan::kNone;
  return options;
}

std::string FailureOf(const RunResult& result) {
  if (!result.status.ok()) return std::string(result.status.message());
  return result.failure.has_value() ? result.failure->check + ": " + result.failure->message : "";
}

size_t CountLabel(const RunResult& result, std::string_view label, ActorKind kind) {
  size_t count = 0;
  for (const Event& event : result.journal) {
    if (event.label == label && result.actors[static_cast<size_t>(event.actor)].kind == kind) ++count;
  }
  return count;
}

TEST(SocketRun, ClientsOpenSaySomethingAndHearIt) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  RunOptions options = Quiet();
  options.keep = Keep::kJournal;
  std::vector<uint64_t> calls(CountOperations(subject.scenario));
  size_t said = 0;
  size_t heard = 0;
  size_t ended = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const RunResult result = RunScenario(subject, options, *StrategyFor(seed));

    EXPECT_EQ(FailureOf(result), "");
    for (size_t i = 0; i < calls.size(); ++i) {
      calls[i] += result.operations[i].calls;
      EXPECT_EQ(result.operations[i].calls, result.operations[i].answered) << OperationName(subject.scenario, i);
    }
    said += CountLabel(result, "websocket.send", ActorKind::kClient);
    heard += CountLabel(result, "websocket.message", ActorKind::kClient);
    ended += CountLabel(result, "websocket.end", ActorKind::kClient);
  }

  for (size_t i = 0; i < calls.size(); ++i) EXPECT_GT(calls[i], 0u) << OperationName(subject.scenario, i);
  EXPECT_GT(said, 50u);
  EXPECT_GT(heard, said);
  EXPECT_GT(ended, 20u);
}

TEST(SocketRun, FaultsDoNotMakeAGoodRoomFail) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  for (uint64_t seed = 1; seed <= 60; ++seed) EXPECT_EQ(FailureOf(RunScenario(subject, {}, *StrategyFor(seed))), "") << seed;
}

TEST(SocketRun, WebSocketDropStrikesAndBothEndsHearOfIt) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  uint64_t drops = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RunOptions options;
    options.plan = FaultOptions::Plan::kOnly;
    options.only = {&kWebSocketDrop};
    options.keep = Keep::kJournal;

    const RunResult result = RunScenario(subject, options, *StrategyFor(seed));

    EXPECT_EQ(FailureOf(result), "");
    const auto struck = result.sites.find(kWebSocketDrop.name());
    if (struck == result.sites.end()) continue;
    drops += struck->second;
    size_t lost = 0;
    for (const Event& event : result.journal) lost += event.label == "websocket.end" && event.text.starts_with("lost, 1006") ? 1 : 0;
    EXPECT_GT(lost, 0u);
    EXPECT_LE(lost, struck->second);
  }
  EXPECT_GT(drops, 5u);
}

TEST(SocketRun, SocketsOutliveHibernation) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  uint64_t naps = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RunOptions options;
    options.plan = FaultOptions::Plan::kOnly;
    options.only = {&kObjectHibernate};
    options.keep = Keep::kJournal;

    const RunResult result = RunScenario(subject, options, *StrategyFor(seed));

    EXPECT_EQ(FailureOf(result), "");
    if (const auto struck = result.sites.find(kObjectHibernate.name()); struck != result.sites.end()) naps += struck->second;
    for (const Event& event : result.journal) EXPECT_FALSE(event.label == "websocket.end" && event.text.starts_with("lost")) << event.text;
  }
  EXPECT_GT(naps, 5u);
}

TEST(SocketRun, TheSameSeedIsTheSameRunAndItsDecisionsReproduceIt) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const RunResult first = RunScenario(subject, {}, *StrategyFor(seed));
    const RunResult second = RunScenario(subject, {}, *StrategyFor(seed));
    ReplayStrategy replay(first.decisions, ReplayStrategy::Match::kSameRun);
    const RunResult third = RunScenario(subject, {}, replay);

    EXPECT_EQ(first.hash, second.hash) << seed;
    EXPECT_EQ(first.hash, third.hash) << seed;
    EXPECT_FALSE(replay.departed());
  }
}

// Answers one choice with the mildest value, whatever the seed says.
class Without final : public Strategy {
 public:
  Without(Strategy& inner, std::string_view point, Key key) : inner_(inner), point_(point), key_(key) {}
  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
    return point.name == point_ && key == key_ ? distribution.mildest() : inner_.Draw(point, key, distribution);
  }
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override { return inner_.Pick(point, candidates); }
  std::string_view name() const override { return "without"; }

 private:
  Strategy& inner_;
  const std::string point_;
  const Key key_;
};

// What clients other than `client` chose: point, key and value.
std::set<std::tuple<std::string, Key, int64_t>> ChoicesOfOthers(const RunResult& result, ActorId client) {
  std::set<std::tuple<std::string, Key, int64_t>> choices;
  for (const Decision& decision : result.decisions) {
    const bool of_client = result.actors[static_cast<size_t>(decision.actor)].kind == ActorKind::kClient;
    if (!of_client || decision.actor == client || decision.point->kind == DecisionKind::kSchedule) continue;
    choices.emplace(decision.point->name, decision.key, decision.value);
  }
  return choices;
}

TEST(SocketRun, ADropThatDoesNotStrikeChangesNothingThatOtherClientsChoose) {
  const RunSubject subject = SubjectOf(Room(kTellAll));
  size_t compared = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RunOptions options;
    options.plan = FaultOptions::Plan::kOnly;
    options.only = {&kWebSocketDrop};
    options.keep = Keep::kJournal;
    const RunResult whole = RunScenario(subject, options, *StrategyFor(seed));
    for (size_t i = 0; i < whole.journal.size(); ++i) {
      if (whole.journal[i].kind != EventKind::kFault) continue;
      size_t lost = i;
      while (lost < whole.journal.size() && !whole.journal[lost].text.starts_with("lost, 1006")) ++lost;
      if (lost == whole.journal.size()) continue;
      const std::unique_ptr<Strategy> seeded = StrategyFor(seed);
      Without without(*seeded, kWebSocketDrop.name(), whole.journal[i].key);
      const RunResult less = RunScenario(subject, options, without);
      const ActorId client = whole.journal[lost].actor;

      for (const Decision& decision : less.decisions) {
        EXPECT_FALSE(decision.point->name == kWebSocketDrop.name() && decision.key == whole.journal[i].key);
      }
      EXPECT_EQ(ChoicesOfOthers(whole, client), ChoicesOfOthers(less, client)) << seed;
      ++compared;
      break;
    }
  }
  EXPECT_GT(compared, 3u);
}

// --- what is wrong is found ---

// The check that finds it without any fault, and what it says.
std::string FoundIn(const std::string& on_message) {
  const RunSubject subject = SubjectOf(Room(on_message));
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RunResult result = RunScenario(subject, Quiet(), *StrategyFor(seed));
    if (!FailureOf(result).empty()) return FailureOf(result);
  }
  return "";
}

TEST(SocketRun, ARoomThatForgetsSomebodyIsFound) {
  EXPECT_THAT(FoundIn("this.state.getWebSockets().forEach(function (each) { if (each === socket || id < '8') each.send(said); });"),
              testing::AllOf(HasSubstr("all hear all"), HasSubstr("has never come to the socket of client")));
}

TEST(SocketRun, ARoomThatRepeatsItselfIsFound) {
  EXPECT_THAT(FoundIn("this.tell(said); if (id < '2') this.tell(said);"), HasSubstr("has come twice to the socket of client"));
}

TEST(SocketRun, ARoomThatMixesTheOrderIsFound) {
  // What is said is told with the next message, after it.
  EXPECT_THAT(
      FoundIn("var before = this.before; this.before = said; if (before) { this.before = null; this.tell(said); this.tell(before); }"),
      testing::AnyOf(HasSubstr("was said after"), HasSubstr("has never come to")));
}

TEST(SocketRun, ARoomThatDoesNotListenIsFound) {
  RunSubject subject = SubjectOf(Room("if (id < '8') this.tell(said);"));
  subject.scenario.checks.push_back({.kind = CheckSpec::Kind::kAnswered, .name = "heard", .socket = "room"});
  std::string failure;
  for (uint64_t seed = 1; seed <= 20 && failure.empty(); ++seed) failure = FailureOf(RunScenario(subject, Quiet(), *StrategyFor(seed)));
  EXPECT_THAT(failure, testing::AllOf(HasSubstr("heard"), HasSubstr("was never acknowledged")));
}

TEST(SocketRun, AMessageThatIsNeverAcknowledgedIsPending) {
  RunSubject subject = SubjectOf(Room("if (id < '8') this.tell(said);"));
  subject.scenario.sockets[0].resends = true;
  subject.scenario.limits.liveness = Duration::Seconds(30);
  std::string failure;
  for (uint64_t seed = 1; seed <= 20 && failure.empty(); ++seed) failure = FailureOf(RunScenario(subject, Quiet(), *StrategyFor(seed)));
  EXPECT_THAT(failure, testing::AllOf(HasSubstr("liveness.pending"), HasSubstr("say {"), HasSubstr("was still not over")));
}

TEST(SocketRun, AFailureIsShrunkToFewMessages) {
  const RunSubject subject = SubjectOf(Room("this.tell(said); if (id < '2') this.tell(said);"));
  uint64_t seed = 1;
  RunResult failing = RunScenario(subject, {}, *StrategyFor(seed));
  while (!failing.failure.has_value() && seed < 50) failing = RunScenario(subject, {}, *StrategyFor(++seed));
  ASSERT_TRUE(failing.failure.has_value());

  const auto try_with = [&](std::span<const Decision> decisions) {
    ReplayStrategy replay(decisions, ReplayStrategy::Match::kAligned);
    RunResult result = RunScenario(subject, {}, replay);
    return Outcome{.failed = result.failure.has_value(),
                   .signature = result.failure.has_value() ? result.failure->Signature() : std::string(),
                   .hash = result.hash,
                   .used = std::move(result.decisions),
                   .cost = result.virtual_time};
  };
  const absl::StatusOr<ShrinkResult> shrunk = Shrink(
      failing.decisions, failing.failure->Signature(), try_with, [] { return false; }, [](const ShrinkProgress&) {});

  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  // A socket, and a message on it.
  EXPECT_LE(shrunk->after.requests, 2u);
  EXPECT_GT(shrunk->before.requests, 10u);
  EXPECT_EQ(shrunk->after.faults, 0u);
}

}  // namespace
}  // namespace edge::sim
