// PipeNetwork: both ends of connections in one process, in memory.
//
// Listen and Connect as any Network has them, so a client and a server, or either and a scripted peer on a fiber of its own, talk to each
// other in one test. Nothing is delayed, lost or random. Bytes written arrive at once; a full pipe holds up the writer; an end destroyed is
// a graceful close, Abort is a reset that also takes what was not read. Readiness callbacks are called by DeliverReadable, which a poller
// calls (pipe_world.h).
#ifndef EDGE_NET_HTTP_TESTING_PIPE_NETWORK_H_
#define EDGE_NET_HTTP_TESTING_PIPE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "net/network.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge::http {

class PipeNetwork final : public Network {
 public:
  // Borrowed. The network outlives its listeners and connections.
  explicit PipeNetwork(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~PipeNetwork() override;
  PipeNetwork(const PipeNetwork&) = delete;
  PipeNetwork& operator=(const PipeNetwork&) = delete;

  absl::StatusOr<std::unique_ptr<Listener>> Listen(const Endpoint& local) override;
  // kUnavailable without a listener.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& remote, Instant deadline) override;

  // --- for connections made from now on ---
  void SetCapacity(size_t bytes) { capacity_ = bytes; }  // of each direction: written and not yet read
  void SetReadMax(size_t bytes) { read_max_ = bytes; }   // what one Read gets at most
  // Connect never succeeds and never fails by itself.
  void HangConnects() { hang_connects_ = true; }

  // Calls the readiness callbacks that are due; false if there were none.
  bool DeliverReadable();

  // Readiness callbacks come no more, as if the poll loop were late.
  void HoldReadiness() { hold_readiness_ = true; }

  int connects() const { return connects_; }         // that have succeeded
  size_t ends_alive() const { return ends_alive_; }  // two for a connection open on both sides

 private:
  struct Pipe;
  class PipeConnection;
  class PipeListener;
  friend class PipeListener;

  Scheduler& scheduler_;
  WaitList hanging_{scheduler_};
  size_t capacity_ = SIZE_MAX;
  size_t read_max_ = SIZE_MAX;
  bool hang_connects_ = false;
  bool hold_readiness_ = false;
  int connects_ = 0;
  size_t ends_alive_ = 0;
  uint64_t next_number_ = 0;
  uint16_t next_port_ = 40000;
  std::map<std::string, PipeListener*> listeners_;  // by address
  std::map<uint64_t, PipeConnection*> parked_;      // with a callback; by the number of the end
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_PIPE_NETWORK_H_
