// What the scheduler and a Domain know of a domain. Internal to runtime/fiber.
#ifndef EDGE_RUNTIME_FIBER_DOMAIN_STATE_H_
#define EDGE_RUNTIME_FIBER_DOMAIN_STATE_H_

#include <string>
#include <string_view>

#include "runtime/fiber/domain.h"
#include "runtime/fiber/fiber.h"
#include "runtime/fiber/wait_list.h"

namespace edge {

struct Domain::State {
  State(Scheduler& s, std::string_view n) : scheduler(s), name(n), waiters(s) {}

  Scheduler& scheduler;
  const std::string name;
  bool crashed = false;
  bool paused = false;
  RunList held;  // runnable members while paused
  DomainList members;
  WaitList waiters;  // fibers in Wait
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_DOMAIN_STATE_H_
