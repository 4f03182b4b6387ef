#include "runtime/worker/outgoing_fetch.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "net/http/field.h"
#include "net/websocket/end.h"
#include "net/websocket/handshake.h"
#include "net/websocket/socket.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/url/url.h"
#include "runtime/web/fetch_rules.h"

namespace edge::worker {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kSentPieceBytes = 256 * 1024;
constexpr const char* kTooManyText = "Too many subrequests.";

// Borrows the bytes, which outlive the exchange.
class BytesBody final : public http::RequestBody {
 public:
  explicit BytesBody(std::string_view bytes) : length_(bytes.size()), left_(bytes) {}
  absl::StatusOr<std::string> Read() override {
    std::string piece(left_.substr(0, kSentPieceBytes));
    left_.remove_prefix(piece.size());
    return piece;
  }
  std::optional<uint64_t> Length() const override { return length_; }

 private:
  const uint64_t length_;
  std::string_view left_;
};

class SourceBody final : public http::RequestBody {
 public:
  explicit SourceBody(std::shared_ptr<web::BodySource> source) : source_(std::move(source)) {}
  // The connection has what it wants of it.
  ~SourceBody() override { source_->Cancel(); }
  absl::StatusOr<std::string> Read() override { return source_->Read(); }
  std::optional<uint64_t> Length() const override { return source_->Length(); }

 private:
  const std::shared_ptr<web::BodySource> source_;
};

// The address as the client wants it. REQUIRES: CheckFetchUrl.
http::ClientRequest AddressOf(const std::string& href) {
  const absl::StatusOr<url::Url> url = url::Url::Parse(href, nullptr);
  EDGE_CHECK(url.ok()) << href;
  http::ClientRequest request;
  std::string_view host = url->hostname();
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  request.host.host.assign(host);
  request.host.port = 80;
  const std::string_view port = url->port();
  if (!port.empty()) std::from_chars(port.data(), port.data() + port.size(), request.host.port);
  request.authority.assign(url->host());
  request.target.assign(url->pathname()).append(url->search());
  return request;
}

// Whatever goes wrong with a connection, the worker sees it lost.
absl::Status AsLost(absl::Status status) {
  if (absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status)) return absl::UnavailableError(status.message());
  return status;
}

}  // namespace

// The response's body as JavaScript or the HTTP server reads it.
class OutgoingFetch::ResponseBody final : public web::BodySource {
 public:
  ResponseBody(std::shared_ptr<OutgoingFetch> fetch, std::optional<uint64_t> length) : fetch_(std::move(fetch)), length_(length) {}
  ~ResponseBody() override { fetch_->AbandonBody(); }

  absl::StatusOr<std::string> Read() override { return fetch_->ReadBody(); }
  std::optional<uint64_t> Length() const override { return length_; }
  void Cancel() override { fetch_->Cancel(); }

 private:
  const std::shared_ptr<OutgoingFetch> fetch_;
  const std::optional<uint64_t> length_;
};

OutgoingFetch::OutgoingFetch(Scheduler& scheduler, HttpSender* sender, Subrequests& subrequests, uint64_t key, web::FetchRequest request)
    : scheduler_(scheduler),
      sender_(sender),
      subrequests_(&subrequests),
      key_(key),
      domain_(scheduler.CurrentDomain()),
      request_(std::move(request)),
      place_(scheduler, subrequests.slots),
      group_(scheduler),
      closing_(scheduler) {
  if (++subrequests.begun > subrequests.subrequests_max) too_many_ = true;
}

OutgoingFetch::~OutgoingFetch() {
  EDGE_CHECK(group_.size() == 0 && closing_.size() == 0 && exchange_ == nullptr) << "a fetch was not closed";
}

absl::Status OutgoingFetch::RunCancellable(std::string_view label, absl::FunctionRef<void()> f) {
  EDGE_RETURN_IF_ERROR(group_.Spawn(label, [f] { f(); }));
  group_.Wait();
  return absl::OkStatus();
}

absl::StatusOr<web::FetchResponse> OutgoingFetch::Run() {
  absl::StatusOr<web::FetchResponse> response = absl::CancelledError("cancelled");
  absl::Status ran = RunCancellable("fetch.send", [&] {
    response = Follow();
    if (!response.ok()) DropExchange();
  });
  place_.Leave();
  if (!ran.ok()) response = std::move(ran);
  if (!response.ok()) state_ = State::kOver;
  return response;
}

void OutgoingFetch::DropExchange() {
  exchange_ = nullptr;
  request_.bytes.reset();
  request_.account = nullptr;
  state_ = State::kOver;
}

absl::StatusOr<web::FetchResponse> OutgoingFetch::Follow() {
  if (too_many_) return absl::ResourceExhaustedError(kTooManyText);
  if (sender_ == nullptr) return absl::UnimplementedError("fetch() is not available: this node has no way out.");
  EDGE_RETURN_IF_ERROR(place_.Wait());
  std::string history = request_.url;
  for (int redirects = 0;; ++redirects) {
    absl::StatusOr<std::unique_ptr<http::ClientExchange>> sent = SendOnce();
    if (!sent.ok()) return sent.status();
    exchange_ = *std::move(sent);
    std::optional<std::string> location;
    if (const std::optional<std::string_view> found = exchange_->head().Find("location"); found.has_value()) location.emplace(*found);
    const int status = exchange_->head().status;
    if (request_.redirect != web::RedirectMode::kFollow || !web::IsRedirectStatus(status) || !location.has_value()) return ResponseOf();
    if (redirects == web::kRedirectsMax) return absl::InvalidArgumentError(StrCat("Too many redirects.", history));
    exchange_ = nullptr;  // before the body that it may still be sending changes
    EDGE_RETURN_IF_ERROR(web::FollowRedirect(status, *location, request_));
    redirected_ = true;
    history.append(", ").append(request_.url);
    if (++subrequests_->begun > subrequests_->subrequests_max) return absl::ResourceExhaustedError(kTooManyText);
  }
}

