#include "runtime/worker/http_front.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/worker/error_page.h"

namespace edge::worker {
namespace {

constexpr size_t kBodyPieceBytes = 64 * 1024;
constexpr std::string_view kClientGoneText = "The client disconnected.";

// The head of a request: views of the server's buffer until Detach, then a copy.
class ServedHead final : public web::IncomingHead {
 public:
  explicit ServedHead(const http::RequestHead& head) : head_(&head) {}

  std::string_view Method() const override { return head_->method(); }
  std::string_view Url() const override {
    if (url_.empty()) {
      // HTTP/1.0 may leave the host out.
      const std::string_view path = head_->path_and_query();
      url_.append("http://")
          .append(head_->authority().empty() ? "localhost" : head_->authority())
          .append(path.starts_with('/') ? "" : "/")
          .append(path);
    }
    return url_;
  }
  size_t HeaderCount() const override { return head_->fields().size(); }
  std::string_view HeaderName(size_t index) const override { return head_->fields()[index].name; }
  std::string_view HeaderValue(size_t index) const override { return head_->fields()[index].value; }

  void Detach() {
    copy_ = head_->Copy();
    head_ = &copy_;
  }

 private:
  const http::RequestHead* head_;
  http::RequestHead copy_;
  mutable std::string url_;  // made on first use: many workers never look
};

}  // namespace

// Ends what waits for a response that nobody will read.
class HttpFront::Disconnect final : public http::ClientWatcher {
 public:
  Disconnect(WorkerIsolate& isolate, Invocation& invocation) : isolate_(isolate), invocation_(invocation) {}

  void OnClientGone() override {
    isolate_.LoseClient(invocation_);
    if (invocation_.response.source != nullptr) invocation_.response.source->Cancel();
  }

 private:
  WorkerIsolate& isolate_;
  Invocation& invocation_;
};

// The request's body as long as the exchange lives.
class HttpFront::ServedBody final : public web::BodySource {
 public:
  explicit ServedBody(http::Exchange& exchange) : exchange_(&exchange), length_(exchange.content_length()) {}

  absl::StatusOr<std::string> Read() override {
    if (exchange_ == nullptr) return absl::FailedPreconditionError("Can't read from request stream after response has been sent.");
    std::string piece(length_.has_value() && *length_ < kBodyPieceBytes ? *length_ + 1 : kBodyPieceBytes, '\0');
    ++reading_;
    const absl::StatusOr<size_t> read = exchange_->ReadBody(piece);
    --reading_;
    // What the client sends wrong looks to the worker as if it had gone.
    if (!read.ok()) return absl::IsInvalidArgument(read.status()) ? absl::UnavailableError(read.status().message()) : read.status();
    piece.resize(*read);
    return piece;
  }
  std::optional<uint64_t> Length() const override { return length_; }

  bool reading() const { return reading_ > 0; }
  void Detach() { exchange_ = nullptr; }

