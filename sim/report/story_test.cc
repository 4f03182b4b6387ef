#include "sim/report/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"
#include "sim/report/testing/run_builder.h"
#include "sim/report/text.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const RunTitle kTitle = {.application = "todo",
                         .seed = "81234",
                         .strategy = "random",
                         .contract = "cloudflare",
                         .replay_command = "edge replay --seed 81234 --contract cloudflare"};

struct Cast {
  ActorId node;
  ActorId client1;
  ActorId client2;
};

Cast Begin(RunBuilder& run) {
  const Cast cast = {run.Node("node1"), run.Client("client1"), run.Client("client2")};
  run.Record({.kind = EventKind::kLife, .actor = cast.node, .label = "process.start"});
  run.Record({.kind = EventKind::kPhase, .label = "phase.safety"});
  return cast;
}

void Ask(RunBuilder& run, ActorId client, ActorId node, uint64_t message, std::string_view what) {
  run.Record({.kind = EventKind::kRequest,
              .actor = client,
              .peer = node,
              .label = "http.request",
              .key = 1000 + message,
              .message = message,
              .text = what});
}
void Arrive(RunBuilder& run, ActorId client, ActorId node, uint64_t message, std::string_view what) {
  run.Record({.kind = EventKind::kRequest, .actor = node, .peer = client, .label = "http.request", .message = message, .text = what});
}
void Answer(RunBuilder& run, ActorId client, ActorId node, uint64_t message, int64_t status) {
  run.Record({.kind = EventKind::kResponse, .actor = node, .peer = client, .label = "http.response", .message = message, .value = status});
}
void Get(RunBuilder& run, ActorId client, ActorId node, uint64_t message, int64_t status, std::string_view error = "") {
  run.Record({.kind = EventKind::kResponse,
              .actor = client,
              .peer = node,
              .label = "http.response",
              .key = 1000 + message,
              .message = message,
              .value = status,
              .text = error});
}

// An exchange without trouble, with what is below it.
void Quiet(RunBuilder& run, const Cast& cast, uint64_t message) {
  Ask(run, cast.client1, cast.node, message, "GET /quiet");
  run.Record({.kind = EventKind::kSend,
              .actor = cast.client1,
              .peer = cast.node,
              .label = "network.send",
              .message = message + 50'000,
              .value = 80});
  run.Record({.kind = EventKind::kDeliver,
              .actor = cast.node,
              .peer = cast.client1,
              .label = "network.deliver",
              .message = message + 50'000,
              .value = 80});
  Arrive(run, cast.client1, cast.node, message, "GET /quiet");
  run.Record({.kind = EventKind::kTurn, .actor = cast.node, .label = "http.connection"});
  Answer(run, cast.client1, cast.node, message, 200);
  Get(run, cast.client1, cast.node, message, 200);
}

