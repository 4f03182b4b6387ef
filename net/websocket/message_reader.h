// MessageReader: bytes -> messages and control frames, or why this is no WebSocket.
//
// What it makes of the bytes never depends on how reads have split them, and text that is not UTF-8 is refused at the first byte that shows
// it, in the middle of a frame too. Between messages it holds no memory but its own 100 bytes.
//
//   refused with 1002: reserved bits and opcodes, a missing mask (from a client) or an unwanted one (from a server), a length that is not
//   in its shortest form or above 2^63, control frames that are fragmented or longer than 125 bytes, a continuation of nothing, a new
//   message inside of another, close frames of one byte or with a code that may not be sent; anything behind a close frame is not looked at
//   with 1007: text, or the reason of a close, that is not UTF-8; with 1009: a message above the limit, as soon as a header announces it
#ifndef EDGE_NET_WEBSOCKET_MESSAGE_READER_H_
#define EDGE_NET_WEBSOCKET_MESSAGE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/websocket/frame.h"
#include "net/websocket/message.h"
#include "net/websocket/utf8_validator.h"

namespace edge::websocket {

class MessageReader {
 public:
  enum class Step : uint8_t { kNeedMore, kMessage, kPing, kPong, kFailed };

  // `role` is ours: whose end reads.
  MessageReader(Role role, uint64_t message_bytes_max) : role_(role), message_bytes_max_(message_bytes_max) {}

  // Takes bytes off the front of `input` up to the end of the next message or control frame. kMessage (a close is one too), kPing and
  // kPong: Take() gives it. kNeedMore: the input is used up. Not to be called after kFailed or a close.
  Step Next(std::string_view& input);

  // What the last step has completed; for kPing and kPong the payload is the data.
  Message Take() { return std::move(result_); }

  // After kFailed: the close code to answer with, and what was wrong.
  uint16_t failure_code() const { return failure_code_; }
  std::string_view failure() const { return failure_; }

  // Bytes still to come of the frame that has begun.
  uint64_t frame_bytes_left() const { return payload_left_; }

 private:
  Step Fail(uint16_t code, std::string_view what);
  // The header's fields once all of it is there.
  Step BeginFrame();
  Step EndFrame();
  Step EndControl();
  size_t HeaderBytes() const;

  const Role role_;
  bool in_frame_ = false;
  uint8_t header_size_ = 0;
  uint8_t header_[kFrameHeaderBytesMax] = {};
  MaskKey mask_ = {};
  uint64_t payload_size_ = 0;
  uint64_t payload_left_ = 0;
  const uint64_t message_bytes_max_;
  bool final_ = false;
  bool in_message_ = false;  // a fragmented one has begun
  bool text_ = false;
  Opcode opcode_ = Opcode::kText;
  Utf8Validator utf8_;
  uint16_t failure_code_ = 0;
  std::string_view failure_;
  std::string message_;  // so far
  std::string control_;  // likewise, of a control frame that may be in the middle of a message
  Message result_;
};

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_MESSAGE_READER_H_
