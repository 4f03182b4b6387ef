// ClientWatch: notices that the client has gone while a handler waits.
//
//   handler waits --Start--> registered with the connection, no fiber --readable--> a fiber reads ahead --bytes--> registered again
//                                                                                        '--end, error--> ClientWatcher::OnClientGone
//
// What the client sends meanwhile is the next request, or the body of this one, and is kept in the wire's buffer up to a limit, beyond
// which nothing is noticed any more. The end of the client's direction counts as its going: a client that closes and one that half-closes
// look the same until it is written to. (nginx and Node's server read it the same way. workerd goes on until it is reset, because it stands
// behind a proxy that has decided already.) A handler that answers without waiting never comes here.
#ifndef EDGE_NET_HTTP_CLIENT_WATCH_H_
#define EDGE_NET_HTTP_CLIENT_WATCH_H_

#include <cstdint>
#include <optional>

#include "net/http/wire.h"
#include "net/network.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {

// Told once that nobody will read the response. Called on a fiber of the server or from within WatchClient; must not suspend.
class ClientWatcher {
 public:
  virtual ~ClientWatcher() = default;
  virtual void OnClientGone() = 0;
};

class ClientWatch final : public ReadableCallback {
 public:
  ClientWatch(Scheduler& scheduler, Wire& wire, ByteCount read_ahead_max);
  ~ClientWatch() override;  // REQUIRES: Stop has returned
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  // `watcher` is borrowed until Stop. `key` is causal and names the fibers that read ahead. REQUIRES: not started.
  void Start(ClientWatcher& watcher, uint64_t key);
  bool started() const { return watcher_ != nullptr; }
  // Lets somebody else read. MAY SUSPEND.
  void Pause();
  // REQUIRES: started, and nobody else reads.
  void Resume();
  // Somebody who reads has found that the client has gone.
  void Lose();
  // Idempotent. MAY SUSPEND.
  void Stop();

  void OnReadable() override;

 private:
  void Register();
  void ReadAhead();
  void Tell();

  Scheduler& scheduler_;
  Wire& wire_;
  const size_t read_ahead_max_;
  ClientWatcher* watcher_ = nullptr;  // null: not started, or stopped
  uint64_t key_ = 0;
  uint64_t reads_ = 0;
  Domain* domain_ = nullptr;
  bool registered_ = false;
  bool paused_ = false;
  bool lost_ = false;
  bool told_ = false;
  std::optional<TaskGroup> readers_;  // one at most; made by Start, since most requests are never watched
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_CLIENT_WATCH_H_
