// Server: HTTP/1.1 and 1.0 over the Network seam.
//
//   accepted --> PARKED <------------------ response sent, nothing more received
//                  |  readable (poll loop)        ^
//                  v                              |
//               a fiber and a session: parse -> Handler::Handle -> conclude --> close / linger / abort
//
// A connection that waits for its next request is parked: it has no fiber and no buffers, only this server's record of about 100 bytes, and
// the network calls back when there is something to read. Whoever is parked too long is closed by one sweeping fiber, oldest first.
// Pipelined requests are answered in order and their responses leave together.
//
// Start, then Drain before destruction. Nothing here is called by clients' data in a way that could end the process: every bound is in
// ServerLimits and every refusal is an answer on that connection alone.
#ifndef EDGE_NET_HTTP_SERVER_H_
#define EDGE_NET_HTTP_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "net/http/date_cache.h"
#include "net/http/exchange.h"
#include "net/http/limits.h"
#include "net/http/session.h"
#include "net/http/upgrade.h"
#include "net/network.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/intrusive_list.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {

struct ServerStats {
  uint64_t connections_accepted = 0;
  uint64_t accept_failures = 0;      // tried again after accept_retry_time
  uint64_t connections_refused = 0;  // connections_max
  uint64_t connections_expired = 0;  // closed by the sweep or to make room
  uint64_t requests = 0;             // handed to the handler
  uint64_t requests_refused = 0;     // 4xx and 5xx of the server's own, before a request existed
};

class Server {
 public:
  // Scheduler and handler are borrowed and outlive the server; the listener is taken over.
  Server(Scheduler& scheduler, std::unique_ptr<Listener> listener, Handler& handler, const ServerLimits& limits);
  // REQUIRES: not started, or drained, or every fiber of its domain has ended. Parked connections are closed.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to accept. Called once, from a fiber or the thread's own stack. kResourceExhausted: no more fibers.
  absl::Status Start();

  // Stops accepting, closes parked connections, lets requests in flight finish with Connection: close, tells upgraded connections to go
  // away, and at `deadline` aborts those left and cancels their fibers; returns when no connection is left. kDeadlineExceeded: some had to
  // be aborted; kCancelled, kAborted: the caller was ended while waiting, and so was everything else. MAY SUSPEND.
  absl::Status Drain(Instant deadline);

  const ServerStats& stats() const { return stats_; }
  // Accepted and not yet closed.
  size_t connections() const { return all_.size(); }
  size_t parked_connections() const { return parked_.size(); }
  // Those that speak another protocol now are none of the above.
  size_t upgraded_connections() const { return upgrades_.size(); }

 private:
  class ServerConnection;
  class Policy;
  friend class ServerConnection;

  // One accepted connection. In all_ always; in parked_ while it has no fiber.
  class ServerConnection final : public ReadableCallback {
   public:
    ServerConnection(Server& server, std::unique_ptr<Connection> connection, uint64_t key)
        : server_(server), connection_(std::move(connection)), key_(key) {}

    void OnReadable() override;
    void Park();
    void Unpark();
    // The body of its fiber: from readable to parked or closed.
    void Run();
    // Drops both directions at once; its fiber, if any, ends soon.
    void Abort() { connection_->Abort(); }
    Instant parked_at() const { return parked_at_; }

    ListHook<ServerConnection> all_hook;
    ListHook<ServerConnection> parked_hook;

   private:
    friend class Policy;
    enum class After : uint8_t { kPark, kClose, kLinger, kAbort, kUpgrade };

    After Serve(Session& session);
    After ReadHead(Session& session);  // kPark: there is a head
    After Answer(Session& session);    // kPark: go on
    After Refuse(Session& session, const Refusal& refusal);
    void Linger(Session& session);

    Server& server_;
    std::unique_ptr<Connection> connection_;
    const uint64_t key_;  // causal: names the fibers that the poll loop starts for this connection
    Instant parked_at_;
    uint32_t awakenings_ = 0;
    uint32_t requests_ = 0;
    std::unique_ptr<UpgradedConnection> upgraded_;  // between the answer 101 and its start
  };

  void AcceptLoop();
  void SweepLoop();
  void Admit(std::unique_ptr<Connection> connection);
  void TurnAway(std::unique_ptr<Connection> connection);
  void Destroy(ServerConnection* connection);
  std::unique_ptr<Session> TakeSession();
  void ReturnSession(std::unique_ptr<Session> session);
  std::string_view Date() { return date_.Get(scheduler_.clock().WallNow()); }

  Scheduler& scheduler_;
  Handler& handler_;
  const ServerLimits limits_;
  std::unique_ptr<Listener> listener_;  // null after Drain

  IntrusiveList<ServerConnection, &ServerConnection::all_hook> all_;        // owned
  IntrusiveList<ServerConnection, &ServerConnection::parked_hook> parked_;  // longest parked first
  Event some_parked_;
  Event all_gone_;
  TaskGroup service_fibers_;  // accept, sweep, turning away
  TaskGroup connection_fibers_;
  Upgrades upgrades_;
  Domain* domain_ = nullptr;                        // of whoever called Start; null outside of domains
  std::vector<std::unique_ptr<Session>> sessions_;  // for reuse
  uint32_t turning_away_ = 0;
  bool draining_ = false;
  DateCache date_;
  ServerStats stats_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_SERVER_H_
