// OutgoingFetch: one fetch() of a worker, from its place in the line to the last byte of its response.
//
//   fetch() --> Place in the line --Run--> slot --> send --> head --> redirect? again : FetchResponse --> body, piece by piece
//                                             \_____ slot held _____/
//
// Everything that waits runs in a group of its own, so that Cancel (an aborted signal, a cancelled body, the end of the invocation) ends it
// at once and drops the connection, whoever is waiting for it. The invocation owns its fetches and closes them when it ends: JavaScript may
// keep a Response, but not the connection behind it.
#ifndef EDGE_RUNTIME_WORKER_OUTGOING_FETCH_H_
#define EDGE_RUNTIME_WORKER_OUTGOING_FETCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/client.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/web/host.h"
#include "runtime/worker/connection_slots.h"
#include "runtime/worker/http_sender.h"

namespace edge::worker {

// What the fetches of one invocation share.
struct Subrequests {
  Subrequests(uint32_t a_subrequests_max, uint32_t connections_max) : subrequests_max(a_subrequests_max), slots(connections_max) {}

  const uint32_t subrequests_max;
  uint32_t begun = 0;  // redirects count
  ConnectionSlots slots;
};

// A fetch that an invocation owns.
class InvocationFetch : public web::FetchOperation {
 public:
  // Cancels, and waits until nothing of it is left. Idempotent. MAY SUSPEND.
  virtual void Close() = 0;
};

class OutgoingFetch final : public InvocationFetch, public std::enable_shared_from_this<OutgoingFetch> {
 public:
  // Takes its place in the line. `sender` null: there is no way out of this node. All borrowed until Close; `key` is causal and names what
  // the fetch starts on its own.
  OutgoingFetch(Scheduler& scheduler, HttpSender* sender, Subrequests& subrequests, uint64_t key, web::FetchRequest request);
  ~OutgoingFetch() override;

  // Sends the request and follows redirects. Errors of web::WebHost::StartFetch. Called once. MAY SUSPEND.
  absl::StatusOr<web::FetchResponse> Run();

  void Cancel() override;
  bool over() const override;

  void Close() override;

 private:
  class ResponseBody;
  enum class State : uint8_t { kWaiting, kBody, kOver };

  // Runs `f` on a fiber that Cancel ends, and waits for it. MAY SUSPEND.
  absl::Status RunCancellable(std::string_view label, absl::FunctionRef<void()> f);
  absl::StatusOr<web::FetchResponse> Follow();
  absl::StatusOr<std::unique_ptr<http::ClientExchange>> SendOnce();
  web::FetchResponse ResponseOf();
  absl::StatusOr<std::string> ReadBody();
  // The exchange is over, well or not. MAY SUSPEND.
  void DropExchange();
  // Nobody holds the body any more. Does not suspend: this may come out of the garbage collector.
  void AbandonBody();

  Scheduler& scheduler_;
  HttpSender* const sender_;
  Subrequests* subrequests_;  // null after Close
  const uint64_t key_;
  Domain* const domain_;
  web::FetchRequest request_;
  bool redirected_ = false;
  bool too_many_ = false;
  State state_ = State::kWaiting;
  ConnectionSlots::Place place_;
  TaskGroup group_;                                 // who waits for the connection
  TaskGroup closing_;                               // who drops it when nobody does
  std::unique_ptr<http::ClientExchange> exchange_;  // null before the head and after the end
  absl::Status body_status_;                        // why the body ended; sticky
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OUTGOING_FETCH_H_
