#include "sim/report/journal_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "rapidcheck/gtest.h"
#include "sim/report/json_text.h"
#include "sim/report/testing/run_builder.h"
#include "sim/report/text.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(JournalJson, HoldsEveryFieldThatIsSet) {
  RunBuilder run;
  const ActorId node = run.Node("node1");
  const ActorId client = run.Client("client1");
  run.recorder().Absorb("x");
  run.AtMs(1).Record({.kind = EventKind::kRequest,
                      .actor = client,
                      .peer = node,
                      .label = "http.request",
                      .key = 0xAB,
                      .message = UINT64_MAX,
                      .value = 3,
                      .text = "/a\"b",
                      .note = "POST"});
  run.AtMs(2).Record({.kind = EventKind::kTurn, .actor = node, .label = "main"});

  const boost::json::value json = boost::json::parse(JournalJson(run.view()));

  EXPECT_EQ(json.at("events_in_run"), 2);
  EXPECT_EQ(json.at("actors").at(2).at("kind"), "client");
  const boost::json::value& event = json.at("events").at(0);
  EXPECT_EQ(event.at("number"), 1);
  EXPECT_EQ(event.at("time_ns"), 1'000'000);
  EXPECT_EQ(event.at("kind"), "request");
  EXPECT_EQ(event.at("actor"), "client1");
  EXPECT_EQ(event.at("peer"), "node1");
  EXPECT_EQ(event.at("key"), "00000000000000ab");
  EXPECT_EQ(event.at("message"), "ffffffffffffffff");
  EXPECT_EQ(event.at("value"), 3);
  EXPECT_EQ(event.at("text"), "/a\"b");
  EXPECT_EQ(event.at("note"), "POST");
  EXPECT_EQ(event.at("words"), "asks again node1: POST /a\"b");
  EXPECT_EQ(event.at("bytes_hash").as_string(), Hex(run.view().events[0].bytes_hash));
  EXPECT_FALSE(json.at("events").at(1).as_object().contains("peer"));
}

RC_GTEST_PROP(JsonString, IsReadBackAndCannotLeaveAScript, (std::string text)) {
  const std::string json = JsonString(text + "</script><!--\xE2\x80\xA8\xE2\x80\xA9");

  RC_ASSERT(boost::json::parse(json).as_string() == ValidUtf8(text + "</script><!--\xE2\x80\xA8\xE2\x80\xA9"));
  for (const char c : json) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != '<' && c != '>' && c != '&');
  RC_ASSERT(json.find("\xE2\x80\xA8") == std::string::npos && json.find("\xE2\x80\xA9") == std::string::npos);
}

TEST(JsonInteger, IsATextWhereJavaScriptWouldRound) {
  EXPECT_EQ(JsonInteger(-12), "-12");
  EXPECT_EQ(JsonInteger(int64_t{1} << 53), "9007199254740992");
  EXPECT_EQ(JsonInteger((int64_t{1} << 53) + 1), "\"9007199254740993\"");
  EXPECT_EQ(JsonInteger(INT64_MIN), "\"-9223372036854775808\"");
}

}  // namespace
}  // namespace edge::sim
