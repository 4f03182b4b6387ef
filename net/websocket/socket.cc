#include "net/websocket/socket.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

constexpr size_t kSmallBufferBytes = 4 << 10;  // on the fiber's stack
constexpr size_t kLargeBufferBytes = 64 << 10;
// Messages that leave in one write, and how many bytes of them.
constexpr size_t kBatchMessages = 32;
constexpr size_t kBatchBytes = 256 << 10;
// Larger frames leave in pieces, so that write_time is a time for a bounded number of bytes.
constexpr size_t kWritePieceBytes = 256 << 10;

}  // namespace

Socket::Socket(Scheduler& scheduler, std::shared_ptr<End> end, std::unique_ptr<Random> mask, const SocketLimits& limits)
    : scheduler_(scheduler),
      end_(std::move(end)),
      mask_(std::move(mask)),
      limits_(limits),
      reader_(mask_ != nullptr ? Role::kClient : Role::kServer, limits.message_bytes),
      write_turn_(scheduler),
      over_(scheduler) {}

Socket::~Socket() {
  EDGE_CHECK(fibers_ == 0) << "a socket dies before its fibers";
  end_->SetListener(nullptr);
  if (finished_) return;
  end_->Lose(absl::UnavailableError("the connection was dropped"));
  if (when_over_) when_over_();
}

void Socket::Start(http::UpgradeHost& host, uint64_t key, std::unique_ptr<Connection> connection, std::string received) {
  host_ = &host;
  key_ = key;
  connection_ = std::move(connection);
  received_ = std::move(received);
  ++fibers_;
  end_->SetListener(this);
  if (going_away_) OnIncoming();
  reading_ = true;
  heard_ = scheduler_.clock().Now();
  host_->WakeAt(CombineHash(key_, spawned_++), this, heard_ + limits_.idle_time);
  Read();
}

// --- fibers ---

void Socket::Spawn(std::string_view label, void (Socket::*body)()) {
  ++fibers_;
  const absl::Status spawned = host_->Spawn(CombineHash(key_, spawned_++), label, [this, body] { (this->*body)(); });
  if (spawned.ok()) return;
  // Without a fiber nothing can be done about it; the host destroys the socket when it ends.
  --fibers_;
  connection_->Abort();
  Finish(spawned);
}

void Socket::Leave() {
  if (--fibers_ == 0 && finished_) host_->End(this);
}

// --- reading ---

void Socket::OnReadable() {
  if (finished_) return;
  reading_ = true;
  Spawn("websocket read", &Socket::Read);
}

void Socket::Park() { connection_->NotifyReadable(this); }

void Socket::Read() {
  std::array<char, kSmallBufferBytes> small;
  std::unique_ptr<char[]> large;
  if (!received_.empty()) Feed(std::exchange(received_, {}));
  for (bool more = true; more && !finished_;) {
    std::span<char> buffer = small;
    if (reader_.frame_bytes_left() > small.size()) {
      if (large == nullptr) large = std::make_unique<char[]>(kLargeBufferBytes);
      buffer = {large.get(), kLargeBufferBytes};
    }
    // Takes what is there and never waits: that is what parking is for, and nobody has to be woken when the socket ends.
    const absl::StatusOr<size_t> n = connection_->Read(buffer, scheduler_.clock().Now());
    if (finished_ || absl::IsDeadlineExceeded(n.status())) break;
    if (!n.ok()) {
      Finish(n.status());
    } else if (*n == 0) {
      Finish(close_received_ && close_sent_ ? absl::OkStatus() : absl::UnavailableError("the peer closed the connection"));
    } else {
      more = *n == buffer.size();
      heard_ = scheduler_.clock().Now();
      Feed({buffer.data(), *n});
    }
  }
  reading_ = false;
  if (!finished_) Park();
  Leave();
}

void Socket::Feed(std::string_view input) {
  // What comes behind a close means nothing.
  while (!input.empty() && !finished_ && !close_received_) {
    switch (reader_.Next(input)) {
      case MessageReader::Step::kNeedMore:
      case MessageReader::Step::kPong:
        break;
      case MessageReader::Step::kPing: {
        Message ping = reader_.Take();
        if (close_sent_) break;
        if (const absl::Status sent = WriteFrame(Opcode::kPong, std::move(ping.data)); !sent.ok()) Finish(sent);
        break;
      }
      case MessageReader::Step::kMessage:
        Deliver(reader_.Take());
        break;
      case MessageReader::Step::kFailed:
        Refuse();
        break;
    }
  }
}

