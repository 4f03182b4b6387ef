#include "sim/report/event_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sim/report/testing/run_builder.h"
#include "sim/report/text.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;

class EventLineTest : public ::testing::Test {
 protected:
  // The line of one event, without number and time.
  std::string Line(const EventInput& event) {
    run_.Record(event);
    const std::string line = EventLine(run_.view(), ExchangeIndex(run_.view()), run_.view().events.back());
    return line.substr(line.find(" s  ") + 4);
  }

  RunBuilder run_;
  const ActorId node_ = run_.Node("node1");
  const ActorId client_ = run_.Client("client2");
  const ActorId service_ = run_.Service("pay.test");
};

TEST_F(EventLineTest, HasNumberTimeActorAndWords) {
  run_.AtMs(12'345).Record({.kind = EventKind::kLog, .actor = node_, .label = "console.warn", .text = "low on memory"});

  EXPECT_EQ(EventLine(run_.view(), ExchangeIndex(run_.view()), run_.view().events[0]),
            "       1      +12.345000 s  node1     warn: low on memory");
}

TEST_F(EventLineTest, TellsRequestsFromBothSides) {
  EXPECT_EQ(Line({.kind = EventKind::kRequest,
                  .actor = client_,
                  .peer = node_,
                  .label = "http.request",
                  .message = 5,
                  .text = "/a",
                  .note = "POST"}),
            "client2   asks node1: POST /a");
  EXPECT_EQ(Line({.kind = EventKind::kRequest, .actor = node_, .peer = client_, .label = "http.request", .message = 5, .text = "POST /a"}),
            "node1     is asked by client2: POST /a");
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = node_, .peer = client_, .label = "http.response", .message = 5, .value = 201}),
            "node1     answers 201 to client2");
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = client_, .peer = node_, .label = "http.response", .message = 5, .value = 201}),
            "client2   gets 201 from node1");
}

TEST_F(EventLineTest, TellsANodesOwnRequests) {
  EXPECT_EQ(Line({.kind = EventKind::kRequest, .actor = node_, .peer = service_, .label = "fetch", .message = 6, .text = "GET /rate"}),
            "node1     asks pay.test: GET /rate");
  EXPECT_EQ(
      Line({.kind = EventKind::kRequest, .actor = service_, .label = "service.request", .message = 6, .text = "/rate", .note = "GET"}),
      "pay.test  is asked: GET /rate");
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = node_, .peer = service_, .label = "fetch", .message = 6, .value = 200}),
            "node1     gets 200 from pay.test");
}

TEST_F(EventLineTest, SaysThatThereWasNoAnswerAndThatItIsARetry) {
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = client_, .label = "http.response", .message = 5, .text = "connection reset"}),
            "client2   gets no answer: connection reset");
  EXPECT_EQ(
      Line({.kind = EventKind::kRequest, .actor = client_, .label = "http.request", .message = 7, .value = 1, .text = "/a", .note = "GET"}),
      "client2   asks again: GET /a");
}

TEST_F(EventLineTest, TellsFaultsInTheWordsOfTheModel) {
  const std::string line = Line({.kind = EventKind::kFault, .actor = node_, .peer = client_, .label = "network.reset_before"});

  EXPECT_THAT(line, HasSubstr("node1     FAULT "));
  EXPECT_THAT(line, HasSubstr("(network.reset_before) with client2"));
  EXPECT_EQ(Line({.kind = EventKind::kFault, .actor = node_, .label = "network.of_the_future"}), "node1     FAULT network.of_the_future");
}

