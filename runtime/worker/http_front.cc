#include "runtime/worker/http_front.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "net/websocket/handshake.h"
#include "net/websocket/socket.h"
#include "runtime/base/status_macros.h"
#include "runtime/worker/error_page.h"

namespace edge::worker {
namespace {

constexpr size_t kBodyPieceBytes = 64 * 1024;
constexpr std::string_view kClientGoneText = "The client disconnected.";

// What the front door says itself, whatever the client has sent.
constexpr std::string_view kConnectingIp = "CF-Connecting-IP";

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Of an address on the network: without a zone ("fe80::1%eth0").
std::string_view AddressOf(const Endpoint& peer) { return std::string_view(peer.host).substr(0, peer.host.find('%')); }

void AppendJsonText(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte >= 0x7f) {
      out.append({'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// The head of a request: views of the server's buffer until Detach, then a copy. It has the client's fields, but for those that are the
// front door's to say, and those of the front door behind them.
class ServedHead final : public web::IncomingHead {
 public:
  ServedHead(const http::RequestHead& head, std::string_view client_address) : head_(&head), client_address_(client_address) {}

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
  size_t HeaderCount() const override {
    Look();
    return (forged_ ? kept_.size() : head_->fields().size()) + 1;
  }
  std::string_view HeaderName(size_t index) const override { return IsOurs(index) ? kConnectingIp : FieldAt(index).name; }
  std::string_view HeaderValue(size_t index) const override { return IsOurs(index) ? client_address_ : FieldAt(index).value; }
  std::string_view Cf() const override {
    if (cf_.empty()) {
      // There is no data centre and no map of addresses: what says so is what the platform says of what it does not know.
      cf_ = R"({"colo":"EDG","country":"XX","httpProtocol":)";
      AppendJsonText(head_->version() == http::Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1", cf_);
      cf_ += R"(,"clientAcceptEncoding":)";
      AppendJsonText(head_->Find("Accept-Encoding").value_or(std::string_view()), cf_);
      cf_ += R"(,"requestPriority":"","tlsCipher":"","tlsVersion":""})";
    }
    return cf_;
  }

  void Detach() {
    copy_ = head_->Copy();
    head_ = &copy_;
  }

 private:
  void Look() const {
    if (std::exchange(looked_, true)) return;
    const auto& fields = head_->fields();
    const auto forged = [](const auto& field) { return EqualsIgnoreCase(field.name, kConnectingIp); };
    forged_ = std::any_of(fields.begin(), fields.end(), forged);
    for (size_t i = 0; forged_ && i < fields.size(); ++i) {
      if (!forged(fields[i])) kept_.push_back(i);
    }
  }
  bool IsOurs(size_t index) const { return index + 1 == HeaderCount(); }
  const http::Field& FieldAt(size_t index) const { return head_->fields()[forged_ ? kept_[index] : index]; }

  const http::RequestHead* head_;
  http::RequestHead copy_;
  const std::string client_address_;
  // Which of the client's fields stay, if some do not.
  mutable bool looked_ = false;
  mutable bool forged_ = false;
  mutable std::vector<size_t> kept_;
  mutable std::string cf_;
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

// A connection that is a WebSocket now, as its invocation sees it.
struct HttpFront::Upgraded {
  bool over = false;
  Invocation* invocation = nullptr;  // null: it has ended

  void SetOver() {
    over = true;
    if (invocation != nullptr) invocation->progress.Set();
  }
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
  auto* const head = new ServedHead(exchange.head(), AddressOf(exchange.peer()));
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
      isolate.Finish(invocation, worker_.GraceOf(invocation));
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
    const std::shared_ptr<Upgraded> upgraded = Answer(exchange, isolate, invocation, disconnect);
    exchange.EndWatch();
    if (upgraded != nullptr) {
      Scheduler& scheduler = worker_.services().scheduler;
      worker_.Detach([&isolate, &invocation, &scheduler, handler = scheduler.current(), upgraded, finish] {
        // Without a fiber to spare this runs in here, and the connection would wait for its own end.
        if (scheduler.current() != handler) WaitForWebSocket(isolate, invocation, *upgraded);
        upgraded->invocation = nullptr;
        finish();
      });
      return;
    }

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

http::ResponseHead HttpFront::HeadOf(const web::OutgoingResponse& response) {
  http::ResponseHead head(response.status);
  if (!response.status_text.empty()) head.SetReason(response.status_text).IgnoreError();
  for (const web::HeaderList::Entry& entry : response.headers.entries()) {
    if (response.status == 101 && websocket::IsHandshakeField(entry.name)) continue;
    if (const absl::Status added = head.Add(entry.name, entry.value); !added.ok()) {
      worker_.log().Write(Severity::kWarning, worker_.code().name,
                          absl::StrCat("response header ", entry.name, " left out: ", std::string(added.message())));
    }
  }
  return head;
}

std::shared_ptr<HttpFront::Upgraded> HttpFront::Answer(http::Exchange& exchange, WorkerIsolate& isolate, Invocation& invocation,
                                                       Disconnect& disconnect) {
  if (invocation.outcome == Outcome::kCanceled) {
    exchange.Fail();
    return nullptr;
  }
  if (invocation.outcome != Outcome::kOk) {
    const Failure& failure = invocation.failure;
    worker_.log().WriteFor({.request = invocation.key}, Severity::kError, worker_.code().name,
                           absl::StrCat("Uncaught ", failure.stack.empty() ? failure.message : failure.stack));
    AnswerFailure(exchange, failure);
    return nullptr;
  }
  const web::OutgoingResponse& response = invocation.response;
  if (response.status == 101) return Upgrade(exchange, invocation);
  if (response.status == 0) {
    const Failure failure = {Outcome::kException, "Error: Response.error() cannot be sent to a client", ""};
    worker_.log().Write(Severity::kError, worker_.code().name, failure.message);
    AnswerFailure(exchange, failure);
    return nullptr;
  }
  const http::ResponseHead head = HeadOf(response);
  switch (response.body) {
    case web::OutgoingResponse::Body::kNone:
      exchange.Respond(head, std::string_view()).IgnoreError();
      return nullptr;
    case web::OutgoingResponse::Body::kBytes:
      exchange.Respond(head, response.bytes).IgnoreError();
      return nullptr;
    case web::OutgoingResponse::Body::kSource:
    case web::OutgoingResponse::Body::kStream:
      Stream(exchange, isolate, invocation, disconnect, head);
      return nullptr;
  }
  return nullptr;
}

std::shared_ptr<HttpFront::Upgraded> HttpFront::Upgrade(http::Exchange& exchange, Invocation& invocation) {
  web::OutgoingResponse& response = invocation.response;
  std::string problem = response.web_socket_problem;
  if (problem.empty() && response.web_socket == nullptr) problem = "TypeError: A response with status 101 needs a webSocket.";
  if (problem.empty() && !websocket::AsksForWebSocket(exchange.head())) {
    problem =
        "TypeError: Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\".";
  }
  if (!problem.empty()) {
    worker_.log().Write(Severity::kError, worker_.code().name, absl::StrCat("Uncaught ", problem));
    AnswerFailure(exchange, {Outcome::kException, problem, ""});
    return nullptr;
  }
  std::optional<http::Refusal> refusal = websocket::CheckRequest(exchange.head());
  if (!refusal.has_value() && exchange.has_body()) refusal = {400, "A request for a WebSocket has no body."};
  if (refusal.has_value()) {
    http::ResponseHead head(refusal->status);
    head.Add("Content-Type", "text/plain;charset=UTF-8").IgnoreError();
    if (refusal->status == 426) head.Add("Sec-WebSocket-Version", "13").IgnoreError();
    exchange.Respond(head, absl::StrCat(std::string(refusal->reason), "\n")).IgnoreError();
    return nullptr;
  }
  http::ResponseHead head = HeadOf(response);
  const std::string_view key = *exchange.head().Find("Sec-WebSocket-Key");
  head.Add("Sec-WebSocket-Accept", websocket::AcceptOf(key)).IgnoreError();
  auto upgraded = std::make_shared<Upgraded>();
  upgraded->invocation = &invocation;
  auto socket = std::make_unique<websocket::Socket>(worker_.services().scheduler, std::move(response.web_socket), nullptr);
  socket->WhenOver([upgraded] { upgraded->SetOver(); });
  if (const absl::Status sent = exchange.Upgrade(head, "websocket", std::move(socket)); !sent.ok()) return nullptr;
  return upgraded;
}

void HttpFront::WaitForWebSocket(WorkerIsolate& isolate, Invocation& invocation, Upgraded& upgraded) {
  const auto busy = [&invocation] {
    return invocation.tasks.size() > 0 || invocation.timers_pending > 0 || invocation.wait_until_pending > 0;
  };
  while (busy() && !(upgraded.over && invocation.web_sockets == 0)) {
    if (!isolate.AwaitProgress(invocation).ok()) break;
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
      if (!echo && !invocation.response.source->IsReady()) {
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