void Socket::Deliver(Message message) {
  if (message.kind == Message::Kind::kClose) {
    close_received_ = true;
    // Who has gone cannot be told.
    end_->Send(std::move(message)).IgnoreError();
    if (close_sent_) {
      if (mask_ == nullptr) Finish(absl::OkStatus());
    } else {
      Await(limits_.reply_time);
    }
    return;
  }
  if (const absl::Status room = end_->WaitForRoom(); !room.ok()) {
    // When the other end is gone the writing fiber knows; what comes meanwhile is for nobody.
    if (!absl::IsUnavailable(room)) Finish(room);
    return;
  }
  if (finished_) return;
  end_->Send(std::move(message)).IgnoreError();
}

void Socket::Refuse() {
  const absl::Status why = absl::InvalidArgumentError(std::string(reader_.failure()));
  if (!close_sent_ && !WriteClose(reader_.failure_code(), reader_.failure()).ok()) connection_->Abort();
  if (!finished_) Finish(why);
}

// --- writing ---

void Socket::OnIncoming() {
  if (writing_ || finished_ || host_ == nullptr) return;
  writing_ = true;
  Spawn("websocket write", &Socket::WriteAll);
}

void Socket::WriteAll() {
  absl::Status status;
  if (going_away_ && !close_sent_) status = WriteClose(kGoingAway, {});
  while (status.ok() && !finished_) {
    std::vector<Message> batch;
    size_t bytes = 0;
    while (batch.size() < kBatchMessages && bytes < kBatchBytes) {
      std::optional<Message> message = end_->TryReceive();
      if (!message) break;
      if (close_sent_) continue;  // behind a close nothing may be sent
      bytes += message->data.size();
      batch.push_back(*std::move(message));
      if (batch.back().kind == Message::Kind::kClose) break;
    }
    if (!batch.empty()) {
      status = Write(batch);
      continue;
    }
    if (end_->readable() && end_->loss().ok()) continue;
    // Its user has gone without a word: the peer will see the connection end without a close frame.
    if (!end_->loss().ok() && !end_->close_received() && !close_sent_) status = end_->loss();
    break;
  }
  writing_ = false;
  if (!status.ok() && !finished_) Finish(status);
  if (!finished_ && going_away_ && !close_sent_) OnIncoming();
  Leave();
}

absl::Status Socket::Write(std::span<Message> messages) {
  std::vector<std::string> headers;
  headers.reserve(messages.size());
  std::vector<std::string_view> pieces;
  Message* close = nullptr;
  for (Message& message : messages) {
    if (message.kind == Message::Kind::kClose) {
      close = &message;
      break;
    }
    MaskKey mask{};
    if (mask_ != nullptr) {
      mask = NewMask();
      ApplyMask({message.data.data(), message.data.size()}, mask, 0);
    }
    const Opcode opcode = message.kind == Message::Kind::kText ? Opcode::kText : Opcode::kBinary;
    headers.push_back(FrameHeader(opcode, message.data.size(), mask_ != nullptr ? &mask : nullptr));
    pieces.push_back(headers.back());
    if (!message.data.empty()) pieces.push_back(message.data);
  }
  if (!pieces.empty()) EDGE_RETURN_IF_ERROR(WritePieces(pieces));
  return close != nullptr ? WriteClose(close->code, close->data) : absl::OkStatus();
}

absl::Status Socket::WritePieces(std::span<const std::string_view> pieces) {
  EDGE_RETURN_IF_ERROR(write_turn_.Lock());
  // Somebody else may have said the last word meanwhile.
  absl::Status status = finished_ ? absl::CancelledError("the socket has ended") : absl::OkStatus();
  if (status.ok() && !close_sent_) {
    std::vector<std::string_view> part;
    size_t bytes = 0;
    const auto flush = [&] {
      if (!part.empty()) status = connection_->Write(part, scheduler_.clock().Now() + limits_.write_time);
      part.clear();
      bytes = 0;
    };
    for (std::string_view piece : pieces) {
      while (!piece.empty() && status.ok()) {
        const std::string_view head = piece.substr(0, kWritePieceBytes - bytes);
        part.push_back(head);
        bytes += head.size();
        piece.remove_prefix(head.size());
        if (bytes == kWritePieceBytes) flush();
      }
    }
    if (status.ok()) flush();
  }
  write_turn_.Unlock();
  return status;
}