 private:
  http::Exchange* exchange_;
  const std::optional<uint64_t> length_;
  int reading_ = 0;
};

void HttpFront::Handle(http::Exchange& exchange) {
  auto* const head = new ServedHead(exchange.head());
  const std::shared_ptr<ServedBody> body = exchange.has_body() ? std::make_shared<ServedBody>(exchange) : nullptr;
  Serve(exchange, *head, body);
  // A JavaScript Request may outlive this call.
  if (head->references() > 1) head->Detach();
  head->Unref();
  if (body != nullptr) body->Detach();
}

void HttpFront::Serve(http::Exchange& exchange, web::IncomingHead& head, const std::shared_ptr<ServedBody>& body) {
  for (;;) {
    absl::StatusOr<WorkerIsolate*> acquired = worker_.Acquire();
    if (!acquired.ok()) {
      if (absl::IsCancelled(acquired.status()) || IsCrashed(acquired.status())) return exchange.Fail();
      worker_.log().Write(Severity::kError, worker_.code().name,
                          absl::StrCat("an isolate could not start: ", std::string(acquired.status().message())));
      return AnswerFailure(exchange, {Outcome::kException, "the worker could not start", std::string(acquired.status().message())});
    }
    WorkerIsolate& isolate = **acquired;
    Invocation& invocation = isolate.NewInvocation();
    const auto finish = [this, &isolate, &invocation] {
      isolate.Finish(invocation, GraceOf(invocation));
      isolate.DeleteInvocation(invocation);
      worker_.Release(&isolate);
    };

    Disconnect disconnect(isolate, invocation);
    isolate.Fetch(invocation, &head, body, [&] {
      exchange.Flush().IgnoreError();
      exchange.WatchClient(disconnect);
    });
    // Another request took the isolate down while this one waited for it: nothing of it has run, so it goes to the next one.
    if (!invocation.started && isolate.condemned() && invocation.outcome != Outcome::kCanceled) {
      exchange.EndWatch();
      finish();
      continue;
    }
    if (ExecutionObserver* const observer = worker_.services().observer; observer != nullptr) {
      observer->OnOutcome(invocation.key, invocation.outcome, invocation.failure.message);
    }
    Answer(exchange, isolate, invocation, disconnect);
    exchange.EndWatch();

    const bool body_in_use = body != nullptr && body->reading();
    if (invocation.wait_until_pending > 0 && !body_in_use) {
      worker_.Detach(finish);
    } else {
      if (invocation.wait_until_pending > 0) exchange.Flush().IgnoreError();
      finish();
    }
    return;
  }
}

// How long waitUntil work may go on. The platform may drop it (contract sheet 1.5).
Duration HttpFront::GraceOf(const Invocation& invocation) {
  const WorkerServices& services = worker_.services();
  const bool dropped = invocation.wait_until_pending > 0 &&
                       services.adversary.Consider("wait_until.cancel", invocation.key, {Mischief::kDrop}).kind == Mischief::kDrop;
  return dropped ? Duration::Zero() : worker_.code().limits.wait_until;
}

void HttpFront::Answer(http::Exchange& exchange, WorkerIsolate& isolate, Invocation& invocation, Disconnect& disconnect) {
  if (invocation.outcome == Outcome::kCanceled) return exchange.Fail();
  if (invocation.outcome != Outcome::kOk) {
    const Failure& failure = invocation.failure;
    worker_.log().Write(Severity::kError, worker_.code().name,
                        absl::StrCat("Uncaught ", failure.stack.empty() ? failure.message : failure.stack));
    return AnswerFailure(exchange, failure);
  }
  const web::OutgoingResponse& response = invocation.response;
  if (response.status == 0 || response.status == 101) {
    const Failure failure = {Outcome::kException,
                             response.status == 0 ? "Error: Response.error() cannot be sent to a client"
                                                  : "Error: status 101 needs a webSocket, which this version of edge does not support yet",
                             ""};
    worker_.log().Write(Severity::kError, worker_.code().name, failure.message);
    return AnswerFailure(exchange, failure);
  }
  http::ResponseHead head(response.status);
  if (!response.status_text.empty()) head.SetReason(response.status_text).IgnoreError();
  for (const web::HeaderList::Entry& entry : response.headers.entries()) {
    if (const absl::Status added = head.Add(entry.name, entry.value); !added.ok()) {
      worker_.log().Write(Severity::kWarning, worker_.code().name,
                          absl::StrCat("response header ", entry.name, " left out: ", std::string(added.message())));
    }
  }
  switch (response.body) {
    case web::OutgoingResponse::Body::kNone:
      exchange.Respond(head, std::string_view()).IgnoreError();
      return;
    case web::OutgoingResponse::Body::kBytes:
      exchange.Respond(head, response.bytes).IgnoreError();
      return;
    case web::OutgoingResponse::Body::kSource:
    case web::OutgoingResponse::Body::kStream:
      return Stream(exchange, isolate, invocation, disconnect, head);
  }
}

void HttpFront::Stream(http::Exchange& exchange, WorkerIsolate& isolate, Invocation& invocation, Disconnect& disconnect,
                       const http::ResponseHead& head) {
  const bool from_isolate = invocation.response.body == web::OutgoingResponse::Body::kStream;
  // The body of this very request: reading it flushes, and notices a lost client, by itself.
  const bool echo = dynamic_cast<const ServedBody*>(invocation.response.source.get()) != nullptr;
  absl::Status sent = exchange.Start(head, invocation.response.length);
  while (sent.ok()) {
    if (from_isolate) {
      const Invocation::Chunk chunk = isolate.ReadChunk(invocation, [&] {
        exchange.Flush().IgnoreError();
        exchange.WatchClient(disconnect);
      });
      if (chunk == Invocation::Chunk::kEnd) break;
      if (chunk == Invocation::Chunk::kFailed) {
        if (invocation.client_gone) isolate.CancelBody(invocation, kClientGoneText);
        return exchange.Fail();
      }
      sent = exchange.Write(invocation.chunk);
    } else {
      if (!echo) {
        sent = exchange.Flush();
        if (!sent.ok()) break;
        exchange.WatchClient(disconnect);
      }
      absl::StatusOr<std::string> piece = invocation.response.source->Read();
      if (!piece.ok()) return exchange.Fail();
      if (piece->empty()) break;
      sent = exchange.Write(*piece);
    }
  }
  if (sent.ok()) sent = exchange.Finish();
  if (!sent.ok()) {
    // The client is gone, or the body is not as long as was promised: the source need not go on.
    if (from_isolate) isolate.CancelBody(invocation, kClientGoneText);
    if (!absl::IsInvalidArgument(sent)) isolate.LoseClient(invocation);
    if (absl::IsInvalidArgument(sent)) worker_.log().Write(Severity::kError, worker_.code().name, std::string(sent.message()));
  }
}

void HttpFront::AnswerFailure(http::Exchange& exchange, const Failure& failure) {
  const bool limit = failure.outcome == Outcome::kExceededCpu || failure.outcome == Outcome::kExceededMemory;
  http::ResponseHead head(limit ? 503 : 500);
  if (detail_ == ErrorDetail::kShown) {
    head.Add("Content-Type", "text/html;charset=utf-8").IgnoreError();
    exchange.Respond(head, ErrorPage(exchange.head().method(), exchange.head().target(), failure)).IgnoreError();
    return;
  }
  exchange.Respond(head, limit ? std::string_view(failure.message) : std::string_view("Internal Server Error")).IgnoreError();
}

}  // namespace edge::worker
