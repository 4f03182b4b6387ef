#include "net/http/client_exchange.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/deadline.h"

namespace edge::http {
namespace {

// A body of a known length up to this leaves together with the head.
constexpr uint64_t kJoinedBodyMax = 64 << 10;
// Larger pieces are cut, so that write_time is a time for a bounded number of bytes.
constexpr size_t kWritePieceMax = 256 << 10;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

bool IsError(int status) { return status >= 400; }

std::string ChunkSizeLine(size_t size) { return StrCat(absl::Hex(size), kLineEnd); }

}  // namespace

ClientContext::ClientContext(Scheduler& a_scheduler, const ClientLimits& a_limits)
    : scheduler(a_scheduler), limits(a_limits), pool(a_scheduler.clock(), limits), upgrades(a_scheduler) {
  decoder_limits.body_bytes = std::numeric_limits<int64_t>::max();
}

SentExchange::SentExchange(ClientContext& context, const ClientRequest& request, std::string request_head,
                           std::shared_ptr<RequestBody> body, std::unique_ptr<Connection> connection)
    : context_(context),
      host_(request.host),
      request_head_(std::move(request_head)),
      body_(std::move(body)),
      body_length_(body_ != nullptr ? body_->Length() : 0),
      connection_(std::move(connection)),
      parser_(context_.limits, request.method, request.upgrade.empty() ? ResponseParser::Upgrade::kNo : ResponseParser::Upgrade::kAsked),
      decoder_(context_.decoder_limits),
      sender_(context_.scheduler) {
  ++context_.exchanges;
}

SentExchange::~SentExchange() {
  if (connection_ != nullptr) connection_->Abort();
  if (sender_.size() > 0) {
    sender_.Cancel();
    sender_.Wait();
  }
  --context_.exchanges;
}

absl::Status SentExchange::Fail(absl::Status status) {
  EDGE_CHECK(!status.ok());
  if (status_.ok()) {
    status_ = std::move(status);
    if (connection_ != nullptr) connection_->Abort();
  }
  return status_;
}

absl::Status SentExchange::Begin(Instant deadline) {
  if (body_ == nullptr) {
    const std::string_view head = request_head_;
    EndSending(Write(std::span<const std::string_view>(&head, 1), deadline));
  } else {
    absl::Status spawned = sender_.Spawn("http request body", [this] { SendAll(); });
    if (!spawned.ok()) {
      sending_ = Sending::kStopped;
      return Fail(std::move(spawned));
    }
  }
  if (!status_.ok()) return status_;
  EDGE_RETURN_IF_ERROR(ReadHead(deadline));
  switch (parser_.framing()) {
    case ResponseFraming::kNone:
      decoder_.Start(BodyFraming::kNone, 0);
      break;
    case ResponseFraming::kLength:
      decoder_.Start(BodyFraming::kLength, *parser_.content_length());
      break;
    case ResponseFraming::kChunked:
      decoder_.Start(BodyFraming::kChunked, 0);
      break;
    case ResponseFraming::kUntilClose:
      break;
  }
  content_length_ = parser_.content_length();
  head_ = parser_.TakeHead();
  if (IsError(head_.status) && !parser_.keep_alive()) StopSending();
  // The connection of a 101 waits for Upgrade.
  if (head_.status == 101) return absl::OkStatus();
  if (parser_.framing() == ResponseFraming::kNone) EndReceiving();
  return absl::OkStatus();
}

void SentExchange::Upgrade(std::unique_ptr<UpgradedConnection> upgraded) {
  EDGE_CHECK(head_.status == 101 && connection_ != nullptr);
  received_ = true;
  std::string rest(input_.unread());
  input_.Consume(rest.size());
  context_.upgrades.Adopt(context_.scheduler.NewChildKey("upgrade"), std::move(upgraded), std::move(connection_), std::move(rest));
}

// --- sending ---

absl::Status SentExchange::Write(std::span<const std::string_view> pieces, Instant deadline) {
  return connection_->Write(pieces, Earlier(deadline, DeadlineIn(context_.scheduler, context_.limits.write_time)));
}

void SentExchange::SendAll() { EndSending(SendRequest()); }

absl::Status SentExchange::SendRequest() {
  std::string piece;
  if (body_length_ && *body_length_ <= kJoinedBodyMax) {
    EDGE_ASSIGN_OR_RETURN(piece, NextPiece());
  }
  EDGE_RETURN_IF_ERROR(SendPiece(request_head_, piece));
  for (;;) {
    // The end of a body of known length is known: asking for it would only keep the connection.
    if (body_length_ && body_sent_ == *body_length_) return absl::OkStatus();
    EDGE_ASSIGN_OR_RETURN(piece, NextPiece());
    if (piece.empty()) break;
    EDGE_RETURN_IF_ERROR(SendPiece({}, piece));
  }
  return Write(std::span<const std::string_view>(&kLastChunk, 1), Instant::Infinite());
}

absl::StatusOr<std::string> SentExchange::NextPiece() {
  body_taken_ = true;
  absl::StatusOr<std::string> piece = body_->Read();
  // Whatever the reason, an incomplete request is of no use to the server.
  if (!piece.ok()) return sending_ == Sending::kActive ? Fail(piece.status()) : piece.status();
  if (body_length_) {
    const uint64_t left = *body_length_ - body_sent_;
    if (piece->size() > left) return Fail(absl::InvalidArgumentError("the request body is longer than its length"));
    if (piece->empty() && left > 0) return Fail(absl::InvalidArgumentError("the request body is shorter than its length"));
  }
  return piece;
}

absl::Status SentExchange::SendPiece(std::string_view before, std::string_view piece) {
  do {
    const std::string_view part = piece.substr(0, kWritePieceMax);
    piece.remove_prefix(part.size());
    std::string size_line;
    std::array<std::string_view, 4> pieces;
    size_t count = 0;
    if (!before.empty()) pieces[count++] = before;
    if (!part.empty() && body_length_) pieces[count++] = part;
    if (!part.empty() && !body_length_) {
      size_line = ChunkSizeLine(part.size());
      pieces[count++] = size_line;
      pieces[count++] = part;
      pieces[count++] = kLineEnd;
    }
    EDGE_RETURN_IF_ERROR(Write(std::span<const std::string_view>(pieces.data(), count), Instant::Infinite()));
    body_sent_ += part.size();
    before = {};
  } while (!piece.empty());
  return absl::OkStatus();
}

void SentExchange::EndSending(const absl::Status& status) {
  const bool stopped_by_us = sending_ == Sending::kStopping;
  sending_ = status.ok() ? Sending::kDone : Sending::kStopped;
  // A lost connection may still have brought an answer, and a server that answers need not take the body: reading decides.
  const bool answer_decides = absl::IsUnavailable(status) || (absl::IsDeadlineExceeded(status) && answer_begun_);
  if (!status.ok() && !answer_decides && !stopped_by_us) Fail(status).IgnoreError();
  ReleaseIfDone();
}

void SentExchange::StopSending() {
  if (sending_ != Sending::kActive) return;
  sending_ = Sending::kStopping;
  sender_.Cancel();
}

// --- receiving ---

absl::Status SentExchange::ReadHead(Instant deadline) {
  for (uint32_t informational = 0;;) {
    switch (parser_.Parse(input_.unread())) {
      case ResponseParser::Result::kFailed:
        return Fail(parser_.status());
      case ResponseParser::Result::kDone:
        input_.Consume(parser_.head_size());
        if (!parser_.informational()) return absl::OkStatus();
        if (++informational > context_.limits.informational_max) {
          return Fail(absl::ResourceExhaustedError("too many informational responses"));
        }
        parser_.Reset();
        continue;
      case ResponseParser::Result::kNeedMore:
        break;
    }
    absl::StatusOr<size_t> n = input_.Fill(*connection_, deadline);
    if (!n.ok()) return Fail(n.status());
    if (*n == 0) {
      return Fail(absl::UnavailableError(answer_begun_ ? "the server closed the connection inside of the response head"
                                                       : "the server closed the connection without an answer"));
    }
    answer_begun_ = true;
  }
}

absl::StatusOr<size_t> SentExchange::ReadBody(std::span<char> target) {
  EDGE_CHECK(!target.empty());
  // A failure to send after the answer has come to its end takes nothing back of the answer.
  if (received_) return 0;
  if (!status_.ok()) return status_;
  return parser_.framing() == ResponseFraming::kUntilClose ? ReadUntilClose(target) : ReadFramed(target);
}

absl::StatusOr<size_t> SentExchange::FillBody(std::span<char> target) {
  const Instant deadline = DeadlineIn(context_.scheduler, context_.limits.body_idle_time);
  absl::StatusOr<size_t> n = target.empty() ? input_.Fill(*connection_, deadline) : connection_->Read(target, deadline);
  if (!n.ok()) return Fail(n.status());
  return n;
}

size_t SentExchange::Decode(std::span<char> target) {
  const BodyDecoder::Step step = decoder_.Decode(input_.unread(), target);
  input_.Consume(step.consumed);
  if (decoder_.refused()) {
    const Refusal& refusal = decoder_.refusal();
    const std::string_view reason = refusal.status == 413 ? "it is too large" : refusal.reason;
    Fail(absl::InvalidArgumentError(StrCat("malformed response body: ", reason))).IgnoreError();
  }
  return step.produced;
}

absl::StatusOr<size_t> SentExchange::ReadFramed(std::span<char> target) {
  size_t produced = 0;
  while (produced == 0 && !decoder_.done()) {
    if (input_.empty()) {
      const size_t direct = decoder_.DirectBytes(target.size());
      EDGE_ASSIGN_OR_RETURN(const size_t n, FillBody(target.first(direct)));
      if (n == 0) return Fail(absl::UnavailableError("the server closed the connection inside of the response body"));
      if (direct > 0) {
        decoder_.SkipDirect(n);
        produced = n;
        break;
      }
    }
    produced = Decode(target);
    // What came before a mistake is handed over first, however the reads have split it.
    if (produced == 0 && !status_.ok()) return status_;
  }
  if (decoder_.done()) EndReceiving();
  return produced;
}

absl::StatusOr<size_t> SentExchange::ReadUntilClose(std::span<char> target) {
  if (!input_.empty()) {
    const size_t n = input_.unread().copy(target.data(), target.size());
    input_.Consume(n);
    return n;
  }
  EDGE_ASSIGN_OR_RETURN(const size_t n, FillBody(target));
  if (n == 0) EndReceiving();
  return n;
}

void SentExchange::EndReceiving() {
  received_ = true;
  if (status_.ok() && !input_.empty()) ++context_.unasked_for;
  if (!parser_.keep_alive()) StopSending();
  ReleaseIfDone();
}

void SentExchange::ReleaseIfDone() {
  const bool sending = sending_ == Sending::kActive || sending_ == Sending::kStopping;
  if (!received_ || sending || connection_ == nullptr) return;
  std::unique_ptr<Connection> connection = std::move(connection_);
  if (!status_.ok() || sending_ == Sending::kStopped || !input_.empty()) {
    // Half a request, or bytes that nobody has asked for.
    connection->Abort();
  } else if (parser_.keep_alive()) {
    context_.pool.Put(host_, std::move(connection));
  }
}

}  // namespace edge::http
