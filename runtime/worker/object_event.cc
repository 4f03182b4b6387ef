#include "runtime/worker/object_event.h"

#include <utility>

#include "net/http/field.h"
#include "runtime/base/status_macros.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/rpc/rpc.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/web.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/sent_request.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

constexpr const char* kUnaskedWebSocketText =
    "Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\".";

// [ instance request ] -> [ answer ]
duk_ret_t CallFetch(duk_context* ctx, void*) {
  duk_get_prop_literal(ctx, -2, "fetch");
  if (!duk_is_function(ctx, -1)) js::ThrowError(ctx, "Error", "Handler does not export a fetch() function.");
  duk_insert(ctx, -3);
  duk_call_method(ctx, 1);
  return 1;
}

}  // namespace

// --- FetchEvent ---

// A body that the object passes on: the event goes on until it has been read.
class FetchEvent::Relay final : public web::BodySource {
 public:
  Relay(std::shared_ptr<web::BodySource> source, std::shared_ptr<ObjectEvent> event)
      : source_(std::move(source)), event_(std::move(event)) {}
  ~Relay() override { End(); }

  absl::StatusOr<std::string> Read() override {
    absl::StatusOr<std::string> piece = source_->Read();
    if (!piece.ok() || piece->empty()) End();
    return piece;
  }
  std::optional<uint64_t> Length() const override { return source_->Length(); }
  void Cancel() override {
    source_->Cancel();
    End();
  }

 private:
  void End() {
    if (event_ == nullptr) return;
    static_cast<FetchEvent&>(*event_).relaying_ = false;
    event_->changed.Set();
    event_ = nullptr;
  }

  const std::shared_ptr<web::BodySource> source_;
  std::shared_ptr<ObjectEvent> event_;
};

FetchEvent::FetchEvent(Scheduler& scheduler, uint64_t key, web::FetchRequest request)
    : ObjectEvent(scheduler, key), scheduler_(scheduler), request_(std::move(request)), replied_(scheduler) {}

FetchEvent::~FetchEvent() {
  if (head_ != nullptr) head_->Unref();
}

absl::StatusOr<web::FetchResponse> FetchEvent::Wait() {
  while (!reply_.has_value()) EDGE_RETURN_IF_ERROR(replied_.Wait());
  absl::StatusOr<web::FetchResponse> reply = *std::move(reply_);
  reply_ = absl::InternalError("the response has been taken");
  return reply;
}

void FetchEvent::Cancel() {
  if (std::exchange(cancelled_, true)) return;
  if (pipe_ != nullptr) pipe_->Cancel();
  // Nobody took the response: its body goes with it.
  if (reply_.has_value() && reply_->ok() && (*reply_)->body != nullptr) (*reply_)->body->Cancel();
  Reply(absl::CancelledError("the fetch was cancelled"));
  changed.Set();
}

void FetchEvent::Fail(const absl::Status& why) { Reply(AsFetched(why)); }

void FetchEvent::Reply(absl::StatusOr<web::FetchResponse> reply) {
  if ((answered || answer_lost()) && reply.ok() && reply->body != nullptr) reply->body->Cancel();
  if (!Answer()) return;
  if (answer_lost()) reply = ConnectionLost();
  reply_ = std::move(reply);
  replied_.Set();
}

void FetchEvent::Begin(duk_context* ctx, LiveObject&, Invocation&) {
  duk_dup(ctx, -1);
  if (request_.bytes.has_value()) {
    request_.stream = std::make_shared<BytesSource>(*std::exchange(request_.bytes, {}), std::exchange(request_.account, {}));
  }
  const std::string* const upgrade = request_.headers.Find("upgrade");
  asks_for_web_socket_ = upgrade != nullptr && http::EqualsIgnoreCase(*upgrade, "websocket");
  head_ = new SentHead(std::move(request_.method), std::move(request_.url), std::move(request_.headers), std::move(request_.cf));
  web::PushIncomingRequest(ctx, head_, std::exchange(request_.stream, {}));
  if (duk_safe_call(ctx, CallFetch, nullptr, 2, 1) != DUK_EXEC_SUCCESS) {
    if (js::IsTerminated(ctx)) duk_throw(ctx);
    js::PushRejectedPromise(ctx);
  }
}

void FetchEvent::OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) {
  if (state == js::PromiseState::kRejected) {
    object.isolate()->ReportThrown(ctx);
    return object.Emit(key, [self = Self(), error = web::RemoteErrorStatus(web::DescribeRemoteError(ctx, -1))](const absl::Status& status) {
      self->Reply(status.ok() ? error : status);
    });
  }
  web::OutgoingResponse& taken = invocation.response;
  const char* problem = object.isolate()->TakeAnswer(ctx, invocation);
  if (problem == nullptr && taken.web_socket != nullptr && !asks_for_web_socket_) problem = kUnaskedWebSocketText;
  if (problem != nullptr || !taken.web_socket_problem.empty()) {
    const absl::Status error = web::RemoteErrorStatus(
        {.name = "TypeError", .message = problem != nullptr ? std::string(problem) : taken.web_socket_problem, .remote = true});
    return object.Emit(key, [self = Self(), error](const absl::Status& status) { self->Reply(status.ok() ? error : status); });
  }
  web::FetchResponse response;
  response.status = taken.status;
  response.status_text = std::move(taken.status_text);
  response.headers = std::move(taken.headers);
  response.web_socket = std::move(taken.web_socket);
  switch (taken.body) {
    case web::OutgoingResponse::Body::kNone:
      break;
    case web::OutgoingResponse::Body::kBytes:
      response.body = std::make_shared<BytesSource>(std::move(taken.bytes), nullptr);
      break;
    case web::OutgoingResponse::Body::kSource:
      relaying_ = true;
      response.body = std::make_shared<Relay>(std::move(taken.source), shared_from_this());
      break;
    case web::OutgoingResponse::Body::kStream:
      response.body = pipe_ = std::make_shared<FiberPipe>(scheduler_, taken.length);
      break;
  }
  object.Emit(key, [self = Self(), response = std::move(response)](const absl::Status& status) mutable {
    if (status.ok()) return self->Reply(std::move(response));
    if (response.body != nullptr) response.body->Cancel();
    self->Reply(status);
  });
}

