// What is taken out of a run changes only what it had to do with.
//
// A run is repeated from its seed with one thing taken out: a fault that struck, a request, or a line of the console. A choice is a hash
// of seed, point and causal key, so everything that had nothing to do with it must be as it was. What had to do with it is defined here on
// requests, from the journals of both runs, so that it does not depend on how keys are made:
//
//   touched: the removed request, or the one whose handling the removed fault struck; whoever used a connection that the fault struck;
//   whoever sent on a connection on which a touched request sent before (its numbers and its state are shared); and whoever could begin
//   only when a touched request of the same client was over; each in either run.
//
// An episode (crash, partition ...) touches everybody from its beginning on, and the heal is a barrier: what comes after it begins when all
// clients are done. A node crashes after one of its turns, and when it is asked to stop it is down when whoever it works for has been
// answered and its connections are closed: when something touched is among them, and it ends at another moment, everybody is touched from
// then on. Then:
//
//   1. a draw that both runs make, from the same distribution, has the same value;
//   2. all requests but the removed one are planned as they were: operation and moment;
//   3. untouched requests, overlapping or not, begin, end and fare exactly as they did, to the nanosecond;
//   4. a decision that only one of the runs made was made while a touched request was under way in one of them (of its client, if a
//      client made it), or about a connection that a touched request used, or among fibers of such connections that end at that moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/scenario/run.h"

namespace edge::sim {
namespace {

// What a request asks for is told to the service, so that the service's side of the journal can be told apart by requests.
constexpr char kBeforeLine[] =
    "var ray = request.headers.get('CF-Ray');"
    "var wait = 3 + Math.floor(Math.random() * 20);"
    "var plain = request.url.indexOf('/plain') >= 0;";
constexpr char kAfterLine[] =
    "return new Promise(function (resolve) {"
    "  setTimeout(function () {"
    "    console.log('after', wait, Math.random());"
    "    if (plain) return resolve(new Response('plain ' + wait));"
    "    fetch('http://outside.test/quote?of=' + ray).then(function (answer) { return answer.text(); }).then("
    "      function (text) { resolve(new Response(text + wait)); },"
    "      function (error) { resolve(new Response('no quote', { status: 502 })); });"
    "  }, wait);"
    "});";

RunSubject Subject(const std::string& line) {
  auto code = std::make_shared<worker::WorkerCode>();
  code->name = "test";
  code->script = StrCat("(function (edge) { var handler = { fetch: function (request, env, ctx) {", kBeforeLine, line, kAfterLine,
                        "} }; return { get 'default'() { return handler; } }; })");
  RunSubject subject;
  subject.codes = {std::move(code)};
  Scenario& scenario = subject.scenario;
  scenario.name = "causality";
  scenario.clients = 3;
  scenario.requests_per_client = 10;
  scenario.operations.push_back({.name = "GET /plain", .target = "/plain?n=${int:1..9}", .weight = 2});
  scenario.operations.push_back({.name = "GET /quote", .target = "/quote"});
  scenario.operations.push_back({.name = "POST /quote", .method = "POST", .target = "/quote?n=${int:1..9}", .body = "of ${client}"});
  scenario.services.push_back({.name = "outside.test", .routes = {{.method = "GET", .path = "/quote", .body = "a quote "}}});
  return subject;
}

// A place where a value is drawn.
struct Place {
  std::string_view point;
  Key key = 0;
  uint16_t shape = 0;
  auto operator<=>(const Place&) const = default;
};

// The seed, but for one thing. Remembers every draw, the mildest ones too.
class SeedWithoutOne final : public SeededStrategy {
 public:
  explicit SeedWithoutOne(uint64_t seed, std::string_view point = "", Key key = 0) : SeededStrategy(seed), point_(point), key_(key) {}

  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override {
    const bool removed = key == key_ && point.name == point_;
    const int64_t value = removed ? distribution.mildest() : SeededStrategy::Draw(point, key, distribution);
    if (!removed) draws_[{point.name, key, distribution.Fingerprint()}].insert(value);
    return value;
  }
  const std::map<Place, std::set<int64_t>>& draws() const { return draws_; }

