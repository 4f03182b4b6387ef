#include "sim/scenario/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace edge::sim {
namespace {

using ::testing::HasSubstr;

constexpr char kWhole[] = R"({
  // A comment.
  "name": "shop",
  "nodes": 2,
  "clients": 3,
  "requests_per_client": 7,
  "seconds": 30,
  "request_timeout_ms": 1500,
  "retries": 2,
  "requests": [
    {"name": "buy", "method": "POST", "path": "/buy/${int:1..3}", "headers": {"Content-Type": "application/json"}, "body": "{}", "weight": 5,
     "retry": "always", "idempotency_key": true},
    {"path": "/stock"},
  ],
  "sockets": [
    {"name": "room", "path": "/room?name=${client}", "group": "all", "headers": {"Origin": "x"}, "protocols": ["v2", "v1"], "clients": 2,
     "messages_per_client": 9, "id": "id", "delivered": "message.id", "acknowledged": ["messages.*.id"], "answer_ms": 700, "resend": true,
     "reconnect_ms": 50, "close": 4000, "reason": "over",
     "messages": [{"name": "say", "text": "{}", "weight": 3}, {"name": "ping", "binary": "ping", "answer": "pong"},
                  {"close": 4001, "reason": "lunch"}, {"name": "vanish", "vanish": true}]},
    {"path": "/plain"}
  ],
  "services": [{"name": "pay.test", "port": 8080, "routes": [{"method": "POST", "path": "/charge", "status": 201, "body": "ok"}]}],
  "checks": [
    {"kind": "unique", "name": "orders differ", "operation": "buy", "fields": ["order"]},
    {"kind": "count", "operation": "GET /stock", "counts": "buy", "fields": ["sold"]},
    {"kind": "status", "operation": "buy", "statuses": [200, 409]},
    {"kind": "effects", "service": "pay.test"},
    {"kind": "value", "operation": "GET /stock", "fields": ["open"], "equals": -3},
    {"kind": "settles", "operation": "GET /stock", "fields": ["pending"]},
    {"kind": "kept", "operation": "GET /stock", "counts": "buy", "fields": ["order"]},
    {"kind": "kept", "operation": "GET /stock", "counts": "say", "fields": ["order"]},
    {"kind": "status", "operation": "room", "statuses": [101]},
    {"kind": "delivered", "socket": "room", "to": "others"}
  ]
})";

std::string ErrorOf(std::string_view text) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(text, "edge.sim.json");
  return scenario.ok() ? "no error" : std::string(scenario.status().message());
}

TEST(Scenario, ReadsAllThereIs) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(kWhole, "x");

  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->nodes, 2u);
  EXPECT_EQ(scenario->safety, Duration::Seconds(30));
  EXPECT_EQ(scenario->limits.request_time, Duration::Milliseconds(1500));
  ASSERT_EQ(scenario->operations.size(), 2u);
  EXPECT_EQ(scenario->operations[0].retry, Operation::Retry::kAlways);
  EXPECT_TRUE(scenario->operations[0].idempotency_key);
  EXPECT_EQ(scenario->operations[1].name, "GET /stock");
  EXPECT_EQ(scenario->services[0].routes[0].status, 201);
  ASSERT_EQ(scenario->checks.size(), 10u);
  EXPECT_EQ(scenario->checks[4].equals, -3);
  EXPECT_EQ(scenario->checks[2].statuses, (std::vector<int>{200, 409}));
}

TEST(Scenario, ReadsWebSockets) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(kWhole, "x");

  ASSERT_TRUE(scenario.ok()) << scenario.status();
  ASSERT_EQ(scenario->sockets.size(), 2u);
  const SocketPlan& room = scenario->sockets[0];
  EXPECT_EQ(room.protocols, (std::vector<std::string>{"v2", "v1"}));
  EXPECT_EQ(room.clients, 2u);
  EXPECT_EQ(room.answer_time, Duration::Milliseconds(700));
  EXPECT_TRUE(room.resends);
  ASSERT_EQ(room.messages.size(), 4u);
  EXPECT_EQ(room.messages[1].what, SocketMessage::What::kBinary);
  EXPECT_EQ(room.messages[1].answer, "pong");
  EXPECT_EQ(room.messages[2].code, 4001);
  EXPECT_EQ(room.messages[2].name, "room 3");
  EXPECT_EQ(room.messages[3].what, SocketMessage::What::kVanish);
  EXPECT_EQ(scenario->sockets[1].name, "socket /plain");
  EXPECT_EQ(scenario->checks[9].to, CheckSpec::To::kOthers);
}

TEST(Scenario, CountsRequestsThenSocketsThenTheirMessages) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(kWhole, "x");
  ASSERT_TRUE(scenario.ok());

  EXPECT_EQ(CountOperations(*scenario), 8u);
  EXPECT_EQ(OperationName(*scenario, 1), "GET /stock");
  EXPECT_EQ(OperationName(*scenario, SocketOperation(*scenario, 1)), "socket /plain");
  EXPECT_EQ(OperationName(*scenario, MessageOperation(*scenario, 0, 3)), "vanish");
}

