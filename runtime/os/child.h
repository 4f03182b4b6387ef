// Child: one running child process with its three pipes.
#ifndef EDGE_RUNTIME_OS_CHILD_H_
#define EDGE_RUNTIME_OS_CHILD_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/os/fd.h"
#include "runtime/seam/process.h"

namespace edge {

class Child final : public EpollLoop::Watch {
 public:
  // Starts it. The errors of OsProcess::Spawn.
  static absl::StatusOr<std::unique_ptr<Child>> Start(EpollLoop& loop, Scheduler& scheduler, const ChildOptions& options);
  // Kills and reaps it if it still runs.
  ~Child() override;

  // Feeds its input and collects its output until it ends. What a grandchild writes after that is not waited for. MAY SUSPEND.
  absl::StatusOr<ChildResult> RunToEnd(std::string_view input, size_t output_bytes_max, Instant deadline);

  void OnEvents(uint32_t events) override;

 private:
  Child(EpollLoop& loop, Scheduler& scheduler) : loop_(loop), scheduler_(scheduler) {}
  absl::Status Watch(Fd fd, Fd& place);
  void Unwatch(Fd& place);
  void Feed(std::string_view& input);
  absl::Status Collect(Fd& from, std::string& to, size_t bytes_max);
  bool Reap(ChildResult& result);

  EpollLoop& loop_;
  Scheduler& scheduler_;
  pid_t pid_ = -1;  // -1: not started or reaped
  Fd pidfd_;
  Fd in_;
  Fd out_;
  Fd err_;
  Fiber* waiter_ = nullptr;
  bool something_happened_ = true;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_CHILD_H_