 private:
  const std::string_view point_;
  const Key key_;
  std::map<Place, std::set<int64_t>> draws_;
};

struct Span {
  Instant begin;
  Instant end;
};

struct Send {
  Key link;
  Instant when;
};

// A request of a client with all its attempts, as the journal tells it.
struct Request {
  ActorId client = ActorId::kWorld;
  Span span;                       // of its client and of the node, which may be at it for longer
  Instant left;                    // by its client
  std::vector<Send> sends;         // on whatever connection, at either end
  std::vector<std::string> story;  // when it began, what became of it
};

struct Ran {
  RunResult result;
  std::map<Place, std::set<int64_t>> draws;
  std::map<Key, Request> requests;   // by Call::key
  std::map<uint64_t, Key> of_ray;    // attempt -> request
  std::map<Key, Key> link_of;        // message -> connection
  std::map<Key, Key> of_node_fiber;  // fiber that handled it -> request
  std::map<Key, Key> of_service;     // key of a request at the service -> request of a client
};

// The attempt that "...of=0123456789abcdef-SIM..." names.
std::optional<uint64_t> RayIn(std::string_view text) {
  const size_t at = text.find("of=");
  uint64_t ray = 0;
  if (at == std::string_view::npos || text.size() < at + 19) return std::nullopt;
  if (std::from_chars(text.data() + at + 3, text.data() + at + 19, ray, 16).ec != std::errc()) return std::nullopt;
  return ray;
}

void ReadJournal(Ran& ran) {
  std::map<ActorId, Key> under_way;  // client -> request
  std::map<Key, Key> link_user;      // connection to the service -> request it works for
  const auto request_of_ray = [&](uint64_t ray) -> Request* {
    const auto found = ran.of_ray.find(ray);
    return found == ran.of_ray.end() ? nullptr : &ran.requests[found->second];
  };
  for (const Event& event : ran.result.journal) {
    if (event.kind == EventKind::kSend || event.kind == EventKind::kClose || event.kind == EventKind::kConnect) {
      if (event.message != 0) ran.link_of[event.message] = event.key;
    }
    if (event.label == "http.request") {
      Request& request = ran.requests[event.key];
      if (request.story.empty()) request.span.begin = event.time;
      request.client = event.actor;
      request.story.push_back(StrCat("at ", event.time.ToNanoseconds(), " ", event.text));
      ran.of_ray[event.message] = event.key;
      under_way[event.actor] = event.key;
    } else if (event.label == "http.response") {
      Request& request = ran.requests[event.key];
      request.story.push_back(StrCat("at ", event.time.ToNanoseconds(), " ", event.value, " ", event.text));
      request.span.end = std::max(request.span.end, event.time);
      request.left = event.time;
    } else if (event.label == "node.request") {
      ran.of_node_fiber[event.key] = ran.of_ray[event.message];
    } else if (event.label == "node.response") {
      if (Request* const request = request_of_ray(event.message)) request->span.end = std::max(request->span.end, event.time);
    } else if (event.label == "service.request") {
      // A service may be at it for longer than both.
      if (const std::optional<uint64_t> ray = RayIn(event.text)) {
        ran.of_service[event.key] = ran.of_ray[*ray];
        if (Request* const request = request_of_ray(*ray)) request->span.end = std::max(request->span.end, event.time);
      }
    } else if (event.label == "service.response") {
      const auto request = ran.of_service.find(event.key);
      if (request != ran.of_service.end())
        ran.requests[request->second].span.end = std::max(ran.requests[request->second].span.end, event.time);
    } else if (event.kind == EventKind::kSend || (event.kind == EventKind::kConnect && event.label == "network.connect")) {
      // What a client sends belongs to its request; what a node sends to a service names it, and the answer comes on the same connection.
      const ActorKind kind = ran.result.actors[static_cast<size_t>(event.actor)].kind;
      const auto client = under_way.find(event.actor);
      if (kind == ActorKind::kClient && client != under_way.end()) {
        ran.requests[client->second].sends.push_back({event.key, event.time});
      } else if (const std::optional<uint64_t> ray = RayIn(event.note); ray.has_value()) {
        link_user[event.key] = ran.of_ray[*ray];
        ran.requests[ran.of_ray[*ray]].sends.push_back({event.key, event.time});
      }
    }
  }
}

Ran RunOf(const RunSubject& subject, uint64_t seed, std::string_view without = "", Key key = 0) {
  SeedWithoutOne strategy(seed, without, key);
  RunOptions options;
  options.keep = Keep::kJournal;
  Ran ran;
  ran.result = RunScenario(subject, options, strategy);
  EXPECT_TRUE(ran.result.status.ok()) << ran.result.status;
  ran.draws = strategy.draws();
  ReadJournal(ran);
  return ran;
}

// What a removal has to do with.
struct Touched {
  std::set<Key> requests;
  std::map<Key, Instant> links;       // since when
  Instant all = Instant::Infinite();  // everything from here on
};

bool GrowIn(const Ran& ran, Touched& touched) {
  bool grown = false;
  for (const auto& [key, request] : ran.requests) {
    const bool was = touched.requests.contains(key);
    bool is = was;
    for (const Send& send : request.sends) {
      const auto link = touched.links.find(send.link);
      is = is || (link != touched.links.end() && send.when >= link->second);
    }
    for (auto other = touched.requests.begin(); !is && other != touched.requests.end(); ++other) {
      const auto before = ran.requests.find(*other);
      is = before != ran.requests.end() && before->second.client == request.client && before->second.left == request.span.begin;
    }
    if (is && !was) {
      touched.requests.insert(key);
      grown = true;
    }
    if (!is) continue;
    for (const Send& send : request.sends) {
      const auto [link, added] = touched.links.emplace(send.link, send.when);
      if (!added && send.when >= link->second) continue;
      link->second = send.when;
      grown = true;
    }
  }
  return grown;
}

struct Removed {
  std::string_view point;  // empty: nothing
  Key key = 0;
  // Itself or its shape: "network.partition", "network.partition.begin" ...
  bool Is(std::string_view label, Key of) const { return !point.empty() && of == key && label.starts_with(point); }
};

struct Count {
  size_t removals = 0;
  size_t draws = 0;
  size_t plans = 0;
  size_t requests = 0;
  size_t overlapping = 0;  // of them: while a touched one was under way
  size_t touched = 0;
  size_t decisions = 0;
  size_t allowed = 0;  // decisions of one run only, by or near touched requests
  void Print(const char* what) const {
    std::printf(
        "%s: %zu removals; same: %zu draws, %zu plans, %zu requests (%zu while a touched one was under way; %zu were touched), "
        "%zu decisions (%zu changed near what was touched)\n",
        what, removals, draws, plans, requests, overlapping, touched, decisions, allowed);
  }
};

bool UnderWay(const Ran& ran, const Touched& touched, Instant when, std::optional<ActorId> client) {
  for (const Key key : touched.requests) {
    const auto found = ran.requests.find(key);
    if (found == ran.requests.end()) continue;
    const Request& request = found->second;
    if (client.has_value() && request.client != *client) continue;
    if (when >= request.span.begin && when <= request.span.end) return true;
  }
  return false;
}

constexpr std::string_view kSchedulePoint = "schedule.fiber";

bool IsPlanned(std::string_view point) { return point == "workload.request" || point == "workload.moment"; }

using Choice = std::tuple<int64_t, ActorId, std::string, Key, int64_t>;

std::multiset<Choice> ChoicesOf(const RunResult& result) {
  std::multiset<Choice> choices;
  for (const Event& event : result.journal) {
    if (event.kind != EventKind::kDecision || IsPlanned(event.label)) continue;
    choices.insert({event.time.ToNanoseconds(), event.actor, event.label, event.key, event.value});
  }
  return choices;
}

// Whether something happens on a touched connection at this very moment: its fibers are among those to choose from.
bool OnTouchedLink(const Ran& ran, const Touched& touched, Instant when) {
  return std::any_of(ran.result.journal.begin(), ran.result.journal.end(), [&](const Event& event) {
    return event.time == when && event.kind == EventKind::kClose && touched.links.contains(event.key);
  });
}

// Decisions of `one` that `other` does not make, but for those that may be.
void ExpectOnlyTouched(const Ran& one, const Ran& other, const Touched& touched, const Removed& removed, std::string_view about,
                       Count& count) {
  std::multiset<Choice> rest = ChoicesOf(other.result);
  for (const Choice& choice : ChoicesOf(one.result)) {
    const auto& [nanoseconds, actor, label, key, value] = choice;
    const auto same = rest.find(choice);
    if (same != rest.end()) {
      rest.erase(same);
      ++count.decisions;
      continue;
    }
    if (removed.Is(label, key)) continue;
    const Instant when = Instant::FromNanoseconds(nanoseconds);
    std::optional<ActorId> client;
    if (one.result.actors[static_cast<size_t>(actor)].kind == ActorKind::kClient) client = actor;
    const auto link = one.link_of.find(key);
    const Key connection = link == one.link_of.end() ? key : link->second;
    // How many were overtaken counts the fibers of touched connections that end just then, as all of a node's do when it crashes.
    const bool counts_touched = label == kSchedulePoint && (OnTouchedLink(one, touched, when) || OnTouchedLink(other, touched, when));
    if (when >= touched.all || touched.links.contains(connection) || UnderWay(one, touched, when, client) ||
        UnderWay(other, touched, when, client) || counts_touched) {
      ++count.allowed;
      continue;
    }
    ADD_FAILURE() << about << ": " << label << " = " << value << " of " << one.result.actors[static_cast<size_t>(actor)].name << " at +"
                  << (when - one.result.start).ToNanoseconds() << " ns, key " << key << ", is in one run only";
  }
}

// What an episode does may be decided a little before it is done: at which turn a node crashes.
Instant BeginOf(const Ran& run, const Event& episode) {
  for (const Event& event : run.result.journal) {
    if (event.kind == EventKind::kDecision && event.key == episode.key && event.label == StrCat(episode.label, ".detail")) {
      return std::min(event.time, episode.time);
    }
  }
  return episode.time;
}

// The end of a node, by a crash or because it was asked to stop.
struct End {
  ActorId node = ActorId::kWorld;
  Instant begin;   // from here on its turns decide when it comes
  Instant struck;  // crashed, asked
  Instant down = Instant::Infinite();
};

std::map<Key, End> EndsOf(const Ran& ran) {
  std::map<Key, End> ends;  // by episode
  for (const Event& event : ran.result.journal) {
    if (event.kind == EventKind::kFault &&
        (event.label == kProcessCrash.name() || event.label == kProcessPowerLoss.name() || event.label == kProcessStop.name())) {
      ends[event.key] = {.node = event.actor, .begin = BeginOf(ran, event), .struck = event.time};
    } else if (event.kind == EventKind::kLife && event.label == "down") {
      for (auto& [key, end] : ends) {
        if (end.node == event.actor && end.down.IsInfinite()) end.down = event.time;
      }
    }
  }
  return ends;
}

// Whether a node has to do with what is touched while it comes to its end.
bool MeetsTouched(const Ran& ran, const Touched& touched, const End& end) {
  for (const Key key : touched.requests) {
    const auto found = ran.requests.find(key);
    if (found != ran.requests.end() && found->second.span.begin <= end.down && found->second.span.end >= end.begin) return true;
  }
  return std::any_of(ran.result.journal.begin(), ran.result.journal.end(), [&](const Event& event) {
    if (event.time < end.begin || event.time > end.down || (event.actor != end.node && event.peer != end.node)) return false;
    if (event.kind != EventKind::kClose && event.kind != EventKind::kDeliver) return false;
    const auto link = touched.links.find(event.key);
    return link != touched.links.end() && link->second <= event.time;
  });
}

bool GrowByEnds(const Ran& was, const Ran& now, Touched& touched) {
  bool grown = false;
  const auto grow = [&](Instant since, const End& a, const End& b) {
    if (since >= touched.all || (!MeetsTouched(was, touched, a) && !MeetsTouched(now, touched, b))) return;
    touched.all = since;
    grown = true;
  };
  const std::map<Key, End> before = EndsOf(was);
  const std::map<Key, End> after = EndsOf(now);
  for (const auto& [key, end] : before) {
    const auto other = after.find(key);
    if (other == after.end()) {
      grow(end.struck, end, end);
    } else if (end.struck != other->second.struck) {
      grow(std::min(end.struck, other->second.struck), end, other->second);
    } else if (end.down != other->second.down) {
      grow(std::min(end.down, other->second.down), end, other->second);
    }
  }
  for (const auto& [key, end] : after) {
    if (!before.contains(key)) grow(end.struck, end, end);
  }
  return grown;
}

Instant HealOf(const Ran& ran) {
  for (const Event& event : ran.result.journal) {
    if (event.kind == EventKind::kPhase && event.label == "heal") return event.time;
  }
  return Instant::Infinite();
}

void Compare(const Ran& was, const Ran& now, Touched touched, const Removed& removed, std::string_view about, Count& count) {
  ++count.removals;
  if (!removed.point.empty()) touched.all = std::min({touched.all, HealOf(was), HealOf(now)});
  while (GrowIn(was, touched) || GrowIn(now, touched) || GrowByEnds(was, now, touched)) {
  }
  for (const auto& [place, values] : was.draws) {
    if (IsPlanned(place.point)) {
      if (removed.point == "workload.request" && place.key == removed.key) continue;
      const auto found = now.draws.find(place);
      ASSERT_TRUE(found != now.draws.end()) << about << ": " << place.point << " of " << place.key << " is not drawn any more";
      ++count.plans;
    }
    const auto found = now.draws.find(place);
    if (found == now.draws.end()) continue;
    EXPECT_EQ(values, found->second) << about << ": " << place.point << " " << place.key;
    ++count.draws;
  }
  for (const auto& [key, request] : was.requests) {
    if (touched.requests.contains(key) || request.span.end >= touched.all) {
      ++count.touched;
      continue;
    }
    const auto found = now.requests.find(key);
    ASSERT_TRUE(found != now.requests.end()) << about << ": a request is gone: " << request.story[0];
    EXPECT_EQ(request.story, found->second.story) << about;
    ++count.requests;
    for (const Key other : touched.requests) {
      const auto at = was.requests.find(other);
      if (at != was.requests.end() && at->second.span.begin <= request.span.end && at->second.span.end >= request.span.begin) {
        ++count.overlapping;
        break;
      }
    }
  }
  ExpectOnlyTouched(was, now, touched, removed, StrCat(about, ", as it was"), count);
  ExpectOnlyTouched(now, was, touched, removed, StrCat(about, ", as it is now"), count);
}

// The seeds of a test: the first `count`, or those that `--seeds=FIRST..LAST` on the command line asks for.
struct Seeds {
  explicit Seeds(uint64_t count) : last(count) {
    for (const std::string& argument : testing::internal::GetArgvs()) {
      if (std::sscanf(argument.c_str(), "--seeds=%" SCNu64 "..%" SCNu64, &first, &last) == 2) asked_for = true;
    }
  }
  uint64_t first = 1;
  uint64_t last;
  bool asked_for = false;
};

constexpr uint64_t kSeeds = 24;

TEST(Causality, ARequestThatIsNotMadeChangesOnlyWhatItHadToDoWith) {
  const RunSubject subject = Subject("");
  Count count;
  const Seeds seeds(kSeeds);
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Ran was = RunOf(subject, seed);
    for (const Decision& decision : was.result.decisions) {
      if (decision.point->name != "workload.request") continue;
      const Ran now = RunOf(subject, seed, decision.point->name, decision.key);
      Touched touched;
      touched.requests.insert(decision.key);
      ASSERT_FALSE(now.requests.contains(decision.key)) << "the removal did nothing";
      Compare(was, now, touched, {decision.point->name, decision.key}, StrCat("seed ", seed, " without request ", decision.key), count);
    }
  }
  count.Print("requests");
  if (!seeds.asked_for) {
    EXPECT_GT(count.removals, 600u);
    EXPECT_GT(count.overlapping, 200u);
  }
}

bool Uses(const Ran& run, Key connection) {
  return std::any_of(run.requests.begin(), run.requests.end(), [&](const auto& request) {
    return std::any_of(request.second.sends.begin(), request.second.sends.end(), [&](const Send& send) { return send.link == connection; });
  });
}

// Whom the fault struck.
Touched TouchedBy(const Ran& run, const Ran& without, const Event& fault) {
  Touched touched;
  const auto add = [&](const std::map<Key, Key>& names) {
    const auto found = names.find(fault.key);
    EXPECT_TRUE(found != names.end()) << fault.label << " struck nobody we know";
    if (found != names.end()) touched.requests.insert(found->second);
  };
  if (fault.label.starts_with("client.")) {
    add(run.of_ray);
  } else if (fault.label.starts_with("service.")) {
    add(run.of_service);
  } else if (fault.label.starts_with("platform.")) {
    add(run.of_node_fiber);
  } else {
    const auto link = run.link_of.find(fault.key);
    const Key connection = link == run.link_of.end() ? fault.key : link->second;
    touched.links[connection] = fault.time;
    for (const auto& [key, request] : run.requests) {
      if (request.span.begin > fault.time || request.span.end < fault.time) continue;
      // A connection that nobody ever got to use may have been meant for anybody.
      if (!Uses(run, connection) && !Uses(without, connection)) touched.requests.insert(key);
      for (const Send& send : request.sends) {
        if (send.link == connection) touched.requests.insert(key);
      }
    }
  }
  return touched;
}

TEST(Causality, AFaultThatDoesNotStrikeChangesOnlyWhatItHadToDoWith) {
  const RunSubject subject = Subject("");
  Count count;
  std::map<std::string, size_t> sites;
  const Seeds seeds(3 * kSeeds);
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Ran was = RunOf(subject, seed);
    for (const Decision& decision : was.result.decisions) {
      if (decision.point->kind != DecisionKind::kFault) continue;
      const FaultSite* const site = FindFaultSite(decision.point->name);
      ASSERT_TRUE(site != nullptr) << decision.point->name;
      const Key key = site->shape == FaultSite::Shape::kEpisode ? CombineHash(StableHash(site->name()), decision.key) : decision.key;
      const auto fault = std::find_if(was.result.journal.begin(), was.result.journal.end(), [&](const Event& event) {
        return event.kind == EventKind::kFault && event.label == site->name() && event.key == key;
      });
      if (fault == was.result.journal.end()) continue;  // an episode that found nobody to strike
      const Ran now = RunOf(subject, seed, decision.point->name, decision.key);
      Touched touched;
      if (site->shape == FaultSite::Shape::kEpisode) {
        touched.all = BeginOf(was, *fault);
      } else {
        touched = TouchedBy(was, now, *fault);
      }
      ++sites[fault->label];
      Compare(was, now, touched, {decision.point->name, decision.key}, StrCat("seed ", seed, " without ", fault->label, " ", decision.key),
              count);
    }
  }
  count.Print("faults");
  for (const auto& [site, times] : sites) std::printf("  %s: %zu\n", site.c_str(), times);
  if (!seeds.asked_for) {
    EXPECT_GT(count.removals, 250u);
    EXPECT_GT(sites.size(), 20u);
  }
}

