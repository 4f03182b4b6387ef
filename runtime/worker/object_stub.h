// ObjectStub: one stub of a Durable Object as its holder sees it: events arrive in the order of sending, and once an activation that it has
// reached was reset, every further call fails with that reason: its holder has to make a new stub. Contract: contract sheet 3.2.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_STUB_H_
#define EDGE_RUNTIME_WORKER_OBJECT_STUB_H_

#include <deque>
#include <memory>
#include <string>

#include "runtime/rpc/message.h"
#include "runtime/web/host.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/worker_code.h"
#include "storage/image/page_set.h"

namespace edge::worker {

class ObjectDirectory;
struct Breakage;

class ObjectStub final : public web::FetchTarget, public rpc::Callee, public std::enable_shared_from_this<ObjectStub> {
 public:
  // `name` is empty if the id was not made from one. `directory` and `object_class` are borrowed and outlive it.
  ObjectStub(ObjectDirectory& directory, const ObjectClass& object_class, storage::ObjectKey id, std::string name)
      : directory_(directory), class_(object_class), id_(std::move(id)), name_(std::move(name)) {}

  std::shared_ptr<web::PendingFetch> Send(web::FetchRequest request) override;
  std::shared_ptr<rpc::PendingCall> Send(rpc::CallRequest request) override;

 private:
  void Post(std::shared_ptr<ObjectEvent> event);
  void Deliver(std::shared_ptr<ObjectEvent> event);
  void DeliverLate();

  ObjectDirectory& directory_;
  const ObjectClass& class_;
  const storage::ObjectKey id_;
  const std::string name_;
  uint64_t line_ = 0;  // causal: names the order of what was sent
  uint64_t sent_ = 0;
  std::shared_ptr<Breakage> breakage_;  // of the activation reached last
  struct Late {
    std::shared_ptr<ObjectEvent> event;
    Duration delay;
  };
  std::deque<Late> late_;  // what an adversary delays, and what was sent after it
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_STUB_H_