void FetchEvent::Finish(LiveObject& object, Invocation& invocation) {
  if (pipe_ != nullptr) Stream(object, invocation);
  while (relaying_ && !object.ended()) {
    changed.Reset();
    if (!changed.Wait().ok()) break;
  }
}

void FetchEvent::Stream(LiveObject& object, Invocation& invocation) {
  WorkerIsolate& isolate = *object.isolate();
  for (;;) {
    if (!pipe_->WaitForDemand() || object.ended()) break;
    const Invocation::Chunk chunk = isolate.ReadChunk(invocation, [] {});
    // What the piece may reveal is durable first.
    auto let = std::make_shared<absl::Status>();
    auto decided = std::make_shared<Event>(scheduler_);
    object.Emit(key, [let, decided](const absl::Status& status) {
      *let = status;
      decided->Set();
    });
    if (absl::Status waited = decided->Wait(); !waited.ok()) *let = waited;
    if (!let->ok()) {
      pipe_->End(absl::UnavailableError("Network connection lost."));
      return;
    }
    if (chunk == Invocation::Chunk::kReady) {
      if (!invocation.chunk.empty()) pipe_->Put(std::exchange(invocation.chunk, {}));
      continue;
    }
    pipe_->End(chunk == Invocation::Chunk::kEnd ? absl::OkStatus() : absl::UnavailableError("Network connection lost."));
    return;
  }
  if (object.ended()) return pipe_->End(absl::UnavailableError("Network connection lost."));
  isolate.CancelBody(invocation, "The client disconnected.");
}

// --- CallEvent ---

CallEvent::CallEvent(Scheduler& scheduler, rpc::CallRequest request, uint64_t export_number)
    : ObjectEvent(scheduler, request.key), request_(std::move(request)), export_number_(export_number), replied_(scheduler) {}

absl::StatusOr<rpc::Message> CallEvent::Wait() {
  while (!reply_.has_value()) EDGE_RETURN_IF_ERROR(replied_.Wait());
  absl::StatusOr<rpc::Message> reply = *std::move(reply_);
  reply_ = absl::InternalError("the result has been taken");
  return reply;
}

void CallEvent::Cancel() {
  cancelled_ = true;
  Reply(absl::CancelledError("the call was cancelled"));
  changed.Set();
}

size_t CallEvent::bytes() const {
  size_t bytes = 0;
  for (const rpc::Step& step : request_.steps) bytes += step.arguments.has_value() ? step.arguments->bytes.size() : 0;
  return bytes;
}

void CallEvent::Reply(absl::StatusOr<rpc::Message> reply) {
  if (!Answer()) return;
  if (answer_lost()) reply = ConnectionLost();
  reply_ = std::move(reply);
  replied_.Set();
}

void CallEvent::Begin(duk_context* ctx, LiveObject&, Invocation&) {
  if (export_number_ != 0) return BeginExported(ctx);
  rpc::Dispatch(ctx, duk_get_top_index(ctx), rpc::Receiver::kDurableObject, std::move(request_));
}

void CallEvent::BeginExported(duk_context* ctx) {
  rpc::PushExported(ctx, export_number_);
  rpc::Dispatch(ctx, duk_get_top_index(ctx), rpc::Receiver::kExported, std::move(request_));
  duk_remove(ctx, -2);
}

void CallEvent::BeginOn(duk_context* ctx, rpc::Receiver rules) { rpc::Dispatch(ctx, duk_get_top_index(ctx), rules, std::move(request_)); }

void CallEvent::TakeAnswer(duk_context* ctx, js::PromiseState state, absl::StatusOr<rpc::Message>& answer) {
  if (state == js::PromiseState::kRejected) {
    answer = web::RemoteErrorStatus(web::DescribeRemoteError(ctx, -1));
    return;
  }
  answer.emplace();
  rpc::TakeResult(ctx, duk_get_top_index(ctx), *answer);
}

void CallEvent::OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation&) {
  if (state == js::PromiseState::kRejected) object.isolate()->ReportThrown(ctx);
  auto answer = std::make_shared<absl::StatusOr<rpc::Message>>(absl::InternalError("no answer"));
  TakeAnswer(ctx, state, *answer);
  object.Emit(key, [self = Self(), answer](const absl::Status& status) { self->Reply(status.ok() ? std::move(*answer) : status); });
}

}  // namespace edge::worker
