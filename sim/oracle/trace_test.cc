#include "sim/oracle/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/oracle/replay_strategy.h"
#include "sim/oracle/strategies.h"
#include "sim/oracle/toy_testing.h"
#include "sim/oracle/trace_bytes.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr DecisionPoint kLatency("network.latency", DecisionKind::kDelay);
constexpr DecisionPoint kReset("network.reset_before", DecisionKind::kFault);
constexpr DecisionPoint kOrder("schedule.fiber", DecisionKind::kSchedule);

TraceHeader SomeHeader() {
  return {.edge_version = "0.1",
          .seed = 42,
          .strategy = "pct(3)",
          .application = "shop",
          .bundle = "c0ffee",
          .scenario = 11,
          .contract = "cloudflare",
          .fault_model = 12,
          .limits = 13,
          .run_hash = 14,
          .events = 15,
          .signature = "answers: node: no answer"};
}

Trace SomeTrace() {
  const std::vector<Actor> actors = {{"world", ActorKind::kWorld}, {"node1", ActorKind::kNode}, {"client1", ActorKind::kClient}};
  const std::vector<Decision> decisions = {
      {&kLatency, ActorId{2}, 0x1234567890abcdef, 1'500'000, 3, 77},
      {&kOrder, ActorId::kWorld, 5, 2, 900, 0},
      {&kReset, ActorId{1}, std::numeric_limits<uint64_t>::max(), 1, 4, 78},
      {&kLatency, ActorId{2}, 7, -1, 2, 79},
  };
  return Trace(SomeHeader(), actors, decisions);
}

// A file with this body and a right checksum.
std::string FileOf(std::string body) {
  ByteWriter preamble;
  preamble.Fixed64(body.size());
  preamble.Fixed64(StableHash(body));
  return StrCat("edge-trace 1\n", preamble.Take(), body);
}

void ExpectSame(const Trace& a, const Trace& b) {
  EXPECT_EQ(a.header(), b.header());
  EXPECT_EQ(a.actors(), b.actors());
  ASSERT_EQ(a.decisions().size(), b.decisions().size());
  for (size_t i = 0; i < a.decisions().size(); ++i) {
    const Decision& left = a.decisions()[i];
    const Decision& right = b.decisions()[i];
    EXPECT_EQ(left.point->name, right.point->name);
    EXPECT_EQ(left.point->kind, right.point->kind);
    EXPECT_EQ(left.actor, right.actor);
    EXPECT_EQ(left.key, right.key);
    EXPECT_EQ(left.value, right.value);
    EXPECT_EQ(left.number, right.number);
    EXPECT_EQ(left.shape, right.shape);
  }
}

TEST(Trace, IsReadAsItWasWritten) {
  absl::StatusOr<Trace> read = Trace::Parse(SomeTrace().Serialize());
  ASSERT_TRUE(read.ok()) << read.status();
  // The points live as long as the trace, wherever it moves.
  const Trace moved = std::move(*read);
  ExpectSame(moved, SomeTrace());
}

TEST(Trace, ARunReplaysFromItsFile) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
    const ToyRun original(*strategy, {});
    const std::string file = Trace({.seed = seed}, original.recorder().actors(), original.oracle().decisions()).Serialize();

    const absl::StatusOr<Trace> trace = Trace::Parse(file);
    ASSERT_TRUE(trace.ok()) << trace.status();
    ReplayStrategy replay(trace->decisions(), ReplayStrategy::Match::kSameRun);
    EXPECT_EQ(ToyRun(replay, {}).hash(), original.hash()) << seed;
  }
}

TEST(Trace, IsSmall) {
  const std::unique_ptr<Strategy> strategy = StrategyFor(7);
  const ToyRun run(*strategy, {.clients = 60, .requests = 30});
  const size_t decisions = run.oracle().decisions().size();
  ASSERT_GT(decisions, 4000u);
  const std::string file = Trace({}, run.recorder().actors(), run.oracle().decisions()).Serialize();
  EXPECT_LT(file.size(), decisions * 17);
}

TEST(Trace, SaysThatAFileIsNoTrace) {
  for (const std::string_view text :
       {"", "{\"seed\": 1}\n", "edge-trail 1\n", "edge-trace one\n", "edge-trace 1.5\n", "edge-trace 12345678\n"}) {
    const absl::Status status = Trace::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("not a trace")) << text;
  }
}

