// Caller: makes calls as a real HTTP client does: keep-alive, a timeout for each attempt, retries with exponential backoff and jitter.
//
// What is retried: a lost connection, a timeout, 502, 503 and 504, if the method is idempotent or the operation says so. Clients are also
// careless: some walk away in the middle of a request (client.disconnect), some have little patience (client.impatient).
#ifndef EDGE_SIM_SCENARIO_CALLER_H_
#define EDGE_SIM_SCENARIO_CALLER_H_

#include <string>
#include <vector>

#include "net/http/client.h"
#include "sim/scenario/call.h"
#include "sim/scenario/scenario.h"
#include "sim/world.h"

namespace edge::sim {

class Caller {
 public:
  // All borrowed. `nodes` are the hosts to ask; which one is a decision of each attempt.
  Caller(World& world, Network& network, ActorId actor, const Scenario& scenario, const std::vector<Endpoint>& nodes, History& history);

  // Makes one call and returns its index in the history. `key` names it. MAY SUSPEND.
  size_t Perform(size_t operation, Key key, Call::Phase phase);

  // Answers with something behind them that nobody had asked for.
  uint64_t unasked_for() const { return client_.unasked_for(); }

 private:
  struct Answer {
    int status = 0;
    std::string body;
    absl::Status error;  // OK if there is an answer
    bool sent = true;
  };
  Answer Try(const http::ClientRequest& request, const std::string& body, Instant deadline, Key ray);
  Answer Exchange(const http::ClientRequest& request, const std::string& body, Instant deadline);
  static bool WorthAnotherTry(const Answer& answer);
  static bool MayRetry(const Operation& operation);

  World& world_;
  const ActorId actor_;
  const Scenario& scenario_;
  const std::vector<Endpoint>& nodes_;
  History& history_;
  http::Client client_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_CALLER_H_
