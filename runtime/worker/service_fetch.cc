#include "runtime/worker/service_fetch.h"

#include <string>
#include <utility>

#include "net/http/field.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/sent_request.h"
#include "runtime/worker/worker.h"

namespace edge::worker {
namespace {

constexpr char kUnaskedWebSocketText[] =
    "Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\".";

absl::Status Lost() { return absl::UnavailableError("Network connection lost."); }

}  // namespace

// A body that the worker passes on: the event goes on until it has been read.
class ServiceFetch::Relay final : public web::BodySource {
 public:
  Relay(std::shared_ptr<web::BodySource> source, std::shared_ptr<ServiceFetch> event)
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
    event_->relaying_ = false;
    event_->Wake();
    event_ = nullptr;
  }

  const std::shared_ptr<web::BodySource> source_;
  std::shared_ptr<ServiceFetch> event_;
};

ServiceFetch::ServiceFetch(Worker& worker, std::shared_ptr<const ServiceEntry> entry, web::FetchRequest request)
    : ServiceEvent(worker, std::move(entry), request.key, request.depth),
      request_(std::move(request)),
      replied_(worker.services().scheduler) {}

ServiceFetch::~ServiceFetch() {
  if (head_ != nullptr) head_->Unref();
}

absl::StatusOr<web::FetchResponse> ServiceFetch::Wait() {
  while (!reply_.has_value()) EDGE_RETURN_IF_ERROR(replied_.Wait());
  absl::StatusOr<web::FetchResponse> reply = *std::move(reply_);
  reply_ = absl::InternalError("the response has been taken");
  return reply;
}

void ServiceFetch::Cancel() {
  if (pipe_ != nullptr) pipe_->Cancel();
  if (over_) {
    // Nobody took the response: its body goes with it.
    if (reply_.has_value() && reply_->ok() && (*reply_)->body != nullptr) (*reply_)->body->Cancel();
    return;
  }
  Reply(absl::CancelledError("the fetch was cancelled"));
  LoseCaller();
}

void ServiceFetch::Refuse(const absl::Status& why) {
  if (!over_) Reply(why);
}

void ServiceFetch::Reply(absl::StatusOr<web::FetchResponse> reply) {
  if ((over_ || answer_lost()) && reply.ok() && reply->body != nullptr) reply->body->Cancel();
  if (std::exchange(over_, true)) return;
  if (answer_lost() && !absl::IsCancelled(reply.status())) reply = ConnectionLost();
  reply_ = std::move(reply);
  replied_.Set();
}

void ServiceFetch::Begin(WorkerIsolate& isolate, Invocation& invocation) {
  if (head_ == nullptr) {
    const std::optional<uint64_t> length = request_.bytes.has_value()   ? std::optional<uint64_t>(request_.bytes->size())
                                           : request_.stream != nullptr ? request_.stream->Length()
                                                                        : std::nullopt;
    if (length.has_value() && request_.headers.Find("content-length") == nullptr) {
      request_.headers.Append("content-length", std::to_string(*length));
    }
    if (request_.bytes.has_value()) {
      request_.stream = std::make_shared<BytesSource>(*std::exchange(request_.bytes, {}), std::exchange(request_.account, {}));
    }
    const std::string* const upgrade = request_.headers.Find("upgrade");
    asks_for_web_socket_ = upgrade != nullptr && http::EqualsIgnoreCase(*upgrade, "websocket");
    head_ = new SentHead(std::move(request_.method), std::move(request_.url), std::move(request_.headers), std::move(request_.cf));
  }
  worker().CountEntry(entry().entrypoint.empty() ? "fetch" : StrCat("class ", entry().entrypoint));
  isolate.Fetch(invocation, head_, request_.stream, [this] { SetBegun(); });
  if (invocation.started) request_.stream = nullptr;
}

void ServiceFetch::Serve(WorkerIsolate& isolate, Invocation& invocation) {
  if (invocation.outcome != Outcome::kOk) return Fail(invocation);
  Answer(invocation);
  if (pipe_ != nullptr) Stream(isolate, invocation);
  // A WebSocket of the worker's own goes on as long as it is not over.
  while ((relaying_ || invocation.web_sockets > 0) && !invocation.client_gone && !isolate.condemned()) {
    if (!isolate.AwaitProgress(invocation).ok()) break;
  }
}

void ServiceFetch::Fail(Invocation& invocation) {
  const Failure& failure = invocation.failure;
  if (invocation.outcome == Outcome::kCanceled) return Reply(ConnectionLost());
  worker().log().Write(Severity::kError, worker().code().name,
                       StrCat("Uncaught ", failure.stack.empty() ? failure.message : failure.stack));
  Reply(invocation.thrown.ok() ? web::RemoteErrorStatus({.message = failure.message, .remote = true}) : invocation.thrown);
}

void ServiceFetch::Answer(Invocation& invocation) {
  web::OutgoingResponse& taken = invocation.response;
  std::string problem = taken.web_socket_problem;
  if (problem.empty() && taken.web_socket != nullptr && !asks_for_web_socket_) problem = kUnaskedWebSocketText;
  if (taken.status == 0) problem = "Response.error() cannot be sent to a client";
  if (!problem.empty()) return Reply(web::RemoteErrorStatus({.name = "TypeError", .message = problem, .remote = true}));
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
      response.body = std::make_shared<Relay>(std::move(taken.source), Self());
      break;
    case web::OutgoingResponse::Body::kStream:
      response.body = pipe_ = std::make_shared<FiberPipe>(worker().services().scheduler, taken.length);
      break;
  }
  Reply(std::move(response));
}

void ServiceFetch::Stream(WorkerIsolate& isolate, Invocation& invocation) {
  while (pipe_->WaitForDemand()) {
    const Invocation::Chunk chunk = isolate.ReadChunk(invocation, [] {});
    if (chunk == Invocation::Chunk::kReady) {
      if (!invocation.chunk.empty()) pipe_->Put(std::exchange(invocation.chunk, {}));
      continue;
    }
    return pipe_->End(chunk == Invocation::Chunk::kEnd ? absl::OkStatus() : Lost());
  }
  pipe_->End(Lost());
  isolate.CancelBody(invocation, "The client disconnected.");
}

}  // namespace edge::worker
