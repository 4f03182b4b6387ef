#include "runtime/node/node.h"

#include <utility>

#include "runtime/base/check.h"

namespace edge {

Node::Node(const Seams& seams, worker::Log& log, std::shared_ptr<const worker::WorkerCode> code, NodeOptions options)
    : seams_(seams), options_(std::move(options)), client_(seams.scheduler, seams.network, options_.client), sender_(client_) {
  const worker::WorkerServices services = {.scheduler = seams.scheduler,
                                           .random = seams.random,
                                           .adversary = seams.adversary,
                                           .log = log,
                                           .observer = options_.observer,
                                           .nursery = options_.nursery,
                                           .sender = &sender_};
  worker_ = std::make_unique<worker::Worker>(services, std::move(code));
  front_ = std::make_unique<worker::HttpFront>(*worker_, options_.detail);
  if (options_.decorate) decorator_ = options_.decorate(*front_);
}

Node::~Node() = default;

absl::Status Node::StartWorker() {
  absl::Status status = worker_->Start();
  if (!status.ok()) worker_->Shutdown();
  return status;
}

absl::Status Node::Listen() {
  EDGE_CHECK(server_ == nullptr) << "listens already";
  absl::StatusOr<std::unique_ptr<Listener>> listener = seams_.network.Listen(options_.listen);
  absl::Status status = listener.status();
  if (status.ok()) {
    local_ = (*listener)->Local();
    server_ = std::make_unique<http::Server>(seams_.scheduler, *std::move(listener), Handler(), options_.server);
    status = server_->Start();
  }
  if (!status.ok()) worker_->Shutdown();
  return status;
}

http::Handler& Node::Handler() {
  if (decorator_ != nullptr) return *decorator_;
  return *front_;
}

absl::Status Node::Stop() {
  EDGE_CHECK(server_ != nullptr) << "stopped before it was started";
  const absl::Status drained = server_->Drain(seams_.clock.Now() + options_.drain_time);
  worker_->Shutdown();
  return drained;
}

}  // namespace edge
