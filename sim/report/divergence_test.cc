#include "sim/report/divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "runtime/base/str_cat.h"
#include "sim/report/testing/run_builder.h"
#include "sim/report/text.h"

namespace edge::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Twenty events; `change` may alter the one with number 12 before it is recorded.
void Twenty(RunBuilder& run, const std::function<void(RunBuilder&, EventInput&)>& change = nullptr) {
  const ActorId node = run.Node("node1");
  const ActorId client = run.Client("client1");
  for (uint64_t number = 1; number <= 20; ++number) {
    run.AtMs(static_cast<int64_t>(number));
    const std::string text = StrCat("line ", number);
    EventInput event = {.kind = EventKind::kLog, .actor = node, .label = "console.log", .key = number, .text = text};
    if (number == 12) {
      event = {.kind = EventKind::kSend, .actor = client, .peer = node, .label = "network.send", .key = 5, .message = 6, .value = 7};
      if (change) change(run, event);
    }
    run.Record(event);
  }
}

std::string FieldsThatDiffer(const std::function<void(RunBuilder&, EventInput&)>& change) {
  RunBuilder a;
  RunBuilder b;
  Twenty(a);
  Twenty(b, change);
  const std::optional<Divergence> divergence = FirstDivergence(a.view(), b.view());
  if (!divergence) return "none";
  EXPECT_EQ(divergence->number, 12u);
  std::string fields;
  for (const std::string& field : divergence->fields) fields += (fields.empty() ? "" : " ") + field;
  return fields;
}

TEST(FirstDivergence, EqualRunsHaveNone) {
  RunBuilder a;
  RunBuilder b;
  Twenty(a);
  Twenty(b);

  EXPECT_EQ(FirstDivergence(a.view(), b.view()), std::nullopt);
  EXPECT_THAT(DivergenceReport(a.view(), b.view()), HasSubstr("no divergence: 20 events"));
}

TEST(FirstDivergence, NamesTheFieldThatDiffers) {
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.kind = EventKind::kDeliver; }), "kind");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.actor = event.peer; }), "actor");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.peer = event.actor; }), "peer");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.label = "network.sent"; }), "label");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder& run, EventInput&) { run.After(Duration::Nanoseconds(1)); }), "time");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.key = 0; }), "key");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.message = 0; }), "message");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.value = 8; }), "value");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.text = "x"; }), "text");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder& run, EventInput&) { run.recorder().Absorb("x"); }), "bytes_hash");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder& run, EventInput&) { run.Node("late"); }), "actors");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.key = event.value = 9; }), "key value");
  EXPECT_EQ(FieldsThatDiffer([](RunBuilder&, EventInput& event) { event.note = "only for people"; }), "none");
}

TEST(FirstDivergence, WhatTheJournalDoesNotKeepIsFoundByTheHash) {
  RunBuilder a({.text_bytes_max = 4});
  RunBuilder b({.text_bytes_max = 4});
  a.Record({.kind = EventKind::kLog, .label = "console.log", .text = "long text a"});
  b.Record({.kind = EventKind::kLog, .label = "console.log", .text = "long text b"});

  const std::optional<Divergence> divergence = FirstDivergence(a.view(), b.view());

  ASSERT_TRUE(divergence.has_value());
  EXPECT_THAT(divergence->fields, ElementsAre("hash"));
}

TEST(FirstDivergence, ARunThatIsOverBeforeDivergesAtItsEnd) {
  RunBuilder a;
  RunBuilder b;
  Twenty(a);
  Twenty(b);
  b.Record({.kind = EventKind::kTurn, .label = "one more"});

  const std::optional<Divergence> divergence = FirstDivergence(a.view(), b.view());

  ASSERT_TRUE(divergence.has_value());
  EXPECT_EQ(divergence->number, 21u);
  EXPECT_THAT(DivergenceReport(a.view(), b.view()), HasSubstr("the first run is over, the second run goes on"));
  EXPECT_THAT(DivergenceReport(b.view(), a.view()), HasSubstr("the second run is over, the first run goes on"));
}

TEST(FirstDivergence, BytesAfterTheLastEventAreNoticed) {
  RunBuilder a;
  RunBuilder b;
  Twenty(a);
  Twenty(b);
  b.recorder().Absorb("x");

  EXPECT_TRUE(FirstDivergence(a.view(), b.view()).has_value());
  EXPECT_THAT(DivergenceReport(a.view(), b.view()), HasSubstr("DIVERGENCE after the last event"));
}

