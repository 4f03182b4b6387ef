// Lingerer: closes connections so that what was written is still delivered.
//
// A kernel that closes a socket with unread input sends a reset, and a reset makes the peer throw away what it has not read yet: the answer
// "413 too large" would be lost with the rest of the upload that it answers. So a connection whose peer has not closed its direction is
// given to the Lingerer: it ends our direction, reads and drops what still comes, and closes at the peer's end or after a while.
#ifndef EDGE_NET_OS_LINGER_H_
#define EDGE_NET_OS_LINGER_H_

#include <list>

#include "runtime/base/time.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/os/fd.h"

namespace edge {

struct LingerLimits {
  Duration time_max = Duration::Seconds(2);
  size_t connections_max = 1024;       // beyond this the oldest is closed at once
  size_t drained_bytes_max = 1 << 20;  // what is read and dropped for one connection
};

class Lingerer final : public EpollLoop::Timed {
 public:
  Lingerer(EpollLoop& loop, const Clock& clock, LingerLimits limits);
  ~Lingerer() override;  // closes all

  // Ends our direction of the socket (not registered with the loop) and closes it later.
  void Take(Fd socket);

  Instant NextDue() const override;
  void OnDue(Instant now) override;

 private:
  struct Closing final : EpollLoop::Watch {
    Closing(Lingerer& o, Fd s, Instant d) : owner(o), socket(std::move(s)), deadline(d) {}
    void OnEvents(uint32_t events) override;

    Lingerer& owner;
    Fd socket;
    const Instant deadline;
    size_t drained_bytes = 0;
    std::list<Closing>::iterator place;
  };
  // True when the socket has nothing more to wait for.
  bool Drain(Closing& closing);
  void Close(std::list<Closing>::iterator place);

  EpollLoop& loop_;
  const Clock& clock_;
  const LingerLimits limits_;
  std::list<Closing> closing_;  // oldest first, which is by deadline
};

}  // namespace edge

#endif  // EDGE_NET_OS_LINGER_H_
