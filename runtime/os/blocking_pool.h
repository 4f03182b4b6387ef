// BlockingPool: a few helper threads for system calls that block: fsync, name resolution.
//
// A job is stateless: it may touch what it was given and nothing else (no SQLite, no Duktape, no scheduler). Its end comes back through the
// epoll loop, so that the rest of edge never sees a second thread. Threads start when there is work for them.
#ifndef EDGE_RUNTIME_OS_BLOCKING_POOL_H_
#define EDGE_RUNTIME_OS_BLOCKING_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/epoll_loop.h"

namespace edge {

struct BlockingPoolLimits {
  size_t threads_max = 4;
  size_t jobs_max = 4096;  // waiting for a thread
};

class BlockingPool {
 public:
  explicit BlockingPool(EpollLoop& loop, BlockingPoolLimits limits = {});
  // Waits for the jobs that run; those still in the queue are dropped. REQUIRES: no fiber is in RunInFiber.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `work` on a helper thread, then `done` in the poll loop. kResourceExhausted: too many jobs, or no thread.
  absl::Status Submit(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done);
  // Runs `work` on a helper thread while the current fiber waits, whatever happens to the fiber: `work` may use its frame. MAY SUSPEND.
  // kResourceExhausted: as in Submit; `work` has not run.
  absl::Status RunInFiber(Scheduler& scheduler, absl::AnyInvocable<void()> work);

 private:
  struct Job {
    absl::AnyInvocable<void()> work;
    absl::AnyInvocable<void()> done;
  };
  bool StartThread();
  void ThreadMain();

  EpollLoop& loop_;
  const BlockingPoolLimits limits_;
  std::vector<std::thread> threads_;  // touched by the owner's thread alone

  std::mutex mutex_;
  std::condition_variable work_or_end_;
  // Guarded by mutex_.
  std::deque<Job> jobs_;
  size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_BLOCKING_POOL_H_