TEST(Causality, ALineOfTheConsoleMoreChangesNoDecision) {
  const RunSubject without = Subject("");
  const RunSubject always = Subject("console.log('one more', wait);");
  const RunSubject sometimes = Subject("if (request.url.indexOf('n=5') >= 0) console.log('one more', wait);");
  Count count;
  const Seeds seeds(3 * kSeeds);
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Ran was = RunOf(without, seed);
    for (const RunSubject* const with : {&always, &sometimes}) {
      const Ran now = RunOf(*with, seed);
      EXPECT_EQ(was.draws, now.draws) << seed;
      if (with == &always) {
        EXPECT_NE(was.result.hash, now.result.hash) << "the line is not there";
      }
      Compare(was, now, Touched(), {}, StrCat("seed ", seed, " with a line"), count);
    }
  }
  count.Print("lines");
  EXPECT_EQ(count.allowed, 0u);
  EXPECT_EQ(count.touched, 0u);
}

void ExpectSameRunByNames(const RunSubject& subject, uint64_t seed) {
  SeededStrategy strategy(seed);
  const RunResult first = RunScenario(subject, {}, strategy);
  ReplayStrategy replay(first.decisions, ReplayStrategy::Match::kAligned);
  const RunResult second = RunScenario(subject, {}, replay);
  EXPECT_EQ(first.hash, second.hash) << "seed " << seed << ": " << first.events << " and " << second.events << " events";
  EXPECT_EQ(replay.used(), replay.recorded()) << "seed " << seed;
}

// A turn that is taken for another of the same name shows here, in one seed of some hundreds.
TEST(Causality, DecisionsReplayedByNameAloneAreTheSameRun) {
  const RunSubject subject = Subject("");
  const Seeds seeds(300);
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) ExpectSameRunByNames(subject, seed);
  if (seeds.asked_for) return;
  // Where fibers that were ready when their node crashed were taken for what they were before.
  for (const uint64_t seed : {459, 501, 610}) ExpectSameRunByNames(subject, seed);
}

}  // namespace
}  // namespace edge::sim
