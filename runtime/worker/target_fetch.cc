#include "runtime/worker/target_fetch.h"

#include <string>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/web/fetch_rules.h"

namespace edge::worker {

void TargetFetch::Send(const absl::Status& allowed) {
  allowed_ = cancelled_ ? absl::CancelledError("the fetch was cancelled") : allowed;
  if (allowed_.ok()) SendOnce();
  decided_ = true;
  sent_.Set();
}

void TargetFetch::SendOnce() {
  const bool follows = request_.redirect == web::RedirectMode::kFollow;
  url_ = request_.url.substr(0, request_.url.find('#'));
  web::FetchRequest sent;
  if (follows) {
    sent = request_;  // a redirect asks for the next one in terms of this one
  } else {
    sent = std::exchange(request_, {});
    request_.redirect = sent.redirect;
  }
  sent.url = web::VisibleUrl(sent.url);
  pending_ = target_->Send(std::move(sent));
  if (!follows) target_ = nullptr;
}

absl::StatusOr<web::FetchResponse> TargetFetch::Follow() {
  for (int redirects = 0;; ++redirects) {
    absl::StatusOr<web::FetchResponse> response = pending_->Wait();
    if (!response.ok()) return response;
    response->url = url_;
    response->redirected = redirects > 0;
    const std::string* const location = response->headers.Find("location");
    if (request_.redirect != web::RedirectMode::kFollow || !web::IsRedirectStatus(response->status) || location == nullptr) {
      return response;
    }
    const absl::Status followed = web::FollowRedirect(response->status, std::string(*location), request_, web::Destination::kTarget);
    if (response->body != nullptr) response->body->Cancel();
    if (redirects == web::kRedirectsMax) return absl::InvalidArgumentError(StrCat("Too many redirects.", url_));
    EDGE_RETURN_IF_ERROR(followed);
    if (cancelled_) return absl::CancelledError("the fetch was cancelled");
    if (++subrequests_.begun > subrequests_.subrequests_max) return absl::ResourceExhaustedError("Too many subrequests.");
    request_.key = CombineHash(request_.key, StableHash("redirect"));
    SendOnce();
  }
}

absl::StatusOr<web::FetchResponse> TargetFetch::Run() {
  absl::Status waited;
  while (waited.ok() && !decided_) waited = sent_.Wait();
  absl::StatusOr<web::FetchResponse> response = absl::CancelledError("the fetch was cancelled");
  if (waited.ok() && allowed_.ok()) response = Follow();
  over_ = true;
  if (decided_) {
    target_ = nullptr;
    request_ = {};
  }
  if (!waited.ok()) return waited;
  if (!allowed_.ok()) return allowed_;
  if (!response.ok()) pending_->Cancel();
  if (response.ok() && cancelled_) {
    if (response->body != nullptr) response->body->Cancel();
    return absl::CancelledError("the fetch was cancelled");
  }
  if (response.ok()) body_ = response->body;
  return response;
}

void TargetFetch::Cancel() {
  cancelled_ = true;
  if (pending_ != nullptr) pending_->Cancel();
  if (const std::shared_ptr<web::BodySource> body = body_.lock(); body != nullptr) body->Cancel();
}

}  // namespace edge::worker
