#include "runtime/node/request_log.h"

#include <algorithm>
#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "net/http/field.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

namespace json = boost::json;

constexpr char kVersionKey[] = "edge_requests";
constexpr int64_t kVersion = 1;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

// How many bytes the UTF-8 sequence at the beginning of `text` has; 0: it is malformed (overlong and surrogates included).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void AppendString(std::string_view text, std::string& out) {
  const bool utf8 = IsUtf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      absl::StrAppendFormat(&out, "\\u%04x", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

// One line of the file.
class LineReader {
 public:
  LineReader(const json::object& object, std::string place) : object_(object), place_(std::move(place)) {}

  absl::StatusOr<RecordedRequest> Read() {
    for (const json::key_value_pair& entry : object_) {
      const std::string_view key(entry.key().data(), entry.key().size());
      constexpr std::string_view kKeys[] = {"method", "target", "headers", "body", "body_base64", "body_cut", "gap_ms", "status"};
      if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) return Bad(StrCat("there is no key \"", key, "\""));
    }
    RecordedRequest request;
    EDGE_RETURN_IF_ERROR(ReadTarget(request));
    EDGE_RETURN_IF_ERROR(ReadHeaders(request));
    EDGE_RETURN_IF_ERROR(ReadBody(request));
    int64_t gap = 0;
    EDGE_RETURN_IF_ERROR(Number("gap_ms", int64_t{1} << 40, gap));
    request.gap = Duration::Milliseconds(gap);
    int64_t status = 0;
    EDGE_RETURN_IF_ERROR(Number("status", 999, status));
    request.status = static_cast<int>(status);
    return request;
  }

 private:
  absl::Status Bad(std::string_view what) const { return absl::InvalidArgumentError(StrCat(place_, ": ", what)); }

  absl::Status ReadTarget(RecordedRequest& request) const {
    const json::value* const method = object_.if_contains("method");
    const json::value* const target = object_.if_contains("target");
    if (method == nullptr || !method->is_string() || !http::IsToken(View(method->get_string()))) {
      return Bad("\"method\" must be an HTTP method, such as \"GET\"");
    }
    if (target == nullptr || !target->is_string()) return Bad("\"target\" must be a path, such as \"/notes?x=1\"");
    request.method = View(method->get_string());
    request.target = View(target->get_string());
    const bool visible = std::all_of(request.target.begin(), request.target.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    if (!visible || (!request.target.starts_with('/') && request.target != "*")) {
      return Bad("\"target\" must be a path that begins with \"/\", without spaces, \"#\" or bytes that need percent-encoding");
    }
    return absl::OkStatus();
  }

  absl::Status ReadHeaders(RecordedRequest& request) const {
    const json::value* const headers = object_.if_contains("headers");
    if (headers == nullptr) return absl::OkStatus();
    if (!headers->is_array()) return Bad("\"headers\" must be a list of [name, value] pairs");
    for (const json::value& header : headers->get_array()) {
      const json::array* const pair = header.if_array();
      if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
        return Bad("\"headers\" must be a list of [name, value] pairs");
      }
      const std::string_view name = View((*pair)[0].get_string());
      const std::string_view value = View((*pair)[1].get_string());
      if (!http::IsToken(name)) return Bad(StrCat("\"", name, "\" is no name of a header"));
      if (!http::IsFieldValue(value)) return Bad(StrCat("the value of the header \"", name, "\" has a control character"));
      request.headers.emplace_back(name, value);
    }
    return absl::OkStatus();
  }

  absl::Status ReadBody(RecordedRequest& request) const {
    const json::value* const text = object_.if_contains("body");
    const json::value* const base64 = object_.if_contains("body_base64");
    const json::value* const cut = object_.if_contains("body_cut");
    if (text != nullptr && base64 != nullptr) return Bad("\"body\" and \"body_base64\" exclude each other");
    if (text != nullptr) {
      if (!text->is_string()) return Bad("\"body\" must be text; other bytes go into \"body_base64\"");
      request.body = View(text->get_string());
    }
    if (base64 != nullptr) {
      if (!base64->is_string() || !absl::Base64Unescape(ToAbsl(View(base64->get_string())), &request.body)) {
        return Bad("\"body_base64\" is no base64");
      }
    }
    if (cut != nullptr) {
      if (!cut->is_bool()) return Bad("\"body_cut\" must be true or false");
      if (cut->get_bool()) request.body_is = RecordedRequest::Body::kCut;
    }
    return absl::OkStatus();
  }

  absl::Status Number(const char* key, int64_t max, int64_t& number) const {
    const json::value* const value = object_.if_contains(key);
    if (value == nullptr) return absl::OkStatus();
    if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > max) {
      return Bad(StrCat("\"", key, "\" must be a whole number from 0 to ", max));
    }
    number = value->get_int64();
    return absl::OkStatus();
  }

  const json::object& object_;
  const std::string place_;
};

}  // namespace

std::string RequestLogHeading() { return StrCat("{\"", kVersionKey, "\":", kVersion, "}\n"); }

std::string RequestLogLine(const RecordedRequest& request) {
  std::string line = "{\"method\":";
  AppendString(request.method, line);
  line += ",\"target\":";
  AppendString(request.target, line);
  if (!request.headers.empty()) {
    line += ",\"headers\":[";
    for (const auto& [name, value] : request.headers) {
      if (line.back() != '[') line += ',';
      line += '[';
      AppendString(name, line);
      line += ',';
      AppendString(value, line);
      line += ']';
    }
    line += ']';
  }
  if (!request.body.empty() && IsUtf8(request.body)) {
    line += ",\"body\":";
    AppendString(request.body, line);
  } else if (!request.body.empty()) {
    StrAppend(&line, ",\"body_base64\":\"", absl::Base64Escape(request.body), "\"");
  }
  if (request.body_is == RecordedRequest::Body::kCut) line += ",\"body_cut\":true";
  StrAppend(&line, ",\"gap_ms\":", request.gap.ToMilliseconds(), ",\"status\":", request.status, "}\n");
  return line;
}

absl::StatusOr<std::vector<RecordedRequest>> ParseRequestLog(std::string_view text, std::string_view file_name,
                                                             const RequestLogLimits& limits) {
  std::vector<RecordedRequest> requests;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    std::string place = StrCat(file_name, ":", number);
    if (line.size() > limits.line_bytes_max) {
      return absl::ResourceExhaustedError(StrCat(place, ": the line is longer than ", limits.line_bytes_max, " bytes"));
    }
    json::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error) {
      return absl::InvalidArgumentError(
          StrCat(place, ": not a JSON object (", error.message(), "); a recording has one object a line, see docs/recording.md"));
    }
    const json::object* const object = value.if_object();
    if (object == nullptr) return absl::InvalidArgumentError(StrCat(place, ": not a JSON object; a recording has one object a line"));
    if (const json::value* const version = object->if_contains(kVersionKey); version != nullptr) {
      if (!version->is_int64() || version->get_int64() != kVersion) {
        return absl::InvalidArgumentError(StrCat(place, ": a recording of another version of edge; this one reads version ", kVersion));
      }
      continue;
    }
    if (requests.size() >= limits.requests_max) {
      return absl::ResourceExhaustedError(StrCat(place, ": more than ", limits.requests_max, " requests"));
    }
    EDGE_ASSIGN_OR_RETURN(RecordedRequest request, LineReader(*object, std::move(place)).Read());
    request.line = number;
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace edge
