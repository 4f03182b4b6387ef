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
  "services": [{"name": "pay.test", "port": 8080, "routes": [{"method": "POST", "path": "/charge", "status": 201, "body": "ok"}]}],
  "checks": [
    {"kind": "unique", "name": "orders differ", "operation": "buy", "fields": ["order"]},
    {"kind": "count", "operation": "GET /stock", "counts": "buy", "fields": ["sold"]},
    {"kind": "status", "operation": "buy", "statuses": [200, 409]},
    {"kind": "effects", "service": "pay.test"}
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
  ASSERT_EQ(scenario->checks.size(), 4u);
  EXPECT_EQ(scenario->checks[2].statuses, (std::vector<int>{200, 409}));
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
}

}  // namespace
}  // namespace edge::sim
