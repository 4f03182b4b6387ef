// PipeWorld: fibers in virtual time with a PipeNetwork between them.
#ifndef EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_
#define EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_

#include <utility>

#include "net/http/testing/pipe_network.h"
#include "runtime/base/check.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::http {

// Readiness first, then time.
class PipePoller final : public Poller {
 public:
  explicit PipePoller(VirtualTime& time) : time_(time) {}
  void set_network(PipeNetwork* network) { network_ = network; }

  void Poll(Instant until) override {
    if (!network_->DeliverReadable()) time_.Poll(until);
  }

 private:
  VirtualTime& time_;
  PipeNetwork* network_ = nullptr;
};

class PipeWorld {
 public:
  PipeWorld() {
    time_.set_scheduler(&scheduler_);
    poller_.set_network(&network_);
  }

  // Runs `body` as a fiber, with all that it starts, to the end.
  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler_.Spawn("test", std::move(body)));
    scheduler_.Run();
    EDGE_CHECK(!time_.deadlocked()) << "every fiber waits for ever";
  }

  Scheduler& scheduler() { return scheduler_; }
  PipeNetwork& network() { return network_; }
  Instant now() const { return time_.Now(); }
  Instant In(Duration duration) const { return now() + duration; }

 private:
  VirtualTime time_;
  PipePoller poller_{time_};
  FifoOrder fifo_;
  Scheduler scheduler_{time_, fifo_, poller_};
  PipeNetwork network_{scheduler_};
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_
