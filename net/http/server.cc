#include "net/http/server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::http {

// --- accepting ---

Server::Server(Scheduler& scheduler, std::unique_ptr<Listener> listener, Handler& handler, const ServerLimits& limits)
    : scheduler_(scheduler),
      handler_(handler),
      limits_(limits),
      listener_(std::move(listener)),
      some_parked_(scheduler),
      all_gone_(scheduler),
      service_fibers_(scheduler),
      connection_fibers_(scheduler),
      upgrades_(scheduler) {}

Server::~Server() {
  EDGE_CHECK(service_fibers_.size() == 0 && connection_fibers_.size() == 0) << "drain the server first";
  while (ServerConnection* connection = parked_.front()) {
    connection->Unpark();
    Destroy(connection);
  }
  EDGE_CHECK(all_.empty());
}

absl::Status Server::Start() {
  domain_ = scheduler_.CurrentDomain();
  EDGE_RETURN_IF_ERROR(service_fibers_.Spawn("http accept", [this] { AcceptLoop(); }));
  return service_fibers_.Spawn("http sweep", [this] { SweepLoop(); });
}

void Server::AcceptLoop() {
  for (;;) {
    absl::StatusOr<std::unique_ptr<Connection>> connection = listener_->Accept(Instant::Infinite());
    if (connection.ok()) {
      Admit(*std::move(connection));
      continue;
    }
    if (!scheduler_.CheckAlive().ok()) return;
    if (absl::IsResourceExhausted(connection.status())) {
      // Out of descriptors: an idle connection is worth less than a new one.
      if (ServerConnection* oldest = parked_.front()) {
        oldest->Unpark();
        Destroy(oldest);
        ++stats_.connections_expired;
        continue;
      }
    }
    // Whatever else has failed, a server that stopped accepting for good would look alive and serve nobody.
    ++stats_.accept_failures;
    if (!scheduler_.SleepFor(limits_.accept_retry_time).ok()) return;
  }
}

void Server::Admit(std::unique_ptr<Connection> connection) {
  ++stats_.connections_accepted;
  if (all_.size() + upgrades_.size() >= limits_.connections_max) {
    ServerConnection* oldest = parked_.front();
    if (oldest == nullptr) {
      TurnAway(std::move(connection));
      return;
    }
    oldest->Unpark();
    Destroy(oldest);
    ++stats_.connections_expired;
  }
  // Named by the client's end, not by a count that unrelated clients share.
  const Endpoint& peer = connection->Peer();
  const uint64_t key = CombineHash(StableHash(peer.host), peer.port);
  auto* admitted = new ServerConnection(*this, std::move(connection), key);
  all_.PushBack(admitted);
  admitted->Park();
}

void Server::TurnAway(std::unique_ptr<Connection> connection) {
  ++stats_.connections_refused;
  if (turning_away_ >= limits_.refusals_max) {
    connection->Abort();
    return;
  }
  ++turning_away_;
  absl::Status spawned = service_fibers_.Spawn("http turn away", [this, connection = std::move(connection)]() mutable {
    static constexpr std::string_view kBody = "503 Service Unavailable: too many connections\n";
    std::string answer = StrCat("HTTP/1.1 503 Service Unavailable\r\nDate: ", Date(),
                                "\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ", kBody.size(),
                                "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n", kBody);
    Instant deadline = scheduler_.clock().Now() + limits_.linger_time;
    std::string_view piece = answer;
    std::array<char, 1024> scratch;
    if (connection->Write(std::span<const std::string_view>(&piece, 1), deadline).ok() && connection->CloseWrite().ok()) {
      for (;;) {
        absl::StatusOr<size_t> n = connection->Read(scratch, deadline);
        if (!n.ok() || *n == 0) break;
      }
    }
    connection.reset();
    --turning_away_;
  });
  if (!spawned.ok()) --turning_away_;
}

// --- idle connections ---

void Server::SweepLoop() {
  for (;;) {
    ServerConnection* oldest = parked_.front();
    if (oldest == nullptr) {
      some_parked_.Reset();
      if (!some_parked_.Wait().ok()) return;
      continue;
    }
    Instant expiry = oldest->parked_at() + limits_.idle_time;
    if (expiry <= scheduler_.clock().Now()) {
      oldest->Unpark();
      Destroy(oldest);
      ++stats_.connections_expired;
      continue;
    }
    if (!scheduler_.SleepUntil(expiry).ok()) return;
  }
}

void Server::Destroy(ServerConnection* connection) {
  all_.Remove(connection);
  delete connection;
  if (all_.empty()) all_gone_.Set();
}

std::unique_ptr<Session> Server::TakeSession() {
  if (sessions_.empty()) return std::make_unique<Session>(scheduler_, limits_);
  std::unique_ptr<Session> session = std::move(sessions_.back());
  sessions_.pop_back();
  return session;
}

void Server::ReturnSession(std::unique_ptr<Session> session) {
  session->wire.Detach();
  session->parser.Reset();
  if (sessions_.size() < limits_.pooled_sessions_max) sessions_.push_back(std::move(session));
}

// --- the end ---

absl::Status Server::Drain(Instant deadline) {
  draining_ = true;
  service_fibers_.Cancel();
  service_fibers_.Wait();
  listener_.reset();
  while (ServerConnection* connection = parked_.front()) {
    connection->Unpark();
    Destroy(connection);
  }
  upgrades_.GoAway();
  absl::Status status;
  while (!all_.empty() && status.ok()) {
    all_gone_.Reset();
    status = all_gone_.Wait(deadline);
  }
  if (!all_.empty()) {
    for (ServerConnection* left = all_.front(); left != nullptr; left = decltype(all_)::Next(left)) left->Abort();
    connection_fibers_.Cancel();
  }
  connection_fibers_.Wait();
  // A connection whose fiber could not be started again waits for the sweep, which is gone.
  while (ServerConnection* connection = parked_.front()) {
    connection->Unpark();
    Destroy(connection);
  }
  const absl::Status upgrades_ended = upgrades_.Drain(deadline);
  if (status.ok()) status = upgrades_ended;
  return status;
}

}  // namespace edge::http
