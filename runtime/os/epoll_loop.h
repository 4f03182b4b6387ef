// EpollLoop: the Poller of production: sleeps in epoll until a descriptor, a helper thread, a signal or a deadline is due.
//
//      descriptors --edge--> Watch::OnEvents      helper threads --Post--> eventfd --> closures      signals --> signalfd --> callbacks
//
// Registration is edge-triggered: a Watch is told once per change and remembers what it was told (net/os keeps "readable" and "writable"
// flags), so that a connection costs one system call to register in its life. All callbacks run inside Poll on the scheduler's thread, on
// its own stack, and must not suspend; they Wake or Spawn fibers.
#ifndef EDGE_RUNTIME_OS_EPOLL_LOOP_H_
#define EDGE_RUNTIME_OS_EPOLL_LOOP_H_

#include <sys/epoll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/clock.h"
#include "runtime/os/fd.h"

namespace edge {

class EpollLoop final : public Poller {
 public:
  // Told about one descriptor.
  class Watch {
   public:
    virtual ~Watch() = default;
    // `events`: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR.
    virtual void OnEvents(uint32_t events) = 0;
  };
  // Told about the passing of time; for housekeeping that has no fiber.
  class Timed {
   public:
    virtual ~Timed() = default;
    virtual Instant NextDue() const = 0;  // infinite: nothing to do
    virtual void OnDue(Instant now) = 0;
  };

  // The clock is borrowed and refreshed after every poll. Ignores SIGPIPE from now on.
  explicit EpollLoop(OsClock& clock);
  ~EpollLoop() override;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  void Poll(Instant until) override;

  // Tells `watch` (borrowed until Remove) of `events`, edge-triggered. kResourceExhausted: no memory or watches left.
  absl::Status Add(int fd, uint32_t events, Watch* watch);
  // After this `watch` is told nothing more, not even what the running Poll has fetched already. The descriptor may be closed then.
  void Remove(int fd, Watch* watch);

  // Runs `closure` in the next Poll, which will not sleep.
  void Defer(absl::AnyInvocable<void()> closure) { deferred_.push_back(std::move(closure)); }
  // The same, from any thread.
  void Post(absl::AnyInvocable<void()> closure);

  void AddTimed(Timed* timed) { timed_.push_back(timed); }
  void RemoveTimed(Timed* timed);

  // Calls `callback` in Poll whenever the process gets `signal` (SIGTERM, SIGINT, SIGHUP ...), which then no longer has its usual effect;
  // an empty callback gives that back. Call it before threads are started, which would receive the signal instead. kInvalidArgument.
  absl::Status OnSignal(int signal, absl::AnyInvocable<void()> callback);

 private:
  static constexpr int kEventsPerPoll = 256;

  void Sleep(Instant until);
  void Dispatch(int count);
  void DrainPosted();
  void ReadSignals();

  OsClock& clock_;
  Fd epoll_;
  Fd wake_;
  Fd signal_fd_;  // invalid until the first OnSignal
  std::map<int, absl::AnyInvocable<void()>> signal_callbacks_;

  std::unique_ptr<epoll_event[]> events_;
  int dispatching_at_ = 0;  // the events of the running Dispatch: [dispatching_at_, dispatching_end_)
  int dispatching_end_ = 0;
  std::vector<absl::AnyInvocable<void()>> deferred_;
  std::vector<Timed*> timed_;

  std::mutex posted_mutex_;
  std::vector<absl::AnyInvocable<void()>> posted_;  // guarded by posted_mutex_
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_EPOLL_LOOP_H_
