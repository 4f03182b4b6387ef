#include "net/http/head.h"

#include <cstring>

#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

enum class Control : uint8_t { kNone, kServer, kContentLength, kDate };

Control ControlOf(std::string_view name) {
  switch (name.size()) {
    case 2:
      return EqualsIgnoreCase(name, "te") ? Control::kServer : Control::kNone;
    case 4:
      return EqualsIgnoreCase(name, "date") ? Control::kDate : Control::kNone;
    case 7:
      return EqualsIgnoreCase(name, "trailer") || EqualsIgnoreCase(name, "upgrade") ? Control::kServer : Control::kNone;
    case 10:
      return EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "keep-alive") ? Control::kServer : Control::kNone;
    case 14:
      return EqualsIgnoreCase(name, "content-length") ? Control::kContentLength : Control::kNone;
    case 16:
      return EqualsIgnoreCase(name, "proxy-connection") ? Control::kServer : Control::kNone;
    case 17:
      return EqualsIgnoreCase(name, "transfer-encoding") ? Control::kServer : Control::kNone;
    default:
      return Control::kNone;
  }
}

// For error messages: user data may be long or unprintable.
std::string Shown(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 60)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

}  // namespace

std::optional<std::string_view> RequestHead::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

RequestHead RequestHead::Copy() const {
  RequestHead copy;
  copy.owned_ = std::make_unique<char[]>(bytes_.size());
  if (!bytes_.empty()) std::memcpy(copy.owned_.get(), bytes_.data(), bytes_.size());
  copy.bytes_ = std::string_view(copy.owned_.get(), bytes_.size());
  auto moved = [&](std::string_view view) {
    if (view.empty()) return std::string_view();
    return copy.bytes_.substr(static_cast<size_t>(view.data() - bytes_.data()), view.size());
  };
  copy.method_ = moved(method_);
  copy.target_ = moved(target_);
  copy.path_and_query_ = moved(path_and_query_);
  copy.authority_ = moved(authority_);
  copy.version_ = version_;
  copy.fields_.reserve(fields_.size());
  for (const Field& field : fields_) copy.fields_.push_back({moved(field.name), moved(field.value)});
  return copy;
}

absl::Status ResponseHead::SetReason(std::string_view reason) {
  if (!IsFieldValue(reason)) return absl::InvalidArgumentError("the reason phrase has a control character");
  reason_ = reason;
  return absl::OkStatus();
}

absl::Status ResponseHead::Add(std::string_view name, std::string_view value) {
  if (!IsToken(name)) return absl::InvalidArgumentError(StrCat("not a header name: \"", Shown(name), "\""));
  value = TrimWhitespace(value);
  if (!IsFieldValue(value)) return absl::InvalidArgumentError(StrCat("the value of header ", Shown(name), " has a control character"));
  switch (ControlOf(name)) {
    case Control::kServer:
      return absl::OkStatus();
    case Control::kContentLength:
      declared_length_ = ParseContentLength(value);
      return absl::OkStatus();
    case Control::kDate:
      has_date_ = true;
      break;
    case Control::kNone:
      break;
  }
  wire_fields_.reserve(wire_fields_.size() + name.size() + value.size() + 4);
  wire_fields_.append(name).append(": ").append(value).append("\r\n");
  return absl::OkStatus();
}

}  // namespace edge::http
