// BodyDecoder: where a request body ends, and its bytes without the framing.
//
// A state machine over single bytes of framing: it keeps no input back, so it needs no buffer of its own and its result cannot depend on
// how reads have split the body. (Beast's chunk parser wants each chunk-size line and the whole trailer in one piece and has no limit on
// extensions.) Strict: CR LF and nothing else ends a line, sizes are plain hexadecimal without white space, every extension and trailer is
// checked, bounded and then ignored.
#ifndef EDGE_NET_HTTP_BODY_DECODER_H_
#define EDGE_NET_HTTP_BODY_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/http/limits.h"
#include "net/http/request_parser.h"

namespace edge::http {

class BodyDecoder {
 public:
  struct Step {
    size_t consumed = 0;  // bytes taken from the input
    size_t produced = 0;  // bytes of the body put into `out`
  };

  // The limits are borrowed.
  explicit BodyDecoder(const ServerLimits& limits) : limits_(limits) {}

  // Begins a body; `length` counts for kLength alone.
  void Start(BodyFraming framing, uint64_t length);

  // Decodes as much as fits. Makes progress unless done(), refused(), the input is empty, or body bytes are next and `out` is empty.
  Step Decode(std::string_view input, std::span<char> out);

  // How many body bytes may be read straight from the connection into a buffer of `room` bytes, without passing through Decode; 0 when
  // framing comes next or the read would be too small to be worth it. SkipDirect tells how many were.
  size_t DirectBytes(size_t room) const;
  void SkipDirect(size_t n);

  bool done() const { return state_ == State::kDone; }
  bool refused() const { return state_ == State::kRefused; }
  const Refusal& refusal() const { return refusal_; }  // after refused()
  // Body bytes still to come as far as known: all of them for a declared length, those of the current chunk otherwise.
  uint64_t remaining() const { return remaining_; }

 private:
  enum class State : uint8_t {
    kDone,
    kRefused,
    kLength,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
  };

  // One byte of framing.
  void Feed(char c);
  void EndSizeLine();
  void Refuse(int status, std::string_view reason);

  const ServerLimits& limits_;
  State state_ = State::kDone;
  bool any_digit_ = false;
  uint64_t remaining_ = 0;       // of the body or of the chunk; in kSize the size read so far
  uint64_t total_ = 0;           // sum of the chunks begun
  uint64_t line_bytes_ = 0;      // of the current chunk-size line
  uint64_t overhead_bytes_ = 0;  // of extensions in all chunks
  uint64_t trailer_bytes_ = 0;
  Refusal refusal_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_BODY_DECODER_H_
