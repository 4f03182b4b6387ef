// ServiceSession: a call of a method of another worker's entrypoint, and everything that follows from it.
//
// A call makes a new instance of the entrypoint, which lives as long as somebody can still call it: until the call has returned, nobody
// refers to its result (calls on it that are sent before it is known are part of the same session) and every function or RpcTarget that it
// has given away is disposed of. Then the event is over; its waitUntil tasks go on.
//
//   ServiceStub --> ServiceSession <-- ServiceHold: by CallResults (calls on the result) and by what the instance has given away
#ifndef EDGE_RUNTIME_WORKER_SERVICE_CALL_H_
#define EDGE_RUNTIME_WORKER_SERVICE_CALL_H_

#include <memory>
#include <utility>
#include <vector>

#include "runtime/rpc/message.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/service_event.h"

namespace edge::worker {

class ServiceHold;

class ServiceSession final : public ServiceEvent {
 public:
  ServiceSession(Worker& worker, std::shared_ptr<const ServiceEntry> entry, uint64_t key, uint32_t depth);
  ~ServiceSession() override;

  // The call that makes it. Once, before Start.
  std::shared_ptr<rpc::PendingCall> Open(rpc::CallRequest request);
  void Refuse(const absl::Status& why) override;

 private:
  friend class ServiceHold;
  class Pending;

  void Begin(WorkerIsolate& isolate, Invocation& invocation) override;
  void Serve(WorkerIsolate& isolate, Invocation& invocation) override;
  bool unwanted() const override { return refused_ || Over(); }
  std::string_view kind() const override { return "service.call"; }

  std::shared_ptr<rpc::PendingCall> Add(rpc::CallRequest request);
  std::shared_ptr<CallEvent> NewCall(rpc::CallRequest request);
  // Somebody has let go of something: it may be over now.
  void OnLess();
  bool Answered() const;
  bool Over() const { return hold_.expired() && Answered(); }
  std::shared_ptr<ServiceSession> Self() { return std::static_pointer_cast<ServiceSession>(shared_from_this()); }

  std::shared_ptr<CallEvent> opening_;               // null once it has been answered
  std::vector<std::shared_ptr<CallEvent>> arrived_;  // calls on its result that the isolate has not got yet
  std::vector<std::shared_ptr<CallEvent>> given_;    // ... and that it has; dropped when they are answered
  std::weak_ptr<ServiceHold> hold_;
  size_t exports_ = 0;
  bool refused_ = false;
};

// As long as one lives, the session goes on. Calls go to results of the session.
class ServiceHold final : public rpc::Callee {
 public:
  explicit ServiceHold(std::shared_ptr<ServiceSession> session) : session_(std::move(session)) {}
  ~ServiceHold() override { session_->OnLess(); }

  std::shared_ptr<rpc::PendingCall> Send(rpc::CallRequest request) override { return session_->Add(std::move(request)); }
  // Something that the instance has given away lives, or died: while one does, it may still be called.
  void AddExport() { ++session_->exports_; }
  void DropExport() { --session_->exports_; }

 private:
  const std::shared_ptr<ServiceSession> session_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_CALL_H_
