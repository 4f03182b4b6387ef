#include "net/http/request_writer.h"

#include <algorithm>
#include <array>

#include "net/http/field.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

constexpr std::array<std::string_view, 9> kOwnFields = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"};

bool IsOwn(std::string_view name) {
  return std::any_of(kOwnFields.begin(), kOwnFields.end(), [name](std::string_view own) { return EqualsIgnoreCase(name, own); });
}

bool IsTarget(std::string_view target) {
  return std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

// Methods whose requests have a body as a rule: its absence is stated.
bool ExpectsBody(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

bool IsIdempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

absl::StatusOr<std::string> FormatRequestHead(const ClientRequest& request, RequestFraming framing, uint64_t length) {
  if (!IsToken(request.method)) return absl::InvalidArgumentError("malformed request method");
  if (request.method == "CONNECT") return absl::InvalidArgumentError("CONNECT is not supported");
  const bool path = request.target.starts_with('/') || (request.target == "*" && request.method == "OPTIONS");
  if (!path || !IsTarget(request.target)) return absl::InvalidArgumentError("malformed request target");
  if (!IsHost(request.authority)) return absl::InvalidArgumentError("malformed host");

  std::string text = StrCat(request.method, " ", request.target, " HTTP/1.1\r\nHost: ", request.authority, "\r\n");
  for (const auto& [name, value] : request.fields) {
    if (!IsToken(name)) return absl::InvalidArgumentError("malformed header name");
    if (!IsFieldValue(value))
      return absl::InvalidArgumentError(StrCat("the value of the header ", name, " has a byte that is not allowed"));
    if (!IsOwn(name)) StrAppend(&text, name, ": ", value, "\r\n");
  }
  if (!request.upgrade.empty()) {
    if (!IsToken(request.upgrade)) return absl::InvalidArgumentError("malformed name of a protocol to upgrade to");
    StrAppend(&text, "Connection: Upgrade\r\nUpgrade: ", request.upgrade, "\r\n");
  }
  switch (framing) {
    case RequestFraming::kNoBody:
      if (ExpectsBody(request.method)) text += "Content-Length: 0\r\n";
      break;
    case RequestFraming::kLength:
      StrAppend(&text, "Content-Length: ", length, "\r\n");
      break;
    case RequestFraming::kChunked:
      text += "Transfer-Encoding: chunked\r\n";
      break;
  }
  text += "\r\n";
  return text;
}

}  // namespace edge::http
