// What an isolate has sent as a request, as another isolate receives it: a head, and a body that is there as a whole.
#ifndef EDGE_RUNTIME_WORKER_SENT_REQUEST_H_
#define EDGE_RUNTIME_WORKER_SENT_REQUEST_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/web/host.h"

namespace edge::worker {

class SentHead final : public web::IncomingHead {
 public:
  SentHead(std::string method, std::string url, web::HeaderList headers, std::string cf)
      : method_(std::move(method)), url_(std::move(url)), headers_(std::move(headers)), cf_(std::move(cf)) {}

  std::string_view Method() const override { return method_; }
  std::string_view Url() const override { return url_; }
  size_t HeaderCount() const override { return headers_.entries().size(); }
  std::string_view HeaderName(size_t index) const override { return headers_.entries()[index].name; }
  std::string_view HeaderValue(size_t index) const override { return headers_.entries()[index].value; }
  std::string_view Cf() const override { return cf_; }

 private:
  const std::string method_;
  const std::string url_;
  const web::HeaderList headers_;
  const std::string cf_;
};

class BytesSource final : public web::BodySource {
 public:
  // `account`: what the bytes are charged to, until they are read; may be null.
  BytesSource(std::string bytes, std::shared_ptr<void> account)
      : length_(bytes.size()), bytes_(std::move(bytes)), account_(std::move(account)) {}

  absl::StatusOr<std::string> Read() override {
    account_ = nullptr;
    return std::exchange(bytes_, {});
  }
  std::optional<uint64_t> Length() const override { return length_; }
  bool IsReady() const override { return true; }
  void Cancel() override { bytes_.clear(); }

 private:
  const uint64_t length_;
  std::string bytes_;
  std::shared_ptr<void> account_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SENT_REQUEST_H_
