// ConnectionPool: idle connections of a client, by the endpoint they lead to.
//
// While a connection is idle nothing may arrive on it: an end means that the server has closed it, and bytes without a request would be
// taken for the next answer. So the network watches each (NotifyReadable) and whatever comes ends its use. The youngest is used first,
// because it is the likeliest to be alive; the oldest is closed when there are too many. There is no fiber: those that have grown too old
// go when the pool is next used.
#ifndef EDGE_NET_HTTP_CONNECTION_POOL_H_
#define EDGE_NET_HTTP_CONNECTION_POOL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/http/client.h"
#include "net/network.h"
#include "runtime/seam/clock.h"

namespace edge::http {

class ConnectionPool {
 public:
  // Borrowed, outlive the pool.
  ConnectionPool(const Clock& clock, const ClientLimits& limits) : clock_(clock), limits_(limits) {}
  ~ConnectionPool() = default;  // closes all
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // REQUIRES: nothing is unread, no fiber reads or writes.
  void Put(const Endpoint& host, std::unique_ptr<Connection> connection);
  // Null if there is none that is young enough.
  std::unique_ptr<Connection> Take(const Endpoint& host);
  // A connection on which something came while it was idle: an end, an error, or bytes that nobody had asked for. Null if there is none.
  // They are kept until somebody takes them, a few at most.
  std::unique_ptr<Connection> TakeSpoken();

  size_t size() const { return idle_.size(); }

 private:
  using Host = std::pair<std::string, uint16_t>;

  class Idle final : public ReadableCallback {
   public:
    Idle(ConnectionPool& pool, uint64_t number, Host host, std::unique_ptr<Connection> connection);
    void OnReadable() override { pool_.Spoke(number_); }  // destroys this

    const Host& host() const { return host_; }
    Instant since() const { return since_; }
    std::unique_ptr<Connection> Release();

   private:
    ConnectionPool& pool_;
    const uint64_t number_;
    const Host host_;
    const Instant since_;
    std::unique_ptr<Connection> connection_;
  };

  static constexpr size_t kSpokenMax = 4;

  void Drop(uint64_t number);
  void Spoke(uint64_t number);
  void DropExpired();

  const Clock& clock_;
  const ClientLimits& limits_;
  uint64_t next_number_ = 0;
  std::map<uint64_t, std::unique_ptr<Idle>> idle_;  // oldest first
  std::vector<std::unique_ptr<Connection>> spoken_;
  std::map<Host, std::set<uint64_t>> by_host_;  // no empty sets
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_CONNECTION_POOL_H_
