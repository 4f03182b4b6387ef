#include "runtime/url/url_record.h"

#include <charconv>

#include "runtime/base/check.h"

namespace edge::url {

SchemeType ClassifyScheme(std::string_view scheme) {
  switch (scheme.size()) {
    case 2:
      return scheme == "ws" ? SchemeType::kWs : SchemeType::kOther;
    case 3:
      return scheme == "wss" ? SchemeType::kWss : scheme == "ftp" ? SchemeType::kFtp : SchemeType::kOther;
    case 4:
      return scheme == "http" ? SchemeType::kHttp : scheme == "file" ? SchemeType::kFile : SchemeType::kOther;
    case 5:
      return scheme == "https" ? SchemeType::kHttps : SchemeType::kOther;
    default:
      return SchemeType::kOther;
  }
}

std::optional<uint16_t> DefaultPort(SchemeType type) {
  switch (type) {
    case SchemeType::kHttp:
    case SchemeType::kWs:
      return 80;
    case SchemeType::kHttps:
    case SchemeType::kWss:
      return 443;
    case SchemeType::kFtp:
      return 21;
    case SchemeType::kFile:
    case SchemeType::kOther:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view UrlRecord::password() const {
  // With credentials, an '@' stands before the host and a ':' after the username where there is a password.
  if (username_end == host_begin || href[username_end] != ':') return {};
  return Slice(username_end + 1, host_begin - 1);
}

std::string_view UrlRecord::port() const {
  if (!has_host || host_end == path_begin) return {};
  return Slice(host_end + 1, path_begin);
}

std::optional<std::string_view> UrlRecord::query() const {
  if (query_begin == std::string::npos) return std::nullopt;
  return Slice(query_begin + 1, query_end());
}

std::optional<std::string_view> UrlRecord::fragment() const {
  if (fragment_begin == std::string::npos) return std::nullopt;
  return Slice(fragment_begin + 1, href.size());
}

void UrlRecord::FixPathPrefix() {
  if (has_host) return;
  const size_t bare_begin = scheme_end + 1;
  const bool present = path_begin != bare_begin;
  const bool needed = path_kind == PathKind::kSegments && std::string_view(href).substr(path_begin).starts_with("//");
  if (needed && !present) href.insert(bare_begin, "/.");
  if (!needed && present) href.erase(bare_begin, 2);
  path_begin = needed ? bare_begin + 2 : bare_begin;
}

UrlParts Split(const UrlRecord& record) {
  UrlParts parts;
  parts.scheme = record.scheme();
  if (record.has_host) parts.host = record.host();
  parts.username = record.username();
  parts.password = record.password();
  if (const std::string_view digits = record.port(); !digits.empty()) {
    uint16_t port = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    EDGE_CHECK(parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size()) << record.href;
    parts.port = port;
  }
  parts.path = record.path();
  parts.path_kind = record.path_kind;
  parts.query = record.query();
  parts.fragment = record.fragment();
  return parts;
}

UrlRecord Assemble(const UrlParts& parts) {
  UrlRecord record;
  std::string& href = record.href;
  href.append(parts.scheme);
  record.scheme_end = href.size();
  record.scheme_type = ClassifyScheme(parts.scheme);
  record.path_kind = parts.path_kind;
  href.push_back(':');
  record.has_host = parts.host.has_value();
  if (record.has_host) href.append("//");
  href.append(parts.username);
  record.username_end = href.size();
  if (!parts.password.empty()) href.append(":").append(parts.password);
  if (!parts.username.empty() || !parts.password.empty()) href.push_back('@');
  record.host_begin = href.size();
  href.append(parts.host.value_or(std::string_view()));
  record.host_end = href.size();
  if (parts.port.has_value() && parts.port != DefaultPort(record.scheme_type)) href.append(":").append(std::to_string(*parts.port));
  record.path_begin = href.size();
  href.append(parts.path);
  record.FixPathPrefix();
  if (parts.query.has_value()) {
    record.query_begin = href.size();
    href.append("?").append(*parts.query);
  }
  if (parts.fragment.has_value()) {
    record.fragment_begin = href.size();
    href.append("#").append(*parts.fragment);
  }
  return record;
}

}  // namespace edge::url
