// Scenario: what a simulated run consists of, as data: nodes, clients and what they ask for, outside services, phases, checks.
//
// Read from a JSON file (docs/simulation.md; `edge.sim.json` beside the wrangler file is found by itself), made from a recording of real
// traffic (request_log.h) or from routes found in the bundle (routes.h). The same scenario and the same decisions are the same run.
#ifndef EDGE_SIM_SCENARIO_SCENARIO_H_
#define EDGE_SIM_SCENARIO_SCENARIO_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "sim/scenario/socket_plan.h"

namespace edge::sim {

// Something clients do. Text may have placeholders, filled in per request from the oracle: ${int:1..5}, ${pick:a|b|c}, ${client}, ${uuid}.
struct Operation {
  std::string name;  // "POST /increment"; unique in its scenario
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint32_t weight = 1;
  // After a lost connection, a timeout, 502, 503 or 504.
  enum class Retry : uint8_t { kIdempotentMethods, kAlways, kNever } retry = Retry::kIdempotentMethods;
  bool idempotency_key = false;  // sends Idempotency-Key, the same for all attempts; implies that retrying is allowed
  std::string from;              // where it was found, for reports: "recording line 7", "route string in worker.js"
};

struct ServiceRoute {
  std::string method;  // empty: any
  std::string path;    // exact, or a prefix if it ends with '*'
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration latency_max = Duration::Milliseconds(200);
  uint32_t never_answers_percent = 0;  // of requests that get no answer ever: the service is like that, it is no fault that heals
};

// An outside service. What no route matches gets 404.
struct Service {
  std::string name;  // host name: "payments.test"
  uint16_t port = 80;
  std::vector<ServiceRoute> routes;
};

struct CheckSpec {
  enum class Kind : uint8_t {
    kUnique,   // acknowledged answers of `operation` differ in the JSON fields `fields`
    kCount,    // a number that `operation` answers at the end lies between acknowledged and sent calls of `counts`
    kStatus,   // every answer of `operation` has one of `statuses`
    kEffects,  // `service` does no more than `effects_max` effects per value of the request header `header`
    kValue,    // at the end `operation` answers the number `equals` (in the JSON field `fields`)
    kSettles,  // the same, asked for again and again until ScenarioLimits::liveness is over: for what goes on after the last request
    kKept,     // what each acknowledged answer of `counts` has in the JSON field `fields` is in the answer of `operation` at the end, once
    kDelivered,  // what a sender on `socket` knows to be acknowledged has come to every socket of its group, once, in the sender's order
    kRate,       // of acknowledged answers of `operation` at most `at_most` have their time, the JSON field `fields`, in any `within`
    kAnswered,   // what was said on `socket` was acknowledged if something said later on the same connection was
  } kind = Kind::kStatus;
  std::string name;
  std::string operation;
  std::vector<std::string> fields;
  std::string counts;
  std::vector<int> statuses;
  std::string service;
  std::string header = "Idempotency-Key";
  uint32_t effects_max = 1;
  int64_t equals = 0;
  uint32_t at_most = 0;
  Duration within = Duration::Seconds(1);
  std::string socket;
  enum class To : uint8_t { kAll, kOthers } to = To::kAll;  // kOthers: a sender does not hear itself
};

struct ScenarioLimits {
  Duration request_time = Duration::Seconds(30);  // how long a client waits for one attempt
  uint32_t retries_max = 4;
  Duration liveness = Duration::Seconds(120);   // after healing, everything that is pending is over by then
  Duration probe_time = Duration::Seconds(60);  // ... and every operation is answered within this
};

struct Scenario {
  std::string name;
  uint32_t nodes = 1;
  uint32_t clients = 4;
  uint32_t requests_per_client = 25;
  Duration safety = Duration::Seconds(60);
  std::vector<Operation> operations;
  std::vector<SocketPlan> sockets;
  std::vector<Service> services;
  std::vector<CheckSpec> checks;
  ScenarioLimits limits;
};

// What is counted and named alike: requests, then sockets (a call is their opening), then the messages of each.
size_t CountOperations(const Scenario& scenario);
size_t SocketOperation(const Scenario& scenario, size_t socket);
size_t MessageOperation(const Scenario& scenario, size_t socket, size_t message);
const std::string& OperationName(const Scenario& scenario, size_t operation);

// `file_name` is for errors. kInvalidArgument: file, what, where (the key), and what is expected.
absl::StatusOr<Scenario> ParseScenario(std::string_view json, std::string_view file_name);
// Canonical text: what the hash of a scenario covers, and what a trace carries.
std::string ScenarioJson(const Scenario& scenario);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SCENARIO_H_
