// HttpSender: who sends the requests of fetch(). Production: http::Client over the node's network; tests answer themselves.
#ifndef EDGE_RUNTIME_WORKER_HTTP_SENDER_H_
#define EDGE_RUNTIME_WORKER_HTTP_SENDER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "net/http/client.h"
#include "runtime/seam/random.h"

namespace edge::worker {

class HttpSender {
 public:
  virtual ~HttpSender() = default;
  // As http::Client::Send. MAY SUSPEND.
  virtual absl::StatusOr<std::unique_ptr<http::ClientExchange>> Send(const http::ClientRequest& request,
                                                                     std::shared_ptr<http::RequestBody> body) = 0;
  // Draws the keys and masks of outgoing WebSockets; null: there are none.
  virtual Random* random() { return nullptr; }
};

class ClientSender final : public HttpSender {
 public:
  // Borrowed, outlive the sender.
  ClientSender(http::Client& client, Random& random) : client_(client), random_(random) {}

  Random* random() override { return &random_; }

  // The platform sets no limit to how long a server may take; whoever minds has AbortSignal.timeout.
  absl::StatusOr<std::unique_ptr<http::ClientExchange>> Send(const http::ClientRequest& request,
                                                             std::shared_ptr<http::RequestBody> body) override {
    return client_.Send(request, std::move(body), Instant::Infinite());
  }

 private:
  http::Client& client_;
  Random& random_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_HTTP_SENDER_H_
