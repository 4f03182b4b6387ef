#include "net/http/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "net/http/client_exchange.h"
#include "net/http/field.h"
#include "net/http/request_writer.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"

namespace edge::http {

struct Client::Impl {
  Impl(Scheduler& scheduler, Network& a_network, const ClientLimits& limits) : network(a_network), context(scheduler, limits) {}

  // Counts what came unasked for on idle connections and lets them go. Errors of a wait. MAY SUSPEND.
  absl::Status LookAtSpoken();
  // A pooled connection on which nothing has arrived; null if there is none. Errors of a wait. MAY SUSPEND.
  absl::StatusOr<std::unique_ptr<Connection>> TakeIdle(const Endpoint& host);
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& host, Instant deadline);

  Network& network;
  ClientContext context;
};

absl::Status Client::Impl::LookAtSpoken() {
  while (const std::unique_ptr<Connection> connection = context.pool.TakeSpoken()) {
    char byte = 0;
    const absl::StatusOr<size_t> n = connection->Read(std::span<char>(&byte, 1), context.scheduler.clock().Now());
    if (n.ok() && *n > 0) {
      ++context.unasked_for;
      connection->Abort();
    }
    EDGE_RETURN_IF_ERROR(context.scheduler.CheckAlive());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Connection>> Client::Impl::TakeIdle(const Endpoint& host) {
  EDGE_RETURN_IF_ERROR(LookAtSpoken());
  while (std::unique_ptr<Connection> connection = context.pool.Take(host)) {
    // The network may know more than it has told the pool.
    char byte = 0;
    const absl::StatusOr<size_t> n = connection->Read(std::span<char>(&byte, 1), context.scheduler.clock().Now());
    if (absl::IsDeadlineExceeded(n.status())) return connection;
    if (n.ok() && *n > 0) ++context.unasked_for;
    connection->Abort();
    EDGE_RETURN_IF_ERROR(context.scheduler.CheckAlive());
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<Connection>> Client::Impl::Connect(const Endpoint& host, Instant deadline) {
  return network.Connect(host, Earlier(deadline, DeadlineIn(context.scheduler, context.limits.connect_time)));
}

Client::Client(Scheduler& scheduler, Network& network, const ClientLimits& limits)
    : impl_(std::make_unique<Impl>(scheduler, network, limits)) {}

void Client::Shutdown(Instant deadline) { impl_->context.upgrades.Drain(deadline).IgnoreError(); }

void ClientExchange::Upgrade(std::unique_ptr<UpgradedConnection>) { EDGE_CHECK(false) << "this exchange cannot be upgraded"; }

uint64_t Client::unasked_for() const { return impl_->context.unasked_for; }

Client::~Client() { EDGE_CHECK(impl_->context.exchanges == 0) << impl_->context.exchanges << " exchanges live on without their client"; }

absl::StatusOr<std::unique_ptr<ClientExchange>> Client::Send(const ClientRequest& request, std::shared_ptr<RequestBody> body,
                                                             Instant deadline) {
  ClientContext& context = impl_->context;
  EDGE_RETURN_IF_ERROR(context.scheduler.CheckAlive());
  RequestFraming framing = RequestFraming::kNoBody;
  uint64_t length = 0;
  if (body != nullptr) {
    const std::optional<uint64_t> known = body->Length();
    framing = known ? RequestFraming::kLength : RequestFraming::kChunked;
    length = known.value_or(0);
    if (known && length == 0) body = nullptr;
  }
  EDGE_ASSIGN_OR_RETURN(const std::string head, FormatRequestHead(request, framing, length));

  for (bool first = true;; first = false) {
    std::unique_ptr<Connection> connection;
    if (first && request.upgrade.empty()) {
      EDGE_ASSIGN_OR_RETURN(connection, impl_->TakeIdle(request.host));
    }
    const bool reused = connection != nullptr;
    if (!reused) {
      EDGE_ASSIGN_OR_RETURN(connection, impl_->Connect(request.host, deadline));
    }
    auto exchange = std::make_unique<SentExchange>(context, request, head, body, std::move(connection));
    absl::Status status = exchange->Begin(deadline);
    if (status.ok()) return exchange;
    // The server may just have closed the idle connection. Nothing else is sent twice.
    const bool once_more = reused && absl::IsUnavailable(status) && IsIdempotent(request.method) && exchange->untouched();
    if (!once_more) return status;
  }
}

std::optional<std::string_view> ClientResponseHead::Find(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (EqualsIgnoreCase(field, name)) return value;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ReadWholeBody(ClientExchange& exchange, size_t bytes_max) {
  // Most bodies are small and are kept by whoever reads them: the string begins with what is announced, and grows when it is full.
  constexpr size_t kFirst = 512;
  constexpr size_t kFirstMax = 16 << 10;  // an announcement is no body yet
  const absl::Status too_long = absl::ResourceExhaustedError("the response body is too long");
  if (exchange.content_length().value_or(0) > bytes_max) return too_long;
  // One more than there may be, so that the end, or a body that is too long, shows without growing.
  std::string body(std::min({static_cast<size_t>(exchange.content_length().value_or(kFirst)), kFirstMax, bytes_max}) + 1, '\0');
  size_t size = 0;
  for (;;) {
    if (size == body.size()) body.resize(std::min(2 * size, bytes_max + 1));
    EDGE_ASSIGN_OR_RETURN(const size_t n, exchange.ReadBody(std::span<char>(body.data() + size, body.size() - size)));
    size += n;
    if (size > bytes_max) return too_long;
    if (n == 0) break;
  }
  body.resize(size);
  return body;
}

absl::StatusOr<std::string> ReadBodyKeeping(ClientExchange& exchange, size_t kept_max) {
  std::string body;
  std::array<char, 4096> piece;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const size_t n, exchange.ReadBody(std::span<char>(piece)));
    if (n == 0) return body;
    body.append(piece.data(), std::min(n, kept_max - body.size()));
  }
}

}  // namespace edge::http
