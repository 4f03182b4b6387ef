#include "net/os/linger.h"

#include <errno.h>
#include <sys/socket.h>

#include <utility>

namespace edge {

Lingerer::Lingerer(EpollLoop& loop, const Clock& clock, LingerLimits limits) : loop_(loop), clock_(clock), limits_(limits) {
  loop_.AddTimed(this);
}

Lingerer::~Lingerer() {
  while (!closing_.empty()) Close(closing_.begin());
  loop_.RemoveTimed(this);
}

void Lingerer::Take(Fd socket) {
  if (shutdown(socket.get(), SHUT_WR) != 0) return;  // the peer is gone already
  if (closing_.size() >= limits_.connections_max) Close(closing_.begin());
  closing_.emplace_back(*this, std::move(socket), clock_.Now() + limits_.time_max);
  auto place = std::prev(closing_.end());
  place->place = place;
  if (!loop_.Add(place->socket.get(), EPOLLIN | EPOLLRDHUP, &*place).ok()) {
    closing_.erase(place);
    return;
  }
  if (Drain(*place)) Close(place);
}

bool Lingerer::Drain(Closing& closing) {
  char dropped[4096];
  while (closing.drained_bytes < limits_.drained_bytes_max) {
    const ssize_t got = recv(closing.socket.get(), dropped, sizeof(dropped), 0);
    if (got > 0) {
      closing.drained_bytes += static_cast<size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      return got == 0 || errno != EAGAIN;
    }
  }
  return true;
}

void Lingerer::Close(std::list<Closing>::iterator place) {
  loop_.Remove(place->socket.get(), &*place);
  closing_.erase(place);
}

void Lingerer::Closing::OnEvents(uint32_t) {
  if (owner.Drain(*this)) owner.Close(place);  // *this is gone
}

Instant Lingerer::NextDue() const { return closing_.empty() ? Instant::Infinite() : closing_.front().deadline; }

void Lingerer::OnDue(Instant now) {
  while (!closing_.empty() && closing_.front().deadline <= now) Close(closing_.begin());
}

}  // namespace edge
