// ServiceStub: another worker of this node (or the same one) as the holder of a binding sees it: requests and calls begin there in the
// order in which one sender has sent them, each as an event of its own. Contract: contract sheet 2.
#ifndef EDGE_RUNTIME_WORKER_SERVICE_STUB_H_
#define EDGE_RUNTIME_WORKER_SERVICE_STUB_H_

#include <cstdint>
#include <map>
#include <memory>

#include "runtime/rpc/message.h"
#include "runtime/web/host.h"
#include "runtime/worker/service_entry.h"
#include "runtime/worker/service_event.h"

namespace edge::worker {

class Worker;

class ServiceStub final : public web::FetchTarget, public rpc::Callee {
 public:
  // `worker` is borrowed and outlives it.
  ServiceStub(Worker& worker, ServiceEntry entry) : worker_(worker), entry_(std::make_shared<const ServiceEntry>(std::move(entry))) {}

  std::shared_ptr<web::PendingFetch> Send(web::FetchRequest request) override;
  std::shared_ptr<rpc::PendingCall> Send(rpc::CallRequest request) override;

 private:
  // What may go wrong on the way is decided here.
  void Post(const std::shared_ptr<ServiceEvent>& event, uint64_t sender);

  Worker& worker_;
  const std::shared_ptr<const ServiceEntry> entry_;
  struct Line {
    std::weak_ptr<ServiceEvent> last;  // what was sent last
    uint64_t sent = 0;
    uint64_t name = 0;  // causal
  };
  std::map<uint64_t, Line> lines_;  // by sender; those whose last event has begun are dropped now and then
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_STUB_H_