absl::StatusOr<std::unique_ptr<http::ClientExchange>> OutgoingFetch::SendOnce() {
  http::ClientRequest request = AddressOf(request_.url);
  request.method = request_.method;
  for (const web::HeaderList::Entry& entry : request_.headers.entries()) {
    if (!http::IsFieldValue(entry.value)) return absl::InvalidArgumentError(StrCat("Invalid header value: ", entry.name));
    request.fields.emplace_back(entry.name, entry.value);
  }
  std::shared_ptr<http::RequestBody> body;
  if (request_.bytes.has_value()) {
    body = std::make_shared<BytesBody>(*request_.bytes);
  } else if (request_.stream != nullptr) {
    body = std::make_shared<SourceBody>(request_.stream);
  }
  const std::string* const upgrade = request_.headers.Find("upgrade");
  const bool wants_web_socket = upgrade != nullptr && http::EqualsIgnoreCase(*upgrade, "websocket");
  std::string key;
  if (wants_web_socket) {
    if (request.method != "GET" || body != nullptr) return absl::InvalidArgumentError("WebSocket must be initiated with a GET request.");
    if (sender_->random() == nullptr) return absl::UnimplementedError("WebSockets are not available: this node has no way out.");
    // The handshake is ours: what the worker has said about it is left out.
    std::erase_if(request.fields, [](const auto& field) {
      return http::EqualsIgnoreCase(field.first, "sec-websocket-key") || http::EqualsIgnoreCase(field.first, "sec-websocket-version") ||
             http::EqualsIgnoreCase(field.first, "sec-websocket-extensions");
    });
    request.upgrade = "websocket";
    key = websocket::NewKey(*sender_->random());
    websocket::AddRequestFields(key, request);
  }
  absl::StatusOr<std::unique_ptr<http::ClientExchange>> sent = sender_->Send(request, std::move(body));
  if (!sent.ok()) return AsLost(sent.status());
  if ((*sent)->head().status == 101) EDGE_RETURN_IF_ERROR(websocket::CheckAnswer((*sent)->head(), key));
  return sent;
}

web::FetchResponse OutgoingFetch::ResponseOf() {
  const http::ClientResponseHead& head = exchange_->head();
  web::FetchResponse response;
  response.status = head.status;
  response.status_text = head.reason;
  response.url = request_.url.substr(0, request_.url.find('#'));
  response.redirected = redirected_;
  for (const auto& [name, value] : head.fields) response.headers.Append(name, value);
  if (head.status == 101) {
    websocket::End::Pair ends = websocket::End::MakePair(scheduler_);
    response.web_socket = std::move(ends.first);
    exchange_->Upgrade(
        std::make_unique<websocket::Socket>(scheduler_, std::move(ends.second), sender_->random()->Fork(StrCat("websocket/", key_))));
  }
  if (request_.method == "HEAD" || web::IsNullBodyStatus(head.status)) {
    DropExchange();
    return response;
  }
  state_ = State::kBody;
  response.body = std::make_shared<ResponseBody>(shared_from_this(), exchange_->content_length());
  return response;
}

absl::StatusOr<std::string> OutgoingFetch::ReadBody() {
  if (subrequests_ == nullptr) {
    return absl::PermissionDeniedError(
        "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, request/response bodies, and others) created "
        "in "
        "the context of one request handler cannot be accessed from a different request's handler. This is a limitation of Cloudflare "
        "Workers which allows us to improve overall performance.");
  }
  if (!body_status_.ok()) return body_status_;
  if (exchange_ == nullptr) return std::string();
  absl::StatusOr<std::string> result = absl::CancelledError("the fetch was cancelled");
  absl::Status ran = RunCancellable("fetch.read", [&] {
    const std::optional<uint64_t> length = exchange_->content_length();
    std::string piece(length.has_value() && *length < kPieceBytes ? *length + 1 : kPieceBytes, '\0');
    const absl::StatusOr<size_t> read = exchange_->ReadBody({piece.data(), piece.size()});
    if (!read.ok()) {
      body_status_ = AsLost(read.status());
      result = body_status_;
      return DropExchange();
    }
    piece.resize(*read);
    if (piece.empty()) DropExchange();
    result = std::move(piece);
  });
  if (!ran.ok()) return ran;
  return result;
}

void OutgoingFetch::Cancel() {
  group_.Cancel();
  place_.Leave();
  if (state_ == State::kBody && body_status_.ok()) body_status_ = absl::CancelledError("the fetch was cancelled");
  if (exchange_ == nullptr || group_.size() > 0 || closing_.size() > 0 || subrequests_ == nullptr) return;
  // Nobody waits for the connection who could drop it now. Where no fiber can be had, Close does it.
  closing_.SpawnKeyed(CombineHash(key_, 0), domain_, "fetch.close", [this] { DropExchange(); }).IgnoreError();
}

bool OutgoingFetch::over() const { return state_ == State::kOver && group_.size() == 0 && closing_.size() == 0; }

void OutgoingFetch::AbandonBody() {
  if (exchange_ != nullptr) Cancel();
}

void OutgoingFetch::Close() {
  if (subrequests_ == nullptr) return;
  Cancel();
  group_.Wait();
  closing_.Wait();
  DropExchange();
  request_ = {};
  subrequests_ = nullptr;
}

}  // namespace edge::worker
