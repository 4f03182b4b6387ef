// OsProcess: this process and its children.
//
// A child runs in a process group of its own, so that a deadline or a cancellation kills it with everything it started. It is waited for
// through a pidfd in the epoll loop; its output is read while it runs.
#ifndef EDGE_RUNTIME_OS_PROCESS_H_
#define EDGE_RUNTIME_OS_PROCESS_H_

#include "runtime/fiber/scheduler.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/seam/process.h"

namespace edge {

class OsProcess final : public Process {
 public:
  OsProcess(EpollLoop& loop, Scheduler& scheduler);

  const ProcessIdentity& Self() const override { return self_; }
  // Besides the seam's errors: kInvalidArgument (no arguments, no such working directory), kPermissionDenied (not executable),
  // kResourceExhausted (output, processes or descriptors). A child still running when the fiber stops waiting is killed.
  absl::StatusOr<ChildResult> Spawn(const ChildOptions& options, Instant deadline) override;
  void Exit(int code) override;
  std::optional<std::string> Environment(std::string_view name) const override;

 private:
  EpollLoop& loop_;
  Scheduler& scheduler_;
  const ProcessIdentity self_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_PROCESS_H_