TEST(DivergenceReport, ShowsEventFieldAndBothContexts) {
  RunBuilder a;
  RunBuilder b;
  Twenty(a, [](RunBuilder& run, EventInput&) { run.recorder().Absorb("x"); });
  Twenty(b, [](RunBuilder& run, EventInput&) { run.recorder().Absorb("y"); });

  const std::string report = DivergenceReport(a.view(), b.view(), {.first = "first run", .second = "second process"});

  const std::string bytes_a = Hex(a.view().events[11].bytes_hash);
  const std::string bytes_b = Hex(b.view().events[11].bytes_hash);
  EXPECT_EQ(report,
            "DIVERGENCE at event 12, +0.012000 s, client1, send network.send\n"
            "  bytes_hash differs: the bytes sent\n"
            "    first run: " +
                bytes_a +
                "\n"
                "    second process: " +
                bytes_b +
                "\n"
                "both runs, before it:\n"
                "         7       +0.007000 s  node1    log: line 7\n"
                "         8       +0.008000 s  node1    log: line 8\n"
                "         9       +0.009000 s  node1    log: line 9\n"
                "        10       +0.010000 s  node1    log: line 10\n"
                "        11       +0.011000 s  node1    log: line 11\n"
                "first run:\n"
                ">       12       +0.012000 s  client1  sends 7 bytes to node1\n"
                "        13       +0.013000 s  node1    log: line 13\n"
                "        14       +0.014000 s  node1    log: line 14\n"
                "second process:\n"
                ">       12       +0.012000 s  client1  sends 7 bytes to node1\n"
                "        13       +0.013000 s  node1    log: line 13\n"
                "        14       +0.014000 s  node1    log: line 14\n");
}

TEST(DivergenceReport, IsShortAndNarrowWhateverIsInIt) {
  RunBuilder a;
  RunBuilder b;
  const std::string hostile(5'000, '\x1b');
  for (RunBuilder* run : {&a, &b}) {
    const ActorId node = run->Node(hostile);
    for (int i = 0; i < 50; ++i) run->Record({.kind = EventKind::kLog, .actor = node, .label = "console.log", .text = hostile});
    run->Record({.kind = run == &a ? EventKind::kLog : EventKind::kSend,
                 .actor = node,
                 .label = run == &a ? std::string_view(hostile) : "b",
                 .key = run == &a ? 1u : 2u,
                 .message = run == &a ? 1u : 2u,
                 .value = run == &a ? 1 : 2,
                 .text = run == &a ? "" : hostile});
  }

  const std::string report = DivergenceReport(a.view(), b.view());

  EXPECT_LE(std::count(report.begin(), report.end(), '\n'), 30);
  EXPECT_THAT(report, Not(HasSubstr("\x1b")));
  for (size_t at = 0; at < report.size();) {
    const size_t end = report.find('\n', at);
    EXPECT_LE(Columns(report.substr(at, end - at)), 140u);
    at = end + 1;
  }
}

TEST(FirstDifferingRange, IsThatOfTheFirstDifferingCheckpoint) {
  const std::vector<uint64_t> a = {1, 2, 3};
  const std::vector<uint64_t> b = {1, 9, 8, 7};

  const std::optional<EventRange> range = FirstDifferingRange(a, b, 100);

  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 101u);
  EXPECT_EQ(range->last, 200u);
  EXPECT_EQ(FirstDifferingRange(a, a, 100), std::nullopt);
}

TEST(DivergenceReport, AgainstCheckpointsNamesTheRange) {
  RunBuilder a({.events_per_checkpoint = 5});
  RunBuilder b({.events_per_checkpoint = 5});
  Twenty(a);
  Twenty(b, [](RunBuilder&, EventInput& event) { event.value = 8; });

  EXPECT_THAT(DivergenceReport(a.view(), b.recorder().checkpoints(), 5), HasSubstr("DIVERGENCE between events 11 and 15"));
  EXPECT_THAT(DivergenceReport(a.view(), a.recorder().checkpoints(), 5), HasSubstr("no divergence up to event 20"));
}

}  // namespace
}  // namespace edge::sim
