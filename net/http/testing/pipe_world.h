// PipeWorld: fibers in virtual time with a PipeNetwork between them.
#ifndef EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_
#define EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "net/http/testing/pipe_network.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/fiber/virtual_time.h"
#include "runtime/seam/ready_order.h"

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

// Another order of ready fibers for each seed.
class SeededOrder final : public ReadyOrder {
 public:
  explicit SeededOrder(uint64_t seed) : state_(seed) {}
  bool WantsToPick() const override { return true; }
  size_t PickNext(std::span<const Candidate> candidates) override {
    state_ = CombineHash(state_, candidates.size());
    return state_ % candidates.size();
  }

 private:
  uint64_t state_;
};

class PipeWorld {
 public:
  struct Seed {
    uint64_t value;
  };

  PipeWorld() : PipeWorld(std::make_unique<FifoOrder>()) {}
  explicit PipeWorld(Seed seed) : PipeWorld(std::make_unique<SeededOrder>(seed.value)) {}

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
  explicit PipeWorld(std::unique_ptr<ReadyOrder> order) : order_(std::move(order)) {
    time_.set_scheduler(&scheduler_);
    poller_.set_network(&network_);
  }

  VirtualTime time_;
  PipePoller poller_{time_};
  const std::unique_ptr<ReadyOrder> order_;
  Scheduler scheduler_{time_, *order_, poller_};
  PipeNetwork network_{scheduler_};
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_PIPE_WORLD_H_
