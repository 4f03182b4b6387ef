#include "net/http/wire.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace edge::http {
namespace {

// Below this much free space a read is not worth its system call.
constexpr size_t kRoomMin = 2048;
// What a pooled wire keeps of its output's memory.
constexpr size_t kKeptOutputMax = 16 << 10;

}  // namespace

Wire::Wire(Scheduler& scheduler, const ServerLimits& limits) : scheduler_(scheduler), limits_(limits), write_turn_(scheduler) {}

void Wire::Attach(Connection& connection) {
  EDGE_CHECK(connection_ == nullptr);
  connection_ = &connection;
  status_ = absl::OkStatus();
}

void Wire::Detach() {
  EDGE_CHECK(!write_turn_.held());
  connection_ = nullptr;
  begin_ = end_ = pinned_ = 0;
  pinned_elsewhere_.reset();
  if (capacity_ > limits_.read_buffer_bytes.bytes()) {
    buffer_.reset();
    capacity_ = 0;
  }
  for (std::string* text : {&out_, &sending_}) {
    text->clear();
    if (text->capacity() > kKeptOutputMax) text->shrink_to_fit();
  }
}

// --- input ---

void Wire::Pin(size_t n) {
  EDGE_CHECK(pinned_ == 0 && pinned_elsewhere_ == nullptr && n <= end_ - begin_);
  begin_ += n;
  pinned_ = begin_;
}

void Wire::Unpin() {
  pinned_ = 0;
  pinned_elsewhere_.reset();
}

void Wire::MakeRoom() {
  if (begin_ == end_) begin_ = end_ = pinned_;
  if (capacity_ - end_ >= kRoomMin) return;
  size_t unread = end_ - begin_;
  if (begin_ > pinned_ && capacity_ - pinned_ - unread >= kRoomMin) {
    std::memmove(buffer_.get() + pinned_, buffer_.get() + begin_, unread);
    begin_ = pinned_;
    end_ = begin_ + unread;
    return;
  }
  size_t wanted = std::max<size_t>(limits_.read_buffer_bytes.bytes(), kRoomMin);
  while (wanted < unread + kRoomMin) wanted *= 2;
  auto grown = std::make_unique<char[]>(wanted);
  if (unread > 0) std::memcpy(grown.get(), buffer_.get() + begin_, unread);
  if (pinned_ > 0) pinned_elsewhere_ = std::move(buffer_);
  buffer_ = std::move(grown);
  capacity_ = wanted;
  pinned_ = begin_ = 0;
  end_ = unread;
}

absl::Status Wire::FlushBeforeReading() {
  // While another fiber is sending, its slow reader must not keep us from reading: a client may want to send everything before it reads.
  return write_turn_.held() ? status_ : Flush();
}

absl::StatusOr<size_t> Wire::Fill(Instant deadline) {
  EDGE_RETURN_IF_ERROR(FlushBeforeReading());
  return ReadBehind(deadline);
}

absl::StatusOr<size_t> Wire::ReadAhead() { return ReadBehind(scheduler_.clock().Now()); }

absl::StatusOr<size_t> Wire::ReadBehind(Instant deadline) {
  MakeRoom();
  absl::StatusOr<size_t> n = connection_->Read(std::span<char>(buffer_.get() + end_, capacity_ - end_), deadline);
  if (n.ok()) {
    EDGE_CHECK(*n <= capacity_ - end_);
    end_ += *n;
  } else if (!absl::IsDeadlineExceeded(n.status())) {
    Fail(n.status());
  }
  return n;
}

absl::StatusOr<size_t> Wire::ReadInto(std::span<char> target, Instant deadline) {
  EDGE_CHECK(!has_input());
  EDGE_RETURN_IF_ERROR(FlushBeforeReading());
  absl::StatusOr<size_t> n = connection_->Read(target, deadline);
  if (!n.ok() && !absl::IsDeadlineExceeded(n.status())) Fail(n.status());
  return n;
}

// --- output ---

void Wire::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

absl::Status Wire::Flush() {
  if (!status_.ok()) return status_;
  if (out_.empty() && !write_turn_.held()) return absl::OkStatus();
  return SendGathered({});
}

absl::Status Wire::FlushIfFull() {
  if (out_.size() < limits_.write_buffer_bytes.bytes()) return status_;
  return Flush();
}

absl::Status Wire::FlushWith(std::string_view body) {
  if (!status_.ok()) return status_;
  return SendGathered(body);
}

absl::Status Wire::SendGathered(std::string_view body) {
  // What others had appended before us leaves before us, so waiting for our turn keeps the order; the text in out_ now is ours or older.
  EDGE_RETURN_IF_ERROR(write_turn_.Lock());
  absl::Status status = status_;
  if (status.ok()) {
    sending_.swap(out_);
    status = Write(sending_, body);
    sending_.clear();
  }
  write_turn_.Unlock();
  if (!status.ok()) {
    // Part of the output may have left: nothing that follows could be understood.
    Fail(status);
    out_.clear();
  }
  return status;
}

absl::Status Wire::Write(std::string_view first, std::string_view second) {
  const size_t piece_max = limits_.write_piece_bytes.bytes();
  while (!first.empty() || !second.empty()) {
    std::array<std::string_view, 2> pieces;
    size_t count = 0;
    size_t room = piece_max;
    for (std::string_view* text : {&first, &second}) {
      size_t n = std::min(room, text->size());
      if (n == 0) continue;
      pieces[count++] = text->substr(0, n);
      text->remove_prefix(n);
      room -= n;
    }
    EDGE_RETURN_IF_ERROR(
        connection_->Write(std::span<const std::string_view>(pieces.data(), count), scheduler_.clock().Now() + limits_.write_time));
  }
  return absl::OkStatus();
}

}  // namespace edge::http
