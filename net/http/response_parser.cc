#include "net/http/response_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
// GCC 12 believes that Beast's optional content length is read before it is set, under the sanitizers alone.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/beast/http/basic_parser.hpp>
#pragma GCC diagnostic pop
#include <boost/beast/http/error.hpp>

#include "net/http/field.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::string_view kVersionPrefix = "HTTP/1.";
// "HTTP/1.1 200": what a status line has at least.
constexpr size_t kStatusLineMin = 12;

std::string_view View(beast::string_view text) { return std::string_view(text.data(), text.size()); }

std::string_view Explain(const beast::error_code& code) {
  switch (static_cast<bhttp::error>(code.value())) {
    case bhttp::error::bad_field:
      return "malformed header name";
    case bhttp::error::bad_value:
      return "a header value has a byte that is not allowed there";
    case bhttp::error::bad_line_ending:
      return "a CR without LF";
    case bhttp::error::bad_content_length:
      return "malformed Content-Length, or one beside Transfer-Encoding";
    case bhttp::error::multiple_content_length:
      return "more than one Content-Length, and they differ";
    case bhttp::error::bad_transfer_encoding:
      return "more than one Transfer-Encoding, or one beside Content-Length";
    case bhttp::error::header_limit:
      return "a folded header is too long";
    default:
      return "malformed response head";
  }
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// Receives what Beast has found. It lives for one call of ParseFields; a body is not Beast's business.
class ResponseParser::Visitor final : public bhttp::basic_parser<false> {
 public:
  explicit Visitor(ResponseParser& parser) : parser_(parser) {
    header_limit((std::numeric_limits<std::uint32_t>::max)());  // the scanner has applied ours
    body_limit(boost::none);
  }

 private:
  void on_field_impl(bhttp::field id, beast::string_view name, beast::string_view value, beast::error_code& code) override {
    const std::string_view text = View(value);
    parser_.head_.fields.emplace_back(View(name), text);
    switch (id) {
      case bhttp::field::content_length:
        if (!parser_.AddContentLength(text)) code = bhttp::error::bad_content_length;
        break;
      case bhttp::field::transfer_encoding:
        if (++parser_.transfer_encoding_count_ > 1) {
          code = bhttp::error::bad_transfer_encoding;
          return;
        }
        parser_.chunked_ = EqualsIgnoreCase(text, "chunked");
        break;
      case bhttp::field::connection:
        parser_.connection_close_ = parser_.connection_close_ || ListHasToken(text, "close");
        parser_.connection_keep_alive_ = parser_.connection_keep_alive_ || ListHasToken(text, "keep-alive");
        break;
      default:
        break;
    }
  }

  void on_request_impl(bhttp::verb, beast::string_view, beast::string_view, int, beast::error_code&) override {}
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  ResponseParser& parser_;
};

void ResponseParser::Reset() {
  pos_ = searched_ = fields_start_ = 0;
  lines_ = 0;
  http11_ = chunked_ = connection_close_ = connection_keep_alive_ = keep_alive_ = false;
  length_.reset();
  transfer_encoding_count_ = 0;
  framing_ = ResponseFraming::kNone;
  status_ = absl::OkStatus();
  head_ = {};
}

ResponseParser::Result ResponseParser::Fail(std::string_view reason) {
  status_ = absl::InvalidArgumentError(StrCat("the answer is not valid HTTP: ", reason));
  return Result::kFailed;
}

ResponseParser::Result ResponseParser::FailLimit(std::string_view reason) {
  status_ = absl::ResourceExhaustedError(std::string(reason));
  return Result::kFailed;
}

std::optional<uint64_t> ResponseParser::content_length() const {
  switch (framing_) {
    case ResponseFraming::kNone:
      return 0;
    case ResponseFraming::kLength:
      return length_;
    case ResponseFraming::kChunked:
    case ResponseFraming::kUntilClose:
      break;
  }
  return std::nullopt;
}

ResponseParser::Result ResponseParser::Parse(std::string_view input) {
  const size_t head_max = limits_.head_bytes.bytes();
  for (;;) {
    if (lines_ == 0) {
      // Said at once: what speaks another protocol may never send the end of a head.
      const size_t n = std::min(input.size(), kVersionPrefix.size());
      if (input.substr(0, n) != kVersionPrefix.substr(0, n)) return Fail("it does not begin with HTTP/1.0 or HTTP/1.1");
    }
    const void* found = input.size() > searched_ ? std::memchr(input.data() + searched_, '\n', input.size() - searched_) : nullptr;
    const size_t end = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - input.data()) : input.size();
    // The limit comes first and looks at the bytes so far, so that an unfinished line is judged like a finished one.
    if (end > head_max) return FailLimit("the response head is too large");
    if (found == nullptr) {
      searched_ = end;
      return Result::kNeedMore;
    }
    if (end == pos_ || input[end - 1] != '\r') return Fail("a line ends in LF without CR");
    const std::string_view line = input.substr(pos_, end - 1 - pos_);
    pos_ = searched_ = end + 1;
    if (lines_ == 0) {
      if (ParseStatusLine(line) == Result::kFailed) return Result::kFailed;
      fields_start_ = pos_;
    } else if (line.empty()) {
      return ParseFields(input.substr(fields_start_, pos_ - fields_start_));
    } else if (lines_ > limits_.fields_max) {
      return FailLimit("the response has too many header fields");
    }
    ++lines_;
  }
}

