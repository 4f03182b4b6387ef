// TargetFetch: one fetch() of an invocation that goes to another place than the network: a Durable Object.
#ifndef EDGE_RUNTIME_WORKER_TARGET_FETCH_H_
#define EDGE_RUNTIME_WORKER_TARGET_FETCH_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/web/host.h"
#include "runtime/worker/outgoing_fetch.h"

namespace edge::worker {

class TargetFetch final : public InvocationFetch {
 public:
  // `subrequests` is used during Run.
  TargetFetch(Scheduler& scheduler, std::shared_ptr<web::FetchTarget> target, web::FetchRequest request, Subrequests& subrequests)
      : target_(std::move(target)), request_(std::move(request)), subrequests_(subrequests), sent_(scheduler) {}

  // The sender's output gate says that it may leave, or never will. Once. Does not suspend.
  void Send(const absl::Status& allowed);
  // Waits for the response, and follows redirects, which lead to the same target. Errors of web::WebHost::StartFetch. Once. MAY SUSPEND.
  absl::StatusOr<web::FetchResponse> Run();

  void Cancel() override;
  bool over() const override { return over_ && body_.expired(); }
  void Close() override { Cancel(); }

 private:
  void SendOnce();
  // MAY SUSPEND.
  absl::StatusOr<web::FetchResponse> Follow();

  std::shared_ptr<web::FetchTarget> target_;  // null when nothing more will be sent
  web::FetchRequest request_;                 // empty when it has been sent and is not needed for redirects
  Subrequests& subrequests_;
  std::string url_;  // of the request that was sent last
  bool decided_ = false;
  absl::Status allowed_;
  std::shared_ptr<web::PendingFetch> pending_;
  std::weak_ptr<web::BodySource> body_;
  bool cancelled_ = false;
  bool over_ = false;  // but for the body
  Event sent_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_TARGET_FETCH_H_
