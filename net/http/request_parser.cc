#include "net/http/request_parser.h"

#include <cstring>
#include <limits>

#include <boost/asio/buffer.hpp>
// GCC 12 believes that Beast's optional content length is read before it is set, under the sanitizers alone.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/beast/http/basic_parser.hpp>
#pragma GCC diagnostic pop
#include <boost/beast/http/error.hpp>

#include "runtime/base/check.h"

namespace edge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

// "METHOD " and " HTTP/1.1\r\n" beside the target.
constexpr size_t kRequestLineSlack = 64;
constexpr size_t kLeadingEmptyLinesMax = 2;

std::string_view View(beast::string_view text) { return std::string_view(text.data(), text.size()); }

std::string_view Explain(const beast::error_code& code) {
  switch (static_cast<bhttp::error>(code.value())) {
    case bhttp::error::bad_method:
      return "malformed method";
    case bhttp::error::bad_target:
      return "malformed request target";
    case bhttp::error::bad_version:
      return "malformed request line";
    case bhttp::error::bad_field:
      return "malformed header name";
    case bhttp::error::bad_value:
      return "a header value has a byte that is not allowed there";
    case bhttp::error::bad_line_ending:
      return "a CR without LF";
    case bhttp::error::bad_content_length:
      return "malformed Content-Length, or one beside Transfer-Encoding";
    case bhttp::error::multiple_content_length:
      return "more than one Content-Length";
    case bhttp::error::bad_transfer_encoding:
      return "more than one Transfer-Encoding, or one beside Content-Length";
    default:
      return "malformed request head";
  }
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// Whether a request line is well-formed but for a version that is not ours.
bool NamesAnotherVersion(std::string_view line) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.find(' ', first + 1) != last) return false;
  std::string_view version = line.substr(last + 1);
  return version.size() == 8 && version.substr(0, 5) == "HTTP/" && version[5] >= '0' && version[5] <= '9' && version[6] == '.' &&
         version[7] >= '0' && version[7] <= '9';
}

}  // namespace

// Receives what Beast has found. It lives for one call of ParseHead; a body is not Beast's business (body_decoder.h says why).
class RequestParser::Visitor final : public bhttp::basic_parser<true> {
 public:
  explicit Visitor(RequestParser& parser) : parser_(parser) {
    header_limit((std::numeric_limits<std::uint32_t>::max)());  // the scanner has applied ours
    body_limit(boost::none);
  }

 private:
  void on_request_impl(bhttp::verb, beast::string_view method, beast::string_view target, int version, beast::error_code&) override {
    parser_.head_.method_ = View(method);
    parser_.head_.target_ = View(target);
    parser_.head_.version_ = version == 10 ? Version::kHttp10 : Version::kHttp11;
  }

  void on_field_impl(bhttp::field id, beast::string_view name, beast::string_view value, beast::error_code& code) override {
    std::string_view text = View(value);
    parser_.head_.fields_.push_back({View(name), text});
    switch (id) {
      case bhttp::field::host:
        if (parser_.host_count_ < 2) ++parser_.host_count_;
        parser_.host_ = text;
        break;
      case bhttp::field::content_length: {
        if (++parser_.content_length_count_ > 1) {
          code = bhttp::error::multiple_content_length;
          return;
        }
        std::optional<uint64_t> length = ParseContentLength(text);
        if (!length) {
          code = bhttp::error::bad_content_length;
          return;
        }
        parser_.content_length_ = *length;
        break;
      }
      case bhttp::field::transfer_encoding:
        if (++parser_.transfer_encoding_count_ > 1) {
          code = bhttp::error::bad_transfer_encoding;
          return;
        }
        parser_.chunked_ = EqualsIgnoreCase(text, "chunked");
        // chunked must come last and once: anything else has no known end and is how requests are smuggled.
        if (const size_t comma = text.rfind(','); comma != std::string_view::npos && ListHasToken(text.substr(0, comma), "chunked")) {
          parser_.chunked_misplaced_ = true;
        }
        break;
      case bhttp::field::connection:
        parser_.connection_close_ = parser_.connection_close_ || ListHasToken(text, "close");
        parser_.connection_keep_alive_ = parser_.connection_keep_alive_ || ListHasToken(text, "keep-alive");
        break;
      case bhttp::field::expect:
        if (EqualsIgnoreCase(text, "100-continue")) {
          parser_.expects_continue_ = true;
        } else {
          parser_.unknown_expectation_ = true;
        }
        break;
      default:
        break;
    }
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  RequestParser& parser_;
};

void RequestParser::Reset() {
  pos_ = searched_ = start_ = 0;
  lines_ = 0;
  in_request_ = false;
  host_count_ = content_length_count_ = transfer_encoding_count_ = 0;
  chunked_ = chunked_misplaced_ = connection_close_ = connection_keep_alive_ = expects_continue_ = unknown_expectation_ = keep_alive_ =
      false;
  framing_ = BodyFraming::kNone;
  content_length_ = 0;
  host_ = {};
  refusal_ = {};
  head_.fields_.clear();  // keeps its capacity
  head_.bytes_ = {};
}

RequestParser::Result RequestParser::Refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  return Result::kRefused;
}