TEST(Story, TellsTheFailingRequestTheFaultAndTheCommand) {
  RunBuilder run;
  const Cast cast = Begin(run);
  for (uint64_t i = 0; i < 30; ++i) Quiet(run.AtMs(static_cast<int64_t>(100 * i)), cast, 100 + i);
  Ask(run.AtMs(11'802), cast.client2, cast.node, 5, "POST /increment");
  Arrive(run.AtMs(11'805), cast.client2, cast.node, 5, "POST /increment");
  run.AtMs(11'806).Record({.kind = EventKind::kLog, .actor = cast.node, .label = "console.log", .text = "count is now 3"});
  run.AtMs(11'810).Record({.kind = EventKind::kFault, .actor = cast.node, .peer = cast.client2, .label = "network.of_the_test"});
  Answer(run.AtMs(11'810), cast.client2, cast.node, 5, 200);
  Get(run.AtMs(11'812), cast.client2, cast.node, 5, 0, "connection reset");
  run.AtMs(12'345).Record({.kind = EventKind::kCheck, .label = "no-lost-update", .value = 1, .text = "3 increments, the counter says 4"});

  const std::string story = StoryText(
      {.journal = run.view(),
       .failure = {.check = "no-lost-update", .message = "3 increments were acknowledged, the counter says 4", .about_message = 5},
       .title = kTitle},
      {.lines = 20});

  EXPECT_EQ(story,
            "FAILED  todo  seed 81234  random  contract cloudflare\n"
            "  check no-lost-update: 3 increments were acknowledged, the counter says 4\n"
            "  at +12.345 s, event 219 of 219\n"
            "\n"
            "  +11.802 s  client2  asks node1: POST /increment\n"
            "  +11.806 s  node1    log: count is now 3\n"
            "  +11.810 s  node1    FAULT network.of_the_test with client2\n"
            "  +11.810 s  node1    answers 200 to client2 (the answer was lost)\n"
            "  +11.812 s  client2  gets no answer from node1: connection reset\n"
            "  +12.345 s  world    check no-lost-update FAILED\n"
            "                      ... 213 more events (edge replay shows them)\n"
            "\n"
            "  replay: edge replay --seed 81234 --contract cloudflare\n");
}

TEST(Story, SaysThatARequestNeverArrived) {
  RunBuilder run;
  const Cast cast = Begin(run);
  Quiet(run.AtMs(100), cast, 100);
  Ask(run.AtMs(200), cast.client2, cast.node, 5, "POST /a");
  Get(run.AtMs(300), cast.client2, cast.node, 5, 0, "timed out");
  Ask(run.AtMs(400), cast.client2, cast.node, 6, "POST /b");
  Arrive(run.AtMs(401), cast.client2, cast.node, 6, "POST /b");
  run.AtMs(500).Record({.kind = EventKind::kCheck, .label = "liveness", .value = 1});

  const std::string story = StoryText({.journal = run.view(), .failure = {.check = "liveness"}, .title = kTitle});

  EXPECT_THAT(story, HasSubstr("asks node1: POST /a (it never arrived)"));
  EXPECT_THAT(story, HasSubstr("asks node1: POST /b (no answer until the end)"));
}

TEST(Story, FaultsAndCrashesFarAwayAreToldBeforeQuietRequestsNearby) {
  RunBuilder run;
  const Cast cast = Begin(run);
  run.AtMs(1'000).Record({.kind = EventKind::kFault, .actor = cast.node, .label = "process.crash"});
  run.AtMs(1'001).Record({.kind = EventKind::kLife, .actor = cast.node, .label = "process.crash"});
  run.AtMs(3'000).Record({.kind = EventKind::kLife, .actor = cast.node, .label = "process.restart"});
  run.AtMs(4'000).Record({.kind = EventKind::kFault, .actor = cast.node, .label = "disk.slow"});
  for (uint64_t i = 0; i < 60; ++i) Quiet(run.AtMs(static_cast<int64_t>(50'000 + i)), cast, 100 + i);
  run.AtMs(50'100).Record({.kind = EventKind::kCheck, .label = "liveness", .value = 1});

  const std::string story = StoryText({.journal = run.view(), .failure = {.check = "liveness"}, .title = kTitle});

  EXPECT_THAT(story, HasSubstr("+1.001 s  node1    CRASHES"));
  EXPECT_THAT(story, Not(HasSubstr("(process.crash)"))) << "the crash is told once";
  EXPECT_THAT(story, HasSubstr("+3.000 s  node1    starts again"));
  EXPECT_THAT(story, HasSubstr("(disk.slow)"));
}

TEST(Story, TellsWhoElseWasThereAtTheTime) {
  RunBuilder run;
  const Cast cast = Begin(run);
  Ask(run.AtMs(900), cast.client2, cast.node, 4, "POST /before");
  Get(run.AtMs(950), cast.client2, cast.node, 4, 200);
  Ask(run.AtMs(1'000), cast.client1, cast.node, 5, "POST /increment");
  Ask(run.AtMs(1'002), cast.client2, cast.node, 6, "POST /increment");
  Get(run.AtMs(1'010), cast.client1, cast.node, 5, 200);
  Get(run.AtMs(1'012), cast.client2, cast.node, 6, 200);
  for (uint64_t i = 0; i < 40; ++i) Quiet(run.AtMs(static_cast<int64_t>(2'000 + i)), cast, 100 + i);
  for (int i = 0; i < 6; ++i) run.AtMs(20'000 + i).Record({.kind = EventKind::kFault, .actor = cast.node, .label = "disk.slow"});
  run.AtMs(60'000).Record({.kind = EventKind::kCheck, .label = "unique", .value = 1});

  const std::string story =
      StoryText({.journal = run.view(), .failure = {.check = "unique", .about_message = 5}, .title = kTitle}, {.lines = 19});

  EXPECT_THAT(story, HasSubstr("+1.002 s  client2  asks node1: POST /increment"));
  EXPECT_THAT(story, HasSubstr("+1.012 s  client2  gets 200 from node1"));
  EXPECT_THAT(story, Not(HasSubstr("/before")));
}

TEST(Story, AttemptsOfOneCallBelongTogether) {
  RunBuilder run;
  const Cast cast = Begin(run);
  const auto attempt = [&](uint64_t message, int64_t number, int64_t status) {
    run.Record({.kind = EventKind::kRequest,
                .actor = cast.client2,
                .label = "http.request",
                .key = 9,
                .message = message,
                .value = number,
                .text = "/pay",
                .note = "POST"});
    run.After(Duration::Seconds(10))
        .Record(
            {.kind = EventKind::kResponse, .actor = cast.client2, .label = "http.response", .key = 9, .message = message, .value = status});
  };
  run.AtMs(1'000);
  attempt(51, 0, 0);
  attempt(52, 1, 200);
  for (uint64_t i = 0; i < 40; ++i) Quiet(run.AtMs(static_cast<int64_t>(30'000 + i)), cast, 100 + i);
  run.AtMs(60'000).Record({.kind = EventKind::kCheck, .label = "paid-once", .value = 1});

  const std::string story = StoryText({.journal = run.view(), .failure = {.check = "paid-once", .about_message = 52}, .title = kTitle});

  EXPECT_THAT(story, HasSubstr("+1.000 s  client2  asks: POST /pay"));
  EXPECT_THAT(story, HasSubstr("+11.000 s  client2  asks again: POST /pay"));
}

TEST(Story, WithoutACheckEventTheLastEventIsTheFailure) {
  RunBuilder run;
  const Cast cast = Begin(run);
  Quiet(run.AtMs(100), cast, 100);

  EXPECT_THAT(StoryText({.journal = run.view(), .failure = {.check = "crashed", .message = "internal check failed"}, .title = {}}),
              HasSubstr("at +0.100 s, event 9 of 9"));
}

TEST(Story, OfNothingIsStillAStory) {
  const RunBuilder run;

  EXPECT_EQ(StoryText({.journal = run.view(), .failure = {.check = "start", .message = "the application did not start"}, .title = kTitle}),
            "FAILED  todo  seed 81234  random  contract cloudflare\n"
            "  check start: the application did not start\n"
            "\n"
            "  replay: edge replay --seed 81234 --contract cloudflare\n");
}

TEST(Story, ALongCommandIsFoldedAsAShellTakesIt) {
  const RunBuilder run;
  RunTitle title;
  title.replay_command = "edge replay";
  for (int i = 0; i < 20; ++i) title.replay_command += StrCat(" --option-", i, " value");

  std::string story = StoryText({.journal = run.view(), .failure = {.check = "x"}, .title = title});

  std::string command = story.substr(story.find("replay: ") + 8);
  for (size_t at = 0; (at = command.find(" \\\n          ")) != std::string::npos;) {
    EXPECT_EQ(command.substr(at + 13, 2), "--") << "a flag was torn from its value";
    command.replace(at, 13, " ");
  }
  EXPECT_EQ(command, title.replay_command + "\n");
}

RC_GTEST_PROP(Story, FitsOnOneScreenWhateverHappened, ()) {
  RunBuilder run;
  const Cast cast = Begin(run);
  const auto events = *rc::gen::container<std::vector<std::tuple<int, int, std::string, uint8_t>>>(
      rc::gen::tuple(rc::gen::inRange(0, static_cast<int>(kEventKinds)), rc::gen::inRange(0, 5), rc::gen::string<std::string>(),
                     rc::gen::arbitrary<uint8_t>()));
  for (int repeat = 0; repeat < 5; ++repeat) {
    for (const auto& [kind, actor, text, number] : events) {
      run.After(Duration::Milliseconds(number))
          .Record({.kind = static_cast<EventKind>(kind),
                   .actor = static_cast<ActorId>(actor),
                   .peer = cast.client1,
                   .label = text.substr(0, 10),
                   .key = number % 7u,
                   .message = number % 5u,
                   .value = number,
                   .text = text});
    }
  }
  const std::string message = *rc::gen::string<std::string>();

  const std::string story =
      StoryText({.journal = run.view(), .failure = {.check = message, .message = message, .about_message = 3}, .title = kTitle});

  RC_ASSERT(std::count(story.begin(), story.end(), '\n') <= 24);
  for (size_t at = 0; at < story.size();) {
    const size_t end = story.find('\n', at);
    const std::string line = story.substr(at, end - at);
    RC_ASSERT(Columns(line) <= 110);
    for (const char c : line) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
    at = end + 1;
  }
}

}  // namespace
}  // namespace edge::sim
