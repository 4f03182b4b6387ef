#include "net/http/body_decoder.h"

#include <algorithm>
#include <cstring>

#include "net/http/field.h"
#include "runtime/base/check.h"

namespace edge::http {
namespace {

// Below this, one read into the wire's buffer gets more than a direct one.
constexpr size_t kDirectMin = 8 << 10;
// A chunk size that another digit could overflow.
constexpr uint64_t kChunkMax = uint64_t{1} << 59;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsValueByte(char c) { return IsFieldValue(std::string_view(&c, 1)); }

}  // namespace

void BodyDecoder::Start(BodyFraming framing, uint64_t length) {
  any_digit_ = false;
  remaining_ = total_ = line_bytes_ = overhead_bytes_ = trailer_bytes_ = 0;
  switch (framing) {
    case BodyFraming::kNone:
      state_ = State::kDone;
      break;
    case BodyFraming::kLength:
      remaining_ = length;
      state_ = length > 0 ? State::kLength : State::kDone;
      break;
    case BodyFraming::kChunked:
      state_ = State::kSize;
      break;
  }
}

void BodyDecoder::Refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  remaining_ = 0;
  state_ = State::kRefused;
}

BodyDecoder::Step BodyDecoder::Decode(std::string_view input, std::span<char> out) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone && state_ != State::kRefused) {
    if (state_ == State::kLength || state_ == State::kData) {
      size_t n = std::min<uint64_t>({remaining_, input.size() - step.consumed, out.size() - step.produced});
      if (n == 0) break;
      std::memcpy(out.data() + step.produced, input.data() + step.consumed, n);
      step.consumed += n;
      step.produced += n;
      remaining_ -= n;
      if (remaining_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kDataCr;
      continue;
    }
    Feed(input[step.consumed++]);
  }
  return step;
}

size_t BodyDecoder::DirectBytes(size_t room) const {
  if (state_ != State::kLength && state_ != State::kData) return 0;
  size_t n = std::min<uint64_t>(remaining_, room);
  return n >= kDirectMin ? n : 0;
}

void BodyDecoder::SkipDirect(size_t n) {
  EDGE_CHECK((state_ == State::kLength || state_ == State::kData) && n <= remaining_);
  remaining_ -= n;
  if (remaining_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kDataCr;
}

void BodyDecoder::Feed(char c) {
  switch (state_) {
    case State::kSize: {
      if (++line_bytes_ > limits_.chunk_line_bytes.bytes()) return Refuse(400, "a chunk size line is too long");
      int digit = HexDigit(c);
      if (digit >= 0) {
        if (remaining_ > limits_.body_bytes || remaining_ >= kChunkMax) return Refuse(413, "the request body is too large");
        remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
        any_digit_ = true;
        return;
      }
      if (!any_digit_) return Refuse(400, "malformed chunk size");
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == ';') {
        state_ = State::kExtension;
      } else {
        Refuse(400, "malformed chunk size");
      }
      return;
    }
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
        return;
      }
      if (!IsValueByte(c)) return Refuse(400, "malformed chunk extension");
      if (++line_bytes_ > limits_.chunk_line_bytes.bytes()) return Refuse(400, "a chunk size line is too long");
      if (++overhead_bytes_ > limits_.chunk_overhead_bytes.bytes()) return Refuse(400, "too many chunk extensions");
      return;
    case State::kSizeLf:
      if (c != '\n') return Refuse(400, "a CR without LF in a chunk size line");
      return EndSizeLine();
    case State::kDataCr:
      if (c != '\r') return Refuse(400, "a chunk is longer than its size");
      state_ = State::kDataLf;
      return;
    case State::kDataLf:
      if (c != '\n') return Refuse(400, "a chunk is longer than its size");
      any_digit_ = false;
      line_bytes_ = 0;
      state_ = State::kSize;
      return;
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kEndLf;
        return;
      }
      if (!IsToken(std::string_view(&c, 1))) return Refuse(400, "malformed trailer");
      state_ = State::kTrailerName;
      break;
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailerValue;
      } else if (!IsToken(std::string_view(&c, 1))) {
        return Refuse(400, "malformed trailer");
      }
      break;
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!IsValueByte(c)) {
        return Refuse(400, "malformed trailer");
      }
      break;
    case State::kTrailerLf:
      if (c != '\n') return Refuse(400, "malformed trailer");
      state_ = State::kTrailerStart;
      break;
    case State::kEndLf:
      if (c != '\n') return Refuse(400, "malformed end of a chunked body");
      state_ = State::kDone;
      return;
    case State::kDone:
    case State::kRefused:
    case State::kLength:
    case State::kData:
      return;  // not framing
  }
  if (++trailer_bytes_ > limits_.trailer_bytes.bytes()) Refuse(431, "the trailer is too large");
}

void BodyDecoder::EndSizeLine() {
  if (remaining_ == 0) {
    state_ = State::kTrailerStart;
    return;
  }
  if (remaining_ > limits_.body_bytes || total_ > limits_.body_bytes - remaining_) return Refuse(413, "the request body is too large");
  total_ += remaining_;
  state_ = State::kData;
}

}  // namespace edge::http
