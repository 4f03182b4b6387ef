#include "net/websocket/message_reader.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace edge::websocket {
namespace {

constexpr size_t kReservedAtOnce = 64 << 10;  // an announcement is no message yet

bool IsControl(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 8) != 0; }

}  // namespace

MessageReader::Step MessageReader::Fail(uint16_t code, std::string_view what) {
  failure_code_ = code;
  failure_ = what;
  return Step::kFailed;
}

size_t MessageReader::HeaderBytes() const {
  if (header_size_ < 2) return 2;
  const int length = header_[1] & 0x7f;
  return 2u + (length == 126 ? 2u : length == 127 ? 8u : 0u) + ((header_[1] & 0x80) != 0 ? 4u : 0u);
}

MessageReader::Step MessageReader::Next(std::string_view& input) {
  for (;;) {
    if (!in_frame_) {
      while (header_size_ < HeaderBytes()) {
        if (input.empty()) return Step::kNeedMore;
        header_[header_size_++] = static_cast<uint8_t>(input.front());
        input.remove_prefix(1);
        // The first two bytes say enough to refuse most of what is wrong.
        if (header_size_ != 2) continue;
        if ((header_[0] & 0x70) != 0) return Fail(kProtocolError, "a reserved bit is set");
        const int opcode = header_[0] & 0x0f;
        if ((opcode > 2 && opcode < 8) || opcode > 10) return Fail(kProtocolError, "a reserved opcode");
        if (((header_[1] & 0x80) != 0) != (role_ == Role::kServer)) {
          return Fail(kProtocolError, role_ == Role::kServer ? "a client's frame is not masked" : "a server's frame is masked");
        }
      }
      if (const Step begun = BeginFrame(); begun == Step::kFailed) return begun;
    }
    std::string& target = IsControl(opcode_) ? control_ : message_;
    const auto n = static_cast<size_t>(std::min<uint64_t>(payload_left_, input.size()));
    if (n > 0) {
      const size_t before = target.size();
      target.append(input.substr(0, n));
      input.remove_prefix(n);
      if (role_ == Role::kServer) ApplyMask({target.data() + before, n}, mask_, payload_size_ - payload_left_);
      payload_left_ -= n;
      if (!IsControl(opcode_) && text_ && !utf8_.Add(std::string_view(target).substr(before))) {
        return Fail(kInvalidData, "a text message is not UTF-8");
      }
    }
    if (payload_left_ > 0) return Step::kNeedMore;
    if (const Step ended = EndFrame(); ended != Step::kNeedMore) return ended;
  }
}

MessageReader::Step MessageReader::BeginFrame() {
  const size_t size = header_size_;
  final_ = (header_[0] & 0x80) != 0;
  opcode_ = static_cast<Opcode>(header_[0] & 0x0f);
  const int length = header_[1] & 0x7f;
  payload_size_ = static_cast<uint64_t>(length);
  if (length >= 126) {
    payload_size_ = 0;
    for (size_t i = 2; i < (length == 126 ? 4u : 10u); ++i) payload_size_ = payload_size_ << 8 | header_[i];
    const uint64_t shorter_max = length == 126 ? 125 : 0xffff;
    if (payload_size_ <= shorter_max) return Fail(kProtocolError, "a length that is not in its shortest form");
    if (payload_size_ >> 63 != 0) return Fail(kProtocolError, "a length with the highest bit set");
  }
  if (role_ == Role::kServer) std::copy_n(header_ + size - mask_.size(), mask_.size(), mask_.begin());
  if (IsControl(opcode_)) {
    if (!final_) return Fail(kProtocolError, "a fragmented control frame");
    if (payload_size_ > kControlPayloadBytesMax) return Fail(kProtocolError, "a control frame of more than 125 bytes");
    control_.clear();
  } else {
    if (opcode_ == Opcode::kContinuation) {
      if (!in_message_) return Fail(kProtocolError, "a continuation of no message");
    } else {
      if (in_message_) return Fail(kProtocolError, "a new message inside of another");
      text_ = opcode_ == Opcode::kText;
      in_message_ = true;
      utf8_.Reset();
    }
    if (payload_size_ > message_bytes_max_ - message_.size()) return Fail(kTooBig, "the message is too large");
    message_.reserve(message_.size() + static_cast<size_t>(std::min<uint64_t>(payload_size_, kReservedAtOnce)));
  }
  in_frame_ = true;
  payload_left_ = payload_size_;
  return Step::kNeedMore;
}

MessageReader::Step MessageReader::EndFrame() {
  in_frame_ = false;
  header_size_ = 0;
  if (IsControl(opcode_)) return EndControl();
  if (!final_) return Step::kNeedMore;
  in_message_ = false;
  if (text_ && !utf8_.complete()) return Fail(kInvalidData, "a text message ends inside of a character");
  result_ = text_ ? Message::Text(std::exchange(message_, {})) : Message::Binary(std::exchange(message_, {}));
  return Step::kMessage;
}

MessageReader::Step MessageReader::EndControl() {
  std::string payload = std::exchange(control_, {});
  if (opcode_ != Opcode::kClose) {
    result_ = Message::Binary(std::move(payload));
    return opcode_ == Opcode::kPing ? Step::kPing : Step::kPong;
  }
  if (payload.empty()) {
    result_ = Message::Close(kNoStatus);
    return Step::kMessage;
  }
  if (payload.size() == 1) return Fail(kProtocolError, "a close frame of one byte");
  const auto code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]));
  if (!IsWireCloseCode(code)) return Fail(kProtocolError, "a close code that may not be sent");
  payload.erase(0, 2);
  if (!IsUtf8(payload)) return Fail(kInvalidData, "the reason of a close is not UTF-8");
  result_ = Message::Close(code, std::move(payload));
  return Step::kMessage;
}

}  // namespace edge::websocket
