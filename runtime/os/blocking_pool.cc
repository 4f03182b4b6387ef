#include "runtime/os/blocking_pool.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {

BlockingPool::BlockingPool(EpollLoop& loop, BlockingPoolLimits limits) : loop_(loop), limits_(limits) {}

BlockingPool::~BlockingPool() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  work_or_end_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status BlockingPool::Submit(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done) {
  bool needs_thread = false;
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= limits_.jobs_max)
      return absl::ResourceExhaustedError(StrCat("at most ", limits_.jobs_max, " blocking calls can wait"));
    jobs_.push_back({std::move(work), std::move(done)});
    needs_thread = jobs_.size() > idle_ && threads_.size() < limits_.threads_max;
  }
  work_or_end_.notify_one();
  if (needs_thread && !StartThread() && threads_.empty()) {
    // Nobody will ever run it.
    jobs_.pop_back();
    return absl::ResourceExhaustedError("the system grants no thread for blocking calls");
  }
  return absl::OkStatus();
}

bool BlockingPool::StartThread() {
  // Signals belong to the loop's thread; the new thread inherits this mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    threads_.emplace_back([this] { ThreadMain(); });
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void BlockingPool::ThreadMain() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_or_end_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    --idle_;
    if (ending_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    job.work = nullptr;
    loop_.Post(std::move(job.done));
    lock.lock();
  }
}

absl::Status BlockingPool::RunInFiber(Scheduler& scheduler, absl::AnyInvocable<void()> work) {
  bool done = false;
  Fiber* const fiber = scheduler.current();
  EDGE_RETURN_IF_ERROR(Submit(std::move(work), [&done, &scheduler, fiber] {
    done = true;
    scheduler.Wake(fiber);
  }));
  while (!done) scheduler.SuspendShielded();
  return absl::OkStatus();
}

}  // namespace edge
