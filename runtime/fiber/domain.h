// Domain: what crashes together: one incarnation of one node.
//
// Fibers belong to the domain of their spawner, unless SpawnIn names another. Crash marks the incarnation dead: every wait of its fibers
// ends with CrashedStatus, now and from then on; they are made runnable in the order of their causal keys and run to their ends, so that
// their frames, locks and native handles are released in order and nothing is destroyed while suspended. What the fibers do on the way out
// has no effect because every seam of a dead incarnation refuses (design: "Crash, one rule"). A restart is a new Domain.
#ifndef EDGE_RUNTIME_FIBER_DOMAIN_H_
#define EDGE_RUNTIME_FIBER_DOMAIN_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/fiber/scheduler.h"

namespace edge {

class Domain {
 public:
  // `name` is for reports.
  Domain(Scheduler& scheduler, std::string_view name);
  ~Domain();  // REQUIRES: no member is alive
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  // See above. Callable from anywhere, from a member too: it goes on running, and its next wait fails. Idempotent.
  void Crash();
  bool crashed() const;
  // Its fibers do not run until Resume, as if the machine had taken the processor away: what wakes them, and deadlines that pass meanwhile,
  // take effect afterwards. A crash resumes. Idempotent; not for its own members.
  void Pause();
  void Resume();
  bool paused() const;
  const std::string& name() const;
  size_t size() const;
  // Waits until no member is alive. REQUIRES: the caller is not a member. kDeadlineExceeded, kCancelled, kAborted. MAY SUSPEND.
  absl::Status Wait(Instant deadline = Instant::Infinite());

 private:
  friend class Scheduler;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_DOMAIN_H_
