// ResponseParser: bytes -> ClientResponseHead and how its body ends, or why this is no answer.
//
// As in RequestParser a line scanner finds the end of the head over as many reads as it takes and applies the limits, and Boost.Beast's
// basic_parser takes the fields apart. The status line is read here, because servers exist that leave out the space behind the status. The
// result depends on the bytes alone, never on how reads have split them.
//
//   an error: anything that does not begin with "HTTP/1.0" or "HTTP/1.1", bare CR or LF, NUL and other controls, white space before a
//   colon, empty or malformed names, a malformed Content-Length or two that differ, Content-Length beside Transfer-Encoding,
//   Transfer-Encoding in HTTP/1.0 or with any coding but exactly "chunked", 101 without having been asked for an upgrade.
//   accepted: a repeated Content-Length that says the same, a folded line (read as one space: RFC 9112 5.2), an empty reason.
#ifndef EDGE_NET_HTTP_RESPONSE_PARSER_H_
#define EDGE_NET_HTTP_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "net/http/client.h"

namespace edge::http {

enum class ResponseFraming : uint8_t { kNone, kLength, kChunked, kUntilClose };

class ResponseParser {
 public:
  enum class Result : uint8_t { kNeedMore, kDone, kFailed };

  // The limits are borrowed. The request's method decides too whether there is a body.
  enum class Upgrade : uint8_t { kNo, kAsked };
  ResponseParser(const ClientLimits& limits, std::string_view method, Upgrade upgrade = Upgrade::kNo)
      : limits_(limits), is_head_(method == "HEAD"), upgrade_asked_(upgrade == Upgrade::kAsked) {}

  // Before each further response of the connection, such as the one behind a 1xx.
  void Reset();

  // `input` is everything received since the response began: a longer text at each call (it may have moved in memory). Not to be called
  // again after kDone or kFailed.
  Result Parse(std::string_view input);

  // --- after kDone ---
  const ClientResponseHead& head() const { return head_; }
  ClientResponseHead TakeHead() { return std::move(head_); }
  size_t head_size() const { return pos_; }  // bytes of the input that were the head; the body follows
  bool informational() const { return head_.status < 200 && head_.status != 101; }
  ResponseFraming framing() const { return framing_; }
  // Of the body that follows, 0 without one; nullopt if chunked or until close.
  std::optional<uint64_t> content_length() const;
  // Whether the server takes another request on this connection.
  bool keep_alive() const { return keep_alive_; }

  // --- after kFailed: kInvalidArgument or, for a limit, kResourceExhausted ---
  const absl::Status& status() const { return status_; }

 private:
  class Visitor;
  friend class Visitor;

  Result Fail(std::string_view reason);
  Result FailLimit(std::string_view reason);
  Result ParseStatusLine(std::string_view line);
  Result ParseFields(std::string_view fields);
  Result Finish();
  // Takes in one Content-Length field; false: malformed, or it contradicts an earlier one.
  bool AddContentLength(std::string_view list);

  const ClientLimits& limits_;
  const bool is_head_;
  const bool upgrade_asked_;
  // Scanner: the current line begins at pos_, and no LF lies between pos_ and searched_.
  size_t pos_ = 0;
  size_t searched_ = 0;
  size_t fields_start_ = 0;
  uint32_t lines_ = 0;  // complete lines so far
  // What the head said.
  bool http11_ = false;
  std::optional<uint64_t> length_;
  uint8_t transfer_encoding_count_ = 0;
  bool chunked_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool keep_alive_ = false;
  ResponseFraming framing_ = ResponseFraming::kNone;
  absl::Status status_;
  ClientResponseHead head_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_RESPONSE_PARSER_H_
