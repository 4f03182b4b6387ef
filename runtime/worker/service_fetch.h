// ServiceFetch: a request to another worker's fetch handler.
#ifndef EDGE_RUNTIME_WORKER_SERVICE_FETCH_H_
#define EDGE_RUNTIME_WORKER_SERVICE_FETCH_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/web/host.h"
#include "runtime/worker/fiber_pipe.h"
#include "runtime/worker/service_event.h"

namespace edge::worker {

class ServiceFetch final : public ServiceEvent, public web::PendingFetch {
 public:
  ServiceFetch(Worker& worker, std::shared_ptr<const ServiceEntry> entry, web::FetchRequest request);
  ~ServiceFetch() override;

  absl::StatusOr<web::FetchResponse> Wait() override;
  void Cancel() override;
  void Refuse(const absl::Status& why) override;

 private:
  class Relay;

  void Begin(WorkerIsolate& isolate, Invocation& invocation) override;
  void Serve(WorkerIsolate& isolate, Invocation& invocation) override;
  bool unwanted() const override { return over_; }
  std::string_view kind() const override { return "service.fetch"; }

  void Reply(absl::StatusOr<web::FetchResponse> reply);
  void Fail(Invocation& invocation);
  void Answer(Invocation& invocation);
  // Moves a streamed body into the pipe, at the reader's pace.
  void Stream(WorkerIsolate& isolate, Invocation& invocation);
  std::shared_ptr<ServiceFetch> Self() { return std::static_pointer_cast<ServiceFetch>(shared_from_this()); }

  web::FetchRequest request_;
  web::IncomingHead* head_ = nullptr;  // null until it has begun
  bool asks_for_web_socket_ = false;
  bool over_ = false;  // answered, refused or cancelled
  std::optional<absl::StatusOr<web::FetchResponse>> reply_;
  Event replied_;
  std::shared_ptr<FiberPipe> pipe_;  // a body that JavaScript makes
  bool relaying_ = false;            // a body that comes from elsewhere has not ended
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_FETCH_H_
