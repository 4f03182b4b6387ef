#include "runtime/worker/service_call.h"

#include <algorithm>

#include "runtime/base/str_cat.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/worker.h"

namespace edge::worker {

// A call as its sender holds it: when the sender lets go of it, nobody waits for the answer.
class ServiceSession::Pending final : public rpc::PendingCall {
 public:
  Pending(std::shared_ptr<ServiceSession> session, std::shared_ptr<CallEvent> call)
      : session_(std::move(session)), call_(std::move(call)) {}
  ~Pending() override { Cancel(); }

  absl::StatusOr<rpc::Message> Wait() override { return call_->Wait(); }
  void Cancel() override {
    if (call_->answered) return;
    call_->Cancel();
    session_->OnLess();
  }

 private:
  const std::shared_ptr<ServiceSession> session_;
  const std::shared_ptr<CallEvent> call_;
};

ServiceSession::ServiceSession(Worker& worker, std::shared_ptr<const ServiceEntry> entry, uint64_t key, uint32_t depth)
    : ServiceEvent(worker, std::move(entry), key, depth) {}

ServiceSession::~ServiceSession() = default;

std::shared_ptr<CallEvent> ServiceSession::NewCall(rpc::CallRequest request) {
  return std::make_shared<CallEvent>(worker().services().scheduler, std::move(request), 0);
}

std::shared_ptr<rpc::PendingCall> ServiceSession::Open(rpc::CallRequest request) {
  if (request.result != nullptr) {
    const auto hold = std::make_shared<ServiceHold>(Self());
    hold_ = hold;
    request.result->SetReceiver(hold);
  }
  opening_ = NewCall(std::move(request));
  return std::make_shared<Pending>(Self(), opening_);
}

std::shared_ptr<rpc::PendingCall> ServiceSession::Add(rpc::CallRequest request) {
  // What is called on its result is part of the session too.
  if (request.result != nullptr) request.result->SetReceiver(hold_.lock());
  const std::shared_ptr<CallEvent> call = NewCall(std::move(request));
  if (answer_lost()) call->LoseAnswer();
  if (refused_) {
    call->Fail(ConnectionLost());
  } else {
    arrived_.push_back(call);
    Wake();
  }
  return std::make_shared<Pending>(Self(), call);
}

bool ServiceSession::Answered() const {
  const auto answered = [](const std::shared_ptr<CallEvent>& call) { return call->answered; };
  return (opening_ == nullptr || opening_->answered) && std::all_of(arrived_.begin(), arrived_.end(), answered) &&
         std::all_of(given_.begin(), given_.end(), answered);
}

void ServiceSession::OnLess() {
  Wake();
  if (!Over()) return;
  LoseCaller();
}

void ServiceSession::Refuse(const absl::Status& why) {
  refused_ = true;
  std::vector<std::shared_ptr<CallEvent>> calls = std::exchange(given_, {});
  for (std::shared_ptr<CallEvent>& call : std::exchange(arrived_, {})) calls.push_back(std::move(call));
  if (opening_ != nullptr) calls.insert(calls.begin(), std::exchange(opening_, nullptr));
  for (const std::shared_ptr<CallEvent>& call : calls) {
    if (answer_lost()) call->LoseAnswer();
    call->Fail(why);
  }
  Wake();
}

void ServiceSession::Begin(WorkerIsolate& isolate, Invocation& invocation) {
  if (answer_lost()) opening_->LoseAnswer();
  invocation.session = hold_;
  worker().CountEntry(entry().entrypoint.empty() ? "rpc" : StrCat("class ", entry().entrypoint));
  isolate.BeginCall(invocation, opening_);
}

void ServiceSession::Serve(WorkerIsolate& isolate, Invocation& invocation) {
  while (!refused_ && !Over()) {
    for (std::shared_ptr<CallEvent>& call : std::exchange(arrived_, {})) {
      given_.push_back(call);
      isolate.CallInInvocation(invocation, std::move(call));
    }
    if (opening_ != nullptr && opening_->answered) {
      if (invocation.outcome == Outcome::kPending) invocation.outcome = Outcome::kOk;
      opening_ = nullptr;
    }
    std::erase_if(given_, [](const std::shared_ptr<CallEvent>& call) { return call->answered; });
    if (const absl::Status why = isolate.WhyStuck(invocation); !why.ok() && !(Answered() && hold_.expired())) {
      Refuse(why);
      break;
    }
    if (!Answered() && exports_ == 0 && isolate.idle()) {
      const absl::Status why = web::RemoteErrorStatus(
          {.message = "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never "
                      "generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/"});
      invocation.outcome = Outcome::kHung;
      Refuse(why);
      break;
    }
    if (!isolate.AwaitProgress(invocation).ok()) break;
  }
  if (invocation.outcome == Outcome::kPending) {
    invocation.outcome = opening_ != nullptr && !opening_->answered ? Outcome::kCanceled : Outcome::kOk;
  }
}

}  // namespace edge::worker
