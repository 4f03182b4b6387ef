// Upgrades: connections that were HTTP and speak another protocol now (RFC 9110 section 7.8).
//
//   Exchange::Upgrade (server), Client::Upgrade --> Upgrades::Adopt --> UpgradedConnection::Start ... UpgradeHost::End
//
// What such a connection does is its own business: it may have fibers, started through its host, or none while nothing happens. The server
// and the client know of it so that a stop reaches it.
#ifndef EDGE_NET_HTTP_UPGRADE_H_
#define EDGE_NET_HTTP_UPGRADE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "net/network.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/intrusive_list.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {

class UpgradedConnection;

class UpgradeHost {
 public:
  virtual ~UpgradeHost() = default;
  virtual Scheduler& scheduler() = 0;
  // Starts a fiber of the connection; `key` is causal. Callable from the poll loop. kCancelled: everything is being ended, this connection
  // will be destroyed. kResourceExhausted, kAborted.
  virtual absl::Status Spawn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> body) = 0;
  // Calls connection->OnDue() at `at`, or soon after, once; instead of what was asked before. One fiber does it for all connections: what
  // is idle needs none of its own. `key` is causal. Without a fiber nothing is called. Does not suspend.
  virtual void WakeAt(uint64_t key, UpgradedConnection* connection, Instant at) = 0;
  // Destroys the connection: the last thing that it or its last fiber does.
  virtual void End(UpgradedConnection* connection) = 0;
};

class UpgradedConnection {
 public:
  // Of one that was never started: the request was not upgraded after all.
  virtual ~UpgradedConnection() = default;  // REQUIRES: none of its fibers is alive
  // The connection is its own from now on. `received` are bytes that came behind the head of the request or the response. Called once, on a
  // fiber of the server or of whoever asked, soon to return. `host` outlives it; `key` is causal and names what it starts. MAY SUSPEND.
  virtual void Start(UpgradeHost& host, uint64_t key, std::unique_ptr<Connection> connection, std::string received) = 0;
  // The node stops: come to an end, politely. Does not suspend, nor destroy.
  virtual void GoAway() = 0;
  // End at once. Does not suspend, nor destroy.
  virtual void Abort() = 0;
  // See UpgradeHost::WakeAt. Does not suspend, nor destroy.
  virtual void OnDue() {}

 private:
  friend class Upgrades;
  ListHook<UpgradedConnection> hook_;
  std::optional<std::multimap<Instant, UpgradedConnection*>::iterator> due_;  // in Upgrades::due_
};

class Upgrades final : public UpgradeHost {
 public:
  explicit Upgrades(Scheduler& scheduler) : scheduler_(scheduler), fibers_(scheduler), all_gone_(scheduler), due_changed_(scheduler) {}
  ~Upgrades() override;  // REQUIRES: drained, or every fiber of its domain has ended
  Upgrades(const Upgrades&) = delete;
  Upgrades& operator=(const Upgrades&) = delete;

  // Starts `upgraded` on the current fiber. MAY SUSPEND.
  void Adopt(uint64_t key, std::unique_ptr<UpgradedConnection> upgraded, std::unique_ptr<Connection> connection, std::string received);
  // Tells all to go away, and those that are adopted from now on.
  void GoAway();
  // The same, then waits until all have ended; at `deadline` aborts those left and ends their fibers. kDeadlineExceeded: some had to be
  // aborted; kCancelled, kAborted: the caller was ended while waiting, and so was everything else. MAY SUSPEND.
  absl::Status Drain(Instant deadline);
  size_t size() const { return all_.size(); }

  Scheduler& scheduler() override { return scheduler_; }
  absl::Status Spawn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> body) override;
  void WakeAt(uint64_t key, UpgradedConnection* connection, Instant at) override;
  void End(UpgradedConnection* connection) override;

 private:
  void WatchTime();
  void ForgetDue(UpgradedConnection* connection);

  Scheduler& scheduler_;
  TaskGroup fibers_;
  Domain* domain_ = nullptr;                                           // of whoever has adopted the first
  IntrusiveList<UpgradedConnection, &UpgradedConnection::hook_> all_;  // owned
  Event all_gone_;
  std::multimap<Instant, UpgradedConnection*> due_;  // equal ones in the order of asking
  Event due_changed_;
  bool watching_time_ = false;
  bool going_away_ = false;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_UPGRADE_H_
