#include "net/http/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http/session.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

// A body from here on is sent from where it lies instead of being copied behind its head.
constexpr size_t kBodySentInPlace = 16 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void AppendNumber(std::string& out, uint64_t value, int base = 10) {
  char digits[24];
  char* end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

Exchange::Exchange(Session& session, const Connection& connection, ConnectionPolicy& policy)
    : session_(session),
      connection_(connection),
      policy_(policy),
      continue_due_(session.parser.expects_continue()),
      watch_(session.scheduler, session.wire, session.limits.watch_ahead_bytes) {}

const RequestHead& Exchange::head() const { return session_.parser.head(); }

bool Exchange::has_body() const { return session_.parser.framing() != BodyFraming::kNone; }

std::optional<uint64_t> Exchange::content_length() const {
  switch (session_.parser.framing()) {
    case BodyFraming::kNone:
      return 0;
    case BodyFraming::kLength:
      return session_.parser.content_length();
    case BodyFraming::kChunked:
      return std::nullopt;
  }
  return std::nullopt;
}

bool Exchange::client_gone() const { return !session_.wire.status().ok(); }

absl::Status Exchange::Flush() { return session_.wire.Flush(); }

// --- the request body ---

void Exchange::WatchClient(ClientWatcher& watcher) {
  if (!watch_.started()) watch_.Start(watcher, policy_.NextKey());
}

absl::StatusOr<size_t> Exchange::ReadBody(std::span<char> target) {
  watch_.Pause();
  absl::StatusOr<size_t> n = ReadBodyUnwatched(target);
  // Between two pieces nobody watches: it would only read the body ahead, and whoever reads the next piece learns of a lost client.
  if (!n.ok() && absl::IsUnavailable(n.status())) {
    watch_.Lose();
  } else if (session_.body.done()) {
    watch_.Resume();
  }
  if (observer_ != nullptr && n.ok()) observer_->OnRequestBody({target.data(), *n});
  return n;
}

absl::StatusOr<size_t> Exchange::ReadBodyUnwatched(std::span<char> target) {
  Wire& wire = session_.wire;
  BodyDecoder& body = session_.body;
  if (!body_status_.ok()) return body_status_;
  if (target.empty()) return absl::InvalidArgumentError("ReadBody needs room");
  if (continue_due_) {
    continue_due_ = false;
    // A client that has sent some of the body already is not waiting.
    if (state_ == State::kNothing && !wire.has_input()) wire.out().append(kContinue);
  }
  while (!body.done()) {
    // What was refused may have followed good bytes, which the call before has returned.
    if (body.refused()) {
      body_status_ = absl::InvalidArgumentError(ToAbsl(body.refusal().reason));
      RefuseBody(body.refusal().status, body.refusal().reason);
      return body_status_;
    }
    if (wire.has_input()) {
      BodyDecoder::Step step = body.Decode(wire.unread(), target);
      wire.Consume(step.consumed);
      if (step.produced > 0) return step.produced;
      continue;
    }
    Instant deadline = session_.scheduler.clock().Now() + session_.limits.body_idle_time;
    size_t direct = body.DirectBytes(target.size());
    absl::StatusOr<size_t> n = direct > 0 ? wire.ReadInto(target.first(direct), deadline) : wire.Fill(deadline);
    if (n.ok() && *n > 0) {
      if (direct == 0) continue;
      body.SkipDirect(*n);
      return *n;
    }
    if (n.ok()) {
      body_status_ = absl::UnavailableError("the client closed before the end of the request body");
      RefuseBody(400, "the request body is shorter than announced");
    } else {
      body_status_ = n.status();
      if (absl::IsDeadlineExceeded(body_status_) && wire.status().ok()) RefuseBody(408, "the request body does not arrive");
    }
    return body_status_;
  }
  return 0;
}

void Exchange::RefuseBody(int status, std::string_view reason) {
  close_after_ = true;
  if (state_ != State::kNothing) return;
  ResponseHead head(status);
  absl::Status added = head.Add("Content-Type", "text/plain;charset=UTF-8");
  EDGE_CHECK_OK(added);
  // An error here shows in the wire's status, which every later call reports.
  Respond(head, StrCat(status, " ", ReasonPhrase(status), ": ", reason, "\n")).IgnoreError();
  refused_ = true;
}

bool Exchange::DrainUnreadBody() {
  Wire& wire = session_.wire;
  BodyDecoder& body = session_.body;
  // Who waits for "100 Continue" may or may not send the body now: what comes next could not be told apart.
  if (continue_due_ || !body_status_.ok()) return false;
  uint64_t left = session_.limits.unread_body_bytes.bytes();
  Instant deadline = session_.scheduler.clock().Now() + session_.limits.unread_body_time;
  std::array<char, 1024> scratch;
  while (!body.done()) {
    if (body.refused() || body.remaining() > left) return false;
    if (wire.has_input()) {
      BodyDecoder::Step step = body.Decode(wire.unread(), scratch);
      wire.Consume(step.consumed);
      if (step.consumed > left) return false;
      left -= step.consumed;
      continue;
    }
    absl::StatusOr<size_t> n = wire.Fill(deadline);
    if (!n.ok() || *n == 0) return false;
  }
  return true;
}

// --- the response ---

absl::Status Exchange::CheckCanStart(const ResponseHead& head) const {
  if (refused_) return absl::UnavailableError("the request has been refused for its body");
  if (state_ != State::kNothing) return absl::FailedPreconditionError("a response has begun already");
  if (head.status() < 200 || head.status() > 999) return absl::InvalidArgumentError(StrCat("not a final response status: ", head.status()));
  return session_.wire.status();
}

bool Exchange::HidesBody(int status) const { return StatusHasNoBody(status) || head().method() == "HEAD"; }

void Exchange::AppendHead(const ResponseHead& response, Framing framing, std::optional<uint64_t> length) {
  std::string& out = session_.wire.out();
  framing_ = framing;
  left_ = framing == Framing::kLength ? *length : 0;
  const bool keep = session_.parser.keep_alive() && !close_after_ && framing != Framing::kUntilClose && policy_.MayKeepOpen();
  announced_close_ = !keep;
  if (response.status() == 200 && response.custom_reason().empty()) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    AppendNumber(out, static_cast<uint64_t>(response.status()));
    out.append(" ").append(response.custom_reason().empty() ? ReasonPhrase(response.status()) : response.custom_reason()).append("\r\n");
  }
  out.append(response.wire_fields());
  if (!response.has_date()) out.append("Date: ").append(policy_.Date()).append("\r\n");
  if (length) {
    out.append("Content-Length: ");
    AppendNumber(out, *length);
    out.append("\r\n");
  } else if (framing == Framing::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (!keep) {
    out.append("Connection: close\r\n");
  } else if (head().version() == Version::kHttp10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

absl::Status Exchange::Respond(const ResponseHead& response, std::string_view body) {
  EDGE_RETURN_IF_ERROR(CheckCanStart(response));
  NoteResponse(response.status());
  const bool hidden = HidesBody(response.status());
  std::optional<uint64_t> length = body.size();
  if (StatusHasNoBody(response.status())) {
    length = response.status() == 304 ? response.declared_length() : std::nullopt;
  } else if (hidden && body.empty()) {
    // HEAD, answered by a handler that has made no body for it: how long it would have been is not known to be 0.
    length = response.declared_length();
  }
  // A body that will not be read in passing, or that the client holds back, ends the connection; say so while there is a head to say it in.
  if (continue_due_ || session_.body.remaining() > session_.limits.unread_body_bytes.bytes() + session_.wire.unread().size())
    close_after_ = true;
  AppendHead(response, hidden ? Framing::kNoBody : Framing::kLength, length);
  state_ = State::kDone;
  Wire& wire = session_.wire;
  if (hidden || body.size() < kBodySentInPlace) {
    if (!hidden) wire.out().append(body);
    return wire.FlushIfFull();
  }
  return wire.FlushWith(body);
}

absl::Status Exchange::Start(const ResponseHead& response, std::optional<uint64_t> content_length) {
  EDGE_RETURN_IF_ERROR(CheckCanStart(response));
  NoteResponse(response.status());
  if (continue_due_ && response.status() < 400) {
    // A handler that streams the request body back reads it after Start; the permission to send it has to come before the final head.
    continue_due_ = false;
    if (!session_.wire.has_input()) session_.wire.out().append(kContinue);
  }
  if (continue_due_) close_after_ = true;
  const bool http11 = head().version() == Version::kHttp11;
  if (StatusHasNoBody(response.status())) {
    AppendHead(response, Framing::kNoBody, response.status() == 304 ? response.declared_length() : std::nullopt);
  } else if (head().method() == "HEAD") {
    if (!content_length) content_length = response.declared_length();
    AppendHead(response, content_length || !http11 ? Framing::kNoBody : Framing::kChunked, content_length);
    framing_ = Framing::kNoBody;
  } else if (content_length) {
    AppendHead(response, Framing::kLength, content_length);
  } else {
    AppendHead(response, http11 ? Framing::kChunked : Framing::kUntilClose, std::nullopt);
  }
  state_ = State::kStreaming;
  return session_.wire.FlushIfFull();
}

absl::Status Exchange::Write(std::string_view data) {
  if (state_ != State::kStreaming) {
    if (!session_.wire.status().ok()) return session_.wire.status();
    return absl::FailedPreconditionError("Write outside of a streamed response");
  }
  if (framing_ == Framing::kNoBody || data.empty()) return session_.wire.status();
  if (framing_ == Framing::kLength) {
    if (data.size() > left_) {
      state_ = State::kFailed;
      return absl::InvalidArgumentError("the response body is longer than its Content-Length");
    }
    left_ -= data.size();
  }
  absl::Status status = WriteFramed(data);
  if (!status.ok()) state_ = State::kFailed;
  return status;
}

absl::Status Exchange::WriteFramed(std::string_view data) {
  Wire& wire = session_.wire;
  if (!wire.status().ok()) return wire.status();
  const bool chunked = framing_ == Framing::kChunked;
  if (chunked) {
    AppendNumber(wire.out(), data.size(), 16);
    wire.out().append("\r\n");
  }
  absl::Status status;
  if (data.size() < kBodySentInPlace) {
    wire.out().append(data);
  } else {
    status = wire.FlushWith(data);
  }
  if (chunked) wire.out().append("\r\n");
  EDGE_RETURN_IF_ERROR(status);
  return wire.FlushIfFull();
}

absl::Status Exchange::Finish() {
  if (state_ != State::kStreaming) {
    if (!session_.wire.status().ok()) return session_.wire.status();
    return absl::FailedPreconditionError("Finish outside of a streamed response");
  }
  if (framing_ == Framing::kLength && left_ > 0) {
    state_ = State::kFailed;
    return absl::InvalidArgumentError(StrCat("the response body is ", left_, " bytes shorter than its Content-Length"));
  }
  if (framing_ == Framing::kChunked) session_.wire.out().append("0\r\n\r\n");
  state_ = State::kDone;
  return session_.wire.FlushIfFull();
}

absl::Status Exchange::Upgrade(const ResponseHead& response, std::string_view protocol, std::unique_ptr<UpgradedConnection> upgraded) {
  if (refused_) return absl::UnavailableError("the request has been refused for its body");
  if (state_ != State::kNothing) return absl::FailedPreconditionError("a response has begun already");
  if (has_body() || head().version() != Version::kHttp11) {
    return absl::FailedPreconditionError("a request with a body, or of HTTP/1.0, cannot be upgraded");
  }
  EDGE_RETURN_IF_ERROR(session_.wire.status());
  NoteResponse(101);
  std::string& out = session_.wire.out();
  out.append("HTTP/1.1 101 Switching Protocols\r\n").append(response.wire_fields());
  if (!response.has_date()) out.append("Date: ").append(policy_.Date()).append("\r\n");
  out.append("Connection: Upgrade\r\nUpgrade: ").append(protocol).append("\r\n\r\n");
  state_ = State::kDone;
  upgraded_ = std::move(upgraded);
  return absl::OkStatus();
}

void Exchange::Fail() {
  if (state_ == State::kNothing) {
    ResponseHead head(500);
    absl::Status added = head.Add("Content-Type", "text/plain;charset=UTF-8");
    EDGE_CHECK_OK(added);
    Respond(head, "500 Internal Server Error\n").IgnoreError();
  } else if (state_ == State::kStreaming) {
    state_ = State::kFailed;
  }
}

Exchange::Verdict Exchange::Conclude() {
  Wire& wire = session_.wire;
  if (state_ == State::kNothing || state_ == State::kStreaming) Fail();
  if (state_ == State::kFailed) {
    // The client may use what it gets, and must see that there was to be more.
    wire.Flush().IgnoreError();
    return Verdict::kAbort;
  }
  if (!wire.status().ok()) return Verdict::kAbort;
  if (upgraded_ != nullptr) return Verdict::kUpgrade;
  const bool body_done = session_.body.done();
  if (announced_close_ || close_after_) {
    const bool client_is_done = body_done && !wire.has_input() && !session_.parser.keep_alive();
    return client_is_done ? Verdict::kClose : Verdict::kLinger;
  }
  if (!body_done && !DrainUnreadBody()) return wire.status().ok() ? Verdict::kLinger : Verdict::kAbort;
  return Verdict::kKeep;
}

}  // namespace edge::http
