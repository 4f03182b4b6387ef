#include "runtime/os/epoll_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

// What epoll reports for the loop's own descriptors: addresses of these, never dereferenced as a Watch.
char wake_mark;
char signal_mark;

void AddOwn(int epoll, int fd, void* mark) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = mark}};
  EDGE_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) << ErrorText(errno);
}

}  // namespace

EpollLoop::EpollLoop(OsClock& clock)
    : clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      events_(new epoll_event[kEventsPerPoll]) {
  EDGE_CHECK(epoll_.valid() && wake_.valid()) << "epoll: " << ErrorText(errno);
  AddOwn(epoll_.get(), wake_.get(), &wake_mark);
  // A pipe or socket whose reader is gone is an error of the write, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
}

EpollLoop::~EpollLoop() {
  EDGE_CHECK(timed_.empty());
  while (!signal_callbacks_.empty()) EDGE_CHECK_OK(OnSignal(signal_callbacks_.begin()->first, nullptr));
}

absl::Status EpollLoop::Add(int fd, uint32_t events, Watch* watch) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = watch}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  EDGE_CHECK(errno == ENOMEM || errno == ENOSPC) << "epoll_ctl: " << ErrorText(errno);
  return absl::ResourceExhaustedError(StrCat("epoll: ", ErrorText(errno)));
}

void EpollLoop::Remove(int fd, Watch* watch) {
  EDGE_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0) << "epoll_ctl: " << ErrorText(errno);
  for (int i = dispatching_at_; i < dispatching_end_; ++i) {
    if (events_[i].data.ptr == watch) events_[i].data.ptr = nullptr;
  }
}

void EpollLoop::Post(absl::AnyInvocable<void()> closure) {
  bool was_empty = false;
  {
    std::lock_guard lock(posted_mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(closure));
  }
  if (!was_empty) return;
  const uint64_t one = 1;
  EDGE_CHECK(write(wake_.get(), &one, sizeof(one)) == sizeof(one));
}

void EpollLoop::RemoveTimed(Timed* timed) { std::erase(timed_, timed); }

absl::Status EpollLoop::OnSignal(int signal, absl::AnyInvocable<void()> callback) {
  if (signal < 1 || signal > SIGRTMAX || signal == SIGKILL || signal == SIGSTOP)
    return absl::InvalidArgumentError(StrCat("signal ", signal));
  sigset_t changed;
  sigemptyset(&changed);
  sigaddset(&changed, signal);
  if (callback == nullptr) {
    signal_callbacks_.erase(signal);
  } else {
    signal_callbacks_[signal] = std::move(callback);
    pthread_sigmask(SIG_BLOCK, &changed, nullptr);
  }
  sigset_t all;
  sigemptyset(&all);
  for (const auto& [number, unused] : signal_callbacks_) sigaddset(&all, number);
  const bool is_new = !signal_fd_.valid();
  const int fd = signalfd(signal_fd_.get(), &all, SFD_CLOEXEC | SFD_NONBLOCK);
  EDGE_CHECK(fd >= 0) << "signalfd: " << ErrorText(errno);
  if (is_new) {
    signal_fd_ = Fd(fd);
    AddOwn(epoll_.get(), fd, &signal_mark);
  }
  if (!signal_callbacks_.contains(signal)) pthread_sigmask(SIG_UNBLOCK, &changed, nullptr);
  return absl::OkStatus();
}

void EpollLoop::ReadSignals() {
  signalfd_siginfo info;
  while (read(signal_fd_.get(), &info, sizeof(info)) == sizeof(info)) {
    auto found = signal_callbacks_.find(static_cast<int>(info.ssi_signo));
    if (found != signal_callbacks_.end()) found->second();
  }
}

void EpollLoop::DrainPosted() {
  uint64_t count = 0;
  (void)!read(wake_.get(), &count, sizeof(count));
  std::vector<absl::AnyInvocable<void()>> closures;
  {
    std::lock_guard lock(posted_mutex_);
    closures.swap(posted_);
  }
  for (auto& closure : closures) closure();
}

void EpollLoop::Dispatch(int count) {
  dispatching_end_ = count;
  for (dispatching_at_ = 0; dispatching_at_ < dispatching_end_;) {
    const epoll_event event = events_[dispatching_at_++];
    if (event.data.ptr == &wake_mark) {
      DrainPosted();
    } else if (event.data.ptr == &signal_mark) {
      ReadSignals();
    } else if (event.data.ptr != nullptr) {
      static_cast<Watch*>(event.data.ptr)->OnEvents(event.events);
    }
  }
  dispatching_at_ = dispatching_end_ = 0;
}

void EpollLoop::Sleep(Instant until) {
  // The cached time lies in the past by as much as the last turn took; a look at the outside without sleeping needs no time at all.
  if (until > clock_.Now()) clock_.Refresh();
  const Duration left = until - clock_.Now();
  int count = 0;
  if (left <= Duration::Zero()) {
    count = epoll_wait(epoll_.get(), events_.get(), kEventsPerPoll, 0);
  } else if (until.IsInfinite()) {
    count = epoll_wait(epoll_.get(), events_.get(), kEventsPerPoll, -1);
  } else {
    const timespec timeout{.tv_sec = left.ToSeconds(), .tv_nsec = left.ToNanoseconds() % 1'000'000'000};
    count = epoll_pwait2(epoll_.get(), events_.get(), kEventsPerPoll, &timeout, nullptr);
  }
  EDGE_CHECK(count >= 0 || errno == EINTR) << "epoll_wait: " << ErrorText(errno);
  clock_.Refresh();
  Dispatch(std::max(count, 0));
}

void EpollLoop::Poll(Instant until) {
  if (!deferred_.empty()) until = clock_.Now();
  for (const Timed* timed : timed_) until = std::min(until, timed->NextDue());
  Sleep(until);
  std::vector<absl::AnyInvocable<void()>> deferred;
  deferred.swap(deferred_);
  for (auto& closure : deferred) closure();
  for (size_t i = 0; i < timed_.size(); ++i) {
    if (timed_[i]->NextDue() <= clock_.Now()) timed_[i]->OnDue(clock_.Now());
  }
}

}  // namespace edge