RequestParser::Result RequestParser::Parse(std::string_view input) {
  const size_t line_max = limits_.target_bytes.bytes() + kRequestLineSlack;
  const size_t head_max = limits_.head_bytes.bytes();
  for (;;) {
    if (lines_ == 0 && pos_ < input.size()) {
      char first = input[pos_];
      if (first != '\r' && first != '\n') {
        if (!IsToken(std::string_view(&first, 1))) return Refuse(400, "this is not an HTTP request");
        in_request_ = true;
      }
    }
    const void* found = input.size() > searched_ ? std::memchr(input.data() + searched_, '\n', input.size() - searched_) : nullptr;
    size_t end = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - input.data()) : input.size();
    // The limits come first and look at the bytes so far, so that an unfinished line is judged like a finished one.
    if (lines_ == 0 && end - pos_ > line_max) return Refuse(414, "the request target is too long");
    if (end > head_max) return Refuse(431, "the request head is too large");
    if (found == nullptr) {
      searched_ = end;
      return Result::kNeedMore;
    }
    if (end == pos_ || input[end - 1] != '\r') return Refuse(400, "a line ends in LF without CR");
    std::string_view line = input.substr(pos_, end - 1 - pos_);
    pos_ = searched_ = end + 1;
    if (line.empty()) {
      if (lines_ > 0) return ParseHead(input.substr(start_, pos_ - start_));
      start_ = pos_;
      if (start_ > 2 * kLeadingEmptyLinesMax) return Refuse(400, "empty lines before the request line");
      continue;
    }
    if (lines_ == 0) {
      if (line == "PRI * HTTP/2.0") return Refuse(505, "HTTP/2 is not supported on this port; use HTTP/1.1");
    } else {
      if (line[0] == ' ' || line[0] == '\t') return Refuse(400, "folded header lines are not supported");
      if (lines_ > limits_.fields_max) return Refuse(431, "too many header fields");
    }
    ++lines_;
  }
}

RequestParser::Result RequestParser::ParseHead(std::string_view head) {
  head_.bytes_ = head;
  Visitor visitor(*this);
  beast::error_code code;
  visitor.put(boost::asio::const_buffer(head.data(), head.size()), code);
  if (code) {
    if (code == bhttp::error::bad_version && NamesAnotherVersion(head.substr(0, head.find('\r')))) {
      return Refuse(505, "only HTTP/1.1 and HTTP/1.0 are supported");
    }
    return Refuse(400, Explain(code));
  }
  if (!visitor.is_header_done()) return Refuse(400, "malformed request head");
  return FinishHead();
}

RequestParser::Result RequestParser::FinishHead() {
  const bool http11 = head_.version_ == Version::kHttp11;
  if (transfer_encoding_count_ > 0) {
    if (content_length_count_ > 0) return Refuse(400, "Content-Length beside Transfer-Encoding");
    if (!http11) return Refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (chunked_misplaced_) return Refuse(400, "chunked must be the last transfer coding, once");
    if (!chunked_) return Refuse(501, "the only transfer coding supported is chunked");
    framing_ = BodyFraming::kChunked;
  } else if (content_length_count_ > 0) {
    if (content_length_ > limits_.body_bytes) return Refuse(413, "the request body is too large");
    framing_ = content_length_ > 0 ? BodyFraming::kLength : BodyFraming::kNone;
  }
  if (host_count_ > 1) return Refuse(400, "more than one Host");
  if (host_count_ == 0 && http11) return Refuse(400, "no Host");
  if (host_count_ == 1 && !IsHost(host_) && (http11 || !host_.empty())) return Refuse(400, "malformed Host");
  head_.authority_ = host_;
  if (!SplitTarget()) return Result::kRefused;
  if (unknown_expectation_) return Refuse(417, "the only expectation supported is 100-continue");
  keep_alive_ = http11 ? !connection_close_ : connection_keep_alive_ && !connection_close_;
  // HTTP/1.0 knows no interim responses.
  expects_continue_ = expects_continue_ && http11 && framing_ != BodyFraming::kNone;
  return Result::kDone;
}

bool RequestParser::SplitTarget() {
  std::string_view target = head_.target_;
  EDGE_CHECK(!target.empty());
  if (head_.method_ == "CONNECT") {
    Refuse(501, "CONNECT is not supported");
    return false;
  }
  if (target.find('#') != std::string_view::npos) {
    Refuse(400, "a request target has no fragment");
    return false;
  }
  if (target[0] == '/') {
    head_.path_and_query_ = target;
    return true;
  }
  if (target == "*") {
    head_.path_and_query_ = target;
    if (head_.method_ == "OPTIONS") return true;
    Refuse(400, "the target * belongs to OPTIONS");
    return false;
  }
  size_t prefix = StartsWithIgnoreCase(target, "http://") ? 7 : StartsWithIgnoreCase(target, "https://") ? 8 : 0;
  if (prefix == 0) {
    Refuse(400, "a request target begins with / or http://");
    return false;
  }
  size_t path = target.find_first_of("/?", prefix);
  if (path == std::string_view::npos) path = target.size();
  head_.authority_ = target.substr(prefix, path - prefix);
  head_.path_and_query_ = target.substr(path);
  if (IsHost(head_.authority_)) return true;
  Refuse(400, "malformed host in the request target");
  return false;
}

}  // namespace edge::http
