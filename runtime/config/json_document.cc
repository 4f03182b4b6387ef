// The JSON and JSONC front-end of Document: Boost.JSON's event parser, fed byte by byte so that a handler knows where it stands.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/str_cat.h"
#include "runtime/config/document.h"

namespace edge::config {

namespace {

namespace json = boost::json;

// Turns the parser's events into values. Names, strings and numbers may come in pieces.
class Handler {
 public:
  using Error = json::error_code;
  using Text = json::string_view;
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  int line = 1;
  bool root_is_object = true;  // false once anything else stood at the root

  Document Finish() { return builder_.Finish(); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

  bool on_object_begin(Error&) {
    if (open_.empty()) {
      builder_.SetRootLine(line);
      open_.push_back(builder_.root());
    } else {
      open_.push_back(builder_.AddObject(open_.back(), TakeKey(), key_line_or_line()));
    }
    return true;
  }
  bool on_object_end(std::size_t, Error&) { return Close(); }
  bool on_array_begin(Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    open_.push_back(builder_.AddArray(open_.back(), TakeKey(), key_line_or_line()));
    return true;
  }
  bool on_array_end(std::size_t, Error&) { return Close(); }

  bool on_key_part(Text text, std::size_t, Error&) {
    key_.append(text.data(), text.size());
    return true;
  }
  bool on_key(Text text, std::size_t, Error&) {
    key_.append(text.data(), text.size());
    key_line_ = line;
    return true;
  }
  bool on_string_part(Text text, std::size_t, Error&) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool on_string(Text text, std::size_t, Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    text_.append(text.data(), text.size());
    builder_.AddString(open_.back(), TakeKey(), key_line_or_line(), std::move(text_));
    text_.clear();
    return true;
  }
  bool on_number_part(Text text, Error&) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool on_int64(int64_t value, Text, Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    text_.clear();
    builder_.AddInteger(open_.back(), TakeKey(), key_line_or_line(), value);
    return true;
  }
  bool on_uint64(uint64_t value, Text text, Error& error) { return on_double(static_cast<double>(value), text, error); }
  // The parser's own conversion may be off in the last digit, so the collected text is converted once more.
  bool on_double(double value, Text text, Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    text_.append(text.data(), text.size());
    double exact = 0;
    const auto result = std::from_chars(text_.data(), text_.data() + text_.size(), exact);
    if (result.ec == std::errc() && result.ptr == text_.data() + text_.size()) value = exact;
    text_.clear();
    builder_.AddDouble(open_.back(), TakeKey(), key_line_or_line(), value);
    return true;
  }
  bool on_bool(bool value, Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    builder_.AddBool(open_.back(), TakeKey(), key_line_or_line(), value);
    return true;
  }
  bool on_null(Error& error) {
    if (open_.empty()) return RefuseRoot(error);
    builder_.AddNull(open_.back(), TakeKey(), key_line_or_line());
    return true;
  }

 private:
  bool Close() {
    open_.pop_back();
    return true;
  }
  bool RefuseRoot(Error& error) {
    root_is_object = false;
    error = json::make_error_code(json::error::not_object);
    return false;
  }
  // A member stands where its name stands.
  int key_line_or_line() const { return open_.back()->IsObject() ? key_line_ : line; }
  std::string TakeKey() {
    std::string out;
    out.swap(key_);
    return out;
  }

  DocumentBuilder builder_;
  std::vector<Value*> open_;  // arrays and objects not closed yet, outermost first
  std::string key_, text_;
  int key_line_ = 1;
};

// `text` with its comments turned into blanks, every line and column where it was. The parser could skip comments itself, but 1.81 loses
// its place in one that it is fed in pieces, and never leaves one that ends in **/. In `*open` the line of a comment that is not closed.
std::string BlankComments(std::string_view text, int* open) {
  std::string out;
  out.reserve(text.size());
  int line = 1;
  size_t i = 0;
  const auto blank = [&] {
    const char c = text[i++];
    if (c == '\n') ++line;
    if (c == '\n' || c == '\r' || c == '\t') {
      out += c;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      out += ' ';
    }
  };
  bool in_string = false;
  while (i < text.size()) {
    const std::string_view two = text.substr(i, 2);
    if (in_string) {
      const size_t length = text[i] == '\\' ? std::min<size_t>(2, text.size() - i) : 1;
      if (text[i] == '"' || text[i] == '\n') in_string = false;
      for (size_t end = i + length; i < end; ++i) {
        if (text[i] == '\n') ++line;
        out += text[i];
      }
    } else if (two == "//") {
      while (i < text.size() && text[i] != '\n') blank();
    } else if (two == "/*") {
      const int first_line = line;
      const size_t end = text.find("*/", i + 2);
      if (end == std::string_view::npos) *open = first_line;
      const size_t stop = end == std::string_view::npos ? text.size() : end + 2;
      while (i < stop) blank();
    } else {
      in_string = text[i] == '"';
      if (text[i] == '\n') ++line;
      out += text[i++];
    }
  }
  return out;
}

std::string Explain(const json::error_code& error, bool root_is_object, size_t depth_max) {
  if (!root_is_object) return "the file must be one object; put { } around its keys";
  if (error == json::error::incomplete) return "the file ends too early; close what is open: a brace, a bracket or a quote";
  if (error == json::error::too_deep) return StrCat("more than ", depth_max, " levels within each other; make it flatter");
  if (error == json::error::extra_data) return "text after the end of the object; remove it or move it inside";
  if (error == json::error::expected_utf16_escape || error == json::error::illegal_leading_surrogate ||
      error == json::error::illegal_trailing_surrogate || error == json::error::expected_hex_digit) {
    return "a broken \\u escape; write four hexadecimal digits, and both halves of a surrogate pair";
  }

  return StrCat(error.message(), "; names and texts need double quotes, members a comma between them");
}

}  // namespace

absl::StatusOr<Document> ParseJson(std::string_view text, std::string_view file, const DocumentLimits& limits) {
  int open_comment_line = 0;
  const std::string blanked = BlankComments(SkipByteOrderMark(text), &open_comment_line);
  if (open_comment_line > 0) {
    return absl::InvalidArgumentError(StrCat(file, ":", open_comment_line, ":1: a comment is never closed; close it with */"));
  }
  json::parse_options options;
  options.allow_trailing_commas = true;
  options.max_depth = limits.nesting_depth_max;
  json::basic_parser<Handler> parser(options);
  Handler& handler = parser.handler();

  int column = 1;
  json::error_code error;
  const auto fail = [&] {
    return absl::InvalidArgumentError(
        StrCat(file, ":", handler.line, ":", column, ": ", Explain(error, handler.root_is_object, limits.nesting_depth_max)));
  };
  for (const char& byte : blanked) {
    const std::size_t taken = parser.write_some(true, &byte, 1, error);
    if (!error && taken == 0) error = json::make_error_code(json::error::extra_data);
    if (error) return fail();
    if (byte == '\n') {
      ++handler.line;
      column = 1;
    } else if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) {
      ++column;  // by characters, not bytes
    }
  }
  parser.write_some(false, blanked.data(), 0, error);
  if (error) return fail();
  return handler.Finish();
}

}  // namespace edge::config
