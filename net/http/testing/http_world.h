// HttpWorld: a server on a fake network in virtual time, with a handler that is a lambda.
#ifndef EDGE_NET_HTTP_TESTING_HTTP_WORLD_H_
#define EDGE_NET_HTTP_TESTING_HTTP_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/server.h"
#include "net/http/testing/fake_network.h"
#include "runtime/base/check.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::http {

class HttpWorld final : public Handler {
 public:
  using Body = std::function<void(Exchange&)>;

  explicit HttpWorld(Body body = nullptr, const ServerLimits& limits = {}) : body_(std::move(body)) {
    auto listener = std::make_unique<FakeListener>(world_.scheduler, clients_);
    listener_ = listener.get();
    server_ = std::make_unique<Server>(world_.scheduler, std::move(listener), *this, limits);
    EDGE_CHECK_OK(server_->Start());
    Run();
  }

  ~HttpWorld() override {
    if (!drained_) Drain(now()).IgnoreError();
    server_.reset();
    EDGE_CHECK(world_.scheduler.live_fibers() == 0);
  }

  std::shared_ptr<FakeClient> Connect() {
    std::shared_ptr<FakeClient> client = listener_->Connect();
    Run();
    return client;
  }

  // Sends and returns what has come back by the time nothing moves any more.
  std::string Ask(FakeClient& client, std::string_view bytes) {
    client.Send(bytes);
    Run();
    return client.TakeReceived();
  }
  // The same on a new connection.
  std::string Ask(std::string_view bytes) { return Ask(*Connect(), bytes); }

  void Run() { Settle(world_.scheduler, clients_); }
  void Advance(Duration duration) {
    world_.time.Advance(duration);
    Run();
  }

  // Begins to drain; the result appears in drain_status() when it is over.
  void StartDrain(Instant deadline) {
    EDGE_CHECK_OK(world_.scheduler.Spawn("drain", [this, deadline] {
      drain_status_ = server_->Drain(deadline);
      drained_ = true;
    }));
    Run();
  }
  absl::Status Drain(Instant deadline) {
    StartDrain(deadline);
    EDGE_CHECK(drained_);
    return drain_status_;
  }
  bool drained() const { return drained_; }
  const absl::Status& drain_status() const { return drain_status_; }

  Instant now() const { return world_.time.Now(); }
  Scheduler& scheduler() { return world_.scheduler; }
  Server& server() { return *server_; }
  FakeListener& listener() { return *listener_; }
  int handled() const { return handled_; }
  // Accept and sweep.
  static constexpr size_t kServiceFibers = 2;
  size_t connection_fibers() const { return world_.scheduler.live_fibers() - kServiceFibers; }

  void Handle(Exchange& exchange) override {
    ++handled_;
    if (body_) {
      body_(exchange);
      return;
    }
    exchange.Respond(ResponseHead(200), "hello").IgnoreError();
  }

 private:
  VirtualWorld world_;
  std::vector<std::shared_ptr<FakeClient>> clients_;
  FakeListener* listener_ = nullptr;  // owned by the server until it is drained
  Body body_;
  std::unique_ptr<Server> server_;
  absl::Status drain_status_;
  bool drained_ = false;
  int handled_ = 0;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_HTTP_WORLD_H_