TEST_F(EventLineTest, TellsEverythingElse) {
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "process.crash"}), "node1     CRASHES");
  EXPECT_EQ(
      Line({.kind = EventKind::kSend, .actor = client_, .peer = node_, .label = "network.send", .value = 1'200, .note = "GET / HTTP/1.1"}),
      "client2   sends 1,200 bytes to node1: GET / HTTP/1.1");
  EXPECT_EQ(Line({.kind = EventKind::kDisk, .actor = node_, .label = "disk.write", .value = 4'096, .note = "log/1"}),
            "node1     disk.write: log/1, 4,096 bytes");
  EXPECT_EQ(Line({.kind = EventKind::kPhase, .label = "phase.heal"}), "world     phase heal");
  EXPECT_EQ(Line({.kind = EventKind::kCheck, .label = "no-lost-update", .value = 1, .text = "1 of 3"}),
            "world     check no-lost-update FAILED: 1 of 3");
  EXPECT_EQ(Line({.kind = EventKind::kTurn, .actor = node_, .label = "http.connection"}), "node1     runs http.connection");
}

TEST_F(EventLineTest, KnowsTheLevelOfALineByItsLabelOrItsSeverity) {
  EXPECT_EQ(Line({.kind = EventKind::kLog, .actor = node_, .label = "console.error", .text = "x"}), "node1     error: x");
  EXPECT_EQ(Line({.kind = EventKind::kLog, .actor = node_, .label = "orders", .value = 1, .text = "x"}), "node1     log: x");
  EXPECT_EQ(Line({.kind = EventKind::kLog, .actor = node_, .label = "orders", .value = 3, .text = "x"}), "node1     error: x");
  EXPECT_EQ(Line({.kind = EventKind::kLog, .actor = node_, .label = "orders", .value = 99, .text = "x"}), "node1     log: x");
}

TEST_F(EventLineTest, TellsLives) {
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "start", .value = 1}), "node1     starts");
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "start", .value = 2}), "node1     starts again");
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "exit", .value = 3}), "node1     exits with code 3");
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "power_loss"}), "node1     LOSES POWER");
  EXPECT_EQ(Line({.kind = EventKind::kLife, .actor = node_, .label = "clock", .value = -90'000'000'000}),
            "node1     has a calendar that is 1 min 30 s behind");
}

TEST_F(EventLineTest, TellsHowAnInvocationEndedAndWhatANodeAnswered) {
  EXPECT_EQ(
      Line({.kind = EventKind::kHost, .actor = node_, .label = "worker.outcome", .value = 2, .text = "Error: no", .note = "exception"}),
      "node1     exception: Error: no");
  EXPECT_EQ(Line({.kind = EventKind::kHost, .actor = node_, .label = "javascript", .value = 1'200}),
            "node1     ran JavaScript: 1,200 instructions");
  EXPECT_EQ(Line({.kind = EventKind::kRequest, .actor = node_, .label = "node.request", .message = 5, .text = "/a", .note = "POST"}),
            "node1     is asked: POST /a");
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = node_, .label = "node.response", .message = 5, .text = "answered"}),
            "node1     answers");
  EXPECT_EQ(Line({.kind = EventKind::kResponse, .actor = node_, .label = "node.response", .message = 5, .text = "cut off"}),
            "node1     does not answer: cut off");
}

TEST_F(EventLineTest, AHostileLineStaysOneLine) {
  const std::string line = Line({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .text = "\x1b[2J\nnode2 CRASHES"});

  EXPECT_EQ(line, "node1     log: \\x1b[2J\\nnode2 CRASHES");
}

TEST_F(EventLineTest, IsCutToTheColumnsUnlessEverythingIsAskedFor) {
  run_.Record({.kind = EventKind::kLog, .actor = node_, .label = "console.log", .key = 0xABC, .text = std::string(500, 'x')});
  const Event& event = run_.view().events[0];
  const ExchangeIndex exchanges(run_.view());

  EXPECT_EQ(Columns(EventLine(run_.view(), exchanges, event, {.columns = 100})), 100u);
  EXPECT_THAT(EventLine(run_.view(), exchanges, event, {.columns = 100, .detail = EventLineOptions::Detail::kEverything}),
              HasSubstr("key 0000000000000abc"));
}

}  // namespace
}  // namespace edge::sim
