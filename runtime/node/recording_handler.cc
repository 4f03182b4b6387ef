#include "runtime/node/recording_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "net/http/field.h"

namespace edge {
namespace {

constexpr std::string_view kRedacted = "<redacted>";

// What is for one connection or one message only, and CF-Ray, which names a single request.
constexpr std::array<std::string_view, 12> kLeftOut = {"Connection",
                                                       "Keep-Alive",
                                                       "Proxy-Connection",
                                                       "Proxy-Authenticate",
                                                       "Proxy-Authorization",
                                                       "TE",
                                                       "Trailer",
                                                       "Transfer-Encoding",
                                                       "Upgrade",
                                                       "Expect",
                                                       "Content-Length",
                                                       "CF-Ray"};
constexpr std::array<std::string_view, 2> kSecrets = {"Authorization", "Cookie"};

template <size_t N>
bool Names(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view other) { return http::EqualsIgnoreCase(name, other); });
}

// As it can stand in a request line: bytes that clients send raw but must not are percent-encoded.
std::string TargetOf(const http::RequestHead& head) {
  std::string target;
  if (!head.path_and_query().starts_with('/') && head.path_and_query() != "*") target = "/";
  for (const char c : head.path_and_query()) {
    if (c > ' ' && c < 0x7f) {
      target += c;
    } else {
      absl::StrAppendFormat(&target, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return target;
}

// One request while it is being answered.
class Tap final : public http::ExchangeObserver {
 public:
  Tap(http::Exchange& exchange, const RecordingOptions& options) : exchange_(exchange), options_(options) {
    const http::RequestHead& head = exchange.head();
    request_.method = head.method();
    request_.target = TargetOf(head);
    const std::string_view connection = head.Find("Connection").value_or("");
    for (const http::Field& field : head.fields()) {
      if (Names(kLeftOut, field.name) || http::ListHasToken(connection, field.name)) continue;
      const bool hidden = options.secrets == RecordingOptions::Secrets::kRedacted && Names(kSecrets, field.name);
      request_.headers.emplace_back(field.name, hidden ? kRedacted : field.value);
    }
    exchange.Observe(this);
  }
  ~Tap() override { exchange_.Observe(nullptr); }
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  void OnRequestBody(std::string_view bytes) override {
    seen_ += bytes.size();
    if (bytes.empty()) ended_ = true;
    request_.body.append(bytes.substr(0, options_.body_bytes_max - request_.body.size()));
  }

  void OnResponse(int status) override { request_.status = status; }

  // When the handler has returned.
  RecordedRequest Take() {
    const bool whole = !exchange_.has_body() || ended_ || exchange_.content_length() == seen_;
    if (!whole || seen_ > request_.body.size()) request_.body_is = RecordedRequest::Body::kCut;
    // A handler that has not answered leaves that to the server.
    if (!exchange_.started() && !exchange_.client_gone()) request_.status = 500;
    return std::move(request_);
  }

 private:
  http::Exchange& exchange_;
  const RecordingOptions& options_;
  RecordedRequest request_;
  uint64_t seen_ = 0;
  bool ended_ = false;
};

}  // namespace

RecordingHandler::RecordingHandler(http::Handler& handler, const Clock& clock, const RecordingOptions& options, Sink sink)
    : handler_(handler), clock_(clock), options_(options), sink_(std::move(sink)) {}

void RecordingHandler::Handle(http::Exchange& exchange) {
  const Instant now = clock_.Now();
  const Duration gap = last_arrival_.has_value() ? now - *last_arrival_ : Duration::Zero();
  last_arrival_ = now;
  RecordedRequest recorded;
  {
    Tap tap(exchange, options_);
    handler_.Handle(exchange);
    recorded = tap.Take();
  }
  recorded.gap = gap;
  sink_(std::move(recorded));
}

}  // namespace edge
