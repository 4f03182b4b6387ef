#include "runtime/web/fetch_rules.h"

#include <string>

#include "runtime/base/str_cat.h"
#include "runtime/url/url.h"

namespace edge::web {
namespace {

constexpr const char* kOneTimeBodyText =
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be "
    "retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer.";

absl::Status CheckScheme(const url::Url& address, Destination destination) {
  if (address.protocol() == "http:") return absl::OkStatus();
  if (address.protocol() == "https:") {
    if (destination == Destination::kTarget) return absl::OkStatus();
    return absl::InvalidArgumentError(
        StrCat("fetch() of https: addresses is not supported yet by this version of edge: ", address.href(),
               ". Use an http: address, for instance one of a proxy on this machine that speaks TLS to the server."));
  }
  return absl::InvalidArgumentError(StrCat("Fetch API cannot load: ", address.href()));
}

}  // namespace

absl::Status CheckFetchUrl(std::string_view url, Destination destination) {
  const absl::StatusOr<url::Url> parsed = url::Url::Parse(url, nullptr);
  if (!parsed.ok()) return absl::InvalidArgumentError(StrCat("Invalid URL: ", url));
  return CheckScheme(*parsed, destination);
}

std::string VisibleUrl(std::string_view url) {
  if (url.find('#') == std::string_view::npos && url.find('@') == std::string_view::npos) return std::string(url);
  absl::StatusOr<url::Url> parsed = url::Url::Parse(url, nullptr);
  if (!parsed.ok()) return std::string(url);
  parsed->SetUsername("");
  parsed->SetPassword("");
  parsed->SetHash("");
  return std::string(parsed->href());
}

bool IsNullBodyStatus(int status) { return status == 101 || status == 204 || status == 205 || status == 304; }

bool IsRedirectStatus(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

absl::Status FollowRedirect(int status, std::string_view location, FetchRequest& request, Destination destination) {
  const absl::StatusOr<url::Url> base = url::Url::Parse(request.url, nullptr);
  absl::StatusOr<url::Url> next = url::Url::Parse(location, base.ok() ? &*base : nullptr);
  if (!base.ok() || !next.ok()) return absl::InvalidArgumentError("Invalid Location header; unable to follow redirect.");
  if (absl::Status scheme = CheckScheme(*next, destination); !scheme.ok()) return scheme;

  if (status == 303) {
    if (request.method != "HEAD") request.method = "GET";
    request.bytes.reset();
    request.stream = nullptr;
  } else {
    if (request.stream != nullptr) return absl::InvalidArgumentError(kOneTimeBodyText);
    if (request.method == "POST" && (status == 301 || status == 302)) {
      request.method = "GET";
      request.bytes.reset();
    }
  }
  // What proves who we are to one server is none of another's business.
  if (next->origin() != base->origin()) request.headers.Delete("authorization");
  next->SetHash("");
  request.url = next->href();
  return absl::OkStatus();
}

}  // namespace edge::web
