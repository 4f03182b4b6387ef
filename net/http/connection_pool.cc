#include "net/http/connection_pool.h"

#include "runtime/base/check.h"

namespace edge::http {

ConnectionPool::Idle::Idle(ConnectionPool& pool, uint64_t number, Host host, std::unique_ptr<Connection> connection)
    : pool_(pool), number_(number), host_(std::move(host)), since_(pool.clock_.Now()), connection_(std::move(connection)) {
  connection_->NotifyReadable(this);
}

std::unique_ptr<Connection> ConnectionPool::Idle::Release() {
  connection_->NotifyReadable(nullptr);
  return std::move(connection_);
}

void ConnectionPool::Drop(uint64_t number) {
  auto found = idle_.find(number);
  EDGE_CHECK(found != idle_.end());
  auto host = by_host_.find(found->second->host());
  EDGE_CHECK(host != by_host_.end());
  host->second.erase(number);
  if (host->second.empty()) by_host_.erase(host);
  idle_.erase(found);
}

void ConnectionPool::Spoke(uint64_t number) {
  if (!limits_.counts_unasked_for) return Drop(number);
  // Called by the network: the registration is spent, and the connection may be looked at only on a fiber.
  std::unique_ptr<Connection> connection = idle_.find(number)->second->Release();
  Drop(number);
  if (spoken_.size() < kSpokenMax) spoken_.push_back(std::move(connection));
}

std::unique_ptr<Connection> ConnectionPool::TakeSpoken() {
  if (spoken_.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(spoken_.back());
  spoken_.pop_back();
  return connection;
}

void ConnectionPool::DropExpired() {
  const Instant now = clock_.Now();
  while (!idle_.empty() && now - idle_.begin()->second->since() > limits_.idle_time) Drop(idle_.begin()->first);
}

void ConnectionPool::Put(const Endpoint& host, std::unique_ptr<Connection> connection) {
  DropExpired();
  if (limits_.idle_connections_per_host_max == 0 || limits_.idle_connections_max == 0) return;
  Host key(host.host, host.port);
  auto found = by_host_.find(key);
  if (found != by_host_.end() && found->second.size() >= limits_.idle_connections_per_host_max) Drop(*found->second.begin());
  if (idle_.size() >= limits_.idle_connections_max) Drop(idle_.begin()->first);
  const uint64_t number = next_number_++;
  by_host_[key].insert(number);
  idle_.emplace(number, std::make_unique<Idle>(*this, number, std::move(key), std::move(connection)));
}

std::unique_ptr<Connection> ConnectionPool::Take(const Endpoint& host) {
  DropExpired();
  auto found = by_host_.find(Host(host.host, host.port));
  if (found == by_host_.end()) return nullptr;
  const uint64_t number = *found->second.rbegin();
  std::unique_ptr<Connection> connection = idle_.find(number)->second->Release();
  Drop(number);
  return connection;
}

}  // namespace edge::http