TEST(Trace, SaysThatAFileIsOfAnotherFormatVersion) {
  std::string file = SomeTrace().Serialize();
  file.replace(0, 12, "edge-trace 27");
  const absl::Status status = Trace::Parse(file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version 27"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("reads version 1"));
}

TEST(Trace, SaysWhereATruncatedFileEnds) {
  const std::string file = SomeTrace().Serialize();
  for (size_t size = 1; size < file.size(); ++size) {
    const absl::Status status = Trace::Parse(std::string_view(file).substr(0, size)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("truncated")) << size;
  }
  EXPECT_THAT(std::string(Trace::Parse(std::string_view(file).substr(0, file.size() - 1)).status().message()),
              HasSubstr("decision 4 of 4"));
  EXPECT_THAT(std::string(Trace::Parse(std::string_view(file).substr(0, 40)).status().message()), HasSubstr("the header"));
  EXPECT_THAT(std::string(Trace::Parse(std::string_view(file).substr(0, 20)).status().message()), HasSubstr("before the body"));
}

TEST(Trace, NoBitCanBeChangedUnnoticed) {
  const std::string file = SomeTrace().Serialize();
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(Trace::Parse(damaged).ok()) << "bit " << bit;
  }
  std::string damaged = file;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_THAT(std::string(Trace::Parse(damaged).status().message()), HasSubstr("checksum"));
  EXPECT_THAT(std::string(Trace::Parse(file + "x").status().message()), HasSubstr("1 bytes too many"));
}

// With a checksum that fits, so that the content itself is what must be checked.
TEST(Trace, SaysWhichPartMakesNoSense) {
  const auto head = [] {
    ByteWriter body;
    body.Text("v");
    body.Fixed64(1);
    for (const std::string_view text : {"random", "shop", "bundle"}) body.Text(text);
    body.Fixed64(2);
    body.Text("edge");
    for (int i = 0; i < 3; ++i) body.Fixed64(3);
    body.Varint(4);
    body.Text("");
    return body;
  };
  const auto error = [](ByteWriter& body, const TraceLimits& limits = {}) { return Trace::Parse(FileOf(body.Take()), limits).status(); };
  {
    ByteWriter body = head();  // a kind that does not exist
    body.Varint(1);
    body.Varint(99);
    body.Text("x");
    const absl::Status status = error(body);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("decision point 1 of 1"));
  }
  {
    ByteWriter body = head();  // a decision at a point that does not exist
    body.Varint(0);
    body.Varint(1);
    body.Text("world");
    body.Varint(1);
    for (int i = 0; i < 30; ++i) body.Varint(0);
    const absl::Status status = error(body);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("decision 1 of 1"));
  }
  {
    ByteWriter body = head();  // more decisions than bytes
    body.Varint(0);
    body.Varint(0);
    body.Varint(1'000'000);
    EXPECT_EQ(error(body).code(), absl::StatusCode::kInvalidArgument);
  }
  {
    ByteWriter body = head();
    body.Varint(0);
    body.Varint(0);
    body.Varint(11);
    const absl::Status status = error(body, {.decisions_max = 10});
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()), HasSubstr("limit 10"));
  }
  {
    ByteWriter body = head();
    body.Varint(std::numeric_limits<uint64_t>::max());
    EXPECT_EQ(error(body).code(), absl::StatusCode::kResourceExhausted);
  }
  {
    ByteWriter body;  // a text longer than everything
    body.Varint(std::numeric_limits<uint64_t>::max());
    const absl::Status status = error(body);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("the header"));
  }
  {
    ByteWriter body = head();
    for (int i = 0; i < 3; ++i) body.Varint(0);
    body.Text("more");
    EXPECT_THAT(std::string(error(body).message()), HasSubstr("the end"));
  }
}

