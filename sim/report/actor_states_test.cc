#include "sim/report/actor_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sim/report/testing/run_builder.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using Life = ActorState::Life;

class ActorStatesTest : public ::testing::Test {
 protected:
  ActorState StateOf(ActorId actor, uint64_t event_number = UINT64_MAX) {
    return ActorStatesAt(run_.view(), event_number)[static_cast<size_t>(actor)];
  }

  RunBuilder run_;
  const ActorId node_ = run_.Node("node1");
  const ActorId client_ = run_.Client("client1");
};

TEST_F(ActorStatesTest, LifeFollowsTheEvents) {
  run_.Record({.kind = EventKind::kLife, .actor = node_, .label = "process.start"});
  run_.AtMs(10).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.pause"});
  run_.AtMs(20).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.resume"});
  run_.AtMs(30).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.crash"});
  run_.AtMs(40).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.restart"});

  EXPECT_EQ(StateOf(node_, 0).life, Life::kNotStarted);
  EXPECT_EQ(StateOf(node_, 1).life, Life::kUp);
  EXPECT_EQ(StateOf(node_, 2).life, Life::kPaused);
  EXPECT_EQ(StateOf(node_, 3).life, Life::kUp);
  EXPECT_EQ(StateOf(node_, 4).life, Life::kDown);
  EXPECT_EQ(StateOf(node_, 5).life, Life::kUp);
  EXPECT_EQ(StateOf(client_).life, Life::kNotStarted);
}

TEST_F(ActorStatesTest, RequestsAreOpenUntilTheirAnswer) {
  run_.Record({.kind = EventKind::kRequest, .actor = client_, .peer = node_, .label = "http.request", .message = 5, .text = "GET /a"});
  run_.Record({.kind = EventKind::kRequest, .actor = node_, .peer = client_, .label = "http.request", .message = 5, .text = "GET /a"});
  run_.Record({.kind = EventKind::kResponse, .actor = node_, .peer = client_, .label = "http.response", .message = 5, .value = 200});
  run_.Record({.kind = EventKind::kResponse, .actor = client_, .peer = node_, .label = "http.response", .message = 5, .value = 200});

  ASSERT_EQ(StateOf(client_, 2).requests.size(), 1u);
  EXPECT_EQ(StateOf(client_, 2).requests[0].side, ActorState::OpenRequest::Side::kAsked);
  ASSERT_EQ(StateOf(node_, 2).requests.size(), 1u);
  EXPECT_EQ(StateOf(node_, 2).requests[0].side, ActorState::OpenRequest::Side::kServing);
  EXPECT_EQ(StateOf(node_, 3).requests.size(), 0u);
  EXPECT_EQ(StateOf(client_, 3).requests.size(), 1u);
  EXPECT_EQ(StateOf(client_, 4).requests.size(), 0u);
}

TEST_F(ActorStatesTest, RequestsWithoutAMessageAreKnownByTheirKey) {
  run_.Record({.kind = EventKind::kRequest, .actor = node_, .label = "service.request", .key = 8, .text = "/a"});
  run_.Record({.kind = EventKind::kRequest, .actor = node_, .label = "service.request", .key = 9, .text = "/b"});
  run_.Record({.kind = EventKind::kResponse, .actor = node_, .label = "service.response", .key = 8, .value = 200});

  ASSERT_EQ(StateOf(node_).requests.size(), 1u);
  EXPECT_EQ(StateOf(node_).requests[0].name, 9u);
}

TEST_F(ActorStatesTest, ACrashTakesRequestsAndConnectionsWithIt) {
  run_.Record({.kind = EventKind::kConnect, .actor = node_, .peer = client_, .label = "network.accepted", .key = 3});
  run_.Record({.kind = EventKind::kRequest, .actor = node_, .peer = client_, .label = "http.request", .message = 5, .text = "GET /a"});
  run_.Record({.kind = EventKind::kLife, .actor = node_, .label = "process.crash"});

  EXPECT_EQ(StateOf(node_, 2).connections.size(), 1u);
  EXPECT_EQ(StateOf(node_, 3).connections.size(), 0u);
  EXPECT_EQ(StateOf(node_, 3).requests.size(), 0u);
}

TEST_F(ActorStatesTest, TextSaysWhatEachActorIsAt) {
  run_.Record({.kind = EventKind::kLife, .actor = node_, .label = "process.start"});
  run_.AtMs(1'500).Record(
      {.kind = EventKind::kRequest, .actor = client_, .peer = node_, .label = "http.request", .message = 5, .text = "GET /a"});
  run_.AtMs(1'501).Record({.kind = EventKind::kFault, .actor = node_, .label = "process.pause"});
  run_.AtMs(1'501).Record({.kind = EventKind::kLife, .actor = node_, .label = "process.pause"});
  run_.AtMs(1'600).Record({.kind = EventKind::kLog, .actor = client_, .label = "client.log", .text = "later"});

  EXPECT_EQ(ActorStatesText(run_.view(), ExchangeIndex(run_.view()), 4),
            "state after event 4, +1.501000 s\n"
            "\n"
            "world: 0 events\n"
            "\n"
            "node1 (node): paused since +1.501 s; 3 events, 1 fault\n"
            "  last event         4      +1.501 s  is paused\n"
            "\n"
            "client1 (client): up since +1.500 s; 1 event\n"
            "  waits for          2      +1.500 s  asks node1: GET /a\n"
            "  last event         2      +1.500 s  asks node1: GET /a\n");
}

TEST_F(ActorStatesTest, BeforeTheFirstEventThereIsNothing) {
  EXPECT_THAT(ActorStatesText(run_.view(), ExchangeIndex(run_.view()), 0), HasSubstr("before the first event"));
}

}  // namespace
}  // namespace edge::sim
