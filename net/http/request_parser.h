// RequestParser: bytes -> RequestHead, or the status with which the request is refused.
//
// Two passes over the head. A line scanner finds its end, over as many reads as it takes, touching each byte once; it applies the limits
// and refuses at once what no later byte can repair (bare LF, a folded line, an HTTP/2 preface, a first byte that starts no method). Then
// Boost.Beast's basic_parser, derived from directly so that no message or field is allocated, takes the complete head apart, and what Beast
// leaves to its users is checked here: everything that two servers in a chain could read differently (request smuggling) is refused rather
// than repaired. The result depends on the bytes alone, never on how reads have split them.
//
//   refused with 400 unless noted: bare CR or LF, NUL and other controls, line folding, white space before a colon, empty or malformed
//   names, Content-Length twice, as a list, signed or not decimal, Content-Length beside Transfer-Encoding, Transfer-Encoding twice or in
//   HTTP/1.0, any coding but exactly "chunked" (501), no Host / two / a malformed one in HTTP/1.1, a target that is not origin-form,
//   http(s) absolute-form or OPTIONS *, CONNECT (501), HTTP/2 and other versions (505), unknown expectations (417), too long a request line
//   (414), too large a head or too many fields (431), a declared body above the limit (413).
#ifndef EDGE_NET_HTTP_REQUEST_PARSER_H_
#define EDGE_NET_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http/head.h"
#include "net/http/limits.h"

namespace edge::http {

// Why a request is refused: a status and one sentence for the client. The text is static.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

enum class BodyFraming : uint8_t { kNone, kLength, kChunked };

class RequestParser {
 public:
  enum class Result : uint8_t { kNeedMore, kDone, kRefused };

  // The limits are borrowed.
  explicit RequestParser(const ServerLimits& limits) : limits_(limits) {}

  // Before each new request.
  void Reset();

  // `input` is everything received since the request began: a longer text at each call (it may have moved in memory). Not to be called
  // again after kDone or kRefused.
  Result Parse(std::string_view input);

  // --- after kDone; the views point into the last input ---
  const RequestHead& head() const { return head_; }
  size_t head_size() const { return pos_; }  // bytes of the input that were the head; the body follows
  BodyFraming framing() const { return framing_; }
  uint64_t content_length() const { return content_length_; }  // kLength only
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }

  // --- after kRefused ---
  const Refusal& refusal() const { return refusal_; }

  // After kNeedMore: whether nothing of a request has come yet (at most an empty line).
  bool idle() const { return !in_request_; }

 private:
  class Visitor;
  friend class Visitor;

  Result Refuse(int status, std::string_view reason);
  Result ParseHead(std::string_view head);
  Result FinishHead();
  // Splits the target by its form; false: refused.
  bool SplitTarget();

  const ServerLimits& limits_;
  // Scanner: the current line begins at pos_, and no LF lies between pos_ and searched_.
  size_t pos_ = 0;
  size_t searched_ = 0;
  size_t start_ = 0;    // where the request line begins (after empty lines)
  uint32_t lines_ = 0;  // complete lines so far
  bool in_request_ = false;
  // What the fields said.
  uint8_t host_count_ = 0;
  uint8_t content_length_count_ = 0;
  uint8_t transfer_encoding_count_ = 0;
  bool chunked_ = false;
  bool chunked_misplaced_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool expects_continue_ = false;
  bool unknown_expectation_ = false;
  bool keep_alive_ = false;
  BodyFraming framing_ = BodyFraming::kNone;
  uint64_t content_length_ = 0;
  std::string_view host_;
  Refusal refusal_;
  RequestHead head_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_REQUEST_PARSER_H_