TEST(Trace, SaysWhatHasChangedSinceItWasRecorded) {
  const Trace trace = SomeTrace();
  EXPECT_TRUE(trace.CheckAgainst(SomeHeader()).ok());

  TraceHeader here = SomeHeader();
  here.seed = 1;
  here.strategy = "random";
  here.signature = "";
  here.run_hash = 0;
  EXPECT_TRUE(trace.CheckAgainst(here).ok()) << "these are the trace's own";

  const std::pair<std::string_view, void (*)(TraceHeader&)> changes[] = {
      {"edge version", [](TraceHeader& h) { h.edge_version = "0.2"; }},
      {"bundle", [](TraceHeader& h) { h.bundle = "decaf"; }},
      {"application", [](TraceHeader& h) { h.application = "blog"; }},
      {"scenario", [](TraceHeader& h) { h.scenario = 0; }},
      {"contract", [](TraceHeader& h) { h.contract = "edge"; }},
      {"fault model", [](TraceHeader& h) { h.fault_model = 0; }},
      {"limits", [](TraceHeader& h) { h.limits = 0; }},
  };
  for (const auto& [field, change] : changes) {
    TraceHeader changed = SomeHeader();
    change(changed);
    const std::vector<TraceMismatch> differences = trace.Differences(changed);
    ASSERT_EQ(differences.size(), 1u) << field;
    EXPECT_EQ(differences[0].field, field);
    EXPECT_FALSE(differences[0].advice.empty());
    const absl::Status status = trace.CheckAgainst(changed);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr(StrCat("\n  ", field, ": recorded ")));
  }
  TraceHeader changed = SomeHeader();
  changed.bundle = "decaf";
  EXPECT_THAT(std::string(trace.CheckAgainst(changed).message()), HasSubstr("recorded c0ffee, here decaf"));
  changed = SomeHeader();
  changed.contract = "edge";
  EXPECT_THAT(std::string(trace.CheckAgainst(changed).message()), HasSubstr("--contract cloudflare"));
}

RC_GTEST_PROP(TraceProperty, AnyTraceIsReadAsItWasWritten, ()) {
  const auto names = *rc::gen::resize(8, rc::gen::arbitrary<std::vector<std::string>>());
  std::vector<std::unique_ptr<DecisionPoint>> points;
  for (size_t i = 0; i < names.size(); ++i) points.push_back(std::make_unique<DecisionPoint>(names[i], static_cast<DecisionKind>(i % 6)));
  std::vector<Actor> actors = {{"world", ActorKind::kWorld}};
  for (const std::string& name : names) actors.push_back({name, ActorKind::kClient});
  std::vector<Decision> decisions;
  if (!points.empty()) {
    for (const uint64_t word : *rc::gen::arbitrary<std::vector<uint64_t>>()) {
      const DecisionPoint* const point = points[word % points.size()].get();
      decisions.push_back({.point = point,
                           .actor = static_cast<ActorId>(word % actors.size()),
                           .key = *rc::gen::arbitrary<uint64_t>(),
                           .value = *rc::gen::arbitrary<int64_t>(),
                           .number = *rc::gen::arbitrary<uint64_t>(),
                           .shape = point->kind == DecisionKind::kSchedule ? uint16_t{0} : static_cast<uint16_t>(word >> 3)});
    }
  }
  const Trace trace({.edge_version = *rc::gen::string<std::string>(),
                     .seed = *rc::gen::arbitrary<uint64_t>(),
                     .events = *rc::gen::arbitrary<uint64_t>(),
                     .signature = *rc::gen::string<std::string>()},
                    actors, decisions);
  const absl::StatusOr<Trace> read = Trace::Parse(trace.Serialize());
  RC_ASSERT(read.ok());
  RC_ASSERT(read->Serialize() == trace.Serialize());
  ExpectSame(*read, trace);
}

RC_GTEST_PROP(TraceProperty, AnyBodyIsReadOrRefused, (std::string body)) {
  const absl::StatusOr<Trace> read = Trace::Parse(FileOf(body));
  if (read.ok()) RC_ASSERT(read->decisions().size() <= body.size());
  static_cast<void>(Trace::Parse(StrCat("edge-trace 1\n", body)));
}

// A file that someone made from a real one, with a checksum that fits: whatever is read replays.
RC_GTEST_PROP(TraceProperty, AChangedBodyIsRefusedOrReplays, (uint64_t seed)) {
  const std::unique_ptr<Strategy> strategy = StrategyFor(seed);
  const ToyOptions toy{.clients = 3, .requests = 3};
  const ToyRun run(*strategy, toy);
  std::string body =
      Trace({}, run.recorder().actors(), run.oracle().decisions()).Serialize().substr(std::string_view("edge-trace 1\n").size() + 16);
  const int changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) body[*rc::gen::inRange<size_t>(0, body.size())] = *rc::gen::arbitrary<char>();
  const absl::StatusOr<Trace> read = Trace::Parse(FileOf(body));
  if (!read.ok()) return;
  ReplayStrategy replay(read->decisions(), *rc::gen::element(ReplayStrategy::Match::kSameRun, ReplayStrategy::Match::kAligned));
  const ToyRun again(replay, toy);
  RC_ASSERT(replay.used() <= replay.recorded());
}

}  // namespace
}  // namespace edge::sim