TEST(Scenario, ErrorsOfWebSocketsSayWhereAndWhatIsExpected) {
  const auto with = [](const std::string& socket) { return ErrorOf(R"({"sockets": [{"path": "/s", )" + socket + "}]}"); };
  EXPECT_EQ(with(R"("name": "s")"), "no error");
  EXPECT_THAT(ErrorOf(R"({"sockets": [{"path": "s"}]})"), HasSubstr("sockets[0].path: must be a path that begins with /"));
  EXPECT_THAT(with(R"("message": [])"), HasSubstr("sockets[0].message: no such key; here there may be name, path"));
  EXPECT_THAT(with(R"("messages": [{"text": "a", "close": 1000}])"), HasSubstr("sockets[0].messages[0].text: must be there alone"));
  EXPECT_THAT(with(R"("messages": [{"name": "x"}])"), HasSubstr("or one of binary, close, vanish"));
  EXPECT_THAT(with(R"("messages": [{"close": 1005}])"), HasSubstr("sockets[0].messages[0].close: must be a code that a client may send"));
  EXPECT_THAT(with(R"("messages": [{"close": 1000, "answer": "x"}])"), HasSubstr("messages[0].answer: no such key"));
  EXPECT_THAT(with(R"("delivered": "id")"), HasSubstr("sockets[0].id: must be the path of what names a message"));
  EXPECT_THAT(with(R"("id": "id")"), HasSubstr("sockets[0].delivered: must be there"));
  EXPECT_THAT(with(R"("resend": true)"), HasSubstr("sockets[0].id: must be there if resend is"));
  EXPECT_THAT(with(R"("protocols": "v1")"), HasSubstr("sockets[0].protocols: must be an array"));
  EXPECT_THAT(with(R"("name": "a", "messages": [{"name": "a", "text": ""}])"),
              HasSubstr("sockets[0].messages[0].name: \"a\" is taken by sockets[0]"));
  EXPECT_THAT(ErrorOf(R"({"checks": [{"kind": "delivered", "socket": "s"}]})"), HasSubstr("socket \"s\" is the name of no socket"));
  EXPECT_THAT(ErrorOf(R"({"sockets": [{"path": "/", "name": "s"}], "checks": [{"kind": "delivered", "socket": "s"}]})"),
              HasSubstr("socket \"s\" has no \"id\""));
  EXPECT_THAT(ErrorOf(R"({"sockets": [{"path": "/", "name": "s", "id": "id", "acknowledged": ["id"]}],
                         "checks": [{"kind": "delivered", "socket": "s"}]})"),
              HasSubstr("socket \"s\" has no \"delivered\""));
  EXPECT_THAT(ErrorOf(R"({"sockets": [{"path": "/", "name": "s"}], "checks": [{"kind": "value", "operation": "s"}]})"),
              HasSubstr("operation \"s\" is the name of no request"));
}

TEST(Scenario, ItsCanonicalTextIsItself) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(kWhole, "x");
  ASSERT_TRUE(scenario.ok());

  const std::string text = ScenarioJson(*scenario);
  const absl::StatusOr<Scenario> again = ParseScenario(text, "x");

  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ScenarioJson(*again), text);
}

TEST(Scenario, ErrorsSayWhereAndWhatIsExpected) {
  EXPECT_THAT(ErrorOf("{\n\"clients\": ,\n}"), HasSubstr("edge.sim.json:2: not JSON"));
  EXPECT_THAT(ErrorOf(R"({"requests": []})"), HasSubstr("requests: must be an array with at least one request"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("must be a JSON object"));
  EXPECT_THAT(ErrorOf(R"({"clients": 0})"), HasSubstr("clients: must be between 1 and 1000"));
  EXPECT_THAT(ErrorOf(R"({"clients": "4"})"), HasSubstr("clients: must be a whole number"));
  EXPECT_THAT(ErrorOf(R"({"client": 4})"), HasSubstr("client: no such key; here there may be name, nodes, clients"));
  EXPECT_THAT(ErrorOf(R"({"requests": [{"path": "x"}]})"), HasSubstr("requests[0].path: must be a path that begins with /"));
  EXPECT_THAT(ErrorOf(R"({"requests": [{"path": "/"}, {"path": "/"}]})"), HasSubstr("requests[1].name: \"GET /\" is taken by requests[0]"));
  EXPECT_THAT(ErrorOf(R"({"requests": [{"path": "/", "retry": "maybe"}]})"),
              HasSubstr("requests[0].retry: must be one of idempotent, always, never"));
  EXPECT_THAT(ErrorOf(R"({"checks": [{"kind": "status", "operation": "buy", "statuses": [200]}]})"),
              HasSubstr("\"buy\" is the name of no request"));
  EXPECT_THAT(ErrorOf(R"({"checks": [{"kind": "effects", "service": "pay"}]})"), HasSubstr("\"pay\" is the name of no service"));
  const auto rate = [](const std::string& more) {
    return ErrorOf(R"({"requests": [{"name": "take", "path": "/"}], "checks": [{"kind": "rate", "operation": "take")" + more + "}]}");
  };
  EXPECT_EQ(rate(R"(, "fields": ["at"], "at_most": 3, "within_ms": 500)"), "no error");
  EXPECT_THAT(rate(R"(, "at_most": 3)"), HasSubstr("rate needs at_most and one field"));
  EXPECT_THAT(rate(R"(, "fields": ["at"])"), HasSubstr("rate needs at_most and one field"));
}

}  // namespace
}  // namespace edge::sim
