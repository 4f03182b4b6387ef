#include "sim/report/journal_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"
#include "sim/report/divergence.h"
#include "sim/report/testing/run_builder.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;

RunBuilder& SampleRun(RunBuilder& run) {
  const ActorId node = run.Node("node1");
  const ActorId client = run.Client("client1");
  run.Record({.kind = EventKind::kLife, .actor = node, .label = "process.start"});
  run.AtMs(5).Record({.kind = EventKind::kRequest,
                      .actor = client,
                      .peer = node,
                      .label = "http.request",
                      .key = 77,
                      .message = UINT64_MAX,
                      .value = -3,
                      .text = "/a",
                      .note = "GET"});
  run.recorder().Absorb("bytes");
  run.AtMs(6).Record({.kind = EventKind::kSend, .actor = client, .peer = node, .label = "network.send", .message = 4, .value = 120});
  run.AtMs(6).Record({.kind = EventKind::kLog, .actor = node, .label = "console.log", .text = std::string_view("a\0\n\xFF", 4)});
  return run;
}

TEST(JournalFile, GivesBackWhatWasWritten) {
  RunBuilder run;
  SampleRun(run);

  const absl::StatusOr<Journal> read = ReadJournal(WriteJournal(run.view()));

  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(FirstDivergence(run.view(), read->view()), std::nullopt);
  EXPECT_EQ(read->start, RunBuilder::kStart);
  EXPECT_EQ(read->hash, run.recorder().hash());
  ASSERT_EQ(read->events.size(), 4u);
  ASSERT_EQ(read->actors.size(), 3u);
  EXPECT_EQ(read->actors[2].name, "client1");
  EXPECT_EQ(read->actors[2].kind, ActorKind::kClient);
  for (size_t i = 0; i < 4; ++i) {
    const Event& a = run.view().events[i];
    const Event& b = read->events[i];
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.actor, b.actor);
    EXPECT_EQ(a.peer, b.peer);
    EXPECT_EQ(a.label, b.label);
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.message, b.message);
    EXPECT_EQ(a.value, b.value);
    EXPECT_EQ(a.text, b.text);
    EXPECT_EQ(a.note, b.note);
    EXPECT_EQ(a.bytes_hash, b.bytes_hash);
    EXPECT_EQ(a.hash, b.hash);
  }
}

TEST(JournalFile, WhateverIsNoJournalIsRefused) {
  EXPECT_EQ(ReadJournal("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadJournal("{}").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(JournalFile, AnotherVersionIsNamed) {
  const absl::Status status = ReadJournal("edge journal 2\nabc").status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version \"2\""));
}

TEST(JournalFile, EveryTruncationIsAnError) {
  RunBuilder run;
  const std::string whole = WriteJournal(SampleRun(run).view());

  for (size_t size = 0; size < whole.size(); ++size) {
    const absl::Status status = ReadJournal(whole.substr(0, size)).status();
    EXPECT_FALSE(status.ok()) << size;
    const auto wanted = size <= 14 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kDataLoss;
    EXPECT_EQ(status.code(), wanted) << size << " " << status;
  }
}

TEST(JournalFile, ATruncationSaysAfterWhichEvent) {
  RunBuilder run;
  const std::string whole = WriteJournal(SampleRun(run).view());

  EXPECT_THAT(std::string(ReadJournal(whole.substr(0, whole.size() - 12)).status().message()), HasSubstr("after event 3 of 4"));
}

TEST(JournalFile, EveryChangedBitIsNoticed) {
  RunBuilder run;
  const std::string whole = WriteJournal(SampleRun(run).view());

  for (size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(ReadJournal(changed).ok()) << at << " bit " << bit;
    }
  }
}

RC_GTEST_PROP(JournalFile, GarbageIsAnErrorAndNothingElse, (std::string garbage)) {
  RC_ASSERT(!ReadJournal("edge journal 1\n" + garbage).ok());
}

}  // namespace
}  // namespace edge::sim