absl::Status Socket::WriteFrame(Opcode opcode, std::string payload) {
  MaskKey mask{};
  if (mask_ != nullptr) {
    mask = NewMask();
    ApplyMask({payload.data(), payload.size()}, mask, 0);
  }
  const std::string header = FrameHeader(opcode, payload.size(), mask_ != nullptr ? &mask : nullptr);
  const std::array<std::string_view, 2> pieces = {header, payload};
  return WritePieces(pieces);
}

absl::Status Socket::WriteClose(uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != kNoStatus) {
    payload.push_back(static_cast<char>(code >> 8));
    payload.push_back(static_cast<char>(code & 0xff));
    payload.append(reason);
  }
  EDGE_RETURN_IF_ERROR(WriteFrame(Opcode::kClose, std::move(payload)));
  if (close_sent_ || finished_) return absl::OkStatus();
  close_sent_ = true;
  // A client leaves the end of the connection to the server.
  if (close_received_ && mask_ == nullptr) {
    Finish(absl::OkStatus());
  } else {
    Await(limits_.close_time);
  }
  return absl::OkStatus();
}

MaskKey Socket::NewMask() {
  MaskKey key;
  mask_->Fill(std::as_writable_bytes(std::span(key)));
  return key;
}

// --- the end ---

void Socket::GoAway() {
  going_away_ = true;
  OnIncoming();
}

void Socket::Abort() {
  if (connection_ != nullptr) connection_->Abort();
  if (!finished_) Finish(absl::UnavailableError("the node has stopped"));
}

void Socket::Await(Duration time) {
  deadline_ = scheduler_.clock().Now() + time;
  if (watching_time_ || finished_) return;
  watching_time_ = true;
  Spawn("websocket close", &Socket::WatchTime);
}

void Socket::WatchTime() {
  absl::Status waited;
  while (!finished_ && scheduler_.clock().Now() < deadline_) {
    waited = over_.Wait(deadline_);
    if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) break;
  }
  if (!finished_) {
    const bool both = close_sent_ && close_received_;
    connection_->Abort();
    Finish(both ? absl::OkStatus() : absl::UnavailableError("the closing handshake was not completed"));
  }
  Leave();
}

void Socket::OnDue() {
  // Closing has times of its own.
  if (finished_ || close_sent_ || close_received_) return;
  const Instant now = scheduler_.clock().Now();
  // It waits for room in the end: what has come meanwhile has not been read.
  if (reading_) heard_ = now;
  if (heard_ + limits_.idle_time <= now) return Spawn("websocket ping", &Socket::AskPeer);
  host_->WakeAt(CombineHash(key_, spawned_++), this, heard_ + limits_.idle_time);
}

void Socket::AskPeer() {
  const Instant now = scheduler_.clock().Now();
  absl::Status status;
  if (asked_ > heard_) {
    status = absl::UnavailableError("the peer has not answered a ping");
    connection_->Abort();
  } else {
    asked_ = now;
    host_->WakeAt(CombineHash(key_, spawned_++), this, now + limits_.pong_time);
    status = WriteFrame(Opcode::kPing, {});
  }
  if (!status.ok() && !finished_) Finish(status);
  Leave();
}

void Socket::Finish(absl::Status why) {
  if (std::exchange(finished_, true)) return;
  over_.Set();
  if (!reading_) connection_->NotifyReadable(nullptr);
  // Who is in the middle of a write would not hear of it otherwise.
  if (write_turn_.held() && !write_turn_.HeldByCurrent()) connection_->Abort();
  end_->SetListener(nullptr);
  // A status of our own making is no news for JavaScript: for it a connection is lost, or its peer has broken the rules.
  if (!why.ok() && !absl::IsInvalidArgument(why)) why = absl::UnavailableError(why.message());
  end_->Lose(why.ok() ? absl::UnavailableError("the WebSocket is closed") : why);
  if (when_over_) when_over_();
}

}  // namespace edge::websocket
