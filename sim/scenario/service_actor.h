// ServiceActor: an outside service of a scenario: an HTTP server on its own host that answers by its routes, keeps a ledger of its effects,
// and misbehaves as outside services do (family "service" of the fault model).
#ifndef EDGE_SIM_SCENARIO_SERVICE_ACTOR_H_
#define EDGE_SIM_SCENARIO_SERVICE_ACTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "runtime/fiber/domain.h"
#include "sim/network/fabric.h"
#include "sim/network/sim_network.h"
#include "sim/scenario/scenario.h"
#include "sim/world.h"

namespace edge::sim {

// Something that a service has done for good.
struct Effect {
  Instant time;
  std::string route;  // "POST /charge"
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // of the request
  std::string body;
};

class ServiceActor final : public http::Handler {
 public:
  // `world` and `fabric` are borrowed, `service` too.
  ServiceActor(World& world, Fabric& fabric, const Service& service);
  ~ServiceActor() override;  // REQUIRES: Stop has returned

  // Begins to serve. Called from a fiber. MAY SUSPEND.
  absl::Status Start();
  // Ends everything at once. MAY SUSPEND.
  void Stop();

  const Service& service() const { return service_; }
  const std::vector<Effect>& ledger() const { return ledger_; }
  ActorId actor() const { return actor_; }

  void Handle(http::Exchange& exchange) override;

 private:
  const ServiceRoute* Find(std::string_view method, std::string_view path) const;

  World& world_;
  const Service& service_;
  const ActorId actor_;
  Domain domain_;
  SimNetwork network_;
  std::unique_ptr<http::Server> server_;
  std::vector<Effect> ledger_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SERVICE_ACTOR_H_
