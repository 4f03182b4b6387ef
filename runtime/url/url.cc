#include "runtime/url/url.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "runtime/url/host.h"
#include "runtime/url/percent_encode.h"
#include "runtime/url/url_parser.h"

namespace edge::url {
namespace {

// Which of the two setters: "host" takes a port as well, "hostname" refuses one.
enum class HostSetter { kHost, kHostname };

std::string Encoded(std::string_view text, EncodeSet set) {
  std::string encoded;
  AppendPercentEncoded(text, set, &encoded);
  return encoded;
}

// The standard's "file host state" under a state override. Returns the new host; nothing where the value is refused.
std::optional<std::string> ReadFileHost(std::string_view value) {
  std::string host;
  const std::string_view text = value.substr(0, AuthorityLength(value, SchemeType::kFile));
  if (text.empty()) return host;
  if (!AppendHost(text, HostKind::kDomain, &host)) return std::nullopt;
  if (host == "localhost") host.clear();
  return host;
}

// "Host state" and "hostname state" under a state override. Changes `*parts` where the value is taken; `*host` holds the text.
void ReadHost(std::string_view value, HostSetter setter, SchemeType type, std::string* host, UrlParts* parts) {
  const std::string_view authority = value.substr(0, AuthorityLength(value, type));
  const size_t length = HostLength(authority);
  const bool has_colon = length < authority.size();
  if (has_colon && setter == HostSetter::kHostname) return;
  if (length == 0) {
    const bool has_more = !parts->username.empty() || !parts->password.empty() || parts->port.has_value();
    if (has_colon || IsSpecial(type) || has_more) return;
  }
  if (!AppendHost(authority.substr(0, length), IsSpecial(type) ? HostKind::kDomain : HostKind::kOpaque, host)) return;
  parts->host = *host;
  // A bad port leaves the old one in place, and the new host as well.
  if (has_colon) {
    const PortDigits port = ReadPort(authority.substr(length + 1));
    if (port.value.has_value()) parts->port = port.value;
  }
}

void ReplaceHost(std::string_view value, HostSetter setter, UrlRecord* record) {
  if (record->path_kind == PathKind::kOpaque) return;
  std::string storage;
  const std::string_view text = WithoutTabsAndNewlines(value, &storage);
  UrlParts parts = Split(*record);
  std::string host;
  if (record->scheme_type == SchemeType::kFile) {
    std::optional<std::string> file_host = ReadFileHost(text);
    if (!file_host.has_value()) return;
    host = *std::move(file_host);
    parts.host = host;
  } else {
    ReadHost(text, setter, record->scheme_type, &host, &parts);
  }
  *record = Assemble(parts);
}

}  // namespace

absl::StatusOr<Url> Url::Parse(std::string_view utf8_input, const Url* base) {
  absl::StatusOr<UrlRecord> record = ParseRecord(utf8_input, base == nullptr ? nullptr : &base->record_);
  if (!record.ok()) return record.status();
  return Url(*std::move(record));
}

std::string_view Url::host() const {
  if (!record_.has_host) return {};
  return record_.Slice(record_.host_begin, record_.path_begin);
}

std::string_view Url::search() const {
  if (record_.query().value_or("").empty()) return {};
  return record_.Slice(record_.query_begin, record_.query_end());
}

std::string_view Url::hash() const {
  if (record_.fragment().value_or("").empty()) return {};
  return record_.Slice(record_.fragment_begin, record_.href.size());
}

std::string Url::origin() const {
  if (record_.scheme() == "blob") {
    const absl::StatusOr<UrlRecord> inner = ParseRecord(record_.path(), nullptr);
    if (!inner.ok() || (inner->scheme_type != SchemeType::kHttp && inner->scheme_type != SchemeType::kHttps)) return "null";
    return Url(*inner).origin();
  }
  if (!IsSpecial() || record_.scheme_type == SchemeType::kFile) return "null";
  return std::string(protocol()).append("//").append(host());
}

absl::Status Url::SetHref(std::string_view value) {
  absl::StatusOr<UrlRecord> record = ParseRecord(value, nullptr);
  if (!record.ok()) return record.status();
  record_ = *std::move(record);
  return absl::OkStatus();
}

void Url::SetProtocol(std::string_view value) {
  std::string text;
  std::string storage;
  text.assign(WithoutTabsAndNewlines(value, &storage)).push_back(':');
  const std::optional<size_t> length = SchemeLength(text);
  if (!length.has_value()) return;
  std::string scheme;
  std::transform(text.begin(), text.begin() + static_cast<ptrdiff_t>(*length), std::back_inserter(scheme), AsciiLower);
  const SchemeType type = ClassifyScheme(scheme);
  if (url::IsSpecial(type) != IsSpecial()) return;
  UrlParts parts = Split(record_);
  const bool has_more = !parts.username.empty() || !parts.password.empty() || parts.port.has_value();
  if (type == SchemeType::kFile && has_more) return;
  if (record_.scheme_type == SchemeType::kFile && hostname().empty()) return;
  parts.scheme = scheme;
  record_ = Assemble(parts);
}

bool Url::CannotHaveCredentialsOrPort() const { return hostname().empty() || record_.scheme_type == SchemeType::kFile; }

void Url::SetUsername(std::string_view value) {
  if (CannotHaveCredentialsOrPort()) return;
  const std::string username = Encoded(value, EncodeSet::kUserinfo);
  UrlParts parts = Split(record_);
  parts.username = username;
  record_ = Assemble(parts);
}

void Url::SetPassword(std::string_view value) {
  if (CannotHaveCredentialsOrPort()) return;
  const std::string password = Encoded(value, EncodeSet::kUserinfo);
  UrlParts parts = Split(record_);
  parts.password = password;
  record_ = Assemble(parts);
}

void Url::SetHost(std::string_view value) { ReplaceHost(value, HostSetter::kHost, &record_); }

void Url::SetHostname(std::string_view value) { ReplaceHost(value, HostSetter::kHostname, &record_); }

void Url::SetPort(std::string_view value) {
  if (CannotHaveCredentialsOrPort()) return;
  UrlParts parts = Split(record_);
  if (value.empty()) {
    parts.port = std::nullopt;
  } else {
    std::string storage;
    const PortDigits port = ReadPort(WithoutTabsAndNewlines(value, &storage));
    if (!port.value.has_value()) return;
    parts.port = port.value;
  }
  record_ = Assemble(parts);
}

void Url::SetPathname(std::string_view value) {
  if (HasOpaquePath()) return;
  std::string storage;
  std::string_view text = WithoutTabsAndNewlines(value, &storage);
  std::string path;
  UrlParts parts = Split(record_);
  // Only a URL that is not special and has a host may be without a path.
  if (IsSpecial() || !text.empty() || !record_.has_host) {
    if (!text.empty() && IsPathSlash(text.front(), record_.scheme_type)) text.remove_prefix(1);
    AppendPathSegments(text, record_.scheme_type, /*path_begin=*/0, &path);
  }
  parts.path = path;
  record_ = Assemble(parts);
}

void Url::SetSearch(std::string_view value) {
  UrlParts parts = Split(record_);
  std::string query;
  parts.query = std::nullopt;
  if (!value.empty()) {
    if (value.starts_with('?')) value.remove_prefix(1);
    std::string storage;
    query = Encoded(WithoutTabsAndNewlines(value, &storage), IsSpecial() ? EncodeSet::kSpecialQuery : EncodeSet::kQuery);
    parts.query = query;
  }
  record_ = Assemble(parts);
}

void Url::SetHash(std::string_view value) {
  UrlParts parts = Split(record_);
  std::string fragment;
  parts.fragment = std::nullopt;
  if (!value.empty()) {
    if (value.starts_with('#')) value.remove_prefix(1);
    std::string storage;
    fragment = Encoded(WithoutTabsAndNewlines(value, &storage), EncodeSet::kFragment);
    parts.fragment = fragment;
  }
  record_ = Assemble(parts);
}

}  // namespace edge::url
