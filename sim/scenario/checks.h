// Checks: what must be true of a run, from its history, the nodes' ledger and the services' ledgers.
//
// Built in, for every application: no request hangs; whatever a client suffers is explained by a fault; nothing is executed twice for one
// request; after healing everything pending ends and every operation is answered; nodes stop cleanly. A scenario adds its own (CheckSpec).
// A check that cannot tell says nothing.
#ifndef EDGE_SIM_SCENARIO_CHECKS_H_
#define EDGE_SIM_SCENARIO_CHECKS_H_

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/app_node.h"
#include "sim/scenario/call.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/service_actor.h"
#include "sim/scenario/socket_history.h"

namespace edge::sim {

// A check that did not hold.
struct Violation {
  std::string check;    // "request.hung", or the name a scenario gave
  std::string subject;  // what it is about without anything that varies between runs: an operation's, a socket's or a service's name
  std::string message;  // one sentence with the particulars
  uint64_t about_key = 0;
  uint64_t about_message = 0;  // a ray

  // Two runs fail in the same way if this is equal.
  std::string Signature() const { return check + ": " + subject; }
};

// A stretch of virtual time in which a fault may have harmed somebody.
struct Trouble {
  Instant begin;
  Instant end;
  bool also_begun = true;  // whether it may end a request whose handling has begun: a graceful stop may not
  bool of_disk = false;    // an operation of the storage may have thrown in the application
};

struct Evidence {
  const World& world;
  const Scenario& scenario;
  const History& history;
  const SocketHistory* sockets;  // borrowed; never null
  const NodeLedger& nodes;
  const std::vector<const ServiceActor*>& services;
  std::vector<Trouble> troubles;
  Instant stopping_from = Instant::Infinite();  // when the nodes were asked to stop
  std::string answered_twice;                   // a client that got an answer with another behind it; empty: none
  bool liveness_missed = false;                 // something was still pending when the liveness phase ended
  std::string pending;                          // ... what
};

// The number that a body is, or that the JSON member `fields[0]` of it is.
std::optional<int64_t> NumberIn(const std::string& body, const std::vector<std::string>& fields);

// The first check that does not hold.
std::optional<Violation> RunChecks(const Evidence& evidence);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_CHECKS_H_