ResponseParser::Result ResponseParser::ParseStatusLine(std::string_view line) {
  if (line.size() < kStatusLineMin || line[8] != ' ' || !IsDigit(line[9]) || !IsDigit(line[10]) || !IsDigit(line[11])) {
    return Fail("malformed status line");
  }
  if (line[7] != '0' && line[7] != '1') return Fail("it does not begin with HTTP/1.0 or HTTP/1.1");
  http11_ = line[7] == '1';
  head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head_.status < 100) return Fail("a status below 100");
  line.remove_prefix(kStatusLineMin);
  if (!line.empty() && line[0] != ' ') return Fail("malformed status line");
  if (!IsFieldValue(line)) return Fail("the reason has a byte that is not allowed there");
  head_.reason = TrimWhitespace(line);
  return Result::kDone;
}

bool ResponseParser::AddContentLength(std::string_view list) {
  for (;;) {
    const size_t comma = list.find(',');
    const std::optional<uint64_t> length = ParseContentLength(TrimWhitespace(list.substr(0, comma)));
    if (!length || (length_ && *length_ != *length)) return false;
    length_ = length;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

ResponseParser::Result ResponseParser::ParseFields(std::string_view fields) {
  if (fields.front() == ' ' || fields.front() == '\t') return Fail("white space before the first header");
  // Beast wants a status line; ours is read already.
  const std::string head = StrCat("HTTP/1.1 200 OK\r\n", fields);
  Visitor visitor(*this);
  beast::error_code code;
  visitor.put(boost::asio::const_buffer(head.data(), head.size()), code);
  if (code) return Fail(Explain(code));
  if (!visitor.is_header_done()) return Fail("malformed response head");
  return Finish();
}

ResponseParser::Result ResponseParser::Finish() {
  if (head_.status == 101 && !upgrade_asked_) return Fail("the server switches protocols without having been asked");
  if (is_head_ || StatusHasNoBody(head_.status)) {
    framing_ = ResponseFraming::kNone;
  } else if (transfer_encoding_count_ > 0) {
    if (length_) return Fail("Content-Length beside Transfer-Encoding");
    if (!http11_) return Fail("Transfer-Encoding in HTTP/1.0");
    if (!chunked_) return Fail("the only transfer coding supported is chunked");
    framing_ = ResponseFraming::kChunked;
  } else if (length_) {
    framing_ = *length_ > 0 ? ResponseFraming::kLength : ResponseFraming::kNone;
  } else {
    framing_ = ResponseFraming::kUntilClose;
  }
  keep_alive_ = framing_ != ResponseFraming::kUntilClose && !connection_close_ && (http11_ || connection_keep_alive_);
  return Result::kDone;
}

}  // namespace edge::http
