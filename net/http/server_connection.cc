// The life of one connection: see the picture in server.h.
#include <algorithm>
#include <array>
#include <utility>

#include "net/http/server.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"

namespace edge::http {

// What an Exchange asks about the connection it is on.
class Server::Policy final : public ConnectionPolicy {
 public:
  Policy(Server& server, ServerConnection& connection) : server_(server), connection_(connection) {}
  bool MayKeepOpen() const override { return !server_.draining_ && connection_.requests_ < server_.limits_.requests_per_connection_max; }
  std::string_view Date() override { return server_.Date(); }
  uint64_t NextKey() override { return CombineHash(connection_.key_, connection_.awakenings_++); }

 private:
  Server& server_;
  ServerConnection& connection_;
};

void Server::ServerConnection::Park() {
  parked_at_ = server_.scheduler_.clock().Now();
  server_.parked_.PushBack(this);
  if (!server_.some_parked_.is_set()) server_.some_parked_.Set();
  connection_->NotifyReadable(this);
}

void Server::ServerConnection::Unpark() {
  connection_->NotifyReadable(nullptr);
  server_.parked_.Remove(this);
}

void Server::ServerConnection::OnReadable() {
  server_.parked_.Remove(this);
  absl::Status spawned =
      server_.connection_fibers_.SpawnKeyed(CombineHash(key_, awakenings_++), server_.domain_, "http", [this] { Run(); });
  if (spawned.ok()) return;
  // Out of fibers. The network is in the middle of calling us, so the connection cannot be destroyed here; the sweep does it.
  parked_at_ = server_.scheduler_.clock().Now();
  server_.parked_.PushBack(this);
}

void Server::ServerConnection::Run() {
  std::unique_ptr<Session> session = server_.TakeSession();
  session->wire.Attach(*connection_);
  After after = Serve(*session);
  if (after == After::kLinger) Linger(*session);
  if (after == After::kUpgrade) {
    std::string received(session->wire.unread());
    server_.ReturnSession(std::move(session));
    std::unique_ptr<Connection> connection = std::move(connection_);
    std::unique_ptr<UpgradedConnection> upgraded = std::move(upgraded_);
    Upgrades& upgrades = server_.upgrades_;
    const uint64_t key = CombineHash(key_, awakenings_++);
    // First adopted, then forgotten: Drain waits for both.
    upgrades.Adopt(key, std::move(upgraded), std::move(connection), std::move(received));
    server_.Destroy(this);
    return;
  }
  server_.ReturnSession(std::move(session));
  if (after == After::kPark) {
    Park();
    return;
  }
  if (after == After::kAbort) connection_->Abort();
  server_.Destroy(this);
}

Server::ServerConnection::After Server::ServerConnection::Serve(Session& session) {
  uint32_t in_a_row = 0;
  // The network has just said that a read will not wait.
  absl::StatusOr<size_t> first = session.wire.Fill(server_.scheduler_.clock().Now() + server_.limits_.head_time);
  if (!first.ok()) return After::kAbort;
  if (*first == 0) return After::kClose;
  for (;;) {
    After next = ReadHead(session);
    if (next != After::kPark) return next;
    next = Answer(session);
    if (next != After::kPark) return next;
    if (!session.wire.has_input()) {
      if (!session.wire.Flush().ok()) return After::kAbort;
      return server_.draining_ ? After::kClose : After::kPark;
    }
    if (++in_a_row >= server_.limits_.pipeline_max) {
      // A client that never stops must not keep the others waiting.
      in_a_row = 0;
      if (!session.wire.Flush().ok() || !server_.scheduler_.Yield().ok()) return After::kAbort;
    }
  }
}

Server::ServerConnection::After Server::ServerConnection::ReadHead(Session& session) {
  RequestParser& parser = session.parser;
  parser.Reset();
  const Instant deadline = server_.scheduler_.clock().Now() + server_.limits_.head_time;
  for (;;) {
    switch (parser.Parse(session.wire.unread())) {
      case RequestParser::Result::kDone:
        return After::kPark;
      case RequestParser::Result::kRefused:
        return Refuse(session, parser.refusal());
      case RequestParser::Result::kNeedMore:
        break;
    }
    absl::StatusOr<size_t> n = session.wire.Fill(deadline);
    if (n.ok() && *n > 0) continue;
    if (n.ok() || (parser.idle() && absl::IsDeadlineExceeded(n.status()))) return After::kClose;
    if (absl::IsDeadlineExceeded(n.status()) && session.wire.status().ok())
      return Refuse(session, {408, "the request head does not arrive"});
    return After::kAbort;
  }
}

Server::ServerConnection::After Server::ServerConnection::Answer(Session& session) {
  session.wire.Pin(session.parser.head_size());
  session.body.Start(session.parser.framing(), session.parser.content_length());
  ++requests_;
  ++server_.stats_.requests;
  Policy policy(server_, *this);
  Exchange exchange(session, *connection_, policy);
  server_.handler_.Handle(exchange);
  exchange.EndWatch();
  Exchange::Verdict verdict = exchange.Conclude();
  if (verdict == Exchange::Verdict::kUpgrade) upgraded_ = exchange.TakeUpgraded();
  session.wire.Unpin();
  switch (verdict) {
    case Exchange::Verdict::kKeep:
      return After::kPark;
    case Exchange::Verdict::kClose:
      return session.wire.Flush().ok() ? After::kClose : After::kAbort;
    case Exchange::Verdict::kLinger:
      return After::kLinger;
    case Exchange::Verdict::kAbort:
      return After::kAbort;
    case Exchange::Verdict::kUpgrade:
      return session.wire.Flush().ok() ? After::kUpgrade : After::kAbort;
  }
  return After::kAbort;
}

// An answer to bytes that are no request. What follows them cannot be understood either, so the connection ends.
Server::ServerConnection::After Server::ServerConnection::Refuse(Session& session, const Refusal& refusal) {
  ++server_.stats_.requests_refused;
  std::string body = StrCat(refusal.status, " ", ReasonPhrase(refusal.status), ": ", refusal.reason, "\n");
  StrAppend(&session.wire.out(), "HTTP/1.1 ", refusal.status, " ", ReasonPhrase(refusal.status), "\r\nDate: ", server_.Date(),
            "\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n", body);
  return After::kLinger;
}

// Closes our direction and goes on reading for a while: closing with unread input would make the kernel reset the connection, and the reset
// may overtake the response on its way to the client.
void Server::ServerConnection::Linger(Session& session) {
  if (!session.wire.Flush().ok() || !connection_->CloseWrite().ok()) return;
  const Instant deadline = server_.scheduler_.clock().Now() + server_.limits_.linger_time;
  uint64_t left = server_.limits_.linger_bytes.bytes();
  session.wire.Consume(session.wire.unread().size());
  for (;;) {
    absl::StatusOr<size_t> n = session.wire.Fill(deadline);
    if (!n.ok() || *n == 0 || *n > left) return;
    left -= *n;
    session.wire.Consume(*n);
  }
}

}  // namespace edge::http
